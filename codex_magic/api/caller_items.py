"""Items of the calls that the caller answers: custom tools, shells, patches, the computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from ..records import dataclass
from .content import ContentPart, parse_input_content
from .wire import Json, OtherItem, Wire, many, one


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCustomToolCall(OtherItem):
    """A call of a custom tool; ``input`` is free text."""

    call_id: str
    name: str
    input: str = ""
    status: str | None = None
    namespace: str | None = None
    caller: Json | None = field(default=None, repr=False)
    type: str = "custom_tool_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCustomToolCallOutput(OtherItem):
    """What a custom tool gave back."""

    call_id: str
    output: str | Sequence[ContentPart | Json] = ""
    status: str | None = None
    caller: Json | None = field(default=None, repr=False)
    type: str = "custom_tool_call_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFunctionToolCallOutputItem(OtherItem):
    """What a function gave back, as the service remembers it; ``FunctionCallOutput`` sends it."""

    output: str | Sequence[ContentPart | Json] = ""
    call_id: str | None = None
    status: str | None = None
    name: str | None = None
    namespace: str | None = None
    caller: Json | None = field(default=None, repr=False)
    type: str = "function_call_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalShellCallAction(Wire):
    """A command, as a list of words."""

    command: Sequence[str] = ()
    env: Json = field(default_factory=dict)
    timeout_ms: int | None = None
    user: str | None = None
    working_directory: str | None = None
    type: str = "exec"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalShellCall(OtherItem):
    """A command for the caller's shell."""

    call_id: str
    action: LocalShellCallAction | Json | None = None
    status: str | None = None
    type: str = "local_shell_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalShellCallOutput(OtherItem):
    """What a ``LocalShellCall`` gave back; ``id`` pairs them."""

    output: str = ""
    status: str | None = None
    type: str = "local_shell_call_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Wire):
    """Commands, each a line for a shell."""

    commands: Sequence[str] = ()
    max_output_length: int | None = None
    timeout_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFunctionShellToolCall(OtherItem):
    """Commands for a shell."""

    call_id: str
    action: Action | Json | None = None
    environment: Json | None = None
    status: str | None = None
    caller: Json | None = field(default=None, repr=False)
    type: str = "shell_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFunctionShellCallOutputContent(Wire):
    """What one command wrote; ``outcome`` says how it ended."""

    stdout: str = ""
    stderr: str = ""
    outcome: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFunctionShellToolCallOutput(OtherItem):
    """What the commands of a ``ResponseFunctionShellToolCall`` wrote."""

    call_id: str
    output: Sequence[ResponseFunctionShellCallOutputContent | Json] = field(default=(), repr=False)
    max_output_length: int | None = None
    status: str | None = None
    caller: Json | None = field(default=None, repr=False)
    type: str = "shell_call_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Wire):
    """A change of one file: ``type`` is create_file, update_file or delete_file."""

    type: str
    path: str
    diff: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseApplyPatchToolCall(OtherItem):
    """A change of a file."""

    call_id: str
    operation: Operation | Json | None = None
    status: str | None = None
    caller: Json | None = field(default=None, repr=False)
    type: str = "apply_patch_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseApplyPatchToolCallOutput(OtherItem):
    """Whether a change of a file succeeded."""

    call_id: str
    status: str | None = None
    output: str | None = None
    caller: Json | None = field(default=None, repr=False)
    type: str = "apply_patch_call_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSafetyCheck(Wire):
    """A warning that the caller has to acknowledge."""

    id: str
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseComputerToolCall(OtherItem):
    """Actions on a screen: ``action``, or several as ``actions``."""

    call_id: str
    action: Json | None = None
    actions: Sequence[Json] | None = None
    pending_safety_checks: Sequence[PendingSafetyCheck | Json] = ()
    status: str | None = None
    type: str = "computer_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseComputerToolCallOutputScreenshot(Wire):
    """A picture of the screen."""

    image_url: str | None = field(default=None, repr=False)
    file_id: str | None = None
    type: str = "computer_screenshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseComputerToolCallOutputItem(OtherItem):
    """The screen after a ``ResponseComputerToolCall``."""

    call_id: str
    output: ResponseComputerToolCallOutputScreenshot | Json | None = None
    acknowledged_safety_checks: Sequence[PendingSafetyCheck | Json] | None = None
    status: str | None = None
    type: str = "computer_call_output"


def _output(value: Any) -> Any:
    """Return the parts of an output; a plain text stays one."""
    return many(parse_input_content)(value)


_CHECKS = many(one(PendingSafetyCheck))
_WRITTEN = many(one(ResponseFunctionShellCallOutputContent))

CALLER_ITEMS = {
    "custom_tool_call": one(ResponseCustomToolCall),
    "custom_tool_call_output": one(ResponseCustomToolCallOutput, output=_output),
    "function_call_output": one(ResponseFunctionToolCallOutputItem, output=_output),
    "local_shell_call": one(LocalShellCall, action=one(LocalShellCallAction)),
    "local_shell_call_output": one(LocalShellCallOutput),
    "shell_call": one(ResponseFunctionShellToolCall, action=one(Action)),
    "shell_call_output": one(ResponseFunctionShellToolCallOutput, output=_WRITTEN),
    "apply_patch_call": one(ResponseApplyPatchToolCall, operation=one(Operation)),
    "apply_patch_call_output": one(ResponseApplyPatchToolCallOutput),
    "computer_call": one(ResponseComputerToolCall, pending_safety_checks=_CHECKS),
    "computer_call_output": one(
        ResponseComputerToolCallOutputItem,
        output=one(ResponseComputerToolCallOutputScreenshot),
        acknowledged_safety_checks=_CHECKS,
    ),
}
