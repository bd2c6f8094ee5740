"""Tests of files from the web: as much as was asked for, from where it was asked for, without a key."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from codex_magic.api.downloads import download
from codex_magic.api.transport import AsyncTransport
from codex_magic.errors import APIConnectionError, ContextError, StreamError

Serve = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """What a server on this machine answers, by path, and what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Serve] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.gone = threading.Event()
        self.address = ""

    def page(self, path: str, body: bytes, mime: str = "text/plain", status: int = 200) -> str:
        """Answer a path with bytes, and return its address."""

        def serve(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Type", mime)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        return self._at(path, serve)

    def redirect(self, path: str, location: str | None, status: int = 302) -> str:
        """Lead from a path to somewhere else."""

        def serve(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            if location is not None:
                handler.send_header("Location", location)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        return self._at(path, serve)

    def endless(self, path: str) -> str:
        """Answer a path with bytes for as long as somebody reads them."""

        def serve(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            try:
                while True:
                    handler.wfile.write(bytes(65_536))
            except OSError:
                self.gone.set()

        return self._at(path, serve)

    def broken(self, path: str) -> str:
        """Promise more than comes."""

        def serve(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b"half")
            handler.close_connection = True

        return self._at(path, serve)

    def _at(self, path: str, serve: Serve) -> str:
        self.pages[path] = serve
        return self.address + path


@contextmanager
def running_site() -> Iterator[Site]:
    """Start a server with no pages yet."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.asked.append((self.path, headers))
            site.pages[self.path](self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A server with no pages yet."""
    with running_site() as site:
        yield site


def fetch(address: str, most: int = 1_000_000) -> tuple[bytes, str]:
    """Fetch over connections of our own."""

    async def fetched() -> tuple[bytes, str]:
        transport = AsyncTransport()
        try:
            return await download(transport, address, most)
        finally:
            await transport.close()

    return asyncio.run(fetched())


def test_what_is_at_an_address(site: Site) -> None:
    """Its bytes as they are, and the type that the server states."""
    body = bytes(range(256)) * 300
    address = site.page("/a.png", body, "image/png")

    assert (body, "image/png") == fetch(address)


def test_no_key_goes_along(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody but the service gets it: the request says what we are, and nothing of the user."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-fake-0123456789abcdef")
    address = site.page("/a.txt", b"Noted.")

    fetch(address)

    [(_, headers)] = site.asked
    assert not {"authorization", "cookie", "api-key", "x-api-key", "referer"} & set(headers)
    assert "0123456789" not in repr(headers)
    assert "codex-magic" == headers["user-agent"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(site: Site, status: int) -> None:
    """Also a relative one, and one after another."""
    site.page("/files/c.txt", b"Noted.")
    site.redirect("/files/b.txt", "c.txt", status)
    address = site.redirect("/a.txt", "/files/b.txt", status)

    assert b"Noted." == fetch(address)[0]
    assert ["/a.txt", "/files/b.txt", "/files/c.txt"] == [path for path, _ in site.asked]


def test_a_circle_of_redirects_ends(site: Site) -> None:
    """After a few, with what to do instead."""
    address = site.redirect("/a", "/a")

    with pytest.raises(ContextError, match="leads on and on: give the address of the file itself"):
        fetch(address)
    assert 6 == len(site.asked)


@pytest.mark.parametrize(
    "location", ["ftp://example.org/a", "file:///etc/hostname", "javascript:alert(1)", "data:,x"]
)
def test_a_redirect_to_another_kind_of_address_is_not_followed(site: Site, location: str) -> None:
    """A server does not choose what is read on this machine."""
    address = site.redirect("/a", location)

    with pytest.raises((ContextError, APIConnectionError)):
        fetch(address)
    assert 1 == len(site.asked)


def test_https_does_not_become_http() -> None:
    """What was asked for in secret is not fetched in the open."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"location": "http://example.org/b"})

    async def fetched() -> None:
        # No certificate of ours counts, so that this one server is no socket.
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            await download(AsyncTransport(client), "https://example.org/a", 10)

    with pytest.raises(ContextError, match="which is not https: nothing was fetched"):
        asyncio.run(fetched())
    assert ["https://example.org/a"] == asked


@pytest.mark.parametrize("status", [400, 403, 404, 410, 500, 503])
def test_an_error_is_one_line(site: Site, status: int) -> None:
    """The answer's page is nobody's file."""
    address = site.page("/a.txt", b"<html>No.</html>", "text/html", status)

    with pytest.raises(ContextError) as caught:
        fetch(address)
    assert f"{address} answers with {status}: check the address." == str(caught.value)


def test_a_redirect_to_nowhere_is_an_error(site: Site) -> None:
    """A status alone leads nowhere."""
    address = site.redirect("/a", None)

    with pytest.raises(ContextError, match="answers with 302"):
        fetch(address)


def test_as_much_as_may_be(site: Site) -> None:
    """A file of exactly the limit comes; one byte more does not."""
    body = bytes(1_000_000)
    address = site.page("/a", body)

    assert body == fetch(address, 1_000_000)[0]
    with pytest.raises(ContextError, match=re.escape("has more than 1 MB: download it")):
        fetch(address, 999_999)


def test_an_endless_file_is_let_go(site: Site) -> None:
    """It ends at the limit, and the connection with it."""
    address = site.endless("/a")

    with pytest.raises(ContextError, match="has more than 5 MB"):
        fetch(address, 5_000_000)
    assert site.gone.wait(30)


def test_half_a_file_is_none(site: Site) -> None:
    """What broke off is no file, and the error says so."""
    address = site.broken("/a")

    with pytest.raises((StreamError, APIConnectionError)):
        fetch(address)


def test_nobody_answers() -> None:
    """An address where nothing is, is an error of ours."""
    with pytest.raises(APIConnectionError):
        fetch("http://127.0.0.1:9/a")
