"""HTTP/1.1 over one accepted socket, and the ways to break it off."""

import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import responses

_LINGER_NOT = struct.pack("ii", 1, 0)


class Disconnected(Exception):
    """The client has closed the connection."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    raw: bytes


class Connection:
    """One client's connection; requests come over it until either side closes it."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._file = sock.makefile("rb")

    def read_request(self) -> HttpRequest | None:
        """The next request, or None when the client has gone."""
        try:
            return self._read_request()
        except (OSError, ValueError):
            # The client is gone, in the middle of what it wanted to say.
            return None

    def _read_request(self) -> HttpRequest | None:
        line = self._file.readline(65536).decode("latin-1").split()
        if len(line) != 3:
            return None
        headers: dict[str, str] = {}
        while (field := self._file.readline(65536).decode("latin-1").strip()) != "":
            name, _, value = field.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return HttpRequest(line[0], line[1], headers, self._read_body(headers))

    def _read_body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self._file.read(int(headers.get("content-length", 0)))
        body = b""
        while size := int(self._file.readline().split(b";")[0], 16):
            body += self._file.read(size)
            self._file.readline()
        self._file.readline()
        return body

    def send_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status line and the headers."""
        lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def send(self, data: bytes) -> None:
        """Send bytes, or say that nobody takes them."""
        try:
            self._sock.sendall(data)
        except OSError:
            raise Disconnected from None

    def check(self, seconds: float = 0.0) -> None:
        """Wait, and raise as soon as the client has gone."""
        until = time.monotonic() + seconds
        self._sock.settimeout(seconds)
        try:
            if not self._sock.recv(1, socket.MSG_PEEK):
                raise Disconnected
            # The client has sent its next request already.
            time.sleep(max(until - time.monotonic(), 0))
        except (TimeoutError, BlockingIOError):
            pass
        except OSError:
            raise Disconnected from None
        finally:
            self._sock.settimeout(None)

    def reset(self) -> None:
        """Break the connection off, so that the client sees a reset and no end."""
        # What was sent has to arrive: a reset throws away what is still on its way.
        time.sleep(0.02)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.close()

    def shutdown(self) -> None:
        """Wake the thread that reads or writes here; it will find the connection closed."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        """Close the socket."""
        self._file.close()
        self._sock.close()


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def as_json(payload: object) -> bytes:
    """The payload as the service writes JSON."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
