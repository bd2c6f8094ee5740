"""
What of an earlier item a later request may carry.

A service refuses an item that it cannot check: an id that it does not store, reasoning without
its seal, a field that only an answer has. Every rule is about one item, but for two: reasoning
goes with the item that follows it, and a call with its output.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from .backends import Backend
from .items import Json

_UNPAIRED = "No output: the call was not run."
_LONGEST_ID = 64
_LONGEST_OUTPUT = 10_485_760
_CUT = "\n[… cut: too long …]\n"


def fitting_call_id(item: Json) -> Json:
    """
    Return an item with a call id that the API takes; the same long one always becomes the same.

    >>> fitting_call_id({"call_id": "call_1"})
    {'call_id': 'call_1'}
    """
    call_id = item.get("call_id")
    if not isinstance(call_id, str) or len(call_id) <= _LONGEST_ID:
        return item
    digest = hashlib.blake2b(call_id.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return {**item, "call_id": f"call_{digest}"}


def fitting_output(item: Json) -> Json:
    """Return an item with no more output than the API takes: the middle is left out."""
    output = item.get("output")
    if not isinstance(output, str) or len(output) <= _LONGEST_OUTPUT:
        return item
    half = (_LONGEST_OUTPUT - len(_CUT)) // 2
    return {**item, "output": output[:half] + _CUT + output[-half:]}


def replay(items: Iterable[Json], backend: Backend, *, same_model: bool = True) -> list[Json]:
    """
    Return earlier items in the form that ``backend`` accepts as input.

    Args:
        items: Input and output items, as they were sent and as they came.
        backend: The service that will get them.
        same_model: Whether the service and model that made them get them again; sealed reasoning
            is of use to no other.
    """
    kept = [form for item in items if (form := _form(item, backend, same_model)) is not None]
    return _paired(_followed(kept))


def _form(item: Json, backend: Backend, same_model: bool) -> Json | None:
    kind = item.get("type", "message")
    if kind == "message":
        return _message(item, backend)
    if kind == "reasoning":
        return _reasoning(item, backend) if same_model else None
    shape = _SHAPES.get(kind)
    if shape:
        return shape(item)
    # The services' own tools: their items mean nothing to another service.
    if backend.reasoning != "encrypted" or not same_model:
        return None
    return {name: value for name, value in item.items() if name != "created_by"}


def _message(item: Json, backend: Backend) -> Json:
    role = item["role"]
    if role != "assistant":
        said_by = "developer" if role == "system" and not backend.system_role else role
        return {"type": "message", "role": said_by, "content": item["content"]}
    form: Json = {"type": "message", "role": role, "content": _said(item["content"], backend)}
    if backend.phases and item.get("phase"):
        form["phase"] = item["phase"]
    return form


def _said(content: str | list[Json], backend: Backend) -> str | list[Json]:
    if isinstance(content, str):
        return content
    parts = [_part(part) for part in content if part.get("type") in ("output_text", "refusal")]
    if backend.bare_text:
        return "".join(part.get("text") or part.get("refusal") or "" for part in parts)
    return parts


def _part(part: Json) -> Json:
    if part["type"] == "refusal":
        return {"type": "refusal", "refusal": part["refusal"]}
    return {"type": "output_text", "text": part.get("text") or "", "annotations": []}


def _reasoning(item: Json, backend: Backend) -> Json | None:
    form = {"type": "reasoning", "id": item.get("id"), "summary": item.get("summary") or []}
    match backend.reasoning:
        case "encrypted":
            seal = item.get("encrypted_content")
            return {**form, "encrypted_content": seal} if seal and form["id"] else None
        case "content":
            content = [part for part in item.get("content") or () if part.get("text")]
            return {**form, "content": content, "encrypted_content": ""} if content else None
        case "drop":
            return None


def _only(*names: str) -> Callable[[Json], Json]:
    def shape(item: Json) -> Json:
        form = {name: item[name] for name in ("type", *names) if name in item}
        return fitting_output(fitting_call_id(form))

    return shape


_SHAPES: dict[str, Callable[[Json], Json | None]] = {
    "function_call": _only("call_id", "name", "arguments", "namespace", "caller"),
    "function_call_output": _only("call_id", "output"),
    "custom_tool_call": _only("call_id", "name", "input", "namespace", "caller"),
    "custom_tool_call_output": _only("call_id", "output"),
    # A reference is to an item that the service stored; a replay carries the item itself.
    "item_reference": lambda item: None,
}


def _followed(items: list[Json]) -> list[Json]:
    """Leave out reasoning whose own message or call is not there to follow it."""
    kept: list[Json] = []
    for item in reversed(items):
        if item["type"] == "reasoning" and not (kept and _is_output(kept[-1])):
            continue
        kept.append(item)
    return kept[::-1]


def _is_output(item: Json) -> bool:
    if item["type"] == "message":
        return bool(item["role"] == "assistant")
    return not str(item["type"]).endswith("_output")


def _paired(items: list[Json]) -> list[Json]:
    """Leave out outputs that no call asked for, and answer calls that have no output."""
    called = {(_OUTPUTS[i["type"]], i["call_id"]) for i in items if i["type"] in _OUTPUTS}
    answered = {(i["type"], i["call_id"]) for i in items if i["type"] in _OUTPUTS.values()}
    kept: list[Json] = []
    for item in items:
        kind = item["type"]
        if kind in _OUTPUTS.values() and (kind, item["call_id"]) not in called:
            continue
        kept.append(item)
        if kind in _OUTPUTS and (_OUTPUTS[kind], item["call_id"]) not in answered:
            kept.append({"type": _OUTPUTS[kind], "call_id": item["call_id"], "output": _UNPAIRED})
    return kept


_OUTPUTS = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
}
