"""ResponseStream and AsyncResponseStream: a response while it arrives."""

from __future__ import annotations

import asyncio
import json
from codecs import BOM_UTF8
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, ExitStack, aclosing, closing
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ..errors import APIConnectionError, APIError, StreamError
from .background import Resumption, given_up, is_unfinished
from .calls import AsyncCaller, Caller, decode_answer, pause
from .events import ResponseStreamEvent, seen_event
from .failures import hide_keys
from .items import Json, Response, parse_response
from .reader import EventReader
from .transport import Answer, AsyncIncoming, Incoming, ServerSent, read_events

__all__ = [
    "AsyncResponseStream",
    "AsyncResponseStreamManager",
    "AsyncStreamManager",
    "EventReader",
    "ResponseStream",
    "response_of",
]

_Stream = TypeVar("_Stream", bound="AsyncResponseStream")
_STREAM_STARTS = (b"event:", b"data:", b"id:", b"retry:", b":")
_TERMINAL_OF = {"incomplete": "response.incomplete", "failed": "response.failed"}


class ResponseStream:
    """
    The events of a response, as they come.

    Iterating again gives the same events. Leaving a ``with`` block, or ``close()``, closes the
    connection, which stops the model.
    """

    def __init__(
        self,
        stack: ExitStack,
        incoming: Incoming,
        caller: Caller | None = None,
        resumption: Resumption | None = None,
    ) -> None:
        self._caller = caller
        self._resumption = resumption
        self._closed = False
        self._stack = stack
        self._incoming = incoming
        self._reader = EventReader()
        self._events = self._read()
        # As text, which the garbage collector need not look through again and again.
        self._seen: list[ServerSent] = []

    def __iter__(self) -> Iterator[ResponseStreamEvent]:
        """Yield every event, from the first one on."""
        position = 0
        while True:
            if position < len(self._seen):
                yield seen_event(*self._seen[position])
            else:
                event = next(self._events, None)
                if event is None:
                    self._reader.check_sound()
                    return
                self._seen.append(self._reader.latest)
                yield event
            position += 1

    def events(self) -> Generator[ResponseStreamEvent, None, None]:
        """Yield the events that are left and keep none of them, for long answers."""
        return self._events

    def snapshot(self) -> Response | None:
        """Return the response as far as it has arrived."""
        return self._reader.snapshot()

    def get_final_response(self) -> Response:
        """
        Read on to the end and return the response, also a failed or an incomplete one.

        Raises:
            StreamError: It broke off; ``partial`` holds what had arrived.
            APIStatusError: The service reported an error in mid-stream.
        """
        self.until_done()
        return self._reader.response()

    def until_done(self) -> Self:
        """Read on to the end, and return this stream."""
        for _ in self._events:
            pass
        self._reader.check_sound()
        return self

    def close(self) -> None:
        """Close the connection."""
        self._closed = True
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._events.close()
        self.close()

    def _read(self) -> Generator[ResponseStreamEvent, None, None]:
        try:
            while True:
                try:
                    yield from self._arriving()
                    return
                except (StreamError, APIConnectionError) as error:
                    self._take_up(error)
        except APIError as error:
            raise self._reader.broken(error) from error.__cause__
        finally:
            self.close()

    def _arriving(self) -> Generator[ResponseStreamEvent, None, None]:
        """Yield the events that come over this connection."""
        if not _is_event_stream(self._incoming.headers):
            yield from _events_of(self._reader, self._incoming.read())
            return
        with closing(self._incoming.events()) as events:
            for name, text in events:
                event = self._reader.take(name, text)
                if event is not None:
                    yield event
                self._reader.check_sound()
                if self._reader.ended:
                    self._incoming.drain(events)
        self._reader.check_end()

    def _take_up(self, error: APIError) -> None:
        """Go on where the stream of a background response broke off, or raise ``error``."""
        if self._caller is None or self._resumption is None:
            raise error
        self._check_open(error)
        reader = self._reader
        request, seconds = self._resumption.after(error, reader.response_id, reader.sequence)
        self._stack.close()
        pause(seconds)
        try:
            self._stack, self._incoming = self._caller.open(request)
        except APIError as because:
            raise given_up(error, because) from because
        reader.resume()
        # Another thread may have closed the stream while it was being opened again.
        self._check_open(error)

    def _check_open(self, error: APIError) -> None:
        """Raise the error of a stream that was closed: nobody waits for the rest."""
        if self._closed:
            raise error


class AsyncStreamManager(Generic[_Stream]):
    """A stream that is still to be opened: await it, or enter it."""

    def __init__(self, begin: Callable[[], Awaitable[_Stream]]) -> None:
        self._begin = begin
        self._stack = AsyncExitStack()

    def __await__(self) -> Generator[Any, None, _Stream]:
        return self._begin().__await__()

    async def __aenter__(self) -> _Stream:
        stream = await self._begin()
        await self._stack.enter_async_context(stream)
        return stream

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)


class AsyncResponseStreamManager(AsyncStreamManager["AsyncResponseStream"]):
    """What ``stream()`` of an asynchronous client gives: await it, or enter it."""


