"""
Input as people write it → input as the API has it.

The API takes a string or a list of items of its own form. People also give it one item, typed
views, the output of an earlier response, and what Chat Completions had: ``role: "tool"``,
``tool_calls``, ``image_url`` parts, nested functions. What can only mean one thing is rewritten;
what could mean two is refused before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import InvalidRequestError
from .backends import UNKNOWN, Backend
from .items import Json, Response, Wire, to_json
from .parts import parts_of, plain_text
from .replay import fitting_call_id, fitting_output
from .tool_messages import PendingCalls, tool_output

# What a message has in Chat Completions, or in an answer, and not in the input.
_LEFTOVERS = frozenset(
    {
        *("name", "tool_calls", "function_call", "refusal", "audio", "annotations", "logprobs"),
        *("parsed", "id", "status", "created_by", "reasoning_content"),
    }
)
_CALL_LEFTOVERS = frozenset({"id", "status", "parsed_arguments", "created_by"})
_PAIRED = frozenset(
    {"function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"}
)
_ROLES = frozenset({"user", "assistant", "system", "developer", "tool", "function"})


def tolerant_input(
    given: Any, backend: Backend = UNKNOWN, *, pending: Iterable[Json] = ()
) -> str | list[Json | bytes]:
    """
    Return ``given`` as a string or a list of items, as ``backend`` takes them.

    Args:
        given: A string, an item, a response, or a sequence of these; bytes are encoded items.
        backend: What the service accepts.
        pending: Calls of an earlier response that are not in ``given`` and wait for outputs.

    Raises:
        InvalidRequestError: It is not clear what is meant.

    >>> tolerant_input({"role": "user", "content": "Hi"})
    [{'role': 'user', 'content': 'Hi'}]
    """
    if isinstance(given, str):
        return given if backend.text_input else [_user_message(given)]
    items, rest = _encoded_first(given)
    calls = PendingCalls([*pending, *items])
    for index, member in enumerate(_flat(rest), start=len(items)):
        if isinstance(member, bytes):
            calls.see(member)
            items.append(member)
            continue
        for item in _rewritten(member, calls, index):
            form = _form(item, backend)
            if form is not None:
                items.append(form)
    return _begun(_followed(items), backend)


def _user_message(text: str) -> Json:
    return {"type": "message", "role": "user", "content": text}


def _encoded_first(given: Any) -> tuple[list[Json | bytes], Sequence[Any]]:
    """Return the encoded items that a list begins with, and what else it holds."""
    if not isinstance(given, list | tuple):
        return [], [given]
    # Nearly all of a long conversation: it costs as little as may be.
    count = next((at for at, member in enumerate(given) if type(member) is not bytes), len(given))
    return [*given[:count]], given[count:]


def _flat(given: Iterable[Any]) -> Iterator[Json | bytes]:
    """Yield items as JSON: a response stands for its output, a list in a list for its members."""
    for member in given:
        if type(member) is bytes:
            yield member
        elif isinstance(member, bytes | bytearray):
            yield bytes(member)
        elif isinstance(member, str):
            yield _user_message(member)
        elif isinstance(response := getattr(member, "response", member), Response):
            yield from _flat(response.output)
        elif isinstance(member, Sequence):
            yield from _flat(member)
        else:
            found = _json(member)
            # A response as a JSON object, or as another library's object.
            yield from _flat(found["output"]) if found.get("object") == "response" else [found]


def _json(value: Any) -> Json:
    if isinstance(value, Mapping | Wire):
        found: Json = to_json(value)
        return found
    for name in ("model_dump", "to_dict", "dict"):
        dump = getattr(value, name, None)
        if callable(dump):
            dumped = dump()
            return {key: member for key, member in dumped.items() if member is not None}
    raise InvalidRequestError(
        f"{type(value).__name__} is no input: give a string, a message, or a list of items."
    )


def _rewritten(item: Json, calls: PendingCalls, index: int) -> Iterator[Json]:
    """Yield what an item is in the API's own form, and keep count of the open calls."""
    if item.get("role") in ("tool", "function"):
        yield tool_output(item, calls, index)
    elif item.get("role") == "assistant" and (item.get("tool_calls") or item.get("function_call")):
        yield from _chat_calls(item, calls, index)
    else:
        calls.see(item)
        yield item


