"""Tests of what a question names: each thing once, in a fixed order, and what is missing is said."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codex_magic.context.executions import Execution, Output
from codex_magic.context.gathering import gather, in_words, size
from codex_magic.context.images import ImageStore
from codex_magic.context.pieces import Document, Picture, Piece
from codex_magic.context.wanted import Gathered, Labelled, Scene, Wanted, defined_names
from codex_magic.errors import ContextError
from codex_magic.notebook import Notebook, NotebookCell, NotebookFinder
from tests.context.pixels import png

ROOM = 10_000


class Shown:
    """Something that shows itself as an image."""

    def _repr_png_(self) -> bytes:
        return png((6, 4))


class Loud:
    """Something that runs no code for a comparison."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("No comparisons, please.")

    def __bool__(self) -> bool:
        raise RuntimeError("Neither true nor false.")

    __hash__ = object.__hash__


def scene(*executions: Execution, **names: Any) -> Scene:
    """Return a place where these cells ran and these names are known."""
    recorder = SimpleNamespace(executions=executions, images=ImageStore())
    nowhere = SimpleNamespace(read=lambda: None)
    return Scene(names, cast(Any, recorder), cast(NotebookFinder, nowhere))


def ran(count: int, source: str, *outputs: Output, ours: bool = False) -> Execution:
    """Return a cell that ran."""
    execution = Execution(source, count=count, ours=ours)
    execution.running = False
    execution.outputs = list(outputs)
    return execution


def labels(gathered: Gathered) -> list[str]:
    """Return what is gathered, by its names."""
    return [attachment.label for attachment in gathered.attachments]


def texts(gathered: Gathered) -> list[str]:
    """Return the texts of what is gathered."""
    return [piece.text for piece in gathered.attachments if isinstance(piece, Piece)]


def test_nothing_is_gathered_unasked() -> None:
    """Names and cells that nobody points at stay where they are."""
    assert Gathered() == gather("Why?", Wanted(), scene(ran(1, "a = 1"), a=1), ROOM)


def test_a_cell_is_gathered_once_with_all_that_was_asked_of_it() -> None:
    """By number, by mention and by context it is the same cell; its parts add up."""
    here = scene(ran(1, "1 + 1", Output("result", text="2")), ran(2, "b = 2"))

    both = gather("@In[1] @Out[1]", Wanted(), here, ROOM)
    output = gather("@Out[1]", Wanted(), here, ROOM)
    twice = gather("@cell[1]", Wanted(cells="1-2", context="recent"), here, ROOM)

    assert ["In [1]:\n1 + 1\n\nOut [1]:\n2"] == texts(both)
    assert ["Out [1]:\n2"] == texts(output)
    assert ["cell 1", "cell 2"] == labels(twice)


def test_our_own_cells_go_along_only_by_their_number() -> None:
    """The conversation has them already."""
    here = scene(ran(1, "%%codex\nWhy?", ours=True), ran(2, "b = 2"))

    for wanted in (Wanted(cells="all"), Wanted(context="above"), Wanted(context="recent")):
        assert ["cell 2"] == labels(gather("Why?", wanted, here, ROOM))
    assert ["cell 1"] == labels(gather("Why?", Wanted(cells="1"), here, ROOM))


def test_the_order_is_fixed() -> None:
    """Cells, then variables, files and errors, then pictures, however they are named."""
    here = scene(ran(1, "a = 1"), a=1, shown=Shown())

    found = gather("@shown @a @cell[1]", Wanted(error=ValueError("No."), vars=("a",)), here, ROOM)

    kinds = [getattr(one, "kind", "picture") for one in found.attachments]
    assert ["cell", "variable", "error", "picture"] == kinds


def test_values_without_a_name_stay_apart() -> None:
    """Two of a type are two; one that a variable holds has the variable's name."""
    row = [1, 2]

    found = gather("", Wanted(vars=(row, [3], [4], Labelled("five", [5]))), scene(row=row), ROOM)

    assert ["row", "list", "list", "five"] == labels(found)
    assert [["1, 2"], ["3"], ["4"], ["5"]] == [
        re.findall(r"\[(.+?)\]", t)[:1] for t in texts(found)
    ]


def test_a_value_that_cannot_be_compared_is_summarised() -> None:
    """Frames and arrays are neither equal to a word nor true."""
    assert ["Loud"] == labels(gather("", Wanted(vars=(Loud(),)), scene(), ROOM))


def test_the_same_picture_is_gathered_once() -> None:
    """By its bytes, whatever it is called."""
    image = png((6, 4))

    found = gather(
        "@shown", Wanted(images=(image, "again")), scene(shown=Shown(), again=image), ROOM
    )

    assert 1 == len(found.attachments)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(cells="9"), "There is no cell 9: cell 1 was executed."),
        (Wanted(vars=("alhpa",)), "There is no variable 'alhpa': did you mean alpha?"),
        (Wanted(vars=("zzz",)), "There is no variable 'zzz': run the cell that defines it first."),
        (Wanted(images=("alhpa.png",)), "There is no variable and no file 'alhpa.png'"),
        (Wanted(files=("none.txt",)), "There is no file 'none.txt'"),
    ],
)
def test_what_an_option_names_must_be_there(wanted: Wanted, said: str) -> None:
    """The error says what is there, or what to do."""
    with pytest.raises(ContextError, match=re.escape(said)):
        gather("Why?", wanted, scene(ran(1, "a = 1"), alpha=1), ROOM)


