"""What the panel shows of a turn, as one safe piece of HTML."""

from __future__ import annotations

from ..conversation.turns import Turn
from ..display.markdown import escape, escape_text, sanitize
from ..display.page import reply_html
from ..display.reply import Reply

_UNFINISHED = {
    "interrupted": "Stopped. What arrived is kept: Continue goes on.",
    "incomplete": "Cut at a limit: Continue goes on.",
}
_BROKEN_OFF = "Broken off. What arrived is kept: Continue goes on."


def question_html(prompt: str) -> str:
    """Return a question, as it was written."""
    words = f'<div class="codex-prompt">{escape_text(prompt)}</div>'
    return f'<div class="codex-question">{words}</div>'


def turn_html(number: int, turn: Turn, reply: Reply) -> str:
    """
    Return a turn: its question, its answer and what it took.

    Args:
        number: Which one it is in its conversation, from 1.
        turn: The turn.
        reply: Its answer.
    """
    if turn.kind == "summary":
        return _framed(number, turn, f"{_mark('A summary of earlier turns')}{reply_html(reply)}")
    states = [
        ("pinned", turn.pinned, "Pinned: it stays when the conversation is compacted."),
        ("hidden", turn.hidden, "Hidden: it is shown, and not sent."),
    ]
    marks = "".join(_mark(words, name) for name, holds, words in states if holds)
    if turn.status == "failed":
        return _framed(number, turn, question_html(turn.prompt) + error_html(turn.error or ""))
    answer = f'<div class="codex-answer">{reply_html(reply)}</div>'
    broken = turn.status == "interrupted" and turn.error
    if broken and turn.error not in reply.remarks:
        answer += error_html(turn.error or "")
    if words := _BROKEN_OFF if broken else _UNFINISHED.get(turn.status, ""):
        marks += _mark(words, "unfinished")
    return _framed(number, turn, question_html(turn.prompt) + answer + marks)


def failed_html(prompt: str, error: str) -> str:
    """Return a question that was not asked, and why."""
    return f'<div class="codex-turn codex-failed">{question_html(prompt)}{error_html(error)}</div>'


def error_html(error: str) -> str:
    """Return an error in one line; it is read out at once."""
    return f'<div class="codex-error" role="alert">{escape_text(error)}</div>'


def note_html(title: str, text: str, *parts: str) -> str:
    """
    Return what a command said.

    Args:
        title: The command.
        text: What it printed.
        parts: HTML that it showed; it passes the sanitizer here.
    """
    printed = f'<pre class="codex-printed">{escape_text(text)}</pre>' if text.strip() else ""
    shown = "".join(map(sanitize, parts))
    return f'<div class="codex-note">{_mark(title, "command")}{printed}{shown}</div>'


def code_html(text: str) -> str:
    """Return text of which one click selects all."""
    return f'<pre class="codex-source" tabindex="0">{escape_text(text)}</pre>'


def small_html(text: str, css: str = "codex-small") -> str:
    """Return a line of plain text, set small."""
    return f'<div class="{css}">{escape_text(text)}</div>' if text else ""


def _mark(words: str, name: str = "") -> str:
    css = f"codex-mark codex-is-{name}" if name else "codex-mark"
    return f'<div class="{css}">{escape_text(words)}</div>'


def _framed(number: int, turn: Turn, inner: str) -> str:
    css = " ".join(
        ["codex-turn", *(f"codex-turn-{name}" for name in _names(turn))],
    )
    return (
        f'<div class="{css}" data-turn="{escape(turn.id)}" data-status="{escape(turn.status)}" '
        f'role="group" aria-label="Turn {number}">{inner}</div>'
    )


def _names(turn: Turn) -> list[str]:
    return [name for name in ("hidden", "pinned") if getattr(turn, name)]
