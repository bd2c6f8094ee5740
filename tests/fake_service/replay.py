"""The rules of replayed history: what belongs together, and what only we can read."""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence

from . import errors
from .errors import Json
from .items import item_type

ANSWERS = {
    "function_call_output": ("function_call", "function call"),
    "custom_tool_call_output": ("custom_tool_call", "custom tool call"),
}


def seal(key: bytes, item_id: str, model: str) -> str:
    """The encrypted content of a reasoning item: opaque, and bound to its id and model."""
    payload = json.dumps({"id": item_id, "model": model, "thought": "·" * 40}).encode()
    signature = hmac.digest(key, payload, "sha256")
    return "gAAAAAB" + base64.urlsafe_b64encode(signature + payload).decode()


def check_seal(key: bytes, content: str, item_id: str, model: str) -> None:
    """Refuse encrypted content that is not ours, or not of this item and model."""
    if content != seal(key, item_id, model):
        raise errors.invalid_encrypted_content(content)


def check_pairs(
    items: Sequence[Json], history: Sequence[Json], reasoning_of: Mapping[str, str]
) -> None:
    """Refuse reasoning without what followed it, and the reverse, and items given twice."""
    _check_following(items)
    seen: set[str] = set()
    for item in (*history, *items):
        item_id = item.get("id")
        if not isinstance(item_id, str):
            continue
        if item_id in seen:
            raise errors.duplicate_item(item_id)
        reasoning_id = reasoning_of.get(item_id)
        if reasoning_id is not None and reasoning_id not in seen:
            raise errors.without_reasoning(item_id, item_type(item), reasoning_id)
        seen.add(item_id)


def check_calls(context: Sequence[Json]) -> None:
    """Refuse calls without an output, and outputs without a call."""
    for answer_type, (call_type, noun) in ANSWERS.items():
        open_calls: dict[str, bool] = {}
        for item in context:
            kind = item_type(item)
            if kind == call_type:
                open_calls[item["call_id"]] = True
            elif kind == answer_type:
                if item["call_id"] not in open_calls:
                    raise errors.no_tool_call(noun, item["call_id"])
                open_calls[item["call_id"]] = False
        for call_id, unanswered in open_calls.items():
            if unanswered:
                raise errors.no_tool_output(noun, call_id)


def check_approvals(context: Sequence[Json]) -> None:
    """Refuse an approval of what was not asked for."""
    asked = [item["id"] for item in context if item_type(item) == "mcp_approval_request"]
    for item in context:
        if item_type(item) == "mcp_approval_response" and item["approval_request_id"] not in asked:
            raise errors.ServiceError(
                400,
                f"No approval request found with id '{item['approval_request_id']}'.",
                param="input",
            )


def _check_following(items: Sequence[Json]) -> None:
    for index, item in enumerate(items):
        if item_type(item) != "reasoning":
            continue
        rest = [other for other in items[index:] if item_type(other) != "reasoning"]
        if not rest or not _is_output(rest[0]):
            raise errors.without_following(item["id"])


def _is_output(item: Json) -> bool:
    kind = item_type(item)
    return item.get("role") == "assistant" if kind == "message" else kind.endswith("_call")
