"""HTML as text: tables as rows with bars between, the rest as lines."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

# Characters of the HTML that are read at most.
_MOST = 160_000
# The standard library's parser takes minutes for 160 kB of "<a <a <a"; this looks at each
# character about once.
_TAG = re.compile(r"<(?:(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>|(!--)|[!?/][^<>]*>)")
# Rows as libraries write them, which need no look at each of their tags.
_ROWS = re.compile(r"(?:<tr\b[^<>]*>(?:\s*<t[dh]\b[^<>]*>[^<]*</t[dh]>)+\s*</tr>\s*)+")
_CELL = re.compile(r"<t[dh]\b[^<>]*>([^<]*)")
_SPAN = re.compile(r"colspan\s*=\s*[\"']?([0-9]{1,5})", re.I)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.I)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_SKIPPED = frozenset({"script", "style", "template", "noscript", "svg", "head"})
# Tags that begin a new line.
_BLOCKS = re.compile(
    "p|div|li|[uod]l|d[td]|pre|[bh]r|h[1-6]|table|t(?:head|body|foot)|t[rdh]|caption|section|article"
    "|details|summary|blockquote|figure"
)
_MOST_COLUMNS = 1_000


def html_text(source: str, most: int = _MOST) -> str:
    """
    Return what HTML says, as compact text; empty where it says nothing.

    Of HTML with more than ``most`` characters the beginning and the end are read; broken HTML is
    read as far as it goes.

    >>> print(html_text("<table><tr><th></th><th>a</th></tr><tr><th>0</th><td>1</td></tr></table>"))
     | a
    0 | 1
    """
    if len(source) <= most:
        return _Reader().read(source)
    head, tail = _Reader().read(source[: most * 3 // 4]), source[-(most // 4) :]
    row = max(tail.find("<tr"), 0)
    left_out = f"[… {len(source) - most:,} characters of HTML left out …]"
    return "\n".join(filter(None, (head, left_out, _Reader().read(tail[row:]))))


class _Reader:
    """Collects lines; a row of a table is one. A table within a cell belongs to the cell."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._span = 1
        self._depth = 0

    def read(self, source: str) -> str:
        """Return what a piece of HTML says."""
        place, plain = 0, "colspan" not in source.lower()
        while tag := _TAG.search(source, place):
            self._say(source[place : tag.start()])
            place = tag.end()
            name = (tag[2] or "").lower()
            simple = name == "tr" and plain and self._depth <= 1
            if simple and (rows := _ROWS.match(source, tag.start())):
                self._take_rows(rows[0])
                place = rows.end()
            elif tag[4]:
                place = _after(source, "-->", place)
            elif name in _SKIPPED and not tag[1]:
                place = _after(source, ">", _after(source, f"</{tag[2]}", place))
            elif tag[1]:
                self._close(name)
            elif name:
                self._open(name, tag[3])
        # What looks like the beginning of a tag was cut off.
        self._say(re.split(r"<(?=[a-zA-Z/!?]|$)", source[place:], maxsplit=1)[0])
        return self._text()

    def _take_rows(self, rows: str) -> None:
        self._end_row()
        for row in rows.split("</tr>"):
            cells = [cell.strip() for cell in _CELL.findall(row)[:_MOST_COLUMNS]]
            line = " | ".join(cells)
            # Else there is nothing to unescape, and no space to take out.
            if "&" in line or "  " in line or not line.isprintable():
                cells = [_clean([html.unescape(cell)]) for cell in cells]
                line = " | ".join(cells)
            if any(cells):
                if self._line:
                    self._break()
                self._lines.append(line)

    def _open(self, name: str, attributes: str) -> None:
        if name == "table":
            self._depth += 1
            self._break()
        elif name == "tr" and self._depth <= 1:
            self._end_row()
            self._row = []
        elif name in ("td", "th") and self._depth <= 1:
            self._end_cell()
            self._row = [] if self._row is None else self._row
            span = _SPAN.search(attributes)
            self._cell, self._span = [], min(max(int(span[1]), 1), _MOST_COLUMNS) if span else 1
        elif name == "img":
            alt = _ALT.search(attributes)
            self._say(f"[image: {alt[1] or alt[2] or ''}]" if alt else "[image]")
        elif _BLOCKS.fullmatch(name):
            self._break()

    def _close(self, name: str) -> None:
        if name in ("td", "th") and self._depth <= 1:
            self._end_cell()
        elif name == "tr" and self._depth <= 1:
            self._end_row()
        elif name == "table":
            self._depth = max(self._depth - 1, 0)
            if self._depth == 0:
                self._end_row()
            self._break()
        elif _BLOCKS.fullmatch(name):
            self._break()

    def _say(self, text: str) -> None:
        if text:
            said = html.unescape(text) if "&" in text else text
            (self._line if self._cell is None else self._cell).append(said)

    def _text(self) -> str:
        self._end_row()
        self._break()
        return "\n".join(self._lines)

    def _break(self) -> None:
        if self._cell is not None:
            self._cell.append(" ")
            return
        if line := _clean(self._line):
            self._lines.append(line)
        self._line = []

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            room = _MOST_COLUMNS - len(self._row)
            cells = [_clean(self._cell), *[""] * (self._span - 1)]
            self._row.extend(cells[: max(room, 0)])
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None and any(self._row):
            self._break()
            self._lines.append(" | ".join(self._row))
        self._row = None


def _clean(words: Iterable[str]) -> str:
    text = "".join(words).strip()
    return text if text.isprintable() and "  " not in text else _SPACE.sub(" ", text)


def _after(source: str, end: str, place: int) -> int:
    """Return the place behind an end; the end of the source where there is none."""
    found = source.find(end, place)
    return found + len(end) if found >= 0 else len(source)
