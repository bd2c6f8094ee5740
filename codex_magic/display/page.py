"""A reply as one safe piece of HTML: reasoning folded, answer, notices, footer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..api.items import Json, Response, to_json
from ..conversation.approvals import CallRecord
from ..conversation.turns import words_of
from .calls import call_line, call_whole
from .hosted import hosted_records
from .markdown import code_html, escape_text, render, sanitize
from .pictures import made_pictures, pictures_html
from .progress import footer, status_line
from .sources import sources_html, with_notes

if TYPE_CHECKING:
    from .reply import Reply

_THOUGHT = 1_500


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


def calls_html(records: Sequence[CallRecord]) -> str:
    """Return calls, each a line that unfolds."""
    return "".join(map(_call_html, records))


def _call_html(record: CallRecord) -> str:
    unfolded = "".join(f"<pre>{escape_text(part)}</pre>" for part in call_whole(record))
    return (
        f'<details class="codex-call"><summary><small>{escape_text(call_line(record))}</small>'
        f"</summary>{unfolded}</details>"
    )


def opening_html(reply: Reply) -> str:
    """Return what stands above the answer: notices, the reasoning and the calls, folded."""
    above = _lines(reply.notices, "codex-notices") + reasoning_html(reply.reasoning)
    return above + calls_html(reply.calls)


def closing_html(reply: Reply) -> str:
    """Return what stands below the answer: images, sources, remarks, and what it took."""
    return _made_html(reply.items) + _lines([*reply.remarks, footer(reply)], "codex-footer")


def _made_html(items: Sequence[Json]) -> str:
    """Return the images that the model made, and what it cites."""
    return sanitize(pictures_html(made_pictures(items)) + sources_html(items))


def progress_html(reply: Reply, silence: float) -> str:
    """Return what stands in place of words that are yet to come, after seconds of silence."""
    has_words = bool(reply.text) and not reply.form
    notices = [] if has_words else reply.notices
    lines = [*notices, status_line(reply, silence)]
    if reply.form and reply.text:
        # What grows is only the source of what will be shown.
        return sanitize(_lines(lines, "codex-progress") + code_html(reply.text[-_THOUGHT:], ""))
    # The end of a long thought is what it is about now.
    thought = "" if reply.text else render(reply.reasoning[-_THOUGHT:])
    return sanitize(calls_html(reply.calls) + _lines(lines, "codex-progress") + thought)


def _lines(lines: Sequence[str], css_class: str) -> str:
    """Return lines of plain text, set small, or nothing for none."""
    if not lines:
        return ""
    small = "<br>".join(f"<small>{escape_text(line)}</small>" for line in lines)
    return f'<div class="{css_class}">{small}</div>'
