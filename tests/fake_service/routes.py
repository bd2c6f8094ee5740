"""The endpoints that answer at once: everything but POST /responses."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from . import errors
from .errors import Json, ServiceError
from .items import check_items
from .semantics import Account, input_items

MAX_NEW_ITEMS = 20


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one of these endpoints."""

    account: Account
    names: Sequence[str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)


def route(method: str, path: str, account: Account, query: Mapping[str, str], body: Json) -> Json:
    """What the endpoint at this path (without "/v1") answers."""
    for pattern, methods in ROUTES.items():
        match = re.fullmatch(pattern, path)
        if match is None:
            continue
        handler = methods.get(method)
        if handler is None:
            raise ServiceError(405, f"Method not allowed ({method} /v1{path}).")
        if handler in STORED and not account.profile.stored:
            break
        names = [unquote(name) for name in match.groups()]
        return handler(Call(account, names, query, body))
    raise errors.no_route(method, f"/v1{path}")


def _models(call: Call) -> Json:
    return {"object": "list", "data": list(call.account.models.values())}


def _model(call: Call) -> Json:
    name = call.names[0]
    if name not in call.account.models:
        raise errors.model_not_found(name)
    return call.account.models[name]


def _input_tokens(call: Call) -> Json:
    tokens = call.account.count_tokens(call.body)
    return {"object": "response.input_tokens", "input_tokens": tokens}


def _response(call: Call) -> Json:
    response = _found(call.account.responses, "Response", call.names[0])
    pending = call.account.pending.get(response["id"])
    return unfinished(response, pending.pop(0)) if pending else response


def _delete_response(call: Call) -> Json:
    _found(call.account.responses, "Response", call.names[0])
    call.account.drop_response(call.names[0])
    return {"id": call.names[0], "object": "response", "deleted": True}


def _cancel(call: Call) -> Json:
    response = _found(call.account.responses, "Response", call.names[0])
    if not response["background"]:
        raise ServiceError(400, "Cannot cancel a synchronous response.")
    if call.account.pending.pop(response["id"], None) is not None:
        response.update(unfinished(response, "cancelled"))
    return response


def unfinished(response: Json, status: str) -> Json:
    """A background response before its end."""
    open_fields: Json = {
        "output": [],
        "completed_at": None,
        "usage": None,
        "incomplete_details": None,
    }
    return {**response, **open_fields, "status": status, "error": None}


def _compact(call: Call) -> Json:
    if not call.body.get("model"):
        raise errors.missing_parameter("model")
    items = input_items(call.body)
    check_items(items)
    tokens = call.account.count_tokens(call.body)
    kept = [item for item in items if item.get("role") == "user"]
    sealed = {"type": "compaction", "id": call.account.new_id("cmp"), "encrypted_content": "gAAAA"}
    return {
        "id": call.account.new_id("resp"),
        "object": "response.compaction",
        "created_at": int(time.time()),
        "output": [*kept, sealed],
        "usage": {"input_tokens": tokens, "output_tokens": 1, "total_tokens": tokens + 1},
    }


def _response_items(call: Call) -> Json:
    _found(call.account.responses, "Response", call.names[0])
    return _page(call.account.input_items[call.names[0]], call.query)


def _create_conversation(call: Call) -> Json:
    items = _new_items(call)
    conversation_id = call.account.new_id("conv")
    call.account.conversations[conversation_id] = {
        "id": conversation_id,
        "object": "conversation",
        "created_at": int(time.time()),
        "metadata": call.body.get("metadata") or {},
        "items": [],
    }
    call.account.append(conversation_id, items)
    return _shown(call.account.conversations[conversation_id])


def _conversation(call: Call) -> Json:
    return _shown(_found(call.account.conversations, "Conversation", call.names[0]))


def _update_conversation(call: Call) -> Json:
    conversation = _found(call.account.conversations, "Conversation", call.names[0])
    if "metadata" not in call.body:
        raise errors.missing_parameter("metadata")
    conversation["metadata"] = call.body["metadata"]
    return _shown(conversation)


def _delete_conversation(call: Call) -> Json:
    _found(call.account.conversations, "Conversation", call.names[0])
    del call.account.conversations[call.names[0]]
    return {"id": call.names[0], "object": "conversation.deleted", "deleted": True}


def _conversation_items(call: Call) -> Json:
    conversation = _found(call.account.conversations, "Conversation", call.names[0])
    return _page(conversation["items"], call.query)


def _add_items(call: Call) -> Json:
    _found(call.account.conversations, "Conversation", call.names[0])
    added = call.account.append(call.names[0], _new_items(call))
    return _list(added, has_more=False)


def _conversation_item(call: Call) -> Json:
    conversation = _found(call.account.conversations, "Conversation", call.names[0])
    items = {item["id"]: item for item in conversation["items"]}
    return _found(items, "Item", call.names[1])


def _delete_item(call: Call) -> Json:
    conversation = _found(call.account.conversations, "Conversation", call.names[0])
    conversation["items"].remove(_conversation_item(call))
    return _shown(conversation)


def _new_items(call: Call) -> list[Json]:
    items: list[Json] = call.body.get("items") or []
    if len(items) > MAX_NEW_ITEMS:
        raise errors.array_too_long("items", MAX_NEW_ITEMS, len(items))
    check_items(items)
    return items


def _found(objects: Mapping[str, Json], kind: str, object_id: str) -> Json:
    if object_id not in objects:
        raise errors.not_found(kind, object_id)
    return objects[object_id]


def _shown(conversation: Json) -> Json:
    return {key: value for key, value in conversation.items() if key != "items"}


def _page(items: Sequence[Json], query: Mapping[str, str]) -> Json:
    ordered = list(items) if query.get("order") == "asc" else list(items)[::-1]
    ids = [item["id"] for item in ordered]
    start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
    limit = int(query.get("limit", 20))
    if not 1 <= limit <= 100:
        raise ServiceError(400, f"Invalid 'limit': {limit}. Expected 1 to 100.", param="limit")
    return _list(ordered[start : start + limit], has_more=start + limit < len(ordered))


def _list(items: Sequence[Json], *, has_more: bool) -> Json:
    return {
        "object": "list",
        "data": list(items),
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
        "has_more": has_more,
    }


ROUTES: dict[str, dict[str, Callable[[Call], Json]]] = {
    r"/models": {"GET": _models},
    r"/models/(.+)": {"GET": _model},
    r"/responses/input_tokens": {"POST": _input_tokens},
    r"/responses/compact": {"POST": _compact},
    r"/responses/([^/]+)": {"GET": _response, "DELETE": _delete_response},
    r"/responses/([^/]+)/cancel": {"POST": _cancel},
    r"/responses/([^/]+)/input_items": {"GET": _response_items},
    r"/conversations": {"POST": _create_conversation},
    r"/conversations/([^/]+)": {
        "GET": _conversation,
        "POST": _update_conversation,
        "DELETE": _delete_conversation,
    },
    r"/conversations/([^/]+)/items": {"GET": _conversation_items, "POST": _add_items},
    r"/conversations/([^/]+)/items/([^/]+)": {"GET": _conversation_item, "DELETE": _delete_item},
}
STORED = frozenset(
    handler
    for methods in ROUTES.values()
    for handler in methods.values()
    if handler not in (_models, _model, _input_tokens)
)
