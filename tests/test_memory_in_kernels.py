"""What is remembered by real kernels: cells that run again, restarts, stores in trouble."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asking import STATES
from tests.fake_service import FakeService, error, text
from tests.fake_service.summary import words
from tests.kernels import Executed, Kernel, connected, running_kernel
from tests.remembering import assert_sound, prompts, seen, started, turns

RETIRED = ["gpt-5.6-terra"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for the tests that need no end of it."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService, data_folder: Path) -> Kernel:
    """The kernel, with the extension loaded anew, the service, and an empty store."""
    assert "ok" == running.run(connected(service, data_dir=str(data_folder))).status
    return running


@pytest.mark.parametrize("state", STATES)
def test_a_cell_that_runs_again_replaces_its_turn(
    kernel: Kernel, service: FakeService, state: str
) -> None:
    """The model does not see the old exchange; a copied cell, and one without an id, is new."""
    kernel.run(f"%codex config state={state}")
    service.enqueue(*[text(f"Answer {name}.") for name in ("a", "b", "c", "A", "copy", "none")])
    for name in ("a", "b", "c"):
        kernel.run(f"%%codex\nQuestion {name}", cell_id=f"cell-{name}")

    kernel.run("%%codex\nQuestion A", cell_id="cell-a")
    again = seen(service)
    kernel.run("%%codex\nQuestion A", cell_id="cell-copy")
    for _ in range(2):
        kernel.run("%%codex\nNo id")

    standing = ["Question b", "Answer b.", "Question c", "Answer c."]
    assert [*standing, "Question A"] == again
    two = ["Question A", "Answer A.", "Question A", "Answer copy."]
    assert [*standing, *two, "No id", "Answer none.", "No id"] == seen(service)
    assert all(request.status < 400 for request in service.requests)


@pytest.mark.parametrize("state", STATES)
def test_a_cell_with_several_questions(kernel: Kernel, service: FakeService, state: str) -> None:
    """Each replaces its own turn; those that the cell no longer asks are gone."""
    code = "from codex_magic import ask\nfor number in range({}): ask(f'Loop {} {{number}}', state={!r})"
    kernel.run(f"%%codex --state {state}\nBefore", cell_id="first")
    kernel.run(code.format(3, "one", state), cell_id="loop")
    kernel.run(f"%%codex --state {state}\nAfter", cell_id="last")

    kernel.run(code.format(3, "two", state), cell_id="loop")
    three = prompts(kernel)
    kernel.run(code.format(1, "three", state), cell_id="loop")
    kernel.run(f"%%codex --state {state}\nEnd")

    assert ["Before", "After", "Loop two 0", "Loop two 1", "Loop two 2"] == three
    assert ["Before", "After", "Loop three 0", "End"] == prompts(kernel)
    asked = [words(item) for item in service.requests[-1].context if item.get("role") == "user"]
    assert ["Before", "After", "Loop three 0", "End"] == asked


def test_rerun_append_keeps_both(kernel: Kernel, service: FakeService) -> None:
    """The setting turns replacing off, and on again."""
    kernel.run("%codex config rerun=append")
    for _ in range(2):
        kernel.run("%%codex\nAgain", cell_id="one")
    appended = prompts(kernel)
    kernel.run("%codex config rerun=replace")
    for word in ("Old", "New"):
        kernel.run(f"%%codex\n{word}", cell_id="two")

    assert ["Again", "Again"] == appended
    assert ["Again", "Again", "New"] == prompts(kernel)


def test_a_rerun_that_fails_keeps_the_old_turn(kernel: Kernel, service: FakeService) -> None:
    """An answer is not given up for an error; the next rerun replaces it all the same."""
    service.enqueue(text("Good."), error(400, "bad", "No."), text("Better."))
    kernel.run("%%codex\nWhy?", cell_id="one")
    failed = kernel.run("%%codex\nWhy?", cell_id="one")
    kept = turns(kernel)
    kernel.run("%%codex\nWhy?", cell_id="one")

    assert "error" == failed.status
    assert ["Good."] == [turn.text for turn in kept if turn.status == "completed"]
    assert ["Better."] == [turn.text for turn in turns(kernel)]


def test_persist_off_writes_nothing(
    kernel: Kernel, service: FakeService, data_folder: Path
) -> None:
    """From the start there is no file; switched off in between, nothing more gets into it."""
    kernel.run("%codex config persist=False")
    kernel.run("%%codex\nIn memory")
    refused = kernel.run("%codex resume")
    before = data_folder.exists()
    kernel.run("%codex config persist=True")
    kernel.run("%%codex\nOn disk")
    kernel.run("%codex config persist=False")
    kernel.run("%%codex\nUnwritten")
    kernel.run("%codex fork other")
    written = b"".join(path.read_bytes() for path in data_folder.iterdir())

    assert not before
    assert "persist=True" in refused.traceback[0]
    assert b"On disk" in written
    assert b"Unwritten" not in written


@pytest.mark.skipif(sys.platform == "win32", reason="other permissions")
def test_the_user_alone_can_read_it(
    kernel: Kernel, service: FakeService, data_folder: Path
) -> None:
    """The folder has 0700, and each file 0600."""
    kernel.run("%%codex\nSecret things")

    assert 0o700 == stat.S_IMODE(data_folder.stat().st_mode)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data_folder.iterdir()}
    assert "conversations.sqlite" in files
    assert {0o600} == set(files.values()), files


def _corrupt(data_folder: Path) -> None:
    (data_folder / "conversations.sqlite").write_bytes(b"no database" * 5_000)


def _foreign(data_folder: Path) -> None:
    connection = sqlite3.connect(data_folder / "conversations.sqlite")
    connection.execute("CREATE TABLE notes (line TEXT)")
    connection.close()


def _folder(data_folder: Path) -> None:
    (data_folder / "conversations.sqlite").mkdir()


def _no_folder(data_folder: Path) -> None:
    data_folder.rmdir()
    data_folder.write_text("A file where the folder should be.")


def _tiny(data_folder: Path) -> None:
    """A store that takes hardly anything: as a disk that is full."""


@pytest.mark.parametrize("damage", [_corrupt, _foreign, _folder, _no_folder, _tiny])
def test_a_store_in_trouble_stops_no_answer(
    kernel: Kernel, service: FakeService, data_folder: Path, damage: object
) -> None:
    """The answers come, with their history; what is wrong is said once, below the first one."""
    data_folder.mkdir()
    assert callable(damage)
    damage(data_folder)
    large = "x" * 2_000_000 if damage is _tiny else "Long?"
    kernel.run("%codex config store_mb=1")
    service.enqueue(text("Short."), text("Second."))
    first = kernel.run(f"%%codex\n{large}")
    second = kernel.run("%%codex\nAnd then?")

    trouble = "1 MB: delete some" if damage is _tiny else "conversations.sqlite"
    assert ("ok", "ok") == (first.status, second.status)
    assert [large, "Short.", "And then?"] == seen(service)
    assert [True, False] == [trouble in executed.html for executed in (first, second)]
    assert "" == first.stderr + second.stderr


def test_a_restarted_kernel_resumes(
    tmp_path: Path, service: FakeService, data_folder: Path
) -> None:
    """It has the same history, shows its answers, and goes on with another notebook's by name."""
    (tmp_path / "a.ipynb").write_text("{}")
    (tmp_path / "b.ipynb").write_text("{}")
    with started(tmp_path / "one", data_folder) as kernel:
        kernel.run(f"__vsc_ipynb_file__ = {str(tmp_path / 'a.ipynb')!r}")
        # At once, as in Run All: before the warm-up has looked for the notebook.
        kernel.run(f"{connected(service)}\n%codex ask -q First")
        service.enqueue(text("*Second* answer."))
        first = kernel.run("%%codex\nSecond", cell_id="cell-2")
        kernel.run("%codex hide 1")
    with started(tmp_path / "two", data_folder) as kernel:
        kernel.run(connected(service))
        kernel.run(f"__vsc_ipynb_file__ = {str(tmp_path / 'b.ipynb')!r}")
        kernel.run("%%codex --chat other\nElsewhere")
        nothing = kernel.run("%codex resume")
        kernel.run(f"__vsc_ipynb_file__ = {str(tmp_path / 'a.ipynb')!r}")

        resumed = kernel.run("%codex resume")
        again = kernel.run("%codex show 2")
        kernel.run("%%codex\nThird")
        third = seen(service)
        kernel.run("%%codex\nSecond, again", cell_id="cell-2")

        assert "of this notebook" in nothing.traceback[0]
        assert "Conversation 'main', 2 turns. The last: Second\n" == resumed.stdout
        assert ["Second", "*Second* answer.", "Third"] == third
        assert first.displays[0]["data"]["text/plain"] == again.displays[0]["data"]["text/plain"]
        assert ["First", "Third", "Second, again"] == prompts(kernel)
        assert "Conversation 'other', 1 turn." in kernel.run("%codex switch other").stdout


