"""
One way to make a request of a conversation, measured in a process of its own.

``python -m tests.benchmarks.building WAY BASE_URL TURNS IMAGES`` prints its figures as JSON. Like
``streaming``, it is run by an interpreter that may have nothing but what its way needs. A request
is measured until the HTTP client holds it whole; it is then sent all the same.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .streaming import open_client_at

Item = dict[str, Any]
# Asks a question after these turns, each of them the items of one exchange.
Ask = Callable[[], object]
MODEL, PROMPT = "bench-1", "And why is that so?"
_IMAGE, _SEAL, _ANSWER = 200_000, 1_400, 1_700
_WORDS = ("the", "curve", "of", "this", "figure", "rises", "from", "3", "×", "4", "—", "saturates")


class Sent:
    """What the HTTP client was given, the moment that it had it."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.size = 0
        self.peak = 0

    def note(self, size: int) -> None:
        """Remember the clock, the size of the body and the most memory that it took."""
        self.cpu = time.process_time()
        self.size = size
        self.peak = tracemalloc.get_traced_memory()[1] if tracemalloc.is_tracing() else 0


SENT = Sent()


def conversation(turns: int, images: int) -> list[tuple[Item, ...]]:
    """Return exchanges of a question, sealed reasoning and an answer, some with an image."""
    rng = random.Random(1)
    every = turns // images if images else turns + 1
    return [_exchange(rng, number, number % every == 0) for number in range(turns)]


def json_dumps(base_url: str, turns: list[tuple[Item, ...]]) -> Ask:
    """``json.dumps`` and ``encode``: what there is to do without a cache, and nothing else."""

    def ask() -> None:
        text = json.dumps(_body(turns), ensure_ascii=False, separators=(",", ":"))
        SENT.note(len(text.encode()))

    return ask


def bare_httpx(base_url: str, turns: list[tuple[Item, ...]]) -> Ask:
    """httpx, ``post(json=…)``."""
    import httpx

    client = httpx.Client(timeout=60.0)
    return lambda: client.post(f"{base_url}/responses", json=_body(turns))


def codex_client(base_url: str, turns: list[tuple[Item, ...]]) -> Ask:
    """``CodexClient``, the conversation as dicts."""
    from codex_magic.api.client import CodexClient

    client = CodexClient(base_url=base_url, api_key="bench")
    return lambda: list(client.responses.create(**_body(turns)))


def engine(base_url: str, turns: list[tuple[Item, ...]]) -> Ask:
    """What ``%%codex`` does, without a screen: a turn more in a conversation."""
    from codex_magic.asking import Options
    from codex_magic.assistant import Assistant
    from codex_magic.config import Codex
    from codex_magic.conversation.turns import Plan, Turn
    from codex_magic.display.screen import QuietScreen

    assistant = Assistant(Codex(base_url=base_url))
    service = assistant.services.choose(model=MODEL).service.identity
    for question, *output in turns:
        turn = Turn("Why?", (question,), tuple(output), model=MODEL, service=service)
        assistant.conversation.record(turn, Plan("stateless"))

    def ask() -> None:
        assistant.ask(PROMPT, Options(model=MODEL), QuietScreen())
        # The next question is to be the same, and what this one wrote on disk is not its cost.
        assistant.conversation.undo()
        assistant.memory.settle()

    return ask


def official_sdk(base_url: str, turns: list[tuple[Item, ...]]) -> Ask:
    """The official SDK, the conversation as dicts."""
    from openai import OpenAI

    client: Any = OpenAI(base_url=base_url, api_key="bench")
    return lambda: list(client.responses.create(**_body(turns)))


def codex_open_client(base_url: str, turns: list[tuple[Item, ...]]) -> Ask:
    """codex-open-client, the conversation as dicts."""
    client = open_client_at(base_url)
    fields = ("model", "input", "stream")

    def ask() -> None:
        body = _body(turns)
        given = {name: body[name] for name in fields}
        list(client.responses.create(instructions="Be brief.", **given))

    return ask


WAYS: dict[str, Callable[[str, list[tuple[Item, ...]]], Ask]] = {
    way.__name__: way
    for way in (json_dumps, bare_httpx, codex_client, engine, official_sdk, codex_open_client)
}


def measure(ask: Ask) -> dict[str, float]:
    """Return CPU ms of a request, its MB, and the most memory it took, as a multiple of that."""
    # Connections, imports on first use and what is made once a turn are not a request's cost.
    ask()
    spent: list[float] = []
    while sum(spent) < 0.3 and len(spent) < 100:
        began = time.process_time()
        ask()
        spent.append(SENT.cpu - began)
    tracemalloc.start()
    ask()
    return {
        "cpu": statistics.median(spent) * 1e3,
        "size": SENT.size / 1e6,
        "peak": SENT.peak / SENT.size,
    }


def watch() -> None:
    """Have every HTTP client that is imported say when it was given a request."""
    for name in ("httpx", "httpx2"):
        if name in sys.modules:
            _watch(import_module(name))


def _watch(module: Any) -> None:
    send = module.HTTPTransport.handle_request
    asend = module.AsyncHTTPTransport.handle_async_request

    def handle_request(self: Any, request: Any) -> Any:
        SENT.note(int(request.headers.get("content-length", 0)))
        return send(self, request)

    async def handle_async_request(self: Any, request: Any) -> Any:
        SENT.note(int(request.headers.get("content-length", 0)))
        return await asend(self, request)

    module.HTTPTransport.handle_request = handle_request
    module.AsyncHTTPTransport.handle_async_request = handle_async_request


def _body(turns: list[tuple[Item, ...]]) -> dict[str, Any]:
    """Return the whole request, as a caller with a list of items makes it, the list anew."""
    asked = {"type": "message", "role": "user", "content": PROMPT}
    items = [item for turn in turns for item in turn]
    return {"model": MODEL, "store": False, "stream": True, "input": [*items, asked]}


def _exchange(rng: random.Random, number: int, with_image: bool) -> tuple[Item, ...]:
    content: list[Item] = [{"type": "input_text", "text": _text(rng, 350)}]
    if with_image:
        data = f"data:image/png;base64,{_base64(rng, _IMAGE)}"
        content.append({"type": "input_image", "image_url": data, "detail": "auto"})
    answer = {"type": "output_text", "text": _text(rng, _ANSWER), "annotations": []}
    return (
        {"type": "message", "role": "user", "content": content},
        {
            "type": "reasoning",
            "id": f"rs_{number:048x}",
            "summary": [],
            "encrypted_content": _base64(rng, _SEAL),
        },
        {
            "type": "message",
            "id": f"msg_{number:048x}",
            "role": "assistant",
            "status": "completed",
            "content": [answer],
        },
    )


def _text(rng: random.Random, size: int) -> str:
    return " ".join(rng.choices(_WORDS, k=size // 5))


def _base64(rng: random.Random, size: int) -> str:
    return "".join(rng.choices("ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789+/", k=size))


if __name__ == "__main__":
    way, address, turns, images = sys.argv[1:]
    asking = WAYS[way](address, conversation(int(turns), int(images)))
    watch()
    print(json.dumps(measure(asking)))
