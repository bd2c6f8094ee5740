"""A stream gives the same response however its bytes are cut, and ends where it says so."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from codex_magic import (
    APIStatusError,
    APITimeoutError,
    InvalidRequestError,
    ResponseCompletedEvent,
    StreamError,
)
from tests import fake_service as fake
from tests.fake_service import Answer, FakeService
from tests.fake_service.asking import SAY, THINK

from .clients import QUESTION, STREAMS, Outcome, aconnect, connect, pieces, play, read, recorded

SIZES = [1, 2, 3, 7, 64, 4096]
FRAGILE = ["odd_text", "truncated", "bare_error"]
ENDINGS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}
BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
THINKING: dict[str, Any] = {"reasoning": {"summary": "auto"}}
WHOLE = ["reasoning_then_text", "llama_cpp", "parallel_calls", "failed", "incomplete", "odd_text"]


def ended(name: str, ending: bytes) -> bytes:
    """Return a recorded stream with its lines ended in another way."""
    return STREAMS[name].replace(b"\n", ending)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_text_can_be_cut_anywhere(name: str, ending: bytes) -> None:
    """Without any connection, every way to cut a stream comes to the same."""
    expected = read([STREAMS[name].decode()])
    text = ended(name, ending).decode()

    for size in SIZES:
        assert expected == read(pieces(text, size))


@BOTH
@pytest.mark.parametrize("name", STREAMS)
def test_bytes_can_be_cut_anywhere(service: FakeService, name: str, asynchronous: bool) -> None:
    """Over a real connection, also where the cut goes through a character."""
    # Thousands of pieces take their time: the smallest ones are for what may stumble over them.
    sizes = SIZES if name in FRAGILE else SIZES[3:]
    cuts = [(ending, size) for ending in ENDINGS.values() for size in sizes]
    service.enqueue(*(fake.raw(ended(name, ending)).chunking(size) for ending, size in cuts))

    found = play(service, len(cuts), asynchronous=asynchronous)

    assert [read([STREAMS[name].decode()])] * len(cuts) == found


@BOTH
@pytest.mark.parametrize("name", WHOLE)
def test_streamed_equals_not_streamed(service: FakeService, name: str, asynchronous: bool) -> None:
    """The response is the one that the service gives who does not stream."""
    events = recorded(name)
    final = json.dumps(events[-1]["response"]).encode()
    service.enqueue(fake.raw(STREAMS[name]), fake.raw(final, "application/json"))

    streamed, whole = (
        play(service, asynchronous=asynchronous, streamed=streamed)[0] for streamed in (True, False)
    )

    assert whole.response == {k: (streamed.response or {})[k] for k in whole.response or {}}
    assert events == [{k: e[k] for k in d} for e, d in zip(streamed.events, events, strict=True)]


DRESSES: list[Callable[[Answer], Answer]] = [
    Answer.with_comments,
    Answer.with_keepalives,
    Answer.with_done,
    Answer.without_event_lines,
    Answer.empty_output,
    Answer.without_usage,
    lambda answer: answer.with_comments().with_keepalives().with_done().empty_output(),
]


@BOTH
@pytest.mark.parametrize("dress", DRESSES)
def test_what_is_around_the_events_does_not_matter(
    service: FakeService, dress: Callable[[Answer], Answer], asynchronous: bool
) -> None:
    """Comments, keepalives, ``[DONE]``, and what services leave out change nothing."""
    service.enqueue(dress(fake.text(SAY, reasoning=THINK)))

    outcome = play(service, asynchronous=asynchronous, **THINKING)[0]

    assert outcome.response
    assert "completed" == outcome.response["status"]
    assert [THINK, SAY] == [
        outcome.response["output"][0]["summary"][0]["text"],
        outcome.response["output"][1]["content"][0]["text"],
    ]


LABELS = ["text/event-stream", "Text/Event-Stream; charset=latin-1", "text/plain", ""]
STARTS = [b"", b"\xef\xbb\xbf", b": ping\n\n", b"\xef\xbb\xbfid: 1\n", b"\n\nretry: 10\n"]


@BOTH
@pytest.mark.parametrize("streamed", [True, False])
def test_a_stream_is_read_whoever_asked_for_it(
    service: FakeService, streamed: bool, asynchronous: bool
) -> None:
    """Services stream though nobody asked them to, and proxies relabel what they pass on."""
    stream = STREAMS["litellm"]
    expected = read([stream.decode()])
    bodies = [start + body for start in STARTS for body in (stream, stream.replace(b": {", b":{"))]
    answers = [fake.raw(body, label).chunking(None) for body in bodies for label in LABELS]
    service.enqueue(*answers)

    for outcome in play(service, len(answers), asynchronous=asynchronous, streamed=streamed):
        assert (expected.response, expected.error) == (outcome.response, outcome.error)
        assert expected.events == outcome.events or not streamed


@BOTH
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("completed", "response.completed"),
        ("incomplete", "response.incomplete"),
        ("failed", "response.failed"),
        (None, "response.completed"),
    ],
)
def test_json_is_an_answer_to_a_stream_request(
    service: FakeService, status: str | None, kind: str, asynchronous: bool
) -> None:
    """A proxy that ignores ``stream`` sends the whole response; it is one event."""
    body = {**recorded("reasoning_then_text")[-1]["response"], "status": status}
    service.enqueue(fake.raw(json.dumps(body).encode(), "application/json"))

    outcome = play(service, asynchronous=asynchronous)[0]

    assert [kind] == [event["type"] for event in outcome.events]
    assert {**body, "status": status or "completed"} == outcome.response


NO_RESPONSE: list[tuple[bytes, str]] = [
    (b"", "application/json"),
    (b"<h1>Hello</h1>", "text/html"),
    (b"[1, 2]", "application/json"),
    (b"{}", "application/json"),
    (b'{"id": "resp_1", "output": ["text"]}', "application/json"),
    (b'{"object": "list"}', "text/event-stream"),
    (b"data: hello\n\n", "text/event-stream"),
    (b"data: [DONE]\n\n", "text/event-stream"),
    (b"", "text/event-stream"),
    (b'data: {"type":"response.completed"}\n\n', "text/event-stream"),
    (b'data: {"type":"response.cancelled","response":{"output":["x"]}}\n\n', "text/event-stream"),
    (b'data: {"type":"response.output_text.delta","delta":5}\n\n', "text/event-stream"),
]


@BOTH
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(("body", "label"), NO_RESPONSE)
def test_what_is_no_response_is_an_error(
    service: FakeService, body: bytes, label: str, streamed: bool, asynchronous: bool
) -> None:
    """A page, a list, or nothing, with status 200: never an empty answer."""
    service.enqueue(fake.raw(body, label))

    outcome = play(service, asynchronous=asynchronous, streamed=streamed)[0]

    assert outcome.error
    assert "StreamError" == outcome.error[0]


@BOTH
@pytest.mark.parametrize("name", ["nested_error", "flat_error", "bare_error"])
def test_an_error_in_mid_stream_is_raised(
    service: FakeService, name: str, asynchronous: bool
) -> None:
    """All three shapes carry a code and a message, after the events that came before."""
    service.enqueue(fake.raw(STREAMS[name]))

    outcome = play(service, asynchronous=asynchronous)[0]

    message = "The server had an error while processing your request."
    code = "500" if name == "bare_error" else "server_error"
    assert (message, code) == (outcome.error or ("", "", ""))[1:]
    assert ["output_text.delta", "error"] == outcome.kinds[-2:]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("rate_limit_exceeded", "RateLimitError"),
        ("insufficient_quota", "QuotaExceededError"),
        ("context_length_exceeded", "ContextWindowError"),
        ("server_is_overloaded", "ServerError"),
        ("cyber_policy", "APIStatusError"),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_an_error_in_mid_stream_is_typed(
    service: FakeService, code: str, expected: str, streamed: bool
) -> None:
    """Its code says what it is; there is no status that would."""
    body = b'data: {"type":"error","error":{"code":"%b","message":"No."}}\n\n' % code.encode()
    service.enqueue(fake.raw(body))

    assert (expected, "No.", code) == play(service, streamed=streamed)[0].error


@BOTH
@pytest.mark.parametrize("streamed", [True, False])
def test_an_error_in_the_clothes_of_a_success_is_raised(streamed: bool, asynchronous: bool) -> None:
    """OpenRouter answers 200 with an error in the body."""
    with FakeService("openrouter") as service:
        service.enqueue(fake.failed("server_error", "The provider failed."))
        outcome = play(service, asynchronous=asynchronous, streamed=streamed)[0]

    assert outcome.error
    assert ("The provider failed.", "502") == outcome.error[1:]


@BOTH
@pytest.mark.parametrize("streamed", [True, False])
def test_a_failed_response_is_a_response(
    service: FakeService, streamed: bool, asynchronous: bool
) -> None:
    """As with codex-open-client, it is returned, and says why."""
    service.enqueue(fake.failed("server_error", "It broke.", text="Let me"))
    service.enqueue(fake.incomplete("Let me"))

    failed, cut = (
        outcome.response or {}
        for outcome in play(service, 2, asynchronous=asynchronous, streamed=streamed)
    )

    assert ("failed", "It broke.") == (failed["status"], failed["error"]["message"])
    assert ("incomplete", {"reason": "max_output_tokens"}) == (
        cut["status"],
        cut["incomplete_details"],
    )


@pytest.mark.parametrize("streamed", [True, False])
def test_a_refused_request_is_raised_before_any_event(service: FakeService, streamed: bool) -> None:
    """An error status is an error of the call, not of the stream."""
    with connect(service) as client, pytest.raises(InvalidRequestError) as caught:
        client.responses.create(**QUESTION, stream=streamed, temperature=9)

    assert 400 == caught.value.status_code


def test_a_service_that_does_not_hang_up_is_left(service: FakeService) -> None:
    """After the last event it has a second to end its answer; the response is there anyway."""
    service.enqueue(fake.text(SAY).hold(after=10**6), fake.text(SAY).hold(after=10**6))

    async def ask() -> str:
        async with aconnect(service, timeout=60) as client:
            stream = await client.responses.stream(**QUESTION)
            text: str = (await stream.get_final_response()).output_text
            return text

    began = time.monotonic()
    with connect(service, timeout=60) as client, client.responses.stream(**QUESTION) as stream:
        said = stream.get_final_response().output_text
    saids = [said, asyncio.run(ask())]

    assert [SAY, SAY] == saids
    assert time.monotonic() - began < 10
    service.wait_until(lambda: all(request.disconnected for request in service.requests))


@BOTH
def test_silence_is_an_error(service: FakeService, asynchronous: bool) -> None:
    """A service that stops in mid-stream is given up after the timeout."""
    service.enqueue(fake.text(SAY).hold(after=6))

    outcome = play(service, asynchronous=asynchronous, timeout=0.2)[0]

    assert (
        APITimeoutError.__name__,
        "127.0.0.1 did not answer within 0.2 s",
        None,
    ) == outcome.error


def test_the_last_event_is_the_response(service: FakeService) -> None:
    """A reader of events needs nothing else."""
    with connect(service) as client, client.responses.create(**QUESTION, stream=True) as stream:
        *_, last = stream

        assert isinstance(last, ResponseCompletedEvent)
        assert last.response.output_text == stream.get_final_response().output_text


def test_the_partial_response_of_an_error_is_whole() -> None:
    """It has the id, the model, and what the text was until then."""
    outcome = read([STREAMS["truncated"].decode()])

    assert Outcome(outcome.events, None, outcome.error, SAY.partition(" =")[0][:-2]) == outcome
    assert (outcome.error or [""])[0] == StreamError.__name__
    assert not issubclass(StreamError, APIStatusError)
