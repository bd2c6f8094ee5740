"""The events of api.openai.com in the shapes that other services give them."""

from collections.abc import Callable, Sequence

from .errors import Json
from .profiles import Profile

INDICES = ("sequence_number", "output_index", "content_index", "summary_index", "obfuscation")


def reshape(events: Sequence[Json], profile: Profile) -> list[Json]:
    """The events as this service sends them."""
    return SHAPES[profile.stream](events)


def reshape_response(response: Json, profile: Profile) -> Json:
    """The response of a request without `stream`, as this service sends it."""
    if profile.stream != "llama.cpp":
        return response
    return _llama_response(response)


def _openai(events: Sequence[Json]) -> list[Json]:
    return list(events)


def _llama(events: Sequence[Json]) -> list[Json]:
    """No indices; every `.done` at the end; reasoning as raw text."""
    during: list[Json] = []
    at_end: dict[str, list[Json]] = {"reasoning": [], "message": [], "function_call": []}
    last: list[Json] = []
    kind = "message"
    for event in events:
        name = event.get("type", "")
        bare = {key: value for key, value in event.items() if key not in INDICES}
        if name == "response.output_item.added":
            kind = event["item"]["type"]
            during.append({**bare, "item": _llama_item(event["item"])})
        elif name == "response.output_item.done":
            at_end[kind].append({**bare, "item": _llama_item(event["item"])})
        elif name == "response.reasoning_summary_text.delta":
            during.append({**bare, "type": "response.reasoning_text.delta"})
        elif name.startswith("response.reasoning_") or name == _CALL_DONE:
            continue
        elif name.endswith(".done"):
            at_end[kind].append(bare)
        elif name in ("response.created", "response.in_progress"):
            sparse = {key: event["response"][key] for key in ("id", "object", "status")}
            during.append({**bare, "response": sparse})
        elif "response" in event:
            last.append({**bare, "response": _llama_response(event["response"])})
        elif name == "error" or "error" in event:
            last.append(bare)
        else:
            during.append(bare)
    broken = not last or "response" not in last[-1]
    closing = [] if broken else [event for kinds in at_end.values() for event in kinds]
    return [*during, *closing, *last]


_CALL_DONE = "response.function_call_arguments.done"


def _llama_item(item: Json) -> Json:
    if item["type"] != "reasoning":
        return item
    content = [{"type": "reasoning_text", "text": part["text"]} for part in item["summary"]]
    return {**item, "summary": [], "content": content, "encrypted_content": ""}


def _llama_response(response: Json) -> Json:
    usage = response.get("usage") and {
        name: response["usage"][name] for name in ("input_tokens", "output_tokens", "total_tokens")
    }
    return {
        "id": response["id"],
        "object": "response",
        "created_at": response["created_at"],
        "completed_at": response["completed_at"],
        "model": response["model"],
        # The status is this one even when the answer was cut at the limit.
        "status": "completed",
        "output": [_llama_item(item) for item in response["output"]],
        "usage": usage,
    }


def _ollama(events: Sequence[Json]) -> list[Json]:
    """Summaries come as deltas without a part, and always."""
    kept = [event for event in events if "reasoning_summary_part" not in event.get("type", "")]
    return [
        {key: value for key, value in event.items() if key != "obfuscation"}
        | ({"sequence_number": number} if "sequence_number" in event else {})
        for number, event in enumerate(kept)
    ]


def _chatgpt(events: Sequence[Json]) -> list[Json]:
    """The last response has no output, and the service has events of its own."""
    limits = {"type": "codex.rate_limits", "plan_type": "plus"}
    return [limits, *(_emptied(event) for event in events)]


def _emptied(event: Json) -> Json:
    if event.get("type") != "response.completed":
        return event
    return {**event, "response": {**event["response"], "output": []}}


def _transformers(events: Sequence[Json]) -> list[Json]:
    """What was created is queued."""
    return [
        {**event, "response": {**event["response"], "status": "queued"}}
        if event.get("type") == "response.created"
        else event
        for event in events
    ]


def _vllm(events: Sequence[Json]) -> list[Json]:
    """The ids of deltas are not those of the items; the end is always called completed."""
    shaped = []
    for event in events:
        if "delta" in event and "item_id" in event:
            event = {**event, "item_id": f"{event['item_id']}_delta"}
        elif event.get("type") == "response.incomplete":
            event = {**event, "type": "response.completed"}
        shaped.append(event)
    return shaped


SHAPES: dict[str, Callable[[Sequence[Json]], list[Json]]] = {
    "openai": _openai,
    "llama.cpp": _llama,
    "ollama": _ollama,
    "chatgpt": _chatgpt,
    "transformers": _transformers,
    "vllm": _vllm,
}
