"""What other processes do to a store: ``python -m tests.conversation.store_writer WHAT PATH …``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from codex_magic.api.items import Json
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Conversation, Turn

PATIENCE = 60.0


def turn(prompt: str, text: str = "Because.", **fields: Any) -> Turn:
    """A question with its answer."""
    asked: Json = {"type": "message", "role": "user", "content": prompt}
    part: Json = {"type": "output_text", "text": text, "annotations": []}
    answer: Json = {"type": "message", "role": "assistant", "content": [part]}
    given: Json = {"output": (answer,), "text": text, **fields}
    return Turn(prompt, (asked,), **given)


def start(what: str, path: Path, *arguments: object) -> subprocess.Popen[str]:
    """Begin one of the tasks below in a process of its own."""
    command = [sys.executable, "-m", "tests.conversation.store_writer", what, str(path)]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def line(process: subprocess.Popen[str]) -> str:
    """The next thing that a process says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process, if it still runs."""
    process.kill()
    process.communicate()


def write(store: Store, out: IO[str], name: str, count: str) -> None:
    """Record turns in a conversation of the process's own, and now and then in a shared one."""
    own, shared = Conversation(name, id=name), Conversation("shared", id="shared")
    for number in range(int(count)):
        joined = shared if number % 5 == 0 else own
        assert store.record(joined, turn(f"{name} {number}", id=f"{name}-{number}")), store.trouble
    print("done", file=out, flush=True)


def stream(store: Store, out: IO[str]) -> None:
    """Answer questions for ever, and say of everything that it is durable once it is."""
    conversation = Conversation("main", id="main")
    for number in range(1_000_000):
        begun = turn(f"question {number}", "", id=f"t{number}", output=())
        assert store.begin(conversation, begun), store.trouble
        text = ""
        for piece in range(8):
            text += f"{number}.{piece} "
            assert store.grow(begun.id, text), store.trouble
            print("grown", number, piece, file=out, flush=True)
        assert store.record(conversation, turn(f"question {number}", text, id=begun.id))
        print("recorded", number, file=out, flush=True)


def answer(store: Store, out: IO[str]) -> None:
    """Begin an answer, and record it once a line is read."""
    conversation = Conversation("main", id="main")
    begun = turn("What?", "", id="begun", output=())
    assert store.begin(conversation, begun), store.trouble
    assert store.grow("begun", "It is"), store.trouble
    print("begun", file=out, flush=True)
    sys.stdin.readline()
    assert store.record(conversation, turn("What?", "It is so.", id="begun")), store.trouble
    print("recorded", file=out, flush=True)


def hold(store: Store, out: IO[str]) -> None:
    """Keep others from writing until a line is read."""
    import sqlite3

    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("held", file=out, flush=True)
    sys.stdin.readline()
    connection.execute("ROLLBACK")
    connection.close()
    print("released", file=out, flush=True)


def full(store: Store, out: IO[str], most: str) -> None:
    """Record turns where no file may grow beyond some bytes, and say what is wrong."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
    conversation = Conversation("main", id="main")
    end = time.monotonic() + PATIENCE
    number = 0
    while store.record(conversation, turn(f"q{number}", "x" * 20_000, id=f"t{number}")):
        number += 1
        assert time.monotonic() < end
    found = store.load("main")
    print(number, len(found.turns) if found else 0, store.trouble or store.begun, file=out)
    store.record(conversation, turn("again", "x" * 20_000))
    print(store.trouble, file=out, flush=True)


def refused(store: Store, out: IO[str]) -> None:
    """Try everything as a user who may write nothing there."""
    # Loaded before: another user may not be allowed to read Python's own files.
    import sqlite3  # noqa: F401

    # Root may write everywhere.
    if os.getuid() == 0:
        os.setgid(65_534)
        os.setuid(65_534)
    written = store.record(Conversation("main", id="main"), turn("q"))
    trouble = store.trouble
    found = store.load("main")
    turns = len(found.turns) if found else 0
    print(written, turns, len(store.chats()), trouble, sep="|", file=out, flush=True)


if __name__ == "__main__":
    _, what, path, *rest = sys.argv
    tasks = {task.__name__: task for task in (write, stream, answer, hold, full, refused)}
    tasks[what](Store(Path(path)), sys.stdout, *rest)
