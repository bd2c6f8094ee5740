"""What of an answer is kept: its words, and the items that a later request can carry."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ..api.items import (
    Json,
    OutputRefusal,
    OutputText,
    Response,
    ResponseOutputMessage,
)

# Stands between the messages of one answer.
BREAK = "\n\n"
# What the model reads in place of the rest of an answer that was cut off.
INTERRUPTED_MARK = "[The answer was interrupted here.]"
# What a summary of earlier turns is an answer to.
SUMMED_UP = "What have we said so far?"

CALLS = frozenset({"function_call", "custom_tool_call"})
OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})


def words_of(response: Response) -> str:
    """Return the words of all messages, a blank line between them; a refusal is words, too."""
    messages = [item for item in response.output if isinstance(item, ResponseOutputMessage)]
    return BREAK.join(words for message in messages if (words := _words(message)))


def _words(message: ResponseOutputMessage) -> str:
    words = []
    for part in message.content:
        if isinstance(part, OutputText):
            words.append(part.text)
        elif isinstance(part, OutputRefusal):
            words.append(part.refusal)
    return "".join(words)


def words_in(items: Iterable[Json]) -> str:
    """
    Return the words of messages that were not read as typed items.

    >>> words_in([{"role": "user", "content": "Why?"}, {"role": "user", "content": [{"text": "!"}]}])
    'Why?\\n\\n!'
    """
    said = [item.get("content") or "" for item in items]
    words = (
        content
        if isinstance(content, str)
        else "".join(part.get("text") or part.get("refusal") or "" for part in content)
        for content in said
    )
    return BREAK.join(filter(None, words))


def usable(output: Iterable[Json], *, cut: bool) -> list[Json]:
    """
    Return the items of an answer that can be sent again: services leave things out.

    Args:
        output: The items, as they came.
        cut: Whether the answer ended before its end; half a message is of use, half a call is not.
    """
    found = list(output)
    approved = {item.get("approval_request_id") for item in found}
    kept = [
        item
        for item in found
        if _is_sound(item) and not (cut and _is_half(item)) and _is_settled(item, approved)
    ]
    return [
        {**item, "role": item.get("role") or "assistant"} if item["type"] == "message" else item
        for item in kept
    ]


def _is_sound(item: Json) -> bool:
    kind = item.get("type")
    if kind == "message":
        return bool(item.get("content"))
    if kind not in CALLS:
        return bool(kind)
    said = item.get("arguments", item.get("input"))
    return bool(item.get("call_id") and item.get("name") and isinstance(said, str))


def _is_settled(item: Json, approved: Collection[Any]) -> bool:
    """Whether nobody waits for an item: a server's request goes along with its answer only."""
    return item.get("type") != "mcp_approval_request" or item.get("id") in approved


def _is_half(item: Json) -> bool:
    if item["type"] == "message":
        return False
    if item.get("status") not in (None, "completed"):
        return True
    return item["type"] == "function_call" and not _is_json(item["arguments"])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def marked(last: Sequence[Json]) -> list[Json]:
    """Return an interrupted turn's last item, ended so that a model can read it."""
    mark: Json = {"type": "output_text", "text": INTERRUPTED_MARK, "annotations": []}
    if last and last[0].get("type") == "message":
        parts = last[0].get("content") or ()
        said = "".join(part.get("text") or part.get("refusal") or "" for part in parts)
        mark["text"] = f"{said}\n\n{INTERRUPTED_MARK}" if said else INTERRUPTED_MARK
        return [{"type": "message", "role": "assistant", "content": [mark]}]
    return [*last, {"type": "message", "role": "assistant", "content": [mark]}]


def spoken(summary: str) -> list[Json]:
    """Return a summary of earlier turns as an exchange: any service understands one."""
    part: Json = {"type": "output_text", "text": summary, "annotations": []}
    return [
        {"type": "message", "role": "user", "content": SUMMED_UP},
        {"type": "message", "role": "assistant", "content": [part]},
    ]
