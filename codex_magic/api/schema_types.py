"""Python types as Pydantic knows them: the one importer of pydantic."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typing_extensions
from pydantic import TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from .items import Json

_MARKS = (typing_extensions.Required, typing_extensions.NotRequired)


class _Quiet(GenerateJsonSchema):
    """A generator that does not warn of defaults that are no JSON: a strict schema has none."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Say nothing."""


def described(wanted: Any) -> tuple[Json, Callable[[Any], Any]]:
    """
    Return the JSON schema of a type, and what makes a value of it from decoded JSON.

    Raises:
        TypeError: Pydantic knows no schema for it.
    """
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(_known(wanted))
        schema = adapter.json_schema(schema_generator=_Quiet)
    except (PydanticUserError, PydanticUndefinedAnnotation) as exc:
        raise TypeError(str(exc)) from exc
    return schema, partial(_validated, adapter)


def _validated(adapter: TypeAdapter[Any], value: Any) -> Any:
    # From JSON, because what is decoded already is taken less generously: no set from a list.
    return adapter.validate_json(json.dumps(value))


def _known(hint: Any) -> Any:
    """Return a type as Pydantic takes it: before Python 3.12, not with the standard TypedDict."""
    if sys.version_info >= (3, 12):
        return hint
    if typing_extensions.is_typeddict(hint) and type(hint).__module__ == "typing":
        return _typed_dict(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal or not arguments:
        return hint
    if origin is Annotated:
        return Annotated[(_known(arguments[0]), *arguments[1:])]
    known = tuple(_known(argument) for argument in arguments)
    if known == arguments:
        return hint
    return reduce(or_, known) if origin in (Union, UnionType) else origin[known]


def _typed_dict(hint: Any) -> Any:
    make: Any = typing_extensions.TypedDict
    hints = get_type_hints(hint, include_extras=True)
    made = make(hint.__name__, {name: _field(hint, name, hints[name]) for name in hints})
    made.__doc__, made.__module__ = hint.__doc__, hint.__module__
    return made


def _field(hint: Any, name: str, field: Any) -> Any:
    if get_origin(field) in _MARKS:
        return get_origin(field)[_known(get_args(field)[0])]
    required = name in hint.__required_keys__
    mark: Any = typing_extensions.Required if required else typing_extensions.NotRequired
    return mark[_known(field)]
