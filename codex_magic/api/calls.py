"""One call of the API: addressed, signed, sent, and sent again where that is worth it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field

from ..errors import APIConnectionError, APIError, ConfigError, StreamError
from ..version import __version__
from .auth import Service
from .failures import error_from_answer, error_of, hide_keys
from .items import Json
from .retries import RetryPolicy
from .transport import Answer, AsyncIncoming, AsyncTransport, Incoming, Request, Transport

# Short enough that an interrupt is answered at once where nothing else wakes a sleep.
_SLICE = 0.2


@dataclass(frozen=True, slots=True)
class Retry:
    """A request failed and will be sent again after ``seconds``."""

    error: APIError
    seconds: float
    attempt: int


@dataclass(frozen=True, slots=True)
class CallOptions:
    """
    What all calls of a client have in common.

    Attributes:
        service: Where they go, and with which key.
        retries: How often a failed one is sent again.
        timeout: Seconds of silence after which the service counts as gone.
        headers: What the user wants sent with each.
        on_retry: Is told before each wait.
    """

    service: Service
    retries: RetryPolicy
    timeout: float
    headers: Mapping[str, str] = field(repr=False)
    on_retry: Callable[[Retry], None] | None = None

    def request(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """
        Return the request for ``path``, which begins with a slash.

        Raises:
            ConfigError: A header, or the key in it, cannot be sent.
        """
        known = {
            "Accept": "application/json, text/event-stream",
            "User-Agent": f"codex-magic/{__version__}",
            **({"Content-Type": "application/json"} if content else {}),
            **self.service.headers,
            **self.service.auth_headers(),
            **self.headers,
            **(headers or {}),
        }
        _check_headers(known)
        address = join_url(self.service.base_url, path)
        return Request(method, address, known, content, timeout or self.timeout)

    def wait(self, attempt: int, error: APIError, headers: Mapping[str, str]) -> float:
        """
        Return the seconds to wait before the next try.

        Raises:
            APIError: ``error``, where another try is not worth it.
        """
        seconds = self.retries.delay(attempt, error, headers)
        if seconds is None:
            raise error
        if self.on_retry:
            self.on_retry(Retry(error, seconds, attempt + 1))
        return seconds


def _check_headers(headers: Mapping[str, str]) -> None:
    # A library below would quote the value, and a value may be a key.
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise ConfigError(f"The value of the header {name!r} holds characters that none has.")


def join_url(base_url: str, path: str) -> str:
    """
    Return the address of ``path`` under ``base_url``, whose own path and query stay.

    >>> join_url("https://h/openai?api-version=1", "/responses")
    'https://h/openai/responses?api-version=1'
    """
    address, mark, query = base_url.partition("?")
    return f"{address.rstrip('/')}{path}{mark}{query}"


def decode_answer(answer: Answer) -> Json:
    """
    Return the JSON of a successful answer.

    Raises:
        StreamError: It is not a JSON object.
        APIStatusError: It is an error in the clothes of a success.
    """
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        start = hide_keys(answer.body.decode("utf-8", "replace"))[:80]
        raise StreamError(f"The service answered with something that is no JSON: {start!r}")
    error = found.get("error")
    if error and "output" not in found:
        fields = error if isinstance(error, dict) else {"message": str(error)}
        raise error_of(
            answer.status,
            str(fields.get("message") or "the service reported an error"),
            code=str(fields.get("code") or fields.get("type") or "") or None,
            body=found,
        )
    return found


class Caller:
    """Sends the calls of a ``CodexClient``."""

    def __init__(self, transport: Transport, options: CallOptions) -> None:
        self._transport = transport
        self.options = options

    def send(self, request: Request) -> Answer:
        """Send a request and read its answer; an error status is raised."""
        attempt = 0
        while True:
            try:
                answer = self._transport.send(request)
            except APIConnectionError as error:
                pause(self.options.wait(attempt, error, {}))
            else:
                if answer.ok:
                    return answer
                failure = error_from_answer(answer.status, answer.headers, answer.body)
                pause(self.options.wait(attempt, failure, answer.headers))
            attempt += 1

    def open(self, request: Request) -> tuple[ExitStack, Incoming]:
        """Send a request and give its answer as it comes; the stack closes it."""
        attempt = 0
        while True:
            with ExitStack() as stack:
                try:
                    incoming = stack.enter_context(self._transport.stream(request))
                    if 200 <= incoming.status < 300:
                        return stack.pop_all(), incoming
                    answer = incoming.read()
                except APIConnectionError as error:
                    failure: APIError = error
                    headers: Mapping[str, str] = {}
                else:
                    failure = error_from_answer(answer.status, answer.headers, answer.body)
                    headers = answer.headers
            pause(self.options.wait(attempt, failure, headers))
            attempt += 1


class AsyncCaller:
    """Sends the calls of an ``AsyncCodexClient``."""

    def __init__(self, transport: AsyncTransport, options: CallOptions) -> None:
        self._transport = transport
        self.options = options

    async def send(self, request: Request) -> Answer:
        """Send a request and read its answer; an error status is raised."""
        attempt = 0
        while True:
            try:
                answer = await self._transport.send(request)
            except APIConnectionError as error:
                await asyncio.sleep(self.options.wait(attempt, error, {}))
            else:
                if answer.ok:
                    return answer
                failure = error_from_answer(answer.status, answer.headers, answer.body)
                await asyncio.sleep(self.options.wait(attempt, failure, answer.headers))
            attempt += 1

    async def open(self, request: Request) -> tuple[AsyncExitStack, AsyncIncoming]:
        """Send a request and give its answer as it comes; the stack closes it."""
        attempt = 0
        while True:
            async with AsyncExitStack() as stack:
                try:
                    incoming = await stack.enter_async_context(self._transport.stream(request))
                    if 200 <= incoming.status < 300:
                        return stack.pop_all(), incoming
                    answer = await incoming.read()
                except APIConnectionError as error:
                    failure: APIError = error
                    headers: Mapping[str, str] = {}
                else:
                    failure = error_from_answer(answer.status, answer.headers, answer.body)
                    headers = answer.headers
            await asyncio.sleep(self.options.wait(attempt, failure, headers))
            attempt += 1


def pause(seconds: float) -> None:
    """Wait, in slices that an interrupt gets between on every platform."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _SLICE))
