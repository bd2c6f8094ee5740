"""A scripted answer becomes a Response object and the events that stream it."""

import copy
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .answers import Answer, StreamError
from .errors import Json
from .hosted import PREFIXES, hosted_events, hosted_item, started_item
from .semantics import Account, Turn

TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})


@dataclass(frozen=True, slots=True)
class Composition:
    """What the service says: the events of a stream, and the response at its end."""

    events: list[Json]
    response: Json | None


def compose(turn: Turn, answer: Answer, account: Account) -> Composition:
    """The answer to this turn, in the words of api.openai.com."""
    if answer.events is not None:
        return Composition([dict(event) for event in answer.events], _last_response(answer.events))
    output = [_output_item(item, turn, account) for item in _given(turn, answer, account)]
    if answer.status == "incomplete" and output and output[-1]["type"] != "reasoning":
        output[-1]["status"] = "incomplete"
    response = _response(turn, answer, output, account)
    response["usage"] = _usage(answer, account.usage(turn, output))
    started = {**response, "status": "in_progress", "output": [], "usage": None, "error": None}
    started["incomplete_details"] = started["completed_at"] = None
    final = {**response, "output": []} if answer.delivery.empty_output else response
    events = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
        *_item_events(output, answer, padded=_padded(turn.body)),
        {"type": f"response.{answer.status}", "response": final},
    ]
    if answer.stream_error is not None:
        # It comes in the place of the last event: what has come to its end breaks off no more.
        return Composition(broken_off(numbered(events[:-1]), answer.stream_error), None)
    return Composition(numbered(events), response)


def numbered(events: Sequence[Json]) -> list[Json]:
    """The events with their `sequence_number`."""
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def broken_off(events: Sequence[Json], failure: StreamError) -> list[Json]:
    """The first of the events, and then an error event."""
    kept = list(events[: failure.after])
    number = len(kept)
    details = {"code": failure.code, "message": failure.message}
    last: Json
    match failure.shape:
        case "flat":
            last = {"type": "error", **details, "param": None, "sequence_number": number}
        case "nested":
            nested = {"type": "server_error", **details, "param": None}
            last = {"type": "error", "sequence_number": number, "error": nested}
        case "bare":
            last = {"error": {"code": 500, "message": failure.message, "type": failure.code}}
    return [*kept, last]


def _given(turn: Turn, answer: Answer, account: Account) -> list[Json]:
    """The scripted items that this model can make: a plain one does not reason."""
    plain = turn.body.get("model") in account.plain_models
    return [item for item in answer.output if not (plain and item["type"] == "reasoning")]


def _output_item(item: Json, turn: Turn, account: Account) -> Json:
    match item["type"]:
        case "reasoning":
            return _reasoning(item, turn, account)
        case "function_call":
            return {
                "id": account.new_id("fc"),
                "type": "function_call",
                "status": "completed",
                "arguments": item["arguments"],
                "call_id": item.get("call_id") or account.new_id("call"),
                "name": item["name"],
            }
        case kind if kind in PREFIXES:
            return hosted_item(item, turn.body, account.new_id(PREFIXES[kind]))
        case _:
            return _message(item, account)


def _reasoning(item: Json, turn: Turn, account: Account) -> Json:
    wanted = (turn.body.get("reasoning") or {}).get("summary") is not None
    shown = wanted or account.profile.rules != "openai"
    parts = [{"type": "summary_text", "text": part} for part in item["summary"] if shown]
    made: Json = {"id": account.new_id("rs"), "type": "reasoning", "summary": parts}
    included = "reasoning.encrypted_content" in (turn.body.get("include") or [])
    match account.profile.encrypted_content:
        case "empty":
            made["encrypted_content"] = ""
        case "plain":
            made["encrypted_content"] = "\n\n".join(item["summary"])
        case "sealed" if included or turn.body.get("store") is False:
            made["encrypted_content"] = account.seal(made["id"], str(turn.body.get("model")))
        case "sealed":
            pass
    return made


def _message(item: Json, account: Account) -> Json:
    if "refusal" in item:
        part: Json = {"type": "refusal", "refusal": item["refusal"]}
    else:
        cites = item.get("annotations", [])
        part = {"type": "output_text", "annotations": cites, "logprobs": [], "text": item["text"]}
    message = {
        "id": account.new_id("msg"),
        "type": "message",
        "status": "completed",
        "content": [part],
        "role": "assistant",
    }
    return {**message, "phase": item["phase"]} if "phase" in item else message


