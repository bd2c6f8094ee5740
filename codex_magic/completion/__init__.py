"""Tab: what can be written at the cursor of a ``%codex`` line, a ``%%codex`` cell or the panel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .completions import Completion, Completions
from .lines import in_input, in_line, in_prompt

if TYPE_CHECKING:
    from ..assistant import Assistant
    from ..command_help import Commands

__all__ = ["Completion", "Completions", "at", "in_input", "in_prompt", "matched"]

_CELL = re.compile(r"\s*%%codex(?=\s|$)")
_LINE = re.compile(r"\s*(?:[^\W\d]\w*\s*=\s*)?%codex[ \t]+")


def at(
    text: str, line: int, column: int, assistant: Assistant, commands: Commands
) -> Completions | None:
    """
    Return what can stand at a place of a cell; None where it is none of ours.

    Nothing is asked over the network, and nothing of the user's is run.

    Args:
        text: The whole cell.
        line: The line of the cursor, from 0.
        column: Its place in the line, from 0.
        assistant: Knows the conversations, the settings and what the user defined.
        commands: The commands that there are.
    """
    lines = text.split("\n")
    before = lines[line][:column]
    first = next((number for number, one in enumerate(lines) if one.strip()), 0)
    if cell := _CELL.match(lines[first]):
        if line > first:
            return in_prompt(before, assistant)
        return in_line(before[cell.end() :], assistant) if column > cell.end() else None
    found = _LINE.match(before)
    return in_line(before[found.end() :], assistant, commands) if found else None


def matched(context: Any, assistant: Assistant, commands: Commands) -> Any:
    """
    Answer one of IPython's matchers, of its second API.

    Source: https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.completer.html
    """
    from IPython.core.completer import SimpleCompletion  # A shell that completes has it already.

    found = at(context.full_text, context.cursor_line, context.cursor_position, assistant, commands)
    if found is None or not found.found:
        return {"completions": []}
    return {
        "completions": [SimpleCompletion(each.text, type=each.kind) for each in found.found],
        "matched_fragment": found.fragment,
        "ordered": True,
        # What Python would say to these words is beside the point.
        "suppress": True,
    }
