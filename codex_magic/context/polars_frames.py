"""Summaries of polars' frames and series, and of Arrow tables; a lazy frame is never one of them."""

from __future__ import annotations

from typing import Any

from .inspection import library_class, type_name
from .one_line import one_line
from .scalars import string
from .summaries import Summary, plural
from .tables import (
    Column,
    Table,
    cell_text,
    described,
    distinct,
    label_text,
    missing_text,
    number,
    numbers,
    reads_secret,
    size_text,
)

_CELLS = 5_000_000
_SAMPLE = 100_000
_OBJECTS = 5_000


def frame_summary(value: Any, room: int) -> Summary:
    """Describe a polars DataFrame."""
    cls = library_class(value, "polars", "DataFrame")
    assert cls is not None
    frame = value if type(value) is cls else cls(value.get_columns())
    height, width = frame.shape
    step = 1 if height * min(width, 40) <= _CELLS else max(1, height // _SAMPLE)
    names = frame.columns
    size = size_text(int(frame.estimated_size()))
    table = Table(
        title=f"{type_name(value)}, {plural(height, 'row')} × {plural(width, 'column')}, {size}",
        above=["columns:" if step == 1 else f"columns (ranges of every {step:,}th row):"],
        height=height,
        width=width,
        column=lambda at: _column(frame.to_series(at), step),
        name=lambda at: label_text(names[at]),
        cell=lambda row, at: str(row) if at < 0 else _cell(frame.to_series(at), row, names[at]),
        notes=() if step == 1 else (f"with ranges of every {step:,}th row",),
    )
    return described(table, room)


def series_summary(value: Any, room: int) -> Summary:
    """Describe a polars Series."""
    height = len(value)
    step = 1 if height <= _CELLS else max(1, height // _SAMPLE)
    column = _column(value, step)
    name = f" {string(value.name, 60)}" if value.name else ""
    about = ", ".join(part for part in (column.missing, column.about) if part)
    about += f" (of every {step:,}th row)" if step > 1 else ""
    table = Table(
        title=f"{type_name(value)}{name}, {plural(height, 'row')}, {column.dtype}",
        above=[about] if about else [],
        height=height,
        width=1,
        column=lambda at: column,
        name=lambda at: column.name,
        cell=lambda row, at: str(row) if at < 0 else _cell(value, row, value.name),
        notes=() if step == 1 else (f"with the range of every {step:,}th row",),
    )
    summary = described(table, room)
    lines = [line for line in summary.lines if not line.startswith(f"  {column.name}: ")]
    return Summary(summary.title, lines, summary.notes)


def arrow_summary(value: Any, room: int) -> Summary:
    """Describe a pyarrow Table or RecordBatch: its schema and its first rows."""
    height, width = value.num_rows, value.num_columns
    schema = value.schema
    rows = value.slice(0, 5).to_pylist() if width <= 100 else []
    table = Table(
        title=f"{type_name(value)}, {plural(height, 'row')} × {plural(width, 'column')}",
        above=["columns:"],
        height=len(rows),
        width=width,
        column=lambda at: Column(label_text(schema.names[at]), str(schema.types[at])[:60]),
        name=lambda at: label_text(schema.names[at]),
        cell=lambda row, at: (
            str(row) if at < 0 else cell_text(rows[row].get(schema.names[at]), schema.names[at])
        ),
        notes=(f"without {height - len(rows):,} of {height:,} rows",) if height > len(rows) else (),
    )
    return described(table, room)


def _column(series: Any, step: int) -> Column:
    name, dtype = label_text(series.name), str(series.dtype)[:60]
    if series.dtype.is_nested() or dtype == "Object":
        return Column(name, dtype, missing_text(series.null_count(), len(series), len(series)))
    sample = series.gather_every(step) if step > 1 else series
    missing = missing_text(sample.null_count(), len(sample), len(series))
    return Column(name, dtype, missing, _about(series.name, sample, sampled=step > 1))


def _about(name: str, sample: Any, *, sampled: bool) -> str:
    dtype = sample.dtype
    present = sample.drop_nulls()
    if reads_secret(name):
        return "values hidden: the name reads like a secret"
    if not len(present):
        return ""
    if dtype.is_float() or dtype.is_integer() or dtype.is_decimal():
        return _numeric(present)
    if dtype.is_temporal():
        return f"{one_line(present.min())} to {one_line(present.max())}"
    if str(dtype) == "Boolean":
        true = int(present.sum())
        return f"{true:,} True, {len(present) - true:,} False"
    objects = sample.gather_every(max(1, len(sample) // _OBJECTS))
    return distinct(objects.to_list(), name, sampled=sampled or len(objects) < len(sample))


def _numeric(present: Any) -> str:
    notes = ""
    if present.dtype.is_float():
        nan = int(present.is_nan().sum())
        infinite = int(present.is_infinite().sum())
        notes = f", {nan:,} NaN" * (nan > 0) + f", {infinite:,} infinite" * (infinite > 0)
        present = present.filter(present.is_finite()) if notes else present
    if not len(present):
        return notes[2:]
    if len(present) == 1:
        return number(present.item(0)) + notes
    return numbers(present.min(), present.mean(), present.max()) + notes


def _cell(series: Any, row: int, column: str) -> str:
    if str(series.dtype) == "Object":
        return f"<{type_name(series[row])}>"
    value = series[row]
    # A list in a cell comes as a series of its own.
    return cell_text(value.to_list() if library_class(value, "polars", "Series") else value, column)
