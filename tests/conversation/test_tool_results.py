"""What a model reads of a result: text, JSON, a table, an image, or what went wrong."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import matplotlib
import numpy as np
import pandas as pd
import pytest

from codex_magic.api.items import InputText
from codex_magic.conversation.tool_results import (
    failed,
    fitted,
    plain,
    presented,
    shortened,
    text_in,
)

from .tool_types import Colour, Level, Point, User

_IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}


class Named(NamedTuple):
    """Two numbers."""

    a: int
    b: int


class Hostile:
    """An object that fails in every way."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __iter__(self) -> Iterator[int]:
        raise RuntimeError("no iter")


class Drawing:
    """Something that shows itself as an image."""

    def __init__(self, image: bytes = b"\x89PNG") -> None:
        self.image = image

    def _repr_png_(self) -> bytes:
        return self.image


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, "The call returned None."),
        ("é\n", "é\n"),
        ("", ""),
        (True, "true"),
        (3, "3"),
        (2.5, "2.5"),
        ([1, "é", None], '[1, "é", null]'),
        ({"a": (1, 2), 3: {4}}, '{"a": [1, 2], "3": [4]}'),
        (Point(1.0, 2.0), '{"x": 1.0, "y": 2.0}'),
        (User(name="Ada"), '{"name": "Ada", "age": null}'),
        ([Colour.RED, Level.HIGH], '["red", 2]'),
        (Named(1, 2), '{"a": 1, "b": 2}'),
        (Counter("aab"), '{"a": 2, "b": 1}'),
        (deque([1]), "[1]"),
        ({"a": 1}.keys(), '["a"]'),
        (range(3), "[0, 1, 2]"),
        (dt.date(2026, 1, 2), '"2026-01-02"'),
        (Decimal("1.10"), '"1.10"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Path("a/b.csv"), '"a/b.csv"'),
        (b"abc", '"<3 bytes>"'),
        (1 + 2j, '"(1+2j)"'),
        (np.float64(2.5), "2.5"),
        (np.int8(3), "3"),
        (np.bool_(True), "true"),
        ({"mean": np.float32(0.5), "n": np.int64(2)}, '{"mean": 0.5, "n": 2}'),
        (np.array([[1, 2], [3, 4]]), "[[1, 2], [3, 4]]"),
        (np.datetime64("2026-01-02"), '"2026-01-02"'),
        (pd.Timestamp("2026-01-02"), '"2026-01-02T00:00:00"'),
        (Hostile(), '"<Hostile>"'),
    ],
)
def test_a_result_is_text_or_json(result: Any, text: str) -> None:
    """What Python has for a number, a date or a record is what JSON has for it."""
    assert text == presented("f", result)


def test_a_long_list_or_array_is_cut_before_it_is_written() -> None:
    """Ten million numbers cost no more than a thousand."""
    members = json.loads(str(presented("f", list(range(10_000_000)))))
    mapping = json.loads(str(presented("f", {n: n for n in range(2_000)})))
    array = str(presented("f", np.zeros((5_000, 3))))

    assert [999, "… 9,999,000 more"] == members[-2:]
    assert "1,000 more" == mapping["…"]
    assert "array of shape (5000, 3), float64: 0.0, 0.0" in array


def test_what_holds_itself_has_an_end() -> None:
    """A list in itself, and a deep one, become text at some level."""
    loop: list[Any] = []
    loop.append(loop)

    assert len(str(presented("f", loop))) < 5_000


@pytest.mark.parametrize("rows", [3, 1_000])
def test_a_table_is_summed_up(rows: int) -> None:
    """The model reads its size, its columns with their types, and the first rows."""
    frame = pd.DataFrame({"name": ["a"] * rows, "value": range(rows)})

    said = str(presented("f", frame))

    assert f"DataFrame of {rows:,} rows × 2 columns" in said
    assert "value: int64" in said
    assert "0,a,0\n" in said
    assert len(said) < 500
    assert ("the first 10 as CSV" in said) is (rows > 10)


def test_a_column_is_summed_up_and_an_empty_table_too() -> None:
    """A Series has its name; a table without rows still tells its columns."""
    assert "Series of 2 rows × 1 columns (n: int64)" in str(
        presented("f", pd.Series([1, 2], name="n"))
    )
    assert "DataFrame of 0 rows × 1 columns (a: " in str(presented("f", pd.DataFrame({"a": []})))


def test_an_image_is_a_part() -> None:
    """The bytes that an object shows itself with go out as a data URL."""
    (part,) = _parts(presented("f", Drawing()))

    assert "input_image" == part["type"]
    assert "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode() == part["image_url"]


