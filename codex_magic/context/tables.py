"""What is said of a table, whichever library it is of: columns, and its first and last rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..records import dataclass
from .inspection import exact, is_a, type_name
from .one_line import HIDDEN, one_line
from .scalars import scalar
from .secret_names import kind as secret_kind
from .summaries import Summary, clean, fit, plural, without

_WIDTH = 110
_CELL = 24
# Columns of a text table: more than these never fit in one line.
_COLUMNS = 16


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column as the summary shows it.

    Attributes:
        name: Its label.
        dtype: Its type, as its library calls it.
        missing: What is said of missing values; empty for none.
        about: Range, distinct values or categories.
    """

    name: str
    dtype: str
    missing: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """
    A table, read as far as the summary asks.

    Attributes:
        title: Its type and shape.
        above: What comes before the columns, as its index.
        height: The number of rows.
        width: The number of columns.
        column: Describes the column at a position.
        name: The label of the column at a position, as text.
        cell: The text at a row and a column; column -1 is the index.
        notes: What was not looked at.
    """

    title: str
    above: list[str]
    height: int
    width: int
    column: Callable[[int], Column]
    name: Callable[[int], str]
    cell: Callable[[int, int], str]
    notes: tuple[str, ...] = ()


def described(table: Table, room: int) -> Summary:
    """Return the summary of a table: its columns one a line, then its head and tail."""
    positions = middle_out(table.width, max(4, room // 2 // 50))
    lines = [_line(table.column(position)) for position in positions]
    used = sum(map(len, table.above))
    columns = fit(
        lines,
        int((room - used) * 0.6),
        total=table.width,
        gap=_gap(positions),
        what="columns",
    )
    left = room - used - sum(len(line) + 1 for line in columns.lines)
    rows, missing = _rows(table, left)
    notes = list(table.notes)
    notes.extend(without(columns.missing, table.width, "columns"))
    notes.extend(without(missing, table.height, "rows"))
    return Summary(table.title, [*table.above, *columns.lines, *rows], tuple(notes))


def middle_out(size: int, kept: int) -> list[int]:
    """
    Return the first and the last positions.

    Examples:
        >>> middle_out(10, 6), middle_out(3, 6)
        ([0, 1, 2, 3, 8, 9], [0, 1, 2])
    """
    if size <= kept:
        return list(range(size))
    tail = kept // 3
    return [*range(kept - tail), *range(size - tail, size)]


def _gap(positions: Sequence[int]) -> int | None:
    """Return where positions jump: the first one after it."""
    later = range(1, len(positions))
    return next((at for at in later if positions[at] - positions[at - 1] > 1), None)


def _line(column: Column) -> str:
    parts = [f"  {column.name}: {column.dtype}", column.missing, column.about]
    return ", ".join(part for part in parts if part)


def _rows(table: Table, room: int) -> tuple[list[str], int]:
    """Return the first and the last rows as a text table, and how many rows are not in it."""
    if not table.height or not table.width:
        return [], 0
    columns = [-1, *middle_out(table.width, _COLUMNS)]
    kept = max(1, min(10, room // 60))
    rows = middle_out(table.height, kept if table.height > kept + 2 else table.height)
    texts = [
        [table.name(at) if at >= 0 else "" for at in columns],
        *([table.cell(row, at) for at in columns] for row in rows),
    ]
    gap = _gap(columns)
    if gap is not None:
        for line in texts:
            line.insert(gap, "…")
    lines = _aligned(_narrowed(texts))
    missing = table.height - len(rows)
    if missing:
        lines.insert((_gap(rows) or len(rows)) + 1, f"… {plural(missing, 'more row')} …")
    heading = "first and last rows:" if missing else "rows:"
    return [heading, *lines], missing


def _narrowed(texts: list[list[str]]) -> list[list[str]]:
    """Take columns out of the middle until a line is short enough."""
    widths = [max(len(line[at]) for line in texts) + 2 for at in range(len(texts[0]))]
    keep = list(range(len(widths)))
    while sum(widths[at] for at in keep) > _WIDTH and len(keep) > 3:
        # The index and the first columns say most.
        keep.pop(len(keep) * 2 // 3)
    if len(keep) == len(widths):
        return texts
    gap = next(
        at for at in range(1, len(keep) + 1) if at == len(keep) or keep[at] > keep[at - 1] + 1
    )
    kept = [[line[at] for at in keep] for line in texts]
    return [line if "…" in kept[0] else [*line[:gap], "…", *line[gap:]] for line in kept]


def _aligned(texts: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[at]) for line in texts) for at in range(len(texts[0]))]
    return [
        "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in texts
    ]


def cell_text(value: Any, column: str = "") -> str:
    """Return a cell as text, without quotes and cut; hidden where its column reads secret."""
    if reads_secret(column) and value is not None:
        return "<hidden>"
    if is_a(value, str):
        text = clean(str.__getitem__(value, slice(_CELL + 1))).replace("\n", "\\n")
        return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
    if is_a(value, float):
        return number(value)
    text = one_line(value, _CELL).replace("\n", " ")
    return text if len(text) <= _CELL + 8 else text[: _CELL - 1] + "…"


def reads_secret(column: str) -> bool:
    """Say whether the name of a column promises secrets; tokens alone are those of a text."""
    kind = secret_kind(column[:200])
    return kind in ("password", "key") or (
        kind == "token" and not column.lower().startswith("token")
    )


def label_text(label: Any) -> str:
    """Return the label of a column or row; a string without quotes."""
    if is_a(label, str):
        return clean(exact(label))[:60].replace("\n", "\\n")
    return one_line(label, 40)


def distinct(cells: Sequence[Any], column: str, *, sampled: bool) -> str:
    """
    Say what a column of objects holds.

    Examples:
        >>> distinct(["a", "b", "a", None], "name", sampled=False)
        "2 distinct: 'a', 'b'"
    """
    if reads_secret(column):
        return HIDDEN
    present = [
        each for each in cells if scalar(each, 24) not in (None, "None", "nan", "<NA>", "NaT")
    ]
    others = {type_name(each) for each in cells if scalar(each, 24) is None}
    if others:
        return f"objects: {', '.join(sorted(others)[:5])}"
    # By their text: some have a hash of their own.
    seen: dict[str, int] = {}
    for each in present:
        text = scalar(each, _CELL) or ""
        seen[text] = seen.get(text, 0) + 1
    if not seen:
        return ""
    common = sorted(seen, key=lambda text: -seen[text])[:4]
    more = ", …" if len(seen) > len(common) else ""
    where = f" in {len(cells):,} rows of the sample" if sampled else ""
    return f"{len(seen):,} distinct{where}: {', '.join(common)}{more}"


def numbers(least: Any, mean: Any, most: Any) -> str:
    """Return a range of numbers with their mean, at six digits."""
    texts = [number(each) for each in (least, mean, most)]
    return f"min {texts[0]}, mean {texts[1]}, max {texts[2]}"


def number(value: Any) -> str:
    """
    Return a number at six digits; an integer whole.

    Examples:
        >>> number(2 / 3), number(1_000_000), number(2.0)
        ('0.666667', '1000000', '2')
    """
    if is_a(value, int):
        return scalar(value, 24) or ""
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError, OverflowError):
        return scalar(value, 24) or type_name(value)


def missing_text(missing: int, looked_at: int, height: int) -> str:
    """Say how many values are missing, of all or of a sample."""
    if not missing:
        return ""
    if looked_at < height:
        return f"{100 * missing / looked_at:.1f} % of the sample missing"
    return f"{missing:,} missing"


def size_text(size: int) -> str:
    """
    Return a number of bytes as people say it.

    Examples:
        >>> size_text(900), size_text(1_234_567)
        ('900 bytes', '1.2 MB')
    """
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1_000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1_000
    return f"{amount:.1f} TB"
