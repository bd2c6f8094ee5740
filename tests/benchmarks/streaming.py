"""
One way to read a stream, measured in a process of its own.

Run as a script by an interpreter that may have nothing but what its way needs:
``python streaming.py WAY BASE_URL COUNT REPEATS`` prints its figures as JSON. Nothing is imported
before a way is chosen.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

# Reads one answer of a model and returns its text.
Read = Callable[[str], str]
_BODY = {"input": "Hi", "stream": True}


def httpx_sse(base_url: str) -> Read:
    """httpx, httpx-sse and json.loads: what there is to do, and nothing else."""
    import httpx
    from httpx_sse import EventSource

    client = httpx.Client(timeout=60.0)

    def read(model: str) -> str:
        pieces = []
        body = {"model": model, **_BODY}
        with client.stream("POST", f"{base_url}/responses", json=body) as response:
            for event in EventSource(response).iter_sse():
                data = json.loads(event.data)
                if data["type"] == "response.output_text.delta":
                    pieces.append(data["delta"])
        return "".join(pieces)

    return read


def codex_client(base_url: str) -> Read:
    """``CodexClient``: typed events, and the final Response."""
    from codex_magic.api.client import CodexClient
    from codex_magic.api.events import ResponseOutputTextDeltaEvent

    client = CodexClient(base_url=base_url, api_key="bench")

    def read(model: str) -> str:
        pieces = []
        stream = client.responses.create(model=model, input="Hi", stream=True)
        for event in stream:
            if isinstance(event, ResponseOutputTextDeltaEvent):
                pieces.append(event.delta)
        text = "".join(pieces)
        assert text == stream.get_final_response().output_text
        return text

    return read


def engine(base_url: str) -> Read:
    """What ``%%codex`` does, without a screen: the engine's loop, the session, the reply."""
    from codex_magic.asking import Options
    from codex_magic.assistant import Assistant
    from codex_magic.config import Codex
    from codex_magic.display.screen import QuietScreen

    assistant = Assistant(Codex(base_url=base_url))

    def read(model: str) -> str:
        return assistant.ask("Hi", Options(model=model, once=True), QuietScreen()).text

    return read


def official_sdk(base_url: str) -> Read:
    """The official SDK, ``create(stream=True)``."""
    from openai import OpenAI

    client = OpenAI(base_url=base_url, api_key="bench")

    def read(model: str) -> str:
        pieces = []
        for event in client.responses.create(model=model, input="Hi", stream=True):
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
        return "".join(pieces)

    return read


def codex_open_client(base_url: str) -> Read:
    """codex-open-client, ``create(stream=True)``: it reads the whole answer, then tells of it."""
    client = open_client_at(base_url)

    def read(model: str) -> str:
        pieces = []
        stream = client.responses.create(
            model=model, instructions="Be brief.", input="Hi", stream=True
        )
        for event in stream:
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
        return "".join(pieces)

    return read


def open_client_at(base_url: str) -> Any:
    """Return a client of codex-open-client, which knows one service, for another one."""
    module: Any = import_module("codex_open_client")
    responses: Any = import_module("codex_open_client._responses")
    responses.CODEX_BASE_URL = base_url
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder) / "auth.json"
        tokens.write_text('{"access_token": "bench"}', encoding="utf-8")
        return module.CodexClient(token_path=tokens)


WAYS: dict[str, Callable[[str], Read]] = {
    way.__name__: way for way in (httpx_sse, codex_client, engine, official_sdk, codex_open_client)
}


def measure(read: Read, count: int, repeats: int) -> dict[str, float]:
    """Return CPU µs per delta, with and without what an answer of no deltas costs."""
    # Connections, imports on first use and specialised bytecode are not a delta's cost.
    for _ in range(3):
        read("bench-50")
    empty = statistics.median(_cpu(read, 0)[0] for _ in range(5))
    _reset_peak()
    before = _memory("VmRSS")
    measured = [_cpu(read, count) for _ in range(repeats)]
    grown = _memory("VmHWM") - before
    whole = statistics.median(cpu for cpu, _ in measured)
    return {
        "cpu": whole / count * 1e6,
        "marginal": (whole - empty) / count * 1e6,
        "start": empty * 1e3,
        "memory": max(0.0, grown - measured[0][1] / 1e6),
    }


def _cpu(read: Read, count: int) -> tuple[float, int]:
    began = time.process_time()
    text = read(f"bench-{count}")
    spent = time.process_time() - began
    # Short of that, an answer was not read whole.
    assert len(text) >= 3 * count
    return spent, len(text)


def _reset_peak() -> None:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _memory(name: str) -> float:
    """Return a figure of the process's memory in MB; not a number where the system has none."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


if __name__ == "__main__":
    way, address, deltas, times = sys.argv[1:]
    print(json.dumps(measure(WAYS[way](address), int(deltas), int(times))))
