"""A null that stands for a property that may be left out, and how an answer loses it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .items import Json

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


class NullForAbsent(dict[str, Any]):
    """The schema of a property that may be left out; strict mode has null for that."""


def restored(value: Any, schema: Json, definitions: Mapping[str, Json]) -> Any:
    """
    Return ``value`` without the nulls that stand for what is absent.

    Args:
        value: Decoded JSON that ``schema`` describes.
        schema: A strict schema.
        definitions: What its references lead to.
    """
    schema = _resolved(schema, definitions)
    if "anyOf" in schema:
        fitting = (branch for branch in schema["anyOf"] if _fits(value, branch, definitions))
        branch = next(fitting, None)
        return value if branch is None else restored(value, branch, definitions)
    if isinstance(value, list) and "items" in schema:
        return [restored(item, schema["items"], definitions) for item in value]
    if isinstance(value, dict) and "properties" in schema:
        properties = schema["properties"]
        return {
            name: restored(member, properties.get(name, {}), definitions)
            for name, member in value.items()
            if member is not None or not isinstance(properties.get(name), NullForAbsent)
        }
    return value


def _resolved(schema: Json, definitions: Mapping[str, Json]) -> Json:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _fits(value: Any, schema: Json, definitions: Mapping[str, Json]) -> bool:
    """Whether ``value`` is what ``schema`` describes, as far as that tells branches apart."""
    schema = _resolved(schema, definitions)
    if "anyOf" in schema:
        return any(_fits(value, branch, definitions) for branch in schema["anyOf"])
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if not _has_type(value, schema["type"]):
        return False
    if isinstance(value, list):
        return all(_fits(item, schema["items"], definitions) for item in value)
    if isinstance(value, dict):
        return _fits_object(value, schema["properties"], definitions)
    return True


def _fits_object(value: Json, properties: Json, definitions: Mapping[str, Json]) -> bool:
    absent = properties.keys() - value.keys()
    return value.keys() <= properties.keys() and (
        all(isinstance(properties[name], NullForAbsent) for name in absent)
        and all(_fits(member, properties[name], definitions) for name, member in value.items())
    )


def _has_type(value: Any, types: str | list[str]) -> bool:
    names = [types] if isinstance(types, str) else types
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = isinstance(value, int) or value.is_integer()
        return "number" in names or (whole and "integer" in names)
    return any(isinstance(value, _TYPES[name]) for name in names if name in _TYPES)
