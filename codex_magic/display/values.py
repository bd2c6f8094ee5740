"""What a structured answer stands for, as a table or a tree: safe HTML, and plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .markdown import escape_text
from .progress import plural

# Rows of a table, and entries of an object or a list, that are shown; the rest is counted.
_ROWS, _ENTRIES, _COLUMNS = 60, 200, 30
_DEEPEST = 12
_LONGEST, _CELL = 5_000, 60


def value_html(value: Any) -> str:
    """
    Return decoded JSON as HTML: a table of objects that have the same names, else a tree.

    >>> value_html({"curve": "red", "crosses": 2}).count("<tr>")
    2
    """
    return f'<div class="codex-value">{_html(value, 0)}</div>'


def value_text(value: Any) -> str:
    """
    Return decoded JSON as plain text.

    >>> print(value_text({"curve": "red", "at": [0.5, 2]}))
    curve: red
    at: 0.5, 2
    >>> print(value_text([{"x": 1, "y": "a"}, {"x": 10, "y": None}]))
        x  y
    0   1  a
    1  10  null
    """
    return "\n".join(_text(value, 0))


def columns_of(value: Any) -> list[str]:
    """Return the columns of a list that is a table: objects, flat ones, that share their names."""
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        return []
    names = list(dict.fromkeys(str(name) for row in value[:_ROWS] for name in row))
    filled = sum(len(row) for row in value[:_ROWS])
    # Objects that share little are no table: most of it would be empty.
    is_dense = 2 * filled >= len(names) * len(value[:_ROWS])
    return names if names and is_dense and len(names) <= _COLUMNS else []


def _html(value: Any, depth: int) -> str:
    if depth > _DEEPEST:
        return "…"
    if columns := columns_of(value):
        return _table_html(value, columns, depth)
    if isinstance(value, Mapping) and value:
        return _object_html(value, depth)
    if isinstance(value, list) and value:
        return _list_html(value, depth)
    return _shown_html(value)


def _table_html(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], depth: int) -> str:
    head = "".join(
        f'<th style="text-align:{_side(rows, name)}">{escape_text(name)}</th>' for name in columns
    )
    body = "".join(
        f"<tr><th>{number}</th>{''.join(_cell_html(row, name, depth) for name in columns)}</tr>"
        for number, row in enumerate(rows[:_ROWS])
    )
    size = f"{plural(len(rows), 'row')} × {plural(len(columns), 'column')}"
    shown = f", the first {_ROWS} of them here" if len(rows) > _ROWS else ""
    return (
        f'<table class="codex-table"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table><p><small>{size}{shown}</small></p>"
    )


def _side(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    return "right" if all(_is_number(row.get(name), True) for row in rows) else "left"


def _cell_html(row: Mapping[str, Any], name: str, depth: int) -> str:
    if name not in row:
        return "<td></td>"
    value = row[name]
    side = "right" if _is_number(value) else "left"
    return f'<td style="text-align:{side}">{_html(value, depth + 1)}</td>'


def _object_html(value: Mapping[str, Any], depth: int) -> str:
    rows = "".join(
        f'<tr><th style="text-align:left">{escape_text(str(name))}</th>'
        f'<td style="text-align:left">{_html(each, depth + 1)}</td></tr>'
        for name, each in _entries(value)
    )
    return f'<table class="codex-object"><tbody>{rows}</tbody></table>{_rest_html(value)}'


def _list_html(value: list[Any], depth: int) -> str:
    if _is_line(value):
        return ", ".join(map(_shown_html, value))
    entries = "".join(f"<li>{_html(each, depth + 1)}</li>" for each in value[:_ENTRIES])
    return f'<ul class="codex-list">{entries}</ul>{_rest_html(value)}'


def _rest_html(value: Mapping[str, Any] | list[Any]) -> str:
    more = len(value) - _ENTRIES
    return f"<p><small>… and {more:,} more</small></p>" if more > 0 else ""


def _shown_html(value: Any) -> str:
    lines = _shown(value).split("\n")
    return "<br>".join(escape_text(line) for line in lines)


def _text(value: Any, depth: int) -> Iterator[str]:
    if columns := columns_of(value):
        yield from _table_text(value, columns)
    elif depth > _DEEPEST:
        yield "…"
    elif isinstance(value, Mapping) and value:
        for name, each in _entries(value):
            yield from _entry_text(f"{name}:", each, depth)
        yield from _rest_text(value)
    elif isinstance(value, list) and value and not _is_line(value):
        for each in value[:_ENTRIES]:
            yield from _entry_text("-", each, depth)
        yield from _rest_text(value)
    elif isinstance(value, list) and value:
        yield ", ".join(map(_shown, value))
    else:
        yield from _shown(value).split("\n")


def _entry_text(label: str, value: Any, depth: int) -> Iterator[str]:
    first, *others = _text(value, depth + 1)
    if not others and not isinstance(value, Mapping):
        yield f"{label} {first}".rstrip()
        return
    yield label
    yield from (f"  {line}" for line in (first, *others))


def _rest_text(value: Mapping[str, Any] | list[Any]) -> Iterator[str]:
    more = len(value) - _ENTRIES
    if more > 0:
        yield f"… and {more:,} more"


def _table_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    cells = [["", *columns]]
    for number, row in enumerate(rows[:_ROWS]):
        shown = [_cell_text(row[name]) if name in row else "" for name in columns]
        cells.append([str(number), *shown])
    numeric = [True, *(_side(rows, name) == "right" for name in columns)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row_cells in cells:
        aligned = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row_cells, widths, numeric, strict=True)
        ]
        yield "  ".join(aligned).rstrip()
    if len(rows) > _ROWS:
        yield f"… {plural(len(rows), 'row')} × {plural(len(columns), 'column')}"


def _cell_text(value: Any) -> str:
    line = " ".join(" ".join(_text(value, 0)).split())
    return line if len(line) <= _CELL else f"{line[: _CELL - 1]}…"


def _entries(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(value.items())[:_ENTRIES]


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "{}"
        case list():
            return "[]"
        case str():
            return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
        case _:
            return repr(value)


def _is_line(value: list[Any]) -> bool:
    """Whether a list is short and plain enough for one line."""
    plain = all(not isinstance(each, list | dict) for each in value)
    return plain and sum(len(_shown(each)) + 2 for each in value) <= 100


def _is_number(value: Any, empty: bool = False) -> bool:
    if value is None:
        return empty
    return isinstance(value, int | float) and not isinstance(value, bool)
