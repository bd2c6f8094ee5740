"""Stream events: a server-sent event becomes a typed one; an unknown type becomes an ``UnknownEvent``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from json.scanner import make_scanner
from typing import Any, cast

from .content import parse_content
from .items import parse_response
from .output_items import ReasoningSummary, parse_item
from .stream_events import (
    ErrorEvent,
    OtherEvent,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseFailedEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseIncompleteEvent,
    ResponseInProgressEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputTextAnnotationAddedEvent,
    ResponseOutputTextDeltaEvent,
    ResponseOutputTextDoneEvent,
    ResponseQueuedEvent,
    ResponseReasoningSummaryPartAddedEvent,
    ResponseReasoningSummaryPartDoneEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseReasoningSummaryTextDoneEvent,
    ResponseReasoningTextDeltaEvent,
    ResponseReasoningTextDoneEvent,
    ResponseRefusalDeltaEvent,
    ResponseRefusalDoneEvent,
    StreamEvent,
    UnknownEvent,
    lenient,
)
from .wire import Json, by_type, one

# What json.loads does for text, without looking each time whether it is text, and first without
# looking for white space around it, as nearly every event comes.
_from_json = json.JSONDecoder().decode
_scan: Callable[[str, int], tuple[Any, int]] = make_scanner(cast(Any, json.JSONDecoder()))

TERMINAL = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)

ResponseStreamEvent = (
    ResponseCreatedEvent
    | ResponseQueuedEvent
    | ResponseInProgressEvent
    | ResponseCompletedEvent
    | ResponseFailedEvent
    | ResponseIncompleteEvent
    | ResponseOutputItemAddedEvent
    | ResponseOutputItemDoneEvent
    | ResponseContentPartAddedEvent
    | ResponseContentPartDoneEvent
    | ResponseOutputTextDeltaEvent
    | ResponseOutputTextDoneEvent
    | ResponseOutputTextAnnotationAddedEvent
    | ResponseRefusalDeltaEvent
    | ResponseRefusalDoneEvent
    | ResponseFunctionCallArgumentsDeltaEvent
    | ResponseFunctionCallArgumentsDoneEvent
    | ResponseReasoningSummaryPartAddedEvent
    | ResponseReasoningSummaryPartDoneEvent
    | ResponseReasoningSummaryTextDeltaEvent
    | ResponseReasoningSummaryTextDoneEvent
    | ResponseReasoningTextDeltaEvent
    | ResponseReasoningTextDoneEvent
    | ErrorEvent
    | OtherEvent
    | UnknownEvent
)

# The names of the official SDK, where they are others.
ResponseTextDeltaEvent = ResponseOutputTextDeltaEvent
ResponseTextDoneEvent = ResponseOutputTextDoneEvent
ResponseErrorEvent = ErrorEvent

__all__ = [
    "TERMINAL",
    "ErrorEvent",
    "OtherEvent",
    "ResponseCompletedEvent",
    "ResponseContentPartAddedEvent",
    "ResponseContentPartDoneEvent",
    "ResponseCreatedEvent",
    "ResponseErrorEvent",
    "ResponseFailedEvent",
    "ResponseFunctionCallArgumentsDeltaEvent",
    "ResponseFunctionCallArgumentsDoneEvent",
    "ResponseInProgressEvent",
    "ResponseIncompleteEvent",
    "ResponseOutputItemAddedEvent",
    "ResponseOutputItemDoneEvent",
    "ResponseOutputTextAnnotationAddedEvent",
    "ResponseOutputTextDeltaEvent",
    "ResponseOutputTextDoneEvent",
    "ResponseQueuedEvent",
    "ResponseReasoningSummaryPartAddedEvent",
    "ResponseReasoningSummaryPartDoneEvent",
    "ResponseReasoningSummaryTextDeltaEvent",
    "ResponseReasoningSummaryTextDoneEvent",
    "ResponseReasoningTextDeltaEvent",
    "ResponseReasoningTextDoneEvent",
    "ResponseRefusalDeltaEvent",
    "ResponseRefusalDoneEvent",
    "ResponseStreamEvent",
    "ResponseTextDeltaEvent",
    "ResponseTextDoneEvent",
    "StreamEvent",
    "UnknownEvent",
    "decode",
    "error_fields",
    "parse_event",
    "seen_event",
]


def decode(name: str, text: str) -> Json | None:
    """
    Return the JSON of one server-sent event, with its type filled in, or None for what is none.

    ``data.type`` counts; the event's name is only used where it is missing (proxies leave out
    either). A bare ``{"error": …}`` is an error event.
    """
    try:
        data, end = _scan(text, 0)
        if end != len(text):
            data = _from_json(text)
    except (StopIteration, ValueError):
        data = _spaced_json(text)
    if not isinstance(data, dict):
        return None
    if "type" not in data:
        data["type"] = "error" if "error" in data else name
    return data


def _spaced_json(text: str) -> Any:
    """Return the JSON that white space stands before, or None for what is none."""
    try:
        return _from_json(text)
    except ValueError:
        return None


def parse_event(data: Json) -> ResponseStreamEvent:
    """
    Return the typed view of an event.

    Raises:
        KeyError, TypeError, AttributeError: A field that its type cannot do without is missing
            or of another type.
    """
    kind = data["type"]
    parse = _EVENTS.get(kind) if isinstance(kind, str) else None
    return parse(data) if parse else _other(kind, data)


def _other(kind: Any, data: Json) -> ResponseStreamEvent:
    parse = _tool_events().get(kind) if isinstance(kind, str) else None
    event: ResponseStreamEvent = parse(data) if parse else UnknownEvent(str(kind), data, raw=data)
    return event


@cache
def _tool_events() -> dict[str, Callable[[Json], Any]]:
    from .tool_events import TOOL_EVENTS  # Most streams hold none.

    return TOOL_EVENTS


def seen_event(name: str, text: str) -> ResponseStreamEvent:
    """Return the typed view of a server-sent event that has been one before."""
    data = decode(name, text)
    assert data is not None
    return parse_event(data)


def error_fields(data: Json) -> Json:
    """Return the object that holds ``message`` and ``code``: nested or flat, services send both."""
    nested = data.get("error")
    if isinstance(nested, dict):
        return nested
    return {"message": nested} if isinstance(nested, str) else data


def _text_delta(data: Json) -> ResponseStreamEvent:
    return ResponseOutputTextDeltaEvent(
        data["delta"], data.get("content_index", 0), data.get("output_index", 0), raw=data
    )


def _lifecycle(cls: Callable[..., Any]) -> Callable[[Json], ResponseStreamEvent]:
    def parse(data: Json) -> ResponseStreamEvent:
        event: ResponseStreamEvent = cls(parse_response(data["response"]), raw=data)
        return event

    return parse


def _item(cls: Callable[..., Any]) -> Callable[[Json], ResponseStreamEvent]:
    def parse(data: Json) -> ResponseStreamEvent:
        # The official accumulator tolerates an item that is null when it begins; so does this.
        item = parse_item(data.get("item") or {})
        event: ResponseStreamEvent = cls(item, data.get("output_index", 0), raw=data)
        return event

    return parse


def _words(
    cls: Callable[..., Any], required: str, *optional: str
) -> Callable[[Json], ResponseStreamEvent]:
    def parse(data: Json) -> ResponseStreamEvent:
        event: ResponseStreamEvent = cls(
            data[required], *[data.get(name, 0) for name in optional], raw=data
        )
        return event

    return parse


def _error(data: Json) -> ResponseStreamEvent:
    found = error_fields(data)
    given = found.get("code") or found.get("type")
    code = None if given in (None, "error") else str(given)
    unsaid = f"The service reported an error in its answer{f' ({code})' if code else ''}."
    return ErrorEvent(
        message=str(found.get("message") or f"{unsaid} Ask again, or another model."),
        code=code,
        param=found.get("param"),
        raw=data,
    )


def _part(value: Any) -> Any:
    return parse_content(value) if isinstance(value, dict) else value


def _annotation(value: Any) -> Any:
    from .annotations import parse_annotation  # Most answers cite nothing.

    return parse_annotation(value)


_summary_part = by_type({"summary_text": one(ReasoningSummary)})

_EVENTS: dict[str, Callable[[Json], ResponseStreamEvent]] = {
    "response.output_text.delta": _text_delta,
    "response.created": _lifecycle(ResponseCreatedEvent),
    "response.queued": _lifecycle(ResponseQueuedEvent),
    "response.in_progress": _lifecycle(ResponseInProgressEvent),
    "response.completed": _lifecycle(ResponseCompletedEvent),
    "response.failed": _lifecycle(ResponseFailedEvent),
    "response.incomplete": _lifecycle(ResponseIncompleteEvent),
    "response.output_item.added": _item(ResponseOutputItemAddedEvent),
    "response.output_item.done": _item(ResponseOutputItemDoneEvent),
    "response.output_text.done": _words(
        ResponseOutputTextDoneEvent, "text", "content_index", "output_index"
    ),
    "response.refusal.delta": _words(
        ResponseRefusalDeltaEvent, "delta", "content_index", "output_index"
    ),
    "response.function_call_arguments.delta": _words(
        ResponseFunctionCallArgumentsDeltaEvent, "delta", "output_index"
    ),
    "response.function_call_arguments.done": _words(
        ResponseFunctionCallArgumentsDoneEvent, "arguments", "output_index"
    ),
    "response.reasoning_summary_text.delta": _words(
        ResponseReasoningSummaryTextDeltaEvent, "delta", "summary_index", "output_index"
    ),
    "response.reasoning_summary_text.done": _words(
        ResponseReasoningSummaryTextDoneEvent, "text", "summary_index", "output_index"
    ),
    "response.reasoning_text.delta": _words(
        ResponseReasoningTextDeltaEvent, "delta", "content_index", "output_index"
    ),
    "response.refusal.done": lenient(ResponseRefusalDoneEvent),
    "response.reasoning_text.done": lenient(ResponseReasoningTextDoneEvent),
    "response.content_part.added": lenient(ResponseContentPartAddedEvent, part=_part),
    "response.content_part.done": lenient(ResponseContentPartDoneEvent, part=_part),
    "response.reasoning_summary_part.added": lenient(
        ResponseReasoningSummaryPartAddedEvent, part=_summary_part
    ),
    "response.reasoning_summary_part.done": lenient(
        ResponseReasoningSummaryPartDoneEvent, part=_summary_part
    ),
    "response.output_text.annotation.added": lenient(
        ResponseOutputTextAnnotationAddedEvent, annotation=_annotation
    ),
    "error": _error,
}
