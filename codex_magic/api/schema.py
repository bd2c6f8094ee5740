"""Python types → the schema of an answer; the text of an answer → a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from inspect import isroutine
from typing import Any, Generic, TypeVar, overload

from ..errors import ConfigError, ParseError, SchemaError
from ..records import dataclass
from .items import Json
from .schema_source import DEFINITIONS, FORBIDDEN
from .strict import Strictness, is_supported, strict_schema

_T = TypeVar("_T")

NO_PYDANTIC = (
    "Answers as Python types need pydantic: "
    'pip install "codex-magic[schema]". A JSON schema works without it.'
)

_MAX_NAME = 64
_SHOWN_PROBLEMS = 3
# Keywords whose value is a table of names, not of keywords.
_NAMED = (*DEFINITIONS, "properties", "patternProperties")
_UNSAYABLE = frozenset(
    {
        *(*FORBIDDEN, "uniqueItems", "contains", "minContains", "maxContains", "propertyNames"),
        *("minProperties", "maxProperties", "unevaluatedItems", "unevaluatedProperties"),
        *("default", "title", "examples", "discriminator"),
    }
) - {"patternProperties"}
_THOUGHT = re.compile(r"<think>.*?</think>|^(?:(?!<think>).)*</think>|<think>.*", re.DOTALL)
_FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Value(Generic[_T]):
    """
    What the text of an answer stands for.

    Attributes:
        json: Its JSON, decoded.
        parsed: The value that is made of it.
        text: The text itself.
    """

    json: Any
    parsed: _T
    text: str = ""


@dataclass(frozen=True, slots=True)
class Target(Generic[_T]):
    """
    What the text of an answer is to become.

    Attributes:
        name: What the service calls it.
        strictness: The schema that is sent; an empty one is any JSON.
        description: What the service tells the model of it.
    """

    name: str
    strictness: Strictness = field(repr=False)
    description: str | None = field(default=None, repr=False)
    _read: Callable[[Any], _T] = field(default=lambda value: value, repr=False, compare=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why a service cannot enforce it: a path in the schema and a reason each."""
        return self.strictness.problems

    @property
    def warning(self) -> str | None:
        """One line for the user where a service cannot enforce it, or None."""
        if not self.problems:
            return None
        shown = "; ".join(self.problems[:_SHOWN_PROBLEMS])
        more = len(self.problems) - _SHOWN_PROBLEMS
        rest = f"; and {more} more" if more > 0 else ""
        return f"{self.name} is sent with strict: false, so the answer may differ from it. {shown}{rest}"

    @property
    def format(self) -> Json:
        """The ``text.format`` of a request."""
        described = {"description": self.description} if self.description else {}
        strict = self.strictness
        if not strict.schema:
            return {"type": "json_object"}
        return {
            "type": "json_schema",
            "name": self.name,
            "schema": strict.schema,
            "strict": strict.strict,
            **described,
        }

    @property
    def response_format(self) -> Json:
        """The same as ``chat_format`` has it."""
        return chat_format(self.format)

    def parse(self, text: str, *, lenient: bool = False) -> _T:
        """Return the value that an answer's text stands for, as ``read`` reads it."""
        return self.read(text, lenient=lenient).parsed

    def read(self, text: str, *, lenient: bool = False) -> Value[_T]:
        """
        Return what an answer's text stands for: its JSON, and the value that is made of it.

        Args:
            text: The answer.
            lenient: Take JSON between other words too: after a ``<think>`` block, in a fence,
                without the object that wraps a value. For services that enforce nothing.

        Raises:
            ParseError: It is not what was asked for.
        """
        try:
            answer = self.strictness.restore(_decoded(text, lenient=lenient), lenient=lenient)
            return Value(answer, self._read(answer), text)
        except RecursionError:
            raise ParseError("The answer is nested too deeply.", text=text) from None
        except ValueError as exc:
            message = f"The answer is not a valid {self.name}: {_reason(exc)}"
            raise ParseError(message, text=text) from exc


def any_json() -> Target[Any]:
    """Return a target of any JSON: no schema is sent, and what comes is the decoded JSON."""
    return Target("JSON", Strictness({}, False))


