"""Arguments become a request body, the same for the sync and the async client."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ..errors import InvalidRequestError
from .items import FormatConfig, InputItem, Json, Reasoning, TextConfig, Tool, to_json

# An item may come as the bytes of its JSON, made when it entered a conversation.
Input = str | Json | InputItem | Sequence[InputItem | bytes]


class ResponseCreateParams(TypedDict, total=False):
    """
    The parameters of ``POST /responses``; what is not given, or None, is not sent.

    Source: https://platform.openai.com/docs/api-reference/responses/create
    """

    model: str | None
    input: Input | None
    instructions: str | None
    previous_response_id: str | None
    conversation: str | Json | None
    store: bool | None
    background: bool | None
    include: Sequence[str] | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    temperature: float | None
    top_p: float | None
    top_logprobs: int | None
    tools: Sequence[Tool] | None
    tool_choice: str | Json | None
    parallel_tool_calls: bool | None
    reasoning: Reasoning | Json | None
    text: TextConfig | FormatConfig | None
    truncation: str | None
    context_management: Sequence[Json] | None
    metadata: Mapping[str, str] | None
    prompt: Json | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    prompt_cache_options: Json | None
    safety_identifier: str | None
    user: str | None
    service_tier: str | None
    stream_options: Json | None
    moderation: Json | None
    extra_body: Json | None
    extra_headers: Mapping[str, str] | None
    timeout: float | None


def response_body(params: Mapping[str, Any], *, stream: bool) -> bytes:
    """
    Return the body of ``POST /responses``.

    Raises:
        InvalidRequestError: The arguments exclude each other.

    >>> response_body({"model": "m", "input": {"role": "user", "content": "Hi"}}, stream=False)
    b'{"model":"m","stream":false,"input":[{"role":"user","content":"Hi"}]}'
    """
    if params.get("conversation") and params.get("previous_response_id"):
        raise InvalidRequestError(
            "conversation and previous_response_id exclude each other: give one of them."
        )
    local = ("input", "extra_body", "extra_headers", "timeout")
    given = {name: to_json(value) for name, value in params.items() if name not in local}
    body = {name: value for name, value in given.items() if value is not None}
    # transformers serve streams unless it is told not to, so this is always said.
    body["stream"] = stream
    body.update(params.get("extra_body") or {})
    return join_body(body, params.get("input"))


def join_body(body: Mapping[str, Any], input: Input | None) -> bytes:
    """Return ``body`` as JSON with ``input`` in it; encoded items are joined, not encoded again."""
    head = encode(body)
    if input is None:
        return head
    rest = encode(input) if isinstance(input, str) else _joined(input)
    comma = b"," if body else b""
    return b"".join((head[:-1], comma, b'"input":', rest, b"}"))


def encode(value: Any) -> bytes:
    """
    Return ``value`` as compact JSON.

    >>> encode({"text": "3 × 4"}).decode()
    '{"text":"3 × 4"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Halves of an emoji that a service cut: two that meet are joined, a lone one is replaced.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _joined(input: Any) -> bytes:
    # Services accept a string or an array; one object alone is wrapped.
    single = isinstance(input, Mapping) or not isinstance(input, Sequence)
    items = [input] if single else input
    encoded = [item if isinstance(item, bytes) else encode(to_json(item)) for item in items]
    return b"[" + b",".join(encoded) + b"]"
