"""What is too large for strict mode is named."""

from __future__ import annotations

import pytest

from codex_magic.api.items import Json
from codex_magic.api.strict import strict_schema

from .strictness import INTEGER, NODE, TEXT, an_object


def nested(levels: int) -> Json:
    """Return objects in objects."""
    schema: Json = an_object(leaf=TEXT)
    for _ in range(levels - 1):
        schema = an_object(inner=schema)
    return schema


def enum_of(count: int, length: int) -> Json:
    """Return an enum of so many strings of this length."""
    return {"type": "string", "enum": [f"{number:0{length}d}" for number in range(count)]}


LIMITS: dict[str, tuple[Json, Json, str]] = {
    "properties": (
        an_object(**{f"p{number}": INTEGER for number in range(5_000)}),
        an_object(**{f"p{number}": INTEGER for number in range(5_001)}),
        "#: it has 5,001 properties; at most 5,000 are allowed",
    ),
    "levels": (
        nested(10),
        nested(11),
        "#: it has 11 levels of objects; at most 10 are allowed",
    ),
    "enum values": (
        an_object(a=enum_of(500, 3), b=enum_of(500, 3)),
        an_object(a=enum_of(500, 3), b=enum_of(501, 3)),
        "#: it has 1,001 enum values; at most 1,000 are allowed",
    ),
    "a long enum": (
        an_object(a=enum_of(250, 100)),
        an_object(a=enum_of(251, 100)),
        "#/properties/a: its 251 enum values have 25,100 characters; at most 15,000 are allowed",
    ),
    "characters": (
        an_object(**{"p" * 119_999: {"const": "c"}}),
        an_object(**{"p" * 119_999: {"const": "cc"}}),
        "#: it has 120,001 characters in names and values; at most 120,000 are allowed",
    ),
}


@pytest.mark.parametrize(("most", "more", "problem"), LIMITS.values(), ids=LIMITS)
def test_a_limit_is_named(most: Json, more: Json, problem: str) -> None:
    """As much as is allowed is strict; one more is not, and is told."""
    assert strict_schema(most).strict
    assert (problem,) == strict_schema(more).problems
    assert more == strict_schema(more).schema


def test_a_definition_counts_where_it_is_used() -> None:
    """Levels are counted through references; a loop counts once."""
    chain = {f"L{n}": an_object(next={"$ref": f"#/$defs/L{n + 1}"}) for n in range(10)}

    found = strict_schema({"$defs": {**chain, "L10": an_object(a=TEXT)}, "$ref": "#/$defs/L0"})

    assert ("#: it has 11 levels of objects; at most 10 are allowed",) == found.problems
    assert strict_schema(NODE).strict
