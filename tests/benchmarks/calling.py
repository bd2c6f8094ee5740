"""
One way to make calls that do not stream, in a process of its own.

``python -m tests.benchmarks.calling WAY BASE_URL IDLE`` prints its figures as JSON, like
``streaming``.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

# Makes a call and returns the number of the connection that it went over.
Call = Callable[[], str]
_BODY: dict[str, Any] = {"model": "bench-20", "input": "Hi"}
_CALLS = 300


def bare_httpx(base_url: str) -> Call:
    """httpx, ``post(json=…)``."""
    import httpx

    client = httpx.Client(timeout=60.0)

    def call() -> str:
        answer = client.post(f"{base_url}/responses", json=_BODY).json()
        return str(answer["metadata"]["connection"])

    return call


def codex_client(base_url: str) -> Call:
    """``CodexClient``."""
    from codex_magic.api.client import CodexClient

    client = CodexClient(base_url=base_url, api_key="bench")
    return lambda: str((client.responses.create(**_BODY).metadata or {})["connection"])


def official_sdk(base_url: str) -> Call:
    """The official SDK."""
    from openai import OpenAI

    client = OpenAI(base_url=base_url, api_key="bench")
    return lambda: str((client.responses.create(**_BODY).metadata or {})["connection"])


WAYS = {way.__name__: way for way in (bare_httpx, codex_client, official_sdk)}


def measure(call: Call, idle: float) -> dict[str, float]:
    """Return the CPU of a call, or, after some seconds of idle, how many connections were made."""
    # Connections, imports on first use and specialised bytecode are not a call's cost.
    before = [call() for _ in range(20)][-1]
    if idle:
        time.sleep(idle)
        return {"connections": float(before != call())}
    spent = []
    for _ in range(_CALLS):
        began = time.process_time()
        call()
        spent.append(time.process_time() - began)
    return {"ms": statistics.median(spent) * 1e3}


if __name__ == "__main__":
    way, address, seconds = sys.argv[1:]
    print(json.dumps(measure(WAYS[way](address), float(seconds))))
