"""An answer that is stopped, or breaks off, at any moment: what arrived is kept, and it goes on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from codex_magic.api.events import (
    ResponseOutputTextDeltaEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    StreamEvent,
)
from codex_magic.conversation.session import Signal
from codex_magic.conversation.turns import INTERRUPTED_MARK, State
from tests.fake_service import Answer, FakeService, error, function_call, in_stream_error, text

from .talking import STATES, Talk, asked, at, refusals, seen, take_events, told

ANSWER = text("One two three.", reasoning="**Thinking** about it.")
# What ANSWER is streamed in; a test below counts them.
EVENTS = 19
AGAIN = "The connection broke off before the answer began: asked again."


def words_of(signals: Sequence[Signal]) -> str:
    """The words of the answer among some events."""
    deltas = (signal for signal in signals if isinstance(signal, ResponseOutputTextDeltaEvent))
    return "".join(delta.delta for delta in deltas)


def has_shown(signals: Sequence[Signal]) -> bool:
    """Whether the user has seen any of the answer."""
    visible = (ResponseOutputTextDeltaEvent, ResponseReasoningSummaryTextDeltaEvent)
    return any(isinstance(signal, visible) for signal in signals)


def test_the_answer_is_cut_everywhere(talk: Talk, service: FakeService) -> None:
    """The tests below cut at every event that there is."""
    service.enqueue(ANSWER)
    signals = talk.ask(service).signals

    assert EVENTS == sum(isinstance(signal, StreamEvent) for signal in signals)


@pytest.mark.parametrize("count", range(EVENTS + 1))
@pytest.mark.parametrize("state", STATES)
def test_an_interrupt_at_every_event(
    talk: Talk, service: FakeService, state: State, count: int
) -> None:
    """The connection is closed at once, the words stay, and the next question knows them."""
    service.enqueue(text("First."), ANSWER.hold(after=count))
    talk.ask(service, "One", state=state)
    job = talk.start(service, "Two", state=state)
    service.wait_until(lambda: len(asked(service)) == 2 and asked(service)[1].status == 200)
    taken = take_events(job, count)

    job.cancel()
    stopped = told(job, taken)
    service.wait_until(lambda: asked(service)[1].disconnected)
    after = talk.ask(service, "Three", state=state)

    whole = count == EVENTS
    assert ("completed" if whole else "interrupted") == stopped.turn.status
    assert words_of(taken) == stopped.turn.text
    assert None is after.error
    mark = f"{words_of(taken)}\n\n{INTERRUPTED_MARK}".strip()
    answer = "One two three." if whole else mark
    assert ["u: One", "a: First.", "u: Two", f"a: {answer}", "u: Three"] == seen(service)
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
def test_an_interrupt_before_the_service_answers(
    talk: Talk, service: FakeService, state: State
) -> None:
    """A service that says nothing at all is left as quickly."""
    service.enqueue(ANSWER.hold(after=-1))
    job = talk.start(service, "One", state=state)
    service.wait_until(lambda: len(asked(service)) == 1)
    job.cancel()
    stopped = told(job)
    service.wait_until(lambda: asked(service)[0].disconnected)
    talk.ask(service, "Two", state=state)

    assert ("interrupted", "") == (stopped.turn.status, stopped.turn.text)
    assert ["u: One", f"a: {INTERRUPTED_MARK}", "u: Two"] == seen(service)


@pytest.mark.parametrize("state", STATES)
def test_an_interrupt_while_waiting_to_try_again(
    talk: Talk, service: FakeService, state: State
) -> None:
    """The wait that a service asks for ends with the question."""
    service.enqueue(error(429, "rate_limit_exceeded", "Slow.", headers={"retry-after": "60"}))
    job = talk.start(service, "One", state=state)
    service.wait_until(lambda: len(asked(service)) == 1 and asked(service)[0].finished)
    job.cancel()
    stopped = told(job)
    talk.ask(service, "Two", state=state)

    assert "interrupted" == stopped.turn.status
    assert ["u: One", f"a: {INTERRUPTED_MARK}", "u: Two"] == seen(service)


@pytest.mark.parametrize("state", STATES)
def test_an_interrupt_before_the_first_step(talk: Talk, service: FakeService, state: State) -> None:
    """However early it comes, the question is not lost."""
    job = talk.start(service, "One", state=state)
    job.cancel()
    stopped = told(job)

    assert "interrupted" == stopped.turn.status
    assert ["One"] == [turn.prompt for turn in talk.conversation.turns]
    assert None is talk.ask(service, "Two", state=state).error


@pytest.mark.parametrize("count", range(2, 11))
@pytest.mark.parametrize("state", STATES)
def test_an_interrupt_within_a_call(
    talk: Talk, service: FakeService, state: State, count: int
) -> None:
    """Half a call is not replayed, a whole one is, with an output."""
    service.enqueue(function_call("add", "call_1", a=1, b=2, reasoning="**Hm**").hold(after=count))
    job = talk.start(service, "One", state=state)
    taken = take_events(job, count)
    job.cancel()
    told(job, taken)
    after = talk.ask(service, "Two", state=state)

    assert None is after.error
    assert [] == refusals(service)
    assert ["u: One", f"a: {INTERRUPTED_MARK}", "u: Two"] == seen(service)
    context = asked(service)[-1].context
    found = [item["arguments"] for item in context if item["type"] == "function_call"]
    assert found in ([], ['{"a": 1, "b": 2}'])


@pytest.mark.parametrize("count", range(EVENTS + 1))
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("how", ["cut_after", "eof_after"])
def test_a_connection_that_dies_at_every_event(
    talk: Talk, service: FakeService, state: State, count: int, how: str
) -> None:
    """There is a full answer or a kept part with a clear line, and the next question works."""
    broken: Answer = getattr(ANSWER, how)(count)
    service.enqueue(text("First."), broken, text("Asked again."))
    talk.ask(service, "One", state=state)
    cut = talk.ask(service, "Two", state=state)
    after = talk.ask(service, "Three", state=state)

    shown = has_shown(cut.signals)
    words = words_of(cut.signals)
    if count == EVENTS:
        expected = "One two three."
        assert ("completed", expected, []) == (cut.turn.status, cut.turn.text, cut.notices)
    elif not shown or words == "Asked again.":
        expected = "Asked again."
        _assert_asked_again(cut.turn.status, cut.turn.text, cut.notices, cut.retries, state)
        shown = cut.turn.status == "completed"
    else:
        expected = f"{words}\n\n{INTERRUPTED_MARK}".strip()
        assert ("interrupted", words) == (cut.turn.status, cut.turn.text)
    if cut.turn.status != "completed":
        assert cut.turn.error
        assert "\n" not in cut.turn.error
    assert None is after.error
    middle = _middle(cut.turn.status, expected)
    assert ["u: One", "a: First.", *middle, "u: Three"] == seen(service)
    assert [] == refusals(service)


def _assert_asked_again(
    status: str, answer: str, notices: list[str], retries: int, state: State
) -> None:
    """Where nothing was shown, a question is asked once more, if the service kept nothing of it."""
    if retries:
        # The connection was gone before the head of the answer was read.
        assert ("completed", "Asked again.") == (status, answer)
    elif state == "stateless":
        assert ("completed", "Asked again.", [AGAIN]) == (status, answer, notices)
    else:
        assert (True, "", []) == (status in ("interrupted", "failed"), answer, notices)


def _middle(status: str, answer: str) -> list[str]:
    match status:
        case "failed":
            return []
        case "interrupted" if answer == "Asked again.":
            return ["u: Two", f"a: {INTERRUPTED_MARK}"]
        case _:
            return ["u: Two", f"a: {answer}"]


@pytest.mark.parametrize("shape", ["nested", "flat", "bare"])
@pytest.mark.parametrize("state", STATES)
def test_an_error_in_mid_stream(talk: Talk, service: FakeService, state: State, shape: str) -> None:
    """After words it keeps them and says why; before any, a stateless question is asked again."""
    late = in_stream_error(shape, after=7, message="It fell over.", text="Some words of it.")  # type: ignore[arg-type]
    early = in_stream_error(shape, after=2, message="It fell over.")  # type: ignore[arg-type]
    service.enqueue(late, early, text("Asked again."))
    first = talk.ask(service, "One", state=state)
    second = talk.ask(service, "Two", state=state)
    third = talk.ask(service, "Three", state=state)

    assert ("interrupted", "Some words of") == (first.turn.status, first.turn.text)
    assert "It fell over." == first.turn.error
    if state == "stateless":
        assert ("Asked again.", [AGAIN]) == (second.turn.text, second.notices)
    else:
        assert ("failed", "It fell over.") == (second.turn.status, second.turn.error)
    assert None is third.error
    assert f"a: Some words of\n\n{INTERRUPTED_MARK}" in seen(service)
    assert [] == refusals(service)


def test_a_question_is_asked_again_once(talk: Talk, service: FakeService) -> None:
    """A service that always breaks off is not asked for ever."""
    service.enqueue(*[ANSWER.eof_after(2)] * 5)
    cut = talk.ask(service, "One")

    assert ("failed", [AGAIN]) == (cut.turn.status, cut.notices)
    assert 2 == len(asked(service))


@pytest.mark.parametrize("profile", ["llama.cpp", "ollama"])
@pytest.mark.parametrize("count", range(0, 16, 3))
def test_a_local_service_that_dies(talk: Talk, profile: str, count: int) -> None:
    """The streams of other services break off as well, and the next question works there too."""
    with FakeService(profile) as service:
        there = at(service, "llama.cpp" if profile == "llama.cpp" else None)
        service.enqueue(ANSWER.cut_after(count), text("Asked again."))
        cut = talk.ask(there, "One")
        after = talk.ask(there, "Two")
        lines = seen(service)
        refused = refusals(service)

    assert cut.turn.status in ("completed", "interrupted")
    assert None is after.error
    assert ("u: One", "u: Two") == (lines[0], lines[-1])
    assert [] == refused
