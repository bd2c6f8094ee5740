"""Variables become the summary that a data scientist would write."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import functools
import io
import pathlib
import types
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from codex_magic.context.variables import overview, summarise


def text(value: Any, name: str = "x", limit: int = 4_000) -> str:
    """Return the summary of a variable without its name."""
    return summarise(name, value, limit=limit).text.removeprefix(f"{name}: ")


class Colour(enum.Enum):
    """Colours."""

    RED = 1


class Level(enum.IntEnum):
    """Levels."""

    HIGH = 3


@dataclasses.dataclass
class Run:
    """One training run."""

    rate: float = 0.1
    password: str = "hunter2"
    hidden: str = dataclasses.field(default="h1dden", repr=False)


@dataclasses.dataclass(slots=True)
class Slotted:
    """A run with slots."""

    steps: int = 3


Point = collections.namedtuple("Point", ["x", "y"])


def area(width: float, /, height: float = 2.0, *rest: int, unit: str = "cm", **more: int) -> float:
    """Return an area."""
    return width * height


def numbers() -> Any:
    """Yield a number."""
    yield 1


class Wide:
    """A class of a library, with a method."""

    def __init__(self) -> None:
        self.rate = 0.1
        self.token = "abc"

    def fit(self) -> None:
        """Do nothing."""


SINGLE: list[tuple[Any, str]] = [
    (None, "NoneType None"),
    (True, "bool True"),
    (42, "int 42"),
    (-1.5, "float -1.5"),
    (float("nan"), "float nan"),
    (1 + 2j, "complex (1+2j)"),
    ("hello", "str, 5 characters: 'hello'"),
    ("", "str, 0 characters: ''"),
    (b"abc", "bytes b'abc'"),
    (bytearray(b"abc"), "bytearray b'abc'"),
    (range(3), "range range(0, 3)"),
    (Decimal("1.50"), "decimal.Decimal Decimal('1.50')"),
    (Fraction(1, 3), "fractions.Fraction Fraction(1, 3)"),
    (datetime.date(2024, 5, 1), "datetime.date 2024-05-01"),
    (
        datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC),
        "datetime.datetime 2024-05-01 12:00:00+00:00",
    ),
    (datetime.timedelta(days=1, hours=2), "datetime.timedelta 1 day, 2:00:00"),
    (pathlib.PurePosixPath("data/a.csv"), "pathlib.PurePosixPath PurePosixPath('data/a.csv')"),
    (Colour.RED, "enum member tests.context.test_variables.Colour.RED (1)"),
    (Level.HIGH, "enum member tests.context.test_variables.Level.HIGH (3)"),
    (10**5_000, "int 0x31e2080103651…"),
]

SEVERAL: list[tuple[Any, str]] = [
    ([], "list, 0 items"),
    ([1, 2, 3], "list, 3 items, all int, from 1 to 3\n[1, 2, 3]"),
    ([1.0, float("nan")], "list, 2 items, all float, from 1.0 to 1.0, 1 NaN\n[1.0, nan]"),
    ([1, "a", None], "list, 3 items, 1 int, 1 str, 1 NoneType\n[1, 'a', None]"),
    ([[1, 2], [3, 4], [5, 6]], "list, 3 items, shape 3 × 2, all list\n[[1, 2], [3, 4], [5, 6]]"),
    ((1,), "tuple, 1 item, all int\n(1,)"),
    ({3, 1, 2}, "set, 3 items, all int, from 1 to 3\n{1, 2, 3}"),
    (frozenset(), "frozenset, 0 items"),
    (collections.deque([1, 2]), "collections.deque, 2 items, all int, from 1 to 2\ndeque([1, 2])"),
    (
        Point(1, "a"),
        "tests.context.test_variables.Point, 2 items\ntests.context.test_variables.Point(x=1, y='a')",
    ),
    ({}, "dict, 0 keys"),
    ({"a": 1, "b": [1, 2], 3: {"c": None}}, "dict, 3 keys\n'a': 1\n'b': [1, 2]\n3: {'c': None}"),
    (collections.Counter("aab"), "collections.Counter, 2 keys\n'a': 2\n'b': 1"),
    (
        [{"id": 1, "name": "a"}, {"id": 2, "name": "b" * 200}],
        "list, 2 items, all dict\nkeys: id (int), name (str)\n[0] {'id': 1, 'name': 'a'}\n"
        f"[1] {{'id': 2, 'name': '{'b' * 200}'}}",
    ),
]


@pytest.mark.parametrize(("value", "expected"), SINGLE, ids=range(len(SINGLE)))
def test_a_single_value(value: Any, expected: str) -> None:
    """It is its type and its text."""
    found = text(value)

    assert found.startswith(expected[:-1]) if expected.endswith("…") else expected == found


@pytest.mark.parametrize(("value", "expected"), SEVERAL, ids=range(len(SEVERAL)))
def test_a_container(value: Any, expected: str) -> None:
    """It is its type, its size, what it holds, and its items."""
    assert expected == text(value)


def test_a_long_list_keeps_its_head_and_tail() -> None:
    """The first and the last items are there, and the note says that others are not."""
    piece = summarise("xs", list(range(1_000)))

    assert piece.text.startswith("xs: list, 1,000 items, all int, from 0 to 999\n[0, 1, 2,")
    assert piece.text.endswith("more]\nlast: 997, 998, 999")
    assert "with the first and last items only" == piece.note


def test_a_long_list_of_lists_says_how_many_are_missing() -> None:
    """Items of a list have their positions, with a mark where some are left out."""
    piece = summarise("xs", [[number, "a" * 20] for number in range(500)])

    lines = piece.text.split("\n")
    assert "[0] [0, 'aaaaaaaaaaaaaaaaaaaa']" == lines[1]
    assert "… 470 more items …" == lines[21]
    assert "[490] [490, 'aaaaaaaaaaaaaaaaaaaa']" == lines[22]
    assert "without 470 of 500 items" == piece.note


def test_a_long_string_keeps_its_head_and_tail() -> None:
    """Its size is told, and how much of it is left out."""
    piece = summarise("log", "begin\n" + "x" * 100_000 + "\nend")

    assert piece.text.startswith("log: str, 100,010 characters, 3 lines\nbegin\nxxx")
    assert piece.text.endswith("xxx\nend")
    assert 3_500 < len(piece.text) <= 4_000
    assert piece.note.startswith("without 9")


def test_control_characters_are_escaped() -> None:
    """A terminal's colours, marks that turn text around and lone surrogates are written out."""
    assert "str, 9 characters: 'a\\x1b[31m\\u202e\\ud800b'" == text("a\x1b[31m\u202e\ud800b")


