"""
Ask an OpenAI model from a notebook cell.

In a notebook::

    %load_ext codex_magic

    %%codex
    Why do the two curves cross at 0.3?

In Python::

    from codex_magic import ask, CodexClient

    reply = ask("Why?")  # the conversation of the notebook
    response = CodexClient().responses.create(model="gpt-5.6-terra", input="Hello!")  # the bare API

``%codex help`` lists commands and options. Importing this package imports nothing heavy: every
name below is looked up when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .api.client import AsyncCodexClient, CodexClient
    from .api.events import (
        ErrorEvent,
        ResponseCompletedEvent,
        ResponseCreatedEvent,
        ResponseFailedEvent,
        ResponseFunctionCallArgumentsDeltaEvent,
        ResponseFunctionCallArgumentsDoneEvent,
        ResponseIncompleteEvent,
        ResponseInProgressEvent,
        ResponseOutputItemAddedEvent,
        ResponseOutputItemDoneEvent,
        ResponseOutputTextDeltaEvent,
        ResponseOutputTextDoneEvent,
        ResponseReasoningSummaryTextDeltaEvent,
        ResponseReasoningSummaryTextDoneEvent,
        ResponseStreamEvent,
        UnknownEvent,
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
        OutputContent,
        OutputItem,
        OutputRefusal,
        OutputText,
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
    from .api.models import Model
    from .api.streams import AsyncResponseStream, ResponseStream
    from .assistant import aask, ask
    from .display.reply import Reply
    from .errors import (
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
        InvalidRequestError,
        NotFoundError,
        QuotaExceededError,
        RateLimitError,
        ServerError,
        StreamError,
        ToolError,
    )

_HOMES = {
    "api.client": ("AsyncCodexClient", "CodexClient"),
    "api.events": (
        "ErrorEvent",
        "ResponseCompletedEvent",
        "ResponseCreatedEvent",
        "ResponseFailedEvent",
        "ResponseFunctionCallArgumentsDeltaEvent",
        "ResponseFunctionCallArgumentsDoneEvent",
        "ResponseIncompleteEvent",
        "ResponseInProgressEvent",
        "ResponseOutputItemAddedEvent",
        "ResponseOutputItemDoneEvent",
        "ResponseOutputTextDeltaEvent",
        "ResponseOutputTextDoneEvent",
        "ResponseReasoningSummaryTextDeltaEvent",
        "ResponseReasoningSummaryTextDoneEvent",
        "ResponseStreamEvent",
        "UnknownEvent",
    ),
    "api.items": (
        "ContentPart",
        "FormatConfig",
        "FunctionCallOutput",
        "FunctionTool",
        "InputFile",
        "InputImage",
        "InputItem",
        "InputMessage",
        "InputText",
        "OutputContent",
        "OutputItem",
        "OutputRefusal",
        "OutputText",
        "Reasoning",
        "ReasoningSummary",
        "Response",
        "ResponseError",
        "ResponseFormatJsonObject",
        "ResponseFormatJsonSchema",
        "ResponseFormatText",
        "ResponseFunctionToolCall",
        "ResponseOutputMessage",
        "ResponseReasoningItem",
        "TextConfig",
        "Tool",
        "Usage",
    ),
    "api.models": ("Model",),
    "api.streams": ("AsyncResponseStream", "ResponseStream"),
    "assistant": ("aask", "ask"),
    "display.reply": ("Reply",),
    "errors": (
        "APIConnectionError",
        "APIError",
        "APIStatusError",
        "APITimeoutError",
        "AnswerInterrupted",
        "AuthError",
        "CodexError",
        "ConfigError",
        "ContextError",
        "ContextWindowError",
        "InvalidRequestError",
        "NotFoundError",
        "QuotaExceededError",
        "RateLimitError",
        "ServerError",
        "StreamError",
        "ToolError",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AnswerInterrupted",
    "AsyncCodexClient",
    "AsyncResponseStream",
    "AuthError",
    "CodexClient",
    "CodexError",
    "ConfigError",
    "ContentPart",
    "ContextError",
    "ContextWindowError",
    "ErrorEvent",
    "FormatConfig",
    "FunctionCallOutput",
    "FunctionTool",
    "InputFile",
    "InputImage",
    "InputItem",
    "InputMessage",
    "InputText",
    "InvalidRequestError",
    "Model",
    "NotFoundError",
    "OutputContent",
    "OutputItem",
    "OutputRefusal",
    "OutputText",
    "QuotaExceededError",
    "RateLimitError",
    "Reasoning",
    "ReasoningSummary",
    "Reply",
    "Response",
    "ResponseCompletedEvent",
    "ResponseCreatedEvent",
    "ResponseError",
    "ResponseFailedEvent",
    "ResponseFormatJsonObject",
    "ResponseFormatJsonSchema",
    "ResponseFormatText",
    "ResponseFunctionCallArgumentsDeltaEvent",
    "ResponseFunctionCallArgumentsDoneEvent",
    "ResponseFunctionToolCall",
    "ResponseInProgressEvent",
    "ResponseIncompleteEvent",
    "ResponseOutputItemAddedEvent",
    "ResponseOutputItemDoneEvent",
    "ResponseOutputMessage",
    "ResponseOutputTextDeltaEvent",
    "ResponseOutputTextDoneEvent",
    "ResponseReasoningItem",
    "ResponseReasoningSummaryTextDeltaEvent",
    "ResponseReasoningSummaryTextDoneEvent",
    "ResponseStream",
    "ResponseStreamEvent",
    "ServerError",
    "StreamError",
    "TextConfig",
    "Tool",
    "ToolError",
    "UnknownEvent",
    "Usage",
    "__version__",
    "aask",
    "ask",
    "load_ipython_extension",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)


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
