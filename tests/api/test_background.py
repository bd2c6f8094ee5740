"""Background responses: waited for, cancelled, and listened to over connections that break."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from codex_magic import (
    InvalidRequestError,
    NotFoundError,
    Response,
    StreamError,
)
from codex_magic.api.background import poll_delay
from tests import fake_service as fake
from tests.fake_service import Answer, FakeService
from tests.fake_service.asking import SAY

from .clients import QUESTION, aconnect, connect

LATER: dict[str, Any] = {**QUESTION, "background": True}
BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
WHOLE = fake.text(SAY)


def listen(
    service: FakeService, asynchronous: bool, retries: int = 2, **params: Any
) -> tuple[list[int], Response]:
    """Return the numbers of the events of a background response, and the response."""
    if asynchronous:
        return asyncio.run(_alisten(service, retries, params))
    with (
        connect(service, max_retries=retries) as client,
        client.responses.stream(**{**LATER, **params}) as stream,
    ):
        numbers = [event.raw["sequence_number"] for event in stream]
        return numbers, stream.get_final_response()


async def _alisten(
    service: FakeService, retries: int, params: dict[str, Any]
) -> tuple[list[int], Response]:
    async with (
        aconnect(service, max_retries=retries) as client,
        client.responses.stream(**{**LATER, **params}) as stream,
    ):
        numbers = [event.raw["sequence_number"] async for event in stream]
        return numbers, await stream.get_final_response()


@BOTH
def test_it_is_waited_for(service: FakeService, asynchronous: bool) -> None:
    """Each look is told, and the last one is the answer."""
    service.enqueue(WHOLE)
    service.steps[:] = ["queued", "in_progress"]
    told: list[str | None] = []

    def tell(response: Response) -> None:
        told.append(response.status)

    async def ask() -> tuple[Response, Response]:
        async with aconnect(service) as client:
            begun = await client.responses.create(**LATER)
            return begun, await client.responses.wait(begun, poll=0.01, on_progress=tell)

    if asynchronous:
        begun, response = asyncio.run(ask())
    else:
        with connect(service) as client:
            begun = client.responses.create(**LATER)
            response = client.responses.wait(begun.id, poll=0.01, on_progress=tell)

    assert ("queued", "") == (begun.status, begun.output_text)
    assert ["queued", "in_progress", "completed"] == told
    assert SAY == response.output_text


def test_what_has_ended_is_not_asked_for(service: FakeService) -> None:
    """Waiting for a whole response is over at once."""
    with connect(service) as client:
        response = client.responses.create(**QUESTION)

        assert response is client.responses.wait(response)
    assert 1 == len(service.requests)


def test_waiting_can_be_cancelled(service: FakeService) -> None:
    """A task that waits ends when it is told to, and the response goes on."""
    service.steps[:] = ["in_progress"] * 1000

    async def ask() -> str | None:
        async with aconnect(service) as client:
            begun = await client.responses.create(**LATER)
            looked = asyncio.Event()
            waiting = asyncio.create_task(
                client.responses.wait(begun, poll=60, on_progress=lambda _: looked.set())
            )
            await asyncio.wait_for(looked.wait(), 5)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            cancelled = await client.responses.cancel(begun.id)
            again = await client.responses.cancel(begun.id)
            assert cancelled.status == again.status
            return (await client.responses.wait(begun.id)).status

    assert "cancelled" == asyncio.run(ask())


def test_what_runs_in_the_foreground_cannot_be_cancelled(service: FakeService) -> None:
    """The service's own error says so."""
    with connect(service) as client:
        response = client.responses.create(**QUESTION)
        with pytest.raises(InvalidRequestError, match="synchronous"):
            client.responses.cancel(response.id)


def test_the_service_may_ask_for_longer_waits() -> None:
    """Within reason; without that, looks become rarer."""
    assert 7.0 == poll_delay(1, None, {"retry-after": "7"})
    assert 7.0 == poll_delay(1, 1.0, {"retry-after": "7"})
    assert 9.0 == poll_delay(1, 9.0, {"retry-after": "7"})
    assert 120.0 == poll_delay(1, None, {"retry-after": "86400"})
    assert poll_delay(1, None, {}) < poll_delay(2, None, {}) < poll_delay(50, None, {}) <= 5


CUTS: dict[str, list[Answer]] = {
    "one": [WHOLE.cut_after(4)],
    "an end": [WHOLE.eof_after(4)],
    "in an event": [WHOLE.cut_after_bytes(3000)],
    "many": [WHOLE.cut_after(4), *[fake.text("").cut_after(2)] * 4],
    "a start without progress": [WHOLE.cut_after(4), fake.text("").cut_after(0)],
}


