"""The rules of strict mode and of JSON Schema, as a service and a validator read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# It ships neither types nor stubs.
from jsonschema import Draft202012Validator

from codex_magic.api.items import Json

KNOWN = frozenset(
    {
        *("type", "description", "enum", "const", "anyOf", "$ref", "$defs"),
        *("properties", "required", "additionalProperties", "items", "minItems", "maxItems"),
        *("pattern", "format", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }
)
FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
INTEGER: Json = {"type": "integer"}
TEXT: Json = {"type": "string"}
NODE: Json = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "value": INTEGER,
                "next": {"$ref": "#/$defs/Node", "description": "The one after it."},
            },
        }
    },
    "$ref": "#/$defs/Node",
}


def an_object(required: list[str] | None = None, /, **properties: Any) -> Json:
    """Return the schema of an object whose properties are all required, if nothing else is said."""
    names = [*properties] if required is None else required
    return {"type": "object", "properties": properties, "required": names}


def violations(schema: Json) -> list[str]:
    """Return what strict mode refuses in a schema."""
    found = [f"{path}: {what}" for path, part in _parts(schema, "#") for what in _rules(part)]
    if schema.get("type") != "object":
        found.append("#: the root is no object")
    names = set(schema.get("$defs", ()))
    refs = {part["$ref"] for _, part in _parts(schema, "#") if "$ref" in part}
    return found + sorted(f"{ref} leads nowhere" for ref in refs if ref[8:] not in names)


def check(schema: Json) -> None:
    """Raise where ``schema`` is no JSON Schema of draft 2020-12."""
    Draft202012Validator.check_schema(schema)


def fits(value: Any, schema: Json) -> bool:
    """Whether ``schema`` describes ``value``."""
    return bool(Draft202012Validator(schema).is_valid(value))


def _rules(part: Json) -> Iterator[str]:
    if unknown := part.keys() - KNOWN:
        yield f"unknown keywords {sorted(unknown)}"
    if "$ref" in part:
        if len(part) > 1:
            yield "a $ref with siblings"
    elif "anyOf" in part:
        if not part["anyOf"]:
            yield "an empty anyOf"
    elif "type" not in part:
        yield "no type"
    kinds = part.get("type", ())
    if "object" in ([kinds] if isinstance(kinds, str) else kinds):
        if part.get("additionalProperties") is not False:
            yield "open"
        if [*part.get("properties", ())] != part.get("required"):
            yield "not all required"
    if "array" in kinds and "items" not in part:
        yield "no items"
    if part.get("format", "date") not in FORMATS:
        yield "an unknown format"
    if re.search(r"\(\?[=!<]", part.get("pattern", "")):
        yield "a pattern that looks around"


def _parts(schema: Any, path: str) -> Iterator[tuple[str, Json]]:
    assert isinstance(schema, dict), path
    yield path, schema
    for keyword in ("properties", "$defs"):
        for name, inner in schema.get(keyword, {}).items():
            yield from _parts(inner, f"{path}/{keyword}/{name}")
    if "items" in schema:
        yield from _parts(schema["items"], f"{path}/items")
    for index, inner in enumerate(schema.get("anyOf", ())):
        yield from _parts(inner, f"{path}/anyOf/{index}")
