"""The stream events of an answer's text, reasoning and function calls, and what all events have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

from ..records import dataclass
from .content import OutputContent
from .items import Response
from .output_items import OutputItem, ReasoningSummary
from .wire import Json, field_names

if TYPE_CHECKING:
    from .annotations import Annotation


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What every event has: the JSON it came as, with all of its fields."""

    raw: Json = field(default_factory=dict, kw_only=True, repr=False, compare=False)

    @property
    def sequence_number(self) -> int | None:
        """Its place in the stream, where the service counts."""
        return self.raw.get("sequence_number")

    @property
    def item_id(self) -> str | None:
        """The id of the item that it speaks of, if it speaks of one."""
        return self.raw.get("item_id")


@dataclass(frozen=True, slots=True)
class OtherEvent(StreamEvent):
    """
    An event that few streams hold: of a tool, of audio, of compaction.

    Its views are in ``tool_events``, which is loaded when the first of them comes.
    """

    type: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class UnknownEvent(StreamEvent):
    """An event that this package has no view for; ``data`` is all of it."""

    type: str
    data: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class _Lifecycle(StreamEvent):
    response: Response


class ResponseCreatedEvent(_Lifecycle):
    """The service has accepted the request."""

    __slots__ = ()
    type: ClassVar[str] = "response.created"


class ResponseQueuedEvent(_Lifecycle):
    """The request waits for its turn."""

    __slots__ = ()
    type: ClassVar[str] = "response.queued"


class ResponseInProgressEvent(_Lifecycle):
    """The model is at work."""

    __slots__ = ()
    type: ClassVar[str] = "response.in_progress"


class ResponseCompletedEvent(_Lifecycle):
    """The answer is complete."""

    __slots__ = ()
    type: ClassVar[str] = "response.completed"


class ResponseFailedEvent(_Lifecycle):
    """The service gave up; ``response.error`` says why."""

    __slots__ = ()
    type: ClassVar[str] = "response.failed"


class ResponseIncompleteEvent(_Lifecycle):
    """The answer ends before its end; ``response.incomplete_details`` says why."""

    __slots__ = ()
    type: ClassVar[str] = "response.incomplete"


@dataclass(frozen=True, slots=True)
class _Item(StreamEvent):
    item: OutputItem
    output_index: int = 0


class ResponseOutputItemAddedEvent(_Item):
    """An item begins."""

    __slots__ = ()
    type: ClassVar[str] = "response.output_item.added"


class ResponseOutputItemDoneEvent(_Item):
    """An item is complete."""

    __slots__ = ()
    type: ClassVar[str] = "response.output_item.done"


@dataclass(frozen=True, slots=True)
class _ContentPart(StreamEvent):
    part: OutputContent
    content_index: int = 0
    output_index: int = 0


class ResponseContentPartAddedEvent(_ContentPart):
    """A part of an item begins."""

    __slots__ = ()
    type: ClassVar[str] = "response.content_part.added"


class ResponseContentPartDoneEvent(_ContentPart):
    """A part of an item is complete."""

    __slots__ = ()
    type: ClassVar[str] = "response.content_part.done"


@dataclass(frozen=True, slots=True)
class _PartDelta(StreamEvent):
    delta: str
    content_index: int = 0
    output_index: int = 0


class ResponseOutputTextDeltaEvent(_PartDelta):
    """The next piece of the answer's text."""

    __slots__ = ()
    type: ClassVar[str] = "response.output_text.delta"

    @property
    def logprobs(self) -> Sequence[Json] | None:
        """How likely its tokens were, if ``include`` asks for it."""
        return self.raw.get("logprobs")


@dataclass(frozen=True, slots=True)
class _PartText(StreamEvent):
    text: str
    content_index: int = 0
    output_index: int = 0


class ResponseOutputTextDoneEvent(_PartText):
    """A text part is complete."""

    __slots__ = ()
    type: ClassVar[str] = "response.output_text.done"

    @property
    def logprobs(self) -> Sequence[Json] | None:
        """How likely its tokens were, if ``include`` asks for it."""
        return self.raw.get("logprobs")


@dataclass(frozen=True, slots=True)
class ResponseOutputTextAnnotationAddedEvent(StreamEvent):
    """The text cites something."""

    annotation: Annotation
    annotation_index: int = 0
    content_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.output_text.annotation.added"


class ResponseRefusalDeltaEvent(_PartDelta):
    """The next piece of a refusal."""

    __slots__ = ()
    type: ClassVar[str] = "response.refusal.delta"


@dataclass(frozen=True, slots=True)
class ResponseRefusalDoneEvent(StreamEvent):
    """A refusal is complete."""

    refusal: str
    content_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.refusal.done"


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
class _SummaryPart(StreamEvent):
    part: ReasoningSummary | Json
    summary_index: int = 0
    output_index: int = 0
    status: str | None = None


class ResponseReasoningSummaryPartAddedEvent(_SummaryPart):
    """A part of the reasoning summary begins."""

    __slots__ = ()
    type: ClassVar[str] = "response.reasoning_summary_part.added"


class ResponseReasoningSummaryPartDoneEvent(_SummaryPart):
    """A part of the reasoning summary is complete; ``status`` may say that it is not."""

    __slots__ = ()
    type: ClassVar[str] = "response.reasoning_summary_part.done"


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


class ResponseReasoningTextDeltaEvent(_PartDelta):
    """The next piece of the reasoning itself, as open models send it."""

    __slots__ = ()
    type: ClassVar[str] = "response.reasoning_text.delta"


class ResponseReasoningTextDoneEvent(_PartText):
    """A part of the reasoning itself is complete."""

    __slots__ = ()
    type: ClassVar[str] = "response.reasoning_text.done"


@dataclass(frozen=True, slots=True)
class ErrorEvent(StreamEvent):
    """The service failed in mid-stream."""

    message: str
    code: str | None = None
    param: str | None = None
    type: ClassVar[str] = "error"


def lenient(cls: Callable[..., Any], **members: Callable[[Any], Any]) -> Callable[[Json], Any]:
    """
    Return the way from JSON to a ``cls``, and to an ``UnknownEvent`` where a field is missing or odd.

    No answer breaks off because of an event that it can do without.
    """
    names = field_names(cls)

    def parse(data: Json) -> Any:
        known = {name: data[name] for name in names if data.get(name) is not None}
        try:
            for name, member in members.items():
                if name in known:
                    known[name] = member(known[name])
            return cls(**known, raw=data)
        except (TypeError, AttributeError):
            return UnknownEvent(str(data["type"]), data, raw=data)

    return parse
