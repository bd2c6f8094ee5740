"""Whether a failed request is sent again, after how long, and that the wait can be broken off."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from codex_magic import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    StreamError,
)
from codex_magic.api.failures import error_of
from codex_magic.api.retries import RetryPolicy, retry_after, waiting_time
from tests import fake_service as fake
from tests.fake_service import Answer, FakeService

from .clients import QUESTION, aconnect, connect, play

BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
POLICY = RetryPolicy(2)
SOON = {"retry-after-ms": "1"}


def in_seconds(seconds: float) -> str:
    """Return the HTTP date that lies so many seconds ahead."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (400, "invalid_value", False),
        (400, "conversation_locked", True),
        (401, "invalid_api_key", False),
        (402, None, False),
        (403, None, False),
        (404, "model_not_found", False),
        (408, None, True),
        (409, None, True),
        (413, None, False),
        (422, None, False),
        (429, "rate_limit_exceeded", True),
        (429, None, True),
        (429, "insufficient_quota", False),
        (429, "credit_balance_exhausted", False),
        (429, "usage_limit_reached", False),
        (429, "project_spend_limit_exceeded", False),
        (500, "server_error", True),
        (502, None, True),
        (503, "server_is_overloaded", True),
        (504, None, True),
        (302, None, False),
        (None, "server_error", False),
    ],
)
def test_the_status_and_the_code_tell(status: int | None, code: str | None, again: bool) -> None:
    """A used-up quota is no passing trouble; a locked conversation is."""
    delay = POLICY.delay(0, error_of(status, "No.", code=code), {})

    assert again == (delay is not None)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (APIConnectionError("No."), True),
        (APITimeoutError("No."), True),
        (StreamError("No."), False),
        (APIError("No."), False),
        (
            RateLimitError(
                "Request too large for gpt on tokens per min: Limit 1.", status_code=429
            ),
            False,
        ),
    ],
)
def test_the_kind_of_error_tells(error: APIError, again: bool) -> None:
    """Where no answer came there will be one; what can never fit is not tried."""
    assert again == (POLICY.delay(0, error, {}) is not None)


@pytest.mark.parametrize(
    ("status", "advice", "again"),
    [(500, "false", False), (400, "true", True), (500, "maybe", True), (400, "", False)],
)
def test_the_advice_of_the_service_wins(status: int, advice: str, again: bool) -> None:
    """``x-should-retry`` is followed where it says true or false."""
    delay = POLICY.delay(0, error_of(status, "No."), {"x-should-retry": advice})

    assert again == (delay is not None)


