"""Calls of tools as the reader of an answer sees them: one line each, which unfolds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..api.items import Json
from ..api.wire import words
from ..conversation.approvals import CallRecord
from ..conversation.tool_results import text_in
from .hosted import record_of
from .progress import printable

_WIDTH = 80
_LONGEST = 4_000


def call_line(record: CallRecord) -> str:
    """
    Return a call as one line of plain text.

    >>> call_line(CallRecord("add", '{"a": 1, "b": 2}', "3", 0.25, "done"))
    'add(a=1, b=2) → 3 · 0.2 s'
    >>> call_line(CallRecord("add", "{", "Invalid arguments", 0.0, "invalid"))
    'add({) → invalid: Invalid arguments'
    """
    result = _cut(record.result)
    if record.status != "done":
        result = f"{record.status}: {result}" if result else record.status
    seconds = f" · {record.seconds:.1f} s" if record.seconds >= 0.05 else ""
    came = f" → {result}" if result else ""
    return f"{record.name}({_cut(_arguments(record.arguments))}){came}{seconds}"


def call_whole(record: CallRecord) -> list[str]:
    """Return what a call unfolds to: the call, and what the model was told."""
    call = f"{record.name}({_long(_arguments(record.arguments))})"
    return [printable(part) for part in (call, _long(record.result)) if part]


def records_of(output: Iterable[Json]) -> list[CallRecord]:
    """Return the calls among a turn's items that were answered, in their order."""
    items = list(output)
    answers = {
        words(item.get("call_id")): item
        for item in items
        if item.get("type") == "function_call_output"
    }
    decided = {words(item.get("approval_request_id")): item for item in items if "approve" in item}
    records = (
        record_of(item)
        or _answered(item, answers.get(words(item.get("call_id"))))
        or _declined(item, decided)
        for item in items
    )
    return [record for record in records if record is not None]


def _answered(item: Json, answer: Json | None) -> CallRecord | None:
    """Return a call of a function with what it came to."""
    if item.get("type") != "function_call" or answer is None:
        return None
    given = str(item.get("arguments") or "{}")
    return CallRecord(
        str(item.get("name")), given, text_in(answer.get("output") or ""), 0.0, "done"
    )


def _declined(item: Json, decided: Mapping[Any, Json]) -> CallRecord | None:
    """Return a call of a server's tool that the user declined; one that ran has an item itself."""
    said = (
        decided.get(words(item.get("id"))) if item.get("type") == "mcp_approval_request" else None
    )
    if said is None or said["approve"]:
        return None
    name = f"{item.get('server_label')}.{item.get('name')}"
    given = str(item.get("arguments") or "{}")
    return CallRecord(name, given, str(said.get("reason") or ""), 0.0, "declined")


def _arguments(text: str) -> str:
    """Return arguments as Python has them, or as they are where they are no JSON object."""
    try:
        given = json.loads(text)
    except ValueError:
        return text
    if not isinstance(given, dict):
        return text
    return ", ".join(f"{name}={json.dumps(v, ensure_ascii=False)}" for name, v in given.items())


def _cut(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _long(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}\n… ({len(text) - _LONGEST:,} more characters)"
