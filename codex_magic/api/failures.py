"""An error body becomes a typed error: services disagree on its shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|max_model_len"
    r"|context window|exceeds the available context size",
    re.IGNORECASE,
)
_KEY = re.compile(r"\b(sk-[A-Za-z0-9_\-*]{4})[A-Za-z0-9_\-*.]+|(?<=Bearer )\S+")


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return what the service's support asks for."""
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)


def error_from_answer(status: int, headers: Mapping[str, str], body: bytes) -> APIStatusError:
    """Return the error that an HTTP answer stands for."""
    found = _decoded(body)
    fields = _fields(found)
    message = _message(fields, found, status)
    code = fields.get("code")
    error_type = fields.get("type")
    return error_of(
        status,
        message,
        code=str(code if code not in (None, status, str(status)) else error_type or "") or None,
        kind=str(error_type or ""),
        param=fields.get("param"),
        body=found,
        request_id=request_id(headers),
        retry_after=retry_after(headers),
    )


def error_of(
    status: int | None,
    message: str,
    *,
    code: str | None = None,
    kind: str = "",
    retry_after: float | None = None,
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
        details: ``param``, ``body`` and ``request_id`` of the error.
    """
    message = hide_keys(message)
    known: dict[str, Any] = {"status_code": status, "code": code, **details}
    if status == 402 or {code, kind} & _QUOTA:
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


def hide_keys(text: str) -> str:
    """
    Return ``text`` without keys: services quote a wrong one in their error.

    >>> hide_keys("Incorrect API key provided: sk-abcdefghijkl.")
    'Incorrect API key provided: sk-abcd…'
    """
    return _KEY.sub(lambda found: f"{found[1]}…" if found[1] else "…", text)


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
    text = re.sub(r"<[^>]+>", " ", text)
    text = " ".join(text.split())[:200]
    return f"HTTP {status}: {text}" if text else f"HTTP {status} with an empty body"
