"""Events, made by hand, and what they add up to."""

from __future__ import annotations

from typing import Any

from codex_magic.api.accumulate import Accumulator
from codex_magic.api.items import Json

CREATED: Json = {
    "type": "response.created",
    "response": {"id": "resp_1", "model": "m", "status": "in_progress", "output": []},
}


def fold(*events: Json) -> Accumulator:
    """Return what events add up to."""
    accumulator = Accumulator()
    for event in events:
        accumulator.apply(event)
    return accumulator


def end(*output: Json, kind: str = "completed", **fields: Any) -> Json:
    """Return a terminal event."""
    return {"type": f"response.{kind}", "response": {"id": "resp_1", "output": [*output], **fields}}


def event(kind: str, **fields: Any) -> Json:
    """Return an event of a type without its prefix."""
    return {"type": f"response.{kind}", **fields}


def message(text: str | None, item_id: str = "msg_1") -> Json:
    """Return a message of the model; None leaves its content out."""
    content = [] if text is None else [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": item_id, "role": "assistant", "content": content}


def call(name: str, arguments: str = "", index: int = 0) -> Json:
    """Return a function call."""
    item = {"id": f"fc_{index}", "call_id": f"call_{index}", "name": name}
    return {"type": "function_call", **item, "arguments": arguments}
