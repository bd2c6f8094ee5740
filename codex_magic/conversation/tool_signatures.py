"""A function's parameters as the JSON Schema of a call, and a call's arguments as Python values."""

from __future__ import annotations

import enum
import inspect
import json
import re
import typing
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field
from functools import partial
from types import SimpleNamespace
from typing import Annotated, Any, get_args, get_origin

from ..api.items import Json
from ..api.schema_source import Source
from ..api.strict import Strictness, strict_schema
from ..errors import ConfigError, ToolError
from ..records import dataclass
from .docstrings import Documentation

NO_PYDANTIC = 'Tools need pydantic. Install it: pip install "codex-magic[schema]".'

# What a docstring's type stands for where there is no annotation.
_DOCUMENTED = {"int": int, "float": float, "str": str, "bool": bool}
# A list is one of these, and Pydantic knows it, or checks it before the function runs.
_AS_LISTS = (Iterable, Iterator, Collection)
_SHOWN_PROBLEMS = 5
# A mode or a column; an address may have a password in it, and anything long may be one.
_HARMLESS_DEFAULT = re.compile(r"[\w .%/-]{0,24}")
_SECRET = re.compile(r"key|token|secret|passw|pwd|auth|credential", re.IGNORECASE)
_EMPTY = inspect.Parameter.empty
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class InvalidArguments(ValueError):
    """What a model gave to a tool cannot be used; the text tells the model why."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """
    What a model may give to a function.

    Attributes:
        signature: The function's own.
        strictness: The schema that is sent.
        names: The parameters that a model may give.
        omitted: Those it may not, each with the reason: they keep their defaults.
    """

    signature: inspect.Signature
    strictness: Strictness = field(repr=False)
    names: tuple[str, ...]
    omitted: Mapping[str, str] = field(default_factory=dict)
    _read: Callable[[Any], Any] = field(default=dict, repr=False, compare=False)
    # Those that may be left out, and where null is not a value of its own.
    _null_is_default: frozenset[str] = frozenset()

    def values(self, arguments: str | Mapping[str, Any]) -> dict[str, Any]:
        """
        Return the Python values that a call's arguments stand for; what is left out is missing.

        Raises:
            InvalidArguments: They are no JSON object, or not what the function takes.
        """
        given = decoded_arguments(arguments) if isinstance(arguments, str) else dict(arguments)
        if unknown := [name for name in given if name not in self.names]:
            takes = ", ".join(self.names) or "nothing"
            raise InvalidArguments(f"there is no argument {unknown[0]!r}; it takes {takes}")
        given = {
            name: value
            for name, value in given.items()
            if value is not None or name not in self._null_is_default
        }
        try:
            found: dict[str, Any] = self._read(self.strictness.restore(given))
        except RecursionError:
            raise InvalidArguments("the arguments are nested too deeply") from None
        # A type of the user's may check its values itself, and raise anything.
        except Exception as exc:
            raise InvalidArguments(_reason(exc)) from exc
        return found

    def bound(self, values: Mapping[str, Any]) -> inspect.BoundArguments:
        """Return values as the function takes them, positional where they must be."""
        given = dict(values)
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL and name in given:
                given[name] = tuple(given[name])
        bound = inspect.BoundArguments(self.signature, OrderedDict(given))
        bound.apply_defaults()
        return bound


def parameters_of(function: Callable[..., Any], name: str, told: Documentation) -> Parameters:
    """
    Return what a model may give to a function.

    Raises:
        ToolError: A parameter that must be given is of no type that a model can write.
        ConfigError: pydantic is not installed.
    """
    signature = signature_of(function, name)
    fields: dict[str, Any] = {}
    omitted: dict[str, str] = {}
    for parameter in _offered(function, signature):
        try:
            hint = _hint(function, parameter, told)
            _described({parameter.name: hint})
        except (TypeError, ValueError, NameError, SyntaxError, AttributeError) as exc:
            reason = _why(exc)
            if parameter.default is _EMPTY and parameter.kind not in _VARIADIC:
                raise ToolError(_undescribable(name, parameter, reason)) from exc
            omitted[parameter.name] = reason
        else:
            fields[parameter.name] = hint
    schema, read = _described(fields)
    _tell(schema, signature, fields, told)
    source = Source(schema)
    required = schema.get("required", ())
    defaults = [
        name
        for name in fields
        if name not in required and not source.allows_null(schema["properties"][name])
    ]
    strictness = strict_schema(schema)
    return Parameters(signature, strictness, (*fields,), omitted, read, frozenset(defaults))


def decoded_arguments(arguments: str) -> Json:
    """
    Return what the arguments of a call decode to.

    Raises:
        InvalidArguments: They are no JSON object.
    """
    try:
        # Services send nothing for a function without parameters.
        found = json.loads(arguments.strip() or "{}")
    except RecursionError:
        raise InvalidArguments("the arguments are nested too deeply") from None
    except ValueError as exc:
        raise InvalidArguments(f"the arguments are no valid JSON ({exc})") from exc
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidArguments("the arguments must be one JSON object")
    return found


def signature_of(function: Callable[..., Any], name: str) -> inspect.Signature:
    """
    Return a function's signature.

    Raises:
        ToolError: It has none that Python knows.
    """
    try:
        return inspect.signature(function)
    except (TypeError, ValueError) as exc:
        raise ToolError(
            f"{name!r} does not tell its parameters. Wrap it in a function that does."
        ) from exc


def _offered(
    function: Callable[..., Any], signature: inspect.Signature
) -> Iterator[inspect.Parameter]:
    """Yield the parameters that are the model's to give."""
    if next(iter(signature.parameters), "") == "self" and not inspect.ismethod(function):
        shown = getattr(function, "__qualname__", "it")
        raise ToolError(f"{shown} is a method. Name it on an instance, as in object.method.")
    # What a partial sets was decided by the user.
    settled = function.keywords if isinstance(function, partial) else {}
    for parameter in signature.parameters.values():
        bare = parameter.annotation is _EMPTY
        if parameter.name in settled or (parameter.kind in _VARIADIC and bare):
            continue
        yield parameter


