"""The last error, as a model reads it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_magic.context.pieces import Piece
from codex_magic.context.tracebacks import LastError, brief, describe
from codex_magic.errors import AnswerInterrupted, ConfigError, ContextError
from tests.kernels import Kernel, running_kernel, running_shell


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """IPython's own shell, before anything failed."""
    for name in ("last_value", "last_exc", "last_type", "last_traceback"):
        monkeypatch.delattr(sys, name, raising=False)
    with running_shell() as running:
        yield running
        for name in ("last_value", "last_exc", "last_type", "last_traceback"):
            if hasattr(sys, name):
                delattr(sys, name)


def run(shell: Any, *cells: str) -> BaseException | None:
    """Run cells, and return the error of the last."""
    error = None
    for cell in cells:
        ended = shell.run_cell(cell, store_history=True)
        error = ended.error_before_exec or ended.error_in_exec
    return error


def described(shell: Any, *cells: str, **options: Any) -> Piece:
    """Run cells, of which the last fails, and describe its error."""
    error = run(shell, *cells)
    assert error is not None
    return describe(error, shell=shell, **options)


def raised(error: BaseException) -> BaseException:
    """Raise an error, so that it has a traceback."""
    try:
        raise error
    except BaseException as caught:
        return caught


RATIO = "def ratio(a, b):\n    total = a + b\n    return total * (a / b)\n"


def test_the_users_frames_are_shown_with_their_lines(shell: Any) -> None:
    """Cells have their numbers, the failing line an arrow, the failing expression a mark."""
    piece = described(shell, RATIO, "x = 1\ny = ratio(x, 0)\nz = 3")

    assert "ZeroDivisionError in cell 2" == piece.label
    assert "error" == piece.kind
    assert "" == piece.note
    assert piece.text == (
        """ZeroDivisionError: division by zero

Traceback (most recent call last):
cell In[2], line 2
    1 | x = 1
--> 2 | y = ratio(x, 0)
      |     ^^^^^^^^^^^
    3 | z = 3
cell In[1], line 3, in ratio
    1 | def ratio(a, b):
    2 |     total = a + b
--> 3 |     return total * (a / b)
      |                     ^^^^^"""
    )


def test_locals_come_only_when_asked(shell: Any) -> None:
    """Of a function all, of a cell those that the line names; no modules and no functions."""
    cells = (RATIO, "import math\nunused, x = 7, 1\ny = ratio(math.floor(x), 0)")

    piece = described(shell, *cells, locals_=True, summarise=lambda name, value: f"<{value}>")

    assert (
        """cell In[2], line 3
    1 | import math
    2 | unused, x = 7, 1
--> 3 | y = ratio(math.floor(x), 0)
      |     ^^^^^^^^^^^^^^^^^^^^^^^
    Variables:
      x = <1>
cell In[1], line 3, in ratio
    1 | def ratio(a, b):
    2 |     total = a + b
--> 3 |     return total * (a / b)
      |                     ^^^^^
    Variables:
      a = <1>
      b = <0>
      total = <1>"""
        in piece.text
    )


def test_a_summariser_that_fails_leaves_a_note(shell: Any) -> None:
    """One variable that cannot be shown does not cost the description."""

    def broken(name: str, value: object) -> str:
        raise OSError("gone")

    piece = described(shell, "x = 0\n1 / x", locals_=True, summarise=broken)

    assert "      x = (cannot be shown: OSError)" == piece.text.splitlines()[-1]


def test_values_of_unknown_types_are_not_asked_for_words() -> None:
    """The default summary runs no code of the user's."""

    class Hostile:
        def __repr__(self) -> str:
            raise AssertionError("asked")

    class Words(str):
        __slots__ = ()

        def __repr__(self) -> str:
            raise AssertionError("asked")

    assert "an object of type tests.context.test_tracebacks" in brief("x", Hostile())
    assert "a list of 1" == brief("x", [Hostile()])
    assert "a dict of 1" == brief("x", {"a": Hostile()})
    assert "a list of 1,000" == brief("x", [0] * 1000)
    assert "{'a': 1}" == brief("x", {"a": 1})
    assert "an object of type" in brief("x", Words("a"))


