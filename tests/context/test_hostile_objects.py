"""Objects that raise, hang, lie or compute when they are looked at are summarised unharmed."""

from __future__ import annotations

import sys
import threading
from typing import Any
from unittest.mock import MagicMock

import pytest

from codex_magic.context.variables import overview, summarise

from .hostile_objects import OBJECTS, Make, Touched, any_attribute, everything, trap

LIMIT = 4_000


def name_of(make: Make) -> str:
    """Return what a maker of objects is called."""
    return make.__name__


def test_there_are_at_least_forty() -> None:
    """The table is as long as promised."""
    assert len(OBJECTS) >= 40


@pytest.mark.parametrize("make", OBJECTS, ids=name_of)
def test_an_object_is_summarised_untouched(make: Make) -> None:
    """No exception, nothing that ran, and text that fits and can be sent."""
    touched: Touched = []
    value = make(touched)
    touched.clear()

    piece = summarise("thing", value)

    assert [] == touched
    assert piece.text.startswith("thing: ")
    assert len(piece.text) <= LIMIT
    assert piece.text.encode()


@pytest.mark.parametrize("make", OBJECTS, ids=name_of)
def test_an_object_is_harmless_wherever_it_is(make: Make) -> None:
    """In a list, a dict, an object's attributes and the overview, nothing of it runs either."""
    touched: Touched = []
    value = make(touched)
    touched.clear()
    holder = type("Holder", (), {"__module__": "__main__"})()
    holder.inner = value

    pieces = [
        summarise("thing", [value, value]),
        summarise("thing", {"key": value}),
        summarise("thing", holder),
        overview({"thing": value}),
    ]

    assert [] == touched
    assert all(len(piece.text) <= LIMIT and piece.text.encode() for piece in pieces)


@pytest.mark.parametrize("make", OBJECTS, ids=name_of)
def test_an_object_is_harmless_on_another_thread(make: Make) -> None:
    """Where no time limit holds, there is no need of one."""
    touched: Touched = []
    value = make(touched)
    touched.clear()
    texts: list[str] = []

    thread = threading.Thread(
        target=lambda: texts.append(summarise("thing", value).text), daemon=True
    )
    thread.start()
    thread.join(60)

    assert not thread.is_alive()
    assert [] == touched
    assert len(texts) == 1


def test_a_coroutine_is_not_awaited() -> None:
    """It is described by its name; the coroutine can be closed afterwards without a warning."""

    async def fetch() -> None: ...

    waiting = fetch()

    piece = summarise("waiting", waiting)

    waiting.close()
    assert piece.text.startswith("waiting: coroutine ")
    assert piece.text.endswith("fetch, not started")


def test_a_mock_gets_no_new_attributes() -> None:
    """A mock makes the attributes that it is asked for: it is asked for none."""
    thing = MagicMock()
    before = len(thing.__dict__["_mock_children"])

    summarise("thing", thing)

    assert before == len(thing.__dict__["_mock_children"])
    assert [] == thing.mock_calls


def test_a_container_that_changes_meanwhile_is_no_error() -> None:
    """Another thread that writes to a dict, a set and an object does not disturb."""
    shared: dict[Any, Any] = {}
    several: set[int] = set()
    holder = type("Holder", (), {})()
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            shared[number % 500] = number
            shared.pop((number * 7) % 500, None)
            several.add(number % 500)
            several.discard((number * 7) % 500)
            setattr(holder, f"a{number % 50}", number)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        texts = [summarise("x", value).text for value in [shared, several, holder] * 100]
    finally:
        over.set()
        thread.join(60)

    assert not [text for text in texts if not text.startswith("x: ")]


def test_an_array_of_hostile_objects_is_summarised_untouched() -> None:
    """A NumPy array of objects is shown without a repr, a comparison or a hash."""
    numpy = pytest.importorskip("numpy")
    touched: Touched = []
    array = numpy.empty(3, dtype=object)
    array[0], array[1] = everything(touched), any_attribute(touched)
    touched.clear()

    piece = summarise("array", array)

    assert [] == touched
    assert "array: numpy.ndarray, shape 3, object\nfirst: [<" in piece.text


def test_a_frame_of_hostile_cells_is_summarised_untouched() -> None:
    """A pandas column of objects is shown without a repr, a comparison or a hash."""
    pandas, numpy = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    touched: Touched = []
    cells = numpy.empty(2, dtype=object)
    cells[0], cells[1] = everything(touched), any_attribute(touched)
    frame = pandas.DataFrame({"a": [1, 2]})
    frame["b"] = pandas.Series(cells, dtype=object)
    touched.clear()

    piece = summarise("frame", frame)

    assert [] == touched
    assert "  b: object, objects: " in piece.text


def test_a_subclass_of_a_frame_is_read_by_pandas_itself() -> None:
    """What a user's frame overrides does not run."""
    pandas = pytest.importorskip("pandas")
    touched: Touched = []

    methods = {name: trap(touched, name) for name in ("__len__", "memory_usage", "__repr__")}
    body = {**methods, "shape": property(trap(touched, "shape"))}
    Frame = type("Frame", (pandas.DataFrame,), body)
    frame = Frame({"a": [1, 2]})
    touched.clear()

    text = summarise("frame", frame).text

    assert [] == touched
    assert "2 rows × 1 column" in text


def test_a_broken_frame_is_still_named() -> None:
    """A frame that its own library cannot read is described by its type."""
    pandas = pytest.importorskip("pandas")
    broken = pandas.DataFrame.__new__(pandas.DataFrame)

    piece = summarise("broken", broken)

    assert piece.text.startswith("broken: pandas.DataFrame")
    assert "without the rest, as its library raised " in piece.note


def test_lazy_polars_is_not_computed() -> None:
    """A LazyFrame with a function that counts its calls is not collected."""
    polars = pytest.importorskip("polars")
    computed: list[int] = []

    def count(frame: Any) -> Any:
        computed.append(1)
        return frame

    lazy = polars.DataFrame({"a": [1]}).lazy().map_batches(count)

    piece = summarise("lazy", lazy)

    assert [] == computed
    assert (
        "lazy: polars.LazyFrame (lazy, remote or on disk: not computed and not touched)"
        == piece.text
    )


def test_nothing_is_imported_for_a_summary() -> None:
    """A name that looks like a library's imports no library."""
    before = set(sys.modules)
    cls = type("DataFrame", (), {"__module__": "modin.pandas"})

    piece = summarise("frame", cls())

    assert before == set(sys.modules)
    assert "not computed and not touched" in piece.text
