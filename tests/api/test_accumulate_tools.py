"""What tools are given grows with their items; what has no place in an item is passed over."""

from __future__ import annotations

from typing import Any

import pytest

from codex_magic.api.items import Json, OtherItem

from .folding import CREATED, end, event, fold

TOOLS: list[tuple[str, str, str, Json]] = [
    ("custom_tool_call_input", "input", "custom_tool_call", {"call_id": "c", "name": "sql"}),
    ("mcp_call_arguments", "arguments", "mcp_call", {"name": "find", "server_label": "wiki"}),
    ("code_interpreter_call_code", "code", "code_interpreter_call", {"container_id": "cntr_1"}),
]


@pytest.mark.parametrize(("name", "field", "kind", "fields"), TOOLS)
def test_what_a_tool_is_given_grows_with_its_item(
    name: str, field: str, kind: str, fields: Json
) -> None:
    """Pieces fill the item in as they come; the whole counts, and the finished item most."""
    item = {"type": kind, "id": "it_1", **fields}
    begun = fold(
        CREATED,
        event("output_item.added", item=item, output_index=0),
        event(f"{name}.delta", delta="SEL", item_id="it_1", output_index=0),
        event(f"{name}.delta", delta="ECT", item_id="it_1", output_index=0),
    )
    assert [{**item, field: "SELECT"}] == begun.snapshot().to_dict()["output"]

    begun.apply(event(f"{name}.done", **{field: "SELECT 1"}, item_id="it_1"))
    assert [{**item, field: "SELECT 1"}] == begun.snapshot().to_dict()["output"]

    begun.apply(event("output_item.done", item={**item, field: "SELECT 2"}, output_index=0))
    assert [{**item, field: "SELECT 2"}] == begun.snapshot().to_dict()["output"]


@pytest.mark.parametrize(("name", "field", "kind", "fields"), TOOLS)
def test_a_tool_that_nobody_announced_is_begun(
    name: str, field: str, kind: str, fields: Json
) -> None:
    """Its pieces make an item, which has its view."""
    (item,) = fold(CREATED, event(f"{name}.delta", delta="1", item_id="it_1")).snapshot().output

    assert isinstance(item, OtherItem)
    assert (kind, "it_1", "1") == (item.type, item.id, getattr(item, field))


@pytest.mark.parametrize(("name", "field", "kind", "fields"), TOOLS)
@pytest.mark.parametrize("odd", [None, {"query": "q"}, 3], ids=repr)
def test_what_a_tool_is_given_breaks_nothing(
    name: str, field: str, kind: str, fields: Json, odd: Any
) -> None:
    """Older services send objects there: the finished item tells what they were."""
    item = {"type": kind, "id": "it_1", **fields, field: "{}"}
    odd_events = [event(f"{name}.delta", delta=odd), event(f"{name}.done", **{field: odd})]
    whole = fold(CREATED, *odd_events, event("output_item.done", item=item), end()).snapshot()

    assert [item] == whole.to_dict()["output"]


def test_commands_grow_in_their_order() -> None:
    """Their events name no item, only its place and theirs."""
    item = {"type": "shell_call", "id": "sh_1", "call_id": "c", "action": {"timeout_ms": 9}}
    growing = fold(
        CREATED,
        event("output_item.added", item=item, output_index=1),
        event("shell_call_command.added", command="", command_index=0, output_index=1),
        event("shell_call_command.delta", delta="ls", command_index=0, output_index=1),
        event("shell_call_command.delta", delta=" -l", command_index=0, output_index=1),
        event("shell_call_command.done", command="ls -la", command_index=0, output_index=1),
        event("shell_call_command.added", command="cat ", command_index=1, output_index=1),
        event("shell_call_command.delta", delta="a", command_index=1, output_index=1),
    )
    (begun,) = growing.snapshot().to_dict()["output"]
    growing.apply(event("output_item.done", item={**item, "action": {"commands": ["ls"]}}))
    (whole,) = growing.snapshot().to_dict()["output"]

    assert {"timeout_ms": 9, "commands": ["ls -la", "cat a"]} == begun["action"]
    assert {"commands": ["ls"]} == whole["action"]


def test_an_image_in_the_making_is_not_kept() -> None:
    """Only the finished one is, in its item."""
    partial = event("image_generation_call.partial_image", partial_image_b64="abc", item_id="ig_1")
    item = {"type": "image_generation_call", "id": "ig_1", "status": "in_progress", "result": None}
    growing = fold(CREATED, event("output_item.added", item=item, output_index=0), partial)
    before = growing.snapshot()
    growing.apply(event("output_item.done", item={**item, "result": "whole"}, output_index=0))

    assert [item] == before.to_dict()["output"]
    assert ["whole"] == [found["result"] for found in growing.snapshot().to_dict()["output"]]


def test_sound_changes_nothing() -> None:
    """A response has no item for it."""
    sound = [
        event("audio.delta", delta="UklG"),
        event("audio.done"),
        event("audio.transcript.delta", delta="Hi"),
        event("audio.transcript.done"),
    ]

    assert fold(CREATED, end()).snapshot() == fold(CREATED, *sound, end()).snapshot()
