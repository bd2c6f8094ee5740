"""The public names: a written list, so that growing the API is a decision."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import codex_magic

NAMES = [
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
# What the first line of a notebook must not wait for.
HEAVY = [
    "httpx",
    "pydantic",
    "ipywidgets",
    "markdown_it",
    "matplotlib",
    "pandas",
    "nbformat",
    "nh3",
]
SOURCE = Path(codex_magic.__file__)


def test_the_names_are_those_that_were_decided() -> None:
    """A new name is written here too."""
    assert NAMES == codex_magic.__all__
    assert NAMES == dir(codex_magic)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there(name: str) -> None:
    """It can be imported, and an object that has a name has this one."""
    found = getattr(codex_magic, name)

    assert found is not None
    # The official SDK's names for our clients are names alone.
    assert name.replace("OpenAI", "CodexClient") == getattr(found, "__name__", name).replace(
        "OpenAI", "CodexClient"
    )


def test_another_name_is_not() -> None:
    """The error is Python's own, so that ``hasattr`` works."""
    assert not hasattr(codex_magic, "Oracle")
    with pytest.raises(AttributeError, match="module 'codex_magic' has no attribute 'Oracle'"):
        codex_magic.Oracle  # noqa: B018


def imported_for_types() -> dict[str, tuple[str, ...]]:
    """Return what type checkers are told: the names that come from each module."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    (block,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and "TYPE_CHECKING" == ast.unparse(node.test)
    ]
    return {
        str(line.module): tuple(alias.asname or alias.name for alias in line.names)
        for line in block.body
        if isinstance(line, ast.ImportFrom) and 1 == line.level
    }


def test_type_checkers_see_what_python_sees() -> None:
    """The names that are looked up lazily are those that are imported for types."""
    homes = {home: set(names.split()) for home, names in codex_magic._HOMES.items()}

    assert homes == {home: set(names) for home, names in imported_for_types().items()}


@pytest.mark.parametrize("first", ["", "codex_magic.CodexError", "dir(codex_magic)"])
def test_importing_costs_nothing_heavy(first: str) -> None:
    """Neither the package, nor its errors, nor a look at its names."""
    code = f"import sys, codex_magic; {first or 'pass'}; print(*sys.modules)"

    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "codex_magic" in found
    assert [] == [name for name in HEAVY if name in found]