def test_library_frames_are_counted_and_the_last_is_kept(shell: Any) -> None:
    """The user's frames are whole; what a library did is one line, and where it raised."""
    text = described(shell, "import json\njson.loads('{bad')").text

    assert re.fullmatch(
        r"""json\.decoder\.JSONDecodeError: Expecting property name .*

Traceback \(most recent call last\):
cell In\[1\], line 2
    1 \| import json
--> 2 \| json\.loads\('\{bad'\)
… \d frames in json …
json/decoder\.py, line \d+, in raw_decode
    obj, end = self\.scan_once\(s, idx\)""",
        text,
    )


def test_library_frames_between_the_users_are_only_counted(shell: Any) -> None:
    """A callback's caller is no news."""
    cell = "import re\ndef turn(match):\n    return {}[match[0]]\nre.sub('a', turn, 'a')"

    text = described(shell, cell).text

    assert "… 1 frame in re …\ncell In[1], line 3, in turn" in text


@pytest.fixture
def shallow() -> Iterator[None]:
    """Let recursions end soon: IPython takes seconds to show thousands of frames."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(500)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("shallow")
def test_a_recursion_is_shown_once(shell: Any) -> None:
    """Hundreds of turns are one step and a number; so are those of two functions."""
    alone = described(shell, "def f(n):\n    return f(n + 1)\nf(0)").text
    both = described(shell, "def g(n):\n    return h(n)\ndef h(n):\n    return g(n)\ng(0)").text

    assert re.search(r"… this step [\d,]+ more times …", alone)
    assert re.search(r"… these 2 steps \d+ more times …", both)
    assert 2 == alone.count("cell In[")
    assert len(both) < 1_500


def test_a_long_way_keeps_both_ends(shell: Any) -> None:
    """Of 30 different functions the first steps and the last are shown."""
    functions = "\n".join(f"def f{n}(): f{n + 1}()" for n in range(30))

    text = described(shell, f"{functions}\ndef f30(): 1 / 0\nf0()").text

    assert "… 20 steps left out …" in text
    assert "in f0\n" in text
    assert "in f30\n" in text
    assert "in f15\n" not in text


def test_causes_follow_the_error_that_they_led_to(shell: Any) -> None:
    """`raise … from …` says cause, a plain raise says what was handled, `from None` neither."""
    cell = "try:\n    {{}}['k']\nexcept KeyError as error:\n    raise ValueError('no'){}"

    cause = described(shell, cell.format(" from error")).text
    context = described(shell, cell.format("")).text
    alone = described(shell, cell.format(" from None")).text

    assert "\n\nIts cause:\n\nKeyError: 'k'\n\nTraceback" in cause
    handled = "\n\nIt was raised while this error was being handled:\n\nKeyError: 'k'\n\nTraceback"
    assert handled in context
    assert "KeyError: 'k'" not in alone


def test_chains_end() -> None:
    """A circle of causes, and a chain of a hundred, are short."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    long: BaseException = ValueError("0")
    for number in range(1, 100):
        after = ValueError(str(number))
        after.__cause__, long = long, after

    assert "ValueError: first\n\nIts cause:\n\nValueError: second" == describe(first).text
    assert describe(long).text.endswith("ValueError: 94\n\n… and more errors before these …")


def test_groups_show_their_members() -> None:
    """Nested, with their causes, five at most."""
    inner = ExceptionGroup("inner", [KeyError("x")])
    member = ValueError("a")
    member.__cause__ = OSError("disk")
    many = [TypeError(str(number)) for number in range(6)]

    assert describe(ExceptionGroup("outer", [member, inner, *many])).text == (
        """ExceptionGroup: outer (8 sub-exceptions)

Error 1 of 8:
    ValueError: a

    Its cause:
    OSError: disk

Error 2 of 8:
    ExceptionGroup: inner (1 sub-exception)

    Error 1 of 1:
        KeyError: 'x'

Error 3 of 8:
    TypeError: 0

Error 4 of 8:
    TypeError: 1

Error 5 of 8:
    TypeError: 2

… and 3 more …"""
    )