def test_no_advice_makes_a_quota_grow() -> None:
    """Waiting a moment does not help, whatever a header says."""
    error = error_of(429, "No.", code="insufficient_quota")

    assert POLICY.delay(0, error, {"x-should-retry": "true", "retry-after": "1"}) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 99 Oct 99999 99:99:99 GMT"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"}, None),
    ],
)
def test_retry_after_has_many_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds, seconds; what is no time, or past, counts as nothing."""
    assert seconds == retry_after(headers) or (retry_after(headers) or 0) > 1e9


def test_retry_after_may_be_a_date() -> None:
    """With a zone or without one, which means Greenwich."""
    for date in (in_seconds(60), in_seconds(60).removesuffix(" GMT")):
        assert 55 < (retry_after({"retry-after": date}) or 0) <= 60


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please try again in 1.5s. Visit …", 1.5),
        ("try again in 20ms", 0.02),
        ("Try again in 6m0s.", 360),
        ("try again in 2m", 120),
        ("Please try again in 1h2m3s.", 3723),
        ("Please try again in 1d2h.", 93600),
        ("try again in 3 seconds", 3),
        ("try again in 1 second.", 1),
        ("try again in 5 minutes", 300),
        ("try again in 2 hours", 7200),
        ("try again in 7", 7),
        ("try again in a few seconds", None),
        ("try again", None),
    ],
)
def test_a_message_may_tell_the_time(message: str, seconds: float | None) -> None:
    """Where no header does."""
    assert seconds == waiting_time(message)


def test_headers_are_believed_before_the_message() -> None:
    """And the message before a guess."""
    error = error_of(429, "Please try again in 7s.")

    assert 3 == POLICY.delay(0, error, {"retry-after": "3"})
    assert 7 == POLICY.delay(0, error, {})
    assert 7 == POLICY.delay(1, error, {"retry-after": "0"})


@pytest.mark.parametrize("asked", ["121", in_seconds(3600)], ids=["seconds", "date"])
def test_a_long_wait_is_none(asked: str) -> None:
    """The user hears of it at once, and the error says how long."""
    assert POLICY.delay(0, error_of(429, "No."), {"retry-after": asked}) is None
    assert POLICY.delay(0, error_of(429, "Please try again in 3m."), {}) is None
    assert 120 == POLICY.delay(0, error_of(429, "No."), {"retry-after": "120"})


def test_the_guess_grows_and_varies() -> None:
    """Half a second, doubled each time, up to eight, and up to a quarter less."""
    error, patient = error_of(500, "No."), RetryPolicy(9)
    guesses = [[patient.delay(n, error, {}) or 0 for _ in range(50)] for n in range(8)]

    for longest, found in zip([0.5, 1, 2, 4, 8, 8, 8, 8], guesses, strict=True):
        assert all(0.75 * longest <= guess <= longest for guess in found)
        assert len(set(found)) > 1


@pytest.mark.parametrize("most", [0, 1, 2])
def test_there_is_an_end(most: int) -> None:
    """After so many tries, no more."""
    tries = [RetryPolicy(most).delay(n, error_of(500, "No."), {}) is not None for n in range(4)]

    assert [n < most for n in range(4)] == tries


PASSING = fake.error(503, "server_is_overloaded", "Busy.", headers=SOON)
ANSWERS: list[tuple[list[Answer], int, str | None]] = [
    ([PASSING, fake.text("Hi")], 2, None),
    ([PASSING, PASSING, fake.text("Hi")], 3, None),
    ([PASSING, PASSING, PASSING, fake.text("Hi")], 3, "ServerError"),
    ([fake.error(429, "insufficient_quota", "Pay.", headers=SOON)], 1, "QuotaExceededError"),
    (
        [fake.error(429, "rate_limit_exceeded", "Slow.", headers={"retry-after": "999"})],
        1,
        "RateLimitError",
    ),
    ([fake.error(400, "conversation_locked", "Wait.", headers=SOON)], 2, None),
    ([fake.error(400, "invalid_value", "No.", headers=SOON)], 1, "InvalidRequestError"),
    ([fake.error(400, "x", "Once more.", headers={**SOON, "x-should-retry": "true"})], 2, None),
    (
        [fake.error(500, "x", "Stop.", headers={**SOON, "x-should-retry": "false"})],
        1,
        "ServerError",
    ),
    ([fake.error(409, None, "Conflict.", headers=SOON, body="")], 2, None),
]


@BOTH
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(("answers", "requests", "error"), ANSWERS)
def test_a_request_is_sent_again(
    service: FakeService,
    answers: list[Answer],
    requests: int,
    error: str | None,
    streamed: bool,
    asynchronous: bool,
) -> None:
    """As often as the policy says, the very same bytes each time."""
    service.enqueue(*answers)

    outcome = play(service, asynchronous=asynchronous, streamed=streamed, max_retries=2)[0]

    assert requests == len(service.requests)
    assert {service.requests[0].raw} == {request.raw for request in service.requests}
    assert error == (outcome.error[0] if outcome.error else None)
    assert (error is None) == (outcome.response is not None)


@BOTH
@pytest.mark.parametrize("streamed", [True, False])
def test_a_service_that_says_nothing_is_asked_again(
    service: FakeService, streamed: bool, asynchronous: bool
) -> None:
    """Before the first byte of an answer, nothing was made that could be made twice."""
    service.enqueue(fake.text("Hi").hold(after=-1))

    outcome = play(
        service, asynchronous=asynchronous, streamed=streamed, timeout=0.3, max_retries=1
    )[0]

    assert "completed" == (outcome.response or {})["status"]
    assert 2 == len(service.requests)


def slow(service: FakeService) -> None:
    """Have the service ask for a long wait."""
    service.enqueue(fake.error(429, "rate_limit_exceeded", "Slow.", headers={"retry-after": "60"}))


def refused(service: FakeService) -> bool:
    """Whether the service has said how long to wait."""
    return any(request.finished for request in service.requests)


def interrupt(service: FakeService, how: str) -> None:
    """Interrupt the main thread once it waits for its next try."""
    service.wait_until(lambda: refused(service))
    if how == "kernel":
        os.kill(os.getpid(), signal.SIGINT)
    else:
        # Nothing wakes a sleep then: only a short one ends soon.
        signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("how", ["kernel", "thread"])
def test_an_interrupt_ends_the_wait(service: FakeService, how: str, streamed: bool) -> None:
    """At once, and not after the minute that the service asked for."""
    slow(service)
    thread = threading.Thread(target=interrupt, args=[service, how])

    began = time.monotonic()
    thread.start()
    with connect(service, max_retries=2) as client, pytest.raises(KeyboardInterrupt):
        client.responses.create(**QUESTION, stream=streamed)
    took = time.monotonic() - began
    thread.join()

    assert took < 10
    assert 1 == len(service.requests)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_cancellation_ends_the_wait(service: FakeService, streamed: bool) -> None:
    """The asynchronous client gives way to who cancels its task."""
    slow(service)

    async def ask() -> None:
        async with aconnect(service, max_retries=2) as client:
            await client.responses.create(**QUESTION, stream=streamed)

    async def cancel() -> None:
        task = asyncio.create_task(ask())
        await asyncio.to_thread(service.wait_until, lambda: refused(service))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(cancel())

    assert time.monotonic() - began < 10
    assert 1 == len(service.requests)


def test_errors_of_a_limit_say_how_long(service: FakeService) -> None:
    """``retry_after`` is there for who waits on their own."""
    slow(service)

    with connect(service) as client, pytest.raises(RateLimitError) as caught:
        client.responses.create(**QUESTION)

    assert 60 == caught.value.retry_after
    assert issubclass(QuotaExceededError, RateLimitError)
    assert not issubclass(ServerError, RateLimitError)
