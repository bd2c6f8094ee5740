"""
How large a schema may be that a service enforces.

Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .items import Json

MAX_PROPERTIES = 5_000
MAX_LEVELS = 10
MAX_ENUM_VALUES = 1_000
MAX_CHARACTERS = 120_000
# Of one enum of strings, once it is longer than so many values.
LONG_ENUM = 250
MAX_ENUM_CHARACTERS = 15_000


def exceeded_limits(schema: Json) -> tuple[str, ...]:
    """
    Return what is too large in a strict schema; each names a path.

    >>> exceeded_limits({"type": "string", "enum": [str(n) for n in range(1_001)]})
    ('#: it has 1,001 enum values; at most 1,000 are allowed',)
    """
    parts = [*_parts(schema, "#")]
    properties = sum(len(part.get("properties", ())) for _, part in parts)
    values = sum(len(part.get("enum", ())) for _, part in parts)
    counts = (
        (properties, MAX_PROPERTIES, "properties"),
        (values, MAX_ENUM_VALUES, "enum values"),
        (
            sum(_characters(part) for _, part in parts),
            MAX_CHARACTERS,
            "characters in names and values",
        ),
        (_Levels(schema).below(schema), MAX_LEVELS, "levels of objects"),
    )
    totals = [
        f"#: it has {found:,} {what}; at most {most:,} are allowed"
        for found, most, what in counts
        if found > most
    ]
    long = [f"{path}: {told}" for path, part in parts if (told := _long_enum(part))]
    return (*totals, *long)


def _parts(schema: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Yield every schema in a strict one, with its path."""
    yield path, schema
    for name, inner in _inner(schema):
        yield from _parts(inner, f"{path}/{name}")


def _inner(schema: Json) -> Iterator[tuple[str, Json]]:
    for keyword in ("properties", "$defs"):
        for name, inner in schema.get(keyword, {}).items():
            yield f"{keyword}/{name}", inner
    if "items" in schema:
        yield "items", schema["items"]
    for index, branch in enumerate(schema.get("anyOf", ())):
        yield f"anyOf/{index}", branch


def _characters(part: Json) -> int:
    names = [*part.get("properties", ()), *part.get("$defs", ())]
    values = [*part.get("enum", ()), *([part["const"]] if "const" in part else [])]
    return sum(len(str(text)) for text in (*names, *values))


def _long_enum(part: Json) -> str | None:
    values = [value for value in part.get("enum", ()) if isinstance(value, str)]
    length = sum(len(value) for value in values)
    if len(values) <= LONG_ENUM or length <= MAX_ENUM_CHARACTERS:
        return None
    return (
        f"its {len(values):,} enum values have {length:,} characters; "
        f"at most {MAX_ENUM_CHARACTERS:,} are allowed"
    )


class _Levels:
    """How deep objects lie in objects; a definition counts where it is used, a loop once."""

    def __init__(self, schema: Json) -> None:
        self._definitions: Mapping[str, Json] = schema.get("$defs", {})
        self._known: dict[str, int] = {}

    def below(self, schema: Json) -> int:
        """Return the number of levels of a schema."""
        ref: Any = schema.get("$ref")
        if ref is not None:
            return self._of_definition(ref.removeprefix("#/$defs/"))
        inner = [part for path, part in _inner(schema) if not path.startswith("$defs/")]
        deepest = max((self.below(part) for part in inner), default=0)
        return deepest + ("properties" in schema)

    def _of_definition(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = 0
            self._known[name] = self.below(self._definitions[name])
        return self._known[name]
