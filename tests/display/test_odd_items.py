"""Items of a service that are not as the API has them: an answer with them is shown, harmlessly."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from codex_magic.api.items import Json
from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.conversation.turns import Turn
from codex_magic.display.reply import Reply
from codex_magic.display.screen import QuietScreen
from codex_magic.errors import CodexError
from tests.asking import MODEL
from tests.counts import count
from tests.fake_service import FakeService, events

from .test_hostile import complaints

EVIL = '"\'><img src=x onerror=window.codexPwned=1><a href="javascript:x">y</a>'
TEXT = "It is so."
CITES = {"type": "url_citation", "url": "http://e.org/", "title": "t", "start_index": 0}
ITEMS: list[Json] = [
    {
        "type": "web_search_call",
        "id": "w",
        "status": "completed",
        "action": {
            "type": "search",
            "query": "q",
            "queries": ["a"],
            "sources": [{"url": "http://e.org"}],
            "pattern": "p",
            "url": "u",
        },
    },
    {
        "type": "file_search_call",
        "id": "f",
        "queries": ["q"],
        "results": [{"filename": "a", "file_id": "b"}],
    },
    {
        "type": "code_interpreter_call",
        "id": "c",
        "code": "x",
        "outputs": [{"type": "logs", "logs": "x"}, {"type": "image", "url": "http://e.org/x.png"}],
    },
    {
        "type": "image_generation_call",
        "id": "i",
        "result": "AAAA",
        "output_format": "png",
        "revised_prompt": "p",
    },
    {
        "type": "mcp_call",
        "id": "m",
        "name": "n",
        "server_label": "s",
        "arguments": "{}",
        "output": "o",
        "error": None,
    },
    {"type": "mcp_list_tools", "id": "l", "server_label": "s", "tools": [{"name": "x"}]},
    {
        "type": "mcp_approval_request",
        "id": "r",
        "name": "n",
        "server_label": "s",
        "arguments": "{}",
    },
    {
        "type": "mcp_approval_response",
        "approval_request_id": "r",
        "approve": False,
        "reason": "x",
    },
    {"type": "function_call", "id": "fc", "call_id": "c1", "name": "n", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c1", "output": "x"},
    {
        "type": "message",
        "id": "ms",
        "role": "assistant",
        "status": "completed",
        "content": [
            {"type": "output_text", "text": TEXT, "annotations": [{**CITES, "end_index": 3}]}
        ],
    },
    {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "x"}]},
]
ODD: list[Any] = [None, 0, 1.5, True, "", EVIL, [], {}, [None], [EVIL], [[]], [{}], {EVIL: EVIL}]


# What a whole reply is made of, beside what Markdown becomes.
OURS = re.compile(r"<(div|details) class='codex-[a-z]+'>|<(details|summary|small)>")


def strange(reply: Reply) -> list[str]:
    """What a reply's HTML holds and is not on any list."""
    return [one for one in complaints(reply.mime_bundle()["text/html"]) if not OURS.match(one)]


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a piece of JSON."""
    entries: Any = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    for key, each in entries:
        yield (*place, key)
        yield from places(each, (*place, key))


def cases(number: int, odd: Sequence[Any]) -> list[tuple[tuple[Any, ...], Any]]:
    """Some of the places of an item with something odd for each, or all of them."""
    known = [(place, each) for place in places(ITEMS[number]) for each in odd]
    return random.Random(number).sample(known, min(max(count(len(known)), 20), len(known)))


def spoiled(item: Json, place: tuple[Any, ...], odd: Any) -> Json:
    """An item with something else in one place."""
    changed = copy.deepcopy(item)
    inner: Any = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = odd
    return changed


@pytest.mark.parametrize("number", range(len(ITEMS)), ids=[str(i["type"]) for i in ITEMS])
def test_a_turn_with_an_odd_item_is_shown(number: int) -> None:
    """Whatever stands in whatever place: no error, and no tag, handler or address of an attack."""
    for place, odd in cases(number, ODD):
        items = [*ITEMS[:number], spoiled(ITEMS[number], place, odd), *ITEMS[number + 1 :]]
        reply = Reply.of_turn(Turn("q", (), output=tuple(items), text=TEXT))

        assert [] == strange(reply), (place, odd)


@pytest.mark.parametrize("number", range(len(ITEMS)), ids=[str(i["type"]) for i in ITEMS])
def test_an_odd_item_in_a_stream_is_an_answer_or_an_error_of_ours(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Nothing of Python's comes through."""
    monkeypatch.setenv("OPENAI_API_KEY", str(service.api_key))
    monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
    assistant = Assistant(Codex(model=MODEL, persist=False))
    for place, odd in cases(number, (0, EVIL, [None], {EVIL: EVIL})):
        service.enqueue(events(streamed(spoiled(ITEMS[number], place, odd))))
        with suppress(CodexError):
            assistant.ask("q", Options(once=True), QuietScreen())
        service.forget_queue()
        assert [] == strange(assistant.replies[-1]), (place, odd)
    assistant.close()


def streamed(item: Json) -> list[Json]:
    """The events of an answer that is this item."""
    whole = {"id": "resp_1", "object": "response", "status": "completed", "model": MODEL}
    begun = {**whole, "status": "in_progress", "output": []}
    return [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**whole, "output": [item]}},
    ]
