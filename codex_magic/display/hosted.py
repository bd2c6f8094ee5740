"""What the service's own tools did, as calls: searches, programs, images, a server's tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..api.items import Json
from ..api.wire import objects, words
from ..conversation.approvals import CallRecord, Status
from .progress import plural

APPROVED = "Approved."
_FAILED = ("failed", "incomplete")


def record_of(item: Json) -> CallRecord | None:
    """
    Return what a service's own tool did as a call, or None where an item is something else.

    >>> action = {"type": "search", "query": "cats"}
    >>> record_of({"type": "web_search_call", "status": "completed", "action": action}).arguments
    '{"search": "cats"}'
    """
    form = _FORMS.get(str(item.get("type")))
    if form is None:
        return None
    name, arguments, result = form(item)
    error = item.get("error")
    status: Status = "failed" if error or item.get("status") in _FAILED else "done"
    said = _words(error) if error else result
    given = arguments if isinstance(arguments, str) else _json(arguments)
    return CallRecord(name, given, said, 0.0, status)


def hosted_records(items: Iterable[Json]) -> list[CallRecord]:
    """Return all calls of the service's own tools among some items."""
    return [record for item in items if (record := record_of(item)) is not None]


def _web_search(item: Json) -> tuple[str, Json, str]:
    action = given if isinstance(given := item.get("action"), dict) else {}
    kind = str(action.get("type") or "search")
    queries = action.get("queries")
    about = action.get("query") or (queries if queries else None)
    given = {kind: about} if about else {}
    given |= {name: action[name] for name in ("pattern", "url") if action.get(name)}
    sources = objects(action.get("sources"))
    return "web_search", given, plural(len(sources), "source") if sources else ""


def _file_search(item: Json) -> tuple[str, Json, str]:
    found = [str(one.get("filename") or one.get("file_id")) for one in objects(item.get("results"))]
    return "file_search", {"queries": item.get("queries") or []}, ", ".join(dict.fromkeys(found))


def _code_interpreter(item: Json) -> tuple[str, str, str]:
    outputs = objects(item.get("outputs"))
    logs = [str(one.get("logs") or "") for one in outputs if one.get("type") == "logs"]
    images = sum(one.get("type") == "image" for one in outputs)
    drawn = [plural(images, "image")] if images else []
    return "code_interpreter", str(item.get("code") or ""), "\n".join([*logs, *drawn])


def _image_generation(item: Json) -> tuple[str, Json, str]:
    prompt = item.get("revised_prompt")
    size = len(words(item.get("result"))) * 3 // 4
    made = f"an image, {max(size // 1000, 1):,} kB" if size else ""
    return "image_generation", {"prompt": prompt} if prompt else {}, made


def _mcp_call(item: Json) -> tuple[str, str, str]:
    return (
        _of_server(item, item.get("name")),
        str(item.get("arguments") or "{}"),
        _words(item.get("output")),
    )


def _mcp_list(item: Json) -> tuple[str, Json, str]:
    names = [str(tool.get("name")) for tool in objects(item.get("tools"))]
    return _of_server(item, "list_tools"), {}, ", ".join(names)


_FORMS: Mapping[str, Callable[[Json], tuple[str, Json | str, str]]] = {
    "web_search_call": _web_search,
    "file_search_call": _file_search,
    "code_interpreter_call": _code_interpreter,
    "image_generation_call": _image_generation,
    "mcp_call": _mcp_call,
    "mcp_list_tools": _mcp_list,
}


def _of_server(item: Json, name: Any) -> str:
    label = item.get("server_label")
    return f"{label}.{name}" if label else str(name)


def _words(value: Any) -> str:
    """Return what a server gave back as text; some errors are objects."""
    if value is None or isinstance(value, str):
        return value or ""
    said = value.get("message") if isinstance(value, dict) else None
    return str(said or _json(value))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
