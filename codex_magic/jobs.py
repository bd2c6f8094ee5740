"""Questions that are answered in the background: followed from here, made by the service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .api.events import ResponseCreatedEvent
from .conversation.session import Ended, Signal
from .conversation.turns import Conversation
from .display.line import Line
from .display.progress import DOT, short
from .display.reply import Reply, is_notebook
from .engine import Job
from .errors import CodexError, ConfigError
from .following import FAREWELL, PATIENCE
from .interrupts import Interrupts
from .services import Choice

# Seconds between two times that a line says how it goes, and its longest.
_OFTEN, _SELDOM = 1.0, 5.0


class BackgroundJob:
    """
    One question that the service works on, as this kernel follows it.

    Args:
        number: What ``%codex cancel`` calls it by.
        job: The question on its way.
        reply: What takes the answer.
        conversation: Where its place is kept.
        choice: Who answers.
        shell: The shell, or None outside of one.
    """

    def __init__(
        self,
        number: int,
        job: Job[Signal, Ended],
        reply: Reply,
        conversation: Conversation,
        choice: Choice,
        shell: Any,
    ) -> None:
        self.number, self.choice = number, choice
        self.reply, self.conversation = reply, conversation
        self.response_id = ""
        self._job = job
        self._began = time.monotonic()
        self._ended = False
        self._lock = threading.Lock()
        self._line = Line(shell) if is_notebook(shell) else None

    @property
    def done(self) -> bool:
        """Whether it has come to its end, and the reply has all of it."""
        self._refresh()
        return self._ended

    @property
    def words(self) -> str:
        """How it stands, in one line."""
        reply = self.reply
        stage = reply.stage if not self._ended else reply.status
        said = f"{short(len(reply.text))} characters" if reply.text else ""
        seconds = f"{reply.seconds if self._ended else time.monotonic() - self._began:.0f} s"
        return DOT.join(filter(None, [reply.model, stage, said, seconds]))

    def begin(self, interrupts: Interrupts) -> None:
        """Wait until the service has taken it, and say so below the cell."""
        try:
            while not (self._job.done or self.response_id):
                with interrupts.listening():
                    self._job.wait(PATIENCE)
                self._refresh()
        except KeyboardInterrupt:
            self._job.cancel()
            self._job.rest(FAREWELL)
            self._refresh()
            raise
        self._refresh()
        # What the service took is a job, however soon it failed: its line says so.
        if not self.response_id and self.reply.error is not None:
            raise self.reply.error

    def draw(self) -> None:
        """Say below its cell how it stands, or show the answer there."""
        done = self.done
        if self._line is None:
            return
        if done and self.reply.error is None:
            self._line.show(self.reply.mime_bundle(), self.reply.metadata())
        elif done:
            self._line.say(f"{self.words}{DOT}{self.reply.error}")
        else:
            more = f"%codex jobs, %codex cancel {self.number}"
            self._line.say(f"In the background{DOT}{self.words}{DOT}{more}", busy=True)

    def pause(self) -> float:
        """Return the seconds until the line is worth another look."""
        return min(_OFTEN + (time.monotonic() - self._began) / 30, _SELDOM)

    def leave(self) -> None:
        """Follow it no longer; the service goes on."""
        self._job.cancel()

    def wait(self, seconds: float) -> None:
        """Wait for its end, at most so long."""
        self._job.rest(seconds)

    def _refresh(self) -> bool:
        """Take what it told; any thread may. Return whether it has ended."""
        with self._lock:
            if self._ended:
                return True
            done = self._job.done
            for signal in self._job.take():
                if isinstance(signal, ResponseCreatedEvent):
                    self.response_id = signal.response.id
                self.reply.apply(signal)
            if done:
                self._end()
            return done

    def _end(self) -> None:
        self._ended = True
        try:
            self.reply.apply(self._job.future.result())
        except BaseException as error:
            # It is told by whoever looks at it: there is no cell that could fail.
            self.reply.error = error if isinstance(error, CodexError) else CodexError(repr(error))


class Jobs:
    """The questions of this kernel that were asked in the background."""

    def __init__(self) -> None:
        self.all: list[BackgroundJob] = []

    def add(self, made: Callable[[int], BackgroundJob]) -> BackgroundJob:
        """Follow another one."""
        job = made(len(self.all) + 1)
        self.all.append(job)
        return job

    def named(self, name: str) -> BackgroundJob | None:
        """
        Return the job of a number or a response's id, or the only one that runs; None for no such.

        Raises:
            ConfigError: Several run, and none is named.
        """
        if name:
            return next((j for j in self.all if name in (str(j.number), j.response_id)), None)
        running = [job for job in self.all if not job.done]
        if len(running) > 1:
            numbers = ", ".join(str(job.number) for job in running)
            raise ConfigError(f"%codex cancel ID: {len(running)} are running: {numbers}.")
        return running[0] if running else None
