"""Whether a failed request is worth another try, and after how long; nothing sleeps here."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    QuotaExceededError,
    RateLimitError,
)
from ..records import dataclass

# A service that asks for a longer wait gets none: the user hears of it at once.
LONGEST_WAIT = 120.0
_RETRYABLE = frozenset({408, 409, 429})
_AMOUNT = r"(\d+(?:\.\d+)?)\s*(ms|milli|[smhd])?[a-z]*\s*"
_TRY_AGAIN_IN = re.compile(rf"try again in\s+((?:{_AMOUNT})+)", re.IGNORECASE)
_SECONDS_IN = {"ms": 0.001, "milli": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    How often, and after how long.

    Attributes:
        max_retries: Tries after the first one.
    """

    max_retries: int = 2

    def delay(self, attempt: int, error: APIError, headers: Mapping[str, str]) -> float | None:
        """
        Return the seconds to wait before the next try, or None to give up.

        Args:
            attempt: How many tries have failed before this one; 0 for the first.
            error: What went wrong.
            headers: Of the answer, with lower-case names; empty where none came.
        """
        if attempt >= self.max_retries or not _retryable(error, headers):
            return None
        asked = retry_after(headers) or waiting_time(error.message)
        if asked is None:
            backoff: float = min(0.5 * 2**attempt, 8.0)
            return backoff * (1 - 0.25 * random.random())
        return asked if asked <= LONGEST_WAIT else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """
    Return the seconds that the headers ask for, if they ask for more than none.

    >>> retry_after({"retry-after-ms": "1500"})
    1.5
    >>> retry_after({"retry-after": "0"}) is None
    True
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        seconds: float | None = milliseconds / 1000
    else:
        seconds = _number(headers.get("retry-after"))
    if seconds is None and "retry-after" in headers:
        seconds = _seconds_until(headers["retry-after"])
    return seconds if seconds is not None and seconds > 0 else None


def waiting_time(message: str) -> float | None:
    """
    Return the seconds in a message like "try again in 6m0s", if it has any.

    >>> waiting_time("Please try again in 20ms."), waiting_time("Try again in 1m2.5s")
    (0.02, 62.5)
    """
    found = _TRY_AGAIN_IN.search(message)
    if not found:
        return None
    amounts = re.findall(_AMOUNT, found[1].lower())
    return sum(float(number) * _SECONDS_IN[unit] for number, unit in amounts)


def _retryable(error: APIError, headers: Mapping[str, str]) -> bool:
    if isinstance(error, APIConnectionError):
        return True
    if not isinstance(error, APIStatusError) or isinstance(error, QuotaExceededError):
        return False
    if error.code == "conversation_locked":
        return True
    # A request that is larger than the limit itself never fits, however long one waits.
    if isinstance(error, RateLimitError) and error.message.startswith("Request too large"):
        return False
    advice = headers.get("x-should-retry")
    if advice in ("true", "false"):
        return advice == "true"
    status = error.status_code or 0
    return status in _RETRYABLE or status >= 500


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    # "nan" and "inf" are numbers to float(), and not to a clock.
    return number if number is not None and abs(number) < 1e9 else None


def _seconds_until(date: str) -> float | None:
    try:
        when = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - datetime.now(UTC)).total_seconds()
