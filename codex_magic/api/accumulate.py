"""
Events become a Response.

Nothing here relies on indices, on an item's ``added`` event, or on an order that the API does not
promise: llama.cpp sends no indices, Ollama leaves out parts, vLLM gives a delta another id than
its item. An item is found by its id, then by its index, then by being the open one of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .events import TERMINAL
from .items import Json, Response, parse_response

_STATUS = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.cancelled": "cancelled",
}
# Pieces of one part that are kept apart.
_MOST_PIECES = 1_000

_Fold = Callable[["Accumulator", Json], None]


class Accumulator:
    """The response as far as it has arrived; ``apply`` is the one way to change it."""

    def __init__(self) -> None:
        self._head: Json = {}
        self._slots: list[_Slot] = []
        self._by_id: dict[str, _Slot] = {}
        self._by_index: dict[int, _Slot] = {}
        self._final: Json | None = None

    def apply(self, data: Json) -> None:
        """Fold the JSON of one event in."""
        fold = _FOLDS.get(data["type"])
        if fold is not None:
            fold(self, data)

    @property
    def finished(self) -> bool:
        """Whether the terminal event has arrived."""
        return self._final is not None

    def snapshot(self) -> Response:
        """Return the response as it stands; its status is the service's own word for it."""
        return parse_response(self._json())

    def _json(self) -> Json:
        items = [slot.json() for slot in self._in_order()]
        if self._final is None:
            return {"id": "", "status": "in_progress", **self._head, "output": items}
        # ChatGPT's backend leaves the terminal output empty, others the text within it.
        output = self._final.get("output")
        rebuilt = self._completed(output) if output else items
        return {"id": "", **self._head, **self._final, "output": rebuilt}

    def _in_order(self) -> list[_Slot]:
        """Return the items by their index, where all have one: a later one may be ready first."""
        if any(slot.index is None for slot in self._slots):
            return self._slots
        return sorted(self._slots, key=lambda slot: slot.index or 0)

    def _completed(self, output: list[Json]) -> list[Json]:
        return [self._with_text(item, number) for number, item in enumerate(output)]

    def _with_text(self, item: Json, number: int) -> Json:
        """Return ``item``, with the text that was streamed where the service left it out."""
        if item.get("type") != "message" or _has_text(item):
            return item
        slot = self._by_id.get(item.get("id") or "") or self._by_index.get(number)
        if slot is None or slot.kind != "message":
            return item
        return {**item, "content": slot.json()["content"]}

    def _lifecycle(self, data: Json) -> None:
        self._head = {**self._head, **data["response"]}

    def _terminal(self, data: Json) -> None:
        response = dict(data["response"])
        # vLLM ends with response.completed whatever the status is; llama.cpp may send none.
        response["status"] = response.get("status") or _STATUS[data["type"]]
        self._final = response

    def _added(self, data: Json) -> None:
        item = data.get("item")
        if item:
            self._open(str(item.get("type")), item, data.get("output_index"))

    def _done(self, data: Json) -> None:
        item = data["item"]
        if not item:
            return
        kind = str(item.get("type"))
        slot = self._find(kind, item.get("id"), data.get("output_index"))
        if slot is None or slot.done:
            slot = self._open(kind, item, data.get("output_index"))
        slot.finish(item)

    def _open(self, kind: str, item: Json, index: int | None) -> _Slot:
        if not isinstance(index, int | None):
            # It would have no place among the others, and these could not be shown any more.
            raise TypeError(f"an output_index is {type(index).__name__}, no number")
        slot = _Slot(kind, item, index)
        self._slots.append(slot)
        if item.get("id"):
            self._by_id[item["id"]] = slot
        if index is not None:
            self._by_index[index] = slot
        return slot

    def _find(self, kind: str, item_id: str | None, index: int | None) -> _Slot | None:
        slot = self._by_id.get(item_id) if item_id else None
        if slot is not None and slot.kind == kind:
            return slot
        slot = self._by_index.get(index) if index is not None else None
        if slot is not None and slot.kind == kind:
            return slot
        if item_id and index is None:
            return None
        last = self._slots[-1] if self._slots else None
        return last if last and last.kind == kind and not last.done and index is None else None

    def _slot(self, kind: str, data: Json) -> _Slot:
        """Return the item that an event speaks of; one that nobody announced is begun."""
        item_id = data.get("item_id")
        # The way of nearly every event of a stream.
        slot = self._by_id.get(item_id) if item_id else None
        if slot is not None and slot.kind == kind:
            return slot
        index = data.get("output_index")
        slot = self._find(kind, item_id, index)
        if slot is None:
            item = {"type": kind, **({"id": item_id} if item_id else {}), **_EMPTY[kind]}
            slot = self._open(kind, item, index)
        elif item_id:
            self._by_id[item_id] = slot
        return slot

    def _annotation(self, data: Json) -> None:
        slot = self._slot("message", data)
        slot.annotate(data.get("content_index") or 0, data["annotation"])


