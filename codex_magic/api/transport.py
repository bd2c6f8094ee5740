"""Send a request and read or stream its answer, sync and async: the one import of httpx."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import field
from itertools import chain
from types import SimpleNamespace
from typing import Any, cast

import httpx
from httpx_sse import EventSource

from ..errors import APIConnectionError, APITimeoutError, StreamError
from ..records import dataclass

# Read is the longest silence: a reasoning model is silent for minutes, and so is a local model
# that reads a long prompt. There is no limit on the whole, as in the official client.
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 600.0
# httpx's five seconds would mean a new connection for nearly every cell that a person runs.
KEEPALIVE = 300.0
# How long a service may take to end its answer after the last event before we hang up.
_LINGER = 1.0
# An answer may end without a blank line.
_ENDING = ("\n\n",)
_STREAM_HEADERS = SimpleNamespace(get=lambda name, default="": "text/event-stream")

HttpClient = httpx.Client
AsyncHttpClient = httpx.AsyncClient
ServerSent = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """
    An HTTP request as it goes out.

    Attributes:
        method: GET, POST or DELETE.
        url: The full address.
        headers: All of them; the key is among them, so they are not shown.
        content: The body.
        timeout: Seconds of silence after which the service counts as gone.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(default=b"", repr=False)
    timeout: float = READ_TIMEOUT


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that was read to its end; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is a success."""
        return 200 <= self.status < 300


class Transport:
    """A connection pool that sends requests."""

    def __init__(self, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(limits=_limits(), follow_redirects=False)
        self._owned = client is None

    def send(self, request: Request) -> Answer:
        """
        Send a request and read all of its answer.

        Raises:
            APIConnectionError: No answer came.
            StreamError: It broke off.
        """
        with self.stream(request) as incoming:
            return incoming.read()

    @contextmanager
    def stream(self, request: Request) -> Iterator[Incoming]:
        """Send a request and give its answer as it comes; leaving closes the connection."""
        with _map_httpx_exceptions(request):
            response = self._client.send(_build(self._client, request), stream=True)
        try:
            yield Incoming(response, request)
        finally:
            response.close()

    def close(self) -> None:
        """Close the pool, if it is ours."""
        if self._owned:
            self._client.close()


class AsyncTransport:
    """The asynchronous twin of ``Transport``."""

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._client = client or httpx.AsyncClient(limits=_limits(), follow_redirects=False)
        self._owned = client is None

    async def send(self, request: Request) -> Answer:
        """
        Send a request and read all of its answer.

        Raises:
            APIConnectionError: No answer came.
            StreamError: It broke off.
        """
        async with self.stream(request) as incoming:
            return await incoming.read()

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[AsyncIncoming]:
        """Send a request and give its answer as it comes; leaving closes the connection."""
        with _map_httpx_exceptions(request):
            response = await self._client.send(_build(self._client, request), stream=True)
        try:
            yield AsyncIncoming(response, request)
        finally:
            await response.aclose()

    async def warm_up(self) -> None:
        """Import what the first connection needs; nothing is connected."""
        import anyio  # httpcore connects with it, and imports most of it only then.

        anyio.current_time()

    async def close(self) -> None:
        """Close the pool, if it is ours."""
        if self._owned:
            await self._client.aclose()


class Incoming:
    """An answer that is still arriving."""

    def __init__(self, response: httpx.Response, request: Request) -> None:
        self._response = response
        self._request = request
        self.status = response.status_code
        # Through items(): a look at each name would go through all of them.
        self.headers: Mapping[str, str] = dict(response.headers.items())

    def read(self) -> Answer:
        """Read the rest, as a plain answer."""
        with _map_httpx_exceptions(self._request, streaming=self._response.is_success):
            self._response.read()
        return Answer(self.status, self.headers, self._response.content)

    def events(self) -> Generator[ServerSent, None, None]:
        """Yield the name and the text of every server-sent event."""
        _as_utf8(self._response)
        with _map_httpx_exceptions(self._request, streaming=True):
            yield from read_events(self._response.iter_text())

    def drain(self, events: Iterator[ServerSent]) -> None:
        """Read on to the end of the answer, so that the connection can be used again."""
        # A service that never ends its answer: shutting the socket wakes the read.
        timer = threading.Timer(_LINGER, _shut, [self._response])
        timer.daemon = True
        timer.start()
        try:
            for _ in events:
                pass
        except (APIConnectionError, StreamError):
            # The answer itself is complete; only the connection is not worth keeping.
            pass
        finally:
            timer.cancel()


class AsyncIncoming:
    """The asynchronous twin of ``Incoming``."""

    def __init__(self, response: httpx.Response, request: Request) -> None:
        self._response = response
        self._request = request
        self.status = response.status_code
        # Through items(): a look at each name would go through all of them.
        self.headers: Mapping[str, str] = dict(response.headers.items())

    async def read(self) -> Answer:
        """Read the rest, as a plain answer."""
        with _map_httpx_exceptions(self._request, streaming=self._response.is_success):
            await self._response.aread()
        return Answer(self.status, self.headers, self._response.content)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes."""
        with _map_httpx_exceptions(self._request, streaming=True):
            async for chunk in self._response.aiter_bytes():
                yield chunk

    async def events(self) -> AsyncGenerator[ServerSent, None]:
        """Yield the name and the text of every server-sent event."""
        _as_utf8(self._response)
        with _map_httpx_exceptions(self._request, streaming=True):
            source = _event_source(aiter_text=_ending_async(self._response.aiter_text()))
            async with aclosing(cast(Any, source.aiter_sse())) as events:
                async for event in events:
                    if text := event.data:
                        yield event.event, text

    async def drain(self, events: AsyncIterator[ServerSent]) -> None:
        """Read on to the end of the answer, so that the connection can be used again."""
        try:
            async with asyncio.timeout(_LINGER):
                async for _ in events:
                    pass
        except (TimeoutError, APIConnectionError, StreamError):
            # The answer itself is complete; only the connection is not worth keeping.
            pass