def test_deep_groups_end() -> None:
    """A group in a group in a group … is shown three deep."""
    error: Exception = ValueError("deep")
    for number in range(50):
        error = ExceptionGroup(str(number), [error])

    text = describe(error).text

    assert text.endswith("… 1 errors in this group …")
    assert 4 == text.count("ExceptionGroup:")


def test_a_syntax_error_of_a_cell_is_marked(shell: Any) -> None:
    """The cell, the line and the place in it."""
    piece = described(shell, "a = 1\nif a = 2:\n    pass")

    assert "SyntaxError in cell 1" == piece.label
    assert piece.text == (
        """SyntaxError: invalid syntax. Maybe you meant '==' or ':=' instead of '='?

cell In[1], line 2
    1 | a = 1
--> 2 | if a = 2:
      |    ^^^^^
    3 |     pass"""
    )


def test_a_syntax_error_of_a_module_is_marked(
    shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module's line by its relative path, then the cell that imported it."""
    (tmp_path / "cm_broken.py").write_text("x = 1\ndef f(:\n    pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    piece = described(shell, "import cm_broken")

    assert "SyntaxError in cell 1" == piece.label
    assert piece.text == (
        """SyntaxError: invalid syntax

cm_broken.py, line 2
    1 | x = 1
--> 2 | def f(:
      |       ^
    3 |     pass

Traceback (most recent call last):
cell In[1], line 1
--> 1 | import cm_broken"""
    )


def test_a_module_of_the_user_is_named_from_here(
    shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file beside the notebook is the user's own code."""
    (tmp_path / "work").mkdir()
    (tmp_path / "cm_module.py").write_text("def fail():\n    # why\n    return 1 / 0\n")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.syspath_prepend(tmp_path)

    text = described(shell, "import cm_module\ncm_module.fail()").text

    assert text.endswith(
        """../cm_module.py, line 3, in fail
    1 | def fail():
    2 |     # why
--> 3 |     return 1 / 0
      |            ^^^^^"""
    )


def test_cells_with_magics_are_shown_as_typed(shell: Any) -> None:
    """Not the code that IPython made of them."""
    text = described(shell, "%pwd\nfolder = %pwd\nx = 1 / 0").text

    assert text.endswith(
        """    1 | %pwd
    2 | folder = %pwd
--> 3 | x = 1 / 0
      |     ^^^^^"""
    )


@pytest.mark.parametrize("cell", ["%%time\nx = 1\ny = x / 0", "%%time\n\nx = 1 / 0"])
def test_a_timed_cell_shows_its_line(shell: Any, cell: str) -> None:
    """The body of %%time has no file; it is shown as the cell's own."""
    last = LastError()

    # IPython 8 shows the error inside the magic, and calls the cell a success.
    last.remember(run(shell, cell))

    assert "\n".join(describe(last.last(), shell=shell).text.splitlines()[2:]).startswith(
        "Traceback (most recent call last):\ncell In[1], line 3\n    1 | %%time\n"
    )


def test_awaited_cells_are_like_others(shell: Any) -> None:
    """Top-level await leaves no frame of the loop."""
    cell = "import asyncio\nasync def go():\n    await asyncio.sleep(0)\n    1 / 0\nawait go()"

    text = described(shell, cell).text

    steps = ["cell In[1], line 5", "cell In[1], line 4, in go"]
    assert steps == [line for line in text.splitlines() if line.startswith(("cell", "…"))]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("a"), "KeyError: 'a'"),
        (KeyError("two\nlines"), "KeyError: two\nlines"),
        (KeyError(), "KeyError"),
        (KeyError("a", "b"), "KeyError: ('a', 'b')"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (ValueError("\x1b[31mred\x1b[0m\x00"), "ValueError: red"),
        (ConfigError("No key."), "codex_magic.errors.ConfigError: No key."),
    ],
)
def test_the_message(error: BaseException, text: str) -> None:
    """An error without a traceback is its type and its message."""
    piece = describe(error)

    assert text == piece.text
    assert type(error).__name__ == piece.label


def test_notes_follow_the_message() -> None:
    """What add_note added; what is no text is described."""
    error = ValueError("a")
    error.add_note("Try\nb.")
    error.__notes__.append(3)  # type: ignore[arg-type]

    assert "ValueError: a\nNote: Try\nb.\nNote: 3" == describe(error).text


def test_messages_that_fail_or_never_end() -> None:
    """An error whose message raises is shown; a long message keeps its head and its tail."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    text = describe(Broken()).text
    long = describe(ValueError("a" + "x" * 100_000 + "z")).text

    assert text.endswith("Broken: (its message cannot be shown: RuntimeError)")
    assert long.startswith("ValueError: ax")
    assert "\n[… 96,002 of 100,002 characters left out …]\n" in long
    assert long.endswith("xz")


def test_the_whole_is_bounded() -> None:
    """The limit holds for everything together, and the note says so."""
    error = ExceptionGroup("many", [ValueError("x" * 3_000) for _ in range(5)])

    piece = describe(raised(error), limit=1_000)

    assert len(piece.text) < 1_200
    assert re.fullmatch(r"[\d,]+ of [\d,]+ characters left out", piece.note)


def test_the_last_error_is_the_users(shell: Any) -> None:
    """A %codex line that fails afterwards does not hide it; IPython's record is of the last."""
    last = LastError()
    error = run(shell, "1 / 0")
    last.remember(error)

    ours = run(shell, "%codex config nonsense=1")
    last.remember(ours)

    assert isinstance(ours, ConfigError)
    assert sys.last_value is ours
    assert error is last.last()


def test_without_being_told_it_is_the_one_that_ipython_showed(shell: Any) -> None:
    """An error from before the extension was loaded counts, ours does not."""
    error = run(shell, "1 / 0")

    assert error is LastError().last()

    run(shell, "%codex config nonsense=1")

    with pytest.raises(ContextError, match="No cell has failed so far"):
        LastError().last()


def test_an_error_that_a_callback_showed_is_newer(shell: Any) -> None:
    """What IPython shows outside of cells counts; what a custom handler kept from it does, too."""
    last = LastError()
    last.remember(run(shell, "1 / 0"))
    callback = raised(OSError("callback"))
    shell.showtraceback((type(callback), callback, callback.__traceback__))

    assert callback is last.last()

    handled = raised(ValueError("shown by a handler of the user's"))
    last.remember(handled)

    assert handled is last.last()


def test_what_a_users_own_question_raises_is_the_users() -> None:
    """Only what comes through a magic is ours."""
    last = LastError()
    own = raised(ConfigError("from ask() in the user's cell"))

    last.remember(own)
    last.remember(AnswerInterrupted("without a traceback: ours"))

    assert own is last.last()


def test_a_remembered_error_is_let_go() -> None:
    """After twenty cells more, or at once when told."""
    last, told = LastError(), LastError()
    last.remember(raised(ValueError("a")))
    told.remember(raised(ValueError("b")))

    for _ in range(20):
        last.remember(None)
    told.forget()

    for empty in (last, told):
        with pytest.raises(ContextError):
            empty.last()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A real kernel."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as running:
        yield running


def test_in_a_kernel_cells_have_their_numbers(kernel: Kernel) -> None:
    """A kernel's cells are files of its own making; they are called cells."""
    kernel.run(RATIO)
    failed = kernel.run("ratio(1, 0)")

    executed = kernel.run(
        "from codex_magic.context.tracebacks import LastError, describe\n"
        "print(describe(LastError().last(), shell=get_ipython()).text)"
    )

    assert "error" == failed.status
    found = re.findall(r"^cell In\[(\d+)\], line (\d)(.*)$", executed.stdout, re.M)
    assert 2 == len(found)
    assert int(found[0][0]) == int(found[1][0]) + 1
    assert [("1", ""), ("3", ", in ratio")] == [step[1:] for step in found]
    assert "ipykernel" not in executed.stdout
