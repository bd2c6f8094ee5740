"""Output items: what an answer is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from functools import cache
from typing import Any

from ..records import dataclass
from .content import OutputContent, OutputRefusal, OutputText, parse_parts
from .wire import Json, OtherItem, Wire, view, words


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

    @property
    def refusal(self) -> str | None:
        """The words in which the model declined, or None."""
        said = [part.refusal for part in self.content if isinstance(part, OutputRefusal)]
        return "\n".join(said) if said else None


@dataclass(frozen=True, slots=True)
class ResponseFunctionToolCall(Wire):
    """A call of one of the caller's functions; ``arguments`` is JSON text."""

    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: str | None = None
    type: str = "function_call"
    namespace: str | None = field(default=None, repr=False)
    caller: Json | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ReasoningSummary(Wire):
    """A part of what the model tells of its reasoning, in Markdown."""

    text: str
    type: str = "summary_text"


@dataclass(frozen=True, slots=True)
class ResponseReasoningItem(Wire):
    """
    What the model thought: a summary, and the sealed content that a later request may carry.

    ``content`` is the reasoning itself, where an open model shows it.
    """

    id: str | None
    summary: Sequence[ReasoningSummary | Json]
    encrypted_content: str | None = field(default=None, repr=False)
    type: str = "reasoning"
    content: Sequence[Json] | None = field(default=None, repr=False)
    status: str | None = field(default=None, repr=False)


# A type that this package has no view for stays the JSON object it is.
OutputItem = (
    ResponseOutputMessage | ResponseFunctionToolCall | ResponseReasoningItem | OtherItem | Json
)


def final_messages(output: Iterable[OutputItem]) -> list[ResponseOutputMessage]:
    """Return the messages that are the answer, and not a commentary on the way to it."""
    messages = [item for item in output if isinstance(item, ResponseOutputMessage)]
    return [message for message in messages if message.phase in (None, "final_answer")]


def parse_item(data: Json) -> OutputItem:
    """
    Return the typed view of an item, or ``data`` itself where there is none.

    >>> parse_item({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"})
    ResponseFunctionToolCall(call_id='c', name='f', arguments='{}', id=None, status=None, type='function_call')
    """
    kind = data.get("type")
    if not isinstance(kind, str):
        return data
    parse = _ITEMS.get(kind) or other_items().get(kind)
    return parse(data) if parse else data


@cache
def other_items() -> dict[str, Callable[[Any], Any]]:
    """Return the table of the types that few answers hold."""
    # Imported when one comes: their classes cost more than all that every answer needs.
    from .caller_items import CALLER_ITEMS
    from .context_items import CONTEXT_ITEMS
    from .hosted_items import HOSTED_ITEMS

    return {**HOSTED_ITEMS, **CALLER_ITEMS, **CONTEXT_ITEMS}


def _message(data: Json) -> OutputItem:
    if data.get("role") in _INPUT_ROLES:
        from .context_items import parse_input_message  # Answers hold none.

        return parse_input_message(data)
    content = parse_parts(data.get("content"))
    return view(ResponseOutputMessage, data, id=data.get("id"), content=content)


def _function_call(data: Json) -> OutputItem:
    return view(
        ResponseFunctionToolCall,
        data,
        name=words(data["name"]),
        arguments=words(data.get("arguments")),
    )


def _reasoning(data: Json) -> OutputItem:
    summary = [
        view(ReasoningSummary, part, text=words(part.get("text")))
        if part.get("type") == "summary_text"
        else part
        for part in data.get("summary") or ()
    ]
    return view(ResponseReasoningItem, data, id=data.get("id"), summary=summary)


_INPUT_ROLES = ("user", "system", "developer")
_ITEMS: dict[str, Callable[[Json], OutputItem]] = {
    "message": _message,
    "function_call": _function_call,
    "reasoning": _reasoning,
}
