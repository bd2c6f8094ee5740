"""One question after another keeps the thread, in every mode, at every service."""

from __future__ import annotations

import time

import pytest

from codex_magic.conversation.session import Ended, Notice, Signal
from codex_magic.conversation.turns import Conversation, State
from codex_magic.engine import Job
from tests.fake_service import FakeService, calls, failed, function_call, incomplete, text

from .talking import (
    MODEL,
    PATIENCE,
    STATES,
    Talk,
    asked,
    at,
    body,
    kinds,
    refusals,
    seen,
    take_events,
    told,
)

TOOLS = [
    {
        "type": "function",
        "name": "add",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
        "strict": False,
    }
]
THREE = ["u: One", "a: First.", "u: Two", "a: Second.", "u: Three"]


def three_turns(talk: Talk, service: FakeService, state: State) -> None:
    """Ask three questions."""
    service.enqueue(*(text(said, reasoning="**Hm**") for said in ("First.", "Second.", "Third.")))
    for prompt in ("One", "Two", "Three"):
        assert "completed" == talk.ask(service, prompt, state=state).turn.status


@pytest.mark.parametrize("state", STATES)
def test_three_turns_keep_the_thread(talk: Talk, service: FakeService, state: State) -> None:
    """At the third question the model sees both turns before it, each once and in order."""
    three_turns(talk, service, state)

    assert THREE == seen(service)
    assert [] == refusals(service)
    assert ["First.", "Second.", "Third."] == [turn.text for turn in talk.conversation.turns]


@pytest.mark.parametrize("backend", [None, "azure", "unknown"])
@pytest.mark.parametrize("state", STATES)
def test_a_service_that_may_not_know_a_mode_and_does(
    talk: Talk, service: FakeService, state: State, backend: str | None
) -> None:
    """Where a service's kind leaves a mode open and the service has it, the mode is used."""
    key = None if backend == "azure" else service.api_key
    service.api_key = key
    for prompt in ("One", "Two"):
        told = talk.ask(at(service, backend), prompt, state=state)
        assert ([], None) == (told.notices, told.error)

    assert ["u: One", "u: Two"] == [said for said in seen(service) if said[0] == "u"]
    assert (1 if state != "stateless" else 3) == len(body(service)["input"]) - _reasoning(service)


def _reasoning(service: FakeService) -> int:
    return kinds(body(service)["input"]).count("reasoning")


@pytest.mark.parametrize("state", STATES[1:])
def test_a_chain_carries_only_what_is_new(talk: Talk, service: FakeService, state: State) -> None:
    """What the service keeps is not sent again."""
    three_turns(talk, service, state)

    assert [1, 1, 1] == [len(request.body["input"]) for request in asked(service) if request.body]
    named = [state in request.body for request in asked(service) if request.body]
    assert [state == "conversation", True, True] == named
    assert 1 == len(service.conversations) if state == "conversation" else not service.conversations


def test_each_question_follows_the_last_response(talk: Talk, service: FakeService) -> None:
    """The id that is sent is that of the response before, in the order of the questions."""
    three_turns(talk, service, "previous_response_id")

    ids = [turn.response_id for turn in talk.conversation.turns]
    assert ids[:2] == [body(service, n)["previous_response_id"] for n in (1, 2)]
    assert list(service.responses) == ids


@pytest.mark.parametrize(
    ("state", "store", "expected"),
    [
        ("stateless", None, False),
        ("stateless", True, True),
        ("stateless", False, False),
        ("previous_response_id", None, True),
        ("previous_response_id", True, True),
        ("conversation", None, True),
    ],
)
def test_store_is_always_said(
    talk: Talk, service: FakeService, state: State, store: bool | None, expected: bool
) -> None:
    """The service, which keeps what it is not told to forget, is told what the mode needs."""
    for prompt in ("One", "Two"):
        talk.ask(service, prompt, state=state, store=store)

    assert [expected] * 2 == [request.body["store"] for request in asked(service) if request.body]
    assert (2 if expected else 0) == len(service.responses)


def test_a_question_apart_is_never_stored_for_a_chain(talk: Talk, service: FakeService) -> None:
    """With nothing before it and nothing after it, there is nothing to keep."""
    talk.ask(service, "One", state="previous_response_id")
    told = talk.ask(service, "Apart", state="previous_response_id", once=True)

    assert ["u: Apart"] == seen(service)
    assert (False, None) == (body(service)["store"], body(service).get("previous_response_id"))
    assert ["One"] == [turn.prompt for turn in talk.conversation.turns]
    assert "completed" == told.turn.status


