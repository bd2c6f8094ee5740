"""What lives on a service is taken over, and goes on there."""

from __future__ import annotations

import json

import pytest

from codex_magic.conversation.adopting import Adopted, adopt
from codex_magic.conversation.session import Emit, Session
from codex_magic.conversation.turns import Conversation
from codex_magic.errors import ConfigError, NotFoundError
from tests.fake_service import FakeService, calls, failed, incomplete, text
from tests.fake_service.asking import ask, connect
from tests.fake_service.errors import Json

from .talking import STATES, Talk, at, body, refusals, seen

ADD = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": False}


def take_over(talk: Talk, service: FakeService, found: str, backend: str = "openai") -> Adopted:
    """What another kernel makes of an id."""

    async def work(session: Session, emit: Emit) -> Adopted:
        return await adopt(session.client(emit), session.service, found, "adopted")

    return talk.do(at(service, backend), work)


def ask_elsewhere(service: FakeService, count: int = 3, **fields: object) -> list[Json]:
    """Questions of another program, each after the one before."""
    service.enqueue(*[text(f"Answer {number}.", reasoning="**Hm**") for number in range(count)])
    found: list[Json] = []
    with connect(service) as client:
        for number in range(count):
            follows = {"previous_response_id": found[-1]["id"]} if found and not fields else {}
            found.append(ask(client, f"Question {number}", **follows, **fields))
    return found


def kept(conversation: Conversation) -> list[tuple[str, str]]:
    return [(turn.prompt, turn.text) for turn in conversation.turns]


ALL = [(f"Question {number}", f"Answer {number}.") for number in range(3)]
SEEN = [line for asked, said in ALL for line in (f"u: {asked}", f"a: {said}")]


def test_a_conversation_is_taken_over(talk: Talk, service: FakeService) -> None:
    """Its turns are here, and the next question goes on in it with nothing sent twice."""
    with connect(service) as client:
        found = client.post("/conversations", json={}).json()["id"]
    ask_elsewhere(service, conversation=found)
    adopted = take_over(talk, service, found)
    conversation = adopted.conversation
    talk.ask(service, "Next", conversation=conversation, state="conversation")

    assert (ALL, ()) == (kept(conversation)[:3], adopted.notices)
    assert ("conversation", "adopted") == (conversation.state, conversation.name)
    assert [*SEEN, "u: Next"] == seen(service)
    assert (found, 1) == (body(service)["conversation"], len(body(service)["input"]))
    assert [] == refusals(service)


def test_what_was_taken_over_can_be_edited(talk: Talk, service: FakeService) -> None:
    """The items of a turn that is taken back are found at the service, and deleted there."""
    with connect(service) as client:
        found = client.post("/conversations", json={}).json()["id"]
    ask_elsewhere(service, conversation=found)
    conversation = take_over(talk, service, found).conversation
    conversation.drop([conversation.turns[1].id])
    told = talk.ask(service, "Next", conversation=conversation, state="conversation")

    assert [*SEEN[:2], *SEEN[4:], "u: Next"] == seen(service)
    assert ([], [found]) == (told.notices, list(service.conversations))


@pytest.mark.parametrize("state", STATES)
def test_what_was_taken_over_goes_on_in_any_mode(
    talk: Talk, service: FakeService, state: str
) -> None:
    """The transcript is whole, so it can be sent as well, to another service too."""
    last = ask_elsewhere(service)[-1]
    conversation = take_over(talk, service, last["id"]).conversation
    talk.ask(service, "Next", conversation=conversation, state=state)
    with FakeService("llama.cpp") as other:
        talk.ask(at(other, "llama.cpp"), "There", conversation=conversation)
        there = seen(other)

    assert [*SEEN, "u: Next"] == seen(service)
    assert SEEN == there[:6]
    assert [] == refusals(service, other)


def test_a_response_is_taken_over_with_those_before_it(talk: Talk, service: FakeService) -> None:
    """The chain is followed to its beginning; the next question follows the response."""
    first, *_, last = ask_elsewhere(service)
    adopted = take_over(talk, service, last["id"])
    conversation = adopted.conversation
    talk.ask(service, "Next", conversation=conversation, state="previous_response_id")

    assert (ALL, ()) == (kept(conversation)[:3], adopted.notices)
    assert first["id"] == conversation.turns[0].response_id
    assert conversation.turns[0].usage is not None
    assert (last["id"], 1) == (body(service)["previous_response_id"], len(body(service)["input"]))


def test_a_response_in_the_middle_is_taken_over(talk: Talk, service: FakeService) -> None:
    """What came after it is another way that things went."""
    middle = ask_elsewhere(service)[1]
    conversation = take_over(talk, service, middle["id"]).conversation

    assert ALL[:2] == kept(conversation)