@pytest.mark.parametrize("wanted", [Wanted(figures=("",)), Wanted(error=True), Wanted(locals=True)])
def test_without_ipython_there_is_no_record(wanted: Wanted) -> None:
    """Figures and errors of cells need somebody who looked; objects need nobody."""
    with pytest.raises(ContextError, match="%load_ext codex_magic, or give the object itself"):
        gather("Why?", wanted, Scene({}), ROOM)
    assert ["image"] == labels(gather("", Wanted(figures=(png((4, 4)),)), Scene({}), ROOM))
    [error] = gather("", Wanted(error=ValueError("No.")), Scene({}), ROOM).attachments
    assert "ValueError: No." in error.text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("prompt", "remark"),
    [
        ("@alhpa", "@alhpa is not attached: did you mean @alpha?"),
        ("@eror", "@eror is not attached: did you mean @error?"),
        ("@Inn", "@Inn is not attached: did you mean @In[3]?"),
        ("@fil", "@fil is not attached: did you mean @file:PATH?"),
        ("@In[9]", "@In[9] is not attached: There is no cell 9: cell 1 was executed."),
        ("@file:none.txt", "@file:none.txt is not attached: There is no file 'none.txt'."),
    ],
)
def test_a_miss_in_the_prompt_is_a_remark(prompt: str, remark: str) -> None:
    """Nobody is kept from asking by a word with an @."""
    found = gather(prompt, Wanted(), scene(ran(1, "a = 1"), alpha=1), ROOM)

    assert () == found.attachments
    assert [remark] == [line[: len(remark)] for line in found.remarks]


@pytest.mark.parametrize(
    "prompt", ["@property", "ask @somebody", "me@alpha.org", "`@alpha`", "@ a"]
)
def test_a_word_is_just_a_word(prompt: str) -> None:
    """What nobody would take for a mention is neither attached nor remarked."""
    assert Gathered() == gather(prompt, Wanted(), scene(alpha=1), ROOM)


def test_markdown_cells_come_from_the_notebook() -> None:
    """By position, and with ``all``, in the order of the page."""
    cells = (NotebookCell("a", "markdown", "# Title"), NotebookCell("b", "code", "b = 2"))
    finder = SimpleNamespace(read=lambda: Notebook(cells, live=True))
    here = Scene({}, scene().recorder, cast(NotebookFinder, finder))

    found = gather("Why?", Wanted(cells="all"), here, ROOM)

    assert ["# Title", "In [ ]:\nb = 2"] == texts(found)
    assert ["cell #1", "cell #2"] == labels(found)


def test_many_cells_share_the_room() -> None:
    """What is described is in proportion to what may be sent, however much there is."""
    here = scene(
        *(ran(n, f"cell{n}()", Output("stream", name="stdout", text="word " * 4_000)) for n in range(1, 101))
    )  # fmt: skip

    found = gather("Why?", Wanted(cells="all"), here, ROOM)

    assert 100 == len(found.attachments)
    assert size(found.attachments, "auto") < 5 * ROOM
    assert all(f"cell{n}()" in text for n, text in enumerate(texts(found), 1))


def test_names_that_ipython_made_are_nobodys() -> None:
    """A user's own variable of a hidden name is the user's."""
    hidden = {"exit": object(), "quit": object()}
    shell = SimpleNamespace(
        user_ns={**hidden, "quit": 3, "a": 1, "_b": 2, "__name__": "__main__"},
        user_ns_hidden=hidden,
    )

    assert {"quit": 3, "a": 1} == defined_names(shell)
    assert {} == defined_names(None)


@pytest.mark.parametrize(
    ("attachments", "expected"),
    [
        ([], ""),
        ([Piece("cell 3", "")], "cell 3"),
        ([Piece(f"cell {n}", "") for n in (7, 3, 4, 5)], "cells 3–5, 7"),
        ([Piece("cell 3", ""), Piece("cell #9", "")], "cell 3, cell #9"),
        ([Picture("a"), Piece("df", "", "variable"), Picture("b")], "df, 2 figures"),
        ([Document("paper.pdf", "paper.pdf", b""), Picture("a")], "paper.pdf, 1 figure"),
        ([Piece(f"v{n}", "", "variable") for n in range(9)], "v0, v1, v2, v3, v4, v5, 3 more"),
    ],
)
def test_what_goes_along_in_words(attachments: list[Any], expected: str) -> None:
    """Short enough for a footer; cells in runs."""
    assert expected == in_words(attachments)
