"""Turns that are hidden, pinned, copied and asked again: every service accepts what is left."""

from __future__ import annotations

from typing import Any

import pytest

from codex_magic.conversation import editing
from codex_magic.conversation.turns import (
    INTERRUPTED_MARK,
    Conversation,
    Edited,
    Removed,
    State,
    Turn,
)
from codex_magic.errors import ConfigError
from tests.fake_service import PROFILES, FakeService, error, failed, incomplete, text
from tests.fake_service import refusal as declined

from .talking import STATES, Talk, at, body, refusals, seen


def ask_three(talk: Talk, service: FakeService, state: State = "stateless") -> None:
    service.enqueue(*[text(f"Answer {name}.", reasoning="**Hm**") for name in "ABC"])
    for name in "ABC":
        talk.ask(service, name, state=state)


def prompts(conversation: Conversation) -> list[str]:
    return [turn.prompt for turn in conversation.turns]


@pytest.mark.parametrize("state", STATES)
def test_a_hidden_turn_is_shown_and_not_sent(
    talk: Talk, service: FakeService, state: State
) -> None:
    """It comes back where it was."""
    ask_three(talk, service, state)
    editing.hide(talk.conversation, 2)
    talk.ask(service, "Next", state=state)
    without = seen(service)
    editing.unhide(talk.conversation, 2)
    talk.ask(service, "Last", state=state)

    assert ["u: A", "a: Answer A.", "u: C", "a: Answer C.", "u: Next"] == without
    assert ["A", "B", "C", "Next", "Last"] == [line[3:] for line in seen(service) if line[0] == "u"]
    assert ["A", "B", "C", "Next", "Last"] == prompts(talk.conversation)
    assert [] == refusals(service)


def test_of_two_numbers_of_which_one_is_wrong_none_is_changed(
    talk: Talk, service: FakeService
) -> None:
    """A typing mistake does not do half of what was meant."""
    ask_three(talk, service)
    with pytest.raises(ConfigError, match=r"no turn 7 in 'main': its turns are 1 to 3"):
        editing.hide(talk.conversation, 1, 7)

    assert not any(turn.hidden for turn in talk.conversation.turns)


@pytest.mark.parametrize("number", [0, 4, -4])
def test_a_number_that_no_turn_has(talk: Talk, service: FakeService, number: int) -> None:
    """One line says which there are; minus one is the last."""
    ask_three(talk, service)

    assert "C" == editing.turn_at(talk.conversation, -1).prompt
    with pytest.raises(ConfigError, match="1 to 3"):
        editing.turn_at(talk.conversation, number)
    with pytest.raises(ConfigError, match="nothing was said"):
        editing.turn_at(Conversation("empty"), 1)


@pytest.mark.parametrize("state", STATES)
def test_a_fork_goes_its_own_way(talk: Talk, service: FakeService, state: State) -> None:
    """The turns are the same ones; what is said later in one is not known to the other."""
    ask_three(talk, service, state)
    copy = editing.fork(talk.conversation, "copy", upto=2)
    shared = copy.turns
    talk.ask(service, "Here", state=state)
    talk.ask(service, "There", state=state, conversation=copy)
    there = seen(service)
    talk.ask(service, "Here again", state=state)

    assert talk.conversation.turns[:2] == shared
    assert ["u: A", "a: Answer A.", "u: B", "a: Answer B.", "u: There"] == there
    assert "u: There" not in seen(service)
    assert copy.id != talk.conversation.id
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_an_edit_asks_in_other_words(talk: Talk, service: FakeService, state: State) -> None:
    """What came after it goes, as in a chat, and is still in a copy."""
    ask_three(talk, service, state)
    whole = talk.conversation.turns
    again = editing.edit(talk.conversation, 2, "Better", ["main", "main before edit"])
    talk.again(service, again, state=state)

    assert ["u: A", "a: Answer A.", "u: Better"] == seen(service)
    assert ["A", "Better"] == prompts(talk.conversation)
    assert again.before is not None
    assert ("main before edit 2", whole) == (again.before.name, again.before.turns)
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_an_edit_that_fails_takes_nothing(talk: Talk, service: FakeService, state: State) -> None:
    """Until there is an answer, all that was said stands."""
    ask_three(talk, service, state)
    service.enqueue(error(400, "invalid_prompt", "No."))
    talk.again(service, editing.edit(talk.conversation, 1, "Better"), state=state)
    talk.ask(service, "Next", state=state)

    assert ["A", "B", "C", "Better", "Next"] == prompts(talk.conversation)
    assert ["u: A", "u: B", "u: C", "u: Next"] == [line for line in seen(service) if line[0] == "u"]


