"""What strict mode demands of a JSON schema."""

from typing import Any

from . import errors
from .errors import Json

NOT_PERMITTED = ("oneOf", "allOf", "not", "if", "prefixItems", "dependentRequired")


def check_tool_schema(tool: Json, param: str) -> None:
    """Refuse a strict function whose parameters are not strict."""
    if not tool.get("strict") or tool.get("parameters") is None:
        return
    check_schema(
        tool["parameters"],
        f"Invalid schema for function '{tool['name']}'",
        code="invalid_function_parameters",
        param=param,
    )


def check_schema(schema: Any, intro: str, *, code: str, param: str) -> None:
    """Refuse a schema that strict mode cannot enforce."""
    reason = _root_problem(schema) or _problem(schema, ())
    if reason is not None:
        raise errors.ServiceError(400, f"{intro}: {reason}", code=code, param=param)


def _root_problem(schema: Any) -> str | None:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "object":
        return None
    return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."


def _problem(schema: Any, path: tuple[str, ...]) -> str | None:
    if not isinstance(schema, dict):
        return None
    for keyword in NOT_PERMITTED:
        if keyword in schema:
            return f"In context={path!r}, '{keyword}' is not permitted."
    if schema.get("type") == "object":
        reason = _object_problem(schema, path)
        if reason is not None:
            return reason
    for step, inner in _inner(schema):
        reason = _problem(inner, (*path, *step))
        if reason is not None:
            return reason
    return None


def _object_problem(schema: Json, path: tuple[str, ...]) -> str | None:
    if schema.get("additionalProperties") is not False:
        return (
            f"In context={path!r}, 'additionalProperties' is required to be supplied "
            "and to be false."
        )
    for name in schema.get("properties") or {}:
        if name not in (schema.get("required") or []):
            return (
                f"In context={path!r}, 'required' is required to be supplied and to be an "
                f"array including every key in properties. Missing '{name}'."
            )
    return None


def _inner(schema: Json) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for keyword in ("properties", "$defs", "definitions"):
        for name, inner in (schema.get(keyword) or {}).items():
            found.append(((keyword, name), inner))
    if "items" in schema:
        found.append((("items",), schema["items"]))
    for index, inner in enumerate(schema.get("anyOf") or []):
        found.append((("anyOf", str(index)), inner))
    return found
