"""Which cells a question names, in notebooks saved, unsaved and renamed, and without one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from codex_magic.context.cells import Cell, around, select
from codex_magic.context.executions import Execution, Output
from codex_magic.errors import ContextError
from codex_magic.notebook import Notebook, NotebookCell, NotebookFinder
from tests.kernels import running_shell


def ran(count: int, source: str = "", cell_id: str = "", **changes: Any) -> Execution:
    """Return a run that ended; its start is its number."""
    execution = Execution(source or f"x{count}", count=count, cell_id=cell_id, started=float(count))
    execution.running = False
    for name, value in changes.items():
        setattr(execution, name, value)
    return execution


def asking(count: int, cell_id: str = "") -> Execution:
    """Return the run of the cell that asks."""
    return ran(count, "%%codex\nWhy?", cell_id, running=True, ours=True)


def code(cell_id: str, source: str, **fields: Any) -> NotebookCell:
    """Return a code cell of a notebook."""
    return NotebookCell(cell_id, "code", source, **fields)


def text(cell_id: str, source: str) -> NotebookCell:
    """Return a Markdown cell of a notebook."""
    return NotebookCell(cell_id, "markdown", source)


def names(cells: list[Cell]) -> list[str]:
    """Return cells by number and source."""
    return [f"{cell.count}:{cell.source}" for cell in cells]


def sources(cells: list[Cell]) -> list[str]:
    """Return the sources of cells."""
    return [cell.source for cell in cells]


# A notebook of which four cells ran, the second one twice, with one question before.
EXECUTIONS = [
    ran(1, "a", "A"),
    ran(2, "b", "B"),
    ran(3, "%%codex\nWhat?", "Q", ours=True),
    ran(4, "c", "C"),
    ran(5, "b2", "B"),
    asking(6, "ASK"),
]
NOTEBOOK = Notebook(
    (
        text("T", "# Title"),
        code("A", "a"),
        code("B", "b2"),
        code("Q", "%%codex\nWhat?"),
        code("E", "  "),
        code("ASK", "%%codex\nWhy?"),
        code("C", "c"),
        code("N", "never ran"),
        code("O", "%codex status"),
    ),
    live=True,
)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("1", ["1:a"]),
        ("2", ["2:b"]),
        ("5", ["5:b2"]),
        ("3", ["3:%%codex\nWhat?"]),
        ("1-4", ["1:a", "2:b", "3:%%codex\nWhat?", "4:c"]),
        ("4-", ["4:c", "5:b2"]),
        ("4–6", ["4:c", "5:b2"]),
        ("2,1", ["2:b", "1:a"]),
        (" 1 , 1 ,1-2 ", ["1:a", "2:b"]),
        ("#1", ["0:# Title"]),
        ("#3", ["5:b2"]),
        ("#2-3", ["1:a", "5:b2"]),
        ("#2-#3", ["1:a", "5:b2"]),
        ("#6-", ["4:c", "0:never ran", "0:%codex status"]),
        ("5,#3", ["5:b2"]),
        ("-1", ["5:b2"]),
        ("-2", ["4:c", "5:b2"]),
        ("-99", ["1:a", "4:c", "5:b2"]),
        ("above", ["0:# Title", "1:a", "5:b2"]),
        ("ABOVE", ["0:# Title", "1:a", "5:b2"]),
        ("all", ["0:# Title", "1:a", "5:b2", "4:c", "0:never ran"]),
        ("4,above", ["4:c", "0:# Title", "1:a", "5:b2"]),
    ],
)
def test_what_a_specification_names(spec: str, expected: list[str]) -> None:
    """By number, position, from the end, above and all; each cell once."""
    assert expected == names(select(spec, EXECUTIONS, lambda: NOTEBOOK))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("all", ["1:a", "4:c", "5:b2"]),
        ("above", ["1:a", "4:c", "5:b2"]),
        ("-2", ["4:c", "5:b2"]),
        ("1-5", ["1:a", "2:b", "3:%%codex\nWhat?", "4:c", "5:b2"]),
    ],
)
def test_without_a_notebook_there_is_what_ran(spec: str, expected: list[str]) -> None:
    """In the order in which it ran; a cell that ran again stands where it ran last."""
    assert expected == names(select(spec, EXECUTIONS))
    assert expected == names(select(spec, EXECUTIONS, lambda: None))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("99", "There is no cell 99: cells 1–5 were executed."),
        ("0", "There is no cell 0: cells 1–5 were executed."),
        ("4-99", "There is no cell 99: cells 1–5 were executed."),
        ("0-2", "There is no cell 0: cells 1–5 were executed."),
        ("99-", "There is no cell 99: cells 1–5 were executed."),
        ("6", "That is the cell that asks: name another one."),
        ("7-5", "'7-5' runs backwards: write 5-7."),
        ("#7-5", "'#7-5' runs backwards: write #5-7."),
        ("#0", "There is no cell #0: the notebook has 9 cells."),
        ("#10", "There is no cell #10: the notebook has 9 cells."),
        ("#6", "That is the cell that asks: name another one."),
    ],
)
def test_what_does_not_exist(spec: str, message: str) -> None:
    """The error is one line that names what there is."""
    with pytest.raises(ContextError) as caught:
        select(spec, EXECUTIONS, lambda: NOTEBOOK)

    assert message == str(caught.value)


@pytest.mark.parametrize(
    "spec",
    ["", " ", ",", "1,,2", "x", "3-x", "-0", "--1", "1--2", "#", "1.5", "３", "9" * 30, "@1"],
)
def test_what_is_no_specification(spec: str) -> None:
    """The error is one line that shows how it is written."""
    with pytest.raises(ContextError, match=r"names no cell: write 3 or 5-7") as caught:
        select(spec, EXECUTIONS, lambda: NOTEBOOK)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("2", "There is no cell 2: none was executed yet."),
        ("-2", "No other cell was executed yet: run one first."),
        ("all", "There are no other cells yet: run one first."),
        ("above", "There is no cell above this one: name cells by number."),
        (
            "#1",
            "There are no positions here (this notebook's file was not found): name cells by "
            "number, as -c 3.",
        ),
    ],
)
def test_the_first_cell_of_a_kernel(spec: str, message: str) -> None:
    """Where nothing ran before, the error says so; what is not named is simply not there."""
    first = [asking(1)]

    with pytest.raises(ContextError) as caught:
        select(spec, first)

    assert message == str(caught.value)
    assert [] == around("above", first) == around("recent", first) == around("none", EXECUTIONS)


def test_a_notebook_that_cannot_be_read_says_why() -> None:
    """What ran is there all the same."""
    broken = Notebook(path="a.ipynb", problem="a.ipynb is not UTF-8")

    with pytest.raises(ContextError, match=r"no positions here \(a\.ipynb is not UTF-8\)"):
        select("#1", EXECUTIONS, lambda: broken)
    assert ["1:a", "4:c", "5:b2"] == names(select("all", EXECUTIONS, lambda: broken))


def test_the_notebook_is_read_only_where_it_is_needed() -> None:
    """Numbers that ran need no file; a specification of many parts reads it once."""
    reads = []

    def read() -> Notebook:
        reads.append(1)
        return NOTEBOOK

    select("1,2,-1", EXECUTIONS, read)
    assert [] == reads
    select("#1,#2,all,above", EXECUTIONS, read)
    assert [1] == reads


def test_what_ran_wins_over_an_older_file() -> None:
    """Its source and number are those of the run; the age is said of what did not run."""
    saved = time.time() - 200
    notebook = Notebook(
        (text("T", "# T"), code("A", "old", count=7), code("N", "not run", count=8)),
        path="a.ipynb",
        saved=saved,
    )
    runs = [ran(1, "new", "A", started=saved + 10), asking(2, "X")]

    cells = select("all", runs, lambda: notebook)

    assert ["0:# T", "1:new", "8:not run"] == names(cells)
    assert ["file saved 3 min ago", "", "file saved 3 min ago"] == [cell.note for cell in cells]


def test_a_number_of_an_earlier_kernel() -> None:
    """What the screen still shows beside a cell names it, unless it names a newer run."""
    notebook = Notebook((code("A", "a", count=7), code("B", "b", count=1)), saved=1.0)
    runs = [ran(1, "c", "C"), asking(2, "X")]

    assert ["7:a"] == names(select("7", runs, lambda: notebook))
    assert ["1:c"] == names(select("1", runs, lambda: notebook))


def test_a_cell_that_was_edited_since_it_ran_says_so() -> None:
    """What is sent is what ran: the outputs belong to it."""
    live = Notebook((code("A", "edited"),), live=True)

    (cell,) = select("#1", [ran(1, "a", "A")], lambda: live)

    assert ("a", "edited since it ran") == (cell.source, cell.note)


def test_new_cells_that_the_file_does_not_have_yet() -> None:
    """They stand behind the cell that ran before them, and its text; so does the one that asks."""
    notebook = Notebook(
        (code("A", "a"), text("T", "text"), code("B", "b"), text("U", "end")), saved=0.5
    )
    runs = [ran(1, "a", "A"), ran(2, "new", "NEW"), asking(3, "ASK")]

    assert ["1:a", "0:text", "2:new"] == names(select("above", runs, lambda: notebook))
    assert ["1:a", "0:text", "2:new", "0:b", "0:end"] == names(
        select("all", runs, lambda: notebook)
    )


def test_a_deleted_cell_is_not_of_the_notebook_any_more() -> None:
    """It ran, and a notebook saved later does not hold it; its number still names it."""
    later = Notebook((code("A", "a"),), saved=100.0)
    runs = [ran(1, "a", "A"), ran(2, "deleted", "D")]

    assert ["1:a"] == names(select("all", runs, lambda: later))
    assert ["2:deleted"] == names(select("2", runs, lambda: later))


def test_a_code_cell_that_became_text() -> None:
    """What the notebook shows now counts, not what it did once."""
    live = Notebook((text("A", "# Words"),), live=True)

    assert ["0:# Words"] == names(select("all", [ran(1, "Words", "A")], lambda: live))


def test_without_ids_cells_are_known_by_their_source() -> None:
    """As in old notebooks, and in VS Code, whose ids are not the file's; equal ones go in order."""
    notebook = Notebook((code("", "x"), code("f1", "a"), code("", "x\n"), code("", "y")), saved=9.0)
    runs = [ran(1, "x"), ran(2, "a", "vscode:1"), ran(3, "x"), ran(4, "a", "vscode:1")]

    cells = select("all", runs, lambda: notebook)

    assert ["1:x", "4:a", "3:x", "0:y"] == names(cells)


