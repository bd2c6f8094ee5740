"""Arguments become a request body, the same for the sync and the async client."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

from ..errors import InvalidRequestError
from ..records import dataclass
from .backends import UNKNOWN, Backend
from .fitting import fit, wants_json
from .input_checks import check_input, says_json
from .items import FormatConfig, InputItem, Json, Reasoning, Response, TextConfig, Tool, to_json
from .tolerance import tolerant_input
from .tool_forms import tool_choice_of, tools_of

# An item may come as the bytes of its JSON, made when it entered a conversation; an earlier
# response stands for its output.
Input = str | Json | InputItem | Response | Sequence[InputItem | bytes | str]

_PACKAGE = f"{__name__.partition('.')[0]}."
_LOCAL = ("input", "extra_body", "extra_headers", "extra_query", "timeout")


class CodexWarning(UserWarning):
    """Something of a request is not sent as it was given."""


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
    background_options: Json | None
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A request as a service takes it.

    Attributes:
        body: The body, encoded.
        notices: What the user should know, one line each.
    """

    body: bytes
    notices: tuple[str, ...] = ()


def prepare(
    params: Mapping[str, Any],
    backend: Backend,
    *,
    stream: bool,
    ours: Collection[str] = (),
    pending: Iterable[Json] = (),
) -> Prepared:
    """
    Return a request as ``backend`` takes it.

    Args:
        params: As the caller gave them; ``extra_body`` goes out as it is.
        backend: The service.
        stream: Whether the answer is to come as events.
        ours: Dotted names of fields that the user did not ask for.
        pending: Calls of the previous response, for a message with the role "tool" without an id.

    Raises:
        InvalidRequestError: It cannot work, and nothing was sent.
    """
    if params.get("conversation") and params.get("previous_response_id"):
        raise InvalidRequestError(
            "conversation and previous_response_id exclude each other: give one of them."
        )
    given, notices = _fields(params)
    items = params.get("input")
    if items is not None:
        items = tolerant_input(items, backend, pending=pending)
        check_input(items, backend)
    # transformers serve streams unless it is told not to, so this is always said.
    given["stream"] = stream
    # A long input is searched only where it matters.
    said = not wants_json(given) or says_json(items)
    fitted = fit(given, backend, ours=ours, says_json=said)
    if fitted.refused:
        raise fitted.refused
    body = {**fitted.body, **(params.get("extra_body") or {})}
    return Prepared(join_body(body, items), (*notices, *fitted.notices))


def response_body(
    params: Mapping[str, Any],
    *,
    stream: bool,
    backend: Backend = UNKNOWN,
    pending: Iterable[Json] = (),
) -> bytes:
    """
    Return the body of ``POST /responses``; warn of what is not sent as it was given.

    Raises:
        InvalidRequestError: It cannot work, and nothing was sent.

    >>> response_body({"model": "m", "input": {"role": "user", "content": "Hi"}}, stream=False)
    b'{"model":"m","stream":false,"input":[{"role":"user","content":"Hi"}]}'
    """
    prepared = prepare(params, backend, stream=stream, pending=pending)
    for notice in prepared.notices:
        warn(notice)
    return prepared.body


def warn(notice: str) -> None:
    """Warn at the place that called us, however deep we are, so that each place is told once."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(notice, CodexWarning, stacklevel=level)


def _fields(params: Mapping[str, Any]) -> tuple[Json, list[str]]:
    """Return the fields of the body as JSON, and what there is to say of them."""
    fields = {
        name: value
        for name, value in params.items()
        if name not in _LOCAL and name not in ("tools", "tool_choice") and value is not None
    }
    given: Json = {name: to_json(value) for name, value in fields.items()}
    notices: list[str] = []
    if params.get("tools") is not None:
        tools = tools_of(params["tools"])
        given["tools"], notices = tools.forms, tools.notices
    if params.get("tool_choice") is not None:
        given["tool_choice"] = tool_choice_of(params["tool_choice"])
    return given, notices


def join_body(body: Mapping[str, Any], input: Any) -> bytes:
    """Return ``body`` as JSON with ``input`` in it; encoded items are joined, not encoded again."""
    head = encode(body)
    if input is None:
        return head
    # One join: a long conversation is copied once, whatever its size.
    pieces = [head[:-1], b',"input":' if body else b'"input":', *_pieces(input), b"}"]
    return b"".join(pieces)


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


def _pieces(input: Any) -> Iterator[bytes]:
    """Yield the JSON of an input, in pieces; services accept a string or an array."""
    if isinstance(input, str):
        yield encode(input)
        return
    # One object alone is wrapped.
    single = isinstance(input, Mapping) or not isinstance(input, Sequence)
    between = b"["
    for item in [input] if single else input:
        yield between
        yield item if isinstance(item, bytes) else encode(to_json(item))
        between = b","
    yield b"[]" if between == b"[" else b"]"
