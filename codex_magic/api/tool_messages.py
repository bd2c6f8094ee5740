"""A message with the role "tool", which the API does not have → the output of a call, which it has."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..errors import InvalidRequestError
from .items import Json
from .parts import parts_of, plain_text

_CALLS = frozenset({"function_call", "custom_tool_call"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})


class PendingCalls:
    """
    The calls of an input that have no output yet, in their order.

    Args:
        items: Those of an earlier response, and other items that come first.
    """

    def __init__(self, items: Iterable[Json | bytes] = ()) -> None:
        self._names: dict[str, str] = {}
        self._seen: list[Json | bytes] = [*items]

    def see(self, item: Json | bytes) -> None:
        """Take note of an item, or of items that are JSON already, joined by commas."""
        # Read only when somebody asks: a long history has to cost nothing here.
        self._seen.append(item)

    def find(self, name: str | None) -> str | None:
        """Return the one call that an output can belong to, or None where that is not clear."""
        self._read()
        named = [call_id for call_id, known in self._names.items() if known == name]
        if len(named) == 1:
            return named[0]
        return next(iter(self._names)) if len(self._names) == 1 and not name else None

    def _read(self) -> None:
        for seen in self._seen:
            if isinstance(seen, dict):
                self._note(seen)
            elif b"_call" in seen:
                for item in json.loads(b"[" + seen + b"]"):
                    self._note(item)
        self._seen.clear()

    def _note(self, item: Json) -> None:
        """A call opens, an output closes."""
        kind, call_id = item.get("type"), str(item.get("call_id"))
        if kind in _CALLS:
            self._names[call_id] = str(item.get("name"))
        elif kind in _OUTPUTS:
            self._names.pop(call_id, None)

    def __str__(self) -> str:
        self._read()
        return ", ".join(f"{name} ({call_id})" for call_id, name in self._names.items())


def tool_output(message: Json, calls: PendingCalls, index: int) -> Json:
    """
    Return the output that a message with the role "tool" or "function" stands for.

    Raises:
        InvalidRequestError: It is not clear which call it answers.
    """
    content = parts_of(message.get("content"), "user")
    told = _decoded(content)
    name = message.get("name") or (told.get("name") if told else None)
    named = message.get("call_id") or message.get("tool_call_id")
    call_id = named or calls.find(str(name) if name else None)
    if not call_id:
        raise InvalidRequestError(_unclear(index, name, calls), param=f"input[{index}]")
    output: Json = {
        "type": "function_call_output",
        "call_id": call_id,
        "output": _result(content, told),
    }
    calls.see(output)
    return output


def _decoded(content: str | list[Json]) -> Json | None:
    try:
        found = json.loads(content if isinstance(content, str) else plain_text(content))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _result(content: str | list[Json], told: Json | None) -> str | list[Json]:
    # {"name": …, "result": …} is an envelope; any other JSON is the output itself.
    if told is None or "result" not in told or not set(told) <= _ENVELOPE:
        return content
    result: Any = told["result"]
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


_ENVELOPE = frozenset({"name", "result", "call_id", "tool_call_id", "id", "type"})


def _unclear(index: int, name: Any, calls: PendingCalls) -> str:
    asked = f"one of {calls}" if str(calls) else "none, as no call in the input waits for an output"
    about = f" for {name!r}" if name else ""
    return (
        f"It is not clear which call input[{index}], a tool's message{about}, answers: {asked}. "
        'Write {"type": "function_call_output", "call_id": …, "output": …}.'
    )
