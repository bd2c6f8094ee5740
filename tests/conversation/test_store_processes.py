"""Several kernels at one store, kernels that are killed, and forks."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from codex_magic.api.backends import BACKENDS
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import INTERRUPTED_MARK, Conversation
from tests.counts import count

from .store_writer import PATIENCE, end, line, start, turn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is to be."""
    return tmp_path / "store.sqlite"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is ended after the test."""
    with ExitStack() as stack:
        yield stack


def begun(stack: ExitStack, what: str, path: Path, *arguments: object) -> subprocess.Popen[str]:
    """A process that ends with the test."""
    process = start(what, path, *arguments)
    stack.callback(end, process)
    return process


def release(process: subprocess.Popen[str]) -> str:
    """Let a process go on, and return what it says next."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return line(process)


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with a file."""
    connection = sqlite3.connect(path)
    found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    connection.close()
    return ["ok"] == found and not broken


def prompts(store: Store, conversation_id: str) -> list[str]:
    """What was asked in a conversation."""
    found = store.load(conversation_id)
    return [kept.prompt for kept in found.turns] if found else []


def test_four_kernels_write_at_once(path: Path, stack: ExitStack) -> None:
    """No turn is lost and none is mixed up, in their own conversations and in a shared one."""
    each = count(500)
    names = ["one", "two", "three", "four"]

    processes = [begun(stack, "write", path, name, each) for name in names]
    assert ["done"] * 4 == [line(process) for process in processes]

    store = Store(path)
    shared = prompts(store, "shared")
    for name in names:
        expected = [f"{name} {number}" for number in range(each)]
        assert [text for text in expected if int(text.split()[1]) % 5] == prompts(store, name)
        mine = [text for text in shared if text.startswith(f"{name} ")]
        assert [text for text in expected if not int(text.split()[1]) % 5] == mine
    assert 4 * len(range(0, each, 5)) == len(shared)
    assert is_sound(path)


def test_threads_of_one_kernel_write_at_once(path: Path) -> None:
    """They share one store and none waits for ever."""
    store = Store(path)
    conversation = Conversation("main")

    def write(name: int) -> list[bool]:
        return [store.record(conversation, turn(f"{name} {number}")) for number in range(25)]

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, range(8)))

    assert all(map(all, written)), store.trouble
    assert {f"{name} {number}" for name in range(8) for number in range(25)} == set(
        prompts(store, conversation.id)
    )


def test_a_killed_kernel_loses_nothing_that_was_kept(path: Path, stack: ExitStack) -> None:
    """At any moment: the file is sound, turns are there, and the words of the last one."""
    chance = random.Random(5)
    for number in range(count(50)):
        place = path.with_name(f"{number}.sqlite")
        process = begun(stack, "stream", place)
        heard = [line(process) for _ in range(chance.randint(1, 120))]
        # Not always where something has just been said.
        threading.Event().wait(chance.random() / 50)
        process.kill()
        assert process.stdout is not None
        heard += [rest.strip() for rest in process.stdout if rest.endswith("\n")]

        check_survived(place, heard)


def check_survived(path: Path, heard: list[str]) -> None:
    """Everything that a process said to be durable is there."""
    recorded = [int(said.split()[1]) for said in heard if said.startswith("recorded")]
    grown = [tuple(map(int, said.split()[1:])) for said in heard if said.startswith("grown")]
    assert is_sound(path)
    found = Store(path).load("main")
    assert found is not None
    texts = {kept.prompt: kept for kept in found.turns}
    assert [f"question {number}" for number in range(len(texts))] == list(texts)
    for number in recorded:
        kept = texts[f"question {number}"]
        assert "completed" == kept.status
        assert "".join(f"{number}.{piece} " for piece in range(8)) == kept.text
    last, piece = grown[-1]
    assert texts[f"question {last}"].text.startswith(f"{last}.0 ")
    assert f"{last}.{piece} " in texts[f"question {last}"].text
    assert all("completed" == kept.status for kept in found.turns[:-1])


def test_the_words_of_a_dead_kernel_are_an_interrupted_turn(path: Path, stack: ExitStack) -> None:
    """Its words go along with the next question, and the next kernel finds the same."""
    process = begun(stack, "answer", path)
    assert "begun" == line(process)
    end(process)

    found = Store(path).load("main")
    later = Store(path).load("main")

    assert found is not None
    assert later is not None
    (kept,) = found.turns
    assert ("interrupted", "It is", "begun") == (kept.status, kept.text, kept.id)
    assert "The kernel ended in the middle of the answer." == kept.error
    sent = b",".join(found.plan("stateless", BACKENDS["openai"], "m", "s").history).decode()
    assert f"It is\\n\\n{INTERRUPTED_MARK}" in sent
    assert found.turns == later.turns


def test_the_answer_of_a_live_kernel_is_left_to_it(path: Path, stack: ExitStack) -> None:
    """It is no interrupted turn; when it has ended it is there."""
    process = begun(stack, "answer", path)
    assert "begun" == line(process)
    store = Store(path)

    before = prompts(store, "main")
    assert "recorded" == release(process)
    found = store.load("main")

    assert [] == before
    assert found is not None
    assert ["It is so."] == [kept.text for kept in found.turns]
    assert ["completed"] == [kept.status for kept in found.turns]


def test_ones_own_answer_is_not_an_interrupted_one(path: Path) -> None:
    """Nor to another store of the same kernel."""
    store, conversation = Store(path), Conversation("main")
    store.begin(conversation, turn("one"))

    assert [] == prompts(store, conversation.id)
    assert [] == prompts(Store(path), conversation.id)
    assert 1 == store.chats()[0].turns


def test_an_answer_of_nothing_is_an_interrupted_one(path: Path, stack: ExitStack) -> None:
    """The question that a killed kernel had asked is there; what was sent with it, too."""
    process = begun(stack, "answer", path)
    assert "begun" == line(process)
    end(process)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM growing")
    connection.commit()
    connection.close()

    found = Store(path).load("main")

    assert found is not None
    assert ("interrupted", "", ()) == (
        found.turns[-1].status,
        found.turns[-1].text,
        found.turns[-1].output,
    )


def test_a_locked_file_is_said_and_then_written(path: Path, stack: ExitStack) -> None:
    """What another program holds does not stop an answer for ever; reading goes on meanwhile."""
    store, conversation = Store(path), Conversation("main")
    store.record(conversation, turn("one"))
    process = begun(stack, "hold", path)
    assert "held" == line(process)

    written = store.record(conversation, turn("two"))
    trouble = store.trouble
    seen = prompts(store, conversation.id)
    assert "released" == release(process)

    assert not written
    assert "is locked by another program: close what has it open." in trouble
    assert ["one"] == seen
    assert store.record(conversation, turn("three"))
    assert ["one", "three"] == prompts(store, conversation.id)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_leaves_an_open_file_alone(path: Path) -> None:
    """It says so and hangs on no lock that a thread held; the parent goes on."""
    code = f"""
