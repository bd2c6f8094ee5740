"""Saved conversations: nothing is lost on the way to a file and back, and no file breaks a kernel."""

from __future__ import annotations

import copy
import json
import os
import stat
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_magic.api.items import Usage
from codex_magic.conversation.plans import Held, Link
from codex_magic.conversation.saved import _FIELDS, from_json, load, save, to_json
from codex_magic.conversation.turns import Conversation, State, Turn
from codex_magic.errors import ConfigError
from tests.counts import count
from tests.fake_service import FakeService

from .talking import STATES, Talk, asked, body

IMAGE = "data:image/png;base64,iVBORw0KGgo="


def conversation() -> Conversation:
    """One that has a value other than the usual one in every place."""
    known = Usage(7, 5, 12, 3, 2, 1, raw={"input_tokens": 7, "from_tomorrow": {"x": None}})
    full = Turn(
        "Was ist das? \ud83d",
        (
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_image", "image_url": IMAGE}],
            },
            {"type": "of_tomorrow", "deep": [{"a": [1, 2.5, None, True]}]},
        ),
        (
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            {"type": "message", "content": [{"type": "output_text", "text": "Ein <b>Bild</b>."}]},
        ),
        status="interrupted",
        text="Ein <b>Bild</b>.\u2028",
        model="gpt-5.6-terra",
        service="openai https://api.openai.com/v1",
        response_id="resp_1",
        stored=True,
        lineage=2**63 + 1,
        usage=known,
        seconds=1.25,
        started=1_790_000_000.125,
        error="It broke off.",
        id="aaaaaaaaaaaa",
        key="notebook.ipynb cell 1",
        hidden=True,
        pinned=True,
        sent="df, 1 figure",
        digest="c0ffee",
        kind="summary",
    )
    plain = Turn("Why?", ({"type": "message", "role": "user", "content": "Why?"},), id="b")
    said = Conversation(
        "main", id="cccccccccccc", instructions="Be brief.", notebook="a.ipynb", turns=[full, plain]
    )
    said.state = "conversation"
    held = (Held("aaaaaaaaaaaa", ("user x", "reasoning")), Held("b"))
    said.link = Link("conv_1", full.service, held, doubted=False)
    return said


def everything(said: Conversation) -> Any:
    """All that a conversation is, in a form that can be compared."""
    turns = [
        {f.name: getattr(turn, f.name) for f in fields(Turn) if f.name != "_encoded"}
        for turn in said.turns
    ]
    raws = [turn.usage.raw if turn.usage else None for turn in said.turns]
    about = (said.name, said.id, said.instructions, said.notebook, said.state, said.link)
    return about, turns, raws


def test_nothing_is_lost_on_the_way(tmp_path: Path) -> None:
    """Every field of every turn and item, usage, link and instructions come back as they were."""
    said = conversation()

    path = save(said, tmp_path / "a.json")
    again = load(path)

    assert everything(said) == everything(from_json(json.loads(json.dumps(to_json(said)))))
    assert again.link is not None
    again.link = replace(again.link, doubted=False)
    assert everything(said) == everything(again)


def test_every_field_of_a_turn_is_saved() -> None:
    """A field that a turn gets one day is not forgotten here."""
    known = {field.name for field in fields(Turn)} - {"_encoded"}

    assert known == set(_FIELDS)
    assert known == set(to_json(conversation())["turns"][0])


def test_what_a_service_holds_is_doubted_after_loading(tmp_path: Path) -> None:
    """Between saving and loading others may have gone on in the service's conversation."""
    path = save(conversation(), tmp_path / "a.json")

    link = load(path).link

    assert link is not None
    assert link.doubted


@pytest.mark.parametrize("state", STATES)
def test_a_real_conversation_goes_on_from_its_file(
    service: FakeService, talk: Talk, tmp_path: Path, state: State
) -> None:
    """The next request is the one that would have been sent without the file between."""
    talk.ask(service, "One", state=state)
    talk.ask(service, "Two", state=state)
    again = load(save(talk.conversation, tmp_path / "a.json"))

    talk.ask(service, "Three", state=state)
    meant = body(service)
    told = talk.ask(service, "Three", state=state, conversation=again)

    assert told.error is None
    assert ["One", "Two", "Three"] == [turn.prompt for turn in again.turns]
    if state != "conversation":
        assert meant == body(service)
    assert 4 == len(asked(service))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=count(500), deadline=None)