@BOTH
@pytest.mark.parametrize("forgetful", [False, True], ids=["rest", "again"])
@pytest.mark.parametrize("answers", CUTS.values(), ids=CUTS)
def test_a_broken_stream_is_taken_up(
    service: FakeService, answers: list[Answer], forgetful: bool, asynchronous: bool
) -> None:
    """After the last event that came; none comes twice, also where the service begins anew."""
    # Such a service never gets further than its next break.
    answers = answers[:1] if forgetful else answers
    service.forgetful = forgetful
    service.enqueue(answers[0])
    service.enqueue_resumed(*answers[1:])

    numbers, response = listen(service, asynchronous)

    assert list(range(numbers[-1] + 1)) == numbers
    assert (SAY, "completed") == (response.output_text, response.status)
    assert ["POST", "GET"] == [request.method for request in service.requests[:2]]
    assert len(answers) + 1 == len(service.requests)


@BOTH
def test_a_stream_that_gets_no_further_is_given_up(
    service: FakeService, asynchronous: bool
) -> None:
    """After so many tries as any request has; what had arrived is kept."""
    service.enqueue(WHOLE.cut_after(8))
    service.enqueue_resumed(*[fake.text("").cut_after(0)] * 9)

    with pytest.raises(StreamError) as caught:
        listen(service, asynchronous, retries=1)

    assert SAY.startswith(caught.value.partial.output_text)
    assert caught.value.partial.id in service.responses
    assert 2 == len(service.requests)


@BOTH
def test_a_stream_that_is_gone_says_so(service: FakeService, asynchronous: bool) -> None:
    """A refusal to go on is told, with the partial answer."""
    service.enqueue(WHOLE.cut_after(8))
    service.enqueue_resumed(fake.error(404, None, "Response with id 'x' not found."))

    with pytest.raises(StreamError, match=r"not be taken up again.*not found") as caught:
        listen(service, asynchronous)

    assert caught.value.partial.output_text


@BOTH
def test_a_foreground_stream_is_not_taken_up(service: FakeService, asynchronous: bool) -> None:
    """Nobody made the rest of it."""
    service.enqueue(WHOLE.cut_after(8))

    with pytest.raises(StreamError):
        listen(service, asynchronous, background=None)

    assert 1 == len(service.requests)


def test_one_can_listen_again(service: FakeService) -> None:
    """From any event on, in both spellings of the official SDK."""
    service.enqueue(WHOLE)
    with connect(service) as client:
        begun = client.responses.create(**LATER, stream=True).get_final_response()
        stream = client.responses.retrieve(begun.id, stream=True, starting_after=5)
        named = client.responses.stream(response_id=begun.id, starting_after=5)
        numbers = [event.raw["sequence_number"] for event in stream]

        assert 6 == numbers[0]
        assert numbers == [event.raw["sequence_number"] for event in named]
        assert SAY == stream.get_final_response().output_text
        assert "stream=true&starting_after=5" == service.requests[1].query


def test_a_closed_stream_stays_closed(service: FakeService) -> None:
    """Closing it from another thread ends the reading, and asks for nothing more."""
    service.enqueue(WHOLE.hold(after=4))
    with connect(service, max_retries=2) as client:
        stream = client.responses.stream(**LATER)
        events = iter(stream)
        for _ in range(4):
            next(events)
        closer = threading.Timer(0.05, stream.close)
        closer.start()
        try:
            list(events)
        except StreamError:
            pass
        closer.join()

    assert ["POST"] == [request.method for request in service.requests]


def test_it_has_to_be_stored_at_openai(service: FakeService) -> None:
    """Otherwise nothing is sent, and the error says what to do."""
    with (
        connect(service, backend="openai") as client,
        pytest.raises(InvalidRequestError, match="store"),
    ):
        client.responses.create(**LATER, store=False)
    with (
        connect(service, backend="openai") as client,
        pytest.raises(InvalidRequestError, match="store"),
    ):
        client.responses.stream(**QUESTION, extra_body={"background": True}, store=False)

    assert [] == service.requests


def test_a_service_without_the_endpoint_says_so() -> None:
    """It is the address that is missing, and not the response."""
    with FakeService("openrouter") as service, connect(service) as client:
        with pytest.raises(NotFoundError, match=r"has no /responses/\{id\} here: GET"):
            client.responses.wait("resp_1")
        with pytest.raises(NotFoundError, match="has no /conversations here: POST"):
            client.conversations.create()
