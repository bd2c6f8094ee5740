"""The journal: what happens is on disk in its order, and nobody waits for it unasked."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from codex_magic.conversation.journal import Journal
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Conversation, Plan, Recorded, Turn

from .store_writer import PATIENCE, end, line, start, turn


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with a fresh store."""
    return Journal(Store(tmp_path / "store.sqlite"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is ended after the test."""
    with ExitStack() as stack:
        yield stack


def kept(journal: Journal, conversation: Conversation) -> tuple[Turn, ...]:
    """The turns that lie on the disk."""
    found = Store(journal.store.path).load(conversation.id)
    return found.turns if found else ()


def say(conversation: Conversation, prompt: str, **fields: str) -> Turn:
    """Record a turn, as a session does."""
    return conversation.record(turn(prompt, **fields), Plan("stateless"))


def test_what_happens_is_on_disk_when_the_cell_ends(journal: Journal) -> None:
    """All changes, in their order."""
    conversation = Conversation("main")
    journal.listen(conversation)

    for number in range(20):
        say(conversation, str(number))
    conversation.undo(3)
    conversation.amend(conversation.turns[0].id, pinned=True)
    conversation.sum_up(turn("Summary", kind="summary"), [conversation.turns[1].id])

    assert journal.settle(PATIENCE)
    assert 17 == len(conversation.turns)
    assert conversation.turns == kept(journal, conversation)


def test_a_question_under_way_is_on_disk(journal: Journal) -> None:
    """With its newest words; when it is recorded, they are gone."""
    conversation = Conversation("main")
    journal.listen(conversation)
    begun = turn("What?", "", output=())

    journal.begin(conversation, begun)
    for number in range(100):
        journal.grow(begun.id, f"words {number}")
    assert journal.settle(PATIENCE)

    assert [1] == [chat.turns for chat in journal.store.chats()]
    conversation.record(replace(begun, text="All."), Plan("stateless"))
    assert journal.settle(PATIENCE)
    assert ["All."] == [found.text for found in kept(journal, conversation)]


def test_nobody_waits_for_the_disk(journal: Journal, stack: ExitStack) -> None:
    """A file that another program holds stops no event loop; when it is free, all is written."""
    conversation = Conversation("main")
    journal.listen(conversation)
    say(conversation, "one")
    assert journal.settle(PATIENCE)
    process = start("hold", journal.store.path)
    stack.callback(end, process)
    assert "held" == line(process)

    async def ask() -> None:
        say(conversation, "two")
        say(conversation, "three")
        conversation.undo()

    asyncio.run(ask())
    assert not journal.settle(0.01)
    assert ["one"] == [found.prompt for found in kept(journal, conversation)]
    process.communicate("\n", timeout=PATIENCE)

    assert journal.settle(PATIENCE)
    assert conversation.turns == kept(journal, conversation)


def test_what_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    """Whole: with what was said in between, and without what was taken back."""
    (tmp_path / "data").touch()
    journal = Journal(Store(tmp_path / "data" / "store.sqlite"))
    conversation = Conversation("main")
    journal.listen(conversation)

    say(conversation, "one")
    say(conversation, "two")
    assert not journal.settle(PATIENCE)
    assert "cannot be written" in journal.store.trouble
    conversation.undo()
    os.remove(tmp_path / "data")

    assert journal.settle(PATIENCE)
    assert ["one"] == [found.prompt for found in kept(journal, conversation)]
    assert "" == journal.store.trouble


def test_a_lost_file_is_written_again(journal: Journal) -> None:
    """All conversations that go on, not only the one that is spoken in."""
    one, two = Conversation("one"), Conversation("two")
    for conversation in (one, two):
        journal.listen(conversation)
        say(conversation, f"in {conversation.name}")
    assert journal.settle(PATIENCE)
    for file in list(journal.store.path.parent.iterdir()):
        file.unlink()

    say(one, "again")

    assert journal.settle(PATIENCE)
    assert one.turns == kept(journal, one)
    assert two.turns == kept(journal, two)


def test_a_turn_that_was_taken_back_stays_away(journal: Journal) -> None:
    """Also where its undoing is told before its recording, by two threads."""
    conversation = Conversation("main")
    journal.listen(conversation)
    assert conversation.on_change is not None

    conversation.on_change(Recorded(turn("ghost")))
    say(conversation, "real")

    assert journal.settle(PATIENCE)
    assert ["real"] == [found.prompt for found in kept(journal, conversation)]


def test_a_conversation_from_elsewhere_is_kept_whole(journal: Journal) -> None:
    """And what is said in it from then on; its name, too; until it is deleted."""
    conversation = Conversation("loaded", turns=[turn("one"), turn("two")])

    journal.save(conversation)
    say(conversation, "three")
    conversation.name = "renamed"
    journal.keep(conversation)

    assert journal.settle(PATIENCE)
    assert conversation.turns == kept(journal, conversation)
    assert ["renamed"] == [chat.name for chat in journal.store.chats()]
    journal.delete(conversation)
    say(conversation, "four")
    assert journal.settle(PATIENCE)
    assert [] == journal.store.chats()


def test_a_mistake_does_not_end_the_writing(journal: Journal) -> None:
    """A turn that is no JSON at all is said; what follows is kept."""
    conversation = Conversation("main")
    journal.listen(conversation)

    conversation.record(replace(turn("bad"), input=({"type": b"x"},)), Plan("stateless"))
    assert journal.settle(PATIENCE)
    trouble = journal.store.trouble
    say(conversation, "good")

    assert "is no JSON" in trouble
    assert journal.settle(PATIENCE)
    assert ["good"] == [found.prompt for found in kept(journal, conversation)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_writes_for_itself(tmp_path: Path) -> None:
    """The parent's thread is not there; a child that may not write does not wait for it."""
    path = tmp_path / "store.sqlite"
    code = f"""
import os
from pathlib import Path
from codex_magic.conversation.journal import Journal
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Conversation, Plan
from tests.conversation.store_writer import turn

journal, conversation = Journal(Store(Path({str(path)!r}))), Conversation("main", id="main")
journal.listen(conversation)
conversation.record(turn("before"), Plan("stateless"))
assert journal.settle({PATIENCE})
child = os.fork()
if not child:
    conversation.record(turn("child"), Plan("stateless"))
    assert not journal.settle({PATIENCE})
    assert "forked" in journal.store.trouble
    os._exit(0)
assert 0 == os.waitpid(child, 0)[1]
conversation.record(turn("parent"), Plan("stateless"))
assert journal.settle({PATIENCE})
journal.store.close()
child = os.fork()
if not child:
    conversation.record(turn("late child"), Plan("stateless"))
    os._exit(not journal.settle({PATIENCE}))
assert 0 == os.waitpid(child, 0)[1]
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=PATIENCE)

    found = Store(path).load("main")

    assert found is not None
    assert ["before", "parent", "late child"] == [each.prompt for each in found.turns]
