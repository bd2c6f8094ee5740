"""Everything that a user can do to a conversation, in any order: no request is ever refused."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from codex_magic.api.auth import Service
from codex_magic.conversation import editing
from codex_magic.conversation.adopting import adopt
from codex_magic.conversation.compaction import compact
from codex_magic.conversation.session import Emit, Session
from codex_magic.conversation.turns import Conversation, State, Turn
from tests.counts import count
from tests.fake_service import (
    API_KEY,
    Answer,
    FakeService,
    calls,
    error,
    failed,
    function_call,
    incomplete,
)
from tests.fake_service import text as says
from tests.fake_service.asking import connect
from tests.fake_service.exchange import Recorded

from .talking import STATES, Talk, Told, asked, at, lines, question, take_events, told

STEPS = 25
ADD = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": False}
PARAMS = {"tools": [ADD], "reasoning": {"summary": "auto"}}
MODELS = ("gpt-5.6-terra", "gpt-5.4")
PROFILES = ("openai", "azure", "openrouter", "llama.cpp", "ollama")
# Azure has a header of its own for it, which the fake does not read.
KEYS = {"azure": None}
PLACES = (0, 0, 0, 0, 0, 1, 2, 3, 4)
SOON = {"retry-after-ms": "1"}
LOCKED = "Another process is currently operating on this conversation."
ANSWERS = (
    says("Plain words."),
    says("Words after thought.", reasoning="**Thinking** first."),
    says("Words.", reasoning=["**One**", "**Two**"], phase="final_answer"),
    function_call("add", a=1, reasoning="**Adding**"),
    calls([("add", {"a": 1}), ("add", {"a": 2})]),
    incomplete("Half of", reasoning="**Hm**"),
    incomplete("", reasoning="**Hm**"),
    failed("invalid_prompt", "No."),
    says("This breaks off in the middle.", reasoning="**Hm**").cut_after(11),
    says("This ends without an end.", reasoning="**Hm**").eof_after(3),
)
FAULTS = (
    error(429, "rate_limit_exceeded", "Slow down.", headers=SOON),
    error(500, "server_error", "It fell over.", type="server_error", headers=SOON),
    error(400, "conversation_locked", LOCKED, param="conversation", headers=SOON),
    error(400, "invalid_prompt", "Not that."),
)
answers = st.sampled_from(ANSWERS)
keys = st.sampled_from(["", "", "cell 1", "cell 2", "cell 3"])
numbers = st.integers(0, 99)


def said_here(turns: list[Turn], service: Service, model: str, *, sealed: bool) -> list[str]:
    """What a model is to see of some turns."""
    found: list[str] = []
    for turn in turns:
        piece = turn.encoded(service.backend, model, service.identity, sealed=sealed)
        found += lines(json.loads(b"[" + piece + b"]"))
    return found


class Machine(RuleBasedStateMachine):
    """A kernel with several conversations, at several services."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.fakes = [
            self.stack.enter_context(FakeService(name, api_key=KEYS.get(name, API_KEY)))
            for name in PROFILES
        ]
        named = zip(self.fakes, PROFILES, strict=True)
        self.meant = [at(fake, profile) for fake, profile in named]
        self.talk = Talk()
        self.stack.callback(self.talk.close)
        self.current = Conversation("main")
        self.all = {"main": self.current}
        self.number = 0
        self.allowed = 0
        self.place, self.state, self.model = 0, STATES[0], MODELS[0]

    def teardown(self) -> None:
        self.stack.close()

    def ask(self, prompt: str, answer: Answer, *, stop: int | None = None, **fields: Any) -> Told:
        """Ask, and see to it that the model knew just what it should."""
        fake = self.fakes[self.place]
        before = len(asked(fake))
        self.allow(answer)
        fake.enqueue(answer if stop is None else answer.hold(after=stop))
        turns = self.expected(fields.get("key", ""), fields.get("replaces", ()))
        given = {"state": self.state, "model": self.model, "params": PARAMS, **fields}
        meant, joined = self.meant[self.place], self.current
        job = self.talk.start(meant, prompt, conversation=joined, retries=1, **given)
        if stop is None:
            ended = told(job)
        else:
            fake.wait_until(lambda: len(asked(fake)) > before and asked(fake)[-1].status == 200)
            taken = take_events(job, min(stop, 2))
            job.cancel()
            ended = told(job, taken)
            # A conversation of the service's is locked until it sees that nobody listens any more.
            last = asked(fake)[-1]
            fake.wait_until(lambda: last.disconnected or last.finished)
        self.check(turns, prompt, asked(fake)[before:])
        return ended

    def allow(self, answer: Answer) -> None:
        """A fault that was injected is no mistake of ours."""
        self.allowed += answer.http is not None

    def expected(self, key: str, replaces: tuple[str, ...]) -> list[Turn]:
        return [
            turn
            for turn in self.current.turns
            if turn.status != "failed"
            and not turn.hidden
            and turn.id not in replaces
            and not (key and turn.key == key)
        ]

    def check(self, turns: list[Turn], prompt: str, requests: list[Recorded]) -> None:
        service = self.meant[self.place]
        sealed = service.identity not in self.talk.experience.unsealing
        expected = [*said_here(turns, service, self.model, sealed=sealed), f"u: {prompt}"]
        assert requests, "nothing was asked"
        accepted = [request for request in requests if request.context]
        for request in accepted:
            assert expected == lines(request.context), request.body
        refused = [
            (request.path, request.status, request.body)
            for fake in self.fakes
            for request in fake.requests
            if request.status >= 400
        ]
        assert len(refused) <= self.allowed, refused
        self.allowed = len(refused)

    def prompt(self) -> str:
        self.number += 1
        return f"Question {self.number}"

    @initialize(state=st.sampled_from(STATES))
    def begins(self, state: State) -> None:
        self.state = state

    @rule(
        place=st.sampled_from(PLACES), state=st.sampled_from(STATES), model=st.sampled_from(MODELS)
    )
    def moves(self, place: int, state: State, model: str) -> None:
        """The next questions go to another service, in another mode, or to another model."""
        self.place, self.state, self.model = place, state, model

    @rule(more=st.integers(0, 3), answer=answers, key=keys)
    def asks(self, more: int, answer: Answer, key: str) -> None:
        """Some plain questions, and then a new cell, or one that is run again."""
        for _ in range(more):
            self.ask(self.prompt(), ANSWERS[0])
        self.ask(self.prompt(), answer, key=key)

    @precondition(lambda self: any(turn.key for turn in self.current.turns))
    @rule(which=numbers, answer=answers)
    def runs_again(self, which: int, answer: Answer) -> None:
        """A cell of the conversation is run again: the old exchange goes if there is a new one."""
        keyed = [turn for turn in self.current.turns if turn.key]
        old = keyed[which % len(keyed)]
        ended = self.ask(self.prompt(), answer, key=old.key).turn
        ids = [turn.id for turn in self.current.turns]
        assert (old.id in ids) == (ended.status == "failed" and old.status != "failed")
        assert ended.id == ids[-1]

    @rule(stop=st.integers(0, 6), key=keys)
    def stops(self, stop: int, key: str) -> None:
        answer = says("Some words that go on.", reasoning="**Hm**")
        self.ask(self.prompt(), answer, stop=stop, key=key)

    @rule(fault=st.sampled_from(FAULTS))
    def meets_a_fault(self, fault: Answer) -> None:
        """What passes is waited for; what does not is told."""
        passes = fault is not FAULTS[-1]
        ended = self.ask(self.prompt(), fault)
        assert ended.turn.status == ("completed" if passes else "failed"), ended.error

    @precondition(lambda self: self.number > 9)
    @rule()
    def finds_ids_gone(self) -> None:
        """What the service kept has expired; the next kernel trusts it again, with a new start."""
        fake = self.fakes[self.place]
        with connect(fake) as client:
            for response_id in list(fake.responses):
                client.delete(f"/responses/{response_id}")
        fake.conversations.clear()
        self.allowed += 2
        self.ask(self.prompt(), ANSWERS[0])
        self.talk.experience.forgetful.clear()
        self.current = Conversation("fresh")
        self.all = {"fresh": self.current}

    @rule(how_many=st.integers(1, 3))
    def takes_back(self, how_many: int) -> None:
        self.current.undo(how_many)

    @precondition(lambda self: self.current.turns)
    @rule(which=numbers, what=st.sampled_from(["hide", "unhide", "pin", "unpin", "drop"]))
    def changes_a_turn(self, which: int, what: str) -> None:
        number = which % len(self.current.turns) + 1
        turn = editing.turn_at(self.current, number)
        match what:
            case "hide":
                assert editing.hide(self.current, number)[0].hidden
            case "unhide":
                assert not editing.unhide(self.current, number)[0].hidden
            case "pin":
                assert editing.pin(self.current, number)[0].pinned
            case "unpin":
                assert not editing.unpin(self.current, number)[0].pinned
            case _:
                assert (turn,) == self.current.drop([turn.id])

    @rule(which=numbers)
    def forks(self, which: int) -> None:
        turns = len(self.current.turns)
        upto = which % turns + 1 if turns and which % 2 else None
        name = editing.free_name("fork", self.all)
        self.all[name] = self.current = editing.fork(self.current, name, upto=upto)

    @rule(which=numbers)
    def switches(self, which: int) -> None:
        self.current = list(self.all.values())[which % len(self.all)]

    @rule()
    def deletes(self) -> None:
        if len(self.all) > 1:
            del self.all[self.current.name]
            self.current = next(iter(self.all.values()))

    @precondition(lambda self: any(turn.kind == "turn" for turn in self.current.turns))
    @rule(which=numbers)
    def edits(self, which: int) -> None:
        """The turns after it go, and are all in the copy."""
        numbered = enumerate(self.current.turns, start=1)
        questions = [number for number, turn in numbered if turn.kind == "turn"]
        number = questions[which % len(questions)]
        turns = self.current.turns
        prompt = self.prompt()
        again = editing.edit(self.current, number, prompt, self.all)
        assert again.before is not None
        self.all[again.before.name] = again.before
        fields: dict[str, Any] = {
            "input": again.input,
            "replaces": again.replaces,
            "key": again.key,
        }
        self.ask(prompt, ANSWERS[1], **fields)
        kept = [turn for turn in turns[: number - 1] if not (again.key and turn.key == again.key)]
        assert kept == list(self.current.turns[:-1])
        assert turns == again.before.turns

    @precondition(lambda self: self.talkative())
    @rule()
    def retries(self) -> None:
        again = editing.retry(self.current)
        fields: dict[str, Any] = {
            "input": again.input,
            "replaces": again.replaces,
            "key": again.key,
        }
        self.ask(again.prompt, ANSWERS[1], **fields)
        assert not set(again.replaces) & {turn.id for turn in self.current.turns}

    def talkative(self) -> bool:
        return any(turn.kind == "turn" and not turn.hidden for turn in self.current.turns)

    @precondition(lambda self: self.talkative())
    @rule()
    def continues(self) -> None:
        shown = [turn for turn in self.current.turns if not turn.hidden]
        if shown[-1].status == "completed":
            return
        again = editing.continue_(self.current)
        fields: dict[str, Any] = {
            "input": again.input,
            "replaces": again.replaces,
            "key": again.key,
        }
        self.ask(again.prompt, ANSWERS[0], **fields)

    @precondition(lambda self: any(t.kind == "turn" and t.counts for t in self.current.turns))
    @rule()
    def compacts(self) -> None:
        """One summary stands first, the pinned turns stay, and the old ones are in the copy."""
        turns = self.current.turns
        gone = [turn for turn in turns if turn.counts and not turn.pinned]
        if not any(turn.kind == "turn" for turn in gone):
            return
        if self.place not in (0, 1):
            self.fakes[self.place].enqueue(says("What was said."))

        async def work(session: Session, emit: Emit) -> Conversation:
            asking = question("", model=self.model, params=PARAMS)
            return (await compact(session, self.current, asking, emit, self.all)).before

        before = self.talk.do(self.meant[self.place], work)
        self.all[before.name] = before
        stay = [turn for turn in turns if turn not in gone]
        assert turns == before.turns
        assert ("summary", stay) == (self.current.turns[0].kind, list(self.current.turns[1:]))

    @precondition(lambda self: self.current.link or self.stored())
    @rule(answer=answers)
    def adopts(self, answer: Answer) -> None:
        """What the service keeps becomes a conversation, which goes on there."""
        link = self.current.link
        place = next(
            (n for n, s in enumerate(self.meant) if link and s.identity == link.service), 0
        )
        found = link.conversation_id if link else self.stored()
        if not found:
            return
        fake = self.fakes[place]
        if not (found in fake.conversations or found in fake.responses):
            return
        name = editing.free_name("adopted", self.all)

        async def work(session: Session, emit: Emit) -> Conversation:
            client = session.client(emit)
            return (await adopt(client, session.service, found, name)).conversation

        adopted = self.talk.do(self.meant[place], work)
        # One conversation at a service is one conversation here.
        self.current.link = None
        self.all[name] = self.current = adopted
        assert adopted.state
        self.place, self.state = place, adopted.state
        self.ask(self.prompt(), answer)

    def stored(self) -> str:
        kept = [
            turn.response_id
            for turn in self.current.turns
            if turn.service == self.meant[0].identity
            and turn.response_id in self.fakes[0].responses
        ]
        return str(kept[-1]) if kept else ""


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=count(2000) // STEPS,
    stateful_step_count=STEPS,
    deadline=None,
    # To make a failing run shorter, it would be run for minutes, over real sockets.
    phases=(Phase.generate,),
    report_multiple_bugs=False,
    database=None,
    suppress_health_check=list(HealthCheck),
)
