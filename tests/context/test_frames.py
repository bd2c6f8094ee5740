"""Frames and series of pandas and polars: shape, types, missing values, ranges, head and tail."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from codex_magic.context.variables import overview, summarise

pandas = pytest.importorskip("pandas")
numpy = pytest.importorskip("numpy")


def text(value: Any, limit: int = 4_000) -> str:
    """Return the summary of a variable without its name."""
    return summarise("x", value, limit=limit).text.removeprefix("x: ")


def test_a_frame() -> None:
    """Every kind of column has its type, what is missing, and its range or its values."""
    frame = pandas.DataFrame(
        {
            "name": pandas.Series(["a", "b", "b", None], dtype=object),
            "price": [1.5, 2.0, None, float("inf")],
            "count": numpy.array([1, 2, 3, 4], dtype="int64"),
            "when": pandas.to_datetime(["2024-01-01", "2024-01-02", None, "2024-01-04"], utc=True),
            "kind": pandas.Categorical(["x", "y", "x", "y"], ordered=True),
            "ok": [True, False, True, True],
            "whole": pandas.array([1, None, 3, 4], dtype="Int64"),
            "held": pandas.Series([[1], {}, None, 3], dtype=object),
        }
    )

    lines = text(frame).split("\n")

    assert lines[0].startswith("pandas.DataFrame, 4 rows × 8 columns, ")
    assert [
        "index: RangeIndex, 0 to 3",
        "columns:",
        "  name: object, 1 missing, 2 distinct: 'b', 'a'",
        "  price: float64, 1 missing, min 1.5, mean 1.75, max 2, 1 infinite",
        "  count: int64, min 1, mean 2.5, max 4",
    ] == lines[1:6]
    assert lines[6].startswith("  when: datetime64[")
    assert lines[6].endswith(
        "UTC], 1 missing, 2024-01-01 00:00:00+00:00 to 2024-01-04 00:00:00+00:00"
    )
    assert [
        "  kind: category, 2 ordered categories: 'x', 'y'",
        "  ok: bool, 3 True, 1 False",
        "  whole: Int64, 1 missing, min 1, mean 2.66667, max 4",
        "  held: object, 1 missing, objects: dict, list",
        "rows:",
        "   name  price  count                       when  kind     ok  whole  held",
        "0     a    1.5      1  2024-01-01 00:00:00+00:00     x   True      1   [1]",
    ] == lines[7:14]
    assert "" == summarise("x", frame).note


def test_a_frame_with_levels() -> None:
    """Levels of rows and of columns are named with their sizes."""
    rows = pandas.MultiIndex.from_product([["a", "b"], [1, 2]], names=["key", None])
    columns = pandas.MultiIndex.from_tuples([("x", "one"), ("x", "two")], names=["top", "sub"])
    frame = pandas.DataFrame(numpy.arange(8).reshape(4, 2), index=rows, columns=columns)

    lines = text(frame).split("\n")

    assert [
        "index: MultiIndex of key (2 values), (no name) (2 values), ('a', 1) to ('b', 2)",
        "columns have 2 levels: top, sub",
        "columns:",
    ] == lines[1:4]
    assert lines[4].startswith("  ('x', 'one'): int")
    assert lines[4].endswith(", min 0, mean 3, max 6")
    assert lines[-1].startswith("('b', 2)")


def test_repeated_columns_are_told_apart() -> None:
    """Two columns with one name are two lines, and it is said."""
    frame = pandas.DataFrame([[1, 2.5, 3]], columns=["a", "a", "b"])

    found = text(frame)

    assert "repeated column names: a\n" in found
    assert "  a: int64, 1\n  a: float64, 2.5\n" in found


def test_a_wide_frame_keeps_its_first_and_last_columns() -> None:
    """Of 1,000 columns those in the middle are counted, within the limit."""
    frame = pandas.DataFrame(numpy.zeros((200, 1_000)), columns=[f"c{at}" for at in range(1_000)])

    piece = summarise("x", frame)

    assert len(piece.text) <= 4_000
    assert "  c0: float64, min 0, mean 0, max 0\n" in piece.text
    assert "  c999: float64, min 0, mean 0, max 0\n" in piece.text
    assert "more columns …" in piece.text
    assert "… 190 more rows …" in piece.text
    assert piece.note.startswith("without 9")
    assert piece.note.endswith("of 1,000 columns, without 190 of 200 rows")


def test_a_very_wide_frame_is_described_in_time() -> None:
    """100,000 columns are no work for each of them."""
    piece = summarise("x", pandas.DataFrame(numpy.zeros((2, 100_000))))

    assert "  99999: float64, min 0, mean 0, max 0\n" in piece.text
    assert piece.note.startswith("without 99,9")


def test_a_long_frame_is_sampled() -> None:
    """Of 50 million rows some are looked at, and the text and the note say so."""
    zeros = numpy.broadcast_to(numpy.float64(1.0), (50_000_000,))
    frame = pandas.DataFrame({"a": pandas.Series(zeros, copy=False)}, copy=False)

    piece = summarise("x", frame)

    assert piece.text.startswith("x: pandas.DataFrame, 50,000,000 rows × 1 column, ")
    assert (
        "columns (ranges of every 500th row):\n  a: float64, min 1, mean 1, max 1\n" in piece.text
    )
    assert piece.note.startswith("with ranges of every 500th row, without 49,999,990 of ")


def test_an_empty_frame() -> None:
    """A frame without rows has its columns; one without columns has none."""
    assert "pandas.DataFrame, 0 rows × 1 column, 0 bytes" in text(pandas.DataFrame({"a": []}))
    assert "  a: " in text(pandas.DataFrame({"a": []}))
    assert "index: RangeIndex, empty\ncolumns:" in text(pandas.DataFrame())


def test_columns_with_secret_names_are_hidden() -> None:
    """A column of passwords shows no values."""
    found = text(pandas.DataFrame({"user": ["ann"], "password": ["hunter2"]}))

    assert "hunter2" not in found
    assert "ann" in found


def test_a_frame_is_not_changed() -> None:
    """A summary leaves values, index and columns as they are."""
    frame = pandas.DataFrame({"b": [2, 1], "a": ["x", None]}, index=[5, 3])
    before = frame.copy(deep=True)

    summarise("x", frame)

    pandas.testing.assert_frame_equal(before, frame)


def test_a_series() -> None:
    """Name, size, type, index, range, head and tail."""
    series = pandas.Series([1.0, None, 3.0], name="price", index=["a", "b", "c"])

    lines = text(series).split("\n")

    assert "pandas.Series 'price', 3 rows, float64" == lines[0]
    assert lines[1].startswith("index: Index of ")
    assert lines[1].endswith(", a to c")
    assert [
        "1 missing, min 1, mean 2, max 3",
        "rows:",
        "   price",
        "a      1",
        "b    nan",
        "c      3",
    ] == lines[2:]


def test_a_long_series_keeps_its_head_and_tail() -> None:
    """Rows in the middle are counted."""
    piece = summarise("x", pandas.Series(range(1_000)))

    assert "… 990 more rows …\n997  997\n998  998\n999  999" in piece.text
    assert "without 990 of 1,000 rows" == piece.note


def test_an_index() -> None:
    """Its type, its ends and its first labels."""
    lines = text(pandas.date_range("2024-01-01", periods=30, name="day")).split("\n")

    assert "pandas.DatetimeIndex, 30 labels" == lines[0]
    assert lines[1].startswith("DatetimeIndex 'day' of datetime64[")
    assert lines[2].endswith("2024-01-20 00:00:00, … 10 more")


def test_times_of_pandas() -> None:
    """A Timestamp, a Timedelta and what is missing are their text."""
    assert "pandas.Timestamp 2024-01-01 00:00:00" == text(pandas.Timestamp("2024-01-01"))
    assert text(pandas.Timedelta("1D")).endswith("Timedelta 1 days 00:00:00")
    assert text(pandas.NaT).endswith("NaT")
    assert text(pandas.NA).endswith("<NA>")


@pytest.mark.parametrize(
    "dtype",
    [
        "string",
        "boolean",
        "Float64",
        "period[D]",
        "timedelta64[ns]",
        "complex128",
        "interval",
        "sparse",
    ],
)
def test_every_kind_of_column_is_described(dtype: str) -> None:
    """No type of column that pandas has makes the summary fail."""
    columns: dict[str, Any] = {
        "string": pandas.array(["a", None], dtype="string"),
        "boolean": pandas.array([True, None], dtype="boolean"),
        "Float64": pandas.array([1.5, None], dtype="Float64"),
        "period[D]": pandas.period_range("2024-01-01", periods=2, freq="D"),
        "timedelta64[ns]": pandas.to_timedelta(["1D", None]),
        "complex128": numpy.array([1j, 2]),
        "interval": pandas.interval_range(0, 2),
        "sparse": pandas.arrays.SparseArray([0, 1]),
    }

    piece = summarise("x", pandas.DataFrame({"a": columns[dtype]}))

    assert "2 rows × 1 column" in piece.text
    assert "" == piece.note


def test_the_overview_has_shapes() -> None:
    """Frames, series and arrays show how large they are."""
    names = {"df": pandas.DataFrame({"a": [1]}), "s": pandas.Series([1]), "a": numpy.zeros((3, 4))}

    assert (
        "df: pandas.DataFrame 1 × 1\ns: pandas.Series 1\na: numpy.ndarray 3 × 4 float64"
        == overview(names).text
    )


def test_a_frame_of_polars() -> None:
    """Every kind of column has its type, what is missing, and its range or its values."""
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "a": [1, 2, None],
            "b": ["x", "y", "x"],
            "c": [[1], [2], [3]],
            "d": [1.0, float("nan"), 2.0],
        }
    )

    lines = text(frame).split("\n")

    assert lines[0].startswith("polars.DataFrame, 3 rows × 4 columns, ")
    assert [
        "columns:",
        "  a: Int64, 1 missing, min 1, mean 1.5, max 2",
        "  b: String, 2 distinct: 'x', 'y'",
        "  c: List(Int64)",
        "  d: Float64, min 1, mean 1.5, max 2, 1 NaN",
        "rows:",
        "      a  b    c    d",
        "0     1  x  [1]    1",
        "1     2  y  [2]  nan",
        "2  None  x  [3]    2",
    ] == lines[1:]


def test_a_series_of_polars() -> None:
    """Name, size, type, range and rows."""
    polars = pytest.importorskip("polars")

    found = text(polars.Series("z", [True, False, None]))

    assert "polars.Series 'z', 3 rows, Boolean\n1 missing, 1 True, 1 False\nrows:" in found


def test_a_frame_of_polars_with_objects_is_untouched() -> None:
    """Objects in a polars column are named by their type."""
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"o": polars.Series([object()], dtype=polars.Object)})

    assert "<object>" in text(frame)


def test_a_long_frame_of_polars_is_sampled() -> None:
    """Of many rows some are looked at, and the text says so."""
    polars = pytest.importorskip("polars")
    frame = polars.select(a=polars.int_range(0, 6_000_000))

    piece = summarise("x", frame)

    assert "columns (ranges of every 60th row):\n  a: Int64, min 0, mean " in piece.text
    assert piece.note.startswith("with ranges of every 60th row")


def test_an_arrow_table_shows_its_schema() -> None:
    """Names, types and the first rows."""
    arrow = pytest.importorskip("pyarrow")

    found = text(arrow.table({"a": [1, 2], "b": ["x", None]}))

    assert "pyarrow.Table, 2 rows × 2 columns\ncolumns:\n  a: int64\n  b: string\nrows:" in found


def test_a_long_series_is_sampled() -> None:
    """Of many values some are looked at, and the text says so."""
    series = pandas.Series(numpy.where(numpy.arange(6_000_000) % 2, 1.0, numpy.nan))

    lines = text(series).split("\n")

    assert "100.0 % of the sample missing, of every 60th row" == lines[2]


def test_columns_of_a_users_own_type_are_not_asked() -> None:
    """An extension type that pandas does not have is named, and nothing of it runs."""
    module = pytest.importorskip("pandas.tests.extension.decimal")
    dtype = type("Money", (module.DecimalDtype,), {})()
    cls = type("Prices", (module.DecimalArray,), {"dtype": property(lambda self: dtype)})
    frame = pandas.DataFrame({"a": cls([Decimal(1), Decimal(2)])})

    found = text(frame)

    assert "2 rows × 1 column\nindex: " in found
    assert "  a: tests.context.test_frames.Money\n" in found
    assert found.endswith("\n   a\n0  …\n1  …")


def test_a_narrow_line_leaves_columns_out() -> None:
    """Long cells take columns out of the text table, with a mark."""
    frame = pandas.DataFrame({f"column_{at}": ["x" * 30] for at in range(8)})

    lines = text(frame).split("\n")

    assert "  column_4: " in "\n".join(lines)
    assert "…" in lines[-2].split()
    assert "column_0" in lines[-2]
    assert "column_7" in lines[-2]
    assert "column_5" not in lines[-2]
    assert len(lines[-1]) < 130


def test_columns_that_hold_nothing_have_no_range() -> None:
    """Columns of missing or of infinite values say just that."""
    frame = pandas.DataFrame(
        {"a": [None, None], "b": [float("nan")] * 2, "c": [float("inf")] * 2, "d": ["x", "y"]}
    ).astype({"a": object})

    found = text(frame)

    assert "  a: object, 2 missing\n  b: float64, 2 missing\n  c: float64, 2 infinite\n" in found


def test_polars_columns_that_hold_little() -> None:
    """Single, missing, infinite, secret and temporal columns have what can be said of them."""
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "one": [1.5, None],
            "none": polars.Series([None, None], dtype=polars.Int64),
            "nan": [float("nan"), float("inf")],
            "when": polars.Series(["2024-01-01", "2024-01-03"]).str.to_date(),
            "password": ["hunter2", "hunter3"],
        }
    )

    lines = text(frame).split("\n")

    assert [
        "  one: Float64, 1 missing, 1.5",
        "  none: Int64, 2 missing",
        "  nan: Float64, 1 NaN, 1 infinite",
        "  when: Date, 2024-01-01 to 2024-01-03",
        "  password: String, values hidden: the name reads like a secret",
    ] == lines[2:7]
    assert "hunter" not in "\n".join(lines)
