"""``client.responses`` once they are there: a stored response is fetched, waited for, stopped, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal, Unpack, overload

from .background import RESPONSE, is_unfinished, poll_delay
from .calls import AsyncCaller, Caller, CallExtras, pause
from .items import Json, Response
from .response_calls import events_request, get_request
from .streams import AsyncResponseStream, ResponseStream, response_of

_CANCEL = f"{RESPONSE}/cancel"


class StoredResponses:
    """The calls under ``/responses/{id}``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

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


class AsyncStoredResponses:
    """The asynchronous twin of ``StoredResponses``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

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
