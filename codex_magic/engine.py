"""
One private event loop in a daemon thread: sessions run there.

Cells and panels submit, listen and cancel; they never wait inside a coroutine, so that an
interrupt reaches the main thread at once and the notebook's own event loop is left alone.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

_SLICE = 0.1
# Signals that may wait while who takes them pauses: more of them would pile up in memory.
_MANY = 500

S = TypeVar("S")
T = TypeVar("T")


class _Bell:
    """
    Wakes one who waits; a ring that nobody has waited for wakes the next one.

    It waits in C, where an interrupt comes before or after the whole of it. In an ``Event`` or a
    ``Condition``, which are Python, an interrupt can leave the lock taken: whoever rings next, here
    the loop of all questions, waits for ever.
    """

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """Wake who waits."""
        if self._rings.empty():
            self._rings.put(None)

    def wait(self, seconds: float) -> None:
        """Wait for a ring, for so long at most."""
        with suppress(Empty):
            self._rings.get(timeout=max(seconds, 0))

    def still(self) -> None:
        """Forget a ring that nobody has waited for."""
        with suppress(Empty):
            self._rings.get_nowait()


class Job(Generic[S, T]):
    """Work on the engine's loop, as the thread that submitted it sees it."""

    def __init__(self) -> None:
        self._signals: deque[S] = deque()
        self._news = _Bell()
        self._wakes = _Bell()
        self._task: asyncio.Task[T] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = False
        self.future: Future[T] = Future()

    @property
    def done(self) -> bool:
        """Whether the work has ended, and every signal of it can be taken."""
        # Not the future's own word: it takes a lock for that, as an ``Event`` does.
        return self._over

    def wait(self, timeout: float) -> None:
        """Wait at most ``timeout`` seconds for news; none of it is taken."""
        if not self._signals and not self.done:
            self._news.wait(timeout)

    def take(self, timeout: float = 0) -> list[S]:
        """Wait at most ``timeout`` seconds for news and return all signals since the last call."""
        self.wait(timeout)
        self._news.still()
        taken = []
        while self._signals:
            taken.append(self._signals.popleft())
        return taken

    def rest(self, seconds: float) -> None:
        """Wait until the work has ended, or until ``seconds`` have passed, whatever it says."""
        self._sleep(seconds, lambda: self.done)

    def pause(self, seconds: float) -> None:
        """Rest, and less long where a great deal is told: it is to be taken."""
        self._sleep(seconds, lambda: self.done or len(self._signals) >= _MANY)

    def emit(self, signal: S) -> None:
        """Tell the listener something; called on the loop."""
        self._signals.append(signal)
        self._news.ring()
        if len(self._signals) == _MANY:
            self._wakes.ring()

    def _sleep(self, seconds: float, over: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        # Slices, because on Windows nothing interrupts a lock that is waited for.
        while not over() and (left := end - time.monotonic()) > 0:
            self._wakes.wait(min(left, _SLICE))

    def cancel(self) -> None:
        """Stop the work; it may still say how it ended."""
        if self._loop is None or self.done:
            return
        try:
            self._loop.call_soon_threadsafe(self._cancel_task)
        except RuntimeError:
            # The loop is closed, and so is all work on it.
            pass

    def _cancel_task(self) -> None:
        if self._task is not None and self._loop is not None:
            # Not before its first step: work that has not begun could not say how it ended.
            self._loop.call_soon(self._task.cancel)

    def _start(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        # The job keeps the task, and the engine the job: the loop itself holds tasks weakly.
        self._task = loop.create_task(work)
        self._task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.future.cancel()
        elif (error := task.exception()) is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(task.result())
        self._over = True
        self._wakes.ring()
        self._news.ring()


class Engine:
    """The loop and its thread, begun at the first use and again after a fork."""

    def __init__(self, name: str = "codex-engine") -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._lock = threading.Lock()
        self._jobs: set[Job[Any, Any]] = set()

    def submit(self, work: Callable[[Callable[[S], None]], Coroutine[Any, Any, T]]) -> Job[S, T]:
        """Run a coroutine on the loop; it is made from a function that tells the job's listener."""
        loop = self._running()
        job: Job[S, T] = Job()
        job._loop = loop
        jobs = self._jobs
        jobs.add(job)
        job.future.add_done_callback(lambda future: jobs.discard(job))
        loop.call_soon_threadsafe(lambda: job._start(loop, work(job.emit)))
        return job

    def cancel(self, seconds: float) -> None:
        """Stop all that runs, and wait at most so long for each to say how it ended."""
        jobs = list(self._jobs) if self._pid == os.getpid() else []
        for job in jobs:
            job.cancel()
        for job in jobs:
            job.rest(seconds)

    def stop(self) -> None:
        """End the loop; what runs on it is cancelled."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None and self._pid == os.getpid():
            loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            # A forked child has the loop, but not the thread that runs it.
            if self._loop is None or self._pid != os.getpid():
                self._loop = asyncio.new_event_loop()
                self._pid, self._jobs = os.getpid(), set()
                threading.Thread(
                    target=_serve, args=(self._loop,), name=self._name, daemon=True
                ).start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        # What was submitted just before the end begins, so that it can say how it ended.
        loop.run_until_complete(asyncio.sleep(0))
        while tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
