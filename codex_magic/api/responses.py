"""``client.responses``: ask the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Unpack, overload

from .calls import AsyncCaller, Caller
from .items import Response
from .requests import ResponseCreateParams, response_body
from .streams import AsyncResponseStream, ResponseStream, response_of
from .transport import Request

_PATH = "/responses"


class Responses:
    """The calls under ``/responses``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @overload
    def create(
        self, *, stream: Literal[False] = False, **params: Unpack[ResponseCreateParams]
    ) -> Response: ...
    @overload
    def create(
        self, *, stream: Literal[True], **params: Unpack[ResponseCreateParams]
    ) -> ResponseStream: ...
    @overload
    def create(
        self, *, stream: bool, **params: Unpack[ResponseCreateParams]
    ) -> Response | ResponseStream: ...
    def create(
        self, *, stream: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> Response | ResponseStream:
        """
        Send a request; return the answer, or with ``stream`` its events as they come.

        Raises:
            APIStatusError: The service refuses the request, or fails.
            APIConnectionError: No answer came.
            StreamError: The answer broke off.
        """
        if stream:
            return self.stream(**params)
        return response_of(self._caller.send(_request(self._caller, params, stream=False)))

    def stream(self, **params: Unpack[ResponseCreateParams]) -> ResponseStream:
        """Send a request and return the events of its answer as they come."""
        return ResponseStream(*self._caller.open(_request(self._caller, params, stream=True)))


class AsyncResponses:
    """The asynchronous twin of ``Responses``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    @overload
    async def create(
        self, *, stream: Literal[False] = False, **params: Unpack[ResponseCreateParams]
    ) -> Response: ...
    @overload
    async def create(
        self, *, stream: Literal[True], **params: Unpack[ResponseCreateParams]
    ) -> AsyncResponseStream: ...
    @overload
    async def create(
        self, *, stream: bool, **params: Unpack[ResponseCreateParams]
    ) -> Response | AsyncResponseStream: ...
    async def create(
        self, *, stream: bool = False, **params: Unpack[ResponseCreateParams]
    ) -> Response | AsyncResponseStream:
        """
        Send a request; return the answer, or with ``stream`` its events as they come.

        Raises:
            APIStatusError: The service refuses the request, or fails.
            APIConnectionError: No answer came.
            StreamError: The answer broke off.
        """
        if stream:
            return await self.stream(**params)
        return response_of(await self._caller.send(_request(self._caller, params, stream=False)))

    async def stream(self, **params: Unpack[ResponseCreateParams]) -> AsyncResponseStream:
        """Send a request and return the events of its answer as they come."""
        request = _request(self._caller, params, stream=True)
        return AsyncResponseStream(*await self._caller.open(request))


def _request(caller: Caller | AsyncCaller, params: Mapping[str, Any], *, stream: bool) -> Request:
    return caller.options.request(
        "POST",
        _PATH,
        response_body(params, stream=stream),
        timeout=params.get("timeout"),
        headers=params.get("extra_headers"),
    )
