"""
What is written down while conversations go on: no caller waits for the disk unless it asks to.

One thread writes, in the order in which things happened. What could not be written is written
with the next thing that can be.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from .store import Store
from .turns import Change, Conversation, Recorded, Removed, Turn

Step = Callable[[], None]

# Seconds without anything to write after which the thread ends.
_IDLE = 5.0


class Journal:
    """
    Keeps what happens in conversations; any thread may call it, an event loop's, too.

    Args:
        store: Where it is kept.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        # Taken by itself: the condition does so in Python, where an interrupt can leave it taken.
        self._lock = threading.RLock()
        self._news = threading.Condition(self._lock)
        self._steps: deque[Step] = deque()
        self._growing: dict[str, str] = {}
        self._busy = False
        self._thread: threading.Thread | None = None
        # By id, the conversations that are listened to; those in ``_behind`` with turns that they had.
        self._known: dict[str, Conversation] = {}
        self._behind: dict[str, set[str]] = {}
        self._begun = 0

    def listen(self, conversation: Conversation) -> None:
        """Keep every change of a conversation from now on."""
        conversation.on_change = partial(self._changed, conversation)
        self._put(partial(self._know, conversation))

    def keep(self, conversation: Conversation) -> None:
        """Keep what a conversation is: its name, instructions, notebook, link and state."""
        self._put(partial(self._keep, conversation, partial(self.store.keep, conversation), ()))

    def save(self, conversation: Conversation) -> None:
        """Keep a whole conversation that came from elsewhere, and every change of it."""
        self.listen(conversation)
        self._put(partial(self._keep, conversation, partial(self.store.save, conversation), ()))

    def delete(self, conversation: Conversation) -> None:
        """Forget a conversation, here and on the disk."""
        conversation.on_change = None
        self._put(partial(self._delete, conversation))

    def begin(self, conversation: Conversation, turn: Turn) -> None:
        """Keep a question that goes out now; its id is that of the turn to be recorded."""
        self._put(
            partial(self._keep, conversation, partial(self.store.begin, conversation, turn), ())
        )

    def grow(self, turn_id: str, text: str) -> None:
        """Keep all words that an answer has so far; only the newest are written."""
        self._ours()
        with self._lock:
            waits = turn_id in self._growing
            self._growing[turn_id] = text
        if not waits:
            self._put(partial(self._grow, turn_id))

    def settle(self, timeout: float) -> bool:
        """
        Wait until all that happened before is durable; return whether it is.

        Args:
            timeout: Seconds to wait at most; then it is written as soon as it can be.
        """
        self._put(self._catch_up)
        end = time.monotonic() + timeout
        with self._lock:
            while (self._steps or self._busy) and (left := end - time.monotonic()) > 0:
                # In slices: on Windows nothing interrupts a lock that is waited for.
                self._news.wait(min(left, 0.1))
            return not (self._steps or self._busy or self._behind)

    def _changed(self, conversation: Conversation, change: Change) -> None:
        self._put(partial(self._apply, conversation, change))

    def _put(self, step: Step) -> None:
        self._ours()
        with self._lock:
            self._steps.append(step)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._write, name="codex-magic-journal", daemon=True
                )
                self._thread.start()
            self._news.notify_all()

    def _ours(self) -> None:
        # A forked child has no such thread, and what its parent does is not its own to keep.
        if self._process != os.getpid():
            self._forget()

    def _write(self) -> None:
        while True:
            with self._lock:
                self._busy = False
                self._news.notify_all()
                if not self._steps and not self._news.wait_for(lambda: self._steps, _IDLE):
                    self._thread = None
                    return
                step = self._steps.popleft()
                self._busy = True
            try:
                step()
            except Exception as error:
                # A mistake of ours must not keep what follows from the disk.
                self.store.complain(f"What is said may not be kept on disk ({error!r}).")

    def _know(self, conversation: Conversation) -> None:
        self._known[conversation.id] = conversation

    def _delete(self, conversation: Conversation) -> None:
        self._known.pop(conversation.id, None)
        self._behind.pop(conversation.id, None)
        self.store.delete(conversation.id)

    def _grow(self, turn_id: str) -> None:
        with self._lock:
            text = self._growing.pop(turn_id)
        self.store.grow(turn_id, text)

    def _apply(self, conversation: Conversation, change: Change) -> None:
        if isinstance(change, Recorded) and not _has(conversation, change.turn):
            # It was taken back before it was written; that it was may have come first.
            change = Removed((change.turn.id, *change.replaced))
        gone = change.replaced if isinstance(change, Recorded) else ()
        gone = change.turn_ids if isinstance(change, Removed) else gone
        self._keep(conversation, partial(self.store.apply, conversation, change), gone)

    def _keep(
        self, conversation: Conversation, write: Callable[[], bool], gone: tuple[str, ...]
    ) -> None:
        self._catch_up()
        if conversation.id in self._behind or not write():
            self._behind.setdefault(conversation.id, set()).update(gone)
            self._know(conversation)
        elif self._begun != self.store.begun:
            self._catch_up()

    def _catch_up(self) -> None:
        """Write conversations whole that were not written, or were in a file that was lost."""
        if self._begun not in (0, self.store.begun):
            for known in self._known:
                self._behind.setdefault(known, set())
        for known, gone in list(self._behind.items()):
            if self.store.save(self._known[known], gone):
                del self._behind[known]
        self._begun = self.store.begun


def _has(conversation: Conversation, turn: Turn) -> bool:
    return any(kept.id == turn.id for kept in reversed(conversation.turns))
