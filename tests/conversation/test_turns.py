"""Turns and conversations by themselves: what a request carries, without a service."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from codex_magic.api.backends import LLAMA_CPP, OPENAI, UNKNOWN, Backend
from codex_magic.api.items import Json
from codex_magic.conversation.turns import (
    INTERRUPTED_MARK,
    Conversation,
    Plan,
    State,
    Status,
    Turn,
    lineage,
)

HERE, THERE = "openai https://one", "openai https://two"
MODEL = "gpt-5.6-terra"
STATES: tuple[State, ...] = ("stateless", "previous_response_id", "conversation")


def user(text: str) -> Json:
    return {"type": "message", "role": "user", "content": text}


def said(text: str, **fields: Any) -> Json:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    message = {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed"}
    return {**message, "content": [part], **fields}


def thought(seal: str | None = "sealed", **fields: Any) -> Json:
    item: Json = {"type": "reasoning", "id": "rs_1", "summary": [], **fields}
    return item if seal is None else {**item, "encrypted_content": seal}


def call(arguments: str = "{}", **fields: Any) -> Json:
    names = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "add"}
    return {**names, "arguments": arguments, "status": "completed", **fields}


def turn(*output: Json, status: Status = "completed", **fields: Any) -> Turn:
    known = {"model": MODEL, "service": HERE, "response_id": "resp_1", "stored": True, **fields}
    return Turn("Hello", (user("Hello"),), output, status, **known)


def items(found: Turn, backend: Backend = OPENAI, model: str = MODEL, service: str = HERE) -> Any:
    """The items that a request carries of a turn, after its question."""
    return json.loads(b"[" + found.encoded(backend, model, service) + b"]")[1:]


def types(found: Turn, *where: Any) -> list[str]:
    return [item["type"] for item in items(found, *where)]


def plan(conversation: Conversation, state: State, service: str = HERE, **options: Any) -> Plan:
    return conversation.plan(state, OPENAI, MODEL, service, **options)


def recorded(conversation: Conversation, state: State, *turns: Turn) -> None:
    """Add turns as a session does, each after the plan of its request."""
    for number, found in enumerate(turns):
        way = plan(conversation, state, found.service)
        way = replace(way, conversation_id="conv_1" if state == "conversation" else None)
        conversation.record(replace(found, response_id=f"resp_{number}"), way)


def test_reasoning_goes_back_to_who_made_it() -> None:
    """Another model, another service, and one that cannot read it, get none."""
    found = turn(thought(), said("Hi"))

    assert ["reasoning", "message"] == types(found)
    assert ["message"] == types(found, OPENAI, "gpt-5.4")
    assert ["message"] == types(found, OPENAI, MODEL, THERE)
    assert ["message"] == types(found, LLAMA_CPP)
    unread = found.encoded(OPENAI, MODEL, HERE, sealed=False)
    assert b"reasoning" not in unread


@pytest.mark.parametrize("reasoning", [thought(None), thought(""), thought(id=None)])
def test_reasoning_that_would_be_refused_is_left_out(reasoning: Json) -> None:
    """Without a seal, with an empty one, or without an id, it is refused; so it does not go."""
    assert ["message"] == types(turn(reasoning, said("Hi")))


def test_only_what_is_input_goes_back() -> None:
    """Ids, statuses and log probabilities are for answers."""
    message, function_call = items(turn(said("Hi", phase="commentary"), call()))[:2]

    part = {"type": "output_text", "text": "Hi", "annotations": []}
    expected = {"type": "message", "role": "assistant", "content": [part], "phase": "commentary"}
    assert expected == message
    assert {"type", "call_id", "name", "arguments"} == set(function_call)


def test_a_service_may_want_plain_text() -> None:
    """Where parts are not understood, an earlier answer is a string."""
    assert "Hi" == items(turn(said("Hi")), UNKNOWN)[0]["content"]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ((), [INTERRUPTED_MARK]),
        ((said("One"),), [f"One\n\n{INTERRUPTED_MARK}"]),
        ((said("One"), said("Two")), ["One", f"Two\n\n{INTERRUPTED_MARK}"]),
        ((said("One"), said("", content=[])), [f"One\n\n{INTERRUPTED_MARK}"]),
        ((said("", content=[]),), [INTERRUPTED_MARK]),
        ((thought(), said("One")), [f"One\n\n{INTERRUPTED_MARK}"]),
        ((thought(),), [INTERRUPTED_MARK]),
        (
            (said("", content=[{"type": "refusal", "refusal": "No"}]),),
            [f"No\n\n{INTERRUPTED_MARK}"],
        ),
    ],
)
def test_an_interrupted_answer_says_so(output: tuple[Json, ...], expected: list[str]) -> None:
    """Its words are kept, its reasoning is not, and the model reads that it did not end."""
    kept = items(turn(*output, status="interrupted"))

    assert expected == [item["content"][0]["text"] for item in kept]


@pytest.mark.parametrize(
    "half",
    [
        call('{"a": 1', status="in_progress"),
        call('{"a": 1', status=None),
        call("", status=None),
        call("{}", call_id="", status=None),
        call("{}", status="in_progress"),
        call("{}", status="incomplete"),
        {"type": "web_search_call", "id": "ws_1", "status": "in_progress"},
        {
            "type": "custom_tool_call",
            "call_id": "c",
            "name": "n",
            "input": "x",
            "status": "in_progress",
        },
    ],
)
@pytest.mark.parametrize("status", ["interrupted", "incomplete"])
def test_half_a_call_does_not_go_back(half: Json, status: Status) -> None:
    """What was cut off in the middle is no call that anyone could have answered."""
    assert ["message"] == types(turn(said("One"), half, status=status))


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        (said("One", role=None), ["message"]),
        ({"type": "message", "content": [{"type": "output_text", "text": "One"}]}, ["message"]),
        ({"type": "message", "role": "assistant"}, []),
        ({"type": "message", "role": "assistant", "content": None}, []),
        ({"type": "function_call", "name": "add", "arguments": "{}"}, []),
        ({"type": "function_call", "call_id": "c", "name": "add"}, []),
        ({"type": "function_call", "call_id": "c", "name": "add", "arguments": {}}, []),
        ({"type": "function_call", "call_id": "c", "arguments": "{}"}, []),
        ({"type": "custom_tool_call", "call_id": "c", "name": "n"}, []),
        ({"type": "reasoning", "id": "rs_1", "summary": None, "encrypted_content": "x"}, []),
        ({"type": "of_the_future", "id": "x_1"}, ["of_the_future"]),
        ({}, []),
    ],
)
@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_what_a_service_leaves_out_breaks_nothing(
    odd: Json, expected: list[str], status: Status
) -> None:
    """One item that is not as the API has it costs that item, and not the conversation."""
    assert expected == types(turn(odd, status=status))


@pytest.mark.parametrize("status", ["interrupted", "incomplete"])
def test_a_whole_call_goes_back_with_an_output(status: Status) -> None:
    """A call that was complete when the answer was cut is kept, and answered."""
    expected = ["function_call", "function_call_output"]

    assert expected == types(turn(call('{"a": 1}'), status=status))[:2]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ((said("Hi"),), False),
        ((call(),), True),
        ((call(), {"type": "function_call_output", "call_id": "call_1", "output": "3"}), False),
        ((call(), {"type": "function_call_output", "call_id": "call_2", "output": "3"}), True),
        (({"type": "custom_tool_call", "call_id": "c", "name": "n", "input": ""},), True),
    ],
)
def test_a_call_without_an_output_is_pending(output: tuple[Json, ...], expected: bool) -> None:
    """Nothing can follow a response whose calls wait for their outputs."""
    assert expected is turn(*output).pending


def test_a_turn_is_encoded_once() -> None:
    """However long the conversation, a request encodes only what is new in it."""
    conversation = Conversation("main")
    recorded(conversation, "stateless", *[turn(thought(), said(f"Answer {n}")) for n in range(50)])
    before = plan(conversation, "stateless").history
    recorded(conversation, "stateless", turn(said("New")))
    after = plan(conversation, "stateless").history

    assert (50, 51) == (len(before), len(after))
    assert all(one is other for one, other in zip(before, after, strict=False))
    chained = plan(conversation, "conversation").history
    assert all(one is other for one, other in zip(after, chained, strict=True))


def test_a_turn_is_encoded_once_for_each_kind_of_service() -> None:
    """Going to and fro between services and models encodes nothing again."""
    found = turn(thought(), said("Hi"))
    ways = [(OPENAI, MODEL, HERE), (OPENAI, "gpt-5.4", HERE), (LLAMA_CPP, MODEL, HERE)]
    first = [found.encoded(*way) for way in ways]

    assert all(one is found.encoded(*way) for one, way in zip(first, ways, strict=True))
    assert first[1] is found.encoded(OPENAI, "another", THERE)


def test_a_failed_turn_is_recorded_and_not_sent() -> None:
    """It is in the transcript; requests do not carry it, and the chain does not break at it."""
    conversation = Conversation("main")
    recorded(conversation, "stateless", turn(said("One")), turn(status="failed"))

    assert 2 == len(conversation.turns)
    assert (1, 1) == (
        plan(conversation, "stateless").turns,
        len(plan(conversation, "stateless").history),
    )
    assert "resp_0" == plan(conversation, "previous_response_id").previous_response_id


@pytest.mark.parametrize(
    "last",
    [
        turn(said("Two"), status="incomplete"),
        turn(said("Two"), status="interrupted"),
        turn(said("Two"), stored=False),
        turn(said("Two"), service=THERE),
        turn(call()),
    ],
)
def test_a_chain_follows_only_what_it_can(last: Turn) -> None:
    """A response that is cut, not kept, elsewhere or waiting is replayed; the one before is followed."""
    conversation = Conversation("main")
    recorded(conversation, "previous_response_id", turn(said("One")), last)
    found = plan(conversation, "previous_response_id")

    assert ("resp_0", 1, 1) == (found.previous_response_id, found.turns, len(found.history))


@pytest.mark.parametrize(
    "last",
    [
        turn(said("Two"), status="incomplete"),
        turn(said("Two"), status="interrupted"),
        turn(said("Two"), status="failed"),
        turn(call()),
    ],
)
def test_a_conversation_at_the_service_ends_with_doubt(last: Turn) -> None:
    """After a turn of which the service may hold anything, a conversation is begun anew."""
    conversation = Conversation("main")
    recorded(conversation, "conversation", turn(said("One")))
    before = plan(conversation, "conversation").conversation_id
    recorded(conversation, "conversation", last)

    assert ("conv_1", "") == (before, plan(conversation, "conversation").conversation_id)


def test_a_refused_question_leaves_the_conversation_at_the_service() -> None:
    """The service took nothing of it, so what it holds still stands."""
    conversation = Conversation("main")
    recorded(conversation, "conversation", turn(said("One")))
    conversation.record(turn(status="failed"), plan(conversation, "conversation"), refused=True)

    assert "conv_1" == plan(conversation, "conversation").conversation_id


def test_a_conversation_at_one_service_means_nothing_to_another() -> None:
    """Its id goes to the service that gave it."""
    conversation = Conversation("main")
    recorded(conversation, "conversation", turn(said("One")))
    found = plan(conversation, "conversation", THERE)

    assert ("", 1) == (found.conversation_id, len(found.history))


@pytest.mark.parametrize("state", STATES)
def test_undo_takes_the_last_turns(state: State) -> None:
    """They are returned, the next request does not carry them, and more than all is all."""
    conversation = Conversation("main")
    recorded(conversation, state, *[turn(said(f"Answer {n}")) for n in range(3)])
    last = conversation.turns[-1:]
    taken = conversation.undo()
    found = plan(conversation, state)

    assert (last, 2) == (taken, len(conversation.turns))
    assert "resp_1" == (found.previous_response_id or "resp_1")
    held = [found.conversation_id, len(found.held), found.outdated]
    assert held == (["conv_1", 2, True] if state == "conversation" else [None, 0, False])
    assert 2 == len(conversation.undo(5))
    assert ((), ()) == (conversation.undo(), conversation.turns)


def test_what_is_asked_after_an_undo_is_another_history() -> None:
    """A response stands for the very turns before it: others in their place break the chain."""
    conversation = Conversation("main")
    recorded(conversation, "previous_response_id", turn(said("One")), turn(said("Two")))
    two = conversation.turns[1]
    conversation.undo(2)
    conversation.record(turn(said("Other")), plan(conversation, "stateless"))
    conversation.record(two, Plan("stateless"))

    assert "resp_1" == plan(conversation, "previous_response_id").previous_response_id
    assert 1 == plan(conversation, "previous_response_id").turns


def test_a_mode_that_the_service_lacks_is_emulated() -> None:
    """It gets the history, and the plan says so."""
    conversation = Conversation("main")
    recorded(conversation, "stateless", turn(said("One")))
    for state in STATES:
        found = conversation.plan(state, LLAMA_CPP, MODEL, "llama.cpp here")
        assert ("stateless", 1) == (found.state, len(found.history))


def test_lineage_stands_for_turns_in_their_order() -> None:
    """The same turns in another order are another history; the number outlives the process."""
    one, two = replace(turn(), id="one"), replace(turn(), id="two")

    assert 0 == lineage([])
    assert lineage([one, two]) != lineage([two, one])
    assert 14087329658782930424 == lineage([one])


def test_a_repr_is_short() -> None:
    """It says the name and the count, not what was said."""
    conversation = Conversation("main")
    recorded(conversation, "stateless", turn(said("Secret")))

    assert "Conversation('main', 1 turns)" == repr(conversation)
    assert "_encoded" not in repr(conversation.turns[0])