class AsyncResponseStream:
    """The asynchronous twin of ``ResponseStream``."""

    def __init__(
        self,
        stack: AsyncExitStack,
        incoming: AsyncIncoming,
        caller: AsyncCaller | None = None,
        resumption: Resumption | None = None,
    ) -> None:
        self._caller = caller
        self._resumption = resumption
        self._closed = False
        self._stack = stack
        self._incoming = incoming
        self._reader = EventReader()
        self._events = self._read()
        # As text, which the garbage collector need not look through again and again.
        self._seen: list[ServerSent] = []

    async def __aiter__(self) -> AsyncIterator[ResponseStreamEvent]:
        """Yield every event, from the first one on."""
        position = 0
        while True:
            if position < len(self._seen):
                yield seen_event(*self._seen[position])
            else:
                event = await anext(self._events, None)
                if event is None:
                    self._reader.check_sound()
                    return
                self._seen.append(self._reader.latest)
                yield event
            position += 1

    def events(self) -> AsyncGenerator[ResponseStreamEvent, None]:
        """Yield the events that are left and keep none of them, for long answers."""
        return self._events

    def snapshot(self) -> Response | None:
        """Return the response as far as it has arrived."""
        return self._reader.snapshot()

    async def get_final_response(self) -> Response:
        """
        Read on to the end and return the response, also a failed or an incomplete one.

        Raises:
            StreamError: It broke off; ``partial`` holds what had arrived.
            APIStatusError: The service reported an error in mid-stream.
        """
        await self.until_done()
        return self._reader.response()

    async def until_done(self) -> Self:
        """Read on to the end, and return this stream."""
        async for _ in self._events:
            pass
        self._reader.check_sound()
        return self

    async def close(self) -> None:
        """Close the connection."""
        self._closed = True
        await self._stack.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._events.aclose()
        await self.close()

    async def _read(self) -> AsyncGenerator[ResponseStreamEvent, None]:
        try:
            while True:
                try:
                    async with aclosing(self._arriving()) as events:
                        async for event in events:
                            yield event
                    return
                except (StreamError, APIConnectionError) as error:
                    await self._take_up(error)
        except APIError as error:
            raise self._reader.broken(error) from error.__cause__
        finally:
            await self.close()

    async def _arriving(self) -> AsyncGenerator[ResponseStreamEvent, None]:
        """Yield the events that come over this connection."""
        if not _is_event_stream(self._incoming.headers):
            for event in _events_of(self._reader, await self._incoming.read()):
                yield event
            return
        async with aclosing(self._incoming.events()) as events:
            async for name, text in events:
                next_event = self._reader.take(name, text)
                if next_event is not None:
                    yield next_event
                self._reader.check_sound()
                if self._reader.ended:
                    await self._incoming.drain(events)
        self._reader.check_end()

    async def _take_up(self, error: APIError) -> None:
        """Go on where the stream of a background response broke off, or raise ``error``."""
        if self._caller is None or self._resumption is None:
            raise error
        self._check_open(error)
        reader = self._reader
        request, seconds = self._resumption.after(error, reader.response_id, reader.sequence)
        await self._stack.aclose()
        await asyncio.sleep(seconds)
        try:
            self._stack, self._incoming = await self._caller.open(request)
        except APIError as because:
            raise given_up(error, because) from because
        reader.resume()
        # Another task may have closed the stream while it was being opened again.
        self._check_open(error)

    def _check_open(self, error: APIError) -> None:
        """Raise the error of a stream that was closed: nobody waits for the rest."""
        if self._closed:
            raise error


def response_of(answer: Answer) -> Response:
    """
    Return the response that an answer holds, also one that streams though nobody asked it to.

    Raises:
        StreamError: It holds none.
        APIStatusError: It holds an error.
    """
    if _holds_events(answer):
        reader = EventReader()
        for _ in _replayed(reader, answer):
            pass
        return reader.response()
    return _parsed(decode_answer(answer))


def _events_of(reader: EventReader, answer: Answer) -> Iterator[ResponseStreamEvent]:
    """Yield the events of an answer that is not labelled as a stream."""
    if _holds_events(answer):
        yield from _replayed(reader, answer)
        return
    body = decode_answer(answer)
    if reader.resumed and is_unfinished(_parsed(body)):
        raise StreamError("The service does not send the rest of its answer.")
    _parsed(body)
    kind = _TERMINAL_OF.get(str(body.get("status")), "response.completed")
    event = reader.take(kind, json.dumps({"type": kind, "response": body}))
    assert event is not None
    yield event


def _replayed(reader: EventReader, answer: Answer) -> Iterator[ResponseStreamEvent]:
    for name, text in read_events(iter([answer.body.decode("utf-8-sig", "replace")])):
        event = reader.take(name, text)
        if event is not None:
            yield event
        reader.check_sound()
    reader.check_end()


def _parsed(body: Json) -> Response:
    try:
        return parse_response(body)
    except (LookupError, TypeError, AttributeError, ValueError) as exc:
        start = hide_keys(json.dumps(body))[:80]
        raise StreamError(
            f"The service answered with something that is no response: {start}"
        ) from exc


def _is_event_stream(headers: Mapping[str, str]) -> bool:
    return "text/event-stream" in headers.get("content-type", "").lower()


def _holds_events(answer: Answer) -> bool:
    """Whether an answer that was read is a stream: its body tells more than its label."""
    start = answer.body[:64].removeprefix(BOM_UTF8).lstrip()
    if start.startswith(b"{"):
        return False
    return start.startswith(_STREAM_STARTS) or _is_event_stream(answer.headers)
