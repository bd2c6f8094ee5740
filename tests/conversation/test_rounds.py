"""Rounds of calls in one turn, in all state modes: answered, repaired, interrupted and limited."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from codex_magic.api.backends import OPENAI
from codex_magic.api.items import Json
from codex_magic.conversation.approvals import CallLimits, CallRecord
from codex_magic.conversation.session import Emit, Ended, Session, Signal
from codex_magic.conversation.tool_calls import Answering
from codex_magic.conversation.tool_finding import tools_for
from codex_magic.conversation.turns import State, Turn
from codex_magic.engine import Job
from tests.fake_service import (
    Answer,
    FakeService,
    calls,
    error,
    function_call,
    in_stream_error,
    text,
)

from .calling import Person, a_request, add, fail
from .talking import MODEL, PARAMS, STATES, Talk, Told, body, kinds, question, refusals, seen, told

CALL = function_call("add", a=1, b=2, reasoning="**Adding**")


def start(
    talk: Talk,
    service: FakeService,
    *functions: Callable[..., Any],
    rounds: int = 5,
    prompt: str = "How much?",
    params: Json | None = None,
    **fields: Any,
) -> Job[Signal, Ended]:
    """Send a question with tools."""
    box = tools_for(functions, {})
    given = {**PARAMS, "tools": list(box.forms), **(params or {})}
    asked = question(prompt, **{**fields, "params": given})

    async def work(session: Session, emit: Emit) -> Ended:
        limits = CallLimits(rounds=rounds)
        by = Answering(box.functions, Person(), limits=limits, tell=emit)
        return await session.run(talk.conversation, asked, emit, by)

    return talk.submit(service, work)


def ask(talk: Talk, service: FakeService, *functions: Callable[..., Any], **fields: Any) -> Told:
    """Send a question with tools, and wait for how it ends."""
    return told(start(talk, service, *functions, **fields))


def records(told: Told) -> list[CallRecord]:
    """The calls that were told of."""
    return [signal for signal in told.signals if isinstance(signal, CallRecord)]


@pytest.mark.parametrize("state", STATES)
def test_two_rounds_are_one_turn(talk: Talk, service: FakeService, state: State) -> None:
    """The turn holds all of it, in order, and the next question goes on from it."""
    service.enqueue(CALL, calls([("add", {"a": 3}), ("add", {"a": 4})]), text("Ten."), text("Yes."))

    answer = ask(talk, service, add, state=state)
    after = ask(talk, service, add, prompt="Sure?", state=state)

    called, output = "function_call", "function_call_output"
    expected = ["reasoning", called, output, called, called, output, output, "message"]
    assert expected == kinds(answer.turn.output)
    assert "Ten." == answer.turn.text
    assert [("add", "3"), ("add", "4"), ("add", "5")] == [
        (record.name, record.result) for record in records(answer)
    ]
    assert None is after.error
    assert ["u: How much?", "a: Ten.", "u: Sure?"] == seen(service)
    assert [] == refusals(service)


def test_each_mode_sends_what_the_service_lacks(talk: Talk, service: FakeService) -> None:
    """Without state everything again; else the outputs alone, with the id of what has the calls."""
    sent = {}
    for state in STATES:
        service.enqueue(CALL, text("Three."))
        ask(talk, service, add, state=state)
        sent[state] = body(service)
        talk.conversation.undo(9)

    whole = ["message", "reasoning", "function_call", "function_call_output"]
    assert whole == kinds(sent["stateless"]["input"])
    assert ["function_call_output"] == kinds(sent["previous_response_id"]["input"])
    assert sent["previous_response_id"]["previous_response_id"].startswith("resp_")
    assert ["function_call_output"] == kinds(sent["conversation"]["input"])
    assert sent["conversation"]["conversation"].startswith("conv_")
    assert all(body["tools"] for body in sent.values())


@pytest.mark.parametrize("state", STATES)
def test_tokens_are_those_of_all_rounds(talk: Talk, service: FakeService, state: State) -> None:
    """The user pays for each request."""
    service.enqueue(CALL, text("Three."))

    answer = ask(talk, service, add, state=state)

    done = [r for r in service.requests if r.path == "/v1/responses"]
    assert 2 == len(done)
    assert answer.turn.usage is not None
    assert answer.ended.response is not None
    last = answer.ended.response.usage
    assert last is not None
    assert answer.turn.usage.input_tokens > last.input_tokens


@pytest.mark.parametrize("state", STATES)
def test_words_before_a_call_are_kept(talk: Talk, service: FakeService, state: State) -> None:
    """What the model says between its calls belongs to the answer."""
    both = Answer((*text("Let me see.").output, *function_call("add", a=1).output))
    service.enqueue(both, text("Two."))

    answer = ask(talk, service, add, state=state)

    assert "Let me see.\n\nTwo." == answer.turn.text


@pytest.mark.parametrize("state", STATES)
def test_errors_are_told_to_the_model(talk: Talk, service: FakeService, state: State) -> None:
    """Malformed, unknown and failing calls go back to it, so that it can correct itself."""
    malformed = Answer(({"type": "function_call", "name": "add", "arguments": '{"a": '},))
    wrong = calls([("subtract", {"a": 1}), ("fail", {"word": "x"})])
    service.enqueue(malformed, wrong, function_call("add", a=1, b=2), text("Three."))

    answer = ask(talk, service, add, fail, state=state)

    statuses = [record.status for record in records(answer)]
    assert ["invalid", "unknown", "failed", "done"] == statuses
    assert "Three." == answer.turn.text
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_a_model_that_never_ends_is_asked_for_words(
    talk: Talk, service: FakeService, state: State
) -> None:
    """Past the last round its calls are refused, and it may call nothing more."""
    service.enqueue(*[function_call("add", a=n) for n in range(3)], text("Enough."))

    answer = ask(talk, service, add, rounds=2, state=state)
    service.enqueue(text("Fine."))
    ask(talk, service, add, prompt="And?", state=state)

    assert ["done", "done", "limit"] == [record.status for record in records(answer)]
    assert "Enough." == answer.turn.text
    assert ["No more calls: --max-rounds 2 is reached."] == answer.notices
    asked = [r.body or {} for r in service.requests if r.path == "/v1/responses"]
    assert [None, None, None, "none", None] == [body.get("tool_choice") for body in asked]
    assert [] == refusals(service)


def test_a_model_that_calls_on_leaves_a_valid_history(talk: Talk, service: FakeService) -> None:
    """A service that does not read ``tool_choice`` gets no further round."""
    service.enqueue(*[function_call("add", a=n) for n in range(3)], text("Fine."))

    answer = ask(talk, service, add, rounds=1)
    after = ask(talk, service, add, prompt="And?")

    assert "completed" == answer.turn.status
    assert answer.turn.pending
    assert None is after.error


def test_a_demanded_call_is_demanded_once(talk: Talk, service: FakeService) -> None:
    """After it the model may answer in words."""
    service.enqueue(CALL, text("Three."))

    ask(talk, service, add, params={"tool_choice": "required"})

    asked = [r.body or {} for r in service.requests]
    assert ["required", "auto"] == [body.get("tool_choice") for body in asked]


@pytest.mark.parametrize("state", STATES)
def test_a_call_that_runs_is_interrupted(talk: Talk, service: FakeService, state: State) -> None:
    """It is told as interrupted, and the next question goes on from there."""
    begun, called = threading.Event(), []

    async def wait(a: int) -> None:
        """Wait."""
        called.append(a)
        begun.set()
        await asyncio.Event().wait()

    service.enqueue(CALL, calls([("add", {"a": 1}), ("wait", {"a": 2}), ("add", {"a": 3})]))
    job = start(talk, service, add, wait, state=state)
    assert begun.wait(20)
    job.cancel()
    stopped = told(job)
    service.enqueue(text("Fine."))
    after = ask(talk, service, add, prompt="And?", state=state)

    assert "interrupted" == stopped.turn.status
    statuses = [record.status for record in records(stopped)]
    assert ["done", "done", "interrupted", "interrupted"] == statuses
    assert 4 == kinds(stopped.turn.output).count("function_call_output")
    assert None is after.error
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("after", [-1, 2, 5])
def test_a_later_round_is_interrupted(
    talk: Talk, service: FakeService, state: State, after: int
) -> None:
    """The calls that were answered stay in the history."""
    service.enqueue(CALL, text("It is three.").hold(after=after))
    job = start(talk, service, add, state=state)
    service.wait_until(lambda: _asked(service) == 2)
    job.cancel()
    stopped = told(job)
    service.enqueue(text("Fine."))
    next_one = ask(talk, service, add, prompt="And?", state=state)

    assert "interrupted" == stopped.turn.status
    assert 1 == kinds(stopped.turn.output).count("function_call_output")
    assert None is next_one.error
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_a_later_round_that_fails_keeps_the_calls(
    talk: Talk, service: FakeService, state: State
) -> None:
    """What a tool did has happened: the model will know."""
    service.enqueue(CALL, error(400, "invalid_prompt", "No."), text("Fine."))

    stopped = ask(talk, service, add, state=state)
    after = ask(talk, service, add, prompt="And?", state=state)

    assert "interrupted" == stopped.turn.status
    assert "No." in str(stopped.error)
    assert None is after.error
    context = kinds([r for r in service.requests if r.path == "/v1/responses"][-1].context)
    assert 1 == context.count("function_call_output")


@pytest.mark.parametrize("state", ["previous_response_id", "conversation"])
def test_a_repair_between_rounds_sends_all_of_the_turn(
    talk: Talk, service: FakeService, state: State
) -> None:
    """A service that lost what it was to keep reads the question and the calls again."""
    service.enqueue(text("Hi."), function_call("forget", a=1))
    ask(talk, service, add, prompt="Hello", state=state)

    def forget(a: int) -> int:
        """Forget."""
        service.conversations.clear()
        if state == "previous_response_id":
            service.enqueue(error(400, "previous_response_not_found", "Not found."))
        service.enqueue(text("Three."))
        return a

    answer = ask(talk, service, forget, state=state)

    assert "Three." == answer.turn.text
    whole = ["u: Hello", "a: Hi.", "u: How much?"]
    assert whole == seen(service)
    assert ["The service no longer has the conversation: the history was sent instead."] == (
        answer.notices
    )


def test_a_break_between_rounds_is_mended(talk: Talk, service: FakeService) -> None:
    """Nothing was shown of the second round: it is asked again."""
    service.enqueue(CALL, in_stream_error(after=1), text("Three."))

    answer = ask(talk, service, add)

    assert "Three." == answer.turn.text
    assert 1 == len(records(answer))


def test_without_answers_nothing_runs(talk: Talk, service: FakeService) -> None:
    """A question without tools of ours ends with the calls."""
    service.enqueue(CALL)

    answer = talk.ask(service)

    assert ["reasoning", "function_call"] == kinds(answer.turn.output)
    assert "completed" == answer.turn.status


@pytest.mark.parametrize("answered", [True, False])
def test_a_servers_request_goes_with_its_answer(answered: bool) -> None:
    """A request for approval is sent again with what was said to it, or not at all."""
    asked = question("How much?").input
    answer: Json = {
        "type": "mcp_approval_response",
        "approval_request_id": "mcpr_1",
        "approve": True,
    }
    output = (a_request(), answer) if answered else (a_request(),)
    turn = Turn("How much?", asked, output, model=MODEL, service="s")

    sent = json.loads(b"[" + turn.encoded(OPENAI, MODEL, "s") + b"]")

    both = ["mcp_approval_request", "mcp_approval_response"]
    assert ["message", *(both if answered else [])] == kinds(sent)


def _asked(service: FakeService) -> int:
    return sum(r.path == "/v1/responses" for r in service.requests)
