"""Events of tools, audio and parts: each type has its view, and none breaks an answer off."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from codex_magic.api import stream_events, tool_events
from codex_magic.api.caller_items import ResponseFunctionShellCallOutputContent
from codex_magic.api.events import OtherEvent, UnknownEvent, parse_event
from codex_magic.api.items import Json, OutputText, ReasoningSummary, to_json

STEPS = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_call": ("in_progress", "completed", "failed"),
    "mcp_list_tools": ("in_progress", "completed", "failed"),
    "compaction": ("compacting",),
}
WRITTEN = {"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
PROGRESS: list[tuple[str, Json]] = [
    (f"{call}.{step}", {}) for call, steps in STEPS.items() for step in steps
]
# The API's types without their prefix, with the fields that make them what they are.
OF_TOOLS: list[tuple[str, Json]] = [
    *PROGRESS,
    ("custom_tool_call_input.delta", {"delta": "SEL"}),
    ("custom_tool_call_input.done", {"input": "SELECT 1"}),
    ("code_interpreter_call_code.delta", {"delta": "1"}),
    ("code_interpreter_call_code.done", {"code": "1"}),
    ("mcp_call_arguments.delta", {"delta": "{"}),
    ("mcp_call_arguments.done", {"arguments": "{}"}),
    (
        "image_generation_call.partial_image",
        {
            "partial_image_b64": "iVBORw0K",
            "partial_image_index": 1,
            "size": "1024x1024",
            "quality": "low",
            "background": "opaque",
            "output_format": "png",
        },
    ),
    ("shell_call_command.added", {"command": "", "command_index": 1}),
    ("shell_call_command.delta", {"delta": "l", "command_index": 1}),
    ("shell_call_command.done", {"command": "ls", "command_index": 1}),
    ("shell_call_output_content.delta", {"delta": {"stdout": "a"}, "command_index": 1}),
    ("shell_call_output_content.done", {"output": [WRITTEN], "command_index": 1}),
    ("audio.delta", {"delta": "UklGRg"}),
    ("audio.done", {}),
    ("audio.transcript.delta", {"delta": "Hi"}),
    ("audio.transcript.done", {}),
]
OF_PARTS: list[tuple[str, Json]] = [
    ("content_part.added", {"part": {"type": "output_text", "text": "", "annotations": []}}),
    ("content_part.done", {"part": {"type": "refusal", "refusal": "No."}, "content_index": 1}),
    ("reasoning_summary_part.added", {"part": {"type": "summary_text", "text": ""}}),
    (
        "reasoning_summary_part.done",
        {
            "part": {"type": "summary_text", "text": "Hm"},
            "summary_index": 1,
            "status": "incomplete",
        },
    ),
    ("reasoning_text.done", {"text": "Hm", "content_index": 1}),
    ("refusal.done", {"refusal": "No.", "content_index": 1}),
    (
        "output_text.annotation.added",
        {"annotation": {"type": "url_citation", "url": "u"}, "annotation_index": 1},
    ),
]
ALL = [*OF_TOOLS, *OF_PARTS]
IDS = [kind for kind, _ in ALL]
# What the API calls image_generation_call, the official SDK calls ImageGenCall.
ABBREVIATED = {"image_generation_call": "image_gen_call"}


def class_of(kind: str) -> type[Any]:
    """Return the class that carries a type's name, as the official SDK spells it."""
    for word, short in ABBREVIATED.items():
        kind = kind.replace(word, short)
    words = kind.replace(".", "_").split("_")
    name = "Response" + "".join(word.capitalize() for word in words) + "Event"
    found = {**vars(stream_events), **vars(tool_events)}[name]
    assert isinstance(found, type)
    return found


def test_every_type_has_an_example() -> None:
    """The table and the examples speak of the same types."""
    assert sorted(tool_events.TOOL_EVENTS) == sorted(f"response.{kind}" for kind, _ in OF_TOOLS)


@pytest.mark.parametrize(("kind", "fields"), ALL, ids=IDS)
def test_a_type_has_its_class(kind: str, fields: Json) -> None:
    """It shows all of its fields, and carries those that nobody knows."""
    data = {"type": f"response.{kind}", **fields, "output_index": 2, "obfuscation": "xx"}
    data |= {"item_id": "it_1", "sequence_number": 7}
    event = parse_event(data)

    assert class_of(kind) is type(event)
    assert (f"response.{kind}", "it_1", 7) == (event.type, event.item_id, event.sequence_number)
    assert fields == {name: to_json(getattr(event, name)) for name in fields}
    assert 2 == getattr(event, "output_index", 2)
    assert data == event.raw


