"""Calls of an answer: asked about, run, and answered, whatever happens on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from codex_magic.api.items import Json, ResponseFunctionToolCall
from codex_magic.conversation.approvals import (
    Call,
    CallLimits,
    CallRecord,
    Decision,
    Outcome,
    run_here,
)
from codex_magic.conversation.tool_calls import calls_in
from codex_magic.conversation.tools import Tool

from .calling import (
    Person,
    a_call,
    a_request,
    add,
    answered,
    answering,
    fail,
    in_time,
    outputs,
    statuses,
)


def test_a_call_is_run_and_answered() -> None:
    """The output belongs to the call by its id; the record shows what was called, and how it went."""
    calls = answered(answering(add), a_call("add", {"a": 2, "b": None}))

    assert [{"type": "function_call_output", "call_id": "call_1", "output": "3"}] == calls.items
    (record,) = calls.records
    assert ("add", '{"a": 2, "b": null}', "3", "done") == (
        record.name,
        record.arguments,
        record.result,
        record.status,
    )
    assert record.seconds >= 0


def test_typed_items_are_calls_too() -> None:
    """The items may be as the client gives them; what is no call is passed over."""
    item = ResponseFunctionToolCall("call_1", "add", '{"a": 2}')

    assert ["3"] == outputs(answered(answering(add), {"type": "reasoning"}, item))


def test_arguments_that_are_no_text_are_taken_as_they_are() -> None:
    """Some local services send the object where the API has JSON text."""
    calls = answered(answering(add), {**a_call("add", {}), "arguments": {"a": 2}})

    assert ["3"] == outputs(calls)
    assert '{"a": 2}' == calls.records[0].arguments


def test_what_nobody_could_pair_is_no_call() -> None:
    """A call without an id, or without a name, has no answer; and a missing id is not invented."""
    calls = calls_in([a_call("add", "{}", ""), a_call("", "{}"), {"type": "mcp_approval_request"}])

    assert [] == calls.items


@pytest.mark.parametrize(
    ("item", "status", "told"),
    [
        (a_call("subtract", {"a": 1}), "unknown", "There is no function 'subtract'. The functions are: add, fail."),
        (a_call("add", '{"a": '), "invalid", "Invalid arguments for add: the arguments are no valid JSON"),
        (a_call("add", {}), "invalid", "Invalid arguments for add: a: Field required."),
        (a_call("add", {"a": "one"}), "invalid", "a: Input should be a valid integer"),
        (a_call("add", {"a": 1, "c": 2}), "invalid", "there is no argument 'c'; it takes a, b"),
        (a_call("fail", {"word": "tea"}), "failed", "KeyError: 'tea'"),
    ],
)  # fmt: skip
def test_the_model_is_told_what_went_wrong(item: Json, status: str, told: str) -> None:
    """It reads one line that it can correct itself by; a call that cannot run is not asked about."""
    person = Person()

    calls = answered(answering(add, fail, approve=person), item)

    assert [status] == statuses(calls)
    assert told in outputs(calls)[0]
    assert "Traceback" not in outputs(calls)[0]
    assert (1 if status == "failed" else 0) == len(person.asked)


def test_parallel_calls_are_answered_in_their_order() -> None:
    """A wrong one among them spoils nothing; all are asked about before the first one runs."""
    seen: list[str] = []

    def note(word: str) -> str:
        seen.append(word)
        return word

    person = Person(lambda call: Decision(not seen))
    items = [a_call("note", {"word": word}, f"call_{word}") for word in "abc"]

    calls = answered(answering(note, approve=person), *items[:2], a_call("no", "{}", "x"), items[2])

    assert ["a", "b", "c"] == seen
    assert ["call_a", "call_b", "x", "call_c"] == [item["call_id"] for item in calls.items]
    assert ["done", "done", "unknown", "done"] == statuses(calls)


def test_async_functions_run_beside_each_other() -> None:
    """Two that wait for each other both end."""
    first, second = asyncio.Event(), asyncio.Event()

    async def one() -> str:
        first.set()
        await second.wait()
        return "one"

    async def other() -> str:
        second.set()
        await first.wait()
        return "other"

    calls = answered(answering(one, other), a_call("one", "{}", "1"), a_call("other", "{}", "2"))

    assert ["one", "other"] == outputs(calls)


def test_the_rounds_have_an_end() -> None:
    """After the last round nothing is asked or run; the model is told to answer."""
    person = Person()
    way = answering(add, approve=person, limits=CallLimits(rounds=2))

    ended = [statuses(answered(way, a_call("add", {"a": 1}), round=number)) for number in (1, 2, 3)]
    said = outputs(answered(way, a_call("add", {"a": 1}), round=3))

    assert [["done"], ["done"], ["limit"]] == ended
    assert 2 == len(person.asked)
    assert "the limit of 2 rounds of calls is reached" in said[0]


def test_a_long_output_is_cut_and_says_so() -> None:
    """Its head and its tail are kept."""

    def long() -> str:
        return "a" * 5_000 + "z" * 5_000

    calls = answered(answering(long, limits=CallLimits(output=1_000)), a_call("long", "{}"))

    (output,) = outputs(calls)
    assert len(output) < 1_100
    assert output.startswith("a")
    assert output.endswith("z")
    assert "9,000 of 10,000 characters left out" in output


@pytest.mark.parametrize("own", [0.05, None])
def test_a_call_that_takes_too_long_is_given_up(own: float | None) -> None:
    """The tool's own limit comes before that of all; the model is told."""

    async def wait() -> None:
        await asyncio.Event().wait()

    limits = CallLimits(seconds=None if own else 0.05)
    tool = Tool(wait, timeout=own)

    calls = answered(answering(tool, limits=limits), a_call("wait", "{}"))

    assert ["timeout"] == statuses(calls)
    assert ["Given up after 0.05 seconds."] == outputs(calls)


