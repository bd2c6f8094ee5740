"""An answer as safe HTML, as its cell showed it, with the images that the model made."""

from __future__ import annotations

from collections.abc import Sequence

from ..conversation.turns import Turn
from ..display.markdown import escape, escape_text, sanitize
from ..display.page import answer_html as words_html
from ..display.page import closing_html, reasoning_html
from ..display.sanitize import is_embedded_image
from .exchange import Picture, made_pictures, reasoning, remarks, reply_of


def answer_html(turn: Turn) -> str:
    """Return all of an answer: reasoning folded, words, images, and the line below them."""
    reply = reply_of(turn)
    reply.remarks = [*remarks(turn), *reply.remarks]
    parts = [
        reasoning_html(reasoning(turn)),
        words_html(reply),
        pictures_html(made_pictures(turn)),
        closing_html(reply),
    ]
    return sanitize(f'<div class="codex-reply">{"".join(parts)}</div>')


def pictures_html(pictures: Sequence[Picture]) -> str:
    """Return images; one that would have to be fetched is its address."""
    return sanitize("".join(f"<p>{_picture(picture)}</p>" for picture in pictures))


def _picture(picture: Picture) -> str:
    if is_embedded_image(picture.address):
        return f'<img src="{escape(picture.address)}" alt="{escape(picture.label)}">'
    return escape_text(f"{picture.label}, not loaded: {picture.address[:200]}")