def _hint(function: Callable[..., Any], parameter: inspect.Parameter, told: Documentation) -> Any:
    """Return a parameter's type as a field of the arguments."""
    many: Any = list
    named: Any = dict
    hint = _annotation(function, parameter)
    if hint is _EMPTY:
        hint = _guess(parameter, told)
    if get_origin(hint) in _AS_LISTS:
        hint = many[get_args(hint)[0]]
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        hint = many[hint]
    elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
        hint = get_args(hint)[0] if get_origin(hint) is typing.Unpack else named[str, hint]
    optional = parameter.default is not _EMPTY or parameter.kind in _VARIADIC
    return typing.NotRequired[hint] if optional else hint


def _annotation(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    annotation = parameter.annotation
    if annotation is _EMPTY:
        return annotation
    # One at a time: another one may name what is imported for type checkers only.
    home = inspect.unwrap(_plain_function(function))
    scope = {**getattr(home, "__globals__", {})}
    closed = getattr(getattr(home, "__code__", None), "co_freevars", ())
    for name, cell in zip(closed, getattr(home, "__closure__", None) or (), strict=False):
        try:
            scope[name] = cell.cell_contents
        except ValueError:  # It is not filled yet.
            pass
    scope |= {kind.__name__: kind for kind in getattr(home, "__type_params__", ())}
    holder = SimpleNamespace(__annotations__={parameter.name: annotation})
    hints = typing.get_type_hints(holder, globalns=scope, include_extras=True)
    return hints[parameter.name]


def _plain_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function below partials, methods and objects that can be called."""
    while isinstance(function, partial):
        function = function.func
    if not inspect.isroutine(function) and not hasattr(function, "__wrapped__"):
        function = type(function).__call__
    found: Callable[..., Any] = getattr(function, "__func__", function)
    return found


def _guess(parameter: inspect.Parameter, told: Documentation) -> Any:
    """Return the type of a parameter that has none, from its default or the docstring."""
    if type(parameter.default) is int:
        return int | float
    if type(parameter.default) in (bool, float, str):
        return type(parameter.default)
    return _DOCUMENTED.get(told.types.get(parameter.name, ""), Any)


def _described(fields: Mapping[str, Any]) -> tuple[Json, Callable[[Any], Any]]:
    try:
        # Only here, because it imports pydantic, which is an extra.
        from ..api.schema_types import described
    except ImportError as exc:
        raise ConfigError(NO_PYDANTIC) from exc
    make: Any = typing.TypedDict
    return described(make("Arguments", dict(fields)))


def _tell(
    schema: Json, signature: inspect.Signature, hints: Mapping[str, Any], told: Documentation
) -> None:
    """Put into the schema what is known of each parameter beside its type."""
    schema.pop("title", None)
    source = Source(schema)
    for name, part in (schema.get("properties") or {}).items():
        said = part.get("description") or _noted(hints[name]) or told.parameters.get(name)
        default = signature.parameters[name].default
        notes = [said, _default_note(name, default, nullable=source.allows_null(part))]
        if text := " ".join(filter(None, notes)):
            part["description"] = text
        part.pop("title", None)


def _noted(hint: Any) -> str | None:
    """Return the description in ``Annotated[T, "description"]``."""
    if get_origin(hint) is typing.NotRequired:
        return _noted(get_args(hint)[0])
    if get_origin(hint) is not Annotated:
        return None
    notes = (getattr(note, "documentation", note) for note in hint.__metadata__)
    return next((note for note in notes if isinstance(note, str)), None)


def _default_note(name: str, default: Any, *, nullable: bool) -> str | None:
    """Return what leaving a parameter out means; a long or a secret default stays at home."""
    if default is _EMPTY or default is None:
        return None
    value = default.value if isinstance(default, enum.Enum) else default
    if isinstance(value, str) and not _HARMLESS_DEFAULT.fullmatch(value):
        return None
    if not isinstance(value, bool | int | float | str) or _SECRET.search(name):
        return None
    shown = json.dumps(value, ensure_ascii=False)
    return f"(Default: {shown}.)" if nullable else f"(Default: {shown}; null means the default.)"


def _reason(error: Exception) -> str:
    """Return what is wrong as one line, also for Pydantic's many."""
    details = getattr(error, "errors", None)
    if not callable(details):
        return " ".join(str(error).split())
    found = details(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in found]
    more = f"; and {len(lines) - _SHOWN_PROBLEMS} more" if len(lines) > _SHOWN_PROBLEMS else ""
    return " ".join("; ".join(lines[:_SHOWN_PROBLEMS]).split()) + more


def _why(error: Exception) -> str:
    """Return why a type cannot be described; Pydantic's own advice is for another use."""
    said = str(error).partition("\n")[0].rstrip(".")
    return "JSON has nothing for it" if isinstance(error, TypeError) else said


def _undescribable(name: str, parameter: inspect.Parameter, reason: str) -> str:
    hint = parameter.annotation
    shown = hint if isinstance(hint, str) else getattr(hint, "__name__", None) or str(hint)
    return (
        f"No model can give {parameter.name!r} of {name!r}: {shown} ({reason}). "
        "Use a type that JSON can hold, or wrap it in a function that takes one."
    )
