"""``help(codex_magic)`` is worth reading: every public name says what it is."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from typing import Any

import pytest

import codex_magic

# Unions of types, and a text: they have no docstring of their own, so the package's names them.
PLAIN = [
    name
    for name in codex_magic.__all__
    if isinstance(getattr(codex_magic, name), types.UnionType | str)
]
DOCUMENTED = [name for name in codex_magic.__all__ if name not in PLAIN]


def functions(name: str) -> Iterator[tuple[str, Any]]:
    """Yield what can be called of a public name, with its own public methods."""
    found = getattr(codex_magic, name)
    if inspect.isfunction(found):
        yield name, found
    if inspect.isclass(found):
        for method, value in vars(found).items():
            plain = getattr(value, "fget", None) or getattr(value, "__func__", value)
            if not method.startswith("_") and inspect.isfunction(plain):
                yield f"{name}.{method}", plain


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_public_name_says_what_it_is(name: str) -> None:
    """Its first line is a sentence, and not the one that a dataclass makes of its fields."""
    found = getattr(codex_magic, name)
    own = vars(found).get("__doc__") if inspect.isclass(found) else found.__doc__

    assert own, name
    assert own.strip().splitlines()[0].endswith((".", ":")), name
    assert not own.startswith(f"{name}(")


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_public_call_says_what_it_takes(name: str) -> None:
    """Where there is more than a parameter or two, each is explained."""
    for full_name, function in functions(name):
        taken = [
            each for each in inspect.signature(function).parameters if each not in ("self", "cls")
        ]
        text = inspect.getdoc(function)
        assert text, full_name
        if len(taken) > 2:
            assert "Args:" in text, full_name
        if "Args:" in text and not full_name.startswith(("ask", "aask")):
            explained = set(re.findall(r"^    \*{0,2}(\w+)(?:, \w+)*:", text, re.MULTILINE))
            assert set(taken) <= explained | {"options", "kwargs"}, full_name


@pytest.mark.parametrize("name", PLAIN)
def test_the_package_names_what_cannot_speak_for_itself(name: str) -> None:
    """A union of types is explained where the package is."""
    assert (
        name == "__version__"
        or f"``{name}``" in (codex_magic.__doc__ or "")
        or (f"\n{name}\n" in (codex_magic.__doc__ or ""))
    )
