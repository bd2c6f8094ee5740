"""Streams that are cut, mixed up, doubled and corrupted never hang, crash or pass for whole ones."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codex_magic import CodexError, Response
from codex_magic.api.streams import response_of
from codex_magic.api.transport import Answer
from tests.counts import count

STREAMS = sorted((Path(__file__).parent.parent / "fixtures" / "streams").glob("*.sse"))
PLAIN = (Path(__file__).parent.parent / "fixtures" / "streams") / "reasoning_then_text.sse"
TEXT = "Hello, **world**! It is 3 × 4 = 12."
TERMINAL = (b'"response.completed"', b'"response.incomplete"', b'"response.failed"')

often = settings(
    max_examples=count(10_000) // 2,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
streams = st.sampled_from(STREAMS).map(Path.read_bytes)


def outcome(body: bytes) -> Response | CodexError:
    """Return what a stream comes to; any error that is not of our tree is a failure."""
    try:
        return response_of(Answer(200, {"content-type": "text/event-stream"}, body))
    except CodexError as error:
        return error


@st.composite
def mixed(draw: st.DrawFn) -> list[bytes]:
    """Events of the plain stream: some dropped, some doubled, some moved."""
    events = PLAIN.read_bytes().split(b"\n\n")
    kept = [event for event in events if event.strip() and draw(st.booleans())]
    doubled = [event for event in kept for _ in range(draw(st.integers(1, 2)))]
    return list(draw(st.permutations(doubled))) if draw(st.booleans()) else doubled


@st.composite
def corrupted(draw: st.DrawFn) -> bytes:
    """A stream with bytes that were changed, put in or cut off."""
    body = bytearray(draw(streams))
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, max(len(body) - 1, 0)))
        size = draw(st.integers(0, 12))
        body[place : place + size] = draw(st.binary(max_size=12))
    return bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)


@often
@given(mixed())
@example([])
def test_mixed_events_are_whole_or_an_error(events: list[bytes]) -> None:
    """With its last event an answer has all of its text; without it, it is never complete."""
    found = outcome(b"\n\n".join(events) + b"\n\n")

    if any(TERMINAL[0] in event for event in events):
        assert isinstance(found, Response)
        assert TEXT == found.output_text
    else:
        assert isinstance(found, CodexError)


@often
@given(corrupted())
def test_corrupted_bytes_are_an_answer_or_one_of_our_errors(body: bytes) -> None:
    """Nothing else is raised, and without a last event there is no answer."""
    found = outcome(body)

    ended = any(mark in body for mark in TERMINAL)
    assert ended or isinstance(found, CodexError)