def test_a_function_s_own_time_out_is_an_error_of_it() -> None:
    """It is not taken for the limit."""

    def late() -> None:
        raise TimeoutError("the line is dead")

    calls = answered(answering(late, limits=CallLimits(seconds=60)), a_call("late", "{}"))

    assert ["failed"] == statuses(calls)
    assert ["TimeoutError: the line is dead"] == outputs(calls)


def test_an_interrupt_leaves_an_answer_for_every_call() -> None:
    """What ended is kept; what ran, and what had not begun, is told as interrupted."""
    running = asyncio.Event()

    async def wait() -> None:
        running.set()
        await asyncio.Event().wait()

    items = [a_call("add", {"a": 1}, "1"), a_call("wait", "{}", "2"), a_call("add", {"a": 2}, "3")]
    calls = calls_in([*items, a_request()])

    async def interrupted() -> None:
        task = asyncio.create_task(answering(add, wait).answer(calls))
        await running.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(in_time(interrupted()))

    assert ["done", "interrupted", "interrupted", "done"] == statuses(calls)
    said = "The user interrupted this call before it ended."
    assert ["2", said, said] == [item["output"] for item in calls.items[:3]]


def test_an_interrupt_while_the_user_is_asked_runs_nothing() -> None:
    """No call has begun, so all are told as interrupted."""
    asked = asyncio.Event()

    async def hesitate(call: Call) -> Decision:
        asked.set()
        await asyncio.Event().wait()
        return Decision(True)

    calls = calls_in([a_call("add", {"a": 1}, "1"), a_request()])

    async def interrupted() -> None:
        task = asyncio.create_task(answering(add, approve=hesitate).answer(calls))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(in_time(interrupted()))

    assert ["interrupted", "interrupted"] == statuses(calls)
    assert calls.items[1]["approve"] is False


