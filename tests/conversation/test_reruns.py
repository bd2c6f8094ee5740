"""A cell that is run again: its new exchange goes in the place of the old one, in every mode."""

from __future__ import annotations

import pytest

from codex_magic.conversation.turns import Conversation, Plan, Recorded, State, Turn
from tests.fake_service import FakeService, error, failed, text
from tests.fake_service.asking import connect

from .talking import STATES, Talk, asked, at, body, refusals, seen, take_events, told

ANEW = (
    "The service's conversation is not what was said here: a new one was begun there, "
    "with the whole history."
)


def ask_three(talk: Talk, service: FakeService, state: State) -> None:
    """Three cells, each with a key of its own."""
    service.enqueue(*[text(f"Answer {name}.", reasoning="**Hm**") for name in "ABC"])
    for name in "ABC":
        talk.ask(service, name, state=state, key=f"cell {name}")


def deletions(service: FakeService) -> list[str]:
    return [request.path for request in service.requests if request.method == "DELETE"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", ["A", "B", "C"])
def test_a_rerun_replaces(talk: Talk, service: FakeService, state: State, name: str) -> None:
    """The model does not see the old exchange, and afterwards it is nowhere."""
    ask_three(talk, service, state)
    talk.ask(service, "Again", state=state, key=f"cell {name}")
    during = seen(service)
    talk.ask(service, "Next", state=state)

    kept = [
        line for other in "ABC" if other != name for line in (f"u: {other}", f"a: Answer {other}.")
    ]
    assert [*kept, "u: Again"] == during
    assert [*kept, "u: Again"] == seen(service)[:-2]
    others = [other for other in "ABC" if other != name]
    assert [*others, "Again", "Next"] == [turn.prompt for turn in talk.conversation.turns]
    assert [] == refusals(service)


@pytest.mark.parametrize(("name", "sent"), [("A", 5), ("B", 3), ("C", 1)])
def test_a_chain_goes_on_from_the_last_good_point(
    talk: Talk, service: FakeService, name: str, sent: int
) -> None:
    """What stood before the old exchange is not sent again, what came after it is."""
    ask_three(talk, service, "previous_response_id")
    first, second, _ = talk.conversation.turns
    talk.ask(service, "Again", state="previous_response_id", key=f"cell {name}")
    follows = {"A": None, "B": first.response_id, "C": second.response_id}[name]

    assert (follows, sent) == (
        body(service).get("previous_response_id"),
        len(body(service)["input"]),
    )
    talk.ask(service, "Next", state="previous_response_id")
    assert 1 == len(body(service)["input"])


@pytest.mark.parametrize("name", ["B", "C"])
def test_the_old_items_are_deleted_at_the_service(
    talk: Talk, service: FakeService, name: str
) -> None:
    """Three items of one exchange go, and the same conversation goes on, without a word."""
    ask_three(talk, service, "conversation")
    (before,) = service.conversations
    again = talk.ask(service, "Again", state="conversation", key=f"cell {name}")

    assert [before] == list(service.conversations)
    assert 3 == len(deletions(service))
    assert ([], 1) == (again.notices, len(body(service)["input"]))


def test_a_conversation_that_another_program_changed_is_begun_anew(
    talk: Talk, service: FakeService
) -> None:
    """Where the items are not those that we know, none is deleted, and that is said."""
    ask_three(talk, service, "conversation")
    (before,) = service.conversations
    with connect(service) as client:
        added = [{"type": "message", "role": "user", "content": "From elsewhere"}]
        client.post(f"/conversations/{before}/items", json={"items": added})
    again = talk.ask(service, "Again", state="conversation", key="cell B")

    assert ([ANEW], []) == (again.notices, deletions(service))
    assert 10 == len(service.conversations[before]["items"])
    assert ["u: A", "a: Answer A.", "u: C", "a: Answer C.", "u: Again"] == seen(service)
    assert 2 == len(service.conversations)


def test_a_conversation_that_is_gone_is_begun_anew(talk: Talk, service: FakeService) -> None:
    """Nothing can be deleted in it, and nothing is lost."""
    ask_three(talk, service, "conversation")
    service.conversations.clear()
    again = talk.ask(service, "Again", state="conversation", key="cell B")

    assert 1 == len(again.notices)
    assert None is again.error
    assert ["u: A", "a: Answer A.", "u: C", "a: Answer C.", "u: Again"] == seen(service)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("refused", [True, False])
def test_a_rerun_that_fails_takes_nothing(
    talk: Talk, service: FakeService, state: State, refused: bool
) -> None:
    """Where nothing arrived, the old answer stays; the failures themselves replace each other."""
    ask_three(talk, service, state)
    no = error(400, "invalid_prompt", "No.") if refused else failed("invalid_prompt", "No.")
    service.enqueue(no, no)
    for _ in range(2):
        assert "failed" == talk.ask(service, "Again", state=state, key="cell B").turn.status
    prompts = [turn.prompt for turn in talk.conversation.turns]
    talk.ask(service, "Next", state=state)

    assert ["A", "B", "C", "Again"] == prompts
    expected = [line for name in "ABC" for line in (f"u: {name}", f"a: Answer {name}.")]
    assert [*expected, "u: Next"] == seen(service)


@pytest.mark.parametrize("state", STATES)
def test_an_interrupted_rerun_replaces(talk: Talk, service: FakeService, state: State) -> None:
    """Its half answer is the newer one."""
    ask_three(talk, service, state)
    service.enqueue(text("Some words that go on.").hold(after=6))
    job = talk.start(service, "Again", state=state, key="cell B")
    taken = take_events(job, 6)
    job.cancel()
    told(job, taken)
    talk.ask(service, "Next", state=state)

    assert ["A", "C", "Again", "Next"] == [turn.prompt for turn in talk.conversation.turns]
    assert "u: B" not in seen(service)
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_a_turn_with_calls_is_replaced_as_a_whole(
    talk: Talk, service: FakeService, state: State
) -> None:
    """Calls and their outputs go with the exchange that they belong to."""
    talk.ask(service, "A", state=state)
    call = {"type": "function_call", "call_id": "call_1", "name": "add", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "3"}
    said = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "3"}],
    }
    question = {"type": "message", "role": "user", "content": "B"}
    turn = Turn("B", (question,), (call, output, said), key="cell B", service=at(service).identity)
    talk.conversation.record(turn, Plan("stateless"))
    talk.ask(service, "C", state=state)
    with_calls = [item.get("type") for item in asked(service)[-1].context]
    talk.ask(service, "Again", state=state, key="cell B")

    assert {"function_call", "function_call_output"} <= set(with_calls)
    assert ["u: A", "u: C", "u: Again"] == [line for line in seen(service) if line[0] == "u"]
    left = {item.get("type") for item in asked(service)[-1].context}
    assert {"function_call", "function_call_output"}.isdisjoint(left)
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_without_a_key_turns_append(talk: Talk, service: FakeService, state: State) -> None:
    """Where the cell is not known, or the user wants it so, the same question is asked twice."""
    for _ in range(2):
        talk.ask(service, "Same", state=state)

    assert ["Same", "Same"] == [turn.prompt for turn in talk.conversation.turns]
    assert ["u: Same", "u: Same"] == [line for line in seen(service) if line[0] == "u"]


def test_a_pin_stays_with_the_cell(talk: Talk, service: FakeService) -> None:
    """Who pinned an answer has pinned the one that replaces it."""
    ask_three(talk, service, "stateless")
    talk.conversation.amend(talk.conversation.turns[1].id, pinned=True)
    again = talk.ask(service, "Again", key="cell B")

    assert again.turn.pinned


def test_a_listener_hears_of_each_change(talk: Talk, service: FakeService) -> None:
    """The store writes down what was added, and what it replaced, before the answer is given."""
    changes: list[object] = []
    conversation = Conversation("heard")
    conversation.on_change = changes.append
    one = talk.ask(service, "One", key="cell", conversation=conversation).turn
    two = talk.ask(service, "Two", key="cell", conversation=conversation).turn

    assert [Recorded(one), Recorded(two, (one.id,))] == changes