import os, sys, threading
from pathlib import Path
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Conversation
from tests.conversation.store_writer import turn

store, conversation = Store(Path({str(path)!r})), Conversation("main", id="main")
assert store.record(conversation, turn("before"))
assert store.begin(conversation, turn("parent's", id="parents"))
stop = threading.Event()

def write():
    while not stop.is_set():
        store.remember("key", 1, 60)

thread = threading.Thread(target=write)
thread.start()
for number in range(20):
    child = os.fork()
    if not child:
        for each in (store, Store(store.path)):
            assert not each.record(conversation, turn(f"child {{number}}"))
            assert "start it by spawn" in each.trouble
            assert each.load("main") is None
            each.close()
        os._exit(0)
    assert 0 == os.waitpid(child, 0)[1]
    assert store.record(conversation, turn(f"parent {{number}}")), store.trouble
stop.set()
thread.join()
child = os.fork()
if not child:
    sys.exit(0)  # Python's whole end, with the parent's connection in its hands.
os.waitpid(child, 0)
assert store.record(conversation, turn("parent's", id="parents"))
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=PATIENCE)

    said = [f"parent {number}" for number in range(20)]
    found = Store(path).load("main")
    assert found is not None
    assert ["before", *said, "parent's"] == [kept.prompt for kept in found.turns]
    assert {"completed"} == {kept.status for kept in found.turns}
    assert is_sound(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_may_open_what_was_closed(path: Path) -> None:
    """It is a process like any other then, and not its parent."""
    code = f"""
import os
from pathlib import Path
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Conversation
from tests.conversation.store_writer import turn

store, conversation = Store(Path({str(path)!r})), Conversation("main", id="main")
assert store.record(conversation, turn("before"))
assert store.begin(conversation, turn("parent's", id="parents"))
store.close()
child = os.fork()
if not child:
    assert store.record(conversation, turn("child")), store.trouble
    assert ["before", "child"] == [kept.prompt for kept in store.load("main").turns]
    os._exit(0)
assert 0 == os.waitpid(child, 0)[1]
assert store.record(conversation, turn("parent's", id="parents"))
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=PATIENCE)

    assert ["before", "child", "parent's"] == prompts(Store(path), "main")
    assert is_sound(path)


def test_a_kernel_without_its_file_of_locks_makes_another(path: Path) -> None:
    """Somebody tidied up: nobody is taken for dead that lives, once it is there again."""
    store, conversation = Store(path), Conversation("main")
    store.begin(conversation, turn("one"))
    os.remove(f"{path}-kernels")

    assert store.record(conversation, turn("two"))
    assert ["two"] == prompts(Store(path), conversation.id)
