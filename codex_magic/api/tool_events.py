"""The stream events of tools, of audio and of compaction: only some requests bring them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any, ClassVar

from ..records import dataclass
from .caller_items import ResponseFunctionShellCallOutputContent
from .stream_events import OtherEvent, lenient
from .wire import Json, many, one


@dataclass(frozen=True, slots=True)
class _Progress(OtherEvent):
    output_index: int = 0


@dataclass(frozen=True, slots=True)
class _Delta(OtherEvent):
    delta: str
    output_index: int = 0


class ResponseWebSearchCallInProgressEvent(_Progress):
    """A web search begins."""

    __slots__ = ()
    type: ClassVar[str] = "response.web_search_call.in_progress"


class ResponseWebSearchCallSearchingEvent(_Progress):
    """A web search is under way."""

    __slots__ = ()
    type: ClassVar[str] = "response.web_search_call.searching"


class ResponseWebSearchCallCompletedEvent(_Progress):
    """A web search is done."""

    __slots__ = ()
    type: ClassVar[str] = "response.web_search_call.completed"


class ResponseFileSearchCallInProgressEvent(_Progress):
    """A search of files begins."""

    __slots__ = ()
    type: ClassVar[str] = "response.file_search_call.in_progress"


class ResponseFileSearchCallSearchingEvent(_Progress):
    """A search of files is under way."""

    __slots__ = ()
    type: ClassVar[str] = "response.file_search_call.searching"


class ResponseFileSearchCallCompletedEvent(_Progress):
    """A search of files is done."""

    __slots__ = ()
    type: ClassVar[str] = "response.file_search_call.completed"


class ResponseCodeInterpreterCallInProgressEvent(_Progress):
    """The model begins a program."""

    __slots__ = ()
    type: ClassVar[str] = "response.code_interpreter_call.in_progress"


class ResponseCodeInterpreterCallInterpretingEvent(_Progress):
    """A program runs."""

    __slots__ = ()
    type: ClassVar[str] = "response.code_interpreter_call.interpreting"


class ResponseCodeInterpreterCallCompletedEvent(_Progress):
    """A program has run."""

    __slots__ = ()
    type: ClassVar[str] = "response.code_interpreter_call.completed"


class ResponseImageGenCallInProgressEvent(_Progress):
    """An image begins."""

    __slots__ = ()
    type: ClassVar[str] = "response.image_generation_call.in_progress"


class ResponseImageGenCallGeneratingEvent(_Progress):
    """An image is made."""

    __slots__ = ()
    type: ClassVar[str] = "response.image_generation_call.generating"


class ResponseImageGenCallCompletedEvent(_Progress):
    """An image is done; its item holds it."""

    __slots__ = ()
    type: ClassVar[str] = "response.image_generation_call.completed"


class ResponseMcpCallInProgressEvent(_Progress):
    """A call of an MCP server's tool begins."""

    __slots__ = ()
    type: ClassVar[str] = "response.mcp_call.in_progress"


class ResponseMcpCallCompletedEvent(_Progress):
    """A call of an MCP server's tool is done."""

    __slots__ = ()
    type: ClassVar[str] = "response.mcp_call.completed"


class ResponseMcpCallFailedEvent(_Progress):
    """A call of an MCP server's tool failed."""

    __slots__ = ()
    type: ClassVar[str] = "response.mcp_call.failed"


class ResponseMcpListToolsInProgressEvent(_Progress):
    """An MCP server is asked for its tools."""

    __slots__ = ()
    type: ClassVar[str] = "response.mcp_list_tools.in_progress"


class ResponseMcpListToolsCompletedEvent(_Progress):
    """An MCP server has named its tools."""

    __slots__ = ()
    type: ClassVar[str] = "response.mcp_list_tools.completed"


class ResponseMcpListToolsFailedEvent(_Progress):
    """An MCP server did not name its tools."""

    __slots__ = ()
    type: ClassVar[str] = "response.mcp_list_tools.failed"


class ResponseCompactionCompactingEvent(_Progress):
    """The service compacts the conversation."""

    __slots__ = ()
    type: ClassVar[str] = "response.compaction.compacting"


class ResponseCustomToolCallInputDeltaEvent(_Delta):
    """The next piece of a custom tool's input."""

    __slots__ = ()
    type: ClassVar[str] = "response.custom_tool_call_input.delta"


@dataclass(frozen=True, slots=True)
class ResponseCustomToolCallInputDoneEvent(OtherEvent):
    """A custom tool's input is complete."""

    input: str
    output_index: int = 0
    type: ClassVar[str] = "response.custom_tool_call_input.done"


class ResponseCodeInterpreterCallCodeDeltaEvent(_Delta):
    """The next piece of a program."""

    __slots__ = ()
    type: ClassVar[str] = "response.code_interpreter_call_code.delta"


@dataclass(frozen=True, slots=True)
class ResponseCodeInterpreterCallCodeDoneEvent(OtherEvent):
    """A program is complete."""

    code: str
    output_index: int = 0
    type: ClassVar[str] = "response.code_interpreter_call_code.done"


class ResponseMcpCallArgumentsDeltaEvent(_Delta):
    """The next piece of the arguments for an MCP server's tool."""

    __slots__ = ()
    type: ClassVar[str] = "response.mcp_call_arguments.delta"


