"""Stream events: a server-sent event becomes a typed one; an unknown type becomes an ``UnknownEvent``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .items import Json, OutputItem, Response, parse_item, parse_response

# What json.loads does for text, without looking each time whether it is text.
_from_json = json.JSONDecoder().decode

TERMINAL = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What every event has: the JSON it came as, with all of its fields."""

    raw: Json = field(default_factory=dict, kw_only=True, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ResponseCreatedEvent(StreamEvent):
    """The service has accepted the request."""

    response: Response
    type: ClassVar[str] = "response.created"


@dataclass(frozen=True, slots=True)
class ResponseQueuedEvent(StreamEvent):
    """The request waits for its turn."""

    response: Response
    type: ClassVar[str] = "response.queued"


@dataclass(frozen=True, slots=True)
class ResponseInProgressEvent(StreamEvent):
    """The model is at work."""

    response: Response
    type: ClassVar[str] = "response.in_progress"


@dataclass(frozen=True, slots=True)
class ResponseCompletedEvent(StreamEvent):
    """The answer is complete."""

    response: Response
    type: ClassVar[str] = "response.completed"


@dataclass(frozen=True, slots=True)
class ResponseFailedEvent(StreamEvent):
    """The service gave up; ``response.error`` says why."""

    response: Response
    type: ClassVar[str] = "response.failed"


@dataclass(frozen=True, slots=True)
class ResponseIncompleteEvent(StreamEvent):
    """The answer ends before its end; ``response.incomplete_details`` says why."""

    response: Response
    type: ClassVar[str] = "response.incomplete"


@dataclass(frozen=True, slots=True)
class ResponseOutputItemAddedEvent(StreamEvent):
    """An item begins."""

    item: OutputItem
    output_index: int = 0
    type: ClassVar[str] = "response.output_item.added"


@dataclass(frozen=True, slots=True)
class ResponseOutputItemDoneEvent(StreamEvent):
    """An item is complete."""

    item: OutputItem
    output_index: int = 0
    type: ClassVar[str] = "response.output_item.done"


@dataclass(frozen=True, slots=True)
class ResponseOutputTextDeltaEvent(StreamEvent):
    """The next piece of the answer's text."""

    delta: str
    content_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.output_text.delta"


@dataclass(frozen=True, slots=True)
class ResponseOutputTextDoneEvent(StreamEvent):
    """A text part is complete."""

    text: str
    content_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.output_text.done"


@dataclass(frozen=True, slots=True)
class ResponseRefusalDeltaEvent(StreamEvent):
    """The next piece of a refusal."""

    delta: str
    content_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.refusal.delta"


@dataclass(frozen=True, slots=True)
class ResponseFunctionCallArgumentsDeltaEvent(StreamEvent):
    """The next piece of a call's arguments."""

    delta: str
    output_index: int = 0
    type: ClassVar[str] = "response.function_call_arguments.delta"


@dataclass(frozen=True, slots=True)
class ResponseFunctionCallArgumentsDoneEvent(StreamEvent):
    """A call's arguments are complete."""

    arguments: str
    output_index: int = 0
    type: ClassVar[str] = "response.function_call_arguments.done"


@dataclass(frozen=True, slots=True)
class ResponseReasoningSummaryTextDeltaEvent(StreamEvent):
    """The next piece of the reasoning summary."""

    delta: str
    summary_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.reasoning_summary_text.delta"


@dataclass(frozen=True, slots=True)
class ResponseReasoningSummaryTextDoneEvent(StreamEvent):
    """A part of the reasoning summary is complete."""

    text: str
    summary_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.reasoning_summary_text.done"


@dataclass(frozen=True, slots=True)
class ResponseReasoningTextDeltaEvent(StreamEvent):
    """The next piece of the reasoning itself, as open models send it."""

    delta: str
    content_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.reasoning_text.delta"


@dataclass(frozen=True, slots=True)
class ErrorEvent(StreamEvent):
    """The service failed in mid-stream."""

    message: str
    code: str | None = None
    param: str | None = None
    type: ClassVar[str] = "error"


@dataclass(frozen=True, slots=True)
class UnknownEvent(StreamEvent):
    """An event that this package has no view for; ``data`` is all of it."""

    type: str
    data: Json = field(default_factory=dict, repr=False)


ResponseStreamEvent = (
    ResponseCreatedEvent
    | ResponseQueuedEvent
    | ResponseInProgressEvent
    | ResponseCompletedEvent
    | ResponseFailedEvent
    | ResponseIncompleteEvent
    | ResponseOutputItemAddedEvent
    | ResponseOutputItemDoneEvent
    | ResponseOutputTextDeltaEvent
    | ResponseOutputTextDoneEvent
    | ResponseRefusalDeltaEvent
    | ResponseFunctionCallArgumentsDeltaEvent
    | ResponseFunctionCallArgumentsDoneEvent
    | ResponseReasoningSummaryTextDeltaEvent
    | ResponseReasoningSummaryTextDoneEvent
    | ResponseReasoningTextDeltaEvent
    | ErrorEvent
    | UnknownEvent
)


def decode(name: str, text: str) -> Json | None:
    """
    Return the JSON of one server-sent event, with its type filled in, or None for what is none.

    ``data.type`` counts; the event's name is only used where it is missing (proxies leave out
    either). A bare ``{"error": …}`` is an error event.
    """
    try:
        data = _from_json(text)
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    if "type" not in data:
        data["type"] = "error" if "error" in data else name
    return data


def parse_event(data: Json) -> ResponseStreamEvent:
    """
    Return the typed view of an event.

    Raises:
        KeyError, TypeError, AttributeError: A field that its type cannot do without is missing
            or of another type.
    """
    kind = data["type"]
    parse = _EVENTS.get(kind) if isinstance(kind, str) else None
    return parse(data) if parse else UnknownEvent(str(kind), data, raw=data)


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
    code = found.get("code") or found.get("type")
    return ErrorEvent(
        message=str(found.get("message") or code or "the service reported an error"),
        code=None if code in (None, "error") else str(code),
        param=found.get("param"),
        raw=data,
    )


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
    "error": _error,
}
