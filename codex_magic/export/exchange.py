"""A turn as every export shows it: its images, its reasoning, and the line below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..api.items import Json
from ..conversation.turns import Conversation, Turn
from ..display.pictures import Picture
from ..display.progress import plural
from ..display.reply import Reply


def asked_pictures(turn: Turn) -> list[Picture]:
    """Return the images that went with a question."""
    addresses = [
        part["image_url"]
        for item in turn.input
        for part in _parts(item)
        if part.get("type") == "input_image" and isinstance(part.get("image_url"), str)
    ]
    return [Picture(f"image {n}", address) for n, address in enumerate(addresses, start=1)]


def reasoning(turn: Turn) -> str:
    """Return the reasoning summary of an answer; empty where there is none."""
    return "\n\n".join(_summaries(turn))


def reply_of(turn: Turn) -> Reply:
    """Return the reply that a turn stands for, with what was sent."""
    reply = Reply.of_turn(turn)
    reply.sent = reply.sent or turn.sent
    if turn.error:
        reply.remarks = [turn.error]
    return reply


def remarks(turn: Turn) -> list[str]:
    """Return what is to be said of a turn besides its answer, a line each."""
    lines = [] if turn.text or turn.error else ["There is no text in this answer."]
    if turn.status == "failed":
        lines = ["There is no answer."]
    if turn.hidden:
        lines.append("This turn is hidden: it is not sent with later questions.")
    return lines


def about(conversation: Conversation) -> str:
    """Return one line about a conversation."""
    count = sum(turn.kind == "turn" for turn in conversation.turns)
    return f"A conversation of {plural(count, 'question')}, written by codex_magic."


def _parts(item: Json) -> Iterator[Json]:
    """Yield the parts of a message, or of what a function gave back."""
    for name in ("content", "output"):
        members: Any = item.get(name)
        if isinstance(members, list):
            yield from (part for part in members if isinstance(part, dict))


def _summaries(turn: Turn) -> Iterator[str]:
    for item in turn.output:
        members = item.get("summary") if item.get("type") == "reasoning" else None
        for part in members if isinstance(members, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]
