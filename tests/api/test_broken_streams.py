"""A stream that breaks off gives the whole answer, or says what had arrived; never in between."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from codex_magic import (
    APITimeoutError,
    AsyncResponseStream,
    CodexClient,
    CodexError,
    Response,
    ResponseOutputTextDeltaEvent,
    ResponseStream,
    StreamError,
)
from tests import fake_service as fake
from tests.fake_service import FakeService
from tests.fake_service.asking import SAY, THINK

from .clients import (
    QUESTION,
    STREAMS,
    Outcome,
    aconnect,
    connect,
    play,
    read,
    spoken,
)

BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
BROKEN = ["reasoning_then_text", "parallel_calls", "llama_cpp", "odd_text"]


def check(outcome: Outcome, whole: Outcome) -> None:
    """See that an outcome is the whole one, or an error with exactly what was seen before it."""
    if outcome.error is None:
        assert whole == outcome
        return
    assert "StreamError" == outcome.error[0]
    assert outcome.response is None
    assert list(whole.events[: len(outcome.events)]) == list(outcome.events)
    assert spoken(outcome.events) == (outcome.partial or "")


@pytest.mark.parametrize("name", BROKEN)
def test_text_can_end_anywhere(name: str) -> None:
    """Wherever a stream ends, it is whole if its terminal event is, and an error if not."""
    text = STREAMS[name].decode()
    whole = read([text])
    last = text.rindex("data: ") + len(text[text.rindex("data: ") :].splitlines()[0])

    for end in (*range(0, len(text), 97), *range(last - 2, len(text) + 1)):
        outcome = read([text[:end]])
        check(outcome, whole)
        assert (end >= last) == (outcome.error is None)


@pytest.mark.parametrize(
    "spoiled",
    [
        '{"type": "response.output_text.delta", "delta": 7, "output_index": 0}',
        '{"type": "response.output_text.delta", "delta": "x", "output_index": "x"}',
        '{"type": "response.output_item.added", "item": {"type": "message"}, "output_index": []}',
        '{"type": "response.completed", "response": []}',
    ],
)
def test_an_event_that_is_none_takes_no_words_away(spoiled: str) -> None:
    """Wherever it comes, the error holds all that was read before it."""
    events = STREAMS["reasoning_then_text"].decode().split("\n\n")
    for place in range(1, len(events) - 1):
        text = "\n\n".join([*events[:place], f"data: {spoiled}", *events[place:]])

        outcome = read([text])

        assert outcome.error
        assert "StreamError" == outcome.error[0]
        assert spoken(outcome.events) == (outcome.partial or "")


@BOTH
@pytest.mark.parametrize("how", ["reset", "eof"])
def test_a_stream_can_break_off_after_every_event(
    service: FakeService, how: str, asynchronous: bool
) -> None:
    """One at a time: the words so far are in the error, and the next question is answered."""
    whole = fake.text(SAY, reasoning=THINK)
    thinking: dict[str, Any] = {"reasoning": {"summary": "auto"}}
    service.enqueue(whole)
    count = len(play(service, **thinking)[0].events)
    for place in range(count):
        broken = whole.cut_after(place) if how == "reset" else whole.eof_after(place)
        service.enqueue(broken, fake.text("Here."))

    outcomes = play(service, 2 * count, asynchronous=asynchronous, **thinking)

    assert count > 20
    for number, (outcome, after) in enumerate(zip(outcomes[::2], outcomes[1::2], strict=True)):
        assert outcome.error
        assert "StreamError" == outcome.error[0]
        assert outcome.error[1].rstrip(": ") == outcome.error[1]
        assert number == len(outcome.events)
        assert spoken(outcome.events) == (outcome.partial or "")
        assert "completed" == (after.response or {})["status"]
    assert SAY == outcomes[-2].partial


@BOTH
@pytest.mark.parametrize("name", ["reasoning_then_text", "odd_text"])
def test_a_connection_can_break_off_after_any_byte(
    service: FakeService, name: str, asynchronous: bool
) -> None:
    """Also within an event, within a character, and after the terminal event."""
    size = len(STREAMS[name])
    places = [*range(1, size, 997), size - 3, size - 2, size - 1, size]
    service.enqueue(*(fake.raw(STREAMS[name]).cut_after_bytes(place) for place in places))
    whole = read([STREAMS[name].decode()])

    outcomes = play(service, len(places), asynchronous=asynchronous)

    for outcome in outcomes:
        check(outcome, whole)
    assert all(outcome.error for outcome in outcomes[:-3])
    assert whole == outcomes[-1]


@BOTH
def test_a_broken_json_answer_is_no_answer(service: FakeService, asynchronous: bool) -> None:
    """Half of a JSON body is an error, and is not asked for again: the answer was made."""
    service.enqueue(fake.text(SAY).cut_after(1), fake.text(SAY))

    outcome = play(service, asynchronous=asynchronous, streamed=False, max_retries=2)[0]

    assert outcome.error
    assert "StreamError" == outcome.error[0]
    assert 1 == len(service.requests)


@BOTH
def test_a_stream_is_never_asked_for_twice(service: FakeService, asynchronous: bool) -> None:
    """Once the answer has begun, another request would be paid for twice."""
    service.enqueue(fake.text(SAY).cut_after(0), fake.text(SAY))

    outcome = play(service, asynchronous=asynchronous, max_retries=2)[0]

    assert outcome.error
    assert 1 == len(service.requests)


def test_silence_keeps_what_arrived(service: FakeService) -> None:
    """After the timeout, the stream still knows the words that came before the silence."""
    service.enqueue(fake.text(SAY).hold(after=6))

    with connect(service, timeout=0.2) as client, client.responses.stream(**QUESTION) as stream:
        with pytest.raises(APITimeoutError):
            stream.get_final_response()
        partial = stream.snapshot()

    assert partial is not None
    assert "Hello, **world**!" == partial.output_text


def test_a_broken_stream_stays_broken(service: FakeService) -> None:
    """Who iterates again sees the same events and the same error, not a short answer."""
    service.enqueue(fake.text(SAY).eof_after(6))
    seen: list[int] = []

    with connect(service) as client, client.responses.stream(**QUESTION) as stream:
        for _ in range(2):
            with pytest.raises(StreamError) as caught:
                seen.extend(len(event.type) for event in stream)
            assert "Hello, **world**!" == caught.value.partial.output_text
        with pytest.raises(StreamError):
            stream.get_final_response()

    assert 12 == len(seen)
    assert seen[:6] == seen[6:]


def test_a_broken_stream_stays_broken_async(service: FakeService) -> None:
    """The asynchronous twin does so too."""
    service.enqueue(fake.text(SAY).eof_after(6))

    seen: list[str] = []

    async def read_on(stream: AsyncResponseStream) -> None:
        async for event in stream:
            seen.append(event.type)

    async def ask() -> None:
        async with (
            aconnect(service) as client,
            await client.responses.stream(**QUESTION) as stream,
        ):
            for _ in range(2):
                with pytest.raises(StreamError):
                    await read_on(stream)
            with pytest.raises(StreamError):
                await stream.get_final_response()

    asyncio.run(ask())

    assert 12 == len(seen)
    assert seen[:6] == seen[6:]


def first_words(stream: ResponseStream) -> str:
    """Read until the first words, and return them."""
    return next(e.delta for e in stream if isinstance(e, ResponseOutputTextDeltaEvent))


async def afirst_words(stream: AsyncResponseStream) -> str:
    """Read until the first words, and return them."""
    async for event in stream:
        if isinstance(event, ResponseOutputTextDeltaEvent):
            return event.delta
    return ""


def gone(service: FakeService) -> bool:
    """Whether the client left the last request before its end."""
    return service.requests[-1].disconnected


def test_leaving_closes_the_connection(service: FakeService) -> None:
    """Who leaves the block early stops the model; what was seen can be seen again."""
    service.enqueue(fake.text(SAY).hold(after=6))

    with connect(service) as client:
        with client.responses.stream(**QUESTION) as stream:
            words = first_words(stream)
        service.wait_until(lambda: gone(service))
        again = list(stream)
        partial = stream.snapshot()
        with pytest.raises(StreamError) as caught:
            stream.get_final_response()

    assert "Hello," == words == spoken([event.raw for event in again])
    assert isinstance(partial, Response)
    assert words == partial.output_text == caught.value.partial.output_text


@pytest.mark.parametrize("reason", [KeyboardInterrupt, RuntimeError])
def test_an_error_of_the_reader_closes_the_connection(
    service: FakeService, reason: type[BaseException]
) -> None:
    """An interrupt too."""
    service.enqueue(fake.text(SAY).hold(after=6))

    with connect(service) as client:
        with suppress(reason), client.responses.stream(**QUESTION) as stream:
            first_words(stream)
            raise reason
        service.wait_until(lambda: gone(service))

        assert "completed" == client.responses.create(**QUESTION).status


def test_closing_ends_a_stream(service: FakeService) -> None:
    """Without a block, ``close`` does it; reading on is an error of this package."""
    service.enqueue(fake.text(SAY).hold(after=6), fake.text(SAY).hold(after=6))

    with connect(service) as client:
        begun, untouched = (client.responses.stream(**QUESTION) for _ in range(2))
        words = first_words(begun)
        begun.close()
        untouched.close()
        service.wait_until(lambda: all(request.disconnected for request in service.requests))
        for stream in (begun, untouched):
            with pytest.raises(CodexError):
                stream.get_final_response()

    assert "Hello," == words


def test_leaving_closes_the_connection_async(service: FakeService) -> None:
    """The asynchronous client does so too."""
    service.enqueue(fake.text(SAY).hold(after=6))

    async def ask() -> tuple[str, list[str]]:
        async with aconnect(service) as client:
            async with await client.responses.stream(**QUESTION) as stream:
                words = await afirst_words(stream)
            await asyncio.to_thread(service.wait_until, lambda: gone(service))
            return words, [event.type async for event in stream]

    words, again = asyncio.run(ask())

    assert "Hello," == words
    assert "response.output_text.delta" == again[-1]


def test_cancelling_closes_the_connection(service: FakeService) -> None:
    """A task that reads, or that waits for the first byte, can be cancelled from another one."""
    service.enqueue(fake.text(SAY).hold(after=6), fake.text(SAY).hold(after=-1))

    async def ask(streams: list[AsyncResponseStream]) -> None:
        async with (
            aconnect(service) as client,
            await client.responses.stream(**QUESTION) as stream,
        ):
            streams.append(stream)
            await stream.get_final_response()

    async def cancel(arrived: int) -> list[AsyncResponseStream]:
        streams: list[AsyncResponseStream] = []
        task = asyncio.create_task(ask(streams))
        await asyncio.to_thread(service.wait_for_request, arrived)
        while arrived == 1 and not (streams and (streams[0].snapshot() or Empty).output):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return streams

    streams = asyncio.run(cancel(1))
    service.wait_until(lambda: gone(service))
    assert [] == asyncio.run(cancel(2))
    service.wait_until(lambda: gone(service))

    assert (streams[0].snapshot() or Empty).output


Empty = Response("", "", [])


def test_events_can_be_read_without_keeping_them(service: FakeService) -> None:
    """For long answers: they pass by once, and the response is there in the end."""
    with connect(service) as client, client.responses.stream(**QUESTION) as stream:
        passing: Iterator[object] = stream.events()
        kinds = [type(event) for event in passing]

        assert len(kinds) > 5
        assert [] == list(stream)
        assert "completed" == stream.get_final_response().status


def test_events_can_be_read_without_keeping_them_async(service: FakeService) -> None:
    """The asynchronous twin does so too."""

    async def ask() -> tuple[int, int, str | None]:
        async with (
            aconnect(service) as client,
            await client.responses.stream(**QUESTION) as stream,
        ):
            passing: AsyncIterator[object] = stream.events()
            count = len([event async for event in passing])
            left = len([event async for event in stream])
            return count, left, (await stream.get_final_response()).status

    count, left, status = asyncio.run(ask())

    assert count > 5
    assert (0, "completed") == (left, status)


def test_nothing_is_left_running(service: FakeService) -> None:
    """Whoever guards the end of an answer is called off when the end has come."""
    service.enqueue(fake.text(SAY), fake.text(SAY).cut_after(10**6))

    with connect(service) as client:
        for _ in range(2):
            assert SAY == client.responses.stream(**QUESTION).get_final_response().output_text
    guards = [found for found in threading.enumerate() if isinstance(found, threading.Timer)]

    assert all(guard.finished.is_set() for guard in guards)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("held", [-1, 0, 6])
def test_an_interrupt_closes_the_connection(
    service: FakeService, held: int, streamed: bool
) -> None:
    """Before the answer, at its head, or between two words; the next question is answered."""
    service.enqueue(fake.text(SAY).hold(after=held), fake.text("Here."))

    def interrupt() -> None:
        service.wait_for_request()
        service.wait_until(lambda: held == -1 or service.requests[0].status == 200)
        os.kill(os.getpid(), signal.SIGINT)

    with connect(service) as client:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            answer(client, streamed)
        thread.join()
        service.wait_until(lambda: gone(service))
        after = answer(client, streamed)

    assert "Here." == after.output_text


def answer(client: CodexClient, streamed: bool) -> Response:
    """Return the answer to the question, read as a whole or as it comes."""
    if not streamed:
        whole: Response = client.responses.create(**QUESTION)
        return whole
    with client.responses.stream(**QUESTION) as stream:
        final: Response = stream.get_final_response()
        return final
