"""A network between a client and the service: it can be slow, closed, and cut after any byte."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)
_PIECE = 65_536


@dataclass
class _Link:
    """A connection of a client, and the one to the service that stands for it."""

    client: socket.socket
    server: socket.socket
    pumps: int = 2
    reset: bool = False

    def prepare_reset(self) -> None:
        """See to it that closing the client's side is a reset, and no orderly end."""
        # What was carried has to arrive: a reset throws away what is still on its way.
        time.sleep(0.005)
        with suppress(OSError):
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            # The other thread may wait here: it has to let go before anything is closed.
            self.client.shutdown(socket.SHUT_RD)


class Network:
    """
    Carries bytes between a port of its own and the service's.

    Args:
        port: The service's.

    Attributes:
        cuts: How many connections it has cut.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._lock = threading.Lock()
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, args=[self._listener], daemon=True)
        self._pumps: set[threading.Thread] = set()
        self._sockets: set[socket.socket] = set()
        # Bytes of requests and of answers that pass before everything is cut; None for all.
        self._left: dict[str, int | None] = {"up": None, "down": None}
        self._hard = True
        self._slow: tuple[int, float] | None = None
        self._closing = False
        self.cuts = 0

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing = True
        self.refuse()
        while pumps := list(self._pumps):
            self.drop()
            for pump in pumps:
                pump.join()

    @property
    def base_url(self) -> str:
        """The address of the service behind it; a name, so that it has to be looked up."""
        return f"http://localhost:{self.port}/v1"

    @property
    def open(self) -> int:
        """How many connections of the client there are."""
        return len(self._sockets) // 2

    def cut(self, way: str, after: int, *, hard: bool = True) -> None:
        """
        Cut the next connection that carries so many bytes.

        Args:
            way: "up" for bytes of requests, "down" for those of answers.
            after: How many pass before.
            hard: Whether the client sees a reset; else an end, as if all had been said.
        """
        with self._lock:
            self._left[way], self._hard = after, hard

    def slow(self, size: int, seconds: float) -> None:
        """Carry answers in pieces of this size, with a pause after each."""
        self._slow = (size, seconds)

    def heal(self) -> None:
        """Carry everything again."""
        with self._lock:
            self._left = {"up": None, "down": None}
        self._slow = None
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._acceptor = threading.Thread(
                target=self._accept, args=[self._listener], daemon=True
            )
            self._acceptor.start()

    def refuse(self) -> None:
        """Accept no connection any more; those that are open stay."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone does not wake who waits for a connection.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._acceptor.join()

    def drop(self) -> None:
        """Cut every connection that is open."""
        with self._lock:
            found = list(self._sockets)
        for one in found:
            _shut(one)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._carry(client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = _Link(client, server)
        with self._lock:
            self._sockets |= {client, server}
        for way, source, target in (("up", client, server), ("down", server, client)):
            pump = threading.Thread(target=self._pump, args=[way, source, target, link])
            pump.daemon = True
            self._pumps.add(pump)
            pump.start()

    def _pump(self, way: str, source: socket.socket, target: socket.socket, link: _Link) -> None:
        try:
            while data := source.recv(_PIECE):
                passing, cut = self._passing(way, len(data))
                self._send(way, target, data[:passing])
                if cut:
                    link.reset = self._hard
                    break
        except OSError:
            pass
        if link.reset:
            link.prepare_reset()
        else:
            _shut(link.client)
        _shut(link.server)
        with self._lock:
            link.pumps -= 1
            if not link.pumps:
                # Each side has been read to its end: nobody uses them any more.
                link.client.close()
                link.server.close()
                self._sockets -= {link.client, link.server}
        self._pumps.discard(threading.current_thread())

    def _passing(self, way: str, size: int) -> tuple[int, bool]:
        with self._lock:
            budget = self._left[way]
            if budget is None:
                return size, False
            if size < budget:
                self._left[way] = budget - size
                return size, False
            self._left[way] = None
            self.cuts += 1
            return budget, True

    def _send(self, way: str, target: socket.socket, data: bytes) -> None:
        slow = self._slow
        if way == "up" or slow is None:
            target.sendall(data)
            return
        size, seconds = slow
        for start in range(0, len(data), size):
            target.sendall(data[start : start + size])
            time.sleep(seconds)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