def read_events(chunks: Iterator[str]) -> Iterator[ServerSent]:
    """
    Yield the name and the text of the server-sent events in pieces of text.

    An event without data is skipped, as the standard says; one that the end cuts off after its
    last line is taken, as services leave out the last blank line.
    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

    >>> list(read_events(iter(["event: a\\r", "\\nda", "ta: 1"])))
    [('a', '1')]
    """
    source = _event_source(iter_text=chain(chunks, _ENDING))
    return ((event.event, text) for event in source.iter_sse() if (text := event.data))


def _event_source(**body: Any) -> EventSource:
    # httpx-sse reads a response through its headers and its text: this is all it needs, and it
    # lets an answer end without a blank line.
    read = {name: (lambda text=text: text) for name, text in body.items()}
    return EventSource(cast(httpx.Response, SimpleNamespace(headers=_STREAM_HEADERS, **read)))


async def _ending_async(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
    async with aclosing(cast(Any, chunks)) as closing:
        async for chunk in closing:
            yield chunk
    for chunk in _ENDING:
        yield chunk


def _as_utf8(response: httpx.Response) -> None:
    # Server-sent events are UTF-8 whatever a header says, with one byte order mark at most.
    response.encoding = "utf-8-sig"


def _build(client: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    silence = request.timeout
    return client.build_request(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.content or None,
        timeout=httpx.Timeout(silence, connect=min(CONNECT_TIMEOUT, silence)),
    )


def _limits() -> httpx.Limits:
    return httpx.Limits(
        max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEEPALIVE
    )


def _shut(response: httpx.Response) -> None:
    stream = response.extensions.get("network_stream")
    found = stream.get_extra_info("socket") if stream else None
    if isinstance(found, socket.socket):
        try:
            found.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It is closed already: that is what was wanted.
            pass


@contextmanager
def _map_httpx_exceptions(request: Request, *, streaming: bool = False) -> Iterator[None]:
    """Translate what httpx raises: the one border where its errors are known."""
    try:
        yield
    except httpx.TimeoutException as exc:
        waited = CONNECT_TIMEOUT if isinstance(exc, httpx.ConnectTimeout) else request.timeout
        message = f"{_host(request)} did not answer within {min(waited, request.timeout):g} s"
        raise APITimeoutError(message, cause=exc) from exc
    except httpx.ConnectError as exc:
        message = f"No connection to {_host(request)}: {exc}. Check the network and the address."
        raise APIConnectionError(message, cause=exc) from exc
    except (httpx.HTTPError, httpx.StreamError) as exc:
        message = f"The connection to {_host(request)} broke off: {str(exc) or type(exc).__name__}"
        # An answer that has begun was made, and is paid for: it is not asked for again.
        if streaming:
            raise StreamError(message) from exc
        raise APIConnectionError(message, cause=exc) from exc
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise APIConnectionError(f"{request.url!r} is no address: {exc}", cause=exc) from exc


def _host(request: Request) -> str:
    return httpx.URL(request.url).host
