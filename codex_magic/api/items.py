"""Input items, tools, ``Response`` and ``Usage``, and by their names all that answers are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from ..records import dataclass
from .content import (
    ContentPart,
    Detail,
    InputFile,
    InputImage,
    InputText,
    OutputContent,
    OutputRefusal,
    OutputText,
    parse_content,
)
from .output_items import (
    OutputItem,
    ReasoningSummary,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
    final_messages,
    parse_item,
)
from .wire import Json, JsonObject, OtherItem, Parse, Wire, one, to_json, view

# The names that the rest of the package, and its users, find here.
__all__ = [
    "ContentPart",
    "Detail",
    "FormatConfig",
    "FunctionCallOutput",
    "FunctionTool",
    "InputFile",
    "InputImage",
    "InputItem",
    "InputMessage",
    "InputText",
    "InputTokensDetails",
    "Json",
    "OtherItem",
    "OutputContent",
    "OutputItem",
    "OutputRefusal",
    "OutputText",
    "OutputTokensDetails",
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
    "Wire",
    "final_messages",
    "parse_content",
    "parse_item",
    "parse_response",
    "parse_usage",
    "to_json",
    "view",
]


@dataclass(frozen=True, slots=True)
class InputMessage(Wire):
    """A message: ``role`` is user, assistant, system or developer."""

    role: str
    content: str | Sequence[ContentPart | Json]
    type: str = "message"
    phase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FunctionCallOutput(Wire):
    """What a function gave back, paired with its call by ``call_id``."""

    call_id: str
    output: str | Sequence[ContentPart | Json]
    type: str = "function_call_output"


@dataclass(frozen=True, slots=True)
class FunctionTool(Wire):
    """A function that the model may call; ``parameters`` is a JSON Schema."""

    name: str
    description: str | None
    parameters: Json | None
    strict: bool | None = True
    type: str = "function"

    def to_dict(self) -> Json:
        """Return the tool; ``parameters`` and ``strict`` are required keys, also when null."""
        known = Wire.to_dict(self)
        return {**known, "parameters": self.parameters, "strict": self.strict}


Tool = FunctionTool | Json


@dataclass(frozen=True, slots=True)
class Reasoning(Wire):
    """How hard the model thinks, and whether it tells; ``summary="none"`` asks for no summary."""

    effort: str | None = None
    summary: str | None = None

    def to_dict(self) -> Json:
        """Return the JSON; ``none`` and ``off`` are no summaries that the API knows."""
        known = Wire.to_dict(self)
        if known.get("summary") in ("none", "off"):
            del known["summary"]
        return known


@dataclass(frozen=True, slots=True)
class ResponseFormatText(Wire):
    """Plain text."""

    type: str = "text"


@dataclass(frozen=True, slots=True)
class ResponseFormatJsonObject(Wire):
    """Free-form JSON."""

    type: str = "json_object"


@dataclass(frozen=True, slots=True)
class ResponseFormatJsonSchema(Wire):
    """JSON that follows a schema."""

    name: str
    schema: Json
    type: str = "json_schema"
    description: str | None = None
    strict: bool | None = None


FormatConfig = ResponseFormatText | ResponseFormatJsonObject | ResponseFormatJsonSchema | Json


@dataclass(frozen=True, slots=True)
class TextConfig(Wire):
    """The form and the length of the answer's text."""

    format: FormatConfig | None = None
    verbosity: str | None = None


InputItem = InputMessage | FunctionCallOutput | OutputItem


@dataclass(frozen=True, slots=True)
class InputTokensDetails(Wire):
    """Tokens of the input that were read from the service's cache, and written to it."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class OutputTokensDetails(Wire):
    """Tokens of the output that were reasoning."""

    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Usage(Wire):
    """Tokens that a response took; cached ones are part of the input, reasoning of the output."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int = field(default=0, repr=False)
    reasoning_tokens: int = field(default=0, repr=False)
    cache_write_tokens: int = field(default=0, repr=False)

    @property
    def input_tokens_details(self) -> InputTokensDetails:
        """The input's tokens in detail, as the API nests them."""
        return InputTokensDetails(self.cached_tokens, self.cache_write_tokens)

    @property
    def output_tokens_details(self) -> OutputTokensDetails:
        """The output's tokens in detail, as the API nests them."""
        return OutputTokensDetails(self.reasoning_tokens)


def parse_usage(data: Json) -> Usage:
    """Return the counts; services leave out what they do not count."""
    read, written = data.get("input_tokens") or 0, data.get("output_tokens") or 0
    of_input = data.get("input_tokens_details") or {}
    of_output = data.get("output_tokens_details") or {}
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=data.get("total_tokens") or read + written,
        cached_tokens=of_input.get("cached_tokens") or 0,
        reasoning_tokens=of_output.get("reasoning_tokens") or 0,
        cache_write_tokens=of_input.get("cache_write_tokens") or 0,
        raw=data,
    )


