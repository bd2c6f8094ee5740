"""The store: whose it is, what it costs, which versions it has, and how much it holds."""

from __future__ import annotations

import base64
import os
import sqlite3
import stat
import sys
from pathlib import Path
from statistics import median

import pytest

from codex_magic.conversation.store import Store
from codex_magic.conversation.store_file import StoreFile
from codex_magic.conversation.store_schema import MIGRATIONS, migrate, version_of
from codex_magic.conversation.store_turns import pack
from codex_magic.conversation.store_writing import put_conversation, put_turn
from codex_magic.conversation.turns import (
    Conversation,
    Turn,
)
from tests.counts import count

from .store_writer import turn
from .storing import again, pictured, turns_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that is not there yet, in a folder that is not there yet."""
    return Store(tmp_path / "data" / "codex" / "store.sqlite")


def test_the_file_is_the_users_own(store: Store) -> None:
    """Nobody else may read what was said, nor list the folder."""
    store.record(Conversation("main"), turn("1"))

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in store.path.parent.iterdir()}

    if sys.platform != "win32":
        assert {0o600} == set(modes.values()), modes
        assert 0o700 == stat.S_IMODE(store.path.parent.stat().st_mode)
    assert {"store.sqlite", "store.sqlite-kernels"} <= set(modes)
    assert sum(file.stat().st_size for file in store.path.parent.iterdir()) == store.size()


def test_a_turn_costs_the_same_however_long_the_conversation_is(store: Store) -> None:
    """Counted: the bytes that are written, and the steps that SQLite takes for them."""
    conversation = Conversation("main")
    store.keep(conversation)
    # A reader in the past: what is written since then stays beside the file, and can be counted.
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM conversations").fetchall()

    sizes, steps = [], []
    for number in range(count(3_000)):
        before = store.size()
        assert store.record(conversation, pictured(f"q {number:04}")), store.trouble
        sizes.append(store.size() - before)
        steps.append(steps_of(store, conversation, pictured("again", id="again")))
    reader.close()

    assert median(sizes[-50:]) <= 2 * median(sizes[20:70])
    assert median(steps[-50:]) <= 1.5 * median(steps[20:70])


def steps_of(store: Store, conversation: Conversation, kept: Turn) -> int:
    """How many steps SQLite's machine takes to write a turn."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    file = StoreFile(store.path, 1 << 30)
    with file.transaction(write=True) as connection:
        connection.set_progress_handler(step, 1)
        put_conversation(connection, conversation, 1)
        put_turn(connection, conversation.id, kept, pack(kept))
        connection.set_progress_handler(None, 1)
    file.close()
    return steps


def test_an_empty_file_gets_the_tables(store: Store) -> None:
    """Whoever made it; so does one with tables of no version."""
    store.path.parent.mkdir(parents=True)
    store.path.touch()

    assert store.record(Conversation("main"), turn("1"))
    assert "" == store.trouble


def test_an_older_file_is_brought_up_to_date(store: Store, tmp_path: Path) -> None:
    """Every step is taken once, from where the file stands, and what is in it stays."""
    store.record(Conversation("main", id="main"), turn("1"))
    store.close()
    connection = sqlite3.connect(store.path, isolation_level=None)

    def add(changed: sqlite3.Connection) -> None:
        changed.execute("ALTER TABLE conversations ADD COLUMN mood TEXT DEFAULT 'fine'")

    newer = (*MIGRATIONS, add)
    migrate(connection, newer)
    migrate(connection, newer)

    assert len(newer) == version_of(connection)
    assert [("fine",)] == connection.execute("SELECT mood FROM conversations").fetchall()
    connection.close()


def test_a_newer_file_is_left_alone(store: Store) -> None:
    """It is neither read nor written, and the line says what to do."""
    store.record(Conversation("main"), turn("1"))
    store.close()
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = store.path.read_bytes()

    later = again(store)

    assert not later.record(Conversation("main"), turn("2"))
    assert "was written by a newer codex_magic: update this one" in later.trouble
    assert [] == later.chats()
    assert before == store.path.read_bytes()


def test_what_is_beyond_the_limit_is_dropped(tmp_path: Path) -> None:
    """First the files of the oldest conversations, then these; never one that is in use."""
    store = Store(tmp_path / "store.sqlite")
    current = Conversation("current")
    for number in range(4):
        old = Conversation(f"old {number}")
        store.record(old, pictured(f"q{number}", image()))
    last = pictured("now", image())
    # They are the work of a process that has ended.
    edit(store, "UPDATE conversations SET owner = 0")

    small = Store(store.path, limit_mb=1)
    assert small.record(current, last), small.trouble
    names = [chat.name for chat in small.chats()]
    kept = [small.load(chat.id) for chat in small.chats()]

    assert (last,) == turns_of(small, current.id)
    assert ["current", *(f"old {number}" for number in (3, 2, 1, 0))] == names
    assert small.path.stat().st_size < 1 << 20
    assert kept[-1] is not None
    lost = kept[-1].turns[0].input[0]["content"][1]
    assert lost["type"] == "input_text"
    assert "was dropped" in lost["text"]


def test_conversations_go_when_there_are_no_files_left(tmp_path: Path) -> None:
    """Those that are in use stay, even beyond the limit."""
    store = Store(tmp_path / "store.sqlite")
    for number in range(6):
        store.record(Conversation(f"old {number}"), turn(f"q{number}", "x" * 300_000))
    edit(store, "UPDATE conversations SET owner = 0 WHERE name != CAST('old 0' AS BLOB)")

    small = Store(store.path, limit_mb=1)
    assert small.record(Conversation("current"), turn("now", "x" * 300_000)), small.trouble

    names = {chat.name for chat in small.chats()}
    assert {"old 0", "current"} <= names
    assert len(names) < 7


def test_a_store_that_is_in_use_grows_no_further(tmp_path: Path) -> None:
    """Where nothing may be dropped the line says so, and nothing else is lost."""
    store = Store(tmp_path / "store.sqlite", limit_mb=1)
    conversation = Conversation("current")

    written = 0
    while store.record(conversation, turn(f"q{written}", os.urandom(80_000).hex())):
        written += 1

    assert "fill the store's 1 MB" in store.trouble
    assert written == len(turns_of(store, conversation.id))
    assert store.path.stat().st_size <= 1.25 * (1 << 20)
    assert store.delete(conversation.id)
    assert store.record(Conversation("new"), turn("q")), store.trouble
    assert "" == store.trouble


def image() -> str:
    """An image of 300 kB that no other is like."""
    return "data:image/png;base64," + base64.b64encode(os.urandom(300_000)).decode()


def edit(store: Store, statement: str) -> None:
    """Change the file behind the store's back."""
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute(statement)
    connection.close()