def test_a_small_limit_holds() -> None:
    """Whatever the limit is, the text keeps it."""
    values: list[Any] = ["x" * 9_000, list(range(9_000)), {str(n): n for n in range(9_000)}, area]

    assert [] == [value for value in values if len(text(value, limit=250)) > 250]


def test_values_with_secret_names_are_hidden() -> None:
    """Keys, fields and attributes that read like secrets show no value, at any depth."""
    settings = {"user": "ann", "password": "hunter2", "inner": [{"api_key": "hunter2"}]}

    shown = [
        text(settings),
        text(Run()),
        text(types.SimpleNamespace(auth_token="hunter2")),
        text("hunter2", name="db_password"),
        overview({"password": "hunter2"}).text,
    ]

    assert [] == [each for each in shown if "hunter2" in each]
    assert all("hidden" in each for each in shown)
    assert "'max_tokens': 500" in text({"max_tokens": 500})


def test_a_dataclass_shows_its_fields() -> None:
    """Its fields and their values; what its own repr leaves out is left out."""
    assert (
        "tests.context.test_variables.Run\nOne training run.\n  rate: 0.1\n"
        "  password: <hidden: the name reads like a secret>\n  hidden: <not in its repr>"
    ) == text(Run())
    assert "tests.context.test_variables.Slotted\nA run with slots.\n  steps: 3" == text(Slotted())


def test_a_class_of_dataclass_shows_its_fields() -> None:
    """A class without methods of its own is its annotated fields."""
    found = text(Run)

    assert found.startswith(
        "class tests.context.test_variables.Run\nOne training run.\n  rate: float = 0.1"
    )
    assert "hunter2" not in found


def test_a_function_shows_its_signature_and_source() -> None:
    """Its parameters as they are declared, and its source."""
    assert text(area).startswith(
        "function area(width, /, height=2.0, *rest, unit='cm', **more)\ndef area(width: float, /,"
    )
    assert text(area).endswith("return width * height")
    assert text(numbers).startswith("generator function numbers()\ndef numbers()")


