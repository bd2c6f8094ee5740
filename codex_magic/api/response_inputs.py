"""``client.responses.input_items`` and ``input_tokens``: what a model was, or would be, shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from ..errors import InvalidRequestError, StreamError
from ..records import dataclass
from .calls import AsyncCaller, Caller, CallExtras, decode_answer
from .items import OutputItem, Wire, to_json, view
from .pages import (
    AsyncPaginator,
    ListQuery,
    Order,
    SyncPage,
    async_page,
    items_request,
    sync_page,
)
from .requests import ResponseCreateParams, join_body
from .tolerance import tolerant_input
from .transport import Answer, Request

_ITEMS = "/responses/{response_id}/input_items"
_TOKENS = "/responses/input_tokens"
_LOCAL = frozenset({"input", *CallExtras.__annotations__})


@dataclass(frozen=True, slots=True)
class InputTokenCount(Wire):
    """How many tokens a request would cost as input."""

    input_tokens: int
    object: str = "response.input_tokens"


class InputItems:
    """The calls under ``/responses/{id}/input_items``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self,
        response_id: str,
        *,
        after: str | None = None,
        include: Sequence[str] | None = None,
        limit: int | None = None,
        order: Order | None = None,
        **extras: Unpack[CallExtras],
    ) -> SyncPage[OutputItem]:
        """Return what a response was made from, the latest first unless ``order`` is "asc"."""
        query: ListQuery = {"after": after, "include": include, "limit": limit, "order": order}
        request = items_request(self._caller, _ITEMS, query, extras, response_id=response_id)
        return sync_page(self._caller, request)


class AsyncInputItems:
    """The asynchronous twin of ``InputItems``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    def list(
        self,
        response_id: str,
        *,
        after: str | None = None,
        include: Sequence[str] | None = None,
        limit: int | None = None,
        order: Order | None = None,
        **extras: Unpack[CallExtras],
    ) -> AsyncPaginator[OutputItem]:
        """Return what a response was made from, the latest first unless ``order`` is "asc"."""
        query: ListQuery = {"after": after, "include": include, "limit": limit, "order": order}
        request = items_request(self._caller, _ITEMS, query, extras, response_id=response_id)
        return AsyncPaginator(lambda: async_page(self._caller, request))


class InputTokens:
    """The calls under ``/responses/input_tokens``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def count(
        self,
        *,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> InputTokenCount:
        """Return how many input tokens a request would have; nothing is generated."""
        request = posted(self._caller, _TOKENS, params, extra_query)
        return _counted(self._caller.send(request))


class AsyncInputTokens:
    """The asynchronous twin of ``InputTokens``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def count(
        self,
        *,
        extra_query: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> InputTokenCount:
        """Return how many input tokens a request would have; nothing is generated."""
        request = posted(self._caller, _TOKENS, params, extra_query)
        return _counted(await self._caller.send(request))


def posted(
    caller: Caller | AsyncCaller,
    endpoint: str,
    params: Mapping[str, Any],
    extra_query: Mapping[str, Any] | None,
) -> Request:
    """
    Return the request that posts parameters to an endpoint that never streams.

    Raises:
        InvalidRequestError: The parameters exclude each other.
    """
    if params.get("conversation") and params.get("previous_response_id"):
        raise InvalidRequestError(
            "conversation and previous_response_id exclude each other: give one of them."
        )
    given = {name: to_json(value) for name, value in params.items() if name not in _LOCAL}
    body = {name: value for name, value in given.items() if value is not None}
    body.update(params.get("extra_body") or {})
    items = params.get("input")
    if items is not None:
        items = tolerant_input(items, caller.options.service.backend)
    return caller.options.request(
        "POST",
        endpoint,
        join_body(body, items),
        timeout=params.get("timeout"),
        headers=params.get("extra_headers"),
        query=extra_query,
    )


def _counted(answer: Answer) -> InputTokenCount:
    try:
        return view(InputTokenCount, decode_answer(answer))
    except TypeError as exc:
        raise StreamError("The service answered with something that is no count.") from exc
