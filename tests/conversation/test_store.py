"""The store: what was said comes back as it was, and costs what it must."""

from __future__ import annotations

import gc
import sqlite3
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from codex_magic.api.items import Json, Usage, parse_usage
from codex_magic.conversation.plans import Held, Link
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import (
    Conversation,
    Edited,
    Recorded,
    Removed,
    Reordered,
)

from .store_writer import turn
from .storing import IMAGE, again, pictured, rows, said, turns_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that is not there yet, in a folder that is not there yet."""
    return Store(tmp_path / "data" / "codex" / "store.sqlite")


def test_every_field_of_a_turn_comes_back(store: Store) -> None:
    """Also those of the usage that this package does not know."""
    usage = parse_usage({"input_tokens": 3, "output_tokens": 4, "novel": {"tokens": 5}})
    kept = turn(
        "Why?",
        status="incomplete",
        model="m",
        service="s",
        response_id="resp_1",
        stored=True,
        lineage=2**63 + 5,
        usage=usage,
        seconds=1.5,
        error="cut",
        key="cell:0",
        hidden=True,
        pinned=True,
        sent="1 figure",
        digest="d",
        kind="summary",
    )
    conversation = Conversation("main", notebook="/n.ipynb", instructions="Be brief.")

    assert store.record(conversation, kept)
    (found,) = turns_of(store, conversation.id)

    assert kept == found
    assert found.usage is not None
    assert usage.to_dict() == found.usage.to_dict()


def test_a_conversation_comes_back(store: Store) -> None:
    """What belongs to it, too; what a service holds of it is to be looked at again."""
    conversation = Conversation("main", notebook="/n.ipynb", instructions="Be brief.")
    conversation.state = "conversation"
    conversation.link = Link("conv_1", "s", (Held("t1", ("message", "message")),), doubted=False)

    assert store.keep(conversation)
    found = again(store).load(conversation.id)

    assert found is not None
    assert ("main", "/n.ipynb", "Be brief.") == (found.name, found.notebook, found.instructions)
    assert "conversation" == found.state
    assert Link("conv_1", "s", (Held("t1", ("message", "message")),)) == found.link


@pytest.mark.parametrize(
    "text",
    ["", "äöü 漢字 🦉", "\ud83d", "\ud83d\ude00", "a\x00b", "\x00", '"\\\n\u2028', "ß" * 9_999],
)
def test_any_text_comes_back(store: Store, text: str) -> None:
    """Halves of characters and NULs as well, wherever they stand."""
    kept = turn(f"p{text}", text, sent=text, key=text, digest=f"d{text}", error=text)
    conversation = Conversation(f"n{text}", notebook=f"/{text}", instructions=text)

    assert store.record(conversation, kept)
    found = again(store).load_latest(f"/{text}")

    assert found is not None
    assert (kept,) == found.turns
    assert f"n{text}" == found.name
    assert kept == store.find(f"d{text}")
    assert f"p{text}" == store.chats()[0].last_prompt


@pytest.mark.parametrize(
    "url",
    [
        IMAGE,
        IMAGE.rstrip("=") + "\n",
        "data:text/plain," + "a,b;" * 999,
        "data:" + "x" * 2_000,
        "data:image/png;base64," + "\ud83d" * 2_000,
    ],
)
def test_a_file_comes_back_byte_for_byte(store: Store, url: str) -> None:
    """Base64 that cannot be made again stays what it was."""
    conversation = Conversation("main")
    made: Json = {"type": "image_generation_call", "id": "ig_1", "result": url}
    kept = replace(pictured("Look", url), output=(made, {"type": "message", "content": [url]}))

    assert store.record(conversation, kept)

    assert (kept,) == turns_of(store, conversation.id)


def test_a_file_is_stored_once(store: Store) -> None:
    """However many turns have it; with the last one it goes."""
    conversation, fork = Conversation("main"), Conversation("fork")
    first, second = pictured("one"), pictured("two")

    store.record(conversation, first)
    store.record(conversation, second)
    store.record(fork, first)

    assert 1 == rows(store, "blobs")
    store.remove(conversation, [first.id, second.id])
    assert 1 == rows(store, "blobs")
    assert (first,) == turns_of(store, fork.id)
    store.delete(fork.id)
    assert 0 == rows(store, "blobs")


def test_replaced_turns_are_deleted_and_the_new_one_is_last(store: Store) -> None:
    """A hidden one stays; so does an image that the new one shows again."""
    conversation = Conversation("main")
    first, second, new = pictured("one"), turn("two", hidden=True), pictured("one again")
    store.record(conversation, first)
    store.record(conversation, second)

    store.apply(conversation, Recorded(new, (first.id,)))

    assert (second, new) == turns_of(store, conversation.id)


def test_changes_are_kept_in_their_places(store: Store) -> None:
    """Edits, removals and an order, as the conversation tells them."""
    conversation = Conversation("main")
    one, two, three = turn("one"), turn("two"), turn("three")
    for each in (one, two, three):
        store.apply(conversation, Recorded(each))

    store.apply(conversation, Edited(replace(one, pinned=True)))
    store.apply(conversation, Reordered((three.id, one.id, two.id)))
    store.apply(conversation, Removed((two.id,)))

    assert (three, replace(one, pinned=True)) == turns_of(store, conversation.id)


def test_a_conversation_tells_the_store(store: Store) -> None:
    """Undo, hiding and a summary reach the disk as they reach the memory."""
    conversation = Conversation(
        "main", turns=[turn(word) for word in ("one", "two", "three", "four")]
    )
    assert store.save(conversation)
    conversation.on_change = lambda change: assert_true(store.apply(conversation, change))

    conversation.undo()
    conversation.amend(conversation.turns[1].id, hidden=True)
    conversation.sum_up(turn("Summary", kind="summary"), [conversation.turns[0].id])

    assert ["Summary", "two", "three"] == said(store, conversation.id)
    assert conversation.turns == turns_of(store, conversation.id)


def assert_true(value: bool) -> None:
    """For lambdas."""
    assert value


def test_saving_keeps_what_another_kernel_said(store: Store) -> None:
    """A whole conversation is written over what is there, but not in its place."""
    conversation = Conversation("main", turns=[turn("one"), turn("two")])
    gone = turn("gone")
    store.record(conversation, turn("theirs"))
    store.record(conversation, gone)

    store.save(conversation, [gone.id])
    store.save(conversation)

    assert ["theirs", "one", "two"] == said(store, conversation.id)


def test_chats_are_listed_by_age(store: Store) -> None:
    """The latest first, with what was asked last; those of a notebook, if it is named."""
    one, two = Conversation("one", notebook="/a"), Conversation("two", notebook="/b")
    store.record(one, turn("1"))
    store.record(two, turn("2"))
    store.record(one, turn("3"))

    first, second = store.chats()

    assert ("one", "/a", 2, "3") == (first.name, first.notebook, first.turns, first.last_prompt)
    assert ("two", "/b", 1, "2") == (second.name, second.notebook, second.turns, second.last_prompt)
    assert first.created <= second.created <= second.updated <= first.updated <= time.time()
    assert [second] == store.chats("/b")
    assert [] == store.chats("/c")


def test_the_latest_conversation_of_a_notebook_is_found(store: Store) -> None:
    """That which was changed last, not that which was begun last."""
    one, two = Conversation("one", notebook="/a"), Conversation("two", notebook="/a")
    store.keep(one)
    store.record(two, turn("2"))
    store.record(one, turn("1"))

    found = store.load_latest("/a")

    assert found is not None
    assert one.id == found.id
    assert store.load_latest("/b") is None
    assert store.load("nothing") is None


def test_a_search_looks_at_prompts_and_answers(store: Store) -> None:
    """Every word must occur, in any case and any script, also as a part of another."""
    conversation = Conversation("main")
    old = turn("How do I call plt.PLOT(x)?", "So: Ärger 漢字", started=1.0)
    new = turn("a 100% sure_thing", "plot", started=2.0)
    store.record(conversation, old)
    store.record(conversation, new)

    found = {text: [hit.turn for hit in store.search(text)] for text in SEARCHES}

    assert SEARCHES == {
        text: "".join("on"[turn == new] for turn in turns) for text, turns in found.items()
    }
    assert ["main"] == [hit.name for hit in store.search("ärger")]
    assert conversation.id == store.search("ärger")[0].conversation_id
    assert [new] == [hit.turn for hit in store.search("plot", limit=1)]


SEARCHES = {
    "plot": "no",
    "plt.plot(": "o",
    "ÄRGER call": "o",
    "漢": "o",
    "100%": "n",
    "sure_t": "n",
    "sure thing": "n",
    "plot nowhere": "",
    " ": "",
    "%": "n",
}


def test_what_was_deleted_is_not_found(store: Store) -> None:
    """Nor is it on the disk, in whatever file."""
    conversation, other = Conversation("main"), Conversation("other")
    store.record(conversation, turn("needle in a haystack", digest="d"))
    store.record(other, turn("keep"))

    assert store.delete(conversation.id)
    store.close()

    assert [] == store.search("needle")
    assert store.find("d") is None
    assert ["other"] == [chat.name for chat in store.chats()]
    assert not store.delete(conversation.id)
    assert not any(b"needle" in file.read_bytes() for file in store.path.parent.iterdir())


def test_a_conversation_is_renamed(store: Store) -> None:
    """One that is not there is not."""
    conversation = Conversation("main")
    store.record(conversation, turn("1"))

    assert store.rename(conversation.id, "späte")
    assert not store.rename("nothing", "x")
    assert ["späte"] == [chat.name for chat in store.chats()]


def test_an_answer_is_found_by_its_digest(store: Store) -> None:
    """The last whole one; none without a digest, none that was cut, none that is under way."""
    conversation = Conversation("main")
    first, last = turn("1", digest="d", started=1.0), turn("2", digest="d", started=2.0)
    for each in (last, first, turn("3"), turn("4", digest="cut", status="interrupted")):
        store.record(conversation, each)
    store.begin(conversation, turn("5", digest="begun"))

    assert last == again(store).find("d")
    assert [None, None, None] == [store.find(digest) for digest in ("", "cut", "begun")]


def test_what_was_spent_stays_spent(store: Store) -> None:
    """It is counted once a turn, by model and service, also when the turn is gone."""
    conversation = Conversation("main")
    for number in range(3):
        model = "a" if number else "b"
        spent = Usage(10, number, 10 + number, cached_tokens=4)
        kept = turn(str(number), model=model, service="s", usage=spent, started=float(number))
        store.record(conversation, kept)
        store.edit(conversation, replace(kept, hidden=True))
    store.record(conversation, turn("free"))
    store.delete(conversation.id)

    both, (last,) = store.usage_since(0.0), store.usage_since(2.0)

    assert [("a", 2, 20, 3, 23, 8), ("b", 1, 10, 0, 10, 4)] == [
        (s.model, s.turns, s.input_tokens, s.output_tokens, s.total_tokens, s.cached_tokens)
        for s in both
    ]
    assert ("a", "s", 1) == (last.model, last.service, last.turns)


def test_experience_is_forgotten_in_time(store: Store) -> None:
    """What was learned holds in the next kernel, for as long as it was said to."""
    store.remember("successor", {"of": ["x", None]}, 60)
    store.remember("old", 1, -1)
    store.remember("none", None, 60)

    assert {"of": ["x", None]} == again(store).recall("successor")
    assert [None, None] == [again(store).recall(key) for key in ("old", "never")]


def test_what_is_no_json_is_not_kept_and_said(store: Store) -> None:
    """The turns around it are."""
    conversation = Conversation("main")
    store.record(conversation, turn("1"))

    assert not store.record(conversation, replace(turn("2"), output=({"type": b"bytes"},)))
    assert "is no JSON" in store.trouble
    assert store.record(conversation, turn("3"))
    assert ["1", "3"] == said(store, conversation.id)
    assert "" == store.trouble


def test_nothing_is_loaded_before_it_is_needed() -> None:
    """Neither making a store nor importing it loads SQLite, nor touches the disk."""
    import subprocess

    code = (
        "import sys, pathlib; from codex_magic.conversation.store import Store;"
        "Store(pathlib.Path('nowhere/store.sqlite'));"
        "print('sqlite3' in sys.modules, pathlib.Path('nowhere').exists())"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False False" == found.stdout.strip()


def test_a_closed_file_leaves_no_connection(store: Store) -> None:
    """However often it is opened and closed."""
    conversation = Conversation("main")
    gc.collect()
    before = _connections()
    for number in range(5):
        assert store.record(conversation, turn(f"Question {number}?"))
        store.close()
    gc.collect()

    assert before == _connections()


def _connections() -> int:
    """Return how many connections this process has in memory."""
    return sum(isinstance(found, sqlite3.Connection) for found in gc.get_objects())
