"""The address on this machine where a browser ends after a login."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from ..errors import AuthError, ConfigError
from .identity import readable

# Short enough that an interrupt is answered at once where nothing else wakes a wait.
_SLICE = 0.2
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>codex_magic</title>"
    "<p style='font: 18px sans-serif; margin: 3em'>{}</p></html>"
)
_DONE = "You can close this tab and go back to your notebook."
_FAILED = "The login did not succeed. Your notebook says why."
_FOREIGN = "This page belongs to another login than the one your notebook waits for."


def code_in(callback_url: str, state: str) -> str:
    """
    Return the code in the address where a login ended.

    >>> code_in("http://localhost:1455/auth/callback?code=c&state=s", "s")
    'c'

    Raises:
        AuthError: It holds none, or belongs to another login.
    """
    query = _query(callback_url)
    if not _is_ours(query, state):
        raise AuthError(_foreign(query))
    if "error" in query:
        said = readable(query.get("error_description") or query["error"])
        raise AuthError(f"The login was refused: {said}", code=readable(query["error"]))
    if not query.get("code"):
        raise AuthError(
            "This address holds no code. Log in at the address that was shown, then copy the "
            "whole address at which the browser ends, even if that page does not load."
        )
    return query["code"]


class CallbackServer:
    """A server on the loopback interface that waits for one login."""

    def __init__(self, server: ThreadingHTTPServer, arrived: SimpleQueue[str]) -> None:
        self._arrived = arrived
        self.port = server.server_address[1]

    def wait(self, timeout: float) -> str:
        """
        Return the address at which the browser ended.

        Raises:
            AuthError: It did not come in time.
        """
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                return self._arrived.get(timeout=_SLICE)
            except Empty:
                continue
        raise AuthError(
            f"Nobody logged in within {timeout:g} s. Call login() again; where the browser is on "
            "another machine than this kernel, login(headless=True)."
        )


@contextmanager
def callback_server(redirect_uri: str, state: str) -> Iterator[CallbackServer]:
    """
    Wait for the browser at an address, for as long as the ``with`` block lasts.

    Raises:
        ConfigError: Another program waits there.
    """
    port = urlsplit(redirect_uri).port
    arrived: SimpleQueue[str] = SimpleQueue()
    try:
        server = _Server(("127.0.0.1", 80 if port is None else port), _handler(arrived, state))
    except OSError as exc:
        raise ConfigError(
            f"Port {port} of this machine is taken ({exc.strerror}): does another login wait? "
            "End it, or call login(headless=True)."
        ) from exc
    thread = Thread(target=server.serve_forever, args=[_SLICE / 4], daemon=True)
    thread.start()
    try:
        yield CallbackServer(server, arrived)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    # On Windows this would let another program listen at the same port.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that hangs up is no news, and a traceback could hold the code."""


def _handler(arrived: SimpleQueue[str], state: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # Browsers open connections that they may need later.
        timeout = 10

        def do_GET(self) -> None:
            if urlsplit(self.path).path != "/auth/callback":
                self._answer(404, "")
                return
            query = _query(self.path)
            if not _is_ours(query, state):
                # A page that was left open, or another program: the right one may still come.
                self._answer(400, _FOREIGN)
                return
            succeeded = bool(query.get("code")) and "error" not in query
            self._answer(200 if succeeded else 400, _DONE if succeeded else _FAILED)
            arrived.put(self.path)

        def _answer(self, status: int, text: str) -> None:
            content = _PAGE.format(text).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the line would hold the code."""

    return Handler


def _query(address: str) -> dict[str, str]:
    text = address.strip().strip("'\"<>")
    try:
        query = urlsplit(text).query if "?" in text else text
    except ValueError:
        return {}
    return {name: values[0] for name, values in parse_qs(query).items()}


def _is_ours(query: dict[str, str], state: str) -> bool:
    return hmac.compare_digest(query.get("state", "").encode(), state.encode())


def _foreign(query: dict[str, str]) -> str:
    if "state" in query:
        return (
            "This address belongs to another login: its state is not the one that was sent. "
            "Use the page that was opened last, or begin again."
        )
    return (
        "This is not the address at which a login ends. Copy the whole address from the browser; "
        "it begins with http://localhost and holds code= and state=."
    )
