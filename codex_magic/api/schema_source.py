"""A JSON Schema as it was given: what its references lead to, and its composed parts as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from ..records import dataclass
from .items import Json

UNIONS = ("anyOf", "oneOf")
DEFINITIONS = ("$defs", "definitions")
# Keywords that no strict mode knows.
FORBIDDEN = (
    *("not", "if", "then", "else", "patternProperties", "additionalItems", "$dynamicRef"),
    *("dependentRequired", "dependentSchemas", "dependencies", "$recursiveRef"),
)
CONSTRAINTS = (
    *("pattern", "format", "minLength", "maxLength"),
    *("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
)
_STRUCTURE = ("properties", "required", "additionalProperties", "items", "prefixItems")
# Keywords that change which values fit. Any other one is a note.
_MEANINGFUL = frozenset(
    {
        *("type", "enum", "const", "nullable", "$ref", "allOf"),
        *(*UNIONS, *FORBIDDEN, *CONSTRAINTS, *_STRUCTURE),
    }
)


class Unfit(Exception):
    """A schema cannot be strict; the text says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """The schema that was given, and what its references lead to."""

    root: Json

    def definitions(self) -> Json:
        """Return what the root defines beside itself."""
        return {name: self.root[name] for name in DEFINITIONS if name in self.root}

    def object_root(self) -> Json | None:
        """Return the root, without a ``$ref`` or ``allOf`` at its top, if it is an object."""
        composed = "$ref" in self.root or "allOf" in self.root
        try:
            root = self.flat(self.root) if composed else self.root
        except Unfit:
            root = self.root
        is_union = any(keyword in root for keyword in (*UNIONS, "enum", "const"))
        if ["object"] != type_names(root) or is_union or root.get("nullable"):
            return None
        return {**root, "type": "object"}

    def target(self, ref: Any) -> tuple[str, Any]:
        """Return where a reference ends, and the schema there."""
        passed: list[Any] = []
        while True:
            if ref in passed:
                raise Unfit(f"its $ref {ref!r} leads back to itself")
            passed.append(ref)
            found = self._at(ref)
            if not isinstance(found, dict) or siblings(found) != {"$ref"}:
                return ref, found
            ref = found["$ref"]

    def _at(self, ref: Any) -> Any:
        if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
            raise Unfit(f"its $ref {ref!r} leads out of this schema")
        found: Any = self.root
        for token in ref.split("/")[1:]:
            name = unquote(token).replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(name)] if isinstance(found, list) else found[name]
            except (LookupError, TypeError, ValueError):
                raise Unfit(f"its $ref {ref!r} leads nowhere") from None
        return found

    def flat(self, schema: Any, passed: tuple[str, ...] = ()) -> Json:
        """Return a schema with what ``$ref`` and ``allOf`` at its top stand for merged into it."""
        if schema is True:
            return {}
        if not isinstance(schema, dict):
            raise Unfit("it allows no value")
        kept = siblings(schema) - {"$ref", "allOf"}
        parts = [{name: value for name, value in schema.items() if name in kept}]
        if "$ref" in schema:
            ref, found = self.target(schema["$ref"])
            if ref in passed:
                raise Unfit(f"its $ref {ref!r} leads back to itself")
            parts.append(self.flat(found, (*passed, ref)))
        parts += [self.flat(part, passed) for part in schema.get("allOf") or ()]
        return _merged(parts)

    def allows_null(self, schema: Any, passed: tuple[str, ...] = ()) -> bool:
        """Whether null fits a schema."""
        if not isinstance(schema, dict):
            return schema is True
        if "$ref" in schema:
            ref, found = self.target(schema["$ref"])
            return ref not in passed and self.allows_null(found, (*passed, ref))
        for keyword in UNIONS:
            if keyword in schema and not schema.get("nullable"):
                return any(self.allows_null(branch, passed) for branch in schema[keyword])
        if schema.get("allOf"):
            return all(self.allows_null(part, passed) for part in schema["allOf"])
        values = listed(schema)
        by_type = "null" in type_names(schema) and (not values or None in values)
        return by_type or bool(schema.get("nullable"))


def siblings(schema: Json) -> set[str]:
    """Return the keywords that say something about values, and the description."""
    return {name for name in schema if name in _MEANINGFUL or name == "description"}


def type_names(schema: Json) -> list[str]:
    """Return the types that a schema allows, also where only its other keywords tell."""
    found = schema.get("type")
    if isinstance(found, list):
        return [str(name) for name in found]
    if found is not None:
        return [str(found)]
    if "enum" in schema or "const" in schema:
        return [*dict.fromkeys(_type_of(value) for value in listed(schema))]
    if "properties" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else []


def listed(schema: Json) -> list[Any]:
    values = [schema["const"]] if "const" in schema else []
    return [*(schema.get("enum") or ()), *values]


def _type_of(value: Any) -> str:
    kinds: Sequence[tuple[type, str]] = (
        *((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")),
        *((dict, "object"), (list, "array")),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _merged(parts: Sequence[Json]) -> Json:
    """Return one schema for what fits all parts; the first description wins."""
    merged: Json = {}
    for part in parts:
        for name, value in part.items():
            known: Any = merged.get(name, value)
            if name == "properties":
                merged[name] = _united(known, value)
            elif name == "required":
                merged[name] = [*dict.fromkeys([*known, *value])]
            elif name == "description" or known == value:
                merged[name] = known
            else:
                raise Unfit(f"its parts (allOf, or beside a $ref) differ in {name!r}")
    for part in parts:
        closed = part.get("additionalProperties") is False
        if closed and (part.get("properties") or {}).keys() != merged.get("properties", {}).keys():
            raise Unfit("its parts (allOf, or beside a $ref) forbid each other's properties")
    return merged


def _united(properties: Mapping[str, Any], others: Mapping[str, Any]) -> Json:
    for name in properties.keys() & others.keys():
        if properties[name] != others[name]:
            raise Unfit(f"its parts (allOf, or beside a $ref) differ in the property {name!r}")
    return {**properties, **others}
