"""Input and output items, content parts, tools, ``Response`` and ``Usage``, as the API's JSON and as typed views of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, TypeVar, cast

Json = dict[str, Any]
Detail = Literal["auto", "low", "high", "original"]
_T = TypeVar("_T")


def to_json(value: Any) -> Any:
    """
    Return ``value`` as plain JSON: typed views become the JSON they are a view of.

    >>> to_json([InputText("Hi"), {"role": "user"}])
    [{'text': 'Hi', 'type': 'input_text'}, {'role': 'user'}]
    """
    if isinstance(value, Wire):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): to_json(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [to_json(member) for member in value]
    return value


@dataclass(frozen=True, slots=True)
class Wire:
    """
    A typed view of a JSON object of the API.

    A view that was parsed keeps the JSON it came from, and gives back that very JSON, so that
    a field that this package does not know yet survives a round trip. A view that was made by
    hand gives its own fields, without those that are None.
    """

    raw: Json | None = field(default=None, kw_only=True, repr=False, compare=False)

    def to_dict(self) -> Json:
        """Return the JSON object as the API spells it."""
        if self.raw is not None:
            return dict(self.raw)
        own = ((f.name, getattr(self, f.name)) for f in fields(self) if f.name != "raw")
        return {name: to_json(value) for name, value in own if value is not None}


def view(cls: type[_T], data: Json, **parsed: Any) -> _T:
    """
    Return a ``cls`` that shows the fields of ``data`` that it has, and remembers all of them.

    Args:
        cls: A dataclass derived from ``Wire``.
        data: The JSON object.
        parsed: Fields that are not taken as they are.

    Raises:
        TypeError: ``data`` lacks a field that ``cls`` cannot do without.
    """
    assert is_dataclass(cls)
    known = {f.name: data[f.name] for f in fields(cls) if f.name in data and f.name != "raw"}
    return cast(_T, cls(**{**known, **parsed, "raw": data}))


@dataclass(frozen=True, slots=True)
class InputText(Wire):
    """A piece of text in a message to the model."""

    text: str
    type: str = "input_text"


@dataclass(frozen=True, slots=True)
class InputImage(Wire):
    """An image in a message to the model: an address, or a ``data:`` URL with base64."""

    image_url: str | None = None
    detail: Detail = "auto"
    type: str = "input_image"
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class InputFile(Wire):
    """A file in a message to the model, by id, by address, or as a ``data:`` URL."""

    file_id: str | None = None
    file_url: str | None = None
    file_data: str | None = None
    filename: str | None = None
    type: str = "input_file"


ContentPart = InputText | InputImage | InputFile


@dataclass(frozen=True, slots=True)
class InputMessage(Wire):
    """A message: ``role`` is user, assistant, system or developer."""

    role: str
    content: str | Sequence[ContentPart | Json]
    type: str = "message"


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


@dataclass(frozen=True, slots=True)
class OutputText(Wire):
    """A piece of the answer's text."""

    text: str
    type: str = "output_text"
    annotations: Sequence[Json] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class OutputRefusal(Wire):
    """The model's words for why it does not answer."""

    refusal: str
    type: str = "refusal"


OutputContent = OutputText | OutputRefusal | Json


@dataclass(frozen=True, slots=True)
class ResponseOutputMessage(Wire):
    """A message of the model."""

    id: str | None
    content: Sequence[OutputContent]
    role: str = "assistant"
    status: str | None = None
    type: str = "message"
    phase: str | None = None

    @property
    def text(self) -> str:
        """The text of all parts."""
        return "".join(part.text for part in self.content if isinstance(part, OutputText))


@dataclass(frozen=True, slots=True)
class ResponseFunctionToolCall(Wire):
    """A call of one of the caller's functions; ``arguments`` is JSON text."""

    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: str | None = None
    type: str = "function_call"


