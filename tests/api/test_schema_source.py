"""References in a schema are followed, and end."""

from __future__ import annotations

import pytest

from codex_magic.api.items import Json
from codex_magic.api.strict import strict_schema

from .strictness import INTEGER, NODE, TEXT, an_object, violations


def test_a_recursive_reference_with_a_description_ends() -> None:
    """The described node has a definition of its own, which refers to itself."""
    found = strict_schema(NODE)

    assert () == found.problems
    assert [] == violations(found.schema)
    assert "object" == found.schema["type"]
    assert "The one after it." == next(
        part["description"] for part in found.schema["$defs"].values() if "description" in part
    )
    assert {"value": 1, "next": {"value": 2}} == found.restore(
        {"value": 1, "next": {"value": 2, "next": None}}
    )


def test_a_described_reference_is_put_in_place() -> None:
    """A definition that refers to nothing is copied to where it is described."""
    schema = {
        **an_object(a={"$ref": "#/$defs/Color", "description": "Of the car.", "default": "red"}),
        "$defs": {"Color": {"enum": ["red", "blue"], "title": "Color", "description": "A color."}},
    }

    found = strict_schema(schema)

    assert {
        **an_object(a={"type": "string", "enum": ["red", "blue"], "description": "Of the car."}),
        "additionalProperties": False,
    } == found.schema


def test_described_references_do_not_grow_without_end() -> None:
    """Twenty levels of two described references each are no million of schemas."""
    parts: Json = {
        f"L{level}": an_object(
            left={"$ref": f"#/$defs/L{level + 1}", "description": "Left."},
            right={"$ref": f"#/$defs/L{level + 1}", "description": "Right."},
        )
        for level in range(20)
    }
    schema = {"$defs": {**parts, "L20": an_object(leaf=TEXT)}, "$ref": "#/$defs/L0"}

    found = strict_schema(schema)

    assert ("#: it has 21 levels of objects; at most 10 are allowed",) == found.problems


@pytest.mark.parametrize("keyword", ["$defs", "definitions"])
def test_definitions_are_made_strict_too(keyword: str) -> None:
    """Both names of their table are known, and what nobody refers to is left out."""
    schema = {
        **an_object(a={"$ref": f"#/{keyword}/It%20em"}, b={"$ref": f"#/{keyword}/Alias"}),
        keyword: {
            "It em": an_object([], x={**INTEGER, "default": 1}),
            "Alias": {"$ref": f"#/{keyword}/It em"},
            "Unused": {},
        },
    }

    found = strict_schema(schema)

    assert () == found.problems
    assert [] == violations(found.schema)
    assert {"x"} == {name for part in found.schema["$defs"].values() for name in part["properties"]}


def test_a_reference_may_lead_anywhere() -> None:
    """To the root, and to a part of it that has no name."""
    schema = an_object(["a"], a=TEXT, b={"$ref": "#/properties/a"}, c={"$ref": "#"})

    found = strict_schema(schema)

    assert () == found.problems
    assert [] == violations(found.schema)
    assert {"a": "x", "c": {"a": "y"}} == found.restore(
        {"a": "x", "b": None, "c": {"a": "y", "b": None, "c": None}}
    )


def test_a_reference_into_a_list_is_followed() -> None:
    """A JSON Pointer counts the members of a list."""
    schema = an_object(a={"anyOf": [INTEGER, TEXT]}, b={"$ref": "#/properties/a/anyOf/1"})

    found = strict_schema(schema)

    assert () == found.problems
    assert [TEXT] == [*found.schema["$defs"].values()]