class _Slot:
    """One item while it grows: what it was announced as, and the pieces that came since."""

    def __init__(self, kind: str, item: Json, index: int | None) -> None:
        self.kind = kind
        self.index = index
        self.done = False
        self._item = item
        self._pieces: dict[tuple[str, int], list[str]] = {}
        self._annotations: dict[int, list[Any]] = {}

    def add(self, part: str, index: int, delta: str) -> None:
        """Take the next piece of a part."""
        pieces = self._pieces.get((part, index))
        if pieces is None:
            self._pieces[part, index] = [_text(delta)]
            return
        pieces.append(_text(delta))
        if len(pieces) == _MOST_PIECES:
            # A word on its own takes ten times its own memory.
            pieces[:] = ["".join(pieces)]

    def put(self, part: str, index: int, text: str) -> None:
        """Take the whole of a part: where it differs from its pieces, it is right."""
        self._pieces[part, index] = [_text(text)]

    def annotate(self, index: int, annotation: Any) -> None:
        """Take an annotation of a text part."""
        self._annotations.setdefault(index, []).append(annotation)

    def finish(self, item: Json) -> None:
        """Take the complete item; what it leaves out stays as it was streamed."""
        self.done = True
        self._item = item
        if self.kind != "message" or _has_text(item):
            left_out = [
                part for part in self._pieces if part[0] in _TEXTS and not item.get(part[0])
            ]
            self._pieces = {part: self._pieces[part] for part in left_out}

    def json(self) -> Json:
        """Return the item as it stands."""
        item = dict(self._item)
        for (part, index), pieces in sorted(self._pieces.items(), key=lambda entry: entry[0][1]):
            _place(item, part, index, "".join(pieces), self._annotations.get(index, []))
        return item


def _place(item: Json, part: str, index: int, text: str, annotations: list[Any]) -> None:
    match part:
        case "arguments" | "input" | "code":
            item[part] = text
        case "command":
            _put_command(item, index, text)
        case "summary_text":
            _put_at(item, "summary", index, {"type": part, "text": text})
        case "reasoning_text":
            _put_at(item, "content", index, {"type": part, "text": text})
        case "refusal":
            _put_at(item, "content", index, {"type": part, "refusal": text})
        case _:
            whole = {"type": part, "text": text, "annotations": annotations}
            _put_at(item, "content", index, whole)


def _put_at(item: Json, name: str, index: int, part: Json) -> None:
    parts = _parts(item.get(name))
    if index < len(parts):
        parts[index] = {**parts[index], **part}
    else:
        # An index may have gaps; what was never sent is not made up.
        parts.append(part)
    item[name] = parts


def _put_command(item: Json, index: int, command: str) -> None:
    action = item.get("action") or {}
    commands = list(action.get("commands") or ())
    commands[index : index + 1] = [command]
    item["action"] = {**action, "commands": commands}


