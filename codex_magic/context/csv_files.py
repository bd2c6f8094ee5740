"""CSV and TSV files in words: their shape, their columns and their first rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

from .decoding import encoding

# Rows whose values are looked at; the others are counted.
_INSPECTED = 10_000
_FIRST_ROWS, _FEW_ROWS = 10, 20
_MOST_COLUMNS = 100
_LONGEST_CELL = 100
_SAMPLE = 1_000_000
# Above this many bytes the rows are estimated.
_COUNTED = 50_000_000
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_TRUTH = frozenset({"true", "false"})


def delimited(open_: Callable[[], BinaryIO], size: int, delimiter: str = "") -> tuple[str, str]:
    """
    Return the summary of a table whose values stand between delimiters, and what was left out.

    Args:
        open_: Opens the file.
        size: Its bytes.
        delimiter: What stands between values; empty finds it.
    """
    with open_() as file:
        sample = file.read(_SAMPLE)
    name = encoding(sample, whole=len(sample) == size) or "latin-1"
    text = sample.decode(name, errors="replace")
    delimiter = delimiter or _delimiter(text)
    with io.TextIOWrapper(open_(), name, errors="replace", newline="") as lines:
        rows = _rows(lines, delimiter)
        inspected = [row for _, row in zip(range(_INSPECTED + 1), rows, strict=False)]
        if not inspected:
            return "an empty table", ""
        if size <= _COUNTED:
            count = f"{len(inspected) + sum(1 for _ in rows) - _has_header(inspected):,}"
        else:
            used = sum(sum(map(len, row)) + len(row) for row in inspected)
            count = f"about {int(size / max(used / len(inspected), 1)):,}"
    few = len(inspected) - _has_header(inspected) <= _FEW_ROWS
    note = "" if few else f"a summary and the first {_FIRST_ROWS} of {count} rows"
    return "\n".join(_summary(inspected, count, delimiter)), note


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the rows that are not empty, as far as they are well-formed."""
    # A NUL is no text to older readers.
    reader = csv.reader((line.replace("\0", "") for line in lines), delimiter=delimiter)
    try:
        yield from (row for row in reader if row)
    except csv.Error:
        return


def _delimiter(text: str) -> str:
    """Return what stands between values: what gives most rows the same number of them."""
    lines = text.splitlines()[:50]

    def score(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in _rows(lines, delimiter))
        if not widths:
            return 0.0, 0
        width, times = widths.most_common(1)[0]
        return (times / widths.total() if width > 1 else 0.0), width

    return max(",;\t|", key=score)


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: no number stands in it."""
    return not any(_number(value) is not None for value in rows[0])


def _summary(rows: list[list[str]], count: str, delimiter: str) -> Iterator[str]:
    header = _has_header(rows)
    names = rows[0] if header else [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    values = rows[1:] if header else rows
    between = {"\t": "tabs"}.get(delimiter, repr(delimiter))
    heading = "" if header else ", without a header"
    plural = "" if len(names) == 1 else "s"
    yield f"{count} row{'' if count == '1' else 's'} × {len(names)} column{plural}, separated by {between}{heading}"
    ragged = sum(len(row) != len(names) for row in values)
    if ragged:
        yield f"{ragged:,} rows have another number of values"
    yield ""
    looked_at = "" if len(values) < _INSPECTED else f" (from the first {len(values):,} rows)"
    yield f"Columns{looked_at}:"
    for index, name in enumerate(names[:_MOST_COLUMNS]):
        column = [row[index].strip() for row in values if index < len(row)]
        yield f"  {_short(name)}: {_column(column)}"
    if len(names) > _MOST_COLUMNS:
        yield f"  … and {len(names) - _MOST_COLUMNS:,} more"
    yield ""
    few = len(values) <= _FEW_ROWS
    yield "All rows:" if few else f"The first {_FIRST_ROWS} rows:"
    yield _written(rows[: header + (len(values) if few else _FIRST_ROWS)], delimiter)


def _column(values: Sequence[str]) -> str:
    """Return what a column holds: its type, its range, what is missing."""
    present = [value for value in values if value.lower() not in _MISSING]
    parts = [_kind(present)] if present else ["empty"]
    if len(present) < len(values) and present:
        parts.append(f"{len(values) - len(present):,} missing")
    return ", ".join(parts)


def _kind(values: Sequence[str]) -> str:
    numbers = [_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers):
        name = "int" if all(_INTEGER.fullmatch(value) for value in values) else "float"
        return f"{name}, {min(known):.12g} to {max(known):.12g}"
    if all(_DATE.fullmatch(value) for value in values):
        return f"date, {min(values)} to {max(values)}"
    if all(value.lower() in _TRUTH for value in values):
        return "true/false"
    different = len(set(values))
    return f"text, {different:,} different value{'s' * (different != 1)}"


def _number(value: str) -> float | None:
    # Underscores are Python's, not a table's.
    if "_" in value:
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_CELL else line[:_LONGEST_CELL] + "…"


def _written(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerows([_short(value) for value in row[:_MOST_COLUMNS]] for row in rows)
    return file.getvalue().rstrip("\n")