def test_a_figure_and_its_axes_are_images() -> None:
    """A figure is drawn once, though it has no PNG of its own."""
    matplotlib.use("agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1), dpi=40)
    axes = figure.subplots()

    for result in (figure, axes):
        (part,) = _parts(presented("f", result))
        assert base64.b64decode(part["image_url"].partition(",")[2]).startswith(b"\x89PNG")


def test_images_and_words_in_a_list_stay_in_their_order() -> None:
    """What is beyond the twentieth is counted."""
    parts = _parts(presented("f", ["A cat:", Drawing(), {"a": 1}]))
    many = _parts(presented("f", [Drawing()] * 25))

    assert ["input_text", "input_image", "input_text"] == [part["type"] for part in parts]
    assert ["A cat:", '{"a": 1}'] == [parts[0]["text"], parts[2]["text"]]
    assert (21, "… 5 more") == (len(many), many[-1]["text"])


def test_a_function_may_give_content_parts_itself() -> None:
    """They go as they are, typed or as JSON."""
    assert [_IMAGE] == presented("f", _IMAGE)
    assert [{"type": "input_text", "text": "Hi"}, _IMAGE] == presented(
        "f", [InputText("Hi"), _IMAGE]
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (KeyError("a"), "KeyError: 'a'"),
        (ExceptionGroup("two", [ValueError("a")]), "ExceptionGroup: two (1 sub-exception)"),
    ],
)
def test_an_error_is_its_type_and_message(error: Exception, text: str) -> None:
    """The traceback, with the user's paths and values, stays at home."""
    assert text == failed(error)


def test_an_error_that_cannot_be_shown_is_its_type() -> None:
    """A hostile message changes nothing, and a long one is cut."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert "Odd" == failed(Odd())
    assert len(failed(ValueError("x" * 100_000))) < 2_200


def test_a_service_without_images_reads_that_there_was_one() -> None:
    """All is text then, which every service takes."""
    parts = [{"type": "input_text", "text": "A cat:"}, _IMAGE]

    assert parts == fitted(parts, 100, images=True, clean=str)
    assert "A cat:\n[An image, left out: this service takes none from a tool.]" == fitted(
        parts, 100, images=False, clean=str
    )


def test_an_image_that_is_too_large_is_left_out() -> None:
    """The request would be refused."""
    large = {**_IMAGE, "image_url": "data:image/png;base64," + "A" * 9_000_000}

    assert "[An image, left out: it is too large.]" == fitted([large], 9, images=True, clean=str)


def test_parts_share_one_limit_and_are_cleaned() -> None:
    """What the first takes, the second cannot have."""
    parts = [{"type": "input_text", "text": text} for text in ("a" * 60, "b" * 60)]

    found = fitted([*parts, _IMAGE], 100, images=True, clean=str.upper)

    assert isinstance(found, list)
    assert "A" * 60 == found[0]["text"]
    assert "20 of 60 characters left out" in found[1]["text"]
    assert "A" * 60 in text_in(found)
    assert text_in(found).endswith("[image]")


@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 10_000])
def test_a_text_is_cut_only_where_it_is_too_long(length: int) -> None:
    """Head and tail together are as long as allowed."""
    text = "x" * length

    found = shortened(text, 100)

    assert (found == text) is (length <= 100)
    assert min(length, 100) == found.count("x")


def test_nothing_is_imported_to_look_at_a_result() -> None:
    """Where nobody loaded numpy, pandas or matplotlib, nobody has objects of theirs."""
    program = """
import sys
from codex_magic.conversation.tool_results import presented
assert '{"a": [1.5]}' == presented("f", {"a": [1.5]})
presented("f", object())
print(sorted({"numpy", "pandas", "matplotlib", "PIL", "pydantic"} & set(sys.modules)))
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )

    assert ("[]\n", "") == (found.stdout, found.stderr)


def test_an_object_with_odd_attributes_is_its_repr() -> None:
    """An object that has an answer to every name is no image, no date and no model."""

    class Anything:
        def __getattr__(self, name: str) -> Any:
            return lambda *given, **named: self

        def __repr__(self) -> str:
            return "<anything>"

    assert '"<anything>"' == presented("f", Anything())
    assert ["<anything>"] == plain([Anything()])


def test_what_fails_while_it_is_shown_is_its_type_or_repr() -> None:
    """An image that cannot be drawn, and a mapping that cannot be read, spoil nothing."""

    class Broken(Drawing):
        def _repr_png_(self) -> bytes:
            raise RuntimeError("no image")

        def __repr__(self) -> str:
            return "<broken>"

    class Odd(dict[str, int]):
        def items(self) -> Any:
            raise RuntimeError("no items")

    class Many(Drawing):
        def _repr_png_(self) -> Any:
            return b"a", {"width": 1}

    assert '"<broken>"' == presented("f", Broken())
    assert "\"{'a': 1}\"" == presented("f", Odd(a=1))
    assert "data:image/png;base64,YQ==" == _parts(presented("f", Many()))[0]["image_url"]
    assert '{"kind": "<class \'int\'>"}' == presented("f", {"kind": int})
    assert "\"<class 'tests." in str(presented("f", Drawing))


def _parts(output: Any) -> list[dict[str, Any]]:
    assert isinstance(output, list)
    return output