@overload
def target_of(wanted: type[_T], *, name: str | None = None) -> Target[_T]: ...
@overload
def target_of(wanted: Any, *, name: str | None = None) -> Target[Any]: ...
def target_of(wanted: Any, *, name: str | None = None) -> Target[Any]:
    """
    Return what an answer is to become.

    Args:
        wanted: A Pydantic model, a dataclass, a TypedDict, or any other type that Pydantic knows
            (``list[Model]``, unions, Literal, Enum); or a JSON schema, which gives decoded JSON
            that nobody validates but the service.
        name: What the service calls it; by default the type's name, or the schema's title.

    Raises:
        SchemaError: It cannot describe an answer.
        ConfigError: It is a type, and pydantic is not installed.

    >>> target_of({"title": "A point", "type": "array", "items": {"type": "number"}}).parse(
    ...     '{"value": [1, 2.5]}'
    ... )
    [1, 2.5]
    """
    if isinstance(wanted, Mapping):
        return _target(wanted, name or str(wanted.get("title") or ""), lambda value: value)
    # Pydantic would take these for a type, for a name in some module, and for its arguments.
    if wanted is None or isinstance(wanted, str) or isroutine(wanted):
        raise SchemaError(_no_target(wanted, "it is no type"))
    try:
        # Only here, because it is an extra and takes long to import.
        from .schema_types import described
    except ImportError as exc:
        raise ConfigError(NO_PYDANTIC) from exc
    try:
        schema, read = described(wanted)
    except (TypeError, ValueError, NameError) as exc:
        raise SchemaError(_no_target(wanted, str(exc).partition("\n")[0])) from exc
    return _target(schema, name or _type_name(wanted), read)


def chat_format(text_format: Mapping[str, Any]) -> Json:
    """
    Return a ``text.format`` as the ``response_format`` that llama.cpp takes at the top of a request.

    >>> chat_format({"type": "json_schema", "name": "n", "schema": {"type": "object", "title": "N"}})
    {'type': 'json_schema', 'json_schema': {'name': 'n', 'schema': {'type': 'object'}}}
    >>> chat_format({"type": "json_object"})
    {'type': 'json_object'}
    """
    if text_format.get("type") != "json_schema":
        return dict(text_format)
    given = {name: value for name, value in text_format.items() if value is not None}
    named = {name: value for name, value in given.items() if name not in ("type", "schema")}
    schema = _grammar(given.get("schema"))
    return {"type": "json_schema", "json_schema": {**named, "schema": schema}}


def _target(schema: Mapping[str, Any], name: str, read: Callable[[Any], _T]) -> Target[_T]:
    try:
        strictness = strict_schema(schema)
    except (TypeError, ValueError, AttributeError) as exc:
        raise SchemaError(f"The JSON schema cannot be used: {exc}") from exc
    described = schema.get("description") or strictness.schema.get("description")
    return Target(_valid_name(name), strictness, described, read)


def _no_target(wanted: Any, reason: str) -> str:
    return (
        f"{repr(wanted)[:60]} cannot describe an answer: {reason.rstrip('.')}. "
        "Give a Pydantic model, a dataclass, a TypedDict, another type, or a JSON schema."
    )


def _type_name(wanted: Any) -> str:
    """
    Return a type's name, without the modules in it.

    >>> _type_name(list[dict[str, int]])
    'list[dict[str, int]]'
    """
    inner = getattr(wanted, "__origin__", None) if hasattr(wanted, "__metadata__") else wanted
    shown = inner.__name__ if isinstance(inner, type) else repr(inner)
    return re.sub(r"[\w.<>]*\.", "", shown)


def _valid_name(name: str) -> str:
    """
    Return ``name`` as a service takes it.

    >>> _valid_name("Page[Item]")
    'Page_Item'
    """
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:_MAX_NAME] or "answer"


def _grammar(schema: Any) -> Any:
    """Return a schema without what a grammar cannot say: llama.cpp refuses some of it."""
    if isinstance(schema, list):
        return [_grammar(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _grammar_of(name, schema[name]) for name in schema if _is_sayable(name, schema)}


def _grammar_of(name: str, value: Any) -> Any:
    if name in _NAMED and isinstance(value, dict):
        return {inner: _grammar(schema) for inner, schema in value.items()}
    return value if name in ("enum", "const") else _grammar(value)


def _is_sayable(name: str, schema: Json) -> bool:
    value = schema[name]
    if name == "pattern":
        return str(value).startswith("^") and str(value).endswith("$") and is_supported(name, value)
    return name not in _UNSAYABLE and (name != "format" or is_supported(name, value))


def _decoded(text: str, *, lenient: bool) -> Any:
    """Return the JSON that a text is, or, leniently, that it holds."""
    if not text.strip():
        raise ValueError("it is empty")
    candidates = [text, *(_candidates(text) if lenient else ())]
    for candidate in candidates:
        try:
            return json.loads(candidate)
        except ValueError as exc:
            error = exc
    raise ValueError(f"it is no JSON ({error}): {text.strip()[:60]!r}") from error


def _candidates(text: str) -> list[str]:
    said = _THOUGHT.sub("", text)
    return [said, *(found[1] for found in _FENCE.finditer(said))]


def _reason(error: ValueError) -> str:
    """Return what is wrong as one line, also for Pydantic's many."""
    details = getattr(error, "errors", None)
    if details is None:
        return str(error)
    found = details(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in found]
    more = f"; and {len(lines) - _SHOWN_PROBLEMS} more" if len(lines) > _SHOWN_PROBLEMS else ""
    return " ".join("; ".join(lines[:_SHOWN_PROBLEMS]).split()) + more
