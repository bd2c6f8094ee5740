"""
What the interrupt button does while a question runs: it is heard once, and where that is safe.

An interrupt is an exception that may come between any two instructions. One that hits the kernel
while it sends an output breaks more than a cell: in Python 3.11 and 3.12 it can make a living
thread count as dead (``Thread.is_alive``), and two threads then write to one socket. So it is
only let through where we wait, and remembered everywhere else.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Seconds after an interrupt in which another one is the same impatient user.
_SAME = 0.5
# Seconds after which one comes again that hit what only begins a cell.
_AGAIN = 0.02
_DYING = (weakref.__file__, weakref.WeakSet.__init__.__code__.co_filename)
_IMPORTING = "<frozen importlib._bootstrap>"
_OURS = os.path.dirname(__file__) + os.sep


class Interrupts:
    """
    A context in which interrupts come only inside ``listening()``.

    On a thread that no interrupt reaches, or where somebody else handles them in a way that Python
    cannot put back, it changes nothing.
    """

    def __init__(self) -> None:
        self._heard = 0.0
        self._listening = False
        # What handled interrupts before; and what did so before an earlier context, if that does.
        self._found: Any = None
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            found = signal.getsignal(signal.SIGINT)
            if callable(found):
                self._found, self._before = found, _own(found)
                signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is None:
            return
        # The cell is about to fail of the interrupt: until its end, another one is no news.
        after, self._found = self._calm if self._heard else self._found, None
        signal.signal(signal.SIGINT, after)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let an interrupt through as a ``KeyboardInterrupt``; also one that came before."""
        self._listening = True
        try:
            if self._heard:
                raise KeyboardInterrupt
            yield
        finally:
            self._listening = False

    def interrupt(self) -> None:
        """Interrupt what the main thread does, from another one, if interrupts reach it."""
        if self._before is None:
            return
        _interrupt_main()

    def forget(self) -> None:
        """Take what was heard as an interrupt that no user sent."""
        self._heard = 0.0

    def _hear(self, number: int, frame: object) -> None:
        before, self._heard = self._heard, time.monotonic()
        # The user's code may have swallowed the first one.
        if self._listening and self._heard - before > _SAME and not _is_deaf(frame):
            raise KeyboardInterrupt

    def _calm(self, number: int, frame: object) -> None:
        """Take what comes just after an interrupt as the same one; then stand aside."""
        if time.monotonic() - self._heard > _SAME:
            signal.signal(signal.SIGINT, self._before)
            self._before(number, frame)


def come_again() -> None:
    """
    Let an interrupt come a moment later: IPython takes one in a callback for the callback's error.

    The cell that it was meant for would begin, and run to its end.
    """
    timer = threading.Timer(_AGAIN, _interrupt_main)
    timer.daemon = True
    timer.start()


def _interrupt_main() -> None:
    if hasattr(signal, "pthread_kill"):
        # Unlike a simulated interrupt, it also ends a wait inside the system.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _is_deaf(frame: Any) -> bool:
    """
    Whether an interrupt would do harm where Python is, and is to come a moment later.

    In what runs when an object dies, it would only be printed. In an import of ours it would leave
    half a module, and in Python 3.11 a lock that every thread waits for that needs the module.
    """
    if frame is not None and frame.f_code.co_filename in _DYING:
        return True
    while frame is not None:
        importing, frame = frame.f_code.co_filename == _IMPORTING, frame.f_back
        if importing and frame is not None and frame.f_code.co_filename.startswith(_OURS):
            return True
    return False


def _own(handler: Any) -> Any:
    """Return what handled interrupts before an earlier context, which still takes a late one."""
    while getattr(handler, "__func__", None) is Interrupts._calm:
        handler = handler.__self__._before
    return handler