def test_sealed_reasoning_is_replayed(talk: Talk, service: FakeService) -> None:
    """In stateless mode the model gets back its reasoning, sealed, before what followed it."""
    service.enqueue(function_call("add", a=1, reasoning="**Adding**"), text("Fine."))
    talk.ask(service, "One", params={"tools": TOOLS, "reasoning": {"summary": "auto"}})
    talk.ask(service, "Two")

    items = body(service)["input"]
    expected = ["message", "reasoning", "function_call", "function_call_output", "message"]
    assert expected == kinds(items)
    sealed = items[1]
    assert sealed["encrypted_content"] == talk.conversation.turns[0].output[0]["encrypted_content"]
    assert {"type", "id", "summary", "encrypted_content"} == set(sealed)
    assert [] == refusals(service)


def test_phases_are_kept(talk: Talk, service: FakeService) -> None:
    """A message that was commentary goes back as commentary."""
    service.enqueue(text("Looking…", phase="commentary"), text("Done.", phase="final_answer"))
    for prompt in ("One", "Two", "Three"):
        talk.ask(service, prompt)

    answers = [item for item in body(service)["input"] if item["role"] == "assistant"]
    assert ["commentary", "final_answer"] == [item["phase"] for item in answers]


@pytest.mark.parametrize("answer", ["one call", "two calls", "call and words after it"])
@pytest.mark.parametrize("state", STATES)
def test_a_call_without_an_output_blocks_nothing(
    talk: Talk, service: FakeService, state: State, answer: str
) -> None:
    """A call that nobody ran is answered when it is replayed; no mode goes on from it."""
    add = function_call("add", a=1)
    service.enqueue(text("First."), add if answer == "one call" else calls([add, add]))
    params = {"tools": TOOLS}
    talk.ask(service, "One", state=state, params=params)
    talk.ask(service, "Two", state=state, params=params)
    third = talk.ask(service, "Three", state=state, params=params)
    fourth = talk.ask(service, "Four", state=state, params=params)

    assert [None, None] == [third.error, fourth.error]
    assert [] == refusals(service)
    context = asked(service)[-1].context
    calls_seen = [item["call_id"] for item in context if item["type"] == "function_call"]
    outputs = [item for item in context if item["type"] == "function_call_output"]
    assert calls_seen == [item["call_id"] for item in outputs]
    assert {"No output: the call was not run."} == {item["output"] for item in outputs}
    said = [line for line in seen(service) if line[0] == "u"]
    assert ["u: One", "u: Two", "u: Three", "u: Four"] == said
    # The chain is taken up again where it can be: only the new question goes.
    assert state == "stateless" or 1 == len(body(service)["input"])


@pytest.mark.parametrize("state", STATES)
def test_a_call_that_was_cut_off_is_not_replayed(
    talk: Talk, service: FakeService, state: State
) -> None:
    """Half of a call's arguments is of use to nobody: its words stay, the call goes."""
    cut = function_call("add", a=1).output[0] | {"arguments": '{"a":'}
    words = incomplete("Let me")
    service.enqueue(type(words)((*words.output, cut), status="incomplete"))
    first = talk.ask(service, "One", state=state, params={"tools": TOOLS})
    talk.ask(service, "Two", state=state, params={"tools": TOOLS})

    assert "incomplete" == first.turn.status
    assert ["u: One", "a: Let me", "u: Two"] == seen(service)
    assert "function_call" not in kinds(asked(service)[-1].context)
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_an_incomplete_answer_is_part_of_the_history(
    talk: Talk, service: FakeService, state: State
) -> None:
    """An answer that ran into its limit counts, with or without words."""
    service.enqueue(incomplete("Half of", reasoning="**Hm**"), incomplete("", reasoning="**Hm**"))
    statuses = [talk.ask(service, prompt, state=state).turn.status for prompt in ("One", "Two")]
    talk.ask(service, "Three", state=state)

    assert ["incomplete"] * 2 == statuses
    assert ["u: One", "a: Half of", "u: Two", "u: Three"] == seen(service)
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_a_failed_answer_is_kept_and_not_replayed(
    talk: Talk, service: FakeService, state: State
) -> None:
    """A question without an answer stays in the transcript; the next one does not carry it."""
    service.enqueue(text("First."), failed("invalid_prompt", "No."))
    talk.ask(service, "One", state=state)
    told = talk.ask(service, "Two", state=state)
    talk.ask(service, "Three", state=state)

    assert ("failed", "No.") == (told.turn.status, told.turn.error)
    assert ["One", "Two", "Three"] == [turn.prompt for turn in talk.conversation.turns]
    assert ["u: One", "a: First.", "u: Three"] == seen(service)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("asked_before", "taken"), [(3, 1), (3, 2), (2, 2)])