def test_a_chain_whose_beginning_is_gone(talk: Talk, service: FakeService) -> None:
    """The service still knows it, and we do not: that is said."""
    first, *_, last = ask_elsewhere(service)
    with connect(service) as client:
        client.delete(f"/responses/{first['id']}")
    adopted = take_over(talk, service, last["id"])

    assert ALL[1:] == kept(adopted.conversation)
    assert ["begins later than it does" in notice for notice in adopted.notices] == [True]


def test_instructions_are_taken_over(talk: Talk, service: FakeService) -> None:
    """Those of the last response are the conversation's."""
    with connect(service) as client:
        found = ask(client, "One", instructions="Be brief.")
    conversation = take_over(talk, service, found["id"]).conversation
    talk.ask(service, "Two", conversation=conversation, state="previous_response_id")

    assert "Be brief." == body(service)["instructions"]


def test_calls_and_their_outputs_are_one_turn(talk: Talk, service: FakeService) -> None:
    """The answer to a call is no question of the user's."""
    service.enqueue(calls([("add", {"a": 1})]), text("It is 3."))
    with connect(service) as client:
        first = ask(client, "One", tools=[ADD])
        call = next(item for item in first["output"] if item["type"] == "function_call")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "3"}
        last = ask(client, [output], previous_response_id=first["id"], tools=[ADD])
    conversation = take_over(talk, service, last["id"]).conversation
    talk.ask(service, "Next", conversation=conversation)

    assert [("One", "It is 3.")] == kept(conversation)[:1]
    assert ["u: One", "a: It is 3.", "u: Next"] == seen(service)
    assert last["id"] == conversation.turns[0].response_id
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES[1:])
def test_a_call_that_waits_does_not_block(talk: Talk, service: FakeService, state: str) -> None:
    """What nobody answered is answered, and the next question is accepted."""
    with connect(service) as client:
        made = client.post("/conversations", json={}).json()["id"]
        service.enqueue(calls([("add", {"a": 1})]))
        where = {"conversation": made} if state == "conversation" else {}
        found = ask(client, "One", tools=[ADD], **where)
    conversation = take_over(talk, service, made if where else found["id"]).conversation
    told = talk.ask(service, "Next", conversation=conversation, state=state)

    assert (None, []) == (told.error, refusals(service))
    assert ["u: One", "u: Next"] == seen(service)


def test_a_response_of_a_conversation_leads_to_it(talk: Talk, service: FakeService) -> None:
    """That is where it goes on."""
    with connect(service) as client:
        made = client.post("/conversations", json={}).json()["id"]
    last = ask_elsewhere(service, conversation=made)[-1]
    conversation = take_over(talk, service, last["id"]).conversation

    assert conversation.link is not None
    assert (made, ALL) == (conversation.link.conversation_id, kept(conversation))


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (incomplete("Half"), "incomplete"),
        (failed("server_error", "It fell over.", text="Half"), "interrupted"),
        (failed("server_error", "It fell over."), "failed"),
    ],
)
def test_a_response_that_did_not_end_well(
    talk: Talk, service: FakeService, answer: object, status: str
) -> None:
    """It is what it would have been here, and the next question is accepted."""
    service.enqueue(answer)  # type: ignore[arg-type]
    with connect(service) as client:
        found = client.post("/responses", json={"model": "gpt-5.6-terra", "input": "One"}).json()
        stored = found.get("id") or next(iter(service.responses))
    conversation = take_over(talk, service, stored).conversation
    told = talk.ask(service, "Two", conversation=conversation, state="previous_response_id")

    assert [status] == [turn.status for turn in conversation.turns[:1]]
    assert (None, []) == (told.error, refusals(service))


def test_a_response_that_has_not_ended(talk: Talk, service: FakeService) -> None:
    """It cannot be followed yet, and the error says when."""
    service.steps.append("in_progress")
    with connect(service) as client:
        found = ask(client, "One", background=True)

    with pytest.raises(ConfigError, match="still in_progress: resume it when it has ended"):
        take_over(talk, service, found["id"])


@pytest.mark.parametrize("found", ["conv_nowhere", "resp_nowhere"])
def test_an_id_that_is_not_there(talk: Talk, service: FakeService, found: str) -> None:
    """The error says what to check."""
    with pytest.raises(NotFoundError, match="Check the id"):
        take_over(talk, service, found)


def test_an_id_that_is_none(talk: Talk, service: FakeService) -> None:
    """Nothing is asked for what cannot be an id, or of a service that keeps nothing."""
    with pytest.raises(ConfigError, match="begins with conv_ or resp_"):
        take_over(talk, service, "main")
    with pytest.raises(ConfigError, match="keeps no conversations"):
        take_over(talk, service, "conv_1", "ollama")

    assert [] == service.requests


def test_an_empty_conversation_is_taken_over(talk: Talk, service: FakeService) -> None:
    """It goes on from nothing."""
    with connect(service) as client:
        found = client.post("/conversations", json={}).json()["id"]
    conversation = take_over(talk, service, found).conversation
    talk.ask(service, "One", conversation=conversation, state="conversation")

    assert [found] == list(service.conversations)
    assert "One" in json.dumps(service.conversations[found]["items"])