def test_functions_around_functions_show_what_is_inside() -> None:
    """A partial, a bound method and a decorated function lead to the source."""

    @functools.wraps(area)
    def wrapper(*args: Any) -> Any:
        return area(*args)

    partial = text(functools.partial(area, 2.0, unit="m"))
    method = text(Wide().fit)
    wrapped = text(wrapper)

    assert (
        "functools.partial of area(width, /, height=2.0, *rest, unit='cm', **more) with (2.0, unit='m')"
        in partial
    )
    assert method.startswith(
        "method Wide.fit(self) of a tests.context.test_variables.Wide\n    def fit"
    )
    assert "wraps function area(" in wrapped
    assert "return width * height" in wrapped


def test_a_function_without_source_says_so() -> None:
    """What was typed into exec has a signature only."""
    space: dict[str, Any] = {}
    exec(compile("def made(a, b=1): ...", "<nowhere>", "exec"), space)

    piece = summarise("made", space["made"])

    assert "made: function made(a, b=1)" == piece.text
    assert "without its source, which is not found" == piece.note


def test_a_builtin_function_shows_its_signature() -> None:
    """A function in C has the signature that it declares."""
    assert text(len).startswith("built-in function len(obj, /)\nReturn the number of items")


def test_a_class_shows_its_source() -> None:
    """A class with methods is its source; an enum its members."""
    assert text(Wide).startswith("class tests.context.test_variables.Wide\nclass Wide:\n")
    assert text(Wide).endswith('"""Do nothing."""')
    assert "  tests.context.test_variables.Colour.RED (1)" in text(Colour)


def test_a_module_shows_its_names() -> None:
    """Its name, version and public names."""
    module = types.ModuleType("pots", "Pots and pans.\n\nMore.")
    module.__dict__.update(__version__="1.2", pan=1, _lid=2)

    assert "module pots, version 1.2\nPots and pans.\nnames: pan" == text(module)


def test_an_object_of_a_library_is_its_type_and_names() -> None:
    """An unknown type shows the names and types of its attributes, and no values."""
    piece = summarise("thing", Wide())

    assert (
        "thing: tests.context.test_variables.Wide\nA class of a library, with a method.\n"
        "attributes: rate (float), token (str)\nits classes have: fit"
    ) == piece.text
    assert "without the values of its attributes" == piece.note


def test_an_object_of_a_notebook_shows_plain_values() -> None:
    """The user's own class shows its attributes' values, read where they lie."""
    cls = type("Model", (), {"__module__": "__main__", "__doc__": None})
    model = cls()
    model.rate, model.token, model.inner = 0.1, "abc", Wide()

    assert (
        "Model\nattributes:\n  rate: 0.1\n  token: <hidden: the name reads like a secret>\n"
        "  inner: <tests.context.test_variables.Wide>"
    ) == text(model)


def test_an_exception_shows_its_arguments_and_cause() -> None:
    """Its type, arguments, notes and what it came from."""
    error = ValueError("bad", 3)
    error.add_note("while cooking")
    error.__cause__ = KeyError("x")

    assert "exception ValueError\n'bad'\n3\nnote: 'while cooking'\ncause: KeyError" == text(error)


def test_generators_show_where_they_stand() -> None:
    """Not started, waiting, and finished; none of it moves one on."""
    generator = numbers()

    before = text(generator)
    next(generator)
    between = text(generator)
    rest = list(generator)
    after = text(generator)

    assert "generator numbers, not started" == before
    assert between.startswith("generator numbers, waiting\nat line ")
    assert [] == rest
    assert "generator numbers, finished" == after


def test_a_file_is_not_read(tmp_path: pathlib.Path) -> None:
    """Its name and mode are told; its position stays."""
    path = tmp_path / "a.txt"
    path.write_text("abc")

    with path.open() as file:
        opened = text(file)
        position = file.tell()
    closed = text(file)

    assert opened.startswith("io.TextIOWrapper '")
    assert opened.endswith("a.txt', mode 'r', open")
    assert closed.endswith("mode 'r', closed")
    assert 0 == position


def test_a_buffer_in_memory_is_named() -> None:
    """A file that is none has its type."""
    assert text(io.BytesIO(b"abc")).startswith("io.BytesIO")


def test_the_overview_lists_names_types_and_shapes() -> None:
    """One line a variable, modules in one line, names with an underscore left out."""
    names = {
        "n": 3,
        "xs": [1, 2],
        "f": area,
        "pots": types.ModuleType("pots"),
        "io": io,
        "_x": 1,
        "o": Wide(),
    }

    piece = overview(names)

    assert (
        "n: int 3\nxs: list of 2\n"
        "f: function area(width, /, height=2.0, *rest, unit='cm', **more)\n"
        "o: tests.context.test_variables.Wide\nmodules: pots, io"
    ) == piece.text
    assert ("variables", "variable", "") == (piece.label, piece.kind, piece.note)


