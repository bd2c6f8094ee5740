"""Lines that are meant for us reach us as they were written."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.inputtransformer2 import EscapedCommand

_CELL = re.compile(r"%%codex(?:[ \t]+(.*))?$")
_LINE = re.compile(r"%codex(?:[ \t]+(.*))?$")


class CodexLine(EscapedCommand):
    """
    A ``%codex`` line, also one that ends in a question mark.

    IPython would take ``%codex why?`` for a wish to see the help of ``why``; a lower number goes
    before its own rule. ``%codex?``, without a space, still shows our help.
    """

    priority = 4

    @classmethod
    def find(cls, tokens_by_line: Any) -> CodexLine | None:
        """Return the first such line of a cell."""
        for line in tokens_by_line:
            words = [token for token in line if token.string.strip()]
            if len(words) < 2 or words[0].string != "%" or words[1].string != "codex":
                continue
            if _LINE.match(words[0].line.strip()):
                return cls(words[0].start)
        return None


def codex_cell(lines: list[str]) -> list[str]:
    """
    Return a cell of ours as the call that it stands for; any other cell is left as it is.

    IPython refuses a cell magic with an empty body, and reads a line of prose as code before it
    looks for the magic in it.
    """
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return lines
    found = _CELL.match(lines[first].rstrip())
    if found:
        body = "".join(lines[first + 1 :])
        # A body of white space counts as none; IPython wants at least one character.
        return [_call("run_cell_magic", found[1], body if body.strip() else "\n")]
    return _leading_lines(lines, first)


# IPython skips it when it asks whether a cell is complete: it must see the cell magic itself.
codex_cell.has_side_effects = True  # type: ignore[attr-defined]


def _leading_lines(lines: list[str], first: int) -> list[str]:
    """Rewrite the ``%codex`` lines that a cell begins with: prose need not be Python's tokens."""
    done = list(lines)
    for number in range(first, len(lines)):
        found = _LINE.match(lines[number].rstrip())
        if found:
            done[number] = _call("run_line_magic", found[1])
        elif lines[number].strip():
            break
    return done


def _call(method: str, line: str | None, *body: str) -> str:
    words = ", ".join(repr(word) for word in ("codex", line or "", *body))
    return f"get_ipython().{method}({words})\n"