@pytest.mark.parametrize(("kind", "fields"), OF_TOOLS, ids=[kind for kind, _ in OF_TOOLS])
def test_a_tool_event_is_one_of_many(kind: str, fields: Json) -> None:
    """They have one base class, and no two types share a class by being of it."""
    event = parse_event({"type": f"response.{kind}", **fields})
    others = [class_of(other) for other, _ in ALL if other != kind]

    assert isinstance(event, OtherEvent)
    assert not any(isinstance(event, other) for other in others)
    assert f"{type(event).__name__}(" in repr(event)
    assert event == parse_event({"type": f"response.{kind}", **fields})


@pytest.mark.parametrize(("kind", "fields"), ALL, ids=IDS)
def test_no_index_is_the_first(kind: str, fields: Json) -> None:
    """llama.cpp sends no indices, other services send null."""
    needed = {name: value for name, value in fields.items() if not name.endswith("_index")}
    silent = parse_event({"type": f"response.{kind}", **needed})
    null = parse_event({"type": f"response.{kind}", **needed, "output_index": None})

    assert class_of(kind) is type(silent)
    assert 0 == getattr(silent, "output_index", 0)
    assert silent == null


@pytest.mark.parametrize("kind", [kind for kind, fields in ALL if fields])
def test_without_its_field_it_is_an_unknown_event(kind: str) -> None:
    """No answer breaks off because of an event that it can do without."""
    data = {"type": f"response.{kind}", "delta": None, "part": None}
    event = parse_event(data)

    assert isinstance(event, UnknownEvent)
    assert (f"response.{kind}", data, data) == (event.type, event.data, event.raw)


@pytest.mark.parametrize("odd", [3, "text", [], [None], {"type": "new"}], ids=repr)
@pytest.mark.parametrize(("kind", "fields"), ALL, ids=IDS)
def test_an_odd_field_is_carried(kind: str, fields: Json, odd: Any) -> None:
    """What is of another type than the API promises is shown as it came."""
    data = {"type": f"response.{kind}", **dict.fromkeys(fields, odd)}

    assert data == parse_event(data).raw


@pytest.mark.parametrize("part", [{"type": "refusal"}, {"type": "output_text", "annotations": 3}])
def test_an_odd_part_is_carried(part: Json) -> None:
    """A part that is not as the API has it breaks nothing before its item is there."""
    data = {"type": "response.content_part.added", "part": part}

    assert data == parse_event(data).raw


def test_members_are_typed() -> None:
    """Parts, annotations and what a command wrote have their views within the event's."""
    events = {kind: parse_event({"type": f"response.{kind}", **fields}) for kind, fields in ALL}
    begun = events["content_part.added"]
    thought = events["reasoning_summary_part.done"]
    written = events["shell_call_output_content.done"]

    assert isinstance(begun, stream_events.ResponseContentPartAddedEvent)
    assert OutputText("", annotations=[]) == begun.part
    assert isinstance(thought, stream_events.ResponseReasoningSummaryPartDoneEvent)
    assert (ReasoningSummary("Hm"), "incomplete") == (thought.part, thought.status)
    assert isinstance(written, tool_events.ResponseShellCallOutputContentDoneEvent)
    assert isinstance(written.output[0], ResponseFunctionShellCallOutputContent)


def test_bytes_are_not_shown() -> None:
    """An image or a sound has no place in a log of events."""
    shown = repr([parse_event({"type": f"response.{kind}", **fields}) for kind, fields in ALL])

    assert "iVBORw0K" not in shown
    assert "UklGRg" not in shown


def test_what_few_answers_hold_is_not_loaded() -> None:
    """The views of tools cost as much as all others: they are loaded when one comes."""
    code = (
        "import sys; from codex_magic.api import client, events, items; "
        "events.parse_event({'type': 'response.output_text.delta', 'delta': 'Hi'}); "
        "print(*sys.modules)"
    )

    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "codex_magic.api.stream_events" in found
    rare = ("tool_events", "hosted_items", "caller_items", "context_items", "annotations")
    assert [] == [name for name in rare if f"codex_magic.api.{name}" in found]
