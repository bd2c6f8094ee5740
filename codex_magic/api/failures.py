"""An error body becomes a typed error: services disagree on its shape."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import (
    APIStatusError,
    AuthError,
    ContextWindowError,
    InvalidRequestError,
    NotFoundError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from ..patterns import late
from .events import error_fields
from .items import Json
from .retries import retry_after

_REQUEST_IDS = ("x-request-id", "apim-request-id", "x-oai-request-id", "cf-ray")
_QUOTA = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "usage_limit_reached",
        "usage_not_included",
    }
)
_TOO_LONG = late(
    r"context_length_exceeded|exceed_context_size|maximum context length|max_model_len"
    r"|context window|exceeds the available context size",
    re.IGNORECASE,
)
# Keys of OpenAI, OpenRouter and others, Groq, Hugging Face; whatever follows "Bearer"; and JWTs.
_KEY = late(
    r"\b((?:sk-|gsk_|hf_)[A-Za-z0-9_\-*]{4})[A-Za-z0-9_\-*.]+|(?<=Bearer )[^\s\"']+"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"
)
# Shorter, and it may be a word.
_SHORTEST_KEY = 6
_KEY_HEADERS = ("authorization", "api-key", "x-api-key")
_LONGEST_PAGE = 2000
_INVISIBLE = late(
    r"<(script|style|head)\b.*?(</\1\s*>|$)|<!--.*?(-->|$)", re.DOTALL | re.IGNORECASE
)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return what the service's support asks for."""
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)


def secrets_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """
    Return the keys among the headers of a request.

    >>> secrets_of({"Authorization": "Bearer k-1234567", "Accept": "*/*"})
    ('k-1234567',)
    """
    sent = [value for name, value in headers.items() if name.lower() in _KEY_HEADERS]
    return tuple(value.removeprefix("Bearer ").strip() for value in sent)


def error_from_answer(
    status: int, headers: Mapping[str, str], body: bytes, *, secrets: Collection[str] = ()
) -> APIStatusError:
    """
    Return the error that an HTTP answer stands for.

    Args:
        status: Of the answer.
        headers: Of the answer, with lower-case names.
        body: Of the answer.
        secrets: Keys that the request carried: they are nowhere in the error.
    """
    found = _decoded(body)
    fields = _fields(found)
    message = _message(fields, found, status)
    code = fields.get("code")
    error_type = fields.get("type")
    return error_of(
        status,
        message,
        code=str(code if code not in (None, status, str(status)) else error_type or "") or None,
        kind=f"{error_type or ''} {_outer_type(found)}".strip(),
        secrets=secrets,
        param=fields.get("param"),
        body=found,
        request_id=request_id(headers),
        retry_after=retry_after(headers) or resets_in(fields),
    )


def error_of(
    status: int | None,
    message: str,
    *,
    code: str | None = None,
    kind: str = "",
    retry_after: float | None = None,
    secrets: Collection[str] = (),
    **details: Any,
) -> APIStatusError:
    """
    Return the error for a status (None in mid-stream) and a service's own code.

    Args:
        status: The HTTP status.
        message: In the service's words.
        code: The service's code.
        kind: The service's error type, where it differs from the code.
        retry_after: Seconds that the service asks to wait.
        secrets: Keys that are to be nowhere in the error.
        details: ``param``, ``body`` and ``request_id`` of the error.
    """
    message = hide_keys(message, *secrets)
    details = _hidden(details, secrets)
    code = hide_keys(code, *secrets) if code else code
    known: dict[str, Any] = {"status_code": status, "code": code, **details}
    if status == 402 or {code, *kind.split()} & _QUOTA:
        return QuotaExceededError(message, retry_after=retry_after, **known)
    if status == 429 or code in ("rate_limit_exceeded", "slow_down"):
        return RateLimitError(message, retry_after=retry_after, **known)
    if _TOO_LONG.search(f"{code} {kind} {message}") and (status is None or status < 500):
        return ContextWindowError(message, **known)
    if status in (401, 403):
        return AuthError(message, **known)
    if status == 404 or code == "model_not_found":
        return NotFoundError(message, **known)
    if status is not None and 400 <= status < 500 and status not in (408, 409):
        return InvalidRequestError(message, **known)
    if (status or 0) >= 500 or code in ("server_error", "server_is_overloaded"):
        return ServerError(message, **known)
    return APIStatusError(message, **known)