def test_two_kernels_with_one_store(
    tmp_path: Path, service: FakeService, data_folder: Path, kernel: Kernel
) -> None:
    """Both write at the same time; neither loses, nor mixes, a turn, and each finds the other's."""
    code = "from codex_magic import ask\nfor number in range(12): ask(f'{} {{number}}')"
    with started(tmp_path / "other", data_folder) as other:
        other.run(connected(service))
        there = other.send(code.format("there"))
        kernel.run(code.format("here"))
        assert "ok" == other.finish(there).status

        kernel.run("%codex ask -q Last here")
        found = other.run("%codex history --search here 7").stdout
        taken = other.run("%codex resume")

        assert "here 7" in found
        assert "13 turns. The last: Last here" in taken.stdout
        assert [*(f"here {number}" for number in range(12)), "Last here"] == prompts(other)
    assert_sound(data_folder)


def test_keep_costs_nothing_the_next_time(
    tmp_path: Path, service: FakeService, data_folder: Path
) -> None:
    """Ten cells in a new kernel, with the service down: the same answers, though cells have moved."""
    cells = [f"%%codex --keep{' -v table' * (i % 2)}\nQuestion {i}" for i in range(7)]
    cells += [
        "%%codex --keep -c -1\nWhat did it do?",
        "%%codex --keep --error\nWhat went wrong?",
        "from codex_magic import ask\nask('Inner', keep=True)",
    ]

    def run_all(kernel: Kernel, ids: bool) -> list[str]:
        kernel.run("table = [[1, 2], [3, 4]]\n1 / 0")
        done = [kernel.run(code, cell_id=f"id-{i}" * ids) for i, code in enumerate(cells)]
        assert ["ok"] * 10 == [cell.status for cell in done], [cell.traceback for cell in done]
        return [cell.displays[0]["data"]["text/plain"] for cell in done]

    with started(tmp_path / "one", data_folder) as kernel:
        kernel.run(connected(service))
        answers = run_all(kernel, True)
        kernel.run("%codex new plain")
        plain = run_all(kernel, False)
    sent = len(service.requests)
    service.close()
    with started(tmp_path / "two", data_folder) as kernel:
        kernel.run("print('one cell more')")
        kernel.run(connected(service))
        assert answers == run_all(kernel, True)
        assert answers == run_all(kernel, True)
        assert 10 == len(turns(kernel))
        kernel.run("%codex new plain")
        assert plain == run_all(kernel, False)
        changed = kernel.run("%%codex --keep\nAnother question", cell_id="id-3")

    # The very first question is the same with ids and without.
    assert (19, 19) == (sent, len(service.requests))
    assert "error" == changed.status