def test_an_edit_keeps_what_went_along() -> None:
    """Only the words change: cells, variables and images are still there."""
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    told = {"type": "input_text", "text": "df has 3 rows. Why?\n\nWhy?"}
    item = {"type": "message", "role": "user", "content": [told, image]}
    conversation = Conversation("main", turns=[Turn("Why?", (item,))])
    (found,) = editing.edit(conversation, 1, "How?").input

    assert [{**told, "text": "df has 3 rows. Why?\n\nHow?"}, image] == found["content"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("how", ["answered", "failed", "incomplete"])
def test_a_retry_replaces_the_last_turn(
    talk: Talk, service: FakeService, state: State, how: str
) -> None:
    """Whatever came of it, it is asked once more, and stands once."""
    last = {
        "answered": text("C."),
        "failed": failed("invalid_prompt", "No."),
        "incomplete": incomplete("C"),
    }
    service.enqueue(text("A."), last[how])
    for name in "AC":
        talk.ask(service, name, state=state, key=f"cell {name}")
    talk.again(service, editing.retry(talk.conversation), state=state)

    assert ["u: A", "a: A.", "u: C"] == seen(service)
    assert ["A", "C"] == prompts(talk.conversation)
    assert "cell C" == talk.conversation.turns[-1].key
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_an_answer_is_continued(talk: Talk, service: FakeService, state: State) -> None:
    """The half that there is stands last before the order to go on."""
    service.enqueue(incomplete("Half of", reasoning="**Hm**"), text("it.").eof_after(4))
    talk.ask(service, "A", state=state)
    talk.again(service, editing.continue_(talk.conversation), state=state)
    half = seen(service)

    assert ["u: A", "a: Half of", f"u: {editing.CONTINUE}"] == half
    assert 2 == len(talk.conversation.turns)


@pytest.mark.parametrize("state", STATES)
def test_an_interrupted_answer_is_continued(talk: Talk, service: FakeService, state: State) -> None:
    """The model reads where it was stopped."""
    service.enqueue(text("Some words of it and more.").cut_after(8))
    cut = talk.ask(service, "A", state=state)
    talk.again(service, editing.continue_(talk.conversation), state=state)

    assert "interrupted" == cut.turn.status
    half = f"a: {cut.turn.text}\n\n{INTERRUPTED_MARK}"
    assert ["u: A", half, f"u: {editing.CONTINUE}"] == seen(service)
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_nothing_cannot_be_continued(talk: Talk, service: FakeService, state: State) -> None:
    """Where no word had come, the question is asked again."""
    service.enqueue(incomplete("", reasoning="**Hm**"))
    talk.ask(service, "A", state=state)
    talk.again(service, editing.continue_(talk.conversation), state=state)

    assert ["u: A"] == seen(service)
    assert ["A"] == prompts(talk.conversation)
    with pytest.raises(ConfigError, match="whole"):
        editing.continue_(talk.conversation)


def test_there_is_nothing_to_ask_again() -> None:
    """An empty conversation says so in one line."""
    with pytest.raises(ConfigError, match="nothing to retry"):
        editing.retry(Conversation("empty"))
    with pytest.raises(ConfigError, match="nothing to continue"):
        editing.continue_(Conversation("empty"))
    summary = Turn("(summary)", (), kind="summary")
    with pytest.raises(ConfigError, match="is a summary"):
        editing.edit(Conversation("main", turns=[summary]), 1, "New")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_service_accepts_what_is_left(talk: Talk, profile: str, state: State) -> None:
    """Undo, hide, drop, fork, edit, retry and continue, at each kind of service, in each mode."""
    key = None if profile == "azure" else "sk-fake-0123456789abcdef"
    with FakeService(profile, api_key=key) as service:
        there = at(service, profile)
        service.enqueue(text("A.", reasoning="**Hm**"), declined("No."), incomplete("Half"))
        for name in "ABC":
            talk.ask(there, name, state=state)
        talk.again(there, editing.continue_(talk.conversation), state=state)
        editing.hide(talk.conversation, 2)
        talk.again(there, editing.retry(talk.conversation), state=state)
        talk.conversation = editing.fork(talk.conversation, "copy")
        talk.conversation.drop([talk.conversation.turns[0].id])
        talk.ask(there, "D", state=state)
        talk.again(there, editing.edit(talk.conversation, 2, "C2"), state=state)
        talk.conversation.undo()
        told = talk.ask(there, "Last", state=state)

        assert (None, []) == (told.error, refusals(service))
        assert ["u: Last"] == seen(service)
        assert ["B", "Last"] == prompts(talk.conversation)


@pytest.mark.parametrize("state", STATES)
def test_instructions_belong_to_a_conversation(
    talk: Talk, service: FakeService, state: State
) -> None:
    """They go with each of its questions, before the configured ones and after the cell's own."""
    talk.conversation.instructions = "Be brief."
    configured: dict[str, Any] = {
        "params": {"instructions": "Be kind."},
        "ours": frozenset({"instructions"}),
    }
    own: dict[str, Any] = {"params": {"instructions": "Be loud."}, "ours": frozenset[str]()}
    found = []
    for fields in (dict[str, Any](), configured, own):
        talk.ask(service, state=state, **fields)
        found.append(body(service)["instructions"])
    copy = editing.fork(talk.conversation, "copy")

    assert ["Be brief.", "Be brief.", "Be loud."] == found
    assert "Be brief." == copy.instructions


def test_a_listener_hears_of_edits() -> None:
    """What changes is told once; what changes nothing is not told."""
    conversation = Conversation("main", turns=[Turn(name, ()) for name in "ABC"])
    one, two, three = conversation.turns
    changes: list[object] = []
    conversation.on_change = changes.append
    pinned = editing.pin(conversation, 1)[0]
    conversation.drop([two.id, "unknown"])
    conversation.undo()
    conversation.undo(0)
    conversation.drop(["unknown"])

    assert [Edited(pinned), Removed((two.id,)), Removed((three.id,))] == changes
    assert pinned.id == one.id
    assert (pinned,) == conversation.turns
    with pytest.raises(KeyError):
        conversation.amend("unknown", hidden=True)


def test_a_conversation_as_it_was_before_a_turn() -> None:
    """The turns before it, in their order."""
    conversation = Conversation("main", turns=[Turn(name, ()) for name in "ABC"])

    assert ["A", "B"] == [turn.prompt for turn in editing.before(conversation, 3)]
    assert () == editing.before(conversation, 1)
