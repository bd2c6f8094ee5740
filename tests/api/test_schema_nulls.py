"""A null for what is absent goes away again; one that is meant stays."""

from __future__ import annotations

from typing import Any

import pytest

from codex_magic.api.items import Json
from codex_magic.api.strict import strict_schema

from .strictness import INTEGER, TEXT, an_object

CAT = an_object(["kind"], kind={"const": "cat"}, lives={**INTEGER, "default": 9})
DOG = an_object(["kind"], kind={"const": "dog"}, lives={"type": ["integer", "null"]}, name=TEXT)

NULLS: dict[str, tuple[Json, Any, Any]] = {
    "absent": (an_object([], a=TEXT), {"a": None}, {}),
    "there": (an_object([], a=TEXT), {"a": "x"}, {"a": "x"}),
    "null by right": (an_object([], a={"type": ["string", "null"]}), {"a": None}, {"a": None}),
    "null in an enum": (an_object([], a={"enum": ["x", None]}), {"a": None}, {"a": None}),
    "left out": (an_object([], a=TEXT, b=an_object([], c=TEXT)), {"b": {"c": None}}, {"b": {}}),
    "in a list": (
        an_object(a={"type": "array", "items": an_object([], b=INTEGER)}),
        {"a": [{"b": None}, {"b": 1}]},
        {"a": [{}, {"b": 1}]},
    ),
    "in the first branch": (
        an_object(pet={"oneOf": [CAT, DOG]}),
        {"pet": {"kind": "cat", "lives": None}},
        {"pet": {"kind": "cat"}},
    ),
    "in the second branch": (
        an_object(pet={"oneOf": [CAT, DOG]}),
        {"pet": {"kind": "dog", "lives": None, "name": None}},
        {"pet": {"kind": "dog", "lives": None}},
    ),
    "in a branch of lists": (
        an_object(a={"anyOf": [{"type": "array", "items": TEXT}, {"type": "array", "items": CAT}]}),
        {"a": [{"kind": "cat", "lives": None}]},
        {"a": [{"kind": "cat"}]},
    ),
    "in no branch": (
        an_object(pet={"oneOf": [CAT, DOG]}),
        {"pet": {"kind": "cow", "lives": None}},
        {"pet": {"kind": "cow", "lives": None}},
    ),
    "told apart by an enum": (
        an_object(
            pet={
                "anyOf": [
                    an_object(["kind"], kind={"enum": ["a", "b"]}, x={"type": ["null", "string"]}),
                    an_object(["kind"], kind={"enum": ["c"]}, x=TEXT),
                ]
            }
        ),
        {"pet": {"kind": "c", "x": None}},
        {"pet": {"kind": "c"}},
    ),
    "an optional enum without null": (
        an_object([], a={"type": ["string", "null"], "enum": ["x"]}),
        {"a": None},
        {},
    ),
    "an unknown key": (an_object([], a=TEXT), {"a": None, "z": None}, {"z": None}),
}


@pytest.mark.parametrize(("schema", "answer", "value"), NULLS.values(), ids=NULLS)
def test_a_null_for_what_is_absent_is_left_out(schema: Json, answer: Any, value: Any) -> None:
    """Exactly the nulls that strictness asked for go away."""
    found = strict_schema(schema)

    assert value == found.restore(answer)
    assert () == found.problems


@pytest.mark.parametrize("answer", [[1], {}, {"value": [1], "more": 2}, None])
def test_an_answer_without_its_wrapper_counts_leniently(answer: Any) -> None:
    """A service that enforces nothing has not seen the wrapper."""
    found = strict_schema({"type": "array", "items": INTEGER})

    assert answer == found.restore(answer, lenient=True)
    with pytest.raises(ValueError, match="'value'"):
        found.restore(answer)
