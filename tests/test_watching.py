"""Who watches questions, and who serves them where nobody is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.conversation.approvals import Call, Decision
from codex_magic.conversation.errands import Errand
from codex_magic.conversation.session import Ended, Signal
from codex_magic.conversation.tools import tool
from codex_magic.display.reply import Reply
from codex_magic.display.screen import QuietScreen
from codex_magic.engine import Job
from codex_magic.errors import CodexError
from codex_magic.following import hands
from codex_magic.watching import Waiting, Watchers
from tests.asking import MODEL, ask
from tests.fake_service import FakeService, error, function_call, text

T = TypeVar("T")


class Eye(QuietScreen):
    """Watches, and writes down what there is to see."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def asked(self, reply: Reply, options: Options) -> Eye:
        self.seen.append(f"asked {reply.prompt}")
        return self

    def finish(self, reply: Reply) -> None:
        self.seen.append(f"{reply.status} {reply.text}".strip())

    def changed(self) -> None:
        self.seen.append("changed")

    def waits(self, waiting: Waiting) -> None:
        self.seen.append(f"{waiting.call.name} waits")

    def settled(self, waiting: Waiting) -> None:
        self.seen.append(f"{waiting.call.name} is settled")


class Elsewhere:
    """Serves a question from a thread of its own, and approves with other arguments."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.jobs: list[Job[Signal, Ended]] = []

    async def approve(self, call: Call) -> Decision:
        return Decision(True, arguments={**call.arguments, "b": 3})

    def gather(self, work: Callable[[], T]) -> T:
        return work()

    def begun(self, job: Job[Signal, Ended]) -> None:
        self.jobs.append(job)

    def serve(self, errand: Errand[Any]) -> None:
        thread = threading.Thread(target=errand.run, name="the kernel's")
        thread.start()


@pytest.fixture
def assistant(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Assistant]:
    """Yield an assistant that asks the fake service."""
    monkeypatch.setenv("OPENAI_API_KEY", str(service.api_key))
    monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
    assistant = Assistant(Codex(model=MODEL))
    yield assistant
    assistant.close()


def test_who_watches_sees_every_question(service: FakeService, assistant: Assistant) -> None:
    """An answer and an error alike: it is told when each has ended."""
    eye = Eye()
    assistant.watchers.add(eye)
    service.enqueue(text("Yes."), error(400, "nothing", "No such thing."))

    ask(assistant, "Is it?")
    with pytest.raises(CodexError):
        ask(assistant, "Is it not?")
    assistant.watchers.remove(eye)
    ask(assistant, "Who sees this?")

    asked = ["asked Is it?", "completed Yes.", "changed", "asked Is it not?", "failed", "changed"]
    assert asked == eye.seen


def test_who_comes_later_sees_what_is_on_its_way(assistant: Assistant) -> None:
    """All of it: also one that comes when the answer has just become whole."""
    late, latest, reply = Eye(), Eye(), Reply("Is it?", model=MODEL)
    with assistant.watchers.watched(QuietScreen(), reply, Options()) as screen:
        assistant.watchers.add(late)
        reply.status = "completed"
        screen.finish(reply)
        assistant.watchers.add(latest)

    assert ["asked Is it?", "completed", "changed"] == late.seen
    assert late.seen == latest.seen


def test_a_call_waits_for_whoever_decides_first() -> None:
    """All who watch see it, also who comes later; then it is settled for all of them."""
    watchers, eyes, call = Watchers(), (Eye(), Eye()), Call("c", "add", {})

    async def decide() -> Decision:
        watchers.add(eyes[0])
        decided = asyncio.ensure_future(watchers.decision(call))
        await asyncio.sleep(0)
        watchers.add(eyes[1])
        [waiting] = watchers._waiting
        waiting.decide(Decision(True))
        waiting.decide(Decision(False))
        return await decided

    assert asyncio.run(decide()).approved
    assert [["add waits", "add is settled"]] * 2 == [eye.seen for eye in eyes]


def test_a_call_that_nobody_sees_is_declined() -> None:
    """At once where nobody watches, and when the last one leaves."""
    watchers, eye, call = Watchers(), Eye(), Call("c", "add", {})

    async def decide() -> tuple[Decision, Decision]:
        at_once = await watchers.decision(call)
        watchers.add(eye)
        decided = asyncio.ensure_future(watchers.decision(call))
        await asyncio.sleep(0)
        watchers.remove(eye)
        return at_once, await decided

    assert [False, False] == [decision.approved for decision in asyncio.run(decide())]


def test_a_question_of_another_thread_is_served_there(
    service: FakeService, assistant: Assistant
) -> None:
    """Its calls are approved by whoever serves it, and run where they say."""
    ran: list[tuple[int, str]] = []

    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        ran.append((a + b, threading.current_thread().name))
        return a + b

    serving = Elsewhere()
    service.enqueue(function_call("add", a=1, b=2), text("Four."))
    replies: list[Reply] = []

    def work() -> None:
        hands.set(serving)
        replies.append(ask(assistant, "Add.", tools=[add]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert [(4, "the kernel's")] == ran
    assert "Four." == replies[0].text
    assert 1 == len(serving.jobs)
    assert "" == assistant.conversation.turns[-1].key
