"""Parquet and Excel files in words, read by what the user has installed."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, BinaryIO

from ..errors import ContextError

_FIRST_ROWS = 10
_MOST_COLUMNS = 100
_MOST_SHEETS = 10
_LONGEST_CELL = 100

Open = Callable[[], BinaryIO]


def parquet(label: str, open_: Open) -> str:
    """
    Return the summary of a Parquet file; no more than its first rows are read.

    Args:
        label: What the user called it.
        open_: Opens it.

    Raises:
        ContextError: No library can read it, or it is broken.
    """
    readers = (("pyarrow.parquet", _by_pyarrow), ("polars", _by_polars), ("pandas", _by_pandas))
    for module, reader in readers:
        try:
            library = importlib.import_module(module)
        except ImportError:
            continue
        try:
            with open_() as file:
                return reader(library, file)
        except ImportError:
            # pandas without an engine for Parquet.
            continue
        except Exception as failure:  # Each library has errors of its own.
            raise _broken(label, "Parquet") from failure
    raise ContextError(f"{label!r} needs a library that reads Parquet: %pip install pyarrow.")


def _by_pyarrow(library: Any, file: BinaryIO) -> str:
    table = library.ParquetFile(file)
    schema = [(field.name, str(field.type)) for field in table.schema_arrow]
    # A wide table is read no further than it is shown.
    names = [name for name, _ in schema[:_MOST_COLUMNS]]
    batch = next(table.iter_batches(batch_size=_FIRST_ROWS, columns=names), None)
    rows = batch.to_pylist() if batch is not None else []
    return _table(table.metadata.num_rows, schema, [list(row.values()) for row in rows])


def _by_polars(library: Any, file: BinaryIO) -> str:
    frame = library.read_parquet(file, n_rows=_FIRST_ROWS)
    file.seek(0)
    count = library.scan_parquet(file).select(library.len()).collect().item()
    schema = [(name, str(kind)) for name, kind in frame.schema.items()]
    return _table(count, schema, frame.rows())


def _by_pandas(library: Any, file: BinaryIO) -> str:
    frame = library.read_parquet(file)
    schema = [(str(name), str(kind)) for name, kind in frame.dtypes.items()]
    return _table(len(frame), schema, frame.head(_FIRST_ROWS).to_numpy().tolist())


def excel(label: str, open_: Open) -> str:
    """
    Return the summary of an Excel file: of each sheet its size and its first rows.

    Args:
        label: What the user called it.
        open_: Opens it.

    Raises:
        ContextError: openpyxl is missing, or the file is broken.
    """
    try:
        library: Any = importlib.import_module("openpyxl")
    except ImportError:
        raise ContextError(
            f"{label!r} needs a library that reads Excel: %pip install openpyxl."
        ) from None
    try:
        with open_() as file:
            book = library.load_workbook(file, read_only=True, data_only=True)
            sheets = [_sheet(sheet) for sheet in book.worksheets[:_MOST_SHEETS]]
            more = len(book.worksheets) - len(sheets)
            book.close()
    except Exception as failure:  # The library has many errors of its own.
        raise _broken(label, "Excel") from failure
    return "\n\n".join([*sheets, *([f"… and {more} more sheets"] if more > 0 else [])])


def _sheet(sheet: Any) -> str:
    rows = list(itertools.islice(sheet.iter_rows(values_only=True), _FIRST_ROWS + 1))
    # A sheet may be wider than what stands in it.
    width = max(
        (at for row in rows for at, value in enumerate(row, 1) if value is not None), default=0
    )
    shown = [_row(row[: min(width, _MOST_COLUMNS)]) for row in rows]
    size = f"{sheet.max_row or '?'} rows × {sheet.max_column or '?'} columns"
    return "\n".join([f"Sheet {sheet.title!r}, {size}; the first rows:", *shown])


def _table(count: int, schema: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> str:
    columns = [f"  {name}: {kind}" for name, kind in schema[:_MOST_COLUMNS]]
    if len(schema) > _MOST_COLUMNS:
        columns.append(f"  … and {len(schema) - _MOST_COLUMNS:,} more")
    names = [name for name, _ in schema[:_MOST_COLUMNS]]
    shown = [_row(names), *(_row(row[:_MOST_COLUMNS]) for row in rows)]
    heading = f"{count:,} rows × {len(schema)} columns"
    return "\n".join([heading, "", "Columns:", *columns, "", "The first rows:", *shown])


def _row(values: Iterable[Any]) -> str:
    return " | ".join(_cell(value) for value in values)


def _cell(value: Any) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…"


def _broken(label: str, kind: str) -> ContextError:
    return ContextError(f"{label!r} is not a whole {kind} file. Check it, or save it again.")
