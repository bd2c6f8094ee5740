"""A conversation with the fake service, as a kernel has it, but without a screen."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from codex_magic.api.auth import Service, service_at
from codex_magic.api.calls import CallOptions, Retry
from codex_magic.api.events import StreamEvent
from codex_magic.api.retries import RetryPolicy
from codex_magic.api.transport import AsyncTransport
from codex_magic.conversation.editing import Again
from codex_magic.conversation.repairs import Experience
from codex_magic.conversation.session import (
    Asking,
    Emit,
    Ended,
    Notice,
    Question,
    Session,
    Signal,
)
from codex_magic.conversation.turns import Conversation, State, Turn
from codex_magic.engine import Engine, Job
from tests.fake_service import FakeService
from tests.fake_service.errors import Json
from tests.fake_service.exchange import Recorded
from tests.fake_service.summary import words

MODEL = "gpt-5.6-terra"
STATES: tuple[State, ...] = ("stateless", "previous_response_id", "conversation")
PARAMS: Json = {"reasoning": {"summary": "auto"}}
OURS = frozenset({"reasoning.summary", "text.verbosity", "include", "store"})
PATIENCE = 20.0

T = TypeVar("T")


def at(service: FakeService, backend: str | None = "openai") -> Service:
    """The fake service as a kind of service; None is what its address tells."""
    return service_at(service.base_url, backend=backend, key=service.api_key)


def question(prompt: str, **fields: Any) -> Question:
    """A question as a notebook asks it."""
    given = {
        "input": ({"type": "message", "role": "user", "content": prompt},),
        "model": MODEL,
        "params": PARAMS,
        "ours": OURS,
        **fields,
    }
    return Question(prompt, **given)


@dataclass(frozen=True)
class Told:
    """How a question ended, and everything that was told on the way."""

    ended: Ended
    signals: Sequence[Signal]

    @property
    def turn(self) -> Turn:
        return self.ended.turn

    @property
    def error(self) -> str | None:
        return str(self.ended.error) if self.ended.error else None

    @property
    def notices(self) -> list[str]:
        return [signal.text for signal in self.signals if isinstance(signal, Notice)]

    @property
    def retries(self) -> int:
        return sum(isinstance(signal, Retry) for signal in self.signals)

    @property
    def tries(self) -> list[Asking]:
        return [signal for signal in self.signals if isinstance(signal, Asking)]


class Talk:
    """One kernel: its engine, its connections, its experience and one conversation."""

    def __init__(self) -> None:
        self.conversation = Conversation("main")
        self.experience = Experience()
        self._engine = Engine()
        self._pool: list[AsyncTransport] = []

    def start(
        self,
        service: FakeService | Service,
        prompt: str = "Hello",
        *,
        conversation: Conversation | None = None,
        retries: int = 2,
        **fields: Any,
    ) -> Job[Signal, Ended]:
        """Send a question."""
        joined = conversation if conversation is not None else self.conversation
        asked = question(prompt, **fields)

        async def run(session: Session, emit: Emit) -> Ended:
            return await session.run(joined, asked, emit)

        return self.submit(service, run, retries=retries)

    def submit(
        self,
        service: FakeService | Service,
        work: Callable[[Session, Emit], Awaitable[T]],
        *,
        retries: int = 2,
    ) -> Job[Signal, T]:
        """Begin any work of a session."""
        meant = at(service) if isinstance(service, FakeService) else service
        options = CallOptions(meant, RetryPolicy(retries), 20.0, {})

        async def run(emit: Emit) -> T:
            if not self._pool:
                self._pool.append(AsyncTransport())
            session = Session(meant, self._pool[0], options, self.experience)
            return await work(session, emit)

        return self._engine.submit(run)

    def do(
        self, service: FakeService | Service, work: Callable[[Session, Emit], Awaitable[T]]
    ) -> T:
        """Do any work of a session, and return what comes of it."""
        job = self.submit(service, work)
        job.rest(PATIENCE)
        assert job.done, "the work has not ended"
        return job.future.result(0)

    def again(self, service: FakeService | Service, again: Again, **fields: Any) -> Told:
        """Ask a question that was asked before, as an editing command has it."""
        asked = {"input": again.input, "replaces": again.replaces, "key": again.key, **fields}
        return self.ask(service, again.prompt, **asked)

    def ask(self, service: FakeService | Service, prompt: str = "Hello", **fields: Any) -> Told:
        """Send a question and wait for how it ends."""
        return told(self.start(service, prompt, **fields))

    def close(self) -> None:
        """Close the connections and the loop."""

        async def disconnect(emit: Callable[[Signal], None]) -> None:
            for pool in self._pool:
                await pool.close()

        self._engine.submit(disconnect).rest(PATIENCE)
        self._engine.stop()


def told(job: Job[Signal, Ended], before: Sequence[Signal] = ()) -> Told:
    """How a job ended, with the signals that were taken before and those that were not."""
    job.rest(PATIENCE)
    assert job.done, "the question has not ended"
    return Told(job.future.result(0), [*before, *job.take(0)])


def take_events(job: Job[Signal, Ended], count: int) -> list[Signal]:
    """Wait for so many events of the answer and return all signals up to then."""
    taken: list[Signal] = []
    end = time.monotonic() + PATIENCE
    while sum(isinstance(signal, StreamEvent) for signal in taken) < count:
        assert time.monotonic() < end, f"only {taken}"
        taken += job.take(0.1)
    return taken


def asked(service: FakeService) -> list[Recorded]:
    """The questions that a service got."""
    return [request for request in service.requests if request.path == "/v1/responses"]


def body(service: FakeService, number: int = -1) -> Json:
    """The body of a question that a service got."""
    found = asked(service)[number].body
    assert found is not None
    return found


def refusals(*services: FakeService) -> list[tuple[str, int]]:
    """The requests that services refused."""
    return [
        (request.path, request.status)
        for service in services
        for request in service.requests
        if request.status >= 400
    ]


def seen(service: FakeService) -> list[str]:
    """What the model saw of the messages at the last question, the roles by their first letter."""
    return lines(asked(service)[-1].context)


def kinds(items: Sequence[Json]) -> list[str]:
    """The types of items."""
    return [str(item.get("type", "message")) for item in items]


def lines(context: Sequence[Json]) -> list[str]:
    """The messages among some items, the roles by their first letter."""
    return [f"{item['role'][0]}: {words(item)}" for item in context if item.get("role")]
