"""Background responses: how long to wait for one, and how to take up its broken stream again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import APIConnectionError, APIError, StreamError
from .calls import CallExtras, CallOptions
from .items import Response
from .retries import LONGEST_WAIT, retry_after
from .transport import Request

RESPONSE = "/responses/{response_id}"
# The waits between two looks at a response grow from the first of these to the second.
_SHORTEST, _LONGEST = 0.5, 5.0
_UNFINISHED = frozenset({"queued", "in_progress"})


def is_unfinished(response: Response) -> bool:
    """Whether the service still works on a response."""
    return response.status in _UNFINISHED


def poll_delay(count: int, poll: float | None, headers: Mapping[str, str]) -> float:
    """
    Return the seconds until the next look at a response.

    Args:
        count: How many looks there were.
        poll: What the caller wants.
        headers: Of the last answer; what the service asks for is granted, within reason.

    >>> [poll_delay(count, None, {}) for count in (1, 2, 3, 99)]
    [0.5, 0.75, 1.125, 5.0]
    """
    wanted = poll if poll is not None else min(_SHORTEST * 1.5 ** min(count - 1, 20), _LONGEST)
    return max(wanted, min(retry_after(headers) or 0.0, LONGEST_WAIT))


class Resumption:
    """
    Takes up a stream where it broke off: what is asked for next, and after how long.

    Only the stream of a background response can be taken up: the service makes and keeps the
    answer whether anybody listens or not.
    """

    def __init__(
        self,
        options: CallOptions,
        extras: CallExtras,
        *,
        response_id: str | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> None:
        self._options = options
        self._extras = extras
        self._response_id = response_id
        self._query = query or {}
        self._attempt = 0
        self._reached: int | None = None

    def after(
        self, error: APIError, response_id: str | None, sequence: int | None
    ) -> tuple[Request, float]:
        """
        Return the request for the rest of a stream, and the seconds to wait before it.

        Raises:
            APIError: ``error``, where nothing can be taken up, or too many tries came to nothing.
        """
        response_id = response_id or self._response_id
        if response_id is None or sequence is None:
            raise error
        if sequence != self._reached:
            self._attempt, self._reached = 0, sequence
        seconds = self._options.retries.delay(self._attempt, APIConnectionError(str(error)), {})
        if seconds is None:
            raise error
        self._attempt += 1
        query = {**self._query, "stream": True, "starting_after": sequence}
        extras: CallExtras = {**self._extras, "extra_body": None}
        request = self._options.call(
            "GET", RESPONSE, query=query, extras=extras, response_id=response_id
        )
        return request, seconds


def given_up(error: APIError, because: APIError) -> StreamError:
    """Return the error of a stream that broke off, and could not be taken up again."""
    return StreamError(
        f"{error.message} It could not be taken up again: {because.message}",
        partial=getattr(error, "partial", None),
        status_code=because.status_code,
        code=because.code,
        body=because.body,
        request_id=because.request_id,
    )
