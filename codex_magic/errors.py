"""
Every error that this package raises, as one tree.

* CodexError
  x APIError                  the API, or the way to it, failed
    + APIStatusError          the answer was an error, with or without an HTTP 4xx or 5xx
      - AuthError             401, 403
      - RateLimitError        429
        . QuotaExceededError  429 or 402 that no waiting can cure
      - InvalidRequestError   400, 404, 413, 415, 422
        . ContextWindowError  the input is larger than the model's window
        . NotFoundError       404: a model, a response or an item does not exist
      - ServerError           5xx
    + APIConnectionError      no answer came
      - APITimeoutError
    + StreamError             the answer broke off, or was not what the API promises
  x AnswerError               an answer arrived, but what was asked for is not in it
    + ParseError              its text is not what was asked for
    + IncompleteError         it ended before it was whole
    + RefusalError            the model declined
  x SchemaError               a type or a schema cannot describe an answer
  x ConfigError               a setting, an option or a key is missing or wrong
  x ContextError              the notebook does not hold what was asked for
  x ToolError                 a tool is declared in a way that cannot work
  x StoreError                what was said cannot be kept on disk, or not be read from there

``AnswerInterrupted`` stands beside the tree: it is a ``KeyboardInterrupt``, so that a user's
``except Exception`` does not swallow a press of the interrupt button.
"""

from __future__ import annotations

import re
from typing import Any

# What a terminal obeys, and what turns the direction of the text around.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class CodexError(Exception):
    """Base class of every error that this package raises."""

    def _render_traceback_(self) -> list[str]:
        """Return the one line that IPython shows instead of a traceback."""
        return [one_line(f"{type(self).__name__}: {self}")]


class APIError(CodexError):
    """
    The API, or the way to it, failed.

    Attributes:
        status_code: The HTTP status, or None where no HTTP answer was the cause.
        code: The service's own code, as text (``"model_not_found"``), if it sent one.
        param: The request field that the service complains about, if it named one.
        body: The error body as it came: decoded JSON, or the text of anything else.
        request_id: What the service's support asks for, if it sent one.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        code: str | None = None,
        param: str | None = None,
        body: Any = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code
        self.code = code
        self.param = param
        self.body = body
        self.request_id = request_id

    def __str__(self) -> str:
        if self.request_id:
            return f"{self.message} (request id {self.request_id})"
        return self.message


class APIStatusError(APIError):
    """The service answered with an error."""


class AuthError(APIStatusError):
    """The service does not accept the key, or does not allow this use of it (401, 403)."""


class RateLimitError(APIStatusError):
    """
    Too many requests (429).

    Attributes:
        retry_after: Seconds to wait, where the service said so.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class QuotaExceededError(RateLimitError):
    """A quota, a budget or a plan is used up: waiting a moment does not help."""


class InvalidRequestError(APIStatusError):
    """The service refuses the request as it is (400, 404, 413, 415, 422)."""


class ContextWindowError(InvalidRequestError):
    """The input does not fit into the model's context window."""


class NotFoundError(InvalidRequestError):
    """A model, a response, a conversation or an item does not exist (404)."""


class ServerError(APIStatusError):
    """The service failed (5xx)."""


class APIConnectionError(APIError):
    """
    No answer came.

    Attributes:
        cause: The error of the layer below.
    """

    def __init__(self, message: str, *, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class APITimeoutError(APIConnectionError):
    """No answer came in time."""


class StreamError(APIError):
    """
    The answer broke off, or was not what the API promises.

    Attributes:
        partial: The response as far as it had arrived, or None.
    """

    def __init__(self, message: str, *, partial: Any = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.partial = partial


class AnswerError(CodexError):
    """
    An answer arrived, but what was asked for is not in it.

    Attributes:
        text: The answer's text, as far as there is any.
        response: The whole response, where it is known.
    """

    def __init__(self, message: str, *, text: str = "", response: Any = None) -> None:
        super().__init__(message)
        self.text = text
        self.response = response


class ParseError(AnswerError):
    """The answer's text is not what was asked for."""


class IncompleteError(AnswerError):
    """The answer ended before it was whole."""


class RefusalError(AnswerError):
    """The model declined; ``text`` holds its words."""


class SchemaError(CodexError, TypeError):
    """A type or a schema cannot describe an answer; a TypeError, as codex-open-client has it."""


class ConfigError(CodexError):
    """A setting, an option or a key is missing or wrong."""


class ContextError(CodexError):
    """The notebook does not hold what was asked for."""


class ToolError(CodexError):
    """A tool is declared in a way that cannot work."""


class StoreError(CodexError):
    """
    What was said cannot be kept on disk, or not be read from there; it never stops an answer.

    Attributes:
        passing: Whether the same may succeed at once, as the cause has been removed.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class AnswerInterrupted(KeyboardInterrupt):
    """
    The user interrupted an answer; what had arrived is in the history.

    Attributes:
        reply: The reply as far as it had arrived.
    """

    def __init__(self, message: str, *, reply: Any = None) -> None:
        super().__init__(message)
        self.reply = reply

    def _render_traceback_(self) -> list[str]:
        """Return the one line that IPython shows instead of a traceback."""
        return [one_line(f"Interrupted: {self}")]


def one_line(text: str) -> str:
    r"""
    Return text as one line that a terminal shows and does not obey.

    >>> one_line("Bad request:\n\x1b[2J  the model")
    'Bad request: [2J the model'
    """
    return " ".join(_CONTROL.sub("", " ".join(text.split())).split())
