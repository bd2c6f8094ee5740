"""A conversation as a notebook that runs: each question is a cell, its answer the cell's output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..api.items import Json
from ..conversation.turns import Conversation, Turn
from ..display.escaped import escaped_markdown, escaped_text
from ..display.pictures import Picture
from ..display.sanitize import is_embedded_image, well_formed
from ..errors import one_line
from .answer import answer_html
from .exchange import about, asked_pictures, reply_of

_LOAD = "%load_ext codex_magic"
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_DATA_URL = re.compile(r"data:(image/[a-z]+);base64,(.*)", re.DOTALL)


def notebook(conversation: Conversation) -> str:
    """
    Return a notebook, in nbformat 4.5, that asks the same again when it is run.

    Code in the answers is shown and never run.
    """
    cells = [
        _markdown("title", _title(conversation)),
        _code("load", _LOAD, []),
    ]
    for number, turn in enumerate(conversation.turns, start=1):
        cells += _turn(number, turn)
    model: Json = {
        "cells": cells,
        "metadata": {
            **_METADATA,
            "codex_magic": {"conversation": conversation.name, "id": conversation.id},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return well_formed(json.dumps(model, ensure_ascii=False, indent=1)) + "\n"


def _title(conversation: Conversation) -> str:
    parts = [f"# {escaped_text(conversation.name)}", escaped_text(about(conversation))]
    parts.append("Run the next cell to go on, or run all of them to ask the same again.")
    if conversation.instructions:
        parts += ["Instructions:", escaped_text(conversation.instructions)]
    return "\n\n".join(parts)


def _turn(number: int, turn: Turn) -> Iterator[Json]:
    if turn.kind == "summary":
        # A question that nobody asked is no cell that could ask it again.
        yield _markdown(f"summary-{number}", f"Summary of earlier turns\n\n{_summary(turn)}")
        return
    pictures = asked_pictures(turn)
    if turn.sent or pictures:
        yield _sent(number, turn, pictures)
    yield _code(f"question-{number}", f"%%codex\n{turn.prompt}", list(_outputs(turn)))


def _summary(turn: Turn) -> str:
    return escaped_markdown(turn.text)


def _sent(number: int, turn: Turn, pictures: Sequence[Picture]) -> Json:
    """Return the cell that says, and shows, what went with the next question."""
    lines, attached = [f"*Sent with the next question: {escaped_text(_words(turn, pictures))}*"], {}
    for position, picture in enumerate(pictures, start=1):
        found = _DATA_URL.fullmatch(picture.address)
        if found and is_embedded_image(picture.address):
            name = f"image-{position}"
            attached[name] = {found[1]: found[2]}
            lines.append(f"![{picture.label}](attachment:{name})")
        else:
            lines.append(f"{picture.label}: {escaped_text(picture.address[:200])}")
    cell = _markdown(f"sent-{number}", "\n\n".join(lines))
    return {**cell, "attachments": attached} if attached else cell


def _words(turn: Turn, pictures: Sequence[Picture]) -> str:
    return turn.sent or ", ".join(picture.label for picture in pictures)


def _outputs(turn: Turn) -> Iterator[Json]:
    """Yield what stands below a question: the answer as it was shown, and why it failed."""
    if turn.status != "failed":
        yield {
            "output_type": "display_data",
            "data": {"text/html": answer_html(turn), "text/plain": turn.text},
            "metadata": _metadata(turn),
        }
    if turn.error:
        line = one_line(turn.error)
        yield {
            "output_type": "error",
            "ename": "CodexError",
            "evalue": line,
            "traceback": [f"CodexError: {line}"],
        }


def _metadata(turn: Turn) -> Json:
    ours: Json = reply_of(turn).metadata()["codex_magic"]
    known = {"response_id": turn.response_id} if turn.response_id else {}
    return {"codex_magic": {**ours, **known}}


def _markdown(cell_id: str, source: str) -> Json:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": source}


def _code(cell_id: str, source: str, outputs: Sequence[Any]) -> Json:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": list(outputs),
        "source": source,
    }
