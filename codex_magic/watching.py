"""Who watches a kernel's questions, wherever they are asked: a panel draws each of them, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from .asking import Options
from .display.reply import Reply
from .display.screen import QuietScreen, Screen, Screens
from .following import hands


class Watcher(Protocol):
    """Shows all that is asked in this kernel; called on any thread."""

    def asked(self, reply: Reply, options: Options) -> Screen:
        """Return where an answer is drawn, beside where it was asked."""
        ...

    def changed(self) -> None:
        """Take note that a question has ended, however that was."""
        ...


class Watchers:
    """All who watch."""

    def __init__(self) -> None:
        self._all: list[Watcher] = []

    def add(self, watcher: Watcher) -> None:
        """Let somebody watch from now on."""
        self._all.append(watcher)

    def remove(self, watcher: Watcher) -> None:
        """Let somebody watch no more."""
        if watcher in self._all:
            self._all.remove(watcher)

    def screen(self, screen: Screen, reply: Reply, options: Options) -> Screen:
        """Return a screen that draws where somebody watches, beside where the question is asked."""
        others = [watcher.asked(reply, options) for watcher in list(self._all)]
        # A thread of its own has no place where anything could be drawn.
        own = screen if hands.get() is None else QuietScreen()
        return Screens([own, *others]) if others else own

    @contextmanager
    def told(self) -> Iterator[None]:
        """A context of a question: when it ends, all who watch are told."""
        try:
            yield
        finally:
            self.tell()

    def tell(self) -> None:
        """Tell all who watch that a question has ended."""
        for watcher in list(self._all):
            watcher.changed()
