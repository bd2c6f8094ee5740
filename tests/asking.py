"""What the tests of the assistant share."""

from __future__ import annotations

from collections.abc import Callable

from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.conversation.turns import State
from codex_magic.display.reply import Reply
from codex_magic.display.screen import QuietScreen
from tests.fake_service import FakeService
from tests.fake_service.errors import Json
from tests.fake_service.summary import words

MODEL = "gpt-5.6-terra"
STATES: tuple[State, ...] = ("stateless", "previous_response_id", "conversation")


def ask(assistant: Assistant, prompt: str = "Hello", **options: object) -> Reply:
    """Ask, and show nothing."""
    return assistant.ask(prompt, Options(**options), QuietScreen())  # type: ignore[arg-type]


def sent(service: FakeService) -> list[Json]:
    """The bodies of the questions that a service got."""
    return [r.body for r in service.requests if r.path == "/v1/responses" and r.body]


def users(service: FakeService) -> list[str]:
    """What the model saw of the user at the last question."""
    return [words(item) for item in service.requests[-1].context if item.get("role") == "user"]


class Stopping(QuietScreen):
    """A user who presses the interrupt button when something has happened."""

    def __init__(self, moment: Callable[[Reply], bool]) -> None:
        self.moment = moment
        self.finished: list[str] = []

    def draw(self, reply: Reply) -> None:
        if self.moment(reply):
            raise KeyboardInterrupt

    def finish(self, reply: Reply) -> None:
        self.finished.append(reply.text)
