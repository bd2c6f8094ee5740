"""Requests to the fake service, as its own tests make them."""

import json
import re
from typing import Any

import httpx

from .errors import Json
from .service import FakeService

MODEL = "gpt-5.6-terra"
SAY = "Hello, **world**! It is 3 × 4 = 12."
THINK = "**Thinking** about it."
KEEP = {"store": False, "include": ["reasoning.encrypted_content"]}


def connect(service: FakeService) -> httpx.Client:
    """A client for this service."""
    headers = {"authorization": f"Bearer {service.api_key}"} if service.api_key else {}
    return httpx.Client(base_url=service.base_url, headers=headers, timeout=10, trust_env=False)


def ask(client: httpx.Client, input: object = "Hello", **fields: Any) -> Json:
    """The answer to a request without `stream`, which has to be accepted."""
    answer = client.post("/responses", json={"model": MODEL, "input": input, **fields})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(client: httpx.Client, input: object = "Hello", **fields: Any) -> Json:
    """The error that refuses a request, with its HTTP status."""
    answer = client.post("/responses", json={"model": MODEL, "input": input, **fields})
    assert answer.status_code >= 400, answer.text
    return {"status": answer.status_code, **answer.json()["error"]}


def stream(client: httpx.Client, **fields: Any) -> list[Json]:
    """The events of a streamed answer."""
    body = {"model": MODEL, "input": "Hello", "stream": True, **fields}
    return parsed(client.post("/responses", json=body).content)


def parsed(stream: bytes) -> list[Json]:
    """The JSON of every data line, and nothing about the rest."""
    lines = re.split(rb"\r\n|\n|\r", stream)
    data = [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: ")]
    return [json.loads(line) for line in data if line != b"[DONE]"]


def types(events: list[Json]) -> list[str]:
    """The types of events, without the prefix that nearly all have."""
    return [str(event.get("type")).removeprefix("response.") for event in events]


def said(response: Json) -> str:
    """The text of a response."""
    parts = [part for item in response["output"] for part in item.get("content") or []]
    return "".join(part["text"] for part in parts if part["type"] == "output_text")


def user(text: str) -> Json:
    """A message of the user."""
    return {"type": "message", "role": "user", "content": text}


def output(call_id: str) -> Json:
    """The output of a function call."""
    return {"type": "function_call_output", "call_id": call_id, "output": "7"}


def without(item: Json, *names: str) -> Json:
    """The item without some of its fields."""
    return {name: value for name, value in item.items() if name not in names}
