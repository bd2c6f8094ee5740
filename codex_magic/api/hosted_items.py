"""Items of the tools that the service runs: searches, code, images, MCP servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from ..records import dataclass
from .wire import Json, OtherItem, Wire, by_type, many, one


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSearchSource(Wire):
    """A page that a web search found."""

    url: str
    type: str = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSearch(Wire):
    """A search of the web."""

    query: str | None = None
    queries: Sequence[str] | None = None
    sources: Sequence[ActionSearchSource | Json] | None = field(default=None, repr=False)
    type: str = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOpenPage(Wire):
    """The opening of a page."""

    url: str | None = None
    type: str = "open_page"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFind(Wire):
    """A search within a page."""

    pattern: str | None = None
    url: str | None = None
    type: str = "find_in_page"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFunctionWebSearch(OtherItem):
    """A web search."""

    action: ActionSearch | ActionOpenPage | ActionFind | Json | None = None
    status: str | None = None
    type: str = "web_search_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Wire):
    """A piece of a file that a file search found."""

    file_id: str | None = None
    filename: str | None = None
    score: float | None = None
    text: str | None = field(default=None, repr=False)
    attributes: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFileSearchToolCall(OtherItem):
    """A search of the caller's files."""

    queries: Sequence[str] = ()
    status: str | None = None
    results: Sequence[Result | Json] | None = field(default=None, repr=False)
    type: str = "file_search_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLogs(Wire):
    """What a program wrote."""

    logs: str
    type: str = "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputImage(Wire):
    """An image that a program drew."""

    url: str
    type: str = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCodeInterpreterToolCall(OtherItem):
    """A program that the model ran."""

    code: str | None = None
    container_id: str | None = None
    outputs: Sequence[OutputLogs | OutputImage | Json] | None = field(default=None, repr=False)
    status: str | None = None
    type: str = "code_interpreter_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageGenerationCall(OtherItem):
    """An image; ``result`` is its bytes in base64."""

    result: str | None = field(default=None, repr=False)
    status: str | None = None
    revised_prompt: str | None = None
    action: str | None = None
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
    error: Json | None = None
    type: str = "image_generation_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsTool(Wire):
    """A tool of an MCP server."""

    name: str
    input_schema: Any = field(default=None, repr=False)
    description: str | None = None
    annotations: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListTools(OtherItem):
    """The tools of an MCP server."""

    server_label: str | None = None
    tools: Sequence[McpListToolsTool | Json] = ()
    error: Any = None
    type: str = "mcp_list_tools"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpApprovalRequest(OtherItem):
    """A call of an MCP server's tool that waits for a ``McpApprovalResponse``."""

    name: str
    arguments: str = ""
    server_label: str | None = None
    type: str = "mcp_approval_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpApprovalResponse(OtherItem):
    """The answer to a ``McpApprovalRequest``, which ``approval_request_id`` names."""

    approval_request_id: str
    approve: bool
    reason: str | None = None
    type: str = "mcp_approval_response"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCall(OtherItem):
    """A call of an MCP server's tool, and what it gave back."""

    name: str
    arguments: str = ""
    server_label: str | None = None
    output: str | None = field(default=None, repr=False)
    error: Any = None
    status: str | None = None
    approval_request_id: str | None = None
    type: str = "mcp_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseToolSearchCall(OtherItem):
    """A search of the tools that are loaded when they are wanted."""

    arguments: Any = None
    call_id: str | None = None
    execution: str | None = None
    status: str | None = None
    type: str = "tool_search_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseToolSearchOutputItem(OtherItem):
    """The tools that a search found."""

    tools: Sequence[Json] = ()
    call_id: str | None = None
    execution: str | None = None
    status: str | None = None
    type: str = "tool_search_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(OtherItem):
    """A program that calls tools; ``fingerprint`` goes back as it came."""

    call_id: str
    code: str = ""
    fingerprint: str | None = field(default=None, repr=False)
    type: str = "program"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOutput(OtherItem):
    """What a ``Program`` gave back."""

    call_id: str
    result: str = ""
    status: str | None = None
    type: str = "program_output"


_ACTIONS = {
    "search": one(ActionSearch, sources=many(one(ActionSearchSource))),
    "open_page": one(ActionOpenPage),
    "find_in_page": one(ActionFind),
}
_OUTPUTS = {"logs": one(OutputLogs), "image": one(OutputImage)}

HOSTED_ITEMS = {
    "web_search_call": one(ResponseFunctionWebSearch, action=by_type(_ACTIONS)),
    "file_search_call": one(ResponseFileSearchToolCall, results=many(one(Result))),
    "code_interpreter_call": one(ResponseCodeInterpreterToolCall, outputs=many(by_type(_OUTPUTS))),
    "image_generation_call": one(ImageGenerationCall),
    "mcp_list_tools": one(McpListTools, tools=many(one(McpListToolsTool))),
    "mcp_approval_request": one(McpApprovalRequest),
    "mcp_approval_response": one(McpApprovalResponse),
    "mcp_call": one(McpCall),
    "tool_search_call": one(ResponseToolSearchCall),
    "tool_search_output": one(ResponseToolSearchOutputItem),
    "program": one(Program),
    "program_output": one(ProgramOutput),
}
