"""A summary of a variable: lines of text within a budget, with what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..records import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What is said of a value.

    Attributes:
        title: Its type and shape, on one line.
        lines: The rest.
        notes: What is not said, each in a few words.
    """

    title: str
    lines: Sequence[str] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """
    Lines that fit, and how many did not.

    Attributes:
        lines: The first and the last ones, with a line that says how many are between.
        missing: That number.
    """

    lines: list[str]
    missing: int = 0


def fit(
    lines: Sequence[str], room: int, *, what: str, total: int = 0, gap: int | None = None
) -> Fitted:
    """
    Keep the first and the last lines that fit.

    Args:
        lines: One line each.
        room: How many characters there are.
        what: What a line is, for the line that says how many are missing.
        total: How many lines there would be, where the middle is missing already.
        gap: Where it is missing: the position of the first line after it.

    Examples:
        >>> fit([f"line {at}" for at in range(20)], 60, what="lines").lines
        ['line 0', 'line 1', 'line 2', '… 16 more lines …', 'line 19']
    """
    total = max(total, len(lines))
    if total == len(lines) and sum(len(line) + 1 for line in lines) <= room:
        return Fitted(list(lines))
    last_front, first_back = (len(lines), 0) if gap is None else (gap, gap)
    left = room - 20 - len(what) - len(f"{total:,}")
    front, back = 0, len(lines)
    while front < back and (front < last_front or back > first_back):
        # Two lines of the head, then one of the tail.
        ahead = back <= first_back or (front < last_front and front < 2 * (len(lines) - back + 1))
        left -= len(lines[front if ahead else back - 1]) + 1
        if left < 0:
            break
        front, back = (front + 1, back) if ahead else (front, back - 1)
    missing = total - front - (len(lines) - back)
    mark = [f"… {missing:,} more {what} …"] if missing else []
    return Fitted([*lines[:front], *mark, *lines[back:]], missing)


def without(missing: int, total: int, what: str) -> tuple[str, ...]:
    """Return the note that some of all are not shown; none where all are."""
    return (f"without {missing:,} of {total:,} {what}",) if missing else ()


def cut(text: str, room: int) -> str:
    """
    Keep the head and the tail of a text, with a note of its size in between.

    Examples:
        >>> cut("abcdefghij" * 10, 50)
        'abcdefghijabcde\\n… 77 characters left out …\\ncdefghij'
    """
    if len(text) <= room:
        return text
    kept = max(0, room - 24 - len(f"{len(text):,}"))
    head = kept * 2 // 3
    tail = kept - head
    left_out = len(text) - kept
    return f"{text[:head]}\n… {left_out:,} characters left out …\n{text[len(text) - tail :]}"


def plural(number: int, what: str) -> str:
    """Return "1 row" or "2,000 rows"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def clean(text: str) -> str:
    """Return text that can be sent and shown: control characters and lone surrogates escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    # Joiners and exotic spaces belong to their script; what hides or breaks text does not.
    return character if character in "\u200c\u200d\u00a0\u3000\u202f" else repr(character)[1:-1]


def listed(names: Iterable[str], room: int) -> tuple[str, int]:
    """Return names with commas as far as they fit, and how many do not."""
    shown: list[str] = []
    missing = 0
    for name in names:
        if missing or len(name) + 2 > room:
            missing += 1
            continue
        shown.append(name)
        room -= len(name) + 2
    return ", ".join(shown) + (f", … {missing:,} more" if missing else ""), missing
