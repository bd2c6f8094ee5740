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

    def _text_delta(self, data: Json) -> None:
        slot = self._slot("message", data)
        slot.add("output_text", data.get("content_index") or 0, data["delta"])

    def _text_done(self, data: Json) -> None:
        slot = self._slot("message", data)
        slot.put("output_text", data.get("content_index") or 0, data["text"])

    def _refusal_delta(self, data: Json) -> None:
        slot = self._slot("message", data)
        slot.add("refusal", data.get("content_index") or 0, data["delta"])

    def _refusal_done(self, data: Json) -> None:
        slot = self._slot("message", data)
        slot.put("refusal", data.get("content_index") or 0, data["refusal"])

    def _annotation(self, data: Json) -> None:
        slot = self._slot("message", data)
        slot.annotate(data.get("content_index") or 0, data["annotation"])

    def _summary_delta(self, data: Json) -> None:
        slot = self._slot("reasoning", data)
        slot.add("summary_text", data.get("summary_index") or 0, data["delta"])

    def _summary_done(self, data: Json) -> None:
        slot = self._slot("reasoning", data)
        slot.put("summary_text", data.get("summary_index") or 0, data["text"])

    def _reasoning_delta(self, data: Json) -> None:
        slot = self._slot("reasoning", data)
        slot.add("reasoning_text", data.get("content_index") or 0, data["delta"])

    def _reasoning_done(self, data: Json) -> None:
        slot = self._slot("reasoning", data)
        slot.put("reasoning_text", data.get("content_index") or 0, data["text"])

    def _arguments_delta(self, data: Json) -> None:
        self._slot("function_call", data).add("arguments", 0, data["delta"])

    def _arguments_done(self, data: Json) -> None:
        self._slot("function_call", data).put("arguments", 0, data["arguments"])


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
        else:
            pieces.append(_text(delta))

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
            self._pieces.clear()

    def json(self) -> Json:
        """Return the item as it stands."""
        item = dict(self._item)
        for (part, index), pieces in sorted(self._pieces.items(), key=lambda entry: entry[0][1]):
            _place(item, part, index, "".join(pieces), self._annotations.get(index, []))
        return item


def _place(item: Json, part: str, index: int, text: str, annotations: list[Any]) -> None:
    match part:
        case "arguments":
            item["arguments"] = text
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
    parts = list(item.get(name) or ())
    if index < len(parts):
        parts[index] = {**parts[index], **part}
    else:
        # An index may have gaps; what was never sent is not made up.
        parts.append(part)
    item[name] = parts


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a piece of text is {type(value).__name__}, not text")
    return value


def _has_text(item: Json) -> bool:
    return any(part.get("text") or part.get("refusal") for part in item.get("content") or ())


_EMPTY: dict[str, Json] = {
    "message": {"role": "assistant", "status": "in_progress", "content": []},
    "reasoning": {"summary": []},
    "function_call": {"call_id": "", "name": "", "arguments": ""},
}

_FOLDS: dict[str, Callable[[Accumulator, Json], None]] = {
    "response.created": Accumulator._lifecycle,
    "response.queued": Accumulator._lifecycle,
    "response.in_progress": Accumulator._lifecycle,
    "response.output_item.added": Accumulator._added,
    "response.output_item.done": Accumulator._done,
    "response.output_text.delta": Accumulator._text_delta,
    "response.output_text.done": Accumulator._text_done,
    "response.output_text.annotation.added": Accumulator._annotation,
    "response.refusal.delta": Accumulator._refusal_delta,
    "response.refusal.done": Accumulator._refusal_done,
    "response.function_call_arguments.delta": Accumulator._arguments_delta,
    "response.function_call_arguments.done": Accumulator._arguments_done,
    "response.reasoning_summary_text.delta": Accumulator._summary_delta,
    "response.reasoning_summary_text.done": Accumulator._summary_done,
    "response.reasoning_text.delta": Accumulator._reasoning_delta,
    "response.reasoning_text.done": Accumulator._reasoning_done,
    **{kind: Accumulator._terminal for kind in TERMINAL},
}