@given(st.text(), st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=3))
def test_any_item_comes_back(prompt: str, items: list[dict[str, Any]]) -> None:
    """Item types and fields that do not exist yet are kept as they came."""
    said = Conversation("main", turns=[Turn(prompt, tuple(items), tuple(items), text=prompt)])

    again = from_json(json.loads(json.dumps(to_json(said))))

    assert everything(said) == everything(again)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no JSON"),
        (b'{"format": "codex-magic conv', "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[]", "is no conversation of codex_magic"),
        (b'{"cells": [], "nbformat": 4}', "is no conversation of codex_magic"),
        (b'{"format": "codex-magic conversation", "version": 2}', "pip install -U codex-magic"),
        (b'{"format": "codex-magic conversation", "version": "1"}', "is damaged (version)"),
        (b'{"format": "codex-magic conversation", "version": true}', "is damaged (version)"),
        (b'{"format": "codex-magic conversation", "version": 1}', "is damaged (name)"),
    ],
)
def test_another_file_is_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    """What is no saved conversation, or one of tomorrow, is told in a line with the next step."""
    path = tmp_path / "a.json"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as raised:
        load(path)

    assert says in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


WRONG: list[Any] = [None, 1, "x", True, [], {}, [1], {"a": 1}]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_damaged_field_is_named(wrong: Any) -> None:
    """Whatever stands in a place where it cannot: a conversation, or a line that says where."""
    whole = to_json(conversation())
    places = [(whole, name) for name in ("name", "id", "state", "link", "turns", "instructions")]
    places += [(whole["turns"][0], name) for name in whole["turns"][0]]
    places += [(whole["turns"][0]["usage"], name) for name in whole["turns"][0]["usage"]]
    places += [(whole["link"], name) for name in whole["link"]]
    places += [(whole["link"]["held"][0], name) for name in whole["link"]["held"][0]]
    for holder, name in places:
        right, holder[name] = holder[name], copy.deepcopy(wrong)
        read, said = tried(whole)
        # What was read is of a type that the field may have, and is what stands there.
        assert name in said or json.dumps(whole) == json.dumps(to_json(read))
        holder[name] = right


def tried(whole: Any) -> tuple[Conversation, str]:
    """What is read of JSON, or what an error says of it."""
    try:
        return from_json(whole), ""
    except ConfigError as error:
        return Conversation("nothing"), str(error)


@pytest.mark.parametrize("name", ["id", "prompt", "input", "output", "status"])
def test_what_makes_a_turn_cannot_be_missing(name: str) -> None:
    """The error says which turn lacks what."""
    whole = to_json(conversation())
    del whole["turns"][1][name]

    with pytest.raises(ConfigError, match=rf"damaged \(turns\[1\]\.{name}\)"):
        from_json(whole)


def test_two_turns_of_one_id_are_refused() -> None:
    """Turns are known by their ids."""
    whole = to_json(conversation())
    whole["turns"].append(whole["turns"][0])

    with pytest.raises(ConfigError, match="two turns have one id"):
        from_json(whole)


def test_a_file_without_what_came_later_is_read() -> None:
    """A field that an earlier version did not have is what a new turn has there."""
    whole = to_json(conversation())
    for turn in whole["turns"]:
        del turn["pinned"], turn["digest"], turn["kind"], turn["usage"]

    turn = from_json(whole).turns[0]

    assert (False, "", "turn", None) == (turn.pinned, turn.digest, turn.kind, turn.usage)


def test_saving_again_replaces_its_own_file_alone(tmp_path: Path) -> None:
    """A later state of a conversation replaces the earlier one; any other file stays."""
    mine, other = tmp_path / "mine.json", tmp_path / "other.json"
    said = conversation()
    save(said, mine)
    save(Conversation("another"), other)

    said.undo()
    save(said, mine)
    with pytest.raises(ConfigError, match=r"exists already: .* --force"):
        save(said, other)

    assert 1 == len(load(mine).turns)
    assert "another" == load(other).name
    assert "main" == load(save(said, other, force=True)).name


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where writing fails, the earlier file is there as it was, and nothing else is."""
    folder = tmp_path / "full"
    folder.mkdir()
    path = save(conversation(), folder / "a.json")
    before = path.read_bytes()
    folder.chmod(0o500)
    try:
        if not os.access(folder, os.W_OK):
            with pytest.raises(ConfigError, match="cannot be written"):
                save(conversation(), path)
    finally:
        folder.chmod(0o700)

    assert before == path.read_bytes()
    assert [path] == list(folder.iterdir())


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    """The file that it leads to is written, with the rights of any new file."""
    save(conversation(), tmp_path / "real.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    plain = tmp_path / "plain"
    plain.touch()

    save(conversation(), tmp_path / "link.json")

    assert (tmp_path / "link.json").is_symlink()
    assert stat.S_IMODE(plain.stat().st_mode) == stat.S_IMODE(
        (tmp_path / "real.json").stat().st_mode
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no/a.json", "There is no folder"),
        (".", "is a folder"),
        ("a" * 300, "cannot be written"),
        ("a\0b", "cannot be written"),
    ],
)
def test_a_place_that_cannot_be_is_one_line(tmp_path: Path, name: str, says: str) -> None:
    """A missing folder is not made unasked, and a folder is no file."""
    with pytest.raises(ConfigError, match=says):
        save(conversation(), tmp_path / name)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(ConfigError, match=r"a\.json cannot be read"):
        load(tmp_path / "a.json")
