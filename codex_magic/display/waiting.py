"""What stands in place of words that are yet to come: shown before what draws Markdown is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..conversation.approvals import CallRecord
from .calls import call_line, call_whole
from .progress import status_line
from .sanitize import escape_text, sanitize

if TYPE_CHECKING:
    from .reply import Reply

_THOUGHT = 1_500


def progress_html(reply: Reply, silence: float) -> str:
    """Return what stands in place of words that are yet to come, after seconds of silence."""
    has_words = bool(reply.text) and not reply.form
    notices = [] if has_words else reply.notices
    lines = [*notices, status_line(reply, silence)]
    if reply.form and reply.text:
        from .markdown import code_html  # Heavy: not before there is some.

        # What grows is only the source of what will be shown.
        return sanitize(lines_html(lines, "codex-progress") + code_html(reply.text[-_THOUGHT:], ""))
    thought = ""
    if reply.reasoning and not reply.text:
        from .markdown import render  # As above.

        # The end of a long thought is what it is about now.
        thought = render(reply.reasoning[-_THOUGHT:])
    return sanitize(calls_html(reply.calls) + lines_html(lines, "codex-progress") + thought)


def calls_html(records: Sequence[CallRecord]) -> str:
    """Return calls, each a line that unfolds."""
    return "".join(map(_call_html, records))


def _call_html(record: CallRecord) -> str:
    unfolded = "".join(f"<pre>{escape_text(part)}</pre>" for part in call_whole(record))
    return (
        f'<details class="codex-call"><summary><small>{escape_text(call_line(record))}</small>'
        f"</summary>{unfolded}</details>"
    )


def lines_html(lines: Sequence[str], css_class: str) -> str:
    """Return lines of plain text, set small, or nothing for none."""
    if not lines:
        return ""
    small = "<br>".join(f"<small>{escape_text(line)}</small>" for line in lines)
    return f'<div class="{css_class}">{small}</div>'
