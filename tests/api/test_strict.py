"""JSON Schema becomes strict, or says by path why it cannot."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from codex_magic.api.items import Json
from codex_magic.api.strict import strict_schema

from .strictness import INTEGER, NODE, TEXT, an_object, check, fits, violations


def one(schema: Any) -> Json:
    """Return the strict form of ``schema`` as a required property."""
    found = strict_schema(an_object(one=schema))
    assert () == found.problems
    assert [] == violations(found.schema)
    form: Json = found.schema["properties"]["one"]
    return form


STRICT: dict[str, tuple[Json, Json]] = {
    "a title and a default": ({**INTEGER, "title": "A", "default": 5}, INTEGER),
    "notes that nobody knows": (
        {**TEXT, "x-order": 1, "examples": ["a"], "deprecated": True},
        TEXT,
    ),
    "a description": ({**TEXT, "description": "A."}, {**TEXT, "description": "A."}),
    "oneOf": ({"oneOf": [INTEGER, TEXT]}, {"anyOf": [INTEGER, TEXT]}),
    "one allOf": ({"allOf": [TEXT], "description": "A."}, {**TEXT, "description": "A."}),
    "nullable": ({**TEXT, "nullable": True}, {"anyOf": [TEXT, {"type": "null"}]}),
    "a nullable union": (
        {"anyOf": [TEXT, INTEGER], "nullable": True, "description": "A."},
        {"anyOf": [TEXT, INTEGER, {"type": "null"}], "description": "A."},
    ),
    "a part that says nothing": ({"allOf": [True, TEXT]}, TEXT),
    "two types": ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
    "an enum without a type": (
        {"enum": ["a", 1, None]},
        {"type": ["string", "integer", "null"], "enum": ["a", 1, None]},
    ),
    "a const": ({"const": True}, {"type": "boolean", "const": True}),
    "numbers": (
        {**INTEGER, "minimum": 1, "multipleOf": 2},
        {**INTEGER, "minimum": 1, "multipleOf": 2},
    ),
    "a length": (
        {**TEXT, "minLength": 2, "maxLength": 4, "description": "Short."},
        {**TEXT, "description": "Short. (minLength: 2, maxLength: 4)"},
    ),
    "a known format": ({**TEXT, "format": "date"}, {**TEXT, "format": "date"}),
    "an unknown format": (
        {**TEXT, "format": "uri"},
        {**TEXT, "description": '(format: "uri")'},
    ),
    "a pattern": ({**TEXT, "pattern": "^(?:a|b)+$"}, {**TEXT, "pattern": "^(?:a|b)+$"}),
    "a pattern that looks ahead": (
        {**TEXT, "pattern": "^(?!x)"},
        {**TEXT, "description": '(pattern: "^(?!x)")'},
    ),
    "a draft 4 bound": (
        {**INTEGER, "minimum": 1, "exclusiveMinimum": True},
        {**INTEGER, "minimum": 1, "description": "(exclusiveMinimum: true)"},
    ),
    "an array": (
        {"type": "array", "items": {**INTEGER, "title": "I"}, "minItems": 1, "uniqueItems": True},
        {"type": "array", "items": INTEGER, "minItems": 1, "description": "(uniqueItems: true)"},
    ),
    "a tuple of one type": (
        {"type": "array", "prefixItems": [INTEGER, INTEGER], "minItems": 2, "maxItems": 2},
        {"type": "array", "items": INTEGER, "minItems": 2, "maxItems": 2},
    ),
    "a closed tuple": (
        {"type": "array", "prefixItems": [INTEGER, INTEGER], "items": False, "minItems": 2},
        {"type": "array", "items": INTEGER, "minItems": 2, "maxItems": 2},
    ),
    "an object without a type": (
        {"properties": {"a": TEXT}, "required": ["a"]},
        {**an_object(a=TEXT), "additionalProperties": False},
    ),
    "an empty object": (
        {"type": "object", "properties": {}},
        {**an_object(), "additionalProperties": False},
    ),
    "an optional property": (
        an_object([], a={**TEXT, "description": "A."}),
        {
            **an_object(a={"anyOf": [TEXT, {"type": "null"}], "description": "A."}),
            "additionalProperties": False,
        },
    ),
    "an optional union": (
        an_object([], a={"anyOf": [TEXT, INTEGER]}),
        {
            **an_object(a={"anyOf": [TEXT, INTEGER, {"type": "null"}]}),
            "additionalProperties": False,
        },
    ),
    "an optional property that may be null": (
        an_object([], a={"type": ["string", "null"], "default": None}),
        {**an_object(a={"type": ["string", "null"]}), "additionalProperties": False},
    ),
    "a property called like a keyword": (
        an_object(title=TEXT, default=TEXT, oneOf=TEXT, **{"$ref": TEXT, "not": TEXT}),
        {
            **an_object(title=TEXT, default=TEXT, oneOf=TEXT, **{"$ref": TEXT, "not": TEXT}),
            "additionalProperties": False,
        },
    ),
    "objects in parts": (
        {"allOf": [an_object(a=TEXT), an_object(b=INTEGER)], "description": "Both."},
        {**an_object(a=TEXT, b=INTEGER), "additionalProperties": False, "description": "Both."},
    ),
    "a union beside a type": (
        {"type": "string", "oneOf": [{"const": "a", "description": "A."}, {"const": "b"}]},
        {
            "anyOf": [
                {"type": "string", "const": "a", "description": "A."},
                {"type": "string", "const": "b"},
            ]
        },
    ),
}


@pytest.mark.parametrize(("given", "sent"), STRICT.values(), ids=STRICT)
def test_a_schema_becomes_strict(given: Json, sent: Json) -> None:
    """Each construct has the form that strict mode knows."""
    assert sent == one(given)


PROBLEMS: dict[str, tuple[Any, str]] = {
    "anything": ({}, "it allows any value"),
    "true": (True, "it allows any value"),
    "false": (False, "it allows no value"),
    "only a title": ({"title": "A"}, "it allows any value"),
    "a type that is none": ({"type": "any"}, "there is no type 'any'"),
    "open keys": (
        {**an_object(a=TEXT), "additionalProperties": True},
        "it allows keys that it does not name (additionalProperties)",
    ),
    "a dict": (
        {"type": "object", "additionalProperties": INTEGER},
        "it allows keys that it does not name (additionalProperties)",
    ),
    "an object of anything": (
        {"type": "object"},
        "it allows keys that it does not name (additionalProperties)",
    ),
    "keys by pattern": (
        {"type": "object", "patternProperties": {"^x": TEXT}},
        "strict mode does not know 'patternProperties'",
    ),
    "not": ({**TEXT, "not": {"const": "a"}}, "strict mode does not know 'not'"),
    "if": ({**TEXT, "if": {}, "then": {}}, "strict mode does not know 'if'"),
    "dependentRequired": (
        {**an_object(a=TEXT), "dependentRequired": {"a": ["b"]}},
        "strict mode does not know 'dependentRequired'",
    ),
    "a tuple": (
        {"type": "array", "prefixItems": [INTEGER, TEXT], "maxItems": 2},
        "strict mode does not know 'prefixItems' (a tuple of several types)",
    ),
    "an open tuple": (
        {"type": "array", "prefixItems": [INTEGER, INTEGER]},
        "strict mode does not know 'prefixItems' (a tuple of several types)",
    ),
    "a draft 4 tuple": (
        {"type": "array", "items": [INTEGER, TEXT]},
        "strict mode does not know a list of items, each with its own type",
    ),
    "two unions": ({"anyOf": [TEXT], "oneOf": [TEXT]}, "it has anyOf and oneOf"),
    "no branches": ({"anyOf": []}, "its anyOf is empty"),
    "parts that differ": (
        {"allOf": [TEXT, INTEGER]},
        "its parts (allOf, or beside a $ref) differ in 'type'",
    ),
    "parts that differ in a property": (
        {"allOf": [an_object(a=TEXT), an_object(a=INTEGER)]},
        "its parts (allOf, or beside a $ref) differ in the property 'a'",
    ),
    "parts that exclude each other": (
        {"allOf": [{**an_object(a=TEXT), "additionalProperties": False}, an_object(b=TEXT)]},
        "its parts (allOf, or beside a $ref) forbid each other's properties",
    ),
    "a $ref to elsewhere": (
        {"$ref": "https://example.org/a.json"},
        "its $ref 'https://example.org/a.json' leads out of this schema",
    ),
    "a $ref to nothing": ({"$ref": "#/$defs/A"}, "its $ref '#/$defs/A' leads nowhere"),
    "a part that allows nothing": ({"allOf": [False, TEXT]}, "it allows no value"),
    "described $refs to each other": (
        {"$ref": "#/properties/one", "description": "A."},
        "its $ref '#/properties/one' leads back to itself",
    ),
    "a $ref to itself": (
        {"$ref": "#/properties/one"},
        "its $ref '#/properties/one' leads back to itself",
    ),
    "values that are objects": ({"enum": [{"a": 1}]}, "it lists objects or arrays as values"),
    "a required property that is none": (
        an_object(["a", "b"], a=TEXT),
        "it requires 'b', which it does not describe",
    ),
}


@pytest.mark.parametrize(("schema", "reason"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_be_strict_is_named(schema: Any, reason: str) -> None:
    """The path and the reason are told, and the schema is sent as it is, not strict."""
    given = an_object(one=schema)

    found = strict_schema(given)

    assert (f"#/properties/one: {reason}",) == found.problems
    assert not found.strict
    assert given == found.schema


def test_every_problem_is_named() -> None:
    """One does not hide another, and a path is a JSON Pointer."""
    deep = {"type": "array", "items": {"anyOf": [TEXT, {}]}}

    found = strict_schema(
        {**an_object(**{"a/b~c": deep, "d": {"not": {}}}), "additionalProperties": {}}
    )

    assert (
        "#/properties/a~1b~0c/items/anyOf/1: it allows any value",
        "#/properties/d: strict mode does not know 'not'",
        "#: it allows keys that it does not name (additionalProperties)",
    ) == found.problems


@pytest.mark.parametrize("schema", [given for given, _ in STRICT.values()] + [NODE])
def test_what_was_given_stays_as_it_was(schema: Json) -> None:
    """Making it strict, and changing the strict one, leaves the caller's schema alone."""
    given = an_object(one=schema) if schema is not NODE else schema
    before = copy.deepcopy(given)

    found = strict_schema(given)
    found.schema["properties"].clear()

    assert before == given


