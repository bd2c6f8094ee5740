"""Every shape of type becomes a schema, and a value of it comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter

from codex_magic.api.schema import target_of

from .shapes import LOOSE, STRICT, Shelf
from .strictness import check, fits, violations


def written(wanted: Any, value: Any) -> Any:
    """Return the JSON of a value as a service writes it: all keys there, null for absent ones."""
    target = target_of(wanted)
    known = movable(wanted)
    plain = json.loads(TypeAdapter(known).dump_json(value, by_alias=True))
    answer = {"value": plain} if target.strictness.wrapped else plain
    schema = target.strictness.schema
    return (
        completed(answer, schema, schema.get("$defs", {})) if target.strictness.strict else answer
    )


def movable(wanted: Any) -> Any:
    """Return a type that Pydantic takes everywhere, for its JSON only."""
    return Any if "Movie" in repr(wanted) or wanted is Shelf else wanted


def completed(value: Any, schema: Any, definitions: Any) -> Any:
    """Return ``value`` with null for every property that is not there."""
    if "$ref" in schema:
        return completed(value, definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    for branch in schema.get("anyOf", ()):
        found = completed(value, branch, definitions)
        if fits(found, {**branch, "$defs": definitions}):
            return found
    if isinstance(value, dict) and "properties" in schema:
        return {
            name: completed(value.get(name), inner, definitions)
            for name, inner in schema["properties"].items()
        }
    if isinstance(value, list) and "items" in schema:
        return [completed(item, schema["items"], definitions) for item in value]
    return value


def named(shapes: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return a name for each shape."""
    return [f"{number}-{target_of(shape[0]).name}" for number, shape in enumerate(shapes)]


@pytest.mark.parametrize(("wanted", "value"), STRICT, ids=named(STRICT))
def test_a_type_is_strict(wanted: Any, value: Any) -> None:
    """Its schema is valid, strict mode takes it, and it describes the type's values."""
    target = target_of(wanted)

    assert () == target.problems
    assert target.warning is None
    assert [] == violations(target.format["schema"])
    check(target.format["schema"])
    assert fits(written(wanted, value), target.format["schema"])


@pytest.mark.parametrize(("wanted", "value"), STRICT, ids=named(STRICT))
def test_a_value_comes_back_from_what_a_service_writes(wanted: Any, value: Any) -> None:
    """Unwrapped, without the nulls for absent keys, of the type that was asked for."""
    found = target_of(wanted).parse(json.dumps(written(wanted, value)))

    assert value == found
    assert type(value) is type(found)


@pytest.mark.parametrize(("wanted", "value", "problem"), LOOSE, ids=named(LOOSE))
def test_a_type_that_cannot_be_strict_works_too(wanted: Any, value: Any, problem: str) -> None:
    """The first problem is named; schema and values fit each other all the same."""
    target = target_of(wanted)
    answer = written(wanted, value)

    assert problem == target.problems[0]
    assert target.warning is not None
    assert problem in target.warning
    assert target.format["strict"] is False
    assert "object" == target.format["schema"]["type"]
    check(target.format["schema"])
    assert fits(answer, target.format["schema"])
    assert value == target.parse(json.dumps(answer))
