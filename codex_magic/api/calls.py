"""One call of the API: addressed, signed, sent, and sent again where that is worth it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import field, replace
from typing import Any, TypedDict

from ..errors import APIConnectionError, APIError, APIStatusError, ConfigError, StreamError
from ..records import dataclass
from ..version import __version__
from .auth import Service
from .endpoints import check_answer, path_of, query_of
from .failures import error_of, hide_keys
from .items import Json
from .probing import Probes, depends_on_kind, refitted
from .requests import encode
from .retries import RetryPolicy
from .transport import Answer, AsyncIncoming, AsyncTransport, Incoming, Request, Transport

# Short enough that an interrupt is answered at once where nothing else wakes a sleep.
_SLICE = 0.2


class CallExtras(TypedDict, total=False):
    """
    What every call takes besides its own arguments, under the official SDK's names.

    Attributes:
        extra_headers: Sent too, before those of the client.
        extra_query: Added to the address.
        extra_body: Added to the body.
        timeout: Seconds of silence after which the service counts as gone.
    """

    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, Any] | None
    extra_body: Mapping[str, Any] | None
    timeout: float | None


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
        query: Mapping[str, Any] | None = None,
    ) -> Request:
        """
        Return the request for ``path``, which begins with a slash; the key comes when it is sent.

        Raises:
            ConfigError: A header cannot be sent.
        """
        known = {
            "Accept": "application/json, text/event-stream",
            "User-Agent": f"codex-magic/{__version__}",
            **({"Content-Type": "application/json"} if content else {}),
            **self.service.headers,
            **self.headers,
            **(headers or {}),
        }
        _check_headers(known)
        address = join_url(self.service.base_url, path, query_of(query or {}))
        silence = seconds_of(timeout) or self.timeout
        return Request(method, address, known, content, silence)

    def call(
        self,
        method: str,
        endpoint: str,
        /,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        extras: CallExtras | None = None,
        **ids: str,
    ) -> Request:
        """
        Return the request for an endpoint such as ``/responses/{response_id}``.

        Raises:
            ConfigError: A header cannot be sent.
            InvalidRequestError: An id cannot be one.
            TypeError: There is no such argument.
        """
        given: CallExtras = extras or {}
        for name in given.keys() - CallExtras.__annotations__.keys():
            raise TypeError(f"unexpected keyword argument {name!r}")
        extra_body = given.get("extra_body")
        content = body if extra_body is None else {**(body or {}), **extra_body}
        return self.request(
            method,
            path_of(endpoint, ids),
            b"" if content is None else encode(content),
            timeout=given.get("timeout"),
            headers=given.get("extra_headers"),
            query={**(query or {}), **(given.get("extra_query") or {})},
        )

    def check(self, request: Request, answer: Answer) -> None:
        """
        See to it that an answer is none of an error.

        Raises:
            APIStatusError: It is.
        """
        check_answer(self.service, request, answer)

    def may_renew(self, error: APIError) -> bool:
        """Whether a renewed login may make the difference."""
        return self.service.credentials is not None and error.status_code == 401

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


def seconds_of(timeout: Any) -> float | None:
    """
    Return the longest silence that a timeout allows: a number, or an ``httpx.Timeout``.

    >>> seconds_of(3), seconds_of(None)
    (3, None)
    """
    seconds: float | None = getattr(timeout, "read", timeout)
    return seconds


def join_url(base_url: str, path: str, query: str = "") -> str:
    """
    Return the address of ``path`` under ``base_url``, whose own path and query stay.

    >>> join_url("https://h/openai?api-version=1", "/responses")
    'https://h/openai/responses?api-version=1'
    """
    address, _, own = base_url.partition("?")
    queries = "&".join(part for part in (own, query) if part)
    return f"{address.rstrip('/')}{path}{queries and '?'}{queries}"


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
    """
    Sends the calls of a ``CodexClient``.

    Args:
        transport: The connections.
        options: What all calls have in common.
        probes: What is known of unknown addresses; None asks nobody what it is.
    """

    def __init__(
        self, transport: Transport, options: CallOptions, probes: Probes | None = None
    ) -> None:
        self._transport = transport
        self._probes = probes
        self.options = options if probes is None else settled(options, probes)

    def send(self, request: Request) -> Answer:
        """Send a request and read its answer; an error status is raised."""
        attempt, renewed = 0, False
        request = self._fitted(request)
        signed = self._signed(request)
        while True:
            headers: Mapping[str, str] = {}
            try:
                answer = self._transport.send(signed)
                headers = answer.headers
                self.options.check(signed, answer)
                return answer
            except (APIConnectionError, APIStatusError) as error:
                if not renewed and self.options.may_renew(error):
                    signed, renewed = self._signed(request, signed), True
                    continue
                seconds = self.options.wait(attempt, error, headers)
            pause(seconds)
            signed, attempt = self._signed(request), attempt + 1

    def open(self, request: Request) -> tuple[ExitStack, Incoming]:
        """Send a request and give its answer as it comes; the stack closes it."""
        attempt, renewed = 0, False
        request = self._fitted(request)
        signed = self._signed(request)
        while True:
            headers: Mapping[str, str] = {}
            with ExitStack() as stack:
                try:
                    incoming = stack.enter_context(self._transport.stream(signed))
                    if 200 <= incoming.status < 300:
                        return stack.pop_all(), incoming
                    answer = incoming.read()
                    headers = answer.headers
                    self.options.check(signed, answer)
                except (APIConnectionError, APIStatusError) as error:
                    failure = error
            if not renewed and self.options.may_renew(failure):
                signed, renewed = self._signed(request, signed), True
                continue
            pause(self.options.wait(attempt, failure, headers))
            signed, attempt = self._signed(request), attempt + 1

    def _fitted(self, request: Request) -> Request:
        """Return a request as the service takes it, which is asked what it is if nobody knows."""
        if self._probes is None or not depends_on_kind(self.options.service, request):
            return request
        self._probes.probe(self.options.service, self._transport)
        self.options = settled(self.options, self._probes)
        return refitted(request, self.options.service.backend)

    def _signed(self, request: Request, refused: Request | None = None) -> Request:
        """Return a request with the key, or with what a login says."""
        service = self.options.service
        if service.credentials is None:
            return signed_with(service.auth_headers(), request)
        seen = refused.headers if refused else None
        return signed_with(service.credentials.headers(seen), request)


class AsyncCaller:
    """
    Sends the calls of an ``AsyncCodexClient``.

    Args:
        transport: The connections.
        options: What all calls have in common.
        probes: What is known of unknown addresses; None asks nobody what it is.
    """

    def __init__(
        self, transport: AsyncTransport, options: CallOptions, probes: Probes | None = None
    ) -> None:
        self._transport = transport
        self._probes = probes
        self.options = options if probes is None else settled(options, probes)

    async def send(self, request: Request) -> Answer:
        """Send a request and read its answer; an error status is raised."""
        attempt, renewed = 0, False
        request = await self._fitted(request)
        signed = await self._signed(request)
        while True:
            headers: Mapping[str, str] = {}
            try:
                answer = await self._transport.send(signed)
                headers = answer.headers
                self.options.check(signed, answer)
                return answer
            except (APIConnectionError, APIStatusError) as error:
                if not renewed and self.options.may_renew(error):
                    signed, renewed = await self._signed(request, signed), True
                    continue
                seconds = self.options.wait(attempt, error, headers)
            await asyncio.sleep(seconds)
            signed, attempt = await self._signed(request), attempt + 1

    async def open(self, request: Request) -> tuple[AsyncExitStack, AsyncIncoming]:
        """Send a request and give its answer as it comes; the stack closes it."""
        attempt, renewed = 0, False
        request = await self._fitted(request)
        signed = await self._signed(request)
        while True:
            headers: Mapping[str, str] = {}
            async with AsyncExitStack() as stack:
                try:
                    incoming = await stack.enter_async_context(self._transport.stream(signed))
                    if 200 <= incoming.status < 300:
                        return stack.pop_all(), incoming
                    answer = await incoming.read()
                    headers = answer.headers
                    self.options.check(signed, answer)
                except (APIConnectionError, APIStatusError) as error:
                    failure = error
            if not renewed and self.options.may_renew(failure):
                signed, renewed = await self._signed(request, signed), True
                continue
            await asyncio.sleep(self.options.wait(attempt, failure, headers))
            signed, attempt = await self._signed(request), attempt + 1

    async def _fitted(self, request: Request) -> Request:
        """Return a request as the service takes it, which is asked what it is if nobody knows."""
        if self._probes is None or not depends_on_kind(self.options.service, request):
            return request
        await self._probes.aprobe(self.options.service, self._transport)
        self.options = settled(self.options, self._probes)
        return refitted(request, self.options.service.backend)

    async def _signed(self, request: Request, refused: Request | None = None) -> Request:
        """Return a request with the key, or with what a login says."""
        service = self.options.service
        if service.credentials is None:
            return signed_with(await service.aauth_headers(), request)
        seen = refused.headers if refused else None
        return signed_with(await service.credentials.aheaders(seen), request)


def settled(options: CallOptions, probes: Probes) -> CallOptions:
    """Return options with what is known of the kind of their service."""
    return replace(options, service=probes.settled(options.service))


def signed_with(signature: Mapping[str, str], request: Request) -> Request:
    """Return a request with the headers of a key or a login; what the user set himself stays."""
    given = {name.lower() for name in request.headers}
    missing = {name: value for name, value in signature.items() if name.lower() not in given}
    return replace(request, headers={**missing, **request.headers})


def pause(seconds: float) -> None:
    """Wait, in slices that an interrupt gets between on every platform."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _SLICE))