ROOTS: dict[str, Json] = {
    "an array": {"type": "array", "items": INTEGER},
    "a union": {"anyOf": [an_object(a=TEXT), an_object(b=TEXT)]},
    "an enum": {"enum": ["a", "b"]},
    "an object or null": {**an_object(a=TEXT), "type": ["object", "null"]},
    "a nullable object": {**an_object(a=TEXT), "nullable": True},
    "a reference": {"$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": INTEGER}}},
    "a union beside an object": {**an_object(a=TEXT), "anyOf": [{"required": ["a"]}]},
}


@pytest.mark.parametrize("root", ROOTS.values(), ids=ROOTS)
def test_a_root_that_is_no_object_is_wrapped(root: Json) -> None:
    """The service sees an object with the one property ``value``."""
    found = strict_schema(root)

    assert found.wrapped
    assert "object" == found.schema["type"]
    assert ["value"] == [*found.schema["properties"]] == found.schema["required"]
    assert [1] == found.restore({"value": [1]})


@pytest.mark.parametrize(
    "root", [NODE, {"allOf": [an_object(a=TEXT)]}, {"properties": {"a": TEXT}}], ids=str
)
def test_a_root_that_is_an_object_is_not_wrapped(root: Json) -> None:
    """Also where only a reference, its parts or its properties say that it is one."""
    found = strict_schema(root)

    assert not found.wrapped
    assert [] == violations(found.schema)