@dataclass(frozen=True, slots=True)
class ReasoningSummary(Wire):
    """A part of what the model tells of its reasoning, in Markdown."""

    text: str
    type: str = "summary_text"


@dataclass(frozen=True, slots=True)
class ResponseReasoningItem(Wire):
    """What the model thought: a summary, and the sealed content that a later request may carry."""

    id: str | None
    summary: Sequence[ReasoningSummary | Json]
    encrypted_content: str | None = field(default=None, repr=False)
    type: str = "reasoning"


# A type that this package has no view for stays the JSON object it is.
OutputItem = ResponseOutputMessage | ResponseFunctionToolCall | ResponseReasoningItem | Json
InputItem = InputMessage | FunctionCallOutput | OutputItem


def parse_content(data: Json) -> OutputContent:
    """Return the typed view of a content part of an answer."""
    match data.get("type"):
        case "output_text":
            # A service may send null for a text that has not begun.
            return view(OutputText, data, text=data.get("text") or "")
        case "refusal":
            return view(OutputRefusal, data)
        case _:
            return data


def parse_item(data: Json) -> OutputItem:
    """
    Return the typed view of an output item, or ``data`` itself where there is none.

    >>> parse_item({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"})
    ResponseFunctionToolCall(call_id='c', name='f', arguments='{}', id=None, status=None, type='function_call')
    """
    parse = _ITEMS.get(str(data.get("type")))
    return parse(data) if parse else data


def _message(data: Json) -> OutputItem:
    content = [parse_content(part) for part in data.get("content") or ()]
    return view(ResponseOutputMessage, data, id=data.get("id"), content=content)


def _function_call(data: Json) -> OutputItem:
    return view(ResponseFunctionToolCall, data, arguments=data.get("arguments") or "")


def _reasoning(data: Json) -> OutputItem:
    summary = [
        view(ReasoningSummary, part) if part.get("type") == "summary_text" else part
        for part in data.get("summary") or ()
    ]
    return view(ResponseReasoningItem, data, id=data.get("id"), summary=summary)


_ITEMS: dict[str, Callable[[Json], OutputItem]] = {
    "message": _message,
    "function_call": _function_call,
    "reasoning": _reasoning,
}


@dataclass(frozen=True, slots=True)
class Usage(Wire):
    """Tokens that a response took; cached ones are part of the input, reasoning of the output."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int = field(default=0, repr=False)
    reasoning_tokens: int = field(default=0, repr=False)


def parse_usage(data: Json) -> Usage:
    """Return the counts; services leave out what they do not count."""
    read, written = data.get("input_tokens") or 0, data.get("output_tokens") or 0
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=data.get("total_tokens") or read + written,
        cached_tokens=(data.get("input_tokens_details") or {}).get("cached_tokens") or 0,
        reasoning_tokens=(data.get("output_tokens_details") or {}).get("reasoning_tokens") or 0,
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
        incomplete_details: ``{"reason": …}`` of an incomplete answer.
        previous_response_id: The response that it follows, as the service understood it.
        conversation: ``{"id": …}`` of the conversation that it belongs to.
        service_tier: The tier that was used.
        created_at: Seconds since 1970.

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
    def tool_calls(self) -> list[ResponseFunctionToolCall]:
        """The calls of the caller's functions."""
        return [item for item in self.output if isinstance(item, ResponseFunctionToolCall)]


def parse_response(data: Json) -> Response:
    """
    Return the typed view of a response.

    Raises:
        TypeError: It is not a response: its id is missing.
    """
    error = data.get("error")
    usage = data.get("usage")
    return view(
        Response,
        data,
        model=data.get("model") or "",
        output=[parse_item(item) for item in data.get("output") or ()],
        usage=parse_usage(usage) if usage else None,
        error=_response_error(error) if error else None,
    )


def _response_error(data: Json) -> ResponseError:
    code = data.get("code") or data.get("type") or "error"
    return ResponseError(str(code), str(data.get("message") or code), raw=data)