@dataclass(frozen=True, slots=True)
class ResponseError(Wire):
    """Why a response failed."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Response(Wire):
    """
    One answer of the API.

    Attributes:
        id: What a later request calls it by (``previous_response_id``).
        model: The model that answered.
        output: Its items, in order.
        status: completed, incomplete, failed, in_progress, queued or cancelled.
        usage: Tokens, where the service counts them.
        error: Why it failed, or None.
        incomplete_details: ``{"reason": …}`` of an incomplete answer; ``.reason`` says the same.
        previous_response_id: The response that it follows, as the service understood it.
        conversation: ``{"id": …}`` of the conversation that it belongs to.
        service_tier: The tier that was used.
        created_at: Seconds since 1970.
        completed_at: Seconds since 1970.

    The other fields repeat what was asked, as the service understood it.

    Source: https://platform.openai.com/docs/api-reference/responses/object
    """

    id: str
    model: str
    output: Sequence[OutputItem] = field(repr=False)
    status: str | None = None
    usage: Usage | None = None
    error: ResponseError | None = None
    incomplete_details: Json | None = field(default=None, repr=False)
    previous_response_id: str | None = field(default=None, repr=False)
    conversation: Json | None = field(default=None, repr=False)
    service_tier: str | None = field(default=None, repr=False)
    created_at: float | None = field(default=None, repr=False)
    completed_at: float | None = field(default=None, repr=False)
    instructions: str | Sequence[Json] | None = field(default=None, repr=False)
    metadata: Json | None = field(default=None, repr=False)
    reasoning: Reasoning | None = field(default=None, repr=False)
    text: TextConfig | None = field(default=None, repr=False)
    tools: Sequence[Json] | None = field(default=None, repr=False)
    tool_choice: str | Json | None = field(default=None, repr=False)
    parallel_tool_calls: bool | None = field(default=None, repr=False)
    max_tool_calls: int | None = field(default=None, repr=False)
    max_output_tokens: int | None = field(default=None, repr=False)
    temperature: float | None = field(default=None, repr=False)
    top_p: float | None = field(default=None, repr=False)
    top_logprobs: int | None = field(default=None, repr=False)
    truncation: str | None = field(default=None, repr=False)
    store: bool | None = field(default=None, repr=False)
    background: bool | None = field(default=None, repr=False)
    user: str | None = field(default=None, repr=False)
    safety_identifier: str | None = field(default=None, repr=False)
    prompt: Json | None = field(default=None, repr=False)
    prompt_cache_key: str | None = field(default=None, repr=False)
    prompt_cache_options: Json | None = field(default=None, repr=False)
    prompt_cache_retention: str | None = field(default=None, repr=False)
    prompt_cache_diagnostics: Json | None = field(default=None, repr=False)
    input_transformations: Sequence[Json] | None = field(default=None, repr=False)
    moderation: Json | None = field(default=None, repr=False)
    tool_usage: Json | None = field(default=None, repr=False)
    image: Json | None = field(default=None, repr=False)
    access_programs: Json | None = field(default=None, repr=False)
    object: str = field(default="response", repr=False)

    @property
    def output_text(self) -> str:
        """The text of all messages, joined."""
        return "".join(item.text for item in self.output if isinstance(item, ResponseOutputMessage))

    @property
    def reasoning_summary(self) -> str | None:
        """The reasoning summary, its parts joined by newlines, or None where there is none."""
        parts = [
            part.text
            for item in self.output
            if isinstance(item, ResponseReasoningItem)
            for part in item.summary
            if isinstance(part, ReasoningSummary)
        ]
        return "\n".join(parts) if parts else None

    @property
    def refusal(self) -> str | None:
        """The words in which the model declined to answer, or None; a commentary is no answer."""
        said = [m.refusal for m in final_messages(self.output) if m.refusal is not None]
        return "\n".join(said) if said else None

    @property
    def tool_calls(self) -> list[ResponseFunctionToolCall]:
        """The calls of the caller's functions."""
        return [item for item in self.output if isinstance(item, ResponseFunctionToolCall)]


def parse_response(data: Json) -> Response:
    """
    Return the typed view of a response.

    Raises:
        TypeError: It is not a response: its id is missing.
    """
    parsed = {name: parse(data[name]) for name, parse in _MEMBERS.items() if data.get(name)}
    return view(
        Response,
        data,
        **{
            "error": None,
            "usage": None,
            **parsed,
            "model": data.get("model") or "",
            "output": [parse_item(item) for item in data.get("output") or ()],
        },
    )


def _json_object(value: Any) -> Any:
    return JsonObject(value) if isinstance(value, dict) else value


def _response_error(data: Json) -> ResponseError:
    code = data.get("code") or data.get("type") or "error"
    return ResponseError(str(code), str(data.get("message") or code), raw=data)


_MEMBERS: dict[str, Parse] = {
    "usage": parse_usage,
    "error": _response_error,
    "incomplete_details": _json_object,
    "conversation": _json_object,
    "reasoning": one(Reasoning),
    "text": one(TextConfig),
}
