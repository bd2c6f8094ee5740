"""The events of an answer as bytes on the wire, whole or broken in the ways of real networks."""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .answers import Chunking, Delivery
from .composing import TERMINAL
from .errors import Json
from .wire import Connection, as_json, chunk


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do between two stretches of bytes."""

    action: str
    seconds: float = 0.0


Plan = Iterable[bytes | Step]
COMMIT, HOLD, RESET, CLOSE = Step("commit"), Step("hold"), Step("reset"), Step("close")


def plan(events: Sequence[Json], delivery: Delivery, comment: str | None) -> Iterator[bytes | Step]:
    """What is sent and done, in order, to stream these events."""
    if delivery.cut_after_bytes is not None:
        return _cut_bytes(_event_steps(events, delivery, comment), delivery.cut_after_bytes)
    return _event_steps(events, delivery, comment)


def whole_steps(body: bytes, delivery: Delivery) -> Iterator[bytes | Step]:
    """What is sent and done, in order, to send a body that is no stream of events."""
    if delivery.hold_after is not None and delivery.hold_after >= 0:
        yield HOLD
    if delivery.pause:
        yield Step("pause", delivery.pause)
    yield COMMIT
    if delivery.cut_after_bytes is not None:
        yield body[: delivery.cut_after_bytes]
        yield RESET
    elif delivery.cut_after is not None or delivery.eof_after is not None:
        yield body[: len(body) // 2]
        yield CLOSE if delivery.cut_after is None else RESET
    else:
        yield body


def with_keepalives(events: Sequence[Json]) -> list[Json]:
    """The events with a keepalive after every other one, numbered through."""
    mixed: list[Json] = []
    for number, event in enumerate(events):
        mixed.append(event)
        if number % 2 and number < len(events) - 1:
            mixed.append({"type": "keepalive", "sequence_number": 0})
    return [
        {**event, "sequence_number": number} if "sequence_number" in event else event
        for number, event in enumerate(mixed)
    ]


def frame(event: Json, delivery: Delivery) -> bytes:
    """One event as server-sent bytes."""
    end = delivery.line_ending.encode()
    name = event.get("type")
    head = b"event: " + str(name).encode() + end if name and delivery.event_lines else b""
    return head + b"data: " + as_json(event) + end + end


def cut(data: bytes, chunking: Chunking, rng: random.Random) -> Iterator[bytes]:
    """
    The data in pieces of this size, or of random ones, or (None) whole.

    >>> list(cut(b"abcde", 2, random.Random(0)))
    [b'ab', b'cd', b'e']
    """
    places: Sequence[int]
    if chunking == "random":
        places = _random_places(data, rng)
    else:
        size = chunking or max(len(data), 1)
        places = range(size, len(data), size)
    start = 0
    for place in (*places, len(data)):
        if place > start:
            yield data[start:place]
        start = place


def _random_places(data: bytes, rng: random.Random) -> list[int]:
    """Any places, and with preference those where a decoder may stumble."""
    places = {rng.randrange(len(data)) for _ in range(len(data) // 60)}
    for match in re.finditer(rb"[\x80-\xbf]|(?<=\r)\n|(?<=\n)\n", data):
        if rng.random() < 0.5:
            places.add(match.start())
    return sorted(places)


@dataclass
class Sender:
    """Carries a plan out over a connection, by default as a chunked body."""

    connection: Connection
    chunking: Chunking
    rng: random.Random
    commit: Callable[[], None]
    hold: Callable[[], None]
    framed: bool = True

    def send(self, steps: Plan) -> Step | None:
        """Send the body, except for the end of it; a step says how it was broken off."""
        waiting = b""
        for step in steps:
            if isinstance(step, bytes):
                waiting += step
                continue
            # Now and then the first bytes of an event come together with the one before.
            late = self.rng.randrange(4) if step is COMMIT and self.chunking == "random" else 0
            split = max(len(waiting) - late, 0)
            self._flush(waiting[:split])
            waiting = waiting[split:]
            if step in (RESET, CLOSE):
                return step
            self._do(step)
        self._flush(waiting)
        return None

    def _do(self, step: Step) -> None:
        match step.action:
            case "hold":
                self.hold()
            case "commit":
                self.connection.check()
                self.commit()
            case _:
                self.connection.check(step.seconds)

    def _flush(self, data: bytes) -> None:
        if self.framed:
            pieces = cut(data, self.chunking, self.rng)
            data = b"".join(chunk(piece) for piece in pieces)
        self.connection.send(data)


def _event_steps(
    events: Sequence[Json], delivery: Delivery, comment: str | None
) -> Iterator[bytes | Step]:
    end = delivery.line_ending.encode()
    comment = ": ping" if delivery.comments else comment
    for number, event in enumerate(events):
        if number == delivery.hold_after:
            yield HOLD
        if number == delivery.cut_after:
            yield RESET
        if number == delivery.eof_after:
            return
        if number == delivery.spoil_after:
            yield delivery.spoiled
        if event.get("type") in TERMINAL:
            yield COMMIT
        if comment is not None:
            yield comment.encode() + end + end
        yield frame(event, delivery)
        if event.get("type") == "keepalive":
            yield b"event: keepalive" + end + end
        if delivery.pause and number % delivery.pause_every == 0:
            yield Step("pause", delivery.pause)
    if delivery.done:
        yield b"data: [DONE]" + end + end
    if delivery.hold_after is not None and delivery.hold_after >= len(events):
        yield HOLD
    if delivery.cut_after is not None and delivery.cut_after >= len(events):
        yield RESET


def _cut_bytes(steps: Plan, count: int) -> Iterator[bytes | Step]:
    for step in steps:
        if isinstance(step, bytes):
            if len(step) >= count:
                yield step[:count]
                yield RESET
                return
            count -= len(step)
        yield step
