"""JSON Schema → the strict JSON Schema that a service enforces, with what stands in the way named by path."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from itertools import count
from typing import Any

from ..records import dataclass
from .items import Json
from .schema_limits import exceeded_limits
from .schema_nulls import NullForAbsent, restored
from .schema_source import (
    CONSTRAINTS,
    DEFINITIONS,
    FORBIDDEN,
    UNIONS,
    Source,
    Unfit,
    listed,
    siblings,
    type_names,
)

VALUE = "value"

_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_SUPPORTED = {
    "string": ("pattern", "format"),
    "number": ("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "array": ("minItems", "maxItems"),
}
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_FANCY_PATTERN = re.compile(r"\(\?(?!:)|\\[1-9]")
_ON_TOP = [[name] for name in DEFINITIONS]


@dataclass(frozen=True, slots=True)
class Strictness:
    """
    A schema as a service takes it.

    Attributes:
        schema: What is sent; its root is an object.
        strict: Whether the service can enforce it.
        problems: Why not: each names a path in the schema that was given, and the reason.
        wrapped: Whether the schema that was given is that of the one property ``value``.
    """

    schema: Json
    strict: bool
    problems: tuple[str, ...] = ()
    wrapped: bool = False

    def restore(self, answer: Any, *, lenient: bool = False) -> Any:
        """
        Return the value that the given schema describes, from one that the sent schema describes.

        What strictness added is undone: the wrapping object, and a null in the place of a
        property that may be left out.

        Args:
            answer: Decoded JSON.
            lenient: Take an answer without the wrapping object for the value itself.

        Raises:
            ValueError: The wrapping object is missing.
        """
        if self.strict:
            answer = restored(answer, self.schema, self.schema.get("$defs") or {})
        if not self.wrapped:
            return answer
        if isinstance(answer, dict) and set(answer) == {VALUE}:
            return answer[VALUE]
        if lenient:
            return answer
        raise ValueError(f"it is not an object with the one key {VALUE!r}")


def strict_schema(schema: Mapping[str, Any]) -> Strictness:
    """
    Return ``schema`` as a service's strict mode takes it, or as it is and why that cannot be.

    A property that may be left out becomes one that may be null; ``restore`` undoes that.

    Raises:
        TypeError: It is not JSON.
        ValueError: It holds itself, or hundreds of levels.

    >>> strict_schema({"type": "object", "properties": {"a": {"type": "integer"}}}).schema["required"]
    ['a']
    >>> strict_schema({"type": "array", "items": {}}).problems
    ('#/items: it allows any value',)
    """
    try:
        return _strictness(Source(json.loads(json.dumps(schema))))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _strictness(source: Source) -> Strictness:
    root = source.object_root()
    conversion = _Conversion(source)
    # A root that is no object is reported by the conversion, with the reason.
    converted = conversion.run(source.root if root is None else root, wrapped=root is None)
    problems = (*conversion.problems,) or exceeded_limits(converted)
    if not problems:
        return Strictness(converted, True, (), root is None)
    loose = _wrapper(_moved(source.root)) if root is None else {**source.definitions(), **root}
    return Strictness(loose, False, problems, root is None)


@dataclass(slots=True)
class _Conversion:
    """One schema on its way to a strict one."""

    source: Source
    # As keys, because one place may be come to on several ways.
    problems: dict[str, None] = field(default_factory=dict)
    _definitions: Json = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _pending: list[tuple[str, Any, str]] = field(default_factory=list)

    def run(self, root: Json, *, wrapped: bool) -> Json:
        """Return the whole converted schema, with the definitions that it uses."""
        converted = self.convert(root, "#")
        while self._pending:
            name, schema, path = self._pending.pop(0)
            self._definitions[name] = self.convert(schema, path)
        if wrapped:
            converted = _wrapper(converted)
        return {**converted, "$defs": self._definitions} if self._definitions else converted

    def convert(self, schema: Any, path: str) -> Json:
        """Return one schema as a strict one; note why where that cannot be."""
        try:
            return self._converted(schema, path)
        except Unfit as reason:
            self.problems[f"{path}: {reason}"] = None
            return {}

    def _converted(self, schema: Any, path: str) -> Json:
        if not isinstance(schema, dict):
            raise Unfit("it allows any value" if schema is True else "it allows no value")
        if "$ref" in schema:
            return self._reference(schema, path)
        if "allOf" in schema:
            return self._converted(self.source.flat(schema), path)
        for keyword in FORBIDDEN:
            if keyword in schema:
                raise Unfit(f"strict mode does not know {keyword!r}")
        if any(keyword in schema for keyword in UNIONS):
            return self._union(schema, path)
        return self._plain(schema, path)

    def _reference(self, schema: Json, path: str) -> Json:
        ref, found = self.source.target(schema["$ref"])
        beside = siblings(schema) - {"$ref"}
        if not beside:
            return self._defined(ref, found, ref)
        flat = self.source.flat(schema)
        if '"$ref"' not in json.dumps(flat):
            return self._converted(flat, path)
        # Put in place, it might be put into itself, or into many places many times.
        key = json.dumps([ref, {name: schema[name] for name in sorted(beside)}])
        return self._defined(key, flat, ref)

    def _defined(self, key: str, schema: Any, path: str) -> Json:
        if key not in self._names:
            token = re.sub(r"[^A-Za-z0-9_.-]+", "_", path.rsplit("/", 1)[-1]).strip("_") or "root"
            self._names[key] = _free_name(token, self._names.values())
            self._pending.append((self._names[key], schema, path))
        return {"$ref": f"#/$defs/{self._names[key]}"}

    def _union(self, schema: Json, path: str) -> Json:
        if all(keyword in schema for keyword in UNIONS):
            raise Unfit("it has anyOf and oneOf")
        keyword = "anyOf" if "anyOf" in schema else "oneOf"
        beside = siblings(schema) - {keyword, "description", "nullable"}
        rest = {name: schema[name] for name in beside}
        branches = [
            self.convert({"allOf": [branch, rest]} if rest else branch, f"{path}/{keyword}/{index}")
            for index, branch in enumerate(schema[keyword])
        ]
        if not branches:
            raise Unfit(f"its {keyword} is empty")
        if schema.get("nullable"):
            branches.append({"type": "null"})
        return {"anyOf": branches, **_description(schema)}

    def _plain(self, schema: Json, path: str) -> Json:
        types = type_names(schema)
        if not types:
            raise Unfit("it allows any value")
        if unknown := set(types) - _TYPES:
            raise Unfit(f"there is no type {min(unknown)!r}")
        form: Json = {"type": types[0] if len(types) == 1 else types}
        form.update({name: schema[name] for name in ("enum", "const") if name in schema})
        if any(isinstance(value, dict | list) for value in listed(schema)):
            raise Unfit("it lists objects or arrays as values")
        form.update(_constraints(schema, types))
        if "array" in types:
            form.update(self._array(schema, path))
        if "object" in types:
            form.update(self._object(schema, path))
        form.update(_description(schema, _untold(schema, form)))
        return _nullable(form) if schema.get("nullable") and "null" not in types else form

    def _array(self, schema: Json, path: str) -> Json:
        items = schema.get("items", True)
        if isinstance(items, list):
            raise Unfit("strict mode does not know a list of items, each with its own type")
        if not schema.get("prefixItems"):
            return {"items": self.convert(items, f"{path}/items")}
        first, *others = (
            self.convert(item, f"{path}/prefixItems/{index}")
            for index, item in enumerate(schema["prefixItems"])
        )
        length = 1 + len(others)
        closed = items is False or schema.get("maxItems") == length
        if not closed or any(other != first for other in others):
            raise Unfit("strict mode does not know 'prefixItems' (a tuple of several types)")
        return {"items": first, "maxItems": length}

    def _object(self, schema: Json, path: str) -> Json:
        properties = schema.get("properties") or {}
        required = schema.get("required") or ()
        form = {
            name: self._property(value, f"{path}/properties/{_escaped(name)}", name in required)
            for name, value in properties.items()
        }
        # An object that names nothing at all is open; one with properties is closed for strictness.
        if schema.get("additionalProperties", "properties" not in schema) is not False:
            raise Unfit("it allows keys that it does not name (additionalProperties)")
        if unknown := [name for name in required if name not in properties]:
            raise Unfit(f"it requires {unknown[0]!r}, which it does not describe")
        return {"properties": form, "required": [*form], "additionalProperties": False}

    def _property(self, schema: Any, path: str, required: bool) -> Json:
        converted = self.convert(schema, path)
        try:
            always = required or self.source.allows_null(schema)
        except Unfit:
            return converted
        return converted if always else NullForAbsent(_nullable(converted))


def _constraints(schema: Json, types: list[str]) -> Json:
    kinds = ["number" if kind == "integer" else kind for kind in types]
    names = [name for kind in kinds for name in _SUPPORTED.get(kind, ()) if name in schema]
    return {name: schema[name] for name in names if is_supported(name, schema[name])}


def is_supported(name: str, value: Any) -> bool:
    """Whether strict mode takes a constraint with this value."""
    if name == "format":
        return value in _FORMATS
    if name == "pattern":
        return not _FANCY_PATTERN.search(str(value))
    # Draft 4 has booleans here.
    return not isinstance(value, bool)


def _untold(schema: Json, form: Json) -> list[str]:
    """Return the constraints that ``form`` does not carry."""
    names = [name for name in schema if name in CONSTRAINTS and name not in form]
    return [f"{name}: {json.dumps(schema[name], ensure_ascii=False)}" for name in names]


def _description(schema: Json, notes: Sequence[str] = ()) -> Json:
    said = [schema["description"]] if schema.get("description") else []
    text = " ".join([*said, *([f"({', '.join(notes)})"] if notes else [])])
    return {"description": text} if text else {}


def _nullable(form: Json) -> Json:
    """Return a schema that also allows null; its description stays at the top."""
    inner = {name: value for name, value in form.items() if name != "description"}
    branches = inner["anyOf"] if inner.keys() == {"anyOf"} else [inner]
    return {"anyOf": [*branches, {"type": "null"}], **_description(form)}


def _wrapper(schema: Json) -> Json:
    """Return the schema of an object whose one property is ``schema``; definitions stay on top."""
    inner = {name: value for name, value in schema.items() if name not in DEFINITIONS}
    return {
        "type": "object",
        "properties": {VALUE: inner},
        "required": [VALUE],
        "additionalProperties": False,
        **{name: value for name, value in schema.items() if name in DEFINITIONS},
    }


def _moved(schema: Any) -> Any:
    """Return ``schema`` with its references right where the root is a property of a wrapper."""
    if isinstance(schema, list):
        return [_moved(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {name: _moved(value) for name, value in schema.items()}
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref.startswith("#") and ref.split("/")[1:2] not in _ON_TOP:
        moved["$ref"] = f"#/properties/{VALUE}{ref[1:]}"
    return moved


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _free_name(name: str, taken: Collection[str]) -> str:
    candidates = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(candidate for candidate in candidates if candidate not in taken)
