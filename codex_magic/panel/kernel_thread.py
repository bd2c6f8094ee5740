"""Where the user's functions and objects belong: the kernel's main thread, when it is free."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_SLICE = 0.1


class KernelThread:
    """
    The thread that runs cells.

    Args:
        shell: The IPython shell. Where it is no kernel's, all is done on the thread that asks.
    """

    def __init__(self, shell: Any) -> None:
        self._loop = getattr(getattr(shell, "kernel", None), "io_loop", None)

    def post(self, work: Callable[[], object]) -> None:
        """Have work done when no cell runs; do not wait for it."""
        if self._is_here():
            work()
        else:
            assert self._loop is not None
            self._loop.add_callback(work)

    def call(self, work: Callable[[], T], stopped: Callable[[], bool]) -> T:
        """
        Return what work comes to, done when no cell runs.

        Raises:
            KeyboardInterrupt: It is not wanted any more.
        """
        done: Future[T] = Future()

        def run() -> None:
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(work())
                # Whoever waits is told, whatever it is.
                except BaseException as error:
                    done.set_exception(error)

        self.post(run)
        while True:
            try:
                return done.result(_SLICE)
            except TimeoutError:
                if done.done():
                    raise
                if stopped() and done.cancel():
                    raise KeyboardInterrupt from None

    def _is_here(self) -> bool:
        return self._loop is None or threading.current_thread() is threading.main_thread()
