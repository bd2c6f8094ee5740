"""JSON that a strict schema describes, made by chance."""

from __future__ import annotations

import random
from typing import Any

from codex_magic.api.items import Json

_FORMATS = {
    "date-time": "2026-05-06T07:08:09+02:00",
    "date": "2026-05-06",
    "time": "07:08:09",
    "duration": "P1DT2H",
    "uuid": "12345678-1234-5678-1234-567812345678",
}


def example(schema: Json, definitions: Json, rng: random.Random, depth: int = 0) -> Any:
    """Return some JSON that a strict schema describes."""
    if "$ref" in schema:
        found = definitions[schema["$ref"].rpartition("/")[2]]
        return example(found, definitions, rng, depth + 1)
    if "anyOf" in schema:
        # A tree has to end.
        branches = schema["anyOf"][-1:] if depth > 3 else schema["anyOf"]
        return example(rng.choice(branches), definitions, rng, depth)
    if "enum" in schema or "const" in schema:
        return rng.choice(schema.get("enum") or [schema.get("const")])
    return _of_type(schema, definitions, rng, depth)


def _of_type(schema: Json, definitions: Json, rng: random.Random, depth: int) -> Any:
    match schema["type"]:
        case "object":
            properties = schema["properties"].items()
            return {name: example(part, definitions, rng, depth) for name, part in properties}
        case "array":
            low, high = schema.get("minItems", 0), schema.get("maxItems", 3)
            length = rng.randint(low, high) if depth < 4 else low
            return [example(schema["items"], definitions, rng, depth + 1) for _ in range(length)]
        case "integer":
            return rng.randint(schema.get("minimum", -9), schema.get("maximum", 9))
        case "number":
            return rng.choice([0, -1.5, 2.25, 1e6])
        case "boolean":
            return rng.random() < 0.5
        case "null":
            return None
    # A code is two letters, and any other text may be a number.
    return _FORMATS.get(schema.get("format", ""), "ab" if "pattern" in schema else "7.5")
