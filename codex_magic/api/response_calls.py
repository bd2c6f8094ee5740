"""The requests under ``/responses``, the same for the sync and the async client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from ..errors import StreamError
from ..records import dataclass
from .background import RESPONSE, Resumption
from .calls import AsyncCaller, Caller, CallExtras, decode_answer
from .fitting import check_background
from .items import Json, OutputItem, Response, Usage, Wire, parse_response
from .requests import response_body
from .transport import Answer, Request

PATH = "/responses"
_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class CompactedResponse(Wire):
    """
    A conversation that was compacted; ``output`` is the whole input of what follows.

    Source: https://platform.openai.com/docs/api-reference/responses/compact
    """

    id: str
    output: Sequence[OutputItem] = field(repr=False)
    usage: Usage | None = None
    created_at: float | None = field(default=None, repr=False)
    object: str = "response.compaction"


class PendingCalls:
    """The calls that the latest responses made, for outputs that do not say which they answer."""

    def __init__(self) -> None:
        self._calls: dict[str, list[Json]] = {}

    def remember(self, response: Response) -> Response:
        """Keep the calls of a response, and return it."""
        calls = [call.to_dict() for call in response.tool_calls]
        if calls:
            self._calls[response.id] = calls
            if len(self._calls) > _REMEMBERED:
                del self._calls[next(iter(self._calls))]
        return response

    def before(self, params: Mapping[str, Any]) -> list[Json]:
        """Return the calls of the response that a new one follows."""
        return self._calls.get(params.get("previous_response_id") or "", [])


def create_request(
    caller: Caller | AsyncCaller,
    params: Mapping[str, Any],
    extra_query: Mapping[str, Any] | None,
    *,
    stream: bool,
    pending: Iterable[Json] = (),
) -> Request:
    """Return the request for a new response, after ``pending`` calls of the one before it."""
    # What is added to the body goes out as it is; all else is checked as it is fitted.
    check_background({**params, **(params.get("extra_body") or {})}, caller.options.service.backend)
    return caller.options.request(
        "POST",
        PATH,
        response_body(
            params, stream=stream, backend=caller.options.service.backend, pending=pending
        ),
        timeout=params.get("timeout"),
        headers=params.get("extra_headers"),
        query=extra_query,
    )


def stream_request(
    caller: Caller | AsyncCaller,
    response_id: str | None,
    starting_after: int | None,
    extra_query: Mapping[str, Any] | None,
    params: Mapping[str, Any],
) -> tuple[Request, Resumption | None]:
    """Return the request for a stream, and what takes it up where it can be taken up."""
    extras: CallExtras = {
        "extra_headers": params.get("extra_headers"),
        "extra_query": extra_query,
        "timeout": params.get("timeout"),
    }
    if response_id is not None:
        query = {"include": params.get("include")}
        return events_request(caller, response_id, starting_after, query, extras)
    request = create_request(caller, params, extra_query, stream=True)
    background = {**params, **(params.get("extra_body") or {})}.get("background")
    return request, Resumption(caller.options, extras) if background else None


def events_request(
    caller: Caller | AsyncCaller,
    response_id: str,
    starting_after: int | None,
    query: Json,
    extras: CallExtras,
) -> tuple[Request, Resumption]:
    """Return the request for the events of a response, and what takes them up again."""
    resumption = Resumption(caller.options, extras, response_id=response_id, query=query)
    place = {**query, "stream": True, "starting_after": starting_after}
    return get_request(caller, response_id, place, extras), resumption


def get_request(
    caller: Caller | AsyncCaller, response_id: str, query: Json, extras: CallExtras
) -> Request:
    """Return the request for a response that exists."""
    return caller.options.call("GET", RESPONSE, query=query, extras=extras, response_id=response_id)


def compacted(answer: Answer) -> CompactedResponse:
    """Return what a compaction came to."""
    body = decode_answer(answer)
    try:
        whole = parse_response(body)
        return CompactedResponse(whole.id, whole.output, whole.usage, whole.created_at, raw=body)
    except (LookupError, TypeError, AttributeError, ValueError) as exc:
        raise StreamError("The service answered with something that is not compacted.") from exc
