"""A question on its way, followed on the thread that asked: drawn, served and ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from .conversation.approvals import Call, Decision
from .conversation.errands import Errand
from .conversation.session import Ended, Signal
from .display.reply import Reply
from .display.screen import Screen
from .engine import Job
from .errors import AnswerInterrupted, APIError, AuthError, CodexError
from .interrupts import Interrupts

T = TypeVar("T")
# Seconds that a cancelled question may take to say how it ended.
FAREWELL = 2.0
PATIENCE = 0.1
_LOGIN = "To type another key: %codex login."
_KEPT = "What arrived is kept in the conversation."
# Seconds between two times that the words of a growing answer are put on disk.
_KEPT_EVERY = 0.5


class Hands(Protocol):
    """Serves questions that are asked on a thread where nobody is, as those of the panel are."""

    async def approve(self, call: Call) -> Decision:
        """Return what the user says to a call."""
        ...

    def gather(self, work: Callable[[], T]) -> T:
        """Return what work comes to that looks at the user's objects, done where they belong."""
        ...

    def begun(self, job: Job[Signal, Ended]) -> None:
        """Take note of a question that is on its way; cancelling the job stops it."""
        ...

    def serve(self, errand: Errand[Any]) -> None:
        """See to it that an errand is run where the user's functions belong; do not wait for it."""
        ...


# Whoever serves the questions of this thread; None where the thread does so itself, as in a cell.
hands: ContextVar[Hands | None] = ContextVar("codex_magic_hands", default=None)


def follow(
    job: Job[Signal, Ended],
    reply: Reply,
    screen: Screen,
    interrupts: Interrupts,
    grow: Callable[[str, str], object],
) -> None:
    """
    Draw what a job tells until it has ended, and run its errands; an interrupt ends it.

    Args:
        job: The question on its way.
        reply: What takes the answer.
        screen: Where it is drawn.
        interrupts: Lets interrupts through.
        grow: Keeps the words of a turn on disk, now and then.
    """
    kept, helping = time.monotonic(), hands.get()
    try:
        while True:
            done = job.done
            with interrupts.listening():
                job.wait(PATIENCE)
            errands = applied(job, reply)
            if done:
                break
            screen.draw(reply)
            for errand in errands:
                if helping is None:
                    errand.run(interrupts)
                else:
                    helping.serve(errand)
            # What is shown now is not looked at again before the pause is over.
            if time.monotonic() + screen.pause() - kept > _KEPT_EVERY:
                grow(reply.turn_id, reply.text)
                kept = time.monotonic()
            with interrupts.listening():
                job.pause(screen.pause())
    except KeyboardInterrupt:
        job.cancel()
        job.rest(FAREWELL)
        applied(job, reply)
        if job.done:
            reply.apply(job.future.result())
        raise
    # An error that is none of the API is a mistake of ours, or of the settings.
    reply.apply(job.future.result())


def applied(job: Job[Signal, Ended], reply: Reply) -> list[Errand[Any]]:
    """Tell a reply all that a job told; return what is to be done for it on this thread."""
    errands: list[Errand[Any]] = []
    for signal in job.take():
        reply.apply(signal)
        if isinstance(signal, Errand):
            errands.append(signal)
    return errands


@contextmanager
def shown(reply: Reply, screen: Screen) -> Iterator[None]:
    """See to it that what arrived stays on the screen, however a question ends."""
    try:
        yield
    except KeyboardInterrupt:
        reply.status = "interrupted"
        screen.finish(reply)
        kept = _KEPT if reply.text else "Nothing had arrived."
        raise AnswerInterrupted(f"the answer was stopped. {kept}", reply=reply) from None
    except BaseException as error:
        reply.error = error if isinstance(error, CodexError) else CodexError(repr(error))
        screen.finish(reply)
        raise
    screen.finish(reply)


def checked(reply: Reply) -> Reply:
    """Return a reply that has an answer; raise the error of one that has none, or half of one."""
    if reply.error is not None:
        if reply.status == "interrupted" and isinstance(reply.error, APIError):
            reply.error.message = _with(reply.error.message, _KEPT)
        raise advised(reply.error)
    return reply


def advised(error: CodexError) -> CodexError:
    """Return an error; that of a wrong key says how to type another one."""
    if isinstance(error, AuthError) and error.status_code == 401:
        error.message = _with(error.message, _LOGIN)
    return error


def _with(message: str, sentence: str) -> str:
    """
    Return a message with one more sentence.

    >>> _with("It broke off: reset", "Ask again.")
    'It broke off: reset. Ask again.'
    """
    end = "" if message.endswith((".", "!", "?", "…")) else "."
    return f"{message}{end} {sentence}"
