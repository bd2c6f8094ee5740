"""Something that the thread which asks does for a question, while the question waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Stopping(Protocol):
    """What lets interrupts through while an errand runs, and can send one itself."""

    def listening(self) -> AbstractContextManager[None]:
        """Let interrupts through."""
        ...

    def interrupt(self) -> None:
        """Interrupt what runs, from another thread."""
        ...

    def forget(self) -> None:
        """Take an interrupt as one that no user sent."""
        ...


class Errand(Generic[T]):
    """
    Work that a question on the engine's loop leaves to the thread that asked it.

    Args:
        stage: What goes on meanwhile, in words.
        work: What is done; what it raises, but an interrupt, is raised in the question.
    """

    def __init__(self, stage: str, work: Callable[[], T]) -> None:
        self.stage = stage
        self._work = work
        self._future: Future[T] = Future()
        self._lock = threading.Lock()
        self._given_up = False
        self._stopping: Stopping | None = None

    async def result(self) -> T:
        """Return what the work comes to; where the wait is cancelled, the work is stopped."""
        try:
            return await asyncio.wrap_future(self._future)
        except asyncio.CancelledError:
            with self._lock:
                self._given_up = True
                if self._stopping is not None:
                    self._stopping.interrupt()
            raise

    def run(self, stopping: Stopping | None = None) -> None:
        """
        Do the work, on the thread that asked.

        Raises:
            KeyboardInterrupt: The user interrupted it.
        """
        with self._lock:
            if self._given_up or not self._future.set_running_or_notify_cancel():
                return
            self._stopping = stopping
        try:
            with stopping.listening() if stopping else nullcontext():
                found = self._work()
        except KeyboardInterrupt:
            if not self._ended():
                raise
        except Exception as error:
            self._ended()
            self._future.set_exception(error)
        else:
            self._ended()
            self._future.set_result(found)

    def _ended(self) -> bool:
        """Note that nothing runs any more; return whether nobody waits for it."""
        with self._lock:
            stopping, self._stopping = self._stopping, None
        if self._given_up and stopping is not None:
            # The interrupt was ours: it may have come just after the end.
            stopping.forget()
        return self._given_up
