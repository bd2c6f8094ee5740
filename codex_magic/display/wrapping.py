"""Words that a terminal does not break in the middle: prose is wrapped while it streams."""

from __future__ import annotations

import re
import shutil
from unicodedata import east_asian_width

_PIECES = re.compile(r"\n|[^\S\n]+|\S+")
_FENCE = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_MARKER = re.compile(r"[-*+]|\d{1,9}[.)]")
# Below this, wrapping makes a column of single words.
_NARROWEST = 20


class Wrapping:
    """
    Puts line ends between the words of Markdown where a terminal would break one.

    Code and tables stay as they are. Nothing is held back but spaces at the end, so that what is
    written in between stands behind the words before it; a word that comes in pieces stays on the
    line on which it began.

    Args:
        width: The columns of the terminal; it is asked where that is left out.

    >>> print(Wrapping(20).feed("- Words that are wrapped. "))
    - Words that are
      wrapped.
    """

    def __init__(self, width: int | None = None) -> None:
        self._width = width
        self._space = ""
        self._column = 0
        self._indent = ""
        # What the line begins with, as far as it is known, and the fence that was open before it.
        self._lead = self._first = ""
        self._within = ""
        self._fence = ""
        self._verbatim = False

    def feed(self, text: str) -> str:
        """Return what is to be written for more of the text."""
        width = self._width or shutil.get_terminal_size().columns
        return "".join(self._placed(piece, width) for piece in _PIECES.findall(text))

    def _placed(self, piece: str, width: int) -> str:
        if piece == "\n":
            space, self._space = self._space, ""
            self._column, self._lead, self._first, self._within = 0, "", "", self._fence
            return space + piece
        if piece.isspace():
            self._space += piece
            return ""
        space, self._space = self._space, ""
        if not self._first:
            self._lead = space
        if not self._first or (not space and self._column == _columns(self._lead + self._first)):
            self._first += piece
            self._begin(self._first)
        wide = _columns(piece)
        broken = self._column and self._column + len(space) + wide > width >= _NARROWEST
        if broken and not self._verbatim and space:
            self._column = len(self._indent) + wide
            return f"\n{self._indent}{piece}"
        self._column += len(space) + wide
        if self._column > width:
            # The terminal breaks what is too long for a line.
            self._column %= width
        return space + piece

    def _begin(self, word: str) -> None:
        """Look at the first word of a line: it tells code, tables and lists."""
        fence = _FENCE.match(word)
        marks = fence[0] if fence else ""
        if marks and not self._within:
            self._fence = marks
        elif marks.startswith(self._within):
            self._fence = ""
        code = bool(self._within or marks) or self._lead.startswith(("    ", "\t"))
        self._verbatim = code or word.startswith("|")
        hanging = len(word) + 1 if _MARKER.fullmatch(word) else 0
        self._indent = self._lead + " " * hanging


def _columns(word: str) -> int:
    return len(word) + sum(east_asian_width(character) in "WF" for character in word)
