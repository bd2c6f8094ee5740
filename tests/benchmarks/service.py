"""
A service that is never the slow part: every answer is bytes that were made before it is asked for.

It runs in a process of its own (``python service.py``), says its port on the first line of its
output, and ends when its input does. The model's name says what it answers: ``bench-200`` is an
answer of 200 deltas, ``bench-200-500`` the same with 500 µs between two of them.
``GET /arrivals`` tells when the requests came, by the machine's monotonic clock.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

_MODEL = re.compile(rb'"model":\s*"bench-(\d+)(?:-(\d+))?"')
_ITEM = "msg_68f0c0a1b2c3d4e5f60718293a4b5c6d7e8f90a1"
_RESPONSE = "resp_68f0c0a1b2c3d4e5f60718293a4b5c6d7e8f90a1"
_WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def answer_text(count: int) -> str:
    """Return the text of an answer of that many deltas."""
    return "".join(_delta(number) for number in range(count))


@contextmanager
def running() -> Iterator[str]:
    """Start the service in another process and give its base URL."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.stdin.close()


def _delta(number: int) -> str:
    word = _WORDS[number % len(_WORDS)]
    if number % 60 == 59:
        return f" {word}.\n\n"
    return f" {word}"


@lru_cache
def _stream(count: int) -> list[bytes]:
    """Return the chunks of an answer: the start, each delta, and the end."""
    names = iter(range(count + 20))

    def chunk(kind: str, **fields: Any) -> bytes:
        body = json.dumps({"type": kind, "sequence_number": next(names), **fields})
        event = f"event: {kind}\ndata: {body}\n\n".encode()
        return b"%x\r\n%s\r\n" % (len(event), event)

    place = {"item_id": _ITEM, "output_index": 0, "content_index": 0}
    text = answer_text(count)
    begun, whole = _response("in_progress", []), _response("completed", [_message(text)])
    start = b"".join(
        [
            _HEAD,
            chunk("response.created", response=begun),
            chunk("response.in_progress", response=begun),
            chunk("response.output_item.added", output_index=0, item=_message(None)),
            chunk("response.content_part.added", part=_part(""), **place),
        ]
    )
    deltas = [
        chunk(
            "response.output_text.delta",
            delta=_delta(number),
            logprobs=[],
            obfuscation="n0sGw7Rk"[: 8 - number % 5],
            **place,
        )
        for number in range(count)
    ]
    end = b"".join(
        [
            chunk("response.output_text.done", text=text, logprobs=[], **place),
            chunk("response.content_part.done", part=_part(text), **place),
            chunk("response.output_item.done", output_index=0, item=_message(text)),
            chunk("response.completed", response=whole),
            b"0\r\n\r\n",
        ]
    )
    return [start, *deltas, end]


@lru_cache
def _bytes(count: int) -> bytes:
    return b"".join(_stream(count))


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _message(text: str | None) -> dict[str, Any]:
    return {
        "id": _ITEM,
        "type": "message",
        "status": "in_progress" if text is None else "completed",
        "content": [] if text is None else [_part(text)],
        "role": "assistant",
    }


def _response(status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    words = 10 if output else 0
    usage = {
        "input_tokens": words,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": words,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2 * words,
    }
    return {
        "id": _RESPONSE,
        "object": "response",
        "created_at": 1760600000,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": "bench",
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage if output else None,
        "user": None,
        "metadata": {},
    }


class _Connection:
    """One client, for as long as it keeps its connection."""

    def __init__(self, peer: socket.socket, arrivals: list[float]) -> None:
        self._peer = peer
        self._arrivals = arrivals
        self._read = b""

    def serve(self) -> None:
        """Answer until the client hangs up."""
        with self._peer:
            try:
                while head := self._head():
                    self._answer(head)
            except (BrokenPipeError, ConnectionResetError):
                # The client is gone: a benchmark that measures that is not among these.
                pass

    def _head(self) -> bytes:
        while b"\r\n\r\n" not in self._read:
            fresh = self._peer.recv(65536)
            if not fresh:
                return b""
            if not self._read and fresh.startswith(b"POST"):
                self._arrivals.append(time.monotonic())
            self._read += fresh
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        return head

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"GET"):
            body = json.dumps(self._arrivals).encode()
            self._peer.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            return
        found = _MODEL.search(self._body(head))
        assert found is not None
        count, pace = int(found[1]), int(found[2] or 0)
        if pace:
            self._write_paced(_stream(count), pace / 1e6)
        else:
            self._peer.sendall(_bytes(count))

    def _body(self, head: bytes) -> bytes:
        found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        length = int(found[1]) if found else 0
        while len(self._read) < length:
            self._read += self._peer.recv(65536)
        body, self._read = self._read[:length], self._read[length:]
        return body

    def _write_paced(self, chunks: list[bytes], seconds: float) -> None:
        due = time.monotonic()
        for chunk in chunks:
            self._peer.sendall(chunk)
            due += seconds
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    """Serve until standard input ends."""
    arrivals: list[float] = []
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            peer, _ = listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_Connection(peer, arrivals).serve, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
