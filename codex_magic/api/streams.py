"""ResponseStream and AsyncResponseStream: a response while it arrives."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, aclosing, closing
from types import TracebackType
from typing import Self

from ..errors import APIError, StreamError
from .accumulate import Accumulator
from .calls import decode_answer
from .events import ErrorEvent, ResponseStreamEvent, decode, parse_event, seen_event
from .failures import error_of, hide_keys
from .items import Json, Response, parse_response
from .transport import Answer, AsyncIncoming, Incoming, ServerSent, read_events

_END = "[DONE]"
_STREAM_STARTS = (b"event:", b"data:", b"id:", b"retry:", b":")
_TERMINAL_OF = {"incomplete": "response.incomplete", "failed": "response.failed"}


class EventReader:
    """Server-sent events in; typed events, and at the end a Response, out. It does no I/O."""

    def __init__(self) -> None:
        self._accumulator = Accumulator()
        self.latest: ServerSent = ("", "")
        self.error: APIError | None = None
        self.ended = False

    def take(self, name: str, text: str) -> ResponseStreamEvent | None:
        """
        Return the typed view of one server-sent event, or None for one that says nothing.

        Raises:
            StreamError: It is not what the API promises.
        """
        if text.strip() == _END:
            self.ended = True
            return None
        data = decode(name, text)
        if data is None:
            return None
        self.latest = (name, text)
        return self.take_json(data)

    def take_json(self, data: Json) -> ResponseStreamEvent:
        """Return the typed view of one event that is JSON already."""
        try:
            event = parse_event(data)
            self._accumulator.apply(data)
        except (LookupError, TypeError, AttributeError, ValueError) as exc:
            kind = data.get("type")
            message = f"The service sent an event {kind!r} that is not as the API has it: {exc!r}"
            raise StreamError(message, partial=self.snapshot()) from exc
        if isinstance(event, ErrorEvent):
            self.error = error_of(
                None, event.message, code=event.code, param=event.param, body=data
            )
        self.ended = self.ended or self._accumulator.finished
        return event

    def snapshot(self) -> Response | None:
        """Return the response as far as it has arrived, or None where that is nothing whole."""
        try:
            return self._accumulator.snapshot()
        except (LookupError, TypeError, AttributeError, ValueError):
            return None

    def broken(self, error: APIError) -> APIError:
        """Return ``error``, with what had arrived before it; the answer stays broken."""
        if isinstance(error, StreamError):
            error.partial = error.partial or self.snapshot()
        self.error = error
        return error

    def check_sound(self) -> None:
        """Raise the error that broke the answer off, if one did."""
        if self.error:
            raise self.error

    def check_end(self) -> None:
        """
        See to it that an answer has ended as answers do.

        Raises:
            StreamError: It has not.
        """
        if not self._accumulator.finished:
            message = "The answer broke off: the service ended it without saying that it is done."
            raise StreamError(message, partial=self.snapshot())

    def response(self) -> Response:
        """Return the whole response."""
        self.check_end()
        whole = self.snapshot()
        if whole is None:
            raise StreamError("The service ended its answer with something that is no response.")
        return whole


class ResponseStream:
    """
    The events of a response, as they come.

    Iterating again gives the same events. Leaving a ``with`` block, or ``close()``, closes the
    connection, which stops the model.
    """

    def __init__(self, stack: ExitStack, incoming: Incoming) -> None:
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
        for _ in self._events:
            pass
        self._reader.check_sound()
        return self._reader.response()

    def close(self) -> None:
        """Close the connection."""
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
        except APIError as error:
            raise self._reader.broken(error) from error.__cause__
        finally:
            self.close()


class AsyncResponseStream:
    """The asynchronous twin of ``ResponseStream``."""

    def __init__(self, stack: AsyncExitStack, incoming: AsyncIncoming) -> None:
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
        async for _ in self._events:
            pass
        self._reader.check_sound()
        return self._reader.response()

    async def close(self) -> None:
        """Close the connection."""
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
        except APIError as error:
            raise self._reader.broken(error) from error.__cause__
        finally:
            await self.close()


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
