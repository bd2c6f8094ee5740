"""A question whose answer is to become a value: its parameters, and how its text is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .backends import Backend
from .items import Response, to_json
from .requests import warn

if TYPE_CHECKING:
    from .parsed import ParsedResponse
    from .schema import Target

_T = TypeVar("_T")


@overload
def announced(wanted: type[_T]) -> Target[_T]: ...
@overload
def announced(wanted: Any) -> Target[Any]: ...
def announced(wanted: Any) -> Target[Any]:
    """Return what an answer is to become; warn where no service can enforce it."""
    from .schema import target_of  # Few questions have a form.

    target: Target[Any] = target_of(wanted)
    if target.warning:
        warn(target.warning)
    return target


def with_target(params: Mapping[str, Any], target: Target[Any]) -> dict[str, Any]:
    """
    Return the parameters of a question whose answer is to become ``target``.

    Raises:
        TypeError: They name another format of the text, or ask for events.
    """
    if params.get("stream"):
        raise TypeError("parse() gives no events: use stream(text_format=…), without stream=.")
    text = to_json(params.get("text")) or {}
    if text.get("format") is not None or "type" in text:
        raise TypeError("text_format sets text.format: give one of them.")
    return {**params, "text": {**text, "format": target.format}}


def parsed_by(backend: Backend, response: Response, target: Target[_T]) -> ParsedResponse[_T]:
    """Return a response with its value; what a service does not enforce is read with patience."""
    from .parsed import parsed_response

    lenient = backend.enforces_schema != "yes" or not target.strictness.strict
    return parsed_response(response, target, lenient=lenient)