def _parts(content: Any) -> list[Any]:
    """Return the parts of a message; some services send its text alone."""
    if isinstance(content, str):
        return [{"type": "output_text", "text": content}] if content else []
    return list(content or ())


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a piece of text is {type(value).__name__}, not text")
    return value


def _has_text(item: Json) -> bool:
    parts = _parts(item.get("content"))
    return any(part.get("text") or part.get("refusal") for part in parts)


_EMPTY: dict[str, Json] = {
    "message": {"role": "assistant", "status": "in_progress", "content": []},
    "reasoning": {"summary": []},
    "function_call": {"call_id": "", "name": "", "arguments": ""},
    "custom_tool_call": {"call_id": "", "name": "", "input": ""},
    "mcp_call": {"name": "", "arguments": ""},
    "code_interpreter_call": {"status": "in_progress"},
    "shell_call": {"call_id": "", "status": "in_progress", "action": {"commands": []}},
}
# The parts that are a field of their item.
_TEXTS = ("arguments", "input", "code")


def _adds(kind: str, part: str, index: str = "content_index") -> _Fold:
    """Return the fold of the next piece of a part."""

    def fold(self: Accumulator, data: Json) -> None:
        self._slot(kind, data).add(part, data.get(index) or 0, data["delta"])

    return fold


def _puts(kind: str, part: str, field: str = "text", index: str = "content_index") -> _Fold:
    """Return the fold of a whole part."""

    def fold(self: Accumulator, data: Json) -> None:
        self._slot(kind, data).put(part, data.get(index) or 0, data[field])

    return fold


def _if_text(field: str, fold: _Fold) -> _Fold:
    """Return ``fold`` for what an answer can do without: it is passed over where it is no text."""

    def fold_text(self: Accumulator, data: Json) -> None:
        if isinstance(data.get(field), str):
            fold(self, data)

    return fold_text


def _tool_folds(event: str, kind: str, part: str, index: str = "") -> dict[str, _Fold]:
    """Return the folds of a part that a tool's item gets, piece by piece."""
    return {
        f"response.{event}.delta": _if_text("delta", _adds(kind, part, index)),
        f"response.{event}.done": _if_text(part, _puts(kind, part, part, index)),
    }


# Sound, images in the making and what a shell writes have no place in an item that grows: the
# finished item holds them.
_FOLDS: dict[str, _Fold] = {
    "response.created": Accumulator._lifecycle,
    "response.queued": Accumulator._lifecycle,
    "response.in_progress": Accumulator._lifecycle,
    "response.output_item.added": Accumulator._added,
    "response.output_item.done": Accumulator._done,
    "response.output_text.delta": _adds("message", "output_text"),
    "response.output_text.done": _puts("message", "output_text"),
    "response.output_text.annotation.added": Accumulator._annotation,
    "response.refusal.delta": _adds("message", "refusal"),
    "response.refusal.done": _puts("message", "refusal", "refusal"),
    "response.function_call_arguments.delta": _adds("function_call", "arguments", ""),
    "response.function_call_arguments.done": _puts("function_call", "arguments", "arguments", ""),
    "response.reasoning_summary_text.delta": _adds("reasoning", "summary_text", "summary_index"),
    "response.reasoning_summary_text.done": _puts(
        "reasoning", "summary_text", "text", "summary_index"
    ),
    "response.reasoning_text.delta": _adds("reasoning", "reasoning_text"),
    "response.reasoning_text.done": _puts("reasoning", "reasoning_text"),
    **_tool_folds("custom_tool_call_input", "custom_tool_call", "input"),
    **_tool_folds("mcp_call_arguments", "mcp_call", "arguments"),
    **_tool_folds("code_interpreter_call_code", "code_interpreter_call", "code"),
    **_tool_folds("shell_call_command", "shell_call", "command", "command_index"),
    "response.shell_call_command.added": _if_text(
        "command", _puts("shell_call", "command", "command", "command_index")
    ),
    **{kind: Accumulator._terminal for kind in TERMINAL},
}