def hide_keys(text: str, *secrets: str) -> str:
    """
    Return ``text`` without keys: services quote a wrong one in their error.

    Args:
        text: What a service said.
        secrets: Keys that no pattern knows: those that the request carried.

    >>> hide_keys("Incorrect API key provided: sk-abcdefghijkl.")
    'Incorrect API key provided: sk-abcd…'
    >>> hide_keys("No such key: 0123456789abcdef", "0123456789abcdef")
    'No such key: 0123…'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_KEY:
            text = text.replace(secret, f"{secret[: len(secret) // 4][:7]}…")
    return _KEY.sub(lambda found: f"{found[1]}…" if found[1] else "…", text)


def resets_in(fields: Mapping[str, Any]) -> float | None:
    """Return the seconds after which ChatGPT's allowance is there again, where it says so."""
    seconds, moment = fields.get("resets_in_seconds"), fields.get("resets_at")
    if isinstance(seconds, int | float) and seconds > 0:
        return float(seconds)
    if isinstance(moment, int | float) and moment > time.time():
        return float(moment - time.time())
    return None


def is_model_missing(error: APIStatusError, model: str) -> bool:
    """Whether the service says that it has no such model, or no longer."""
    if error.code in ("model_not_found", "model_deprecated"):
        return True
    text = error.message.lower()
    return model.lower() in text and any(
        words in text
        for words in ("does not exist", "not found", "deprecated", "not supported", "retired")
    )


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _fields(body: Any) -> Json:
    """Return the object that holds the message: OpenAI, FastAPI and others nest it differently."""
    if not isinstance(body, dict):
        return {}
    detail = body.get("detail")
    if isinstance(detail, dict):
        return error_fields(detail)
    if detail is not None:
        return {"message": detail if isinstance(detail, str) else json.dumps(detail)}
    return error_fields(body)


def _message(fields: Json, body: Any, status: int) -> str:
    said = fields.get("message")
    if said:
        return f"{said}"
    text = body if isinstance(body, str) else json.dumps(body)
    text = re.sub(r"<[^>]+>", " ", _without_invisible(text))
    text = " ".join(text.split())[:200]
    return f"HTTP {status}: {text}" if text else f"HTTP {status} with an empty body"


def _without_invisible(text: str) -> str:
    """Return a page without scripts and styles; its title is the best of its head."""
    title = re.search(r"<title[^>]*>(.*?)</title", text, re.DOTALL | re.IGNORECASE)
    rest = _INVISIBLE.sub(" ", text)
    return f"{title[1]} {rest}" if title and title[1] not in rest else rest


def _outer_type(body: Any) -> str:
    """Return what OpenRouter says of an error beside it."""
    if not isinstance(body, dict):
        return ""
    nested = body.get("error")
    metadata = nested.get("metadata") if isinstance(nested, dict) else None
    inner = metadata.get("error_type") if isinstance(metadata, dict) else None
    return str(body.get("error_type") or inner or "")


def _hidden(value: Any, secrets: Collection[str]) -> Any:
    """Return a body without keys, and a page without its length."""
    if isinstance(value, str):
        return hide_keys(value, *secrets)[:_LONGEST_PAGE]
    if isinstance(value, dict):
        return {_hidden(name, secrets): _hidden(member, secrets) for name, member in value.items()}
    if isinstance(value, list):
        return [_hidden(member, secrets) for member in value]
    return value