def test_references_survive_the_wrapping_of_what_is_not_strict() -> None:
    """The schema that is sent as it is accepts what the given one does, one level deeper."""
    tree = {
        "type": "array",
        "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/Leaf"}, {"$ref": "#/$defs/Pair"}]},
        "$defs": {
            "Leaf": {"type": "integer"},
            "Pair": {
                "type": "array",
                "prefixItems": [INTEGER, TEXT],
                "items": False,
                "minItems": 2,
            },
        },
    }

    found = strict_schema(tree)

    assert not found.strict
    assert found.wrapped
    check(found.schema)
    assert fits({"value": [1, [2, [3]], [4, "x"]]}, found.schema)
    assert not fits({"value": [1, ["x"]]}, found.schema)


def test_a_root_reference_is_an_object_also_where_it_is_not_strict() -> None:
    """No service takes a root without the type object."""
    schema = {
        "$defs": {"A": {"properties": {"a": {}, "more": {"$ref": "#/$defs/A"}}}},
        "$ref": "#/$defs/A",
    }

    found = strict_schema(schema)

    assert not found.strict
    assert "object" == found.schema["type"]
    assert fits({"a": 1, "more": {"a": {}}}, found.schema)


def test_a_schema_that_is_too_deep_for_python_is_refused() -> None:
    """Hundreds of levels are no RecursionError."""
    schema: Json = TEXT
    for _ in range(300):
        schema = {"type": "array", "items": schema}

    with pytest.raises(ValueError, match="nested too deeply"):
        strict_schema(schema)


def test_an_unresolvable_root_is_named() -> None:
    """An object stays one, and what is wrong with its parts is told."""
    parts = {"type": "object", "allOf": [an_object(a=TEXT), an_object(a=INTEGER)]}

    assert ("#: its parts (allOf, or beside a $ref) differ in the property 'a'",) == strict_schema(
        parts
    ).problems
    assert parts == strict_schema(parts).schema
    assert ("#: its $ref '#/x' leads nowhere",) == strict_schema({"$ref": "#/x"}).problems


def test_a_schema_that_holds_itself_is_refused() -> None:
    """It is no JSON, and says so."""
    schema: Json = {"type": "array"}
    schema["items"] = schema

    with pytest.raises(ValueError, match="Circular"):
        strict_schema(schema)


def test_a_strict_schema_is_strict_already() -> None:
    """Making it strict twice changes nothing."""
    once = strict_schema(NODE).schema

    again = strict_schema(json.loads(json.dumps(once)))

    assert again.strict
    assert once["properties"].keys() == again.schema["properties"].keys()
    assert [] == violations(again.schema)
