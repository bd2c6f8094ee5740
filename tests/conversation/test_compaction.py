"""A long conversation becomes a summary, by the service's endpoint or in words."""

from __future__ import annotations

import asyncio

import pytest

from codex_magic.api.auth import Service
from codex_magic.conversation import editing
from codex_magic.conversation.compaction import SUMMARISE, Compacted, compact
from codex_magic.conversation.session import Emit, Session
from codex_magic.conversation.turns import Recorded, Reordered, State
from codex_magic.errors import AnswerError, ConfigError, ContextWindowError, InvalidRequestError
from tests.fake_service import PROFILES, Answer, FakeService, error, incomplete, text

from .talking import MODEL, PARAMS, STATES, Talk, asked, at, kinds, question, refusals, seen

LONG = error(400, "context_length_exceeded", "Your input exceeds the context window.")


def shorten(talk: Talk, there: FakeService | Service) -> Compacted:
    async def work(session: Session, emit: Emit) -> Compacted:
        params = {**PARAMS, "max_output_tokens": 20, "tools": []}
        return await compact(
            session, talk.conversation, question("", params=params), emit, ["main"]
        )

    return talk.do(there, work)


def ask_four(talk: Talk, service: FakeService, there: Service, state: State) -> None:
    """Four turns: the second is pinned, the third is hidden."""
    service.enqueue(*[text(f"Answer {name}.", reasoning="**Hm**") for name in "ABCD"])
    for name in "ABCD":
        talk.ask(there, name, state=state)
    editing.pin(talk.conversation, 2)
    editing.hide(talk.conversation, 3)


@pytest.mark.parametrize("state", STATES)
def test_the_service_compacts(talk: Talk, service: FakeService, state: State) -> None:
    """What it makes of the turns goes back as it came; the pinned turn stays, the hidden one too."""
    ask_four(talk, service, at(service), state)
    whole = talk.conversation.turns
    changes: list[object] = []
    talk.conversation.on_change = changes.append
    found = shorten(talk, service)
    talk.ask(service, "Next", state=state)

    summary = talk.conversation.turns[0]
    assert [("summary", 2), whole] == [(summary.kind, found.replaced), found.before.turns]
    assert ["B", "C", "Next"] == [turn.prompt for turn in talk.conversation.turns[1:]]
    assert ["u: A", "u: D", "u: B", "a: Answer B.", "u: Next"] == seen(service)
    assert "compaction" in kinds(asked(service)[-1].context)
    order = tuple(turn.id for turn in talk.conversation.turns[:3])
    assert [Recorded(summary, (whole[0].id, whole[3].id)), Reordered(order)] == changes[:2]
    assert [] == refusals(service)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_service_goes_on_from_a_summary(talk: Talk, profile: str, state: State) -> None:
    """With an endpoint or without one, in each mode, nothing is refused."""
    key = None if profile == "azure" else "sk-fake-0123456789abcdef"
    with FakeService(profile, api_key=key) as service:
        there = at(service, profile)
        ask_four(talk, service, there, state)
        shorten(talk, there)
        found = [talk.ask(there, name, state=state) for name in ("E", "F")]
        shorten(talk, there)
        last = talk.ask(there, "G", state=state)

        assert [None] * 3 == [one.error for one in (*found, last)]
        assert [] == refusals(service)
        assert ["u: B", "a: Answer B.", "u: G"] == seen(service)[-3:]
        assert "u: C" not in seen(service)


@pytest.mark.parametrize("state", STATES)
def test_another_service_reads_the_words(talk: Talk, service: FakeService, state: State) -> None:
    """What one service sealed is of no use to another, or to another model: nothing is lost."""
    ask_four(talk, service, at(service), state)
    shorten(talk, service)
    with FakeService("llama.cpp") as other:
        talk.ask(at(other, "llama.cpp"), "There", state=state)
        there = seen(other)
    talk.ask(service, "Here", state=state, model="gpt-5.4")

    said = "a: User: A\n\nAssistant: Answer A.\n\nUser: D\n\nAssistant: Answer D."
    assert said == there[1]
    assert said == seen(service)[1]
    assert "compaction" not in kinds(asked(service)[-1].context)
    assert [] == refusals(service)


