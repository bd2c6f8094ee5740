"""``client.responses``: ask the model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from .calls import AsyncCaller, Caller
from .items import Response
from .parsed_streams import (
    AsyncParsedResponseStream,
    AsyncParsedResponseStreamManager,
    ParsedResponseStream,
)
from .parsing import announced, parsed_by, with_target
from .requests import ResponseCreateParams
from .response_calls import (
    CompactedResponse,
    PendingCalls,
    compacted,
    create_request,
    stream_request,
)
from .response_inputs import AsyncInputItems, AsyncInputTokens, InputItems, InputTokens, posted
from .stored import AsyncStoredResponses, StoredResponses
from .streams import (
    AsyncResponseStream,
    AsyncResponseStreamManager,
    ResponseStream,
    response_of,
)

if TYPE_CHECKING:
    from .parsed import ParsedResponse
    from .schema import Target

_T = TypeVar("_T")
_COMPACT = "/responses/compact"


class Responses(StoredResponses):
    """The calls under ``/responses``."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self._pending = PendingCalls()
        self.input_items = InputItems(caller)
        self.input_tokens = InputTokens(caller)

    @overload
    def create(
        self,
        *,
        stream: Literal[False] | None = False,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> Response: ...
    @overload
    def create(
        self,
        *,
        stream: Literal[True],
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> ResponseStream: ...
    @overload
    def create(
        self,
        *,
        stream: bool | None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> Response | ResponseStream: ...
    def create(
        self,
        *,
        stream: bool | None = False,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> Response | ResponseStream:
        """
        Send a request; return the answer, or with ``stream`` its events as they come.

        Raises:
            APIStatusError: The service refuses the request, or fails.
            APIConnectionError: No answer came.
            StreamError: The answer broke off.
        """
        if stream:
            return self.stream(extra_query=extra_query, **params)
        pending = self._pending.before(params)
        request = create_request(self._caller, params, extra_query, stream=False, pending=pending)
        return self._pending.remember(response_of(self._caller.send(request)))

    @overload
    def parse(
        self, *, text_format: type[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[_T]: ...
    @overload
    def parse(
        self, *, text_format: Any, **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[Any]: ...
    def parse(
        self, *, text_format: Any, **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[Any]:
        """
        Ask for an answer that is a ``text_format``, and return it with its value.

        Args:
            text_format: A Pydantic model, a dataclass, a TypedDict, ``list[…]``, a union, or a
                JSON schema.
            params: What ``create`` takes.

        Raises:
            AnswerError: There is an answer, and no such value in it.
            TypeError: ``text_format`` cannot be one, or ``text.format`` is given as well.
        """
        target = announced(text_format)
        response = self.create(**with_target(params, target))
        return parsed_by(self._caller.options.service.backend, response, target)

    @overload
    def stream(
        self,
        *,
        text_format: None = None,
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> ResponseStream: ...
    @overload
    def stream(
        self,
        *,
        text_format: type[_T],
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> ParsedResponseStream[_T]: ...
    @overload
    def stream(
        self,
        *,
        text_format: Any,
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> ParsedResponseStream[Any]: ...
    def stream(
        self,
        *,
        text_format: Any = None,
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> ResponseStream | ParsedResponseStream[Any]:
        """
        Send a request and return the events of its answer as they come.

        Args:
            text_format: What the answer is to be, as ``parse`` takes it: then the response at
                the end of the stream has its value.
            response_id: Nothing is asked; the events are those of this background response.
            starting_after: The ``sequence_number`` after which they begin.
            extra_query: Added to the address.
            params: What ``create`` takes.

        Raises:
            TypeError: ``text_format`` cannot be one, or ``text.format`` is given as well.
        """
        caller = self._caller
        target = None if text_format is None else announced(text_format)
        asked = params if target is None else with_target(params, target)
        request, resumption = stream_request(
            caller, response_id, starting_after, extra_query, asked
        )
        opened = caller.open(request)
        if target is None:
            return ResponseStream(*opened, caller, resumption)
        parse = partial(parsed_by, caller.options.service.backend, target=target)
        return ParsedResponseStream(*opened, caller, resumption, parse)

    def compact(
        self,
        *,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> CompactedResponse:
        """Have a conversation made shorter; ``output`` is then the input to go on with."""
        request = posted(self._caller, _COMPACT, params, extra_query)
        return compacted(self._caller.send(request))


class AsyncResponses(AsyncStoredResponses):
    """The asynchronous twin of ``Responses``."""

    def __init__(self, caller: AsyncCaller) -> None:
        super().__init__(caller)
        self._pending = PendingCalls()
        self.input_items = AsyncInputItems(caller)
        self.input_tokens = AsyncInputTokens(caller)

    @overload
    async def create(
        self,
        *,
        stream: Literal[False] | None = False,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> Response: ...
    @overload
    async def create(
        self,
        *,
        stream: Literal[True],
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> AsyncResponseStream: ...
    @overload
    async def create(
        self,
        *,
        stream: bool | None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> Response | AsyncResponseStream: ...
    async def create(
        self,
        *,
        stream: bool | None = False,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> Response | AsyncResponseStream:
        """
        Send a request; return the answer, or with ``stream`` its events as they come.

        Raises:
            APIStatusError: The service refuses the request, or fails.
            APIConnectionError: No answer came.
            StreamError: The answer broke off.
        """
        if stream:
            return await self.stream(extra_query=extra_query, **params)
        pending = self._pending.before(params)
        request = create_request(self._caller, params, extra_query, stream=False, pending=pending)
        return self._pending.remember(response_of(await self._caller.send(request)))

    @overload
    async def parse(
        self, *, text_format: type[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[_T]: ...
    @overload
    async def parse(
        self, *, text_format: Any, **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[Any]: ...
    async def parse(
        self, *, text_format: Any, **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[Any]:
        """Ask for an answer that is a ``text_format``, and return it with its value."""
        target = announced(text_format)
        response = await self.create(**with_target(params, target))
        return parsed_by(self._caller.options.service.backend, response, target)

    @overload
    def stream(
        self,
        *,
        text_format: None = None,
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> AsyncResponseStreamManager: ...
    @overload
    def stream(
        self,
        *,
        text_format: type[_T],
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> AsyncParsedResponseStreamManager[_T]: ...
    @overload
    def stream(
        self,
        *,
        text_format: Any,
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> AsyncParsedResponseStreamManager[Any]: ...
    def stream(
        self,
        *,
        text_format: Any = None,
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> AsyncResponseStreamManager | AsyncParsedResponseStreamManager[Any]:
        """Send a request and return the events of its answer as they come."""
        caller = self._caller
        place = (response_id, starting_after, extra_query)

        async def begin() -> AsyncResponseStream:
            request, resumption = stream_request(caller, *place, params)
            return AsyncResponseStream(*await caller.open(request), caller, resumption)

        if text_format is None:
            return AsyncResponseStreamManager(begin)
        target: Target[Any] = announced(text_format)
        asked = with_target(params, target)

        async def begin_parsed() -> AsyncParsedResponseStream[Any]:
            request, resumption = stream_request(caller, *place, asked)
            opened = await caller.open(request)
            parse = partial(parsed_by, caller.options.service.backend, target=target)
            return AsyncParsedResponseStream(*opened, caller, resumption, parse)

        return AsyncParsedResponseStreamManager(begin_parsed)

    async def compact(
        self,
        *,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> CompactedResponse:
        """Have a conversation made shorter; ``output`` is then the input to go on with."""
        request = posted(self._caller, _COMPACT, params, extra_query)
        return compacted(await self._caller.send(request))
