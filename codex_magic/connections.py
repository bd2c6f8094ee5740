"""The loop on which questions are asked, and the connections that they share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from .api.transport import AsyncTransport
from .conversation.session import Signal
from .engine import Engine, Job
from .errors import AnswerInterrupted
from .following import FAREWELL, PATIENCE

if TYPE_CHECKING:
    from .api.auth import Service
    from .api.probing import Probes

_LARGEST_DOWNLOAD = 50_000_000

T = TypeVar("T")
# Work on the loop: it is given what tells the thread that submitted it.
Work = Callable[[Callable[[Signal], None]], Coroutine[Any, Any, T]]


class Connections:
    """One loop for the kernel's life, and one pool of connections on it."""

    def __init__(self) -> None:
        self._engine = Engine()
        # By loop: after a fork there is another one.
        self._pools: dict[asyncio.AbstractEventLoop, AsyncTransport] = {}

    def pool(self) -> AsyncTransport:
        """Return the connections of the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            self._pools[loop] = AsyncTransport()
        return self._pools[loop]

    def submit(self, work: Work[T]) -> Job[Signal, T]:
        """Begin work on the loop."""
        return self._engine.submit(work)

    def wait_for(self, work: Work[T]) -> T:
        """
        Return what work on the loop comes to.

        Raises:
            AnswerInterrupted: The user interrupted it.
        """
        try:
            return self._result_of(work)
        except KeyboardInterrupt:
            raise AnswerInterrupted("stopped before it was done; nothing was changed.") from None

    def fetch(self, address: str) -> tuple[bytes, str]:
        """Return what is at an address that the user wrote, and its type."""
        from .api.downloads import download  # Few questions name an address.

        async def work(emit: Callable[[Signal], None]) -> tuple[bytes, str]:
            return await download(self.pool(), address, _LARGEST_DOWNLOAD)

        return self.wait_for(work)

    def probed(self, probes: Probes, service: Service) -> Service:
        """Return a service with its kind, asked on the connections that the question will use."""

        async def work(emit: Callable[[Signal], None]) -> Service:
            return await probes.aprobe(service, self.pool())

        # Within a question: an interrupt ends that.
        return self._result_of(work)

    def warm_up(self) -> None:
        """Import and build what the first request needs; nothing is connected."""

        async def work(emit: Callable[[Signal], None]) -> None:
            await self.pool().warm_up()

        self.submit(work)

    def cancel(self) -> None:
        """Cancel all that is on its way, and give it a moment to say how it ended."""
        self._engine.cancel(FAREWELL)

    def close(self) -> None:
        """Close the connections and end the loop."""

        async def work(emit: Callable[[Signal], None]) -> None:
            while self._pools:
                await self._pools.popitem()[1].close()

        if self._pools:
            self.submit(work).rest(FAREWELL)
        self._engine.stop()

    def _result_of(self, work: Work[T]) -> T:
        job = self.submit(work)
        try:
            while not job.done:
                job.rest(PATIENCE)
        except KeyboardInterrupt:
            job.cancel()
            raise
        return job.future.result()
