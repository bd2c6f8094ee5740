"""A reply as one safe piece of HTML: reasoning folded, answer, notices, footer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..api.items import Json, Response, to_json
from ..conversation.turns import words_of
from .hosted import hosted_records
from .markdown import code_html, render, sanitize
from .pictures import made_pictures, pictures_html
from .progress import footer
from .sources import sources_html, with_notes
from .waiting import calls_html, lines_html

if TYPE_CHECKING:
    from .reply import Reply


def reply_html(reply: Reply) -> str:
    """Return all of a reply."""
    parts = [opening_html(reply), answer_html(reply), closing_html(reply)]
    return sanitize(f'<div class="codex-reply">{"".join(parts)}</div>')


def answer_html(reply: Reply) -> str:
    """Return the answer itself: its Markdown, or what it stands for as a table or a tree."""
    if not reply.form:
        return render(with_notes(reply.text, reply.items))
    from .values import value_html  # Few answers have a form.

    if reply.value is not None:
        return value_html(reply.value.json)
    # JSON that is none, or not all of it; a refusal is words.
    is_json = reply.text.lstrip()[:1] in ("{", "[")
    return code_html(reply.text, "json") if is_json else render(reply.text)


def response_html(response: Response) -> str:
    """Return all of a bare response."""
    items = [to_json(item) for item in response.output]
    parts = [
        reasoning_html(response.reasoning_summary or ""),
        calls_html(hosted_records(items)),
        render(with_notes(words_of(response), items)),
        _made_html(items),
    ]
    return sanitize(f'<div class="codex-reply">{"".join(parts)}</div>')


def reasoning_html(reasoning: str) -> str:
    """Return the reasoning summary, folded."""
    if not reasoning:
        return ""
    return (
        '<details class="codex-reasoning"><summary>Reasoning</summary>'
        f"{render(reasoning)}</details>"
    )


def opening_html(reply: Reply) -> str:
    """Return what stands above the answer: notices, the reasoning and the calls, folded."""
    above = lines_html(reply.notices, "codex-notices") + reasoning_html(reply.reasoning)
    return above + calls_html(reply.calls)


def closing_html(reply: Reply) -> str:
    """Return what stands below the answer: images, sources, remarks, and what it took."""
    return _made_html(reply.items) + lines_html([*reply.remarks, footer(reply)], "codex-footer")


def _made_html(items: Sequence[Json]) -> str:
    """Return the images that the model made, and what it cites."""
    return sanitize(pictures_html(made_pictures(items)) + sources_html(items))
