"""What changed between two versions of a cell, as text and as safe HTML."""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterator

# Longer changes are shown as what went and what came: finding the best match takes too long.
_MOST_LINES, _MOST_WORDS, _LONGEST_LINE = 2_000, 400, 1_000
_AROUND = 3
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
# Pygments' own names, which themes know; the signs tell where they do not.
_CLASSES = {"+": "gi", "-": "gd", "@": "gu", " ": ""}


def diff_text(old: str, new: str) -> str:
    r"""
    Return a unified diff of two cells, without file names; nothing if they are the same.

    >>> print(diff_text("x = 1\ny = 2", "x = 1\ny = 3"))
    @@ -1,2 +1,2 @@
     x = 1
    -y = 2
    +y = 3
    """
    return "\n".join(_lines(old, new))


def diff_html(old: str, new: str) -> str:
    r"""
    Return the diff of two cells as HTML in which every character of theirs is only text.

    Colours are a theme's: the classes are those of Pygments, and `codex-diff`. What changed
    within a line is strong.

    >>> diff_html("x = 1", "x = 2").count("<strong>")
    2
    """
    lines = list(_lines(old, new))
    if not lines:
        return ""
    rows = "\n".join(_row(sign, inner) for sign, inner in _marked(lines))
    # HTML drops a line end right after <pre>: the empty span keeps it.
    return f'<div class="highlight codex-diff"><pre><code>{rows}\n</code></pre></div>\n'


def _lines(old: str, new: str) -> Iterator[str]:
    before, after = _split(old), _split(new)
    if before == after:
        return
    if max(len(before), len(after)) > _MOST_LINES:
        yield f"@@ -1,{len(before)} +1,{len(after)} @@"
        yield from (f"-{line}" for line in before)
        yield from (f"+{line}" for line in after)
        return
    found = difflib.unified_diff(before, after, n=_AROUND, lineterm="")
    yield from list(found)[2:]


def _split(cell: str) -> list[str]:
    # Not splitlines: a form feed or U+2028 in a string ends no line of a cell.
    text = cell.replace("\r\n", "\n").removesuffix("\n")
    return text.split("\n") if text else []


def _marked(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the sign of each line and its HTML; lines that replace each other are compared."""
    position = 0
    while position < len(lines):
        removed = _run(lines, position, "-")
        added = _run(lines, position + len(removed), "+")
        if not removed or len(removed) != len(added):
            count = max(1, len(removed) + len(added))
            yield from (
                (line[:1], html.escape(line)) for line in lines[position : position + count]
            )
            position += count
            continue
        pairs = [_compared(old[1:], new[1:]) for old, new in zip(removed, added, strict=True)]
        yield from (("-", f"-{old}") for old, _ in pairs)
        yield from (("+", f"+{new}") for _, new in pairs)
        position += len(removed) + len(added)


def _run(lines: list[str], start: int, sign: str) -> list[str]:
    end = start
    while end < len(lines) and lines[end].startswith(sign):
        end += 1
    return lines[start:end]


def _compared(old: str, new: str) -> tuple[str, str]:
    """Return two lines as HTML, with the words that differ marked."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    is_long = max(len(old), len(new)) > _LONGEST_LINE or max(len(before), len(after)) > _MOST_WORDS
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if is_long or matcher.ratio() < 0.4:
        return html.escape(old), html.escape(new)
    left, right = [], []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        left.append(_strong("".join(before[i1:i2]), tag != "equal"))
        right.append(_strong("".join(after[j1:j2]), tag != "equal"))
    return "".join(left), "".join(right)


def _strong(text: str, is_changed: bool) -> str:
    escaped = html.escape(text)
    return f"<strong>{escaped}</strong>" if is_changed and text else escaped


def _row(sign: str, inner: str) -> str:
    css = _CLASSES[sign]
    return f'<span class="{css}">{inner}</span>' if css else inner
