"""Work beside the user's, which goes wrong without anybody noticing."""

from __future__ import annotations

import os
import threading


class Quietly:
    """
    Holds a lock, and keeps whatever goes wrong from the cell that runs.

    A forked child never waits: somebody may have held the lock when it was born, for ever.
    """

    __slots__ = ("_lock", "_process")

    def __init__(self, lock: threading.RLock) -> None:
        self._lock, self._process = lock, os.getpid()

    def __enter__(self) -> None:
        if os.getpid() == self._process:
            self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> bool:
        if os.getpid() == self._process:
            self._lock.release()
        # The user's cell and its outputs come first; an interrupt is theirs.
        return kind is not None and issubclass(kind, Exception)
