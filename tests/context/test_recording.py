"""Tests of the record of a terminal, and of its bounds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from codex_magic.context.executions import Execution
from codex_magic.context.recorder import Recorder
from codex_magic.context.recording import Record
from tests.counts import count
from tests.kernels import running_shell


@contextmanager
def plain_shell() -> Iterator[tuple[Any, Recorder]]:
    """IPython's own shell, as a terminal has it, with nothing but a recorder."""
    with running_shell() as shell:
        shell.run_line_magic("unload_ext", "codex_magic")
        recorder = Recorder(shell)
        recorder.attach()
        shell.push({"recorder": recorder})
        yield shell, recorder
        recorder.detach()


@pytest.fixture
def shell() -> Iterator[Any]:
    """The shell of a terminal, which records."""
    with plain_shell() as (shell, _):
        yield shell


def test_old_cells_are_forgotten() -> None:
    """Of more runs than are kept the last ones stay, and less where they are large."""
    with plain_shell() as (shell, recorder):
        for number in range(1_000 + count(100)):
            shell.run_cell(f"{number};", store_history=True)
        kept = recorder.executions
        shell.run_cell(f"'{'x' * 15_000_000}';")
        fewer = len(recorder.executions)
        shell.run_cell(f"'{'x' * 15_000_000}';")
        least = len(recorder.executions)

    assert 1_000 == len(kept)
    assert f"{1_000 + count(100) - 1};" == kept[-1].source
    assert 1_000 == fewer
    assert 1 == least


def test_alternating_streams_stay_within_the_bound() -> None:
    """A cell that prints to two streams in turn has many outputs, of which the first and last stay."""
    record = Record(Execution("x"))

    for number in range(20_000):
        record.pending.append(("stdout" if number % 2 else "stderr", f"{number}\n"))
        if record.crowded(""):
            record.fold()
    record.fold()

    kept = record.execution.outputs
    assert len(kept) <= 500
    assert ["0\n", "19999\n"] == [kept[0].text, kept[-1].text]
    everything = sum(len(f"{number}\n") for number in range(20_000))
    assert everything == sum(len(output.text) + output.cut for output in kept)


def test_a_terminal_is_recorded(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Without messages too: prints, results and errors, each once, and no prompts."""
    shell.run_cell("print('hello')\n40 + 2", store_history=True)
    shell.run_cell("1 / 0", store_history=True)
    shell.run_cell(
        "from IPython.display import display; display(7); print('x', file=__import__('sys').stderr)"
    )

    first, second, third = shell.user_ns["recorder"].executions

    assert "hello\n" in capsys.readouterr().out
    assert (1, [("stream", "hello\n"), ("result", "42")]) == (
        first.count,
        [(output.kind, output.text) for output in first.outputs],
    )
    assert (2, True, ["error"]) == (
        second.count,
        second.failed,
        [output.kind for output in second.outputs],
    )
    assert (0, ["display", "stream"]) == (third.count, [output.kind for output in third.outputs])


def test_a_terminal_gets_its_streams_back(shell: Any) -> None:
    """The functions of the streams are the ones of before, after each cell and after an unload."""
    recorder = shell.user_ns["recorder"]
    before = vars(sys.stdout).get("write")
    shell.run_cell("import sys; print(1); during = vars(sys.stdout).get('write')")
    between = vars(sys.stdout).get("write")

    shell.run_cell("print(2); recorder.detach(); print(3)")
    shell.run_cell("print(4)")

    left = [vars(sys.stdout).get("write"), between, before]
    assert "Taps" in repr(shell.user_ns["during"])
    assert not any("Taps" in repr(write) for write in left)
    assert [] == recorder.executions


def test_two_that_read_along_leave_nothing_behind(shell: Any) -> None:
    """Functions that are taken off in the order in which they were put on do not pile up."""
    other = Recorder(shell)
    other.attach()

    for _ in range(20):
        shell.run_cell("print('x'); import sys; top = sys.stdout.write")
    depth, write = 0, shell.user_ns["top"]
    while hasattr(write, "__wrapped__"):
        depth, write = depth + 1, write.__wrapped__
    other.detach()

    assert 2 == depth
    assert ["x\n"] * 20 == [one.outputs[0].text for one in shell.user_ns["recorder"].executions]


@pytest.mark.parametrize(
    ("metadata", "cell_id"),
    [
        ({"cellId": "one"}, "one"),
        ({"colab": {"cell_id": "two"}}, "two"),
        ({"cellId": None, "colab": None}, ""),
        ({}, ""),
    ],
)
def test_a_cell_has_the_id_that_the_front_end_sent(
    shell: Any, metadata: dict[str, Any], cell_id: str
) -> None:
    """Jupyter and Colab send it in their own ways; the request's id is kept, too."""
    shell.get_parent = lambda: {"header": {"msg_id": "m1"}, "metadata": metadata}

    shell.run_cell("1;")
    del shell.get_parent

    [execution] = shell.user_ns["recorder"].executions
    assert (cell_id, "m1") == (execution.cell_id, execution.message_id)


def test_every_print_of_a_tight_loop_is_counted(shell: Any) -> None:
    """A hundred thousand prints are all counted, and kept in bounds."""
    shell.run_cell("for n in range(100_000): print(n)")

    [output] = shell.user_ns["recorder"].executions[0].outputs

    assert sum(len(f"{number}\n") for number in range(100_000)) == len(output.text) + output.cut
