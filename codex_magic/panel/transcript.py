"""What was said in a conversation, a widget for each turn; early turns wait until they are wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..conversation.turns import Conversation, Turn
from ..display.reply import Reply
from ..records import dataclass
from .growing import GrowingTurn
from .messages import failed_html, turn_html
from .widgets import Shared

# Turns that are drawn at once; the others come when they are asked for.
_SHOWN = 25


@dataclass(slots=True)
class _Note:
    """Something that is no turn: a command's words, or a question that was not asked."""

    widget: Any
    after: str


class Transcript:
    """
    The turns of a conversation, and the questions that are on their way.

    Args:
        shared: Makes the widgets.
        reply_of: Returns the answer of a turn.
    """

    def __init__(self, shared: Shared, reply_of: Callable[[Turn], Reply]) -> None:
        self._shared, self._reply_of = shared, reply_of
        self._lock = threading.RLock()
        self._drawn: dict[tuple[Any, ...], Any] = {}
        self._growing: list[GrowingTurn] = []
        self._notes: list[_Note] = []
        self._turns: tuple[Turn, ...] = ()
        self._conversation = ""
        self._most = _SHOWN
        self._closed = False
        hint = "Show turns that were said before these"
        self._earlier = shared.button("", self._show_earlier, "codex-earlier", hint=hint)
        self.widget = shared.rows((), "codex-transcript")

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not (self._turns or self._growing or self._notes)

    @property
    def growing(self) -> list[GrowingTurn]:
        """The questions that are on their way."""
        return list(self._growing)

    def show(self, conversation: Conversation) -> None:
        """Show a conversation as it is."""
        with self._lock:
            if conversation.id != self._conversation:
                self._conversation, self._most = conversation.id, _SHOWN
                self._notes = []
            self._turns = conversation.turns
            if not self._closed:
                self._arrange()

    def begin(self, reply: Reply, *, of_cell: bool = False) -> GrowingTurn:
        """Show a question that is on its way, and whether a cell waits for its answer."""
        with self._lock:
            growing = GrowingTurn(self._shared, reply, lambda reply: self._end(growing, reply))
            if of_cell:
                growing.widget.add_class("codex-of-cell")
            self._growing.append(growing)
            self._arrange()
            return growing

    def note(self, html: str) -> None:
        """Show something that is no turn, below what is there."""
        with self._lock:
            if self._closed:
                return
            last = self._turns[-1].id if self._turns else ""
            self._notes.append(_Note(self._shared.html(html), last))
            self._arrange()

    def close(self) -> None:
        """Draw no more; what is on its way goes on without being seen here."""
        with self._lock:
            self._closed = True
            for growing in self._growing:
                growing.closed = True
            # It may be none of the children.
            self._shared.close(self._earlier)

    def _end(self, growing: GrowingTurn, reply: Reply) -> None:
        with self._lock:
            if growing in self._growing:
                self._growing.remove(growing)
            if reply.turn is None and reply.error is not None:
                self.note(failed_html(reply.prompt, str(reply.error)))

    def _show_earlier(self) -> None:
        with self._lock:
            self._most += 2 * _SHOWN
            self._arrange()

    def _arrange(self) -> None:
        first = max(0, len(self._turns) - self._most)
        shown = list(enumerate(self._turns, start=1))[first:]
        drawn = {
            (number, turn.id, turn.hidden, turn.pinned, turn.status): (number, turn)
            for number, turn in shown
        }
        self._drawn = {
            key: self._drawn.get(key) or self._widget(*turn) for key, turn in drawn.items()
        }
        children: list[Any] = []
        if first:
            self._earlier.description = f"Show earlier turns ({first})"
            children.append(self._earlier)
        children += self._with_notes(shown)
        children += [growing.widget for growing in self._growing]
        self._shared.put(self.widget, children, keeping=(self._earlier,))

    def _with_notes(self, shown: Sequence[tuple[int, Turn]]) -> list[Any]:
        widgets: list[Any] = []
        left = list(self._notes)
        for (_, turn), widget in zip(shown, self._drawn.values(), strict=True):
            widgets.append(widget)
            widgets += [note.widget for note in left if note.after == turn.id]
            left = [note for note in left if note.after != turn.id]
        # What stood below a turn that is gone stands below all.
        return [*widgets, *(note.widget for note in left)]

    def _widget(self, number: int, turn: Turn) -> Any:
        return self._shared.html(turn_html(number, turn, self._reply_of(turn)))
