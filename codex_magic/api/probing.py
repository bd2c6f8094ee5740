"""What kind of service is at an address that does not tell: asked once, with a request or two."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import warnings
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..errors import APIError, APITimeoutError
from ..version import __version__
from .auth import Service
from .backends import OLLAMA, UNKNOWN, Backend, probed_backend
from .requests import CodexWarning, ResponseCreateParams, prepare
from .transport import Answer, AsyncTransport, Request, Transport

# A server of one's own answers in milliseconds, even while it loads a model.
PROBE_SECONDS = 2.0
# An address that keeps us waiting is left alone for so long.
_REST = 60.0
# Says in the log of a server what this request is for.
PROBE_AGENT = f"codex-magic/{__version__} (probe)"
# https://github.com/ollama/ollama/blob/main/server/routes.go
_GREETINGS = {b"Ollama is running": OLLAMA}
_PARAMETERS = frozenset(ResponseCreateParams.__annotations__)

# Sends nothing itself: gives requests, takes their answers (None for none), returns the kind.
Questions = Generator[Request, Answer | None, Backend | None]


class Probes:
    """
    What is known of addresses that do not tell what is there.

    Args:
        clock: Tells the seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, Backend] = {}
        self._rests: dict[str, float] = {}
        # Requests that begin at the same time wait for one answer.
        self._lock, self._alock = threading.Lock(), asyncio.Lock()

    def settled(self, service: Service) -> Service:
        """Return a service with what is known of its kind; nothing is sent."""
        found = self._known.get(service.base_url) if is_open(service) else None
        return service if found is None else replace(service, backend=found, settled=True)

    def probe(self, service: Service, transport: Transport) -> Service:
        """
        Return a service with its kind, where it tells; what fails leaves it as it is.

        Raises:
            ConfigError: Its key cannot be sent.
        """
        with self._lock:
            if self._is_wanted(service):
                asking = questions(service)
                request: Request | None = next(asking)
                while request is not None:
                    request = self._next(service, asking, self._answer(service, request, transport))
        return self.settled(service)

    async def aprobe(self, service: Service, transport: AsyncTransport) -> Service:
        """Do as ``probe``, and let the event loop go on."""
        async with self._alock:
            if self._is_wanted(service):
                asking = questions(service)
                request: Request | None = next(asking)
                while request is not None:
                    answer = await self._aanswer(service, request, transport)
                    request = self._next(service, asking, answer)
        return self.settled(service)

    def _is_wanted(self, service: Service) -> bool:
        rests = self._clock() < self._rests.get(service.base_url, 0.0)
        return is_open(service) and service.base_url not in self._known and not rests

    def _next(self, service: Service, asking: Questions, answer: Answer | None) -> Request | None:
        """Return what is to be asked next; None where the kind is found, and remembered."""
        try:
            return asking.send(answer)
        except StopIteration as end:
            if end.value is not None:
                self._known[service.base_url] = end.value
            return None

    def _answer(self, service: Service, request: Request, transport: Transport) -> Answer | None:
        try:
            return transport.send(request)
        except APIError as error:
            self._missed(service, error)
            return None

    async def _aanswer(
        self, service: Service, request: Request, transport: AsyncTransport
    ) -> Answer | None:
        try:
            return await transport.send(request)
        except APIError as error:
            self._missed(service, error)
            return None

    def _missed(self, service: Service, error: APIError) -> None:
        # One that refuses a connection costs no time, and may be there the next time.
        if isinstance(error, APITimeoutError):
            self._rests[service.base_url] = self._clock() + _REST


def is_open(service: Service) -> bool:
    """Whether nobody has said of what kind a service is, and its address does not either."""
    return service.backend is UNKNOWN and not service.settled and service.credentials is None


def depends_on_kind(service: Service, request: Request) -> bool:
    """Whether it makes a difference to a request of what kind its open service is."""
    asks = request.method == "POST" and urlsplit(request.url).path.endswith("/responses")
    return asks and is_open(service)


def questions(service: Service) -> Questions:
    """
    Give the requests that tell the kind of a service, and return it.

    The key goes to the list of models, which is what it is for, and to nothing else; one that a
    callable gives is not asked for, as that may take long.
    """
    signed = {} if callable(service.key) else service.auth_headers()
    address = service.base_url.partition("?")[0]
    models = yield _request(f"{address}/models", {**service.headers, **signed})
    if models is None:
        return None
    found = probed_backend(models.headers, _listed(models.body))
    if found is UNKNOWN and models.ok:
        greeting = yield _request(_root(service.base_url), {})
        if greeting is not None and greeting.ok:
            found = _GREETINGS.get(greeting.body.strip(), UNKNOWN)
    # A gateway whose server is not there (yet) says nothing of it.
    return None if found is UNKNOWN and models.status >= 500 else found


def refitted(request: Request, backend: Backend) -> Request:
    """Return a request for a response, made when nobody knew for whom, as ``backend`` takes it."""
    if backend is UNKNOWN:
        return request
    body: dict[str, Any] = json.loads(request.content)
    stream = bool(body.pop("stream", False))
    # What is none of the API's came as ``extra_body``, which nobody changes.
    extra = {name: body.pop(name) for name in [*body] if name not in _PARAMETERS}
    prepared = prepare({**body, "extra_body": extra}, backend, stream=stream)
    for notice in prepared.notices:
        warnings.warn(notice, CodexWarning, stacklevel=5)
    return replace(request, content=prepared.body)


def _request(url: str, headers: dict[str, str]) -> Request:
    agent = {"Accept": "application/json", "User-Agent": PROBE_AGENT}
    return Request("GET", url, {**headers, **agent}, timeout=PROBE_SECONDS)


def _root(base_url: str) -> str:
    address = urlsplit(base_url)
    return urlunsplit((address.scheme, address.netloc, "/", "", ""))


def _listed(body: bytes) -> Any:
    """Return a list of models as it came, or None where it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("data"), list) else None
