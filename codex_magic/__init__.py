"""
Ask an OpenAI model from a notebook cell.

In a notebook::

    %load_ext codex_magic

    %%codex -v df -f
    Why do the two curves cross at 0.3?

In Python::

    from codex_magic import ask, CodexClient

    reply = ask("Why?", vars=["df"])  # goes on with the notebook's conversation
    reply.text, reply.usage, reply.response
    response = CodexClient().responses.create(model="gpt-5.6-terra", input="Hello!")  # the bare API

``%codex help`` lists commands and options. What you will look for first:

ask, aask
    One question, in Python code; they take the options of ``%%codex`` as keywords.
tool
    Marks a function that the model may call.
CodexClient, AsyncCodexClient
    The Responses API, typed: ``responses``, ``conversations`` and ``models``, each with the calls of
    OpenAI's own package. ``OpenAI`` and ``AsyncOpenAI`` are the same clients under its names.
InputMessage, InputText, InputImage, InputFile, FunctionTool, Reasoning, TextConfig
    What goes into a request.
Response, Usage, OutputText, …
    What comes back; ``Response`` and ``Reply`` show themselves as a cell's last value.
ResponseStreamEvent
    Any event of a stream. ``InputItem``, ``OutputItem``, ``ContentPart``, ``Annotation``,
    ``OutputContent``, ``FormatConfig`` and ``Tool`` are unions of types, too, for annotations.
CodexError
    Base class of every error: ``APIError`` (the service, or the way to it), ``AnswerError`` (what was
    asked for is not in the answer), ``SchemaError``, ``ConfigError``, ``ContextError`` and
    ``ToolError``. ``help("codex_magic.errors")`` draws the tree. An interrupt is an
    ``AnswerInterrupted``, which ``except Exception`` lets through.
login, start_login, finish_login, get_token, refresh, …
    A ChatGPT login, for those who ask for one.

Importing this package imports nothing heavy: every name is looked up when it is first used.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.annotations import (
        Annotation,
        AnnotationContainerFileCitation,
        AnnotationFileCitation,
        AnnotationFilePath,
        AnnotationURLCitation,
    )
    from .api.caller_items import (
        LocalShellCall,
        LocalShellCallOutput,
        ResponseApplyPatchToolCall,
        ResponseApplyPatchToolCallOutput,
        ResponseComputerToolCall,
        ResponseComputerToolCallOutputItem,
        ResponseCustomToolCall,
        ResponseCustomToolCallOutput,
        ResponseFunctionShellToolCall,
        ResponseFunctionShellToolCallOutput,
        ResponseFunctionToolCallOutputItem,
    )
    from .api.client import (
        AsyncCodexClient,
        AsyncOpenAI,
        CodexClient,
        OpenAI,
    )
    from .api.context_items import (
        AdditionalTools,
        CompactionTrigger,
        ItemReference,
        ResponseCompactionItem,
        ResponseConfigurationUpdateItem,
        ResponseInputMessageItem,
    )
    from .api.conversations import (
        Conversation,
        ConversationDeleted,
    )
    from .api.events import (
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
        ResponseStreamEvent,
        StreamEvent,
        UnknownEvent,
    )
    from .api.hosted_items import (
        ImageGenerationCall,
        McpApprovalRequest,
        McpApprovalResponse,
        McpCall,
        McpListTools,
        Program,
        ProgramOutput,
        ResponseCodeInterpreterToolCall,
        ResponseFileSearchToolCall,
        ResponseFunctionWebSearch,
        ResponseToolSearchCall,
        ResponseToolSearchOutputItem,
    )
    from .api.items import (
        ContentPart,
        FormatConfig,
        FunctionCallOutput,
        FunctionTool,
        InputFile,
        InputImage,
        InputItem,
        InputMessage,
        InputText,
        InputTokensDetails,
        OtherItem,
        OutputContent,
        OutputItem,
        OutputRefusal,
        OutputText,
        OutputTokensDetails,
        Reasoning,
        ReasoningSummary,
        Response,
        ResponseError,
        ResponseFormatJsonObject,
        ResponseFormatJsonSchema,
        ResponseFormatText,
        ResponseFunctionToolCall,
        ResponseOutputMessage,
        ResponseReasoningItem,
        TextConfig,
        Tool,
        Usage,
    )
    from .api.keys import (
        load_env_file,
    )
    from .api.login import (
        PendingLogin,
        build_headers,
        finish_login,
        get_account_id,
        get_token,
        login,
        refresh,
        start_login,
    )
    from .api.models import (
        Model,
        ModelPage,
    )
    from .api.pages import (
        AsyncPage,
        AsyncPaginator,
        SyncPage,
    )
    from .api.parsed import (
        ParsedResponse,
    )
    from .api.parsed_streams import (
        AsyncParsedResponseStream,
        AsyncParsedResponseStreamManager,
        ParsedResponseStream,
    )
    from .api.requests import (
        CodexWarning,
    )
    from .api.response_calls import (
        CompactedResponse,
    )
    from .api.response_inputs import (
        InputTokenCount,
    )
    from .api.streams import (
        AsyncResponseStream,
        AsyncResponseStreamManager,
        ResponseStream,
    )
    from .api.tokens import (
        TokenData,
    )
    from .conversation.tools import (
        tool,
    )
    from .display.reply import (
        Reply,
    )
    from .errors import (
        AnswerError,
        AnswerInterrupted,
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthError,
        CodexError,
        ConfigError,
        ContextError,
        ContextWindowError,
        IncompleteError,
        InvalidRequestError,
        NotFoundError,
        ParseError,
        QuotaExceededError,
        RateLimitError,
        RefusalError,
        SchemaError,
        ServerError,
        StreamError,
        ToolError,
    )
    from .functions import (
        aask,
        ask,
    )
    from .panel import (
        ChatPanel,
    )
    from .version import (
        __version__,
    )

# Where each public name lives.
_HOMES = {
    "api.annotations": """
        Annotation AnnotationContainerFileCitation AnnotationFileCitation AnnotationFilePath
        AnnotationURLCitation
    """,
    "api.caller_items": """
        LocalShellCall LocalShellCallOutput ResponseApplyPatchToolCall
        ResponseApplyPatchToolCallOutput ResponseComputerToolCall
        ResponseComputerToolCallOutputItem ResponseCustomToolCall
        ResponseCustomToolCallOutput ResponseFunctionShellToolCall
        ResponseFunctionShellToolCallOutput ResponseFunctionToolCallOutputItem
    """,
    "api.client": "AsyncCodexClient AsyncOpenAI CodexClient OpenAI",
    "api.context_items": """
        AdditionalTools CompactionTrigger ItemReference ResponseCompactionItem
        ResponseConfigurationUpdateItem ResponseInputMessageItem
    """,
    "api.conversations": "Conversation ConversationDeleted",
    "api.events": """
        ErrorEvent OtherEvent ResponseCompletedEvent ResponseContentPartAddedEvent
        ResponseContentPartDoneEvent ResponseCreatedEvent ResponseFailedEvent
        ResponseFunctionCallArgumentsDeltaEvent ResponseFunctionCallArgumentsDoneEvent
        ResponseInProgressEvent ResponseIncompleteEvent ResponseOutputItemAddedEvent
        ResponseOutputItemDoneEvent ResponseOutputTextAnnotationAddedEvent
        ResponseOutputTextDeltaEvent ResponseOutputTextDoneEvent ResponseQueuedEvent
        ResponseReasoningSummaryPartAddedEvent ResponseReasoningSummaryPartDoneEvent
        ResponseReasoningSummaryTextDeltaEvent ResponseReasoningSummaryTextDoneEvent
        ResponseReasoningTextDeltaEvent ResponseReasoningTextDoneEvent
        ResponseRefusalDeltaEvent ResponseRefusalDoneEvent ResponseStreamEvent StreamEvent
        UnknownEvent
    """,
    "api.hosted_items": """
        ImageGenerationCall McpApprovalRequest McpApprovalResponse McpCall McpListTools
        Program ProgramOutput ResponseCodeInterpreterToolCall ResponseFileSearchToolCall
        ResponseFunctionWebSearch ResponseToolSearchCall ResponseToolSearchOutputItem
    """,
    "api.items": """
        ContentPart FormatConfig FunctionCallOutput FunctionTool InputFile InputImage
        InputItem InputMessage InputText InputTokensDetails OtherItem OutputContent
        OutputItem OutputRefusal OutputText OutputTokensDetails Reasoning ReasoningSummary
        Response ResponseError ResponseFormatJsonObject ResponseFormatJsonSchema
        ResponseFormatText ResponseFunctionToolCall ResponseOutputMessage
        ResponseReasoningItem TextConfig Tool Usage
    """,
    "api.keys": "load_env_file",
    "api.login": """
        PendingLogin build_headers finish_login get_account_id get_token login refresh
        start_login
    """,
    "api.models": "Model ModelPage",
    "api.pages": "AsyncPage AsyncPaginator SyncPage",
    "api.parsed": "ParsedResponse",
    "api.parsed_streams": "AsyncParsedResponseStream AsyncParsedResponseStreamManager ParsedResponseStream",
    "api.requests": "CodexWarning",
    "api.response_calls": "CompactedResponse",
    "api.response_inputs": "InputTokenCount",
    "api.streams": "AsyncResponseStream AsyncResponseStreamManager ResponseStream",
    "api.tokens": "TokenData",
    "conversation.tools": "tool",
    "display.reply": "Reply",
    "errors": """
        APIConnectionError APIError APIStatusError APITimeoutError AnswerError
        AnswerInterrupted AuthError CodexError ConfigError ContextError ContextWindowError
        IncompleteError InvalidRequestError NotFoundError ParseError QuotaExceededError
        RateLimitError RefusalError SchemaError ServerError StreamError ToolError
    """,
    "functions": "aask ask",
    "version": "__version__",
    "panel": "ChatPanel",
}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AdditionalTools",
    "Annotation",
    "AnnotationContainerFileCitation",
    "AnnotationFileCitation",
    "AnnotationFilePath",
    "AnnotationURLCitation",
    "AnswerError",
    "AnswerInterrupted",
    "AsyncCodexClient",
    "AsyncOpenAI",
    "AsyncPage",
    "AsyncPaginator",
    "AsyncParsedResponseStream",
    "AsyncParsedResponseStreamManager",
    "AsyncResponseStream",
    "AsyncResponseStreamManager",
    "AuthError",
    "ChatPanel",
    "CodexClient",
    "CodexError",
    "CodexWarning",
    "CompactedResponse",
    "CompactionTrigger",
    "ConfigError",
    "ContentPart",
    "ContextError",
    "ContextWindowError",
    "Conversation",
    "ConversationDeleted",
    "ErrorEvent",
    "FormatConfig",
    "FunctionCallOutput",
    "FunctionTool",
    "ImageGenerationCall",
    "IncompleteError",
    "InputFile",
    "InputImage",
    "InputItem",
    "InputMessage",
    "InputText",
    "InputTokenCount",
    "InputTokensDetails",
    "InvalidRequestError",
    "ItemReference",
    "LocalShellCall",
    "LocalShellCallOutput",
    "McpApprovalRequest",
    "McpApprovalResponse",
    "McpCall",
    "McpListTools",
    "Model",
    "ModelPage",
    "NotFoundError",
    "OpenAI",
    "OtherEvent",
    "OtherItem",
    "OutputContent",
    "OutputItem",
    "OutputRefusal",
    "OutputText",
    "OutputTokensDetails",
    "ParseError",
    "ParsedResponse",
    "ParsedResponseStream",
    "PendingLogin",
    "Program",
    "ProgramOutput",
    "QuotaExceededError",
    "RateLimitError",
    "Reasoning",
    "ReasoningSummary",
    "RefusalError",
    "Reply",
    "Response",
    "ResponseApplyPatchToolCall",
    "ResponseApplyPatchToolCallOutput",
    "ResponseCodeInterpreterToolCall",
    "ResponseCompactionItem",
    "ResponseCompletedEvent",
    "ResponseComputerToolCall",
    "ResponseComputerToolCallOutputItem",
    "ResponseConfigurationUpdateItem",
    "ResponseContentPartAddedEvent",
    "ResponseContentPartDoneEvent",
    "ResponseCreatedEvent",
    "ResponseCustomToolCall",
    "ResponseCustomToolCallOutput",
    "ResponseError",
    "ResponseFailedEvent",
    "ResponseFileSearchToolCall",
    "ResponseFormatJsonObject",
    "ResponseFormatJsonSchema",
    "ResponseFormatText",
    "ResponseFunctionCallArgumentsDeltaEvent",
    "ResponseFunctionCallArgumentsDoneEvent",
    "ResponseFunctionShellToolCall",
    "ResponseFunctionShellToolCallOutput",
    "ResponseFunctionToolCall",
    "ResponseFunctionToolCallOutputItem",
    "ResponseFunctionWebSearch",
    "ResponseInProgressEvent",
    "ResponseIncompleteEvent",
    "ResponseInputMessageItem",
    "ResponseOutputItemAddedEvent",
    "ResponseOutputItemDoneEvent",
    "ResponseOutputMessage",
    "ResponseOutputTextAnnotationAddedEvent",
    "ResponseOutputTextDeltaEvent",
    "ResponseOutputTextDoneEvent",
    "ResponseQueuedEvent",
    "ResponseReasoningItem",
    "ResponseReasoningSummaryPartAddedEvent",
    "ResponseReasoningSummaryPartDoneEvent",
    "ResponseReasoningSummaryTextDeltaEvent",
    "ResponseReasoningSummaryTextDoneEvent",
    "ResponseReasoningTextDeltaEvent",
    "ResponseReasoningTextDoneEvent",
    "ResponseRefusalDeltaEvent",
    "ResponseRefusalDoneEvent",
    "ResponseStream",
    "ResponseStreamEvent",
    "ResponseToolSearchCall",
    "ResponseToolSearchOutputItem",
    "SchemaError",
    "ServerError",
    "StreamError",
    "StreamEvent",
    "SyncPage",
    "TextConfig",
    "TokenData",
    "Tool",
    "ToolError",
    "UnknownEvent",
    "Usage",
    "__version__",
    "aask",
    "ask",
    "build_headers",
    "finish_login",
    "get_account_id",
    "get_token",
    "load_env_file",
    "load_ipython_extension",
    "login",
    "refresh",
    "start_login",
    "tool",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    home = _home_of().get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)


@cache
def _home_of() -> dict[str, str]:
    return {name: home for home, names in _HOMES.items() for name in names.split()}


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: Any) -> None:
    """Add ``%codex`` and ``%%codex`` to a shell; this is what ``%load_ext codex_magic`` calls."""
    from .magics import CodexMagics  # Imports IPython and traitlets.

    if _loaded(shell) is None:
        CodexMagics(shell).register()


def unload_ipython_extension(shell: Any) -> None:
    """Take away everything that loading added; ``%unload_ext codex_magic`` calls this."""
    magics = _loaded(shell)
    if magics is not None:
        magics.unregister()


def _loaded(shell: Any) -> Any:
    from .magics import CodexMagics  # Imports IPython and traitlets.

    owner = getattr(shell.find_line_magic("codex"), "__self__", None)
    return owner if isinstance(owner, CodexMagics) else None
