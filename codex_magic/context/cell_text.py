"""Text of outputs as a model reads it best: without colours, progress bars and blobs, and not too long."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..patterns import late
from .budget import cut, whole

# A text is looked at this many limits deep from either end: the rest cannot be sent anyway.
_DEEP = 2
# Lines that repeat at least so often are shown once, also groups of a few lines.
_REPEATS, _LONGEST_GROUP = 4, 3
# OSC (links, titles), CSI (colours, the cursor) and the short sequences.
_ANSI = late(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-Z\\^-~]|\x9b[0-?]*[@-~]"
)
_UP = late(r"\x1b\[([0-9]{0,6})A")
_MOVES = late(r"\n|\r|\x1b\[[0-9]{0,6}A|[^\n\r\x1b]+|\x1b")
_CONTROL = late(r"[\x00-\x08\x0b-\x1f\x7f]")
_DATA_ADDRESS = late(r"data:([\w.+-]+/[\w.+-]+)[\w=;.-]*;base64,([A-Za-z0-9+/=%\s]{64,})")
_BLOB = late(
    r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{60,}={0,2}(?:\n|$|(?=\W)))+(?:[A-Za-z0-9+/_-]{1,59}={1,2})?"
)
_BLOB_SIZE, _BLOB_LINE = 400, 60


def shorten(
    text: str, limit: int, clean: Callable[[str], str] | None = None, *, lost: int = 0
) -> tuple[str, str]:
    """
    Return a text as it is sent, and what was left out of it, in words.

    However long the text is, only its ends are looked at.

    Args:
        text: An output's text, or a source.
        limit: How many characters of it are kept, about.
        clean: What makes it readable, without changing what it says; None is ``tidy``.
        lost: How many characters are missing in its middle.
    """
    clean = clean or tidy
    if not lost and len(text) <= 2 * limit * _DEEP:
        return cut(clean(text), limit)
    first, half = limit * 2 // 3, len(text) // 2
    last = limit - first
    head = clean(text[: min(first * _DEEP, half)])[:first]
    tail = clean(text[len(text) - min(last * _DEEP, half) :])[-last:]
    head, tail = whole(head, tail, limit // 10)
    total = len(text) + lost
    note = f"{total - len(head) - len(tail):,} of {total:,} characters left out"
    return "\n".join(filter(None, (head, f"[… {note} …]", tail))), note


def tidy(text: str) -> str:
    r"""
    Return an output's text as its reader sees it.

    >>> tidy(" 10%\r 50%\r100%\n\x1b[31mred\x1b[0m\n" + "again\n" * 9)
    '100%\nred\nagain\n[… the line above 8 more times]'
    """
    text = text.replace("\r\n", "\n")
    if "\x1b" in text or "\x9b" in text:
        text = _ANSI.sub(_kept_move, text)
    if "\r" in text or "\b" in text or "\x1b" in text:
        text = _final(text)
    text = without_blobs(_CONTROL.sub("", text))
    return "\n".join(_without_repeats(text.rstrip().split("\n")))


def without_blobs(text: str) -> str:
    """Return a text without encoded bytes, and as what can be sent as UTF-8."""
    if "base64," in text:
        text = _DATA_ADDRESS.sub(lambda found: f"[{found[1]}, {len(found[2]):,} characters]", text)
    if len(text) >= _BLOB_SIZE and max(map(len, text.split()), default=0) >= _BLOB_LINE:
        text = _BLOB.sub(_blob, text)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _blob(found: re.Match[str]) -> str:
    """Return what stands for encoded bytes; words, sequences and rules (----) stay as they are."""
    text = found[0]
    kinds = (str.isupper, str.islower, str.isdigit)
    if len(text) < _BLOB_SIZE or not all(any(map(kind, text)) for kind in kinds):
        return text
    return f"[base64, {len(text):,} characters]" + ("\n" if text.endswith("\n") else "")


def _kept_move(found: re.Match[str]) -> str:
    """Keep the cursor's way up, by which progress bars below each other are drawn."""
    return found[0] if _UP.fullmatch(found[0]) else ""


def _final(text: str) -> str:
    """Return what a text leaves on the screen after carriage returns, backspaces and cursor moves."""
    # By their rows, from where it begins: the cursor may go up from there.
    lines, row, fresh = {0: ""}, 0, False
    for move in _MOVES.findall(text):
        if move == "\n":
            row += 1
            # Where the cursor had gone up, what is written replaces what stands there.
            fresh = row in lines
            lines.setdefault(row, "")
        elif move == "\r":
            fresh = True
        elif up := _UP.fullmatch(move):
            row, fresh = row - int(up[1] or 1), True
        elif not fresh or move.strip():
            # Blanks that only wipe a line away are left out.
            lines[row] = move if fresh else lines.get(row, "") + move
            fresh = False
    shown = [lines[row] for row in sorted(lines)]
    return "\n".join(_without_backspaces(line) if "\b" in line else line for line in shown)


def _without_backspaces(line: str) -> str:
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def _without_repeats(lines: list[str]) -> list[str]:
    """Return the lines with groups that repeat shown once."""
    if len(lines) - len(set(lines)) < _REPEATS - 1:
        return lines
    kept: list[str] = []
    index = 0
    while index < len(lines):
        size, times = _repeats(lines, index)
        kept.extend(lines[index : index + size])
        if times > 1:
            above = "the line above" if size == 1 else f"the {size} lines above"
            blank = not any(lines[index : index + size])
            kept.extend([] if blank else [f"[… {above} {times - 1:,} more times]"])
        index += size * times
    return kept


def _repeats(lines: list[str], start: int) -> tuple[int, int]:
    """Return the size of the group that begins at a line, and how often it stands there."""
    for size in range(1, _LONGEST_GROUP + 1):
        end = start + size
        while end < len(lines) and lines[end] == lines[end - size]:
            end += 1
        if (times := (end - start) // size) >= _REPEATS:
            return size, times
    return 1, 1