def test_recent_cells_stay_within_their_limit() -> None:
    """The last cells in order, and at least one, however long it is."""
    long = ran(3, "long", outputs=[Output("stream", name="stdout", text="x" * 10_000)])

    assert ["3:long", "4:d"] == names(
        around("recent", [ran(1), ran(2, "y" * 9_000), long, ran(4, "d"), asking(5)])
    )
    assert ["3:long"] == names(around("recent", [ran(2), long], limit=10))
    assert 5 == len(around("recent", [ran(count) for count in range(1, 20)]))
    assert ["x1", "x2"] == sources(around("above", [ran(1), ran(2), asking(3)]))


def test_thousands_of_cells_are_arranged() -> None:
    """Three thousand cells are found in the notebook, in its order."""
    saved = tuple(code(f"i{n}", f"cell {n}") for n in range(3_000))
    runs = [ran(n + 1, f"cell {n}", f"i{n}") for n in range(3_000)] + [asking(3_001, "new")]

    cells = select("above", runs, lambda: Notebook(saved, live=True))

    assert 3_000 == len(cells)
    assert ["1:cell 0", "3000:cell 2999"] == names([cells[0], cells[-1]])


def test_a_terminal(tmp_path: Path) -> None:
    """IPython's own shell has neither ids nor a notebook: what ran is what there is."""
    with running_shell() as shell:
        runs: list[Execution] = []

        def record(result: Any) -> None:
            runs.append(ran(result.execution_count or len(runs) + 1, result.info.raw_cell))

        shell.events.register("post_run_cell", record)
        for source in ("a = 1", "a + 1", "a = 1"):
            shell.run_cell(source, store_history=True)
        read = NotebookFinder(shell).read

        assert ["a + 1", "a = 1"] == sources(select("all", [*runs, asking(4)], read))
        assert ["a = 1"] == sources(select("1", runs, read))


def test_a_notebook_that_nbclient_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its kernel knows neither the file nor ids; a name that it inherits is not its own."""
    ask = """
from codex_magic.context.cells import select
from codex_magic.context.executions import Execution
from codex_magic.notebook import NotebookFinder
runs = []
for count, source in enumerate(In[1:-1], 1):
    runs.append(Execution(source, count=count)); runs[-1].running = False
runs.append(Execution(In[-1], count=len(In) - 1))
print([(c.count, c.source) for c in select("all", runs, NotebookFinder(get_ipython()).read)])
"""
    code: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Title", "id": "t"},
        {**code, "source": "x = 1", "id": "a"},
        {**code, "source": ask, "id": "b"},
    ]
    model = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(model))
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    reader: Any = nbformat
    notebook = reader.reads(path.read_text(), as_version=4)

    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()

    assert "[(1, 'x = 1')]\n" == notebook.cells[-1].outputs[0].text