def test_a_long_overview_says_how_many_are_missing() -> None:
    """A thousand variables are cut to the limit."""
    piece = overview({f"name_{number}": number for number in range(1_000)}, limit=500)

    assert len(piece.text) <= 500
    assert "more variables …" in piece.text
    assert piece.note.startswith("without 9")


def test_an_empty_notebook_has_no_variables() -> None:
    """It says so."""
    assert "The user has not defined any variables yet." == overview({"_": 1}).text


class Zone(datetime.tzinfo):
    """A time zone of a user's own."""

    def utcoffset(self, when: datetime.datetime | None) -> datetime.timedelta:
        """Refuse: nobody should ask."""
        raise RuntimeError

    dst = utcoffset

    def tzname(self, when: datetime.datetime | None) -> str:
        """Refuse as well."""
        raise RuntimeError


class Name(str):
    """A name with an equality of its own, which lies under a name that Python uses."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = str.__hash__


def test_a_zone_of_the_users_own_is_not_asked() -> None:
    """A time is shown without its offset, with the type of the zone."""
    here = datetime.datetime(2024, 5, 1, 12, tzinfo=Zone())

    assert "datetime.datetime 2024-05-01 12:00:00 (tests.context.test_variables.Zone)" == text(here)
    assert "datetime.time time with a tests.context.test_variables.Zone" == text(here.timetz())


def test_what_is_half_made_is_its_type() -> None:
    """An object whose slots were never filled is no error, alone or in a list."""
    broken = object.__new__(Fraction)

    assert text(broken).startswith("fractions.Fraction")
    assert "<fractions.Fraction>" in text([broken])


def test_a_class_that_cannot_be_looked_through_is_its_name() -> None:
    """A name in it that cannot be compared ends the search, and nothing else."""
    broken = type("Broken", (), {Name("__dict__"): 1, "__slots__": ()})()

    piece = summarise("x", broken)

    assert "Broken" in piece.text
    assert "without the rest, as its library raised RuntimeError" == piece.note


def test_long_values_are_cut_in_the_middle() -> None:
    """Numbers, bytes and text in a container keep their beginning and say how long they are."""
    found = text({"n": 10**400, "b": b"a" * 1_000, "t": "a" * 5_000}, limit=600)

    assert "'n': 100000000000…0000 (401 digits)" in found
    assert "… (1,000 bytes)" in found
    assert "aaa' (5,000 characters)" in found


def test_empty_containers_inside_others() -> None:
    """They are as Python writes them."""
    assert "[set(), frozenset(), {}, (), []]" in text([set(), frozenset(), {}, (), []])


def test_a_named_tuple_with_objects_shows_its_fields() -> None:
    """Fields with long values have a line each."""
    assert "x: <tests.context.test_variables.Wide>\ny: 1" in text(Point(Wide(), 1))


def test_numbers_that_are_all_missing_have_no_range() -> None:
    """They are counted."""
    assert "list, 2 items, all float, 2 NaN\n[nan, nan]" == text([float("nan")] * 2)


def test_text_of_a_page_is_shown_as_it_is() -> None:
    """Lines stay lines; spaces of a script stay, and what hides text is written out."""
    value = "one\ttwo\u00a0three\u202e\n" * 4

    assert "str, 60 characters, 5 lines\n" + "one\ttwo\u00a0three\\u202e\n" * 4 == text(value)


def test_kinds_of_function() -> None:
    """Asynchronous ones, ones with keywords only, and ones that are bound to something in C."""

    async def stream() -> Any:
        yield 1

    async def fetch(*, by: int) -> None: ...

    assert text(stream).startswith("async generator function ")
    assert text(fetch).split("\n")[0].endswith("fetch(*, by)")
    assert text(fetch).startswith("async function ")
    assert text(types.MethodType(len, [])) == "method of a list"
    assert text(functools.partial(print, 1)).startswith(
        "functools.partial of <builtin_function_or_"
    )
    assert text(collections.OrderedDict).startswith("class collections.OrderedDict, based on dict")


def test_an_exception_that_was_raised_says_where_to_look() -> None:
    """Its traceback is another option's."""
    try:
        raise ValueError("bad")
    except ValueError as exc:
        caught = exc

    assert text(caught).endswith("it has a traceback: --error sends the last one")


def test_a_figure_says_how_to_send_it() -> None:
    """A figure is sent as an image."""
    figures = pytest.importorskip("matplotlib.figure")

    assert "matplotlib.figure.Figure (--fig sends it as an image)" in text(figures.Figure())
