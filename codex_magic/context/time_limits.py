"""A time limit for work that may hang, where the platform has one."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class _Late(BaseException):
    """The time is over; no `except Exception` on the way stops it."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """
    Do some work, for so long at most.

    The limit holds on the main thread of a POSIX system that uses no alarm itself; elsewhere
    nothing can stop Python code, and the work takes its time.

    Raises:
        TimeoutError: The work took longer.
    """
    if sys.platform == "win32" or not _alarm_is_free():
        return work()
    active = True

    def ring(_signal: int, _frame: FrameType | None) -> None:
        if active:
            raise _Late

    try:
        try:
            before = signal.signal(signal.SIGALRM, ring)
        except ValueError:
            # Not the main thread.
            return work()
        try:
            # Again and again: one that rings in a destructor or a callback is lost.
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
            return work()
        finally:
            active = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    except _Late:
        raise TimeoutError from None


def _alarm_is_free() -> bool:
    if sys.platform == "win32":
        return False
    # A handler of None was set by C code: it could not be put back.
    return signal.getitimer(signal.ITIMER_REAL)[0] == 0 and (
        signal.getsignal(signal.SIGALRM) is not None
    )
