"""What the service's own tools do: their items, with the events that announce them."""

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from .answers import Answer
from .errors import Json

PREFIXES = {
    "web_search_call": "ws",
    "file_search_call": "fs",
    "code_interpreter_call": "ci",
    "image_generation_call": "ig",
    "mcp_list_tools": "mcpl",
    "mcp_call": "mcp",
    "mcp_approval_request": "mcpr",
}
# What happens on the way, after the announcement.
_STAGES = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_list_tools": ("in_progress", "completed"),
    "mcp_call": ("in_progress", "completed"),
    "mcp_approval_request": (),
}
# Which tool of a request makes an item.
_TOOL = {
    **{kind: kind.removesuffix("_call") for kind in PREFIXES},
    **dict.fromkeys(("mcp_list_tools", "mcp_call", "mcp_approval_request"), "mcp"),
}
# What only comes where a request includes it.
_INCLUDED = {
    ("code_interpreter_call", "outputs"): "code_interpreter_call.outputs",
    ("file_search_call", "results"): "file_search_call.results",
}
# What is not there yet when an item is announced.
_LATER = {"code": "", "outputs": None, "results": None, "result": None, "output": None}


def web_search(query: str, **fields: Any) -> Answer:
    """A search of the web."""
    action = {"type": "search", "query": query}
    return _hosted("web_search_call", status="completed", action=action, **fields)


def file_search(*queries: str, results: Sequence[Json] | None = None) -> Answer:
    """A search of a vector store."""
    return _hosted("file_search_call", status="completed", queries=list(queries), results=results)


def code_interpreter(code: str, *outputs: Json) -> Answer:
    """A program that ran in a container, with what it wrote and drew."""
    return _hosted(
        "code_interpreter_call",
        status="completed",
        code=code,
        container_id="cntr_1",
        outputs=list(outputs),
    )


def image_generation(result: str, prompt: str = "", **fields: Any) -> Answer:
    """An image, in base64."""
    given = {"revised_prompt": prompt, "output_format": "png", **fields}
    return _hosted("image_generation_call", status="completed", result=result, **given)


def mcp_tools(server: str, *names: str) -> Answer:
    """The tools of a server, which the service asks for first."""
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in names]
    return _hosted("mcp_list_tools", server_label=server, tools=tools)


def mcp_approval(server: str, name: str, **arguments: Any) -> Answer:
    """A call of a server's tool that waits for an approval."""
    given = json.dumps(arguments)
    return _hosted("mcp_approval_request", server_label=server, name=name, arguments=given)


def mcp_call(
    server: str, name: str, output: str | None, error: str | None = None, **arguments: Any
) -> Answer:
    """A call of a server's tool, and what it gave back."""
    return _hosted(
        "mcp_call",
        server_label=server,
        name=name,
        arguments=json.dumps(arguments),
        output=output,
        error=error,
    )


def cited(text: str, *annotations: Json) -> Answer:
    """A message that cites something."""
    return Answer(({"type": "message", "text": text, "annotations": list(annotations)},))


def page(text: str, part: str, url: str, title: str) -> Json:
    """A citation of a web page for a part of a text."""
    start = text.index(part)
    return {
        "type": "url_citation",
        "start_index": start,
        "end_index": start + len(part),
        "url": url,
        "title": title,
    }


def together(*answers: Answer) -> Answer:
    """Several things in one answer."""
    return Answer(tuple(item for answer in answers for item in answer.output))


def hosted_item(item: Json, body: Json, new_id: str) -> Json:
    """The item as the service sends it: only what the request includes, for a tool that it has."""
    kind = item["type"]
    tools = [tool.get("type") for tool in body.get("tools") or ()]
    assert _TOOL[kind] in tools, f"the script has {kind}, and the request only the tools {tools}"
    made = {"id": new_id, **copy.deepcopy(item)}
    for (of, name), include in _INCLUDED.items():
        if kind == of and include not in (body.get("include") or ()):
            made[name] = None
    return made


def started_item(item: Json) -> Json:
    """The item as it is announced."""
    status = {"status": "in_progress"} if "status" in item else {}
    later = {name: value for name, value in _LATER.items() if name in item}
    return {**item, **later, **status}


def hosted_events(item: Json, pieces: Sequence[str]) -> Iterator[Json]:
    """What happens between the announcement of an item and its end."""
    kind = item["type"]
    for stage in _STAGES[kind]:
        if stage == "interpreting":
            prefix = "response.code_interpreter_call_code"
            for piece in pieces:
                yield {"type": f"{prefix}.delta", "delta": piece}
            yield {"type": f"{prefix}.done", "code": item["code"]}
        if kind == "mcp_call" and stage == "completed":
            yield {"type": "response.mcp_call_arguments.done", "arguments": item["arguments"]}
            stage = "failed" if item.get("error") else stage
        yield {"type": f"response.{kind}.{stage}"}


def _hosted(kind: str, **fields: Any) -> Answer:
    return Answer(({"type": kind, **fields},))
