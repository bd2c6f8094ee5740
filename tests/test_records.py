"""Tests of records: what the standard dataclass gives, written when it is first used."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, cast

import pytest

import codex_magic.records
from codex_magic.api.items import InputMessage, InputText, Response
from codex_magic.api.output_items import ResponseOutputMessage
from codex_magic.records import dataclass

# What needs a package that is not always there, or runs as a program.
_PROGRAMS = ("__main__", "child", "widget", "keys")


def _records() -> list[type]:
    found = {}
    for module in walk_packages(codex_magic.__path__, "codex_magic."):
        if module.name.rpartition(".")[2] in _PROGRAMS:
            continue
        for value in vars(import_module(module.name)).values():
            if isinstance(value, type) and "__dataclass_fields__" in vars(value):
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return [found[name] for name in sorted(found) if name.startswith("codex_magic.")]


RECORDS = _records()


def _standard(cls: Any) -> Any:
    """Return the class that the standard decorator makes of the same fields."""
    fields = [(field.name, field.type, copy.copy(field)) for field in dataclasses.fields(cls)]
    return dataclasses.make_dataclass(cls.__name__, fields, frozen=True)


def test_the_package_has_many() -> None:
    assert len(RECORDS) > 200


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}")
def test_takes_what_the_standard_one_does(cls: Any) -> None:
    standard = _standard(cls)
    assert str(inspect.signature(standard)) == str(inspect.signature(cls))
    assert standard.__match_args__ == cls.__match_args__


@pytest.mark.parametrize(
    "cls",
    [cls for cls in RECORDS if not hasattr(cls, "__post_init__")],
    ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}",
)
def test_holds_and_shows_what_the_standard_one_does(cls: Any) -> None:
    parameters = inspect.signature(cls).parameters.values()
    given = {one.name: one.name for one in parameters if one.default is one.empty}
    ours, theirs = cls(**given), _standard(cls)(**given)
    made = {one.name for one in dataclasses.fields(cls) if callable(one.default_factory)}
    for field in dataclasses.fields(cls):
        held, expected = getattr(ours, field.name), getattr(theirs, field.name)
        # What is made for each instance may have no equal.
        assert held == expected or (field.name in made and type(held) is type(expected))
    if not made:
        assert cls(**given) == ours
        assert _own_repr(cls) or repr(theirs) == repr(ours).removeprefix(_outer(cls))


def _own_repr(cls: Any) -> bool:
    return bool(cls.__repr__.__module__ != codex_magic.records.__name__)


def _outer(cls: Any) -> str:
    return str(cls.__qualname__).removesuffix(cls.__name__)


@pytest.mark.parametrize("cls", [InputText, Response, ResponseOutputMessage])
def test_nothing_of_it_can_be_set(cls: Any) -> None:
    required = [
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    one = cls(**dict.fromkeys(required, "x"))
    for field in dataclasses.fields(cls):
        with pytest.raises(dataclasses.FrozenInstanceError, match=field.name):
            setattr(one, field.name, "y")
        with pytest.raises(dataclasses.FrozenInstanceError, match=field.name):
            delattr(one, field.name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.brand_new = 1


def test_is_a_dataclass_to_whoever_looks() -> None:
    message = InputMessage("user", "Hi")
    assert dataclasses.is_dataclass(message)
    assert "Hello" == dataclasses.replace(message, content="Hello").content
    assert "Hi" == dataclasses.asdict(message)["content"]
    match message:
        case InputMessage(role, content):
            assert ("user", "Hi") == (role, content)


def test_compares_shows_and_hashes_its_fields() -> None:
    one, same, other = InputText("a"), InputText("a"), InputText("b")
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != cast(object, ("a", "input_text"))
    assert 2 == len({one, same, other})
    assert "InputText(text='a', type='input_text')" == repr(one)


def test_what_is_left_out_of_comparisons_and_reprs_is() -> None:
    parsed = InputText("a", raw={"text": "a", "new": 1})
    assert InputText("a") == parsed
    assert "raw" not in repr(parsed)


def test_is_copied_and_pickled_whole() -> None:
    message = InputMessage("user", [InputText("a", raw={"text": "a"})])
    for again in (copy.copy(message), copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert message == again
        assert cast(Any, again.content[0]).raw == {"text": "a"}


def test_a_class_that_holds_itself_is_shown() -> None:
    holder: list[Any] = []
    message = InputMessage("user", holder)
    holder.append(message)
    assert "InputMessage(role='user', content=[...], type='message')" == repr(message)


def test_one_that_may_change_has_no_hash() -> None:
    @dataclass(slots=True)
    class Counter:
        """Counts."""

        count: int = 0

    counter = Counter()
    counter.count += 1
    assert Counter(1) == counter
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


def test_what_a_class_says_itself_stays() -> None:
    @dataclass(frozen=True, slots=True)
    class Quiet:
        """Shows nothing."""

        secret: str

        def __repr__(self) -> str:
            return "Quiet()"

    assert "Quiet()" == repr(Quiet("s"))


def test_loading_writes_nothing_that_is_not_used() -> None:
    @dataclass(frozen=True, slots=True)
    class Idle:
        """Is never made."""

        name: str

    assert "_Init" == type(vars(Idle)["__init__"]).__name__
    Idle("a")
    assert inspect.isfunction(vars(Idle)["__init__"])