def _chat_calls(message: Json, calls: PendingCalls, index: int) -> Iterator[Json]:
    """Yield the message and the calls that an assistant's message of Chat Completions holds."""
    if message.get("content"):
        yield message
    made = list(message.get("tool_calls") or ())
    if not made:
        made = [{"id": f"call_{index}", "function": message["function_call"]}]
    for number, call in enumerate(made):
        function = call.get("function") or call.get("custom") or {}
        item: Json = {
            "type": "function_call",
            "call_id": call.get("id") or call.get("call_id") or f"call_{index}_{number}",
            "name": function.get("name") or call.get("name"),
            "arguments": function.get("arguments") or call.get("arguments") or "{}",
        }
        calls.see(item)
        yield item


def _form(item: Json, backend: Backend) -> Json | None:
    """Return an item as a service takes it, or None for one that it cannot take."""
    kind = item.get("type") or ("message" if "role" in item else None)
    if kind == "message":
        return _message(item, backend)
    if kind == "reasoning":
        return _reasoning(item, backend)
    if kind in _PAIRED:
        form = {name: value for name, value in item.items() if name not in _CALL_LEFTOVERS}
        return fitting_output(fitting_call_id(form))
    return {name: value for name, value in item.items() if name != "created_by"}


def _message(item: Json, backend: Backend) -> Json:
    role = item.get("role")
    if role not in _ROLES:
        known = ", ".join(sorted(_ROLES - {"function"}))
        raise InvalidRequestError(f"There is no role {role!r}. Known: {known}.", param="input")
    form = {name: value for name, value in item.items() if name not in _LEFTOVERS}
    content = parts_of(item.get("content"), role)
    if role == "assistant":
        # llama.cpp tells an answer from a question by its type alone.
        form = {"type": "message", **form}
        refusal = item.get("refusal")
        if isinstance(refusal, str) and not content:
            content = [{"type": "refusal", "refusal": refusal}]
        if backend.bare_text and not isinstance(content, str):
            content = plain_text(content)
        if not (backend.phases and form.get("phase")):
            form.pop("phase", None)
    elif role == "system" and not backend.system_role:
        form["role"] = "developer"
    return {**form, "content": content}


def _reasoning(item: Json, backend: Backend) -> Json | None:
    form = {"type": "reasoning", "id": item.get("id"), "summary": item.get("summary") or []}
    if backend.reasoning == "encrypted":
        seal = item.get("encrypted_content")
        return {**form, "encrypted_content": seal} if seal and form["id"] else None
    if backend.reasoning == "content":
        content = [part for part in item.get("content") or () if part.get("text")]
        return {**form, "content": content, "encrypted_content": ""} if content else None
    return None


def _followed(items: list[Json | bytes]) -> list[Json | bytes]:
    """Leave out reasoning whose own message or call is not there to follow it."""
    if not any(type(item) is dict and item.get("type") == "reasoning" for item in items):
        return items
    kept: list[Json | bytes] = []
    for item in reversed(items):
        if isinstance(item, dict) and item.get("type") == "reasoning" and not _follows(kept):
            continue
        kept.append(item)
    return kept[::-1]


def _follows(later: list[Json | bytes]) -> bool:
    if not later:
        return False
    item = later[-1]
    if isinstance(item, bytes):
        return True
    if item.get("type", "message") == "message":
        return item.get("role") == "assistant"
    return not str(item["type"]).endswith("_output")


def _begun(items: list[Json | bytes], backend: Backend) -> list[Json | bytes]:
    """Put a message first where a list that begins with anything else is read wrongly."""
    if not backend.message_first or not items:
        return items
    first = items[0]
    spoken = b'"role"' in first[:200] if isinstance(first, bytes) else "role" in first
    if spoken:
        return items
    return [{"type": "message", "role": "system", "content": "Go on."}, *items]
