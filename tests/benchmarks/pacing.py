"""
One way to wait for the first delta of a paced answer, in a process of its own.

``python -m tests.benchmarks.pacing WAY BASE_URL MODEL`` prints its figures as JSON, like
``streaming``.
"""

from __future__ import annotations

import json
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from .service import served

# Reads an answer and returns when its first delta was there.
First = Callable[[str], float]
_DELTA = b"output_text.delta"
_ANSWERS = 20


def raw_socket(base_url: str) -> First:
    """A socket, and nothing else."""
    address = urlsplit(base_url)
    peer = socket.create_connection((address.hostname or "", address.port or 80))

    def first(model: str) -> float:
        body = json.dumps({"model": model, "input": "Hi", "stream": True}).encode()
        head = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        peer.sendall(head.encode() + body)
        found, read = 0.0, b""
        while not read.endswith(b"0\r\n\r\n"):
            read += peer.recv(65536)
            if not found and _DELTA in read:
                found = time.monotonic()
        return found

    return first


def codex_client(base_url: str) -> First:
    """``CodexClient``."""
    from codex_magic.api.client import CodexClient

    client = CodexClient(base_url=base_url, api_key="bench")
    return lambda model: _first(client.responses.create(model=model, input="Hi", stream=True))


def official_sdk(base_url: str) -> First:
    """The official SDK."""
    from openai import OpenAI

    client = OpenAI(base_url=base_url, api_key="bench")
    return lambda model: _first(client.responses.create(model=model, input="Hi", stream=True))


def _first(events: Iterable[object]) -> float:
    found = 0.0
    for event in events:
        if not found and getattr(event, "type", "") == "response.output_text.delta":
            found = time.monotonic()
    return found


WAYS = {way.__name__: way for way in (raw_socket, codex_client, official_sdk)}


def measure(first: First, base_url: str, model: str) -> dict[str, float]:
    """Return how long after it was sent the first delta was there, in the median."""
    waits = []
    for _ in range(_ANSWERS + 1):
        came = first(model)
        waits.append((came - served(base_url)[-1]["first"]) * 1e3)
    # The first answer imports and connects.
    return {"ms": statistics.median(waits[1:])}


if __name__ == "__main__":
    way, address, name = sys.argv[1:]
    print(json.dumps(measure(WAYS[way](address), address, name)))
