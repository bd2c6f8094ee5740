"""JSON objects of the API as typed views that lose nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields
from functools import cache
from typing import Any, TypeVar

from ..records import dataclass

Json = dict[str, Any]
_T = TypeVar("_T")


def to_json(value: Any) -> Any:
    """
    Return ``value`` as plain JSON: typed views become the JSON they are a view of.

    >>> from codex_magic.api.items import InputText
    >>> to_json([InputText("Hi"), {"role": "user"}])
    [{'text': 'Hi', 'type': 'input_text'}, {'role': 'user'}]
    """
    if isinstance(value, Wire):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): to_json(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [to_json(member) for member in value]
    return value


@dataclass(frozen=True, slots=True)
class Wire:
    """
    A typed view of a JSON object of the API.

    A view that was parsed keeps the JSON it came from, and gives back that very JSON, so that
    a field that this package does not know yet survives a round trip. A view that was made by
    hand gives its own fields, without those that are None.
    """

    raw: Json | None = field(default=None, kw_only=True, repr=False, compare=False)

    def to_dict(self) -> Json:
        """Return the JSON object as the API spells it."""
        if self.raw is not None:
            return dict(self.raw)
        cls: Any = type(self)
        own = ((name, getattr(self, name)) for name in field_names(cls))
        return {name: to_json(value) for name, value in own if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherItem(Wire):
    """
    An item that is no message of the model, no function call and no reasoning.

    Its views are in ``hosted_items``, ``caller_items`` and ``context_items``; they are loaded
    when the first of them comes, and are made by hand with keywords.
    """

    id: str | None = None
    type: str = ""


class JsonObject(dict[str, Any]):
    """
    A JSON object whose members are attributes too, as users of the official SDK know them.

    >>> JsonObject(reason="max_output_tokens").reason
    'max_output_tokens'
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@cache
def field_names(cls: Any) -> tuple[str, ...]:
    """Return the names of a dataclass's fields, without ``raw``."""
    return tuple(f.name for f in fields(cls) if f.name != "raw")


def view(cls: Callable[..., _T], data: Json, **parsed: Any) -> _T:
    """
    Return a ``cls`` that shows the fields of ``data`` that it has, and remembers all of them.

    Args:
        cls: A dataclass derived from ``Wire``.
        data: The JSON object.
        parsed: Fields that are not taken as they are.

    Raises:
        TypeError: ``data`` lacks a field that ``cls`` cannot do without.
    """
    known = {name: data[name] for name in field_names(cls) if name in data}
    return cls(**{**known, **parsed, "raw": data})


Parse = Callable[[Any], Any]


def one(cls: type[Any], **members: Parse) -> Parse:
    """
    Return the way from JSON to a ``cls`` whose ``members`` are views too.

    What is no object, or lacks a field that ``cls`` cannot do without, stays the JSON it is.
    """

    def parse(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        parsed = {name: member(value[name]) for name, member in members.items() if name in value}
        try:
            return view(cls, value, **parsed)
        except TypeError:
            return value

    return parse


def many(parse: Parse) -> Parse:
    """Return the way from a JSON array to a list, each member of which is parsed."""
    return lambda value: [parse(each) for each in value] if isinstance(value, list) else value


def by_type(table: Mapping[str, Parse]) -> Parse:
    """Return the way from JSON to the view that ``table`` has for its ``type``."""

    def parse(value: Any) -> Any:
        kind = value.get("type") if isinstance(value, dict) else None
        found = table.get(kind) if isinstance(kind, str) else None
        return found(value) if found else value

    return parse


def words(value: Any) -> str:
    """Return a text that a service sent; what is no text has no words."""
    return value if isinstance(value, str) else ""


def objects(value: Any) -> list[Json]:
    """
    Return the objects of a list that a service sent, and nothing else that it put there.

    >>> objects([{"a": 1}, None, "b"]), objects("c")
    ([{'a': 1}], [])
    """
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
