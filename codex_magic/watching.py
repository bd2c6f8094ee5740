"""Who watches a kernel's questions, wherever they are asked: a panel draws each of them, too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from typing import Protocol

from .asking import Options
from .conversation.approvals import Call, Decision
from .display.reply import Reply
from .display.screen import QuietScreen, Screen, Screens
from .following import hands

_NOBODY = "Nobody is there to approve it: the panel was closed."


class Waiting:
    """
    A call that waits for what the user says to it, wherever that is.

    Args:
        call: The call.
    """

    def __init__(self, call: Call) -> None:
        self.call = call
        self.decision: Future[Decision] = Future()

    def decide(self, decision: Decision) -> None:
        """Say something to it; what was said first holds."""
        # Two views have two buttons; the question may have been stopped.
        with suppress(InvalidStateError):
            self.decision.set_result(decision)


class Watcher(Protocol):
    """Shows all that is asked in this kernel; called on any thread."""

    def asked(self, reply: Reply, options: Options) -> Screen:
        """Return where an answer is drawn, beside where it was asked."""
        ...

    def changed(self) -> None:
        """Take note that a question has ended, however that was, or that a conversation is another."""
        ...

    def waits(self, waiting: Waiting) -> None:
        """Let the user say something to a call."""
        ...

    def settled(self, waiting: Waiting) -> None:
        """Take note that something was said to a call, or that it is not wanted any more."""
        ...


class Watchers:
    """All who watch."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._all: list[Watcher] = []
        self._asked: list[tuple[Screens, Reply, Options]] = []
        self._waiting: list[Waiting] = []

    def add(self, watcher: Watcher) -> None:
        """Let somebody watch from now on, also what is on its way already."""
        with self._lock:
            self._all.append(watcher)
            for screens, reply, options in self._asked:
                screens.add(watcher.asked(reply, options))
            for waiting in self._waiting:
                watcher.waits(waiting)

    def remove(self, watcher: Watcher) -> None:
        """Let somebody watch no more; calls that nobody sees any more are declined."""
        with self._lock:
            if watcher in self._all:
                self._all.remove(watcher)
            if not self._all:
                for waiting in self._waiting:
                    waiting.decide(Decision(False, reason=_NOBODY))

    @contextmanager
    def watched(self, screen: Screen, reply: Reply, options: Options) -> Iterator[Screen]:
        """
        A context of a question: when it ends, all who watch are told.

        It gives a screen that draws where somebody watches, beside where the question is asked.
        """
        # A thread of its own has no place where anything could be drawn.
        own = screen if hands.get() is None else QuietScreen()
        with self._lock:
            screens = Screens([own, *(one.asked(reply, options) for one in self._all)])
            known = (screens, reply, options)
            self._asked.append(known)
        try:
            yield screens
        finally:
            with self._lock:
                self._asked.remove(known)
            self.tell()

    async def decision(self, call: Call) -> Decision:
        """Return what the user says to a call, to whoever shows it; without anybody, it is declined."""
        waiting = Waiting(call)
        with self._lock:
            if not self._all:
                return Decision(False, reason=_NOBODY)
            self._waiting.append(waiting)
            for watcher in self._all:
                watcher.waits(waiting)
        try:
            return await asyncio.wrap_future(waiting.decision)
        finally:
            with self._lock:
                self._waiting.remove(waiting)
                for watcher in self._all:
                    watcher.settled(waiting)

    def tell(self) -> None:
        """Tell all who watch that a question has ended, or that a conversation is another."""
        for watcher in list(self._all):
            watcher.changed()
