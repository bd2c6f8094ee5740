"""
A service that is never the slow part: every answer is bytes that were made before it is asked for.

It runs in a process of its own (``python service.py``), says its port on the first line of its
output, and ends when its input does. The model's name says what it answers: ``bench-200`` is an
answer of 200 deltas, ``bench-200-500`` the same with 500 µs between two of them, and
``bench-200-500-4`` with words of 4 characters. The last word of every answer is ``omega``.
``GET /served`` tells when each request came, and when the first and the last delta and the end of
its answer went out, by the machine's monotonic clock.
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
from itertools import count
from typing import Any
from urllib.request import ProxyHandler, build_opener

_MODEL = re.compile(rb'"model":\s*"bench-(\d+)(?:-(\d+))?(?:-(\d+))?"')
_STREAMED = re.compile(rb'"stream":\s*true')
_ITEM = "msg_68f0c0a1b2c3d4e5f60718293a4b5c6d7e8f90a1"
_RESPONSE = "resp_68f0c0a1b2c3d4e5f60718293a4b5c6d7e8f90a1"
_WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def answer_text(deltas: int, width: int = 0) -> str:
    """Return the text of an answer of that many deltas."""
    return "".join(_deltas(deltas, width))


def served(base_url: str) -> list[dict[str, float]]:
    """Return when each answer's request came, and its first and last delta and its end went out."""
    opener = build_opener(ProxyHandler({}))
    with opener.open(f"{base_url}/served", timeout=60) as answer:
        found: list[dict[str, float]] = json.load(answer)
    return found


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


def _deltas(deltas: int, width: int) -> list[str]:
    words = [f" {_WORDS[number % len(_WORDS)]}"[: width or None] for number in range(deltas)]
    words[59::60] = [f"{word}.\n\n" for word in words[59::60]]
    words[-1:] = [" omega" for _ in words[-1:]]
    return words


@lru_cache
def _stream(deltas: int, width: int) -> list[bytes]:
    """Return the chunks of an answer: the start, each delta, and the end."""
    names = count()

    def chunk(kind: str, **fields: Any) -> bytes:
        body = json.dumps({"type": kind, "sequence_number": next(names), **fields})
        event = f"event: {kind}\ndata: {body}\n\n".encode()
        return b"%x\r\n%s\r\n" % (len(event), event)

    place = {"item_id": _ITEM, "output_index": 0, "content_index": 0}
    words = _deltas(deltas, width)
    text = "".join(words)
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
    pieces = [
        chunk(
            "response.output_text.delta",
            delta=word,
            logprobs=[],
            obfuscation="n0sGw7Rk"[: 8 - number % 5],
            **place,
        )
        for number, word in enumerate(words)
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
    return [start, *pieces, end]


@lru_cache
def _bytes(deltas: int, width: int) -> bytes:
    return b"".join(_stream(deltas, width))


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


Served = dict[str, float]


class _Connection:
    """One client, for as long as it keeps its connection."""

    def __init__(self, number: int, peer: socket.socket, served: list[Served]) -> None:
        self._number = number
        self._peer = peer
        self._served = served
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
                self._served.append({"arrival": time.monotonic()})
            self._read += fresh
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        return head

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"GET"):
            self._write_json(self._served)
            return
        body, served = self._body(head), self._served[-1]
        found = _MODEL.search(body)
        assert found is not None
        deltas, pace, width = (int(digits or 0) for digits in found.groups())
        if not _STREAMED.search(body):
            time.sleep(deltas * pace / 1e6)
            self._write_json(self._whole(head, answer_text(deltas, width)))
        elif pace:
            self._write_paced(_stream(deltas, width), pace / 1e6, served)
        else:
            self._peer.sendall(_bytes(deltas, width))
        served["end"] = time.monotonic()

    def _body(self, head: bytes) -> bytes:
        found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        length = int(found[1]) if found else 0
        while len(self._read) < length:
            self._read += self._peer.recv(65536)
        body, self._read = self._read[:length], self._read[length:]
        return body

    def _whole(self, head: bytes, text: str) -> dict[str, Any]:
        """Return an answer that does not stream, which tells its connection's number."""
        if b"/chat/completions" in head.partition(b"\r")[0]:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
            kind = {"id": "chat", "object": "chat.completion", "created": 1, "model": "bench"}
            return {**kind, "choices": [choice], "usage": usage}
        connection = {"connection": str(self._number)}
        return {**_response("completed", [_message(text)]), "metadata": connection}

    def _write_json(self, found: Any) -> None:
        body = json.dumps(found).encode()
        self._peer.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )

    def _write_paced(self, chunks: list[bytes], seconds: float, served: Served) -> None:
        due = time.monotonic()
        for number, chunk in enumerate(chunks):
            if number in (1, len(chunks) - 2):
                served["first" if number == 1 else "last"] = time.monotonic()
            self._peer.sendall(chunk)
            due += seconds
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    """Serve until standard input ends."""
    served: list[Served] = []
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        for number in count():
            peer, _ = listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_Connection(number, peer, served).serve, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
