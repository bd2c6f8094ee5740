"""Events: typed where the type is known, carried where it is not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from codex_magic.api import events as kinds
from codex_magic.api.events import ErrorEvent, UnknownEvent, decode, parse_event
from codex_magic.api.items import Json
from codex_magic.api.transport import read_events

from .clients import STREAMS, pieces, recorded

RESPONSE: Json = {"id": "resp_1", "model": "m", "output": [], "status": "in_progress"}
MESSAGE: Json = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}
TYPES: list[tuple[str, Json]] = [
    ("response.created", {"response": RESPONSE}),
    ("response.queued", {"response": RESPONSE}),
    ("response.in_progress", {"response": RESPONSE}),
    ("response.completed", {"response": RESPONSE}),
    ("response.failed", {"response": RESPONSE}),
    ("response.incomplete", {"response": RESPONSE}),
    ("response.output_item.added", {"item": MESSAGE}),
    ("response.output_item.done", {"item": MESSAGE}),
    ("response.output_text.delta", {"delta": "Hi"}),
    ("response.output_text.done", {"text": "Hi"}),
    ("response.refusal.delta", {"delta": "No"}),
    ("response.function_call_arguments.delta", {"delta": "{"}),
    ("response.function_call_arguments.done", {"arguments": "{}"}),
    ("response.reasoning_summary_text.delta", {"delta": "Hm"}),
    ("response.reasoning_summary_text.done", {"text": "Hm"}),
    ("response.reasoning_text.delta", {"delta": "Hm"}),
]
ODD = "\u2028 \u2029 \u0085 \v \f \x1c \x1d \x1e"


def class_of(kind: str) -> type[Any]:
    """Return the class that carries the API's name for a type, as the official SDK spells it."""
    words = re.split(r"[._]", kind)
    found: type[Any] = getattr(kinds, "".join(word.capitalize() for word in words) + "Event")
    return found


@pytest.mark.parametrize(("kind", "fields"), TYPES)
def test_a_known_type_has_its_class(kind: str, fields: Json) -> None:
    """The class has the name and the fields that the type has, with or without indices."""
    bare = parse_event({"type": kind, **fields})
    numbered = parse_event({"type": kind, **fields, "output_index": 2, "x": 1})

    assert class_of(kind) is type(bare)
    assert kind == bare.type
    assert {"type": kind, **fields, "output_index": 2, "x": 1} == numbered.raw
    assert not hasattr(numbered, "output_index") or 2 == numbered.output_index


@pytest.mark.parametrize(("kind", "fields"), TYPES)
def test_a_known_type_needs_its_field(kind: str, fields: Json) -> None:
    """What lacks it is not what the API promises; only an item may begin as null."""
    if kind.startswith("response.output_item"):
        assert {} == parse_event({"type": kind, "item": None}).item  # type: ignore[union-attr]
        return

    with pytest.raises(KeyError):
        parse_event({"type": kind})


def test_an_event_knows_its_place_and_its_item() -> None:
    """As users of the official SDK read them; llama.cpp sends neither."""
    data = {"type": "response.output_text.delta", "delta": "Hi", "logprobs": [{"token": "Hi"}]}
    placed: Any = parse_event({**data, "sequence_number": 3, "item_id": "msg_1"})
    done: Any = parse_event({"type": "response.output_text.done", "text": "Hi", "logprobs": []})
    bare = parse_event({"type": "response.output_text.delta", "delta": "Hi"})

    assert (3, "msg_1") == (placed.sequence_number, placed.item_id)
    assert ([{"token": "Hi"}], []) == (placed.logprobs, done.logprobs)
    assert (None, None) == (bare.sequence_number, bare.item_id)


def test_the_names_of_the_official_sdk_are_those_of_the_same_events() -> None:
    """Where it shortens the API's word, both names mean one class."""
    assert kinds.ResponseOutputTextDeltaEvent is kinds.ResponseTextDeltaEvent
    assert kinds.ResponseOutputTextDoneEvent is kinds.ResponseTextDoneEvent
    assert ErrorEvent is kinds.ResponseErrorEvent


@pytest.mark.parametrize("name", STREAMS)
def test_every_event_is_carried_whole(name: str) -> None:
    """The JSON of each event of each recorded stream can be read off its view."""
    for data in recorded(name):
        named = decode("", json.dumps(data))
        assert named is not None
        assert {**named, **data} == parse_event(named).raw


@pytest.mark.parametrize("kind", ["response.new", "keepalive", None, 3, ["list"]])
def test_an_unknown_type_is_carried(kind: Any) -> None:
    """It is an event like any other, with all that it came with."""
    data = {"type": kind, "value": 1}
    event = parse_event(data)

    assert isinstance(event, UnknownEvent)
    assert (str(kind), data, data) == (event.type, event.data, event.raw)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("response.new", "{}", {"type": "response.new"}),
        ("other", '{"type":"response.new"}', {"type": "response.new"}),
        ("", '{"error":{"code":5}}', {"type": "error", "error": {"code": 5}}),
        ("message", "{}", {"type": "message"}),
        ("ping", "", None),
        ("", "[DONE]", None),
        ("", "[1]", None),
        ("", '{"type":"response.output_te', None),
        ("", "null", None),
    ],
)
def test_the_type_in_the_data_counts(name: str, text: str, expected: Json | None) -> None:
    """The name of an event is only used where its data has none; what is no object says nothing."""
    assert expected == decode(name, text)


UNSAID = "The service reported an error in its answer"
ASK_AGAIN = ". Ask again, or another model."


@pytest.mark.parametrize(
    ("data", "message", "code"),
    [
        ({"type": "error", "code": "c", "message": "m", "param": None}, "m", "c"),
        ({"type": "error", "error": {"type": "t", "code": "c", "message": "m"}}, "m", "c"),
        ({"type": "error", "error": {"code": 500, "message": "m", "type": "t"}}, "m", "500"),
        ({"type": "error", "error": {"code": None, "message": "m", "type": "t"}}, "m", "t"),
        ({"type": "error", "error": "m"}, "m", None),
        ({"type": "error", "message": "m"}, "m", None),
        ({"type": "error", "error": {"code": "c"}}, f"{UNSAID} (c){ASK_AGAIN}", "c"),
        ({"type": "error"}, f"{UNSAID}{ASK_AGAIN}", None),
    ],
)
def test_an_error_has_one_form(data: Json, message: str, code: str | None) -> None:
    """Services nest it, or not, or leave out half of it; the user reads a sentence."""
    event = parse_event(data)

    assert isinstance(event, ErrorEvent)
    assert (message, code) == (event.message, event.code)


def sent(stream: str, size: int = 1) -> list[tuple[str, str]]:
    """Return the server-sent events in a text that comes in pieces."""
    return list(read_events(iter(pieces(stream, size))))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_server_sent_events_are_read_by_the_standard(ending: str, size: int) -> None:
    """Comments and events without data say nothing; several data lines are one text."""
    lines = [": ping", "event: a", "data: 1", "", "event: keepalive", "", "data:2", "data:  3"]
    lines += ["", "id: 7", "retry: x", "new: field", "data", "", f"data: {ODD}", "", "data: end"]
    stream = ending.join(lines)

    assert [("a", "1"), *[("message", data) for data in ("2\n 3", ODD, "end")]] == sent(
        stream, size
    )


def test_the_last_event_needs_no_blank_line() -> None:
    """Services leave it out, and even the end of the line."""
    assert [("message", "1")] == sent("data: 1")
    assert [("message", "1")] == sent("data: 1\n")
    assert [("message", "1")] == sent("data: 1\r")
    assert [] == sent("")