def _response(turn: Turn, answer: Answer, output: list[Json], account: Account) -> Json:
    body = turn.body
    # What a service knows nothing of, it does not repeat either.
    chained = account.profile.previous_response_id != "ignores"
    reasoning = {"effort": None, "summary": None, **(body.get("reasoning") or {})}
    text = {"format": {"type": "text"}, "verbosity": "medium", **(body.get("text") or {})}
    reason = answer.incomplete_reason
    return {
        "id": turn.response_id,
        "object": "response",
        "created_at": turn.created_at,
        "completed_at": int(time.time()) if answer.status == "completed" else None,
        "status": answer.status,
        "background": bool(body.get("background")),
        "error": answer.error,
        "incomplete_details": None if reason is None else {"reason": reason},
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": answer.model or body.get("model"),
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id") if chained else None,
        "conversation": turn.conversation_id and {"id": turn.conversation_id},
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": reasoning,
        "service_tier": "default",
        "store": turn.store,
        "temperature": 1.0,
        "text": text,
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "top_p": 1.0,
        "truncation": body.get("truncation") or "disabled",
        "usage": None,
        "metadata": body.get("metadata") or {},
    }


def _usage(answer: Answer, counted: Json) -> Json | None:
    if not answer.delivery.usage or answer.status == "failed":
        return None
    return counted if answer.usage is None else answer.usage


def _item_events(output: list[Json], answer: Answer, *, padded: bool) -> Iterator[Json]:
    for index, item in enumerate(output):
        yield {
            "type": "response.output_item.added",
            "output_index": index,
            "item": _started(item),
        }
        for event in _inner_events(item, answer.chunks):
            body = {**event, "item_id": item["id"], "output_index": index}
            if padded and event["type"].endswith(".delta"):
                body["obfuscation"] = "x" * (-len(event["delta"]) % 16)
            yield body
        yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _started(item: Json) -> Json:
    """The item as it is announced: without what is still to come."""
    started = copy.deepcopy(item)
    match item["type"]:
        case "reasoning":
            started["summary"] = []
            if item.get("encrypted_content"):
                # What comes here is not yet what has to be sent back.
                started["encrypted_content"] = item["encrypted_content"][:40]
        case "function_call":
            started.update(arguments="", status="in_progress")
        case kind if kind in PREFIXES:
            return started_item(started)
        case _:
            started.update(content=[], status="in_progress")
    return started


def _inner_events(item: Json, chunks: int | None) -> Iterator[Json]:
    match item["type"]:
        case "reasoning":
            for index, part in enumerate(item["summary"]):
                yield from _summary_events(part, {"summary_index": index})
        case "function_call":
            prefix = "response.function_call_arguments"
            for piece in pieces(item["arguments"], chunks):
                yield {"type": f"{prefix}.delta", "delta": piece}
            yield {"type": f"{prefix}.done", "arguments": item["arguments"], "name": item["name"]}
        case kind if kind in PREFIXES:
            yield from hosted_events(item, pieces(item.get("code") or "", chunks))
        case _:
            for index, part in enumerate(item["content"]):
                yield from _part_events(part, {"content_index": index}, chunks)


def _summary_events(part: Json, place: Json) -> Iterator[Json]:
    prefix = "response.reasoning_summary"
    yield {"type": f"{prefix}_part.added", **place, "part": {**part, "text": ""}}
    for piece in pieces(part["text"], None):
        yield {"type": f"{prefix}_text.delta", **place, "delta": piece}
    yield {"type": f"{prefix}_text.done", **place, "text": part["text"]}
    yield {"type": f"{prefix}_part.done", **place, "part": part}


def _part_events(part: Json, place: Json, chunks: int | None) -> Iterator[Json]:
    key = "refusal" if part["type"] == "refusal" else "text"
    prefix = f"response.{part['type']}"
    extra: Json = {} if key == "refusal" else {"logprobs": []}
    bare = {**part, "annotations": []} if key == "text" else part
    yield {"type": "response.content_part.added", **place, "part": {**bare, key: ""}}
    for piece in pieces(part[key], chunks):
        yield {"type": f"{prefix}.delta", **place, "delta": piece, **extra}
    for number, annotation in enumerate(part.get("annotations") or ()):
        added = {"annotation_index": number, "annotation": annotation}
        yield {"type": f"{prefix}.annotation.added", **place, **added}
    yield {"type": f"{prefix}.done", **place, key: part[key], **extra}
    yield {"type": "response.content_part.done", **place, "part": part}


def pieces(text: str, count: int | None) -> list[str]:
    """
    The text in so many pieces, or a piece a word.

    >>> pieces("Hello, my world", None)
    ['Hello,', ' my', ' world']
    >>> pieces("Hello", 2)
    ['Hel', 'lo']
    """
    if count is None:
        return re.findall(r"\s*\S+(?:\s+\Z)?|\s+", text)
    size = max(-(-len(text) // count), 1)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _padded(body: Json) -> bool:
    return (body.get("stream_options") or {}).get("include_obfuscation") is not False


def _last_response(events: Sequence[Json]) -> Json | None:
    last = events[-1] if events else {}
    response = last.get("response")
    if last.get("type") not in TERMINAL or not isinstance(response, dict):
        return None
    output = response.get("output") or []
    return {"status": "completed", "background": False, **response, "output": output}