def test_the_model_sums_up(talk: Talk) -> None:
    """Where there is no endpoint, it is asked for a summary of what it may see, and of no more."""
    with FakeService("llama.cpp") as service:
        there = at(service, "llama.cpp")
        ask_four(talk, service, there, "stateless")
        service.enqueue(text("It was about letters."))
        shorten(talk, there)
        sent, request = seen(service), asked(service)[-1].body or {}
        talk.ask(there, "Next")

        assert ["u: A", "a: Answer A.", "u: D", "a: Answer D.", f"u: {SUMMARISE}"] == sent
        assert {"tools", "max_output_tokens"}.isdisjoint(request)
        assert "a: It was about letters." == seen(service)[1]
        assert ["u: B", "a: Answer B.", "u: Next"] == seen(service)[2:]
        assert "It was about letters." == talk.conversation.turns[0].text


def test_what_is_too_long_is_summed_up_in_parts(talk: Talk) -> None:
    """A conversation that has outgrown the window can still be compacted."""
    with FakeService("llama.cpp") as service:
        there = at(service, "llama.cpp")
        service.enqueue(*[text(f"Answer {name}.") for name in "ABCD"])
        for name in "ABCD":
            talk.ask(there, name)
        service.enqueue(LONG, text("First half."), text("Second half."))
        shorten(talk, there)
        talk.ask(there, "Next")

        assert "a: First half.\n\nSecond half." == seen(service)[1]
        assert 2 == len(talk.conversation.turns)


def test_a_turn_that_is_too_long_by_itself(talk: Talk) -> None:
    """The error says which, by its number here, and nothing is changed."""
    with FakeService("llama.cpp") as service:
        there = at(service, "llama.cpp")
        for name in "AB":
            talk.ask(there, name)
        service.enqueue(LONG, text("First."), LONG)
        before = talk.conversation.turns
        with pytest.raises(ContextWindowError, match=r"Turn 2 alone .* %codex hide 2"):
            shorten(talk, there)

        assert before == talk.conversation.turns


@pytest.mark.parametrize("answer", [incomplete("Half"), text("")])
def test_half_a_summary_is_none(talk: Talk, answer: Answer) -> None:
    """Nothing is thrown away for a summary that is not whole."""
    with FakeService("ollama") as service:
        there = at(service, "ollama")
        for name in "AB":
            talk.ask(there, name)
        service.enqueue(answer)
        before = talk.conversation.turns
        with pytest.raises(AnswerError, match="nothing was changed"):
            shorten(talk, there)

        assert before == talk.conversation.turns


def test_a_summary_that_fails_changes_nothing(talk: Talk) -> None:
    """The service's own words say why."""
    with FakeService("llama.cpp") as service:
        there = at(service, "llama.cpp")
        talk.ask(there, "A")
        service.enqueue(error(400, "invalid_prompt", "Not that."))
        with pytest.raises(InvalidRequestError, match=r"Not that\."):
            shorten(talk, there)

        assert ["A"] == [turn.prompt for turn in talk.conversation.turns]


def test_there_is_nothing_to_compact(talk: Talk, service: FakeService) -> None:
    """An empty conversation, one of pins, and one that is compacted already, say so."""
    with pytest.raises(ConfigError, match="nothing to compact"):
        shorten(talk, service)
    talk.ask(service, "A")
    shorten(talk, service)
    with pytest.raises(ConfigError, match="nothing to compact"):
        shorten(talk, service)

    assert 1 == len(talk.conversation.turns)


def test_a_summary_can_be_stopped(talk: Talk) -> None:
    """An interrupt leaves everything as it was, and the conversation free for the next question."""
    with FakeService("llama.cpp") as service:
        there = at(service, "llama.cpp")
        talk.ask(there, "A")
        service.enqueue(text("A summary.").hold(after=3))

        async def work(session: Session, emit: Emit) -> Compacted:
            return await compact(session, talk.conversation, question(""), emit)

        job = talk.submit(there, work)
        service.wait_until(lambda: len(asked(service)) == 2 and asked(service)[1].status == 200)
        job.cancel()
        job.rest(10)
        after = talk.ask(there, "B")

        assert job.future.cancelled() or isinstance(job.future.exception(0), asyncio.CancelledError)
        assert ["A", "B"] == [turn.prompt for turn in talk.conversation.turns]
        assert (None, MODEL) == (after.error, after.turn.model)
