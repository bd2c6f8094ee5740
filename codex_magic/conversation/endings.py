"""How a question ended, from what arrived and from what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..api.auth import Service
from ..api.failures import error_of
from ..api.items import Json, Response
from ..api.requests import encode
from ..errors import APIError, APIStatusError, CodexError
from .questions import Question
from .turns import Plan, Status


def is_refusal(error: CodexError | None) -> bool:
    """Whether the service took nothing of the request; a service that fails may have."""
    return isinstance(error, APIStatusError) and 400 <= (error.status_code or 0) < 500


def cut(response: Response | None) -> Status:
    """Words that arrived are kept as an interrupted answer; a refused request has none."""
    return "interrupted" if response is not None and response.output else "failed"


def status(response: Response | None) -> Status:
    """Return how an answer ended that came to its end."""
    return "incomplete" if response and response.status == "incomplete" else "completed"


def failure(response: Response) -> APIError | None:
    """Return the error of a response that says that it failed."""
    if response.status not in ("failed", "cancelled"):
        return None
    if response.error is None:
        return error_of(None, f"The response is {response.status}.", body=response.to_dict())
    return error_of(None, response.error.message, code=response.error.code, body=response.to_dict())


def forgotten(
    service: Service, plan: Plan, question: Question, response: Response | None
) -> Iterable[str]:
    """Yield a line where the service read far less than it was sent: it drops what does not fit."""
    usage = response.usage if response else None
    if not service.backend.truncates or usage is None or not usage.input_tokens:
        return
    sent = [*plan.history, *(encode(item) for item in question.input)]
    # Eight characters a token are more than any language has; an image has no such number.
    least = sum(len(piece) for piece in sent if b"data:image" not in piece) // 8
    # A short one tells nothing.
    if least > 500 and usage.input_tokens < least:
        yield (
            f"{service.backend.title} read only {usage.input_tokens:,} tokens of about "
            f"{2 * least:,}: what came first was left out. Raise its context length (num_ctx)."
        )


def item_json(item: Any) -> Json:
    """Return an item as JSON, with every field that it came with."""
    found: Json = item if isinstance(item, dict) else item.to_dict()
    return found
