"""Long conversations in which everything changes: no service ever refuses what it gets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from codex_magic.api.auth import Service
from codex_magic.conversation.turns import INTERRUPTED_MARK, Conversation, Turn
from tests.counts import count
from tests.fake_service import Answer, FakeService, calls, failed, function_call, incomplete, text
from tests.fake_service import refusal as declined

from .talking import STATES, Talk, asked, at, body, kinds, refusals, seen, take_events, told

TURNS = 40
MODELS = ("gpt-5.6-terra", "gpt-5.4", "gpt-4.1")
ADD = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": False}
ANSWERS = (
    text("Plain words."),
    text("Words after thought.", reasoning="**Thinking** first."),
    text("Words after thought.", reasoning=["**One**", "**Two**"], phase="final_answer"),
    function_call("add", a=1, reasoning="**Adding**"),
    calls([("add", {"a": 1}), ("add", {"a": 2})]),
    incomplete("Half of", reasoning="**Hm**"),
    incomplete("", reasoning="**Hm**"),
    declined("I will not."),
    failed("invalid_prompt", "No."),
    text("This breaks off in the middle.", reasoning="**Hm**").cut_after(11),
    text("This ends without an end.", reasoning="**Hm**").eof_after(3),
    text("Nothing of its end.").empty_output(),
)


@pytest.fixture
def services() -> Iterator[list[FakeService]]:
    """Two accounts at OpenAI, a llama.cpp, and an OpenRouter."""
    with ExitStack() as stack:
        profiles = ("openai", "openai", "llama.cpp", "openrouter")
        yield [stack.enter_context(FakeService(profile)) for profile in profiles]


class Script:
    """Asks, stops and takes back as a seed has it."""

    def __init__(self, talk: Talk, services: list[FakeService], seed: int) -> None:
        self.random = random.Random(seed)
        self.talk = talk
        self.fakes = services
        backends = ("openai", None, "llama.cpp", "unknown")
        pairs = zip(services, backends, strict=True)
        self.meant = [at(fake, backend) for fake, backend in pairs]
        self.number = 0

    def learn(self) -> None:
        """Meet every service and model once: what they refuse is learned, in no conversation."""
        for meant in self.meant:
            for model in MODELS:
                for state in STATES:
                    for _ in range(2):
                        self.talk.ask(
                            meant, model=model, state=state, conversation=Conversation("elsewhere")
                        )

    def turn(self) -> None:
        """Do one thing, and see to it that the model knew just what it should."""
        if self.random.random() < 0.1:
            self.talk.conversation.undo(self.random.randint(1, 3))
        place = self.random.randrange(len(self.fakes))
        fake, meant = self.fakes[place], self.meant[place]
        self.number += 1
        expected = [turn.prompt for turn in self.talk.conversation.turns if turn.counts]
        self.ask(fake, meant, f"Question {self.number}")
        users = [said[3:] for said in seen(fake) if said[0] == "u"]
        assert [*expected, f"Question {self.number}"] == users

    def ask(self, fake: FakeService, meant: Service, prompt: str) -> Turn:
        """Ask one question, of any kind, and perhaps stop its answer."""
        answer = self.random.choice(ANSWERS)
        stop = self.random.random() < 0.15
        count = self.random.randrange(6)
        fake.enqueue(answer.hold(after=count) if stop else answer)
        params = {"tools": [ADD], "reasoning": {"summary": "auto"}}
        state, model = self.random.choice(STATES), self.random.choice(MODELS)
        before = len(asked(fake))
        job = self.talk.start(meant, prompt, params=params, state=state, model=model)
        if not stop:
            return told(job).turn
        fake.wait_until(lambda: len(asked(fake)) > before and asked(fake)[before].status == 200)
        # OpenRouter tells of a failure in one piece of JSON: no event comes before it is stopped.
        whole = answer.status == "failed" and fake.profile.failures_in_body
        taken = take_events(job, 0 if whole else min(count, 2))
        job.cancel()
        return told(job, taken).turn


@pytest.mark.parametrize("seed", range(count(80)))
def test_nothing_is_refused(talk: Talk, services: list[FakeService], seed: int) -> None:
    """
    Modes, models and services change, answers break off, calls wait, turns are taken back.

    After a service is known, every request is accepted, and the model sees each question that
    counts, once and in order.
    """
    script = Script(talk, services, seed)
    script.learn()
    known = len(refusals(*services))
    for _ in range(TURNS):
        script.turn()

    assert [] == refusals(*services)[known:]
    assert {"completed", "interrupted"} <= {turn.status for turn in talk.conversation.turns}


def test_sealed_reasoning_stays_with_its_service_and_model(
    talk: Talk, services: list[FakeService]
) -> None:
    """What one model of one service has sealed is sent to no other, and again to that one."""
    one, two, llama, _ = services
    think = text("Words.", reasoning="**Hm**")
    for fake, model in ((one, "gpt-5.4"), (two, "gpt-5.4"), (one, "gpt-5.2"), (one, "gpt-5.4")):
        fake.enqueue(think)
        talk.ask(fake, model=model)
    talk.ask(at(llama, "llama.cpp"))

    counts = [kinds(body(one, n)["input"]).count("reasoning") for n in range(3)]
    assert [0, 0, 1] == counts
    assert 0 == kinds(body(two)["input"]).count("reasoning")
    assert 0 == kinds(body(llama)["input"]).count("reasoning")
    assert 4 == len([said for said in seen(llama) if said == "a: Words."])
    assert [] == refusals(one, two, llama)


def test_a_chain_at_one_service_survives_a_visit_to_another(
    talk: Talk, services: list[FakeService]
) -> None:
    """Coming back, the last response there is followed, and what was said elsewhere is sent."""
    one, two = services[:2]
    for fake, prompt in ((one, "One"), (two, "Two"), (one, "Three"), (one, "Four")):
        fake.enqueue(text(f"Answer to {prompt}."))
        talk.ask(fake, prompt, state="previous_response_id")

    first, third = talk.conversation.turns[0], talk.conversation.turns[2]
    assert first.response_id == body(one, 1)["previous_response_id"]
    sent = [item["role"] for item in body(one, 1)["input"]]
    assert ["user", "assistant", "user"] == sent
    assert (third.response_id, 1) == (body(one)["previous_response_id"], len(body(one)["input"]))
    assert ["u: One", "u: Two", "u: Three", "u: Four"] == [s for s in seen(one) if s[0] == "u"]


def test_modes_change_within_a_conversation(talk: Talk, service: FakeService) -> None:
    """Whatever the order, each question knows all the ones before it."""
    order = [STATES[n] for n in (0, 1, 1, 0, 2, 2, 1, 0, 2)]
    for number, state in enumerate(order):
        talk.ask(service, f"Question {number}", state=state)
        users = [said for said in seen(service) if said[0] == "u"]
        assert [f"u: Question {n}" for n in range(number + 1)] == users

    assert [] == refusals(service)
    assert [False, True, True, False, True, True, True, False, True] == [
        request.body["store"] for request in asked(service) if request.body
    ]


def test_the_mark_of_an_interrupt_is_for_the_model(talk: Talk, service: FakeService) -> None:
    """The transcript has the words as they came, without it."""
    cut: Answer = text("Some words of an answer.").cut_after(8)
    service.enqueue(cut)
    found = talk.ask(service)

    assert INTERRUPTED_MARK not in found.turn.text
    assert INTERRUPTED_MARK not in str(found.turn.output)
