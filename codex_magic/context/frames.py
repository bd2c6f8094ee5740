"""Summaries of pandas' frames, series and indexes."""

from __future__ import annotations

from typing import Any

from .inspection import library_class, qualname, type_name
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

# Cells that are computed on; of a larger frame, a sample of rows.
_CELLS = 5_000_000
_SAMPLE = 100_000
_OBJECTS = 5_000
_COLUMNS = 5_000


def frame_summary(value: Any, room: int) -> Summary:
    """Describe a pandas DataFrame."""
    frame = _plain(value, "DataFrame")
    height, width = frame.shape
    whole = height * min(width, 40) <= _CELLS
    step = 1 if whole else max(1, height // _SAMPLE)
    title = f"{type_name(value)}, {plural(height, 'row')} × {plural(width, 'column')}"
    labels = frame.columns
    table = Table(
        title=title + _memory(frame),
        above=[_index_line(frame.index, "index"), *_columns_lines(labels, step)],
        height=height,
        width=width,
        column=lambda at: _column(label_text(labels[at]), frame.iloc[:, at], step),
        name=lambda at: label_text(labels[at]),
        cell=lambda row, at: (
            _cell(frame.index, row, "")
            if at < 0
            else _cell(frame.iloc[:, at], row, label_text(labels[at]))
        ),
        notes=() if whole else (f"with ranges of every {step:,}th row",),
    )
    return described(table, room)


def series_summary(value: Any, room: int) -> Summary:
    """Describe a pandas Series."""
    series = _plain(value, "Series")
    height = len(series)
    step = 1 if height <= _CELLS else max(1, height // _SAMPLE)
    name = label_text(series.name) if series.name is not None else ""
    column = _column(name, series, step)
    parts = [
        type_name(value),
        string(name, 60) if name else "",
        plural(height, "row"),
        column.dtype,
    ]
    about = [part for part in (column.missing, column.about) if part]
    if step > 1:
        about.append(f"of every {step:,}th row")
    table = Table(
        title=" ".join(parts[:2]).strip() + ", " + ", ".join(parts[2:]),
        above=[_index_line(series.index, "index"), *([", ".join(about)] if about else [])],
        height=height,
        width=1,
        column=lambda at: column,
        name=lambda at: name,
        cell=lambda row, at: _cell(series.index if at < 0 else series, row, "" if at < 0 else name),
        notes=() if step == 1 else (f"with the range of every {step:,}th row",),
    )
    summary = described(table, room)
    # A single column has been told above.
    lines = [line for line in summary.lines if not line.startswith(f"  {column.name}: ")]
    return Summary(summary.title, lines, summary.notes)


def index_summary(value: Any, room: int) -> Summary:
    """Describe a pandas Index of any kind."""
    size = len(value)
    ends = ", ".join(_cell(value, row, "") for row in range(min(size, 20)))
    more = f", … {size - 20:,} more" if size > 20 else ""
    line = _index_line(value, type_name(value)).partition(": ")[2]
    return Summary(f"{type_name(value)}, {plural(size, 'label')}", [line, ends + more])


def _plain(value: Any, name: str) -> Any:
    """Return a frame of pandas' own class that shares the data: a subclass may do anything."""
    cls = library_class(value, "pandas", name)
    assert cls is not None
    return value if type(value) is cls else cls(value)


def _memory(frame: Any) -> str:
    # Column by column: of very many it would take seconds.
    if frame.shape[1] > _COLUMNS or not all(_known(dtype) for dtype in frame.dtypes):
        return ""
    return f", {size_text(int(frame.memory_usage(index=False, deep=False).sum()))}"


def _columns_lines(labels: Any, step: int) -> list[str]:
    lines = []
    if labels.nlevels > 1:
        lines.append(f"columns have {labels.nlevels} levels: {_names(labels)}")
    texts = [label_text(label) for label in labels[:5_000]]
    repeated = (
        sorted({text for text in texts if texts.count(text) > 1}) if len(texts) <= 500 else []
    )
    if repeated:
        lines.append(f"repeated column names: {', '.join(repeated[:10])}")
    return [*lines, "columns:" if step == 1 else f"columns (ranges of every {step:,}th row):"]


def _names(index: Any) -> str:
    return ", ".join("(no name)" if name is None else label_text(name) for name in index.names)


def _index_line(index: Any, what: str) -> str:
    size = len(index)
    kind = type_name(index).removeprefix("pandas.")
    name = "" if index.name is None else f" {string(label_text(index.name), 60)}"
    ends = f", {_cell(index, 0, '')} to {_cell(index, size - 1, '')}" if size else ", empty"
    if index.nlevels > 1:
        levels = ", ".join(
            f"{'(no name)' if name is None else label_text(name)} ({len(level):,} values)"
            for name, level in zip(index.names, index.levels, strict=True)
        )
        return f"{what}: {kind} of {levels}{ends}"
    dtype = "" if kind == "RangeIndex" else f" of {_dtype_name(index.dtype)}"
    return f"{what}: {kind}{name}{dtype}{ends}"


def _known(dtype: Any) -> bool:
    """Say whether a type of column is pandas' or numpy's: another one's code would be the user's."""
    found = library_class(dtype, "numpy", "dtype")
    return (found or library_class(dtype, "pandas", qualname(type(dtype)))) is not None


def _dtype_name(dtype: Any) -> str:
    return str(dtype)[:60] if _known(dtype) else type_name(dtype)


def _cell(held: Any, row: int, column: str) -> str:
    """Return the text of a row of a series or an index."""
    if getattr(held, "nlevels", 1) > 1 or hasattr(held, "levels"):
        return cell_text(held[row], column)
    return cell_text(held.array[row], column) if _known(held.dtype) else "…"


def _column(name: str, series: Any, step: int) -> Column:
    dtype = series.dtype
    if not _known(dtype):
        return Column(name, _dtype_name(dtype))
    sample = series.iloc[::step] if step > 1 else series
    try:
        missing = missing_text(int(sample.isna().sum()), len(sample), len(series))
        about = "" if not len(sample) else _about(name, sample, sampled=step > 1)
    except (TypeError, ValueError, ArithmeticError, NotImplementedError, AttributeError):
        # Types of column differ in what they can: what cannot be told is not.
        return Column(name, _dtype_name(dtype))
    return Column(name, _dtype_name(dtype), missing, about)


def _about(name: str, sample: Any, *, sampled: bool) -> str:
    dtype = sample.dtype
    if reads_secret(name):
        return "values hidden: the name reads like a secret"
    if library_class(dtype, "pandas", "CategoricalDtype"):
        shown = ", ".join(one_line(each, 24) for each in dtype.categories[:8].tolist())
        more = ", …" if len(dtype.categories) > 8 else ""
        what = f"{len(dtype.categories):,} {'ordered ' * dtype.ordered}categories"
        return f"{what}: {shown}{more}"
    kind = dtype.kind
    if kind == "b":
        counted = sample.dropna().astype(bool)
        return f"{int(counted.sum()):,} True, {int((~counted).sum()):,} False"
    if kind in "iuf":
        return _numeric(sample)
    if kind in "mM" or library_class(dtype, "pandas", "PeriodDtype"):
        present = sample.dropna()
        return f"{one_line(present.min())} to {one_line(present.max())}" if len(present) else ""
    if kind == "c" or kind == "V":
        return ""
    objects = sample.iloc[:: max(1, len(sample) // _OBJECTS)]
    cells = [objects.array[at] for at in range(len(objects))]
    return distinct(cells, name, sampled=sampled or len(objects) < len(sample))


def _numeric(sample: Any) -> str:
    present = sample.dropna()
    if not len(present):
        return ""
    infinite = ""
    if present.dtype.kind == "f":
        finite = present[(present != float("inf")) & (present != float("-inf"))]
        if len(finite) < len(present):
            infinite = f", {len(present) - len(finite):,} infinite"
            present = finite
        if not len(present):
            return infinite[2:]
    if len(present) == 1:
        return f"{number(present.iloc[0])}{infinite}"
    return numbers(present.min(), present.mean(), present.max()) + infinite