def test_the_successor_of_the_default_is_known_to_other_kernels(
    tmp_path: Path, data_folder: Path, kernel: Kernel
) -> None:
    """The retired default is tried once a day, not once a kernel."""
    with FakeService(models=RETIRED) as service:
        settings = {"model": "gpt-5.1-codex-mini", "data_dir": str(data_folder)}
        kernel.run(connected(service, **settings))
        told = kernel.run("%%codex\nOne")
        with started(tmp_path / "other", data_folder) as other:
            other.run(connected(service, **settings))
            other.run("%%codex\nTwo")

        models = [request.body["model"] for request in service.requests if request.body]
        assert ["gpt-5.1-codex-mini", *RETIRED, *RETIRED] == models
        assert "gpt-5.6-terra" in told.html


def test_a_store_that_cannot_be_written(
    tmp_path: Path, service: FakeService, data_folder: Path
) -> None:
    """In a folder that is read-only the answers come, and the line says what to do."""
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("nothing is read-only for this user")
    data_folder.mkdir(mode=0o500)
    with started(tmp_path / "one", data_folder) as kernel:
        kernel.run(connected(service))
        done: list[Executed] = [kernel.run(f"%%codex\n{word}") for word in ("One", "Two")]

    assert ["ok", "ok"] == [one.status for one in done]
    assert [True, False] == ["cannot be written" in one.html for one in done]