def test_what_a_call_prints_is_told_beside_its_result() -> None:
    """Where it returns nothing, what it printed is all."""

    async def run(call: Call) -> Outcome:
        outcome = await run_here(call)
        return replace(outcome, printed="so far\n")

    way = answering(add, fail, print, run=run)

    assert ["2\nIt printed:\nso far\n"] == outputs(answered(way, a_call("add", {"a": 1})))
    failed = outputs(answered(way, a_call("fail", {"word": "tea"})))
    assert ["KeyError: 'tea'\nIt printed:\nso far\n"] == failed
    nothing = answering(_nothing, run=run)
    assert ["It printed:\nso far\n"] == outputs(answered(nothing, a_call("_nothing", "{}")))


def _nothing() -> None:
    """Return None."""


def test_what_a_port_lets_through_is_the_function_s_error() -> None:
    """It is told as if the outcome had it; so is a call that nobody here can run."""

    async def run(call: Call) -> Outcome:
        raise ValueError("let through")

    calls = answered(answering(add, run=run), a_call("add", {"a": 1}))

    assert ["ValueError: let through"] == outputs(calls)
    outcome = asyncio.run(run_here(Call("1", "docs.search", {})))
    assert "'docs.search' is not run here." == str(outcome.error)


def test_a_note_stands_beside_an_image() -> None:
    """What was printed is a part of its own then."""
    image = {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"}

    async def run(call: Call) -> Outcome:
        return Outcome([image], printed="so far")

    calls = answered(answering(add, run=run, images=True), a_call("add", {"a": 1}))

    printed = {"type": "input_text", "text": "It printed:\nso far"}
    assert [[image, printed]] == outputs(calls)
    assert "[image]\nIt printed:\nso far" == calls.records[0].result


def test_exit_in_a_function_is_an_error_of_it() -> None:
    """It does not end the kernel."""

    def leave() -> None:
        raise SystemExit(3)

    assert ["SystemExit: 3"] == outputs(answered(answering(leave), a_call("leave", "{}")))


def test_every_text_is_cleaned_before_it_is_kept() -> None:
    """Results, errors and images' captions lose their secrets, in the record too."""

    def clean(text: str) -> str:
        return text.replace("hunter2", "…")

    def tell(word: str) -> str:
        return f"It is {word}."

    way = answering(tell, fail, clean=clean)

    calls = answered(
        way,
        a_call("tell", {"word": "hunter2"}, "1"),
        a_call("fail", {"word": "hunter2"}, "2"),
    )

    assert ["It is ….", "KeyError: '…'"] == outputs(calls)
    assert ["It is ….", "KeyError: '…'"] == [record.result for record in calls.records]


def test_how_a_result_is_presented_is_passed_in() -> None:
    """A presenter that fails is told to the model, and spoils no other call."""

    def present(name: str, result: Any) -> str:
        if result == 3:
            raise ValueError("no threes")
        return f"{name} → {result}"

    calls = answered(
        answering(add, present=present),
        a_call("add", {"a": 1}, "1"),
        a_call("add", {"a": 2}, "2"),
    )

    assert "add → 2" == outputs(calls)[0]
    assert "It ran, but its result cannot be shown: ValueError: no threes" == outputs(calls)[1]


def test_a_result_may_be_presented_where_the_function_ran() -> None:
    """It is not presented a second time, on another thread."""

    async def run(call: Call) -> Outcome:
        return Outcome(result=object(), output="shown there")

    def present(name: str, result: Any) -> str:
        raise AssertionError

    calls = answered(answering(add, run=run, present=present), a_call("add", {"a": 1}))

    assert ["shown there"] == outputs(calls)


def test_each_record_is_told_when_its_call_has_ended() -> None:
    """The user sees the calls one after the other."""
    told: list[CallRecord] = []

    calls = answered(
        answering(add, tell=told.append),
        a_call("no", "{}", "1"),
        a_call("add", {"a": 1}, "2"),
    )

    assert calls.records == told
