"""Builders for the answers that a test puts into the service's queue."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .errors import Json

Shape = Literal["nested", "flat", "bare"]
Chunking = int | Literal["random"] | None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer that is no Responses API answer: an error page, or any bytes."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamError:
    """An error event that breaks off a stream after some of its events."""

    shape: Shape
    code: str
    message: str
    after: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer goes over the wire; every field leaves the real way by default."""

    cut_after: int | None = None
    cut_after_bytes: int | None = None
    eof_after: int | None = None
    hold_after: int | None = None
    pause: float = 0.0
    pause_every: int = 1
    chunking: Chunking | Literal["service"] = "service"
    seed: int = 0
    line_ending: str = "\n"
    event_lines: bool = True
    done: bool = False
    comments: bool = False
    keepalives: bool = False
    empty_output: bool = False
    usage: bool = True
    spoil_after: int | None = None
    spoiled: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One scripted answer: what the model says, or what the service sends instead.

    The methods return a changed copy, so that they can be chained:
    `text("Hello").pause(0.1).cut_after(5)`.
    """

    output: tuple[Json, ...] = ()
    chunks: int | None = None
    status: Literal["completed", "incomplete", "failed"] = "completed"
    incomplete_reason: str | None = None
    error: Json | None = None
    usage: Json | None = None
    model: str | None = None
    events: tuple[Json, ...] | None = None
    stream_error: StreamError | None = None
    http: HttpAnswer | None = None
    delivery: Delivery = Delivery()

    def cut_after(self, events: int) -> "Answer":
        """Reset the TCP connection after so many events."""
        return self._deliver(cut_after=events)

    def cut_after_bytes(self, count: int) -> "Answer":
        """Reset the TCP connection after so many bytes of the body."""
        return self._deliver(cut_after_bytes=count)

    def eof_after(self, events: int) -> "Answer":
        """End the body in an orderly way after so many events, without a terminal one."""
        return self._deliver(eof_after=events)

    def pause(self, seconds: float, every: int = 1) -> "Answer":
        """Wait after every so many events."""
        return self._deliver(pause=seconds, pause_every=every)

    def hold(self, after: int = 0) -> "Answer":
        """
        Stall after so many events, until `service.release()` or until the client leaves.

        With -1 not even the status line is sent. A JSON answer is held before its body.
        """
        return self._deliver(hold_after=after)

    def chunking(self, size: Chunking, seed: int = 0) -> "Answer":
        """Cut the body into pieces of this size, "random" ones, or (None) not at all."""
        return self._deliver(chunking=size, seed=seed)

    def line_ending(self, ending: str) -> "Answer":
        r"""End the lines of the stream in "\n", "\r\n", or "\r"."""
        return self._deliver(line_ending=ending)

    def without_event_lines(self) -> "Answer":
        """Send data lines only."""
        return self._deliver(event_lines=False)

    def with_done(self) -> "Answer":
        """End the stream with `data: [DONE]`."""
        return self._deliver(done=True)

    def with_comments(self) -> "Answer":
        """Put a comment line before every event."""
        return self._deliver(comments=True)

    def with_keepalives(self) -> "Answer":
        """Put a keepalive event, and one without data, after every other event."""
        return self._deliver(keepalives=True)

    def empty_output(self) -> "Answer":
        """Leave the output of the terminal response empty."""
        return self._deliver(empty_output=True)

    def without_usage(self) -> "Answer":
        """Leave the usage of the terminal response null."""
        return self._deliver(usage=False)

    def spoil_after(self, events: int, data: bytes) -> "Answer":
        """Put these bytes into the stream after so many events."""
        return self._deliver(spoil_after=events, spoiled=data)

    def _deliver(self, **changes: Any) -> "Answer":
        return replace(self, delivery=replace(self.delivery, **changes))


def text(
    text: str,
    *,
    chunks: int | None = None,
    reasoning: str | Sequence[str] | None = None,
    usage: Json | None = None,
    phase: str | None = None,
    model: str | None = None,
) -> Answer:
    """
    A message, after a reasoning item if `reasoning` gives its summary.

    As in life, the summary is only sent to who asked for it (`reasoning.summary`).
    `chunks` is the number of deltas; by default there is one a word.
    """
    message: Json = {"type": "message", "text": text}
    if phase is not None:
        message["phase"] = phase
    return Answer((*_reasoning(reasoning), message), chunks=chunks, usage=usage, model=model)


def function_call(
    name: str,
    call_id: str | None = None,
    reasoning: str | Sequence[str] | None = None,
    **arguments: Any,
) -> Answer:
    """One function call; `reasoning=` is the summary of the reasoning before it."""
    return Answer((*_reasoning(reasoning), _call(name, arguments, call_id)))


def calls(
    calls: Sequence[Answer | tuple[str, Mapping[str, Any]]],
    reasoning: str | Sequence[str] | None = None,
) -> Answer:
    """Several function calls at once, as `("name", {...})` or `function_call(...)`."""
    items: list[Json] = [*_reasoning(reasoning)]
    for call in calls:
        if isinstance(call, Answer):
            items.extend(call.output)
        else:
            items.append(_call(call[0], call[1], None))
    return Answer(tuple(items))


def failed(code: str, message: str, *, text: str = "") -> Answer:
    """A response that fails after HTTP 200, and after this text."""
    output: tuple[Json, ...] = ({"type": "message", "text": text},) if text else ()
    return Answer(output, status="failed", error={"code": code, "message": message})


def incomplete(
    text: str, reason: str = "max_output_tokens", *, reasoning: str | None = None
) -> Answer:
    """A response that was cut off; with an empty text there is no message at all."""
    message: tuple[Json, ...] = ({"type": "message", "text": text},) if text else ()
    return Answer((*_reasoning(reasoning), *message), status="incomplete", incomplete_reason=reason)


def refusal(text: str) -> Answer:
    """A message in which the model declines."""
    return Answer(({"type": "message", "refusal": text},))


def error(
    status: int,
    code: str | int | None,
    message: str,
    type: str = "invalid_request_error",
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> Answer:
    """An HTTP error; `body` (JSON, or text as it is) replaces the usual one."""
    detail = {"message": message, "type": type, "param": param, "code": code}
    payload = {"error": detail} if body is None else body
    if isinstance(payload, str | bytes):
        data = payload.encode() if isinstance(payload, str) else payload
        return Answer(http=HttpAnswer(status, data, "text/plain", headers or {}))
    data = json.dumps(payload).encode()
    return Answer(http=HttpAnswer(status, data, "application/json", headers or {}))


def in_stream_error(
    shape: Shape = "nested",
    code: str = "server_error",
    message: str = "The server had an error while processing your request.",
    after: int = 2,
    *,
    text: str = "This will not be finished.",
) -> Answer:
    """An error event after so many events of a text answer."""
    failure = StreamError(shape, code, message, after)
    return Answer(({"type": "message", "text": text},), stream_error=failure)


def events(events: Sequence[Json]) -> Answer:
    """These events and no others, as they are."""
    return Answer(events=tuple(events))


def raw(body: bytes, content_type: str = "text/event-stream", status: int = 200) -> Answer:
    """These bytes and no others."""
    return Answer(http=HttpAnswer(status, body, content_type))


def html(status: int, body: str) -> Answer:
    """A page, as proxies send them."""
    return Answer(http=HttpAnswer(status, body.encode(), "text/html; charset=utf-8"))


def _reasoning(summary: str | Sequence[str] | None) -> tuple[Json, ...]:
    if summary is None:
        return ()
    parts = [summary] if isinstance(summary, str) else list(summary)
    return ({"type": "reasoning", "summary": parts},)


def _call(name: str, arguments: Mapping[str, Any], call_id: str | None) -> Json:
    call: Json = {"type": "function_call", "name": name, "arguments": json.dumps(dict(arguments))}
    if call_id is not None:
        call["call_id"] = call_id
    return call
