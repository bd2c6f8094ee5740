"""Who watches questions, and who serves them where nobody is."""

from __future__ import annotations

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
