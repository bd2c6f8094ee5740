"""Seconds in which this process got to run: a busy machine is not a hang."""

from __future__ import annotations

import threading
import time

_BEAT = 0.02
NAME = "pulse"


class Pulse:
    """
    A clock that stands while the machine has no time for this process.

    It counts beats of a thread that sleeps; where the process itself computes, so that the thread
    does not come to beat, its own time counts.
    """

    def __init__(self) -> None:
        self._beats = 0.0
        self._thread = threading.Thread(target=self._beat, name=NAME, daemon=True)
        self._thread.start()

    def now(self) -> tuple[float, float]:
        """Return what ``since`` takes."""
        return self._beats, time.process_time()

    def since(self, then: tuple[float, float]) -> float:
        """Return the seconds from then."""
        beats, computed = self.now()
        return max(beats - then[0], computed - then[1])

    def _beat(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(_BEAT)
            now = time.monotonic()
            # Who sleeps longer than twice as long was not let run.
            self._beats += min(now - last, 2 * _BEAT)
            last = now
