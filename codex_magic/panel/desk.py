"""Asks the panel's questions, each on a thread of its own, so that cells and clicks go on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from ..conversation.approvals import Approve, Call, Decision
from ..conversation.errands import Errand
from ..conversation.session import Ended, Signal
from ..engine import Job
from ..errors import AnswerInterrupted, CodexError
from ..following import hands
from ..interrupts import Interrupts
from .kernel_thread import KernelThread

T = TypeVar("T")


class PanelHands:
    """
    Serves one question of the panel.

    Args:
        kernel: Where the user's functions run.
        approve: Asks the user about a call.
        waits: Whether what goes along is looked at where the user's objects belong.
    """

    def __init__(self, kernel: KernelThread, approve: Approve, *, waits: bool) -> None:
        self._approve = approve
        self.stopped = False
        self._kernel = kernel
        self._waits = waits
        self._job: Job[Signal, Ended] | None = None

    async def approve(self, call: Call) -> Decision:
        """Return what the user says to a call."""
        return await self._approve(call)

    def gather(self, work: Callable[[], T]) -> T:
        """Return what work comes to; where a cell runs, and it matters, after that."""
        return self._kernel.call(work, lambda: self.stopped) if self._waits else work()

    def begun(self, job: Job[Signal, Ended]) -> None:
        """Take note of the question; one that was stopped already ends here."""
        self._job = job
        if self.stopped:
            job.cancel()

    def serve(self, errand: Errand[Any]) -> None:
        """Have an errand run when no cell does."""
        self._kernel.post(lambda: self._run(errand))

    def stop(self) -> None:
        """End the question."""
        self.stopped = True
        if self._job is not None:
            self._job.cancel()

    def _run(self, errand: Errand[Any]) -> None:
        with Interrupts() as interrupts:
            try:
                errand.run(interrupts)
            except KeyboardInterrupt:
                # The kernel's interrupt button is a Stop, too.
                self.stop()


class Desk:
    """
    What the panel works on.

    Args:
        kernel: Where the user's functions run.
        approve: Asks the user about a call.
        failed: Is called with what cannot be shown as an answer.
        changed: Is called when work begins and when it has ended.
    """

    def __init__(
        self,
        kernel: KernelThread,
        approve: Approve,
        failed: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._kernel, self._approve = kernel, approve
        self._failed, self._changed = failed, changed
        self._lock = threading.Lock()
        self._working: list[PanelHands] = []

    @property
    def busy(self) -> bool:
        """Whether anything is being done."""
        return bool(self._working)

    def begin(self, work: Callable[[], object], *, waits: bool, tells: bool = False) -> None:
        """
        Do work that may ask questions, on a thread of its own.

        Args:
            work: What is done.
            waits: Whether its questions may name what belongs to the user.
            tells: Whether its errors are shown here: those of a question are shown with it.
        """
        serving = PanelHands(self._kernel, self._approve, waits=waits)
        with self._lock:
            self._working.append(serving)
        thread = threading.Thread(
            target=self._work, args=(work, serving, tells), name="codex-panel", daemon=True
        )
        self._changed()
        thread.start()

    def stop(self) -> None:
        """End all that is being done."""
        for serving in list(self._working):
            serving.stop()

    def _work(self, work: Callable[[], object], serving: PanelHands, tells: bool) -> None:
        hands.set(serving)
        try:
            work()
        except CodexError as error:
            if tells:
                self._failed(str(error))
        except (AnswerInterrupted, KeyboardInterrupt):
            # It is on the screen that it was stopped.
            pass
        finally:
            with self._lock:
                self._working.remove(serving)
            self._changed()
