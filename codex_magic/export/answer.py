"""An answer as safe HTML, as its cell showed it, with the images that the model made."""

from __future__ import annotations

from ..conversation.turns import Turn
from ..display.markdown import sanitize
from ..display.page import answer_html as words_html
from ..display.page import closing_html, reasoning_html
from ..display.waiting import calls_html
from .exchange import reasoning, remarks, reply_of


def answer_html(turn: Turn) -> str:
    """Return all of an answer: reasoning and calls folded, words, images, sources, a last line."""
    reply = reply_of(turn)
    reply.remarks = [*remarks(turn), *reply.remarks]
    parts = [
        reasoning_html(reasoning(turn)),
        calls_html(reply.calls),
        words_html(reply),
        closing_html(reply),
    ]
    return sanitize(f'<div class="codex-reply">{"".join(parts)}</div>')