@dataclass(frozen=True, slots=True)
class ResponseMcpCallArgumentsDoneEvent(OtherEvent):
    """The arguments for an MCP server's tool are complete."""

    arguments: str
    output_index: int = 0
    type: ClassVar[str] = "response.mcp_call_arguments.done"


@dataclass(frozen=True, slots=True)
class ResponseImageGenCallPartialImageEvent(OtherEvent):
    """An image as far as it is made, in base64."""

    partial_image_b64: str = field(repr=False)
    partial_image_index: int = 0
    output_index: int = 0
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    output_format: str | None = None
    type: ClassVar[str] = "response.image_generation_call.partial_image"


@dataclass(frozen=True, slots=True)
class _Command(OtherEvent):
    command: str
    command_index: int = 0
    output_index: int = 0


class ResponseShellCallCommandAddedEvent(_Command):
    """A command for a shell begins."""

    __slots__ = ()
    type: ClassVar[str] = "response.shell_call_command.added"


@dataclass(frozen=True, slots=True)
class ResponseShellCallCommandDeltaEvent(OtherEvent):
    """The next piece of a command."""

    delta: str
    command_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.shell_call_command.delta"


class ResponseShellCallCommandDoneEvent(_Command):
    """A command is complete."""

    __slots__ = ()
    type: ClassVar[str] = "response.shell_call_command.done"


@dataclass(frozen=True, slots=True)
class ResponseShellCallOutputContentDeltaEvent(OtherEvent):
    """The next piece of what a command writes: ``stdout``, ``stderr``, or both."""

    delta: Json
    command_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.shell_call_output_content.delta"


@dataclass(frozen=True, slots=True)
class ResponseShellCallOutputContentDoneEvent(OtherEvent):
    """What a command wrote is complete."""

    output: Sequence[ResponseFunctionShellCallOutputContent | Json]
    command_index: int = 0
    output_index: int = 0
    type: ClassVar[str] = "response.shell_call_output_content.done"


@dataclass(frozen=True, slots=True)
class ResponseAudioDeltaEvent(OtherEvent):
    """The next piece of sound, in base64."""

    delta: str = field(repr=False)
    type: ClassVar[str] = "response.audio.delta"


@dataclass(frozen=True, slots=True)
class ResponseAudioTranscriptDeltaEvent(OtherEvent):
    """The next piece of what the sound says."""

    delta: str
    type: ClassVar[str] = "response.audio.transcript.delta"


class ResponseAudioDoneEvent(OtherEvent):
    """The sound is complete."""

    __slots__ = ()
    type: ClassVar[str] = "response.audio.done"


class ResponseAudioTranscriptDoneEvent(OtherEvent):
    """What the sound says is complete."""

    __slots__ = ()
    type: ClassVar[str] = "response.audio.transcript.done"


_MEMBERS = {
    ResponseShellCallOutputContentDoneEvent.type: {
        "output": many(one(ResponseFunctionShellCallOutputContent))
    }
}
_VIEWS: tuple[type[OtherEvent], ...] = (
    ResponseWebSearchCallInProgressEvent,
    ResponseWebSearchCallSearchingEvent,
    ResponseWebSearchCallCompletedEvent,
    ResponseFileSearchCallInProgressEvent,
    ResponseFileSearchCallSearchingEvent,
    ResponseFileSearchCallCompletedEvent,
    ResponseCodeInterpreterCallInProgressEvent,
    ResponseCodeInterpreterCallInterpretingEvent,
    ResponseCodeInterpreterCallCompletedEvent,
    ResponseImageGenCallInProgressEvent,
    ResponseImageGenCallGeneratingEvent,
    ResponseImageGenCallCompletedEvent,
    ResponseMcpCallInProgressEvent,
    ResponseMcpCallCompletedEvent,
    ResponseMcpCallFailedEvent,
    ResponseMcpListToolsInProgressEvent,
    ResponseMcpListToolsCompletedEvent,
    ResponseMcpListToolsFailedEvent,
    ResponseCompactionCompactingEvent,
    ResponseCustomToolCallInputDeltaEvent,
    ResponseCustomToolCallInputDoneEvent,
    ResponseCodeInterpreterCallCodeDeltaEvent,
    ResponseCodeInterpreterCallCodeDoneEvent,
    ResponseMcpCallArgumentsDeltaEvent,
    ResponseMcpCallArgumentsDoneEvent,
    ResponseImageGenCallPartialImageEvent,
    ResponseShellCallCommandAddedEvent,
    ResponseShellCallCommandDeltaEvent,
    ResponseShellCallCommandDoneEvent,
    ResponseShellCallOutputContentDeltaEvent,
    ResponseShellCallOutputContentDoneEvent,
    ResponseAudioDeltaEvent,
    ResponseAudioTranscriptDeltaEvent,
    ResponseAudioDoneEvent,
    ResponseAudioTranscriptDoneEvent,
)
TOOL_EVENTS: dict[str, Callable[[Json], Any]] = {
    cls.type: lenient(cls, **_MEMBERS.get(cls.type, {})) for cls in _VIEWS
}
