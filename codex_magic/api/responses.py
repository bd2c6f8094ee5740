"""``client.responses``: ask the model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from .background import RESPONSE, is_unfinished, poll_delay
from .calls import AsyncCaller, Caller, CallExtras, pause
from .items import Json, Response
from .parsing import announced, parsed_by, with_target
from .requests import ResponseCreateParams
from .response_calls import (
    CompactedResponse,
    PendingCalls,
    compacted,
    create_request,
    events_request,
    get_request,
    stream_request,
)
from .response_inputs import AsyncInputItems, AsyncInputTokens, InputItems, InputTokens, posted
from .streams import (
    AsyncResponseStream,
    AsyncResponseStreamManager,
    ResponseStream,
    response_of,
)

if TYPE_CHECKING:
    from .parsed import ParsedResponse

_T = TypeVar("_T")
_COMPACT = "/responses/compact"
_CANCEL = f"{RESPONSE}/cancel"


class Responses:
    """The calls under ``/responses``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
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

    def parse(
        self, *, text_format: type[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[_T]:
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

    def stream(
        self,
        *,
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> ResponseStream:
        """
        Send a request and return the events of its answer as they come.

        Args:
            response_id: Nothing is asked; the events are those of this background response.
            starting_after: The ``sequence_number`` after which they begin.
            extra_query: Added to the address.
            params: What ``create`` takes.
        """
        request, resumption = stream_request(
            self._caller, response_id, starting_after, extra_query, params
        )
        return ResponseStream(*self._caller.open(request), self._caller, resumption)

    @overload
    def retrieve(
        self,
        response_id: str,
        *,
        stream: Literal[False] | None = False,
        include: Sequence[str] | None = None,
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
        **extras: Unpack[CallExtras],
    ) -> Response: ...
    @overload
    def retrieve(
        self,
        response_id: str,
        *,
        stream: Literal[True],
        include: Sequence[str] | None = None,
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
        **extras: Unpack[CallExtras],
    ) -> ResponseStream: ...
    @overload
    def retrieve(
        self,
        response_id: str,
        *,
        stream: bool | None,
        include: Sequence[str] | None = None,
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
        **extras: Unpack[CallExtras],
    ) -> Response | ResponseStream: ...
    def retrieve(
        self,
        response_id: str,
        *,
        stream: bool | None = False,
        include: Sequence[str] | None = None,
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
        **extras: Unpack[CallExtras],
    ) -> Response | ResponseStream:
        """
        Return a stored response, or with ``stream`` the events of a background one.

        Args:
            response_id: Its id.
            stream: Whether its events are wanted.
            include: What of it the service would leave out.
            starting_after: The ``sequence_number`` after which the events begin.
            include_obfuscation: Whether deltas are padded.
            extras: What every call takes.
        """
        query: Json = {"include": include}
        if not stream:
            request = get_request(self._caller, response_id, query, extras)
            return response_of(self._caller.send(request))
        query["include_obfuscation"] = include_obfuscation
        request, resumption = events_request(
            self._caller, response_id, starting_after, query, extras
        )
        return ResponseStream(*self._caller.open(request), self._caller, resumption)

    def wait(
        self,
        response: Response | str,
        *,
        poll: float | None = None,
        on_progress: Callable[[Response], None] | None = None,
        **extras: Unpack[CallExtras],
    ) -> Response:
        """
        Return a background response when it has come to its end, whatever that is.

        Args:
            response: It, or its id.
            poll: Seconds between two looks; without it, half a second and then ever longer.
            on_progress: Is told of each look.
            extras: What every call takes.
        """
        looks = 0
        while isinstance(response, str) or is_unfinished(response):
            response_id = response if isinstance(response, str) else response.id
            answer = self._caller.send(get_request(self._caller, response_id, {}, extras))
            response, looks = response_of(answer), looks + 1
            if on_progress:
                on_progress(response)
            if is_unfinished(response):
                pause(poll_delay(looks, poll, answer.headers))
        return response

    def cancel(self, response_id: str, **extras: Unpack[CallExtras]) -> Response:
        """Stop a background response, and return it; one that has ended stays as it is."""
        request = self._caller.options.call("POST", _CANCEL, extras=extras, response_id=response_id)
        return response_of(self._caller.send(request))

    def delete(self, response_id: str, **extras: Unpack[CallExtras]) -> None:
        """Delete a stored response."""
        self._caller.send(
            self._caller.options.call("DELETE", RESPONSE, extras=extras, response_id=response_id)
        )

    def compact(
        self,
        *,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> CompactedResponse:
        """Have a conversation made shorter; ``output`` is then the input to go on with."""
        request = posted(self._caller, _COMPACT, params, extra_query)
        return compacted(self._caller.send(request))


class AsyncResponses:
    """The asynchronous twin of ``Responses``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller
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

    async def parse(
        self, *, text_format: type[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[_T]:
        """Ask for an answer that is a ``text_format``, and return it with its value."""
        target = announced(text_format)
        response = await self.create(**with_target(params, target))
        return parsed_by(self._caller.options.service.backend, response, target)

    def stream(
        self,
        *,
        response_id: str | None = None,
        starting_after: int | None = None,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> AsyncResponseStreamManager:
        """Send a request and return the events of its answer as they come."""

        async def begin() -> AsyncResponseStream:
            request, resumption = stream_request(
                self._caller, response_id, starting_after, extra_query, params
            )
            opened = await self._caller.open(request)
            return AsyncResponseStream(*opened, self._caller, resumption)

        return AsyncResponseStreamManager(begin)

    @overload
    async def retrieve(
        self,
        response_id: str,
        *,
        stream: Literal[False] | None = False,
        include: Sequence[str] | None = None,
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
        **extras: Unpack[CallExtras],
    ) -> Response: ...
    @overload
    async def retrieve(
        self,
        response_id: str,
        *,
        stream: Literal[True],
        include: Sequence[str] | None = None,
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
        **extras: Unpack[CallExtras],
    ) -> AsyncResponseStream: ...
    @overload
    async def retrieve(
        self,
        response_id: str,
        *,
        stream: bool | None,
        include: Sequence[str] | None = None,
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
        **extras: Unpack[CallExtras],
    ) -> Response | AsyncResponseStream: ...
    async def retrieve(
        self,
        response_id: str,
        *,
        stream: bool | None = False,
        include: Sequence[str] | None = None,
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
        **extras: Unpack[CallExtras],
    ) -> Response | AsyncResponseStream:
        """Return a stored response, or with ``stream`` the events of a background one."""
        query: Json = {"include": include}
        if not stream:
            request = get_request(self._caller, response_id, query, extras)
            return response_of(await self._caller.send(request))
        query["include_obfuscation"] = include_obfuscation
        request, resumption = events_request(
            self._caller, response_id, starting_after, query, extras
        )
        return AsyncResponseStream(*await self._caller.open(request), self._caller, resumption)

    async def wait(
        self,
        response: Response | str,
        *,
        poll: float | None = None,
        on_progress: Callable[[Response], None] | None = None,
        **extras: Unpack[CallExtras],
    ) -> Response:
        """Return a background response when it has come to its end, whatever that is."""
        looks = 0
        while isinstance(response, str) or is_unfinished(response):
            response_id = response if isinstance(response, str) else response.id
            answer = await self._caller.send(get_request(self._caller, response_id, {}, extras))
            response, looks = response_of(answer), looks + 1
            if on_progress:
                on_progress(response)
            if is_unfinished(response):
                await asyncio.sleep(poll_delay(looks, poll, answer.headers))
        return response

    async def cancel(self, response_id: str, **extras: Unpack[CallExtras]) -> Response:
        """Stop a background response, and return it; one that has ended stays as it is."""
        request = self._caller.options.call("POST", _CANCEL, extras=extras, response_id=response_id)
        return response_of(await self._caller.send(request))

    async def delete(self, response_id: str, **extras: Unpack[CallExtras]) -> None:
        """Delete a stored response."""
        await self._caller.send(
            self._caller.options.call("DELETE", RESPONSE, extras=extras, response_id=response_id)
        )

    async def compact(
        self,
        *,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> CompactedResponse:
        """Have a conversation made shorter; ``output`` is then the input to go on with."""
        request = posted(self._caller, _COMPACT, params, extra_query)
        return compacted(await self._caller.send(request))
