"""A question on its way, as the panel draws it: what is closed of an answer is not sent again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..display.markdown import GrowingMarkdown
from ..display.page import opening_html
from ..display.reply import Reply
from ..display.waiting import progress_html
from .messages import question_html
from .widgets import Shared

# Seconds between two drawings: in the beginning, and when an answer takes its time.
_QUICK, _STEADY, _THINKING = 0.1, 0.25, 1.0
_BEGINNING = 3.0
# A chunk of this many characters is closed at the next block.
_CHUNK = 1_000
# Seconds without a word after which a line says so.
_SILENCE = 1.5


class GrowingTurn:
    """
    A question, what goes on, and the words that came so far.

    Args:
        shared: Makes the widgets.
        reply: The answer; its prompt is the question.
        finished: Is called with the reply when it stays as it is.
    """

    def __init__(self, shared: Shared, reply: Reply, finished: Callable[[Reply], None]) -> None:
        self._shared, self._finished = shared, finished
        self._question = shared.html(question_html(reply.prompt))
        self._above = shared.html("", "codex-progress")
        self._settled = shared.html("", "codex-answer", typeset=False)
        self._open = shared.html("", "codex-answer", typeset=False)
        self._closed: list[Any] = []
        self._growing = GrowingMarkdown()
        self._position = 0
        self._due = 0.0
        self._began = self._spoke = time.monotonic()
        self.stopped = self.closed = False
        self.widget = shared.rows((), "codex-turn", "codex-growing")
        self._arrange()

    def draw(self, reply: Reply) -> None:
        """
        Show what is new, if it is time to.

        Raises:
            KeyboardInterrupt: The user pressed Stop.
        """
        if self.closed:
            return
        if self.stopped:
            raise KeyboardInterrupt
        now = time.monotonic()
        if now < self._due:
            return
        fresh, self._position = reply.text_after(self._position)
        if fresh:
            self._spoke = now
            self._grow(reply, fresh)
        else:
            self._wait(reply, now - self._spoke)
        beginning = now - self._began < _BEGINNING
        pause = _QUICK if beginning else _STEADY
        self._due = time.monotonic() + (pause if reply.text else max(pause, _THINKING * 0.3))

    def pause(self) -> float:
        """Return the seconds in which nothing is to be drawn, whatever comes."""
        return min(_QUICK, max(0.0, self._due - time.monotonic()))

    def finish(self, reply: Reply) -> None:
        """Give the place to the turn as it stays."""
        if not self.closed:
            self._finished(reply)

    def _grow(self, reply: Reply, fresh: str) -> None:
        growing = self._growing
        _set(self._above, opening_html(reply))
        growing.feed(fresh)
        growing.advance()
        if growing.settled_chars >= _CHUNK:
            self._closed.append(self._shared.html(growing.freeze(), "codex-answer"))
            self._settled.value = ""
            self._arrange()
        _set(self._settled, growing.settled_html)
        _set(self._open, growing.open_html())

    def _wait(self, reply: Reply, silence: float) -> None:
        if not reply.text:
            _set(self._above, progress_html(reply, silence))
        elif silence > _SILENCE:
            line = progress_html(reply, float(int(silence)))
            _set(self._open, self._growing.open_html() + line)

    def _arrange(self) -> None:
        parts = [self._question, self._above, *self._closed, self._settled, self._open]
        self.widget.children = parts


def _set(widget: Any, value: str) -> None:
    if widget.value != value:
        widget.value = value