def test_what_is_taken_back_is_not_known(
    talk: Talk, service: FakeService, state: State, asked_before: int, taken: int
) -> None:
    """After undo the service accepts the next question and does not know what was taken back."""
    for number in range(asked_before):
        talk.ask(service, f"Question {number}", state=state)
    talk.conversation.undo(taken)
    talk.ask(service, "Next", state=state)
    talk.ask(service, "Last", state=state)

    kept = [f"u: Question {number}" for number in range(asked_before - taken)]
    assert [*kept, "u: Next", "u: Last"] == [said for said in seen(service) if said[0] == "u"]
    assert [] == refusals(service)
    assert state == "stateless" or 1 == len(body(service)["input"])


@pytest.mark.parametrize("state", STATES[1:])
def test_taking_back_a_failed_turn_keeps_the_chain(
    talk: Talk, service: FakeService, state: State
) -> None:
    """The service never took it, so it need not hear of it."""
    talk.ask(service, "One", state=state)
    refused = talk.ask(service, "Two", state=state, params={"max_output_tokens": 1})
    talk.conversation.undo()
    talk.ask(service, "Three", state=state)

    assert "failed" == refused.turn.status
    assert ["Three"] == [item["content"] for item in body(service)["input"]]
    assert ["u: One", "u: Three"] == [said for said in seen(service) if said[0] == "u"]


@pytest.mark.parametrize("state", STATES)
def test_conversations_do_not_mix(talk: Talk, service: FakeService, state: State) -> None:
    """Two conversations at one service know nothing of each other."""
    other = Conversation("other")
    for number in range(2):
        talk.ask(service, f"Here {number}", state=state)
        talk.ask(service, f"There {number}", state=state, conversation=other)

    assert ["u: There 0", "u: There 1"] == [said for said in seen(service) if said[0] == "u"]
    talk.ask(service, "Here 2", state=state)
    assert 3 == len([said for said in seen(service) if said.startswith("u: Here")])
    assert 3 == len([said for said in seen(service) if said[0] == "u"])


@pytest.mark.parametrize("state", STATES)
def test_two_askers_take_turns(talk: Talk, service: FakeService, state: State) -> None:
    """A question waits for the one before it in its conversation, and says so."""
    service.enqueue(text("First.").hold(after=3), text("Second."))
    one = talk.start(service, "One", state=state)
    taken = take_events(one, 3)
    two = talk.start(service, "Two", state=state)
    waiting = _wait_for_notice(two)
    sent_meanwhile = len(asked(service))
    service.release()
    first, second = told(one, taken), told(two)

    assert "The question before it in this conversation goes first." == waiting
    assert 1 == sent_meanwhile
    assert ["First.", "Second."] == [first.turn.text, second.turn.text]
    assert ["u: One", "a: First.", "u: Two"] == seen(service)
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_a_waiting_question_can_be_cancelled(
    talk: Talk, service: FakeService, state: State
) -> None:
    """It ends at once, nothing of it was sent, and the one before it goes on."""
    service.enqueue(text("First.").hold(after=3))
    one = talk.start(service, "One", state=state)
    taken = take_events(one, 3)
    two = talk.start(service, "Two", state=state)
    _wait_for_notice(two)
    two.cancel()
    second = told(two)
    sent_meanwhile, running = len(asked(service)), not one.done
    service.release()
    first = told(one, taken)
    third = talk.ask(service, "Three", state=state)

    assert (1, True) == (sent_meanwhile, running)
    assert ["interrupted", "completed", "completed"] == [
        found.turn.status for found in (second, first, third)
    ]
    assert {"u: One", "u: Two", "u: Three"} == {said for said in seen(service) if said[0] == "u"}
    assert [] == refusals(service)


def test_two_conversations_are_asked_at_once(talk: Talk, service: FakeService) -> None:
    """A long answer in one conversation holds up no other."""
    service.enqueue(text("First.").hold(after=3), text("Second."))
    one = talk.start(service, "One")
    taken = take_events(one, 3)
    two = talk.ask(service, "Two", conversation=Conversation("other"))
    service.release()

    assert ("Second.", "First.") == (two.turn.text, told(one, taken).turn.text)


def test_a_turn_keeps_what_it_took(talk: Talk, service: FakeService) -> None:
    """Model, service, tokens and time are on record with each turn."""
    turn = talk.ask(service, "One", state="previous_response_id").turn

    assert (MODEL, at(service).identity, True) == (turn.model, turn.service, turn.stored)
    assert turn.usage is not None
    assert turn.usage.input_tokens > 0
    assert 0 < turn.seconds < 10
    assert turn is talk.conversation.turns[0]


def _wait_for_notice(job: Job[Signal, Ended]) -> str:
    """The first notice of a job that is under way."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for signal in job.take(0.1):
            if isinstance(signal, Notice):
                return signal.text
    raise AssertionError("no notice came")
