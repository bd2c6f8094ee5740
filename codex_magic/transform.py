"""Lines that are meant for us reach us as they were written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from tokenize import TokenInfo
from typing import Any

from IPython.core.inputtransformer2 import EscapedCommand

from .patterns import late

_CELL = late(r"([ \t]*)%%codex(?:[ \t]+(.*))?$")
_LINE = late(r"%codex(?:[ \t]+(.*))?$")


class CodexLine(EscapedCommand):
    """
    A ``%codex`` line, or ``name = %codex …``, also one that ends in a question mark.

    IPython would take ``%codex why?`` for a wish to see the help of ``why``, so we go before its
    own rules. ``%codex?``, without a space, still shows our help.
    """

    def __init__(self, start: tuple[int, int]) -> None:
        base: Any = super()
        base.__init__(start)
        # IPython sorts by line, then by column: what is before the line goes first.
        self._column, self.start_col = self.start_col, -1

    def transform(self, lines: list[str]) -> list[str]:
        """Return the lines with the call in place of the magic."""
        self.start_col = self._column
        base: Any = super()
        changed: list[str] = base.transform(lines)
        return changed

    @classmethod
    def find(cls, tokens_by_line: Any) -> CodexLine | None:
        """Return the first such line of a cell."""
        for line in tokens_by_line:
            start = _start([token for token in line if token.string.strip()])
            if start:
                return cls(start)
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
        # A cell that is indented as a whole loses that, as in IPython.
        body = "".join(line.removeprefix(found[1]) for line in lines[first + 1 :])
        # A body of white space counts as none; IPython wants at least one character.
        return [_call("run_cell_magic", found[2], body if body.strip() else "\n")]
    return _leading_lines(lines, first)


# IPython skips it when it asks whether a cell is complete: it must see the cell magic itself.
codex_cell.has_side_effects = True  # type: ignore[attr-defined]


def _leading_lines(lines: list[str], first: int) -> list[str]:
    """Rewrite the ``%codex`` lines that a cell begins with: prose need not be Python's tokens."""
    done = list(lines)
    for number in range(first, len(lines)):
        found = _LINE.match(lines[number].rstrip())
        if found and not found[0].endswith("\\"):
            done[number] = _call("run_line_magic", found[1])
        elif lines[number].strip():
            break
    return done


def _call(method: str, line: str | None, *body: str) -> str:
    words = ", ".join(repr(word) for word in ("codex", line or "", *body))
    return f"get_ipython().{method}({words})\n"


def _start(words: Sequence[TokenInfo]) -> tuple[int, int] | None:
    """Return where a line magic of ours begins, if the line is one, or assigns what one returns."""
    for index, (sign, name) in enumerate(pairwise(words)):
        if (sign.string, name.string) != ("%", "codex") or not _may_begin(words[:index]):
            continue
        after = words[index + 2 : index + 3]
        # "%codex?" asks for help, and "%codex.x" is no magic of ours.
        if not after or after[0].start > name.end:
            return sign.start
    return None


def _may_begin(before: Sequence[TokenInfo]) -> bool:
    """Whether a magic may follow these words: none, or the left side of an assignment."""
    if not before:
        return True
    depth = sum((word.string in "([{") - (word.string in ")]}") for word in before)
    return before[-1].string == "=" and depth == 0 and before[0].string not in "%!?/,;"
