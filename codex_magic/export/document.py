"""A conversation as one Markdown file, in which the answers are as the model wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..conversation.turns import Conversation, Turn
from ..display.escaped import escaped_text
from ..display.pictures import Picture, made_pictures
from ..display.sanitize import is_embedded_image, well_formed
from ..display.sources import source_lines
from .exchange import (
    about,
    asked_pictures,
    reasoning,
    remarks,
    reply_of,
)

_FENCE = re.compile(r" {0,3}(?P<marks>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)$")


def document(conversation: Conversation) -> str:
    """Return a conversation as Markdown, images embedded as data URLs."""
    parts = [f"# {escaped_text(conversation.name)}", escaped_text(about(conversation))]
    if conversation.instructions:
        parts += ["## Instructions", _closed(conversation.instructions)]
    for number, turn in enumerate(conversation.turns, start=1):
        parts += _turn(number, turn)
    return well_formed("\n\n".join(part for part in parts if part)) + "\n"


def _turn(number: int, turn: Turn) -> Iterator[str]:
    yield "***"
    if turn.kind == "summary":
        yield f"## {number}. Summary of earlier turns"
    else:
        yield f"## {number}. Question"
        yield _closed(turn.prompt)
        yield from _pictures(asked_pictures(turn))
        yield "### Answer"
    thought = reasoning(turn)
    if thought:
        yield "<details><summary>Reasoning</summary>"
        yield _closed(thought)
        yield "</details>"
    # Source of an object is no Markdown.
    yield _fenced(turn.text) if turn.form else _closed(turn.text)
    yield from _pictures(made_pictures(turn.output))
    yield from (escaped_text(line) for line in source_lines(turn.output))
    reply = reply_of(turn)
    for line in [*remarks(turn), *reply.remarks, reply.footer()]:
        yield f"*{escaped_text(line)}*"


def _pictures(pictures: Iterable[Picture]) -> Iterator[str]:
    for picture in pictures:
        if is_embedded_image(picture.address):
            yield f"![{picture.label}]({picture.address})"
        else:
            yield f"{picture.label}: {escaped_text(picture.address[:200])}"


def _fenced(text: str) -> str:
    r"""
    Return JSON as a code block, behind a fence that is longer than any in it.

    >>> _fenced('{"a": 1}')
    '```json\n{"a": 1}\n```'
    """
    longest = max((len(marks) for marks in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}json\n{text}\n{fence}"


def _closed(text: str) -> str:
    r"""
    Return text as it is; a code block that it leaves open is closed after it.

    >>> _closed("So:\n```python\nx = 1")
    'So:\n```python\nx = 1\n```'
    """
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if found is None:
            continue
        marks = found["marks"]
        if not fence:
            fence = marks
        elif marks[0] == fence[0] and len(marks) >= len(fence) and not found["info"].strip():
            fence = ""
    return f"{text}\n{fence}" if fence else text
