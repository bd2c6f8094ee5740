"""``client.conversations``: conversations that the service keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Unpack

from ..errors import StreamError
from ..records import dataclass
from .calls import AsyncCaller, Caller, CallExtras, decode_answer
from .items import InputItem, Json, OutputItem, Wire, parse_item, to_json, view
from .pages import (
    AsyncPage,
    AsyncPaginator,
    ListQuery,
    Order,
    SyncPage,
    async_page,
    items_request,
    page_of,
    sync_page,
)
from .transport import Answer, Request

_PATH = "/conversations"
_ONE = f"{_PATH}/{{conversation_id}}"
_ITEMS = f"{_ONE}/items"
_ITEM = f"{_ITEMS}/{{item_id}}"


@dataclass(frozen=True, slots=True)
class Conversation(Wire):
    """
    A conversation that the service keeps.

    Source: https://platform.openai.com/docs/api-reference/conversations/object
    """

    id: str
    created_at: float | None = None
    metadata: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ConversationDeleted(Wire):
    """A conversation is gone; the service may keep its items."""

    id: str
    deleted: bool = True
    object: str = "conversation.deleted"


class ConversationItems:
    """The calls under ``/conversations/{id}/items``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self,
        conversation_id: str,
        *,
        items: Sequence[InputItem],
        include: Sequence[str] | None = None,
        **extras: Unpack[CallExtras],
    ) -> SyncPage[OutputItem]:
        """Add at most 20 items, and return them as the service keeps them."""
        request = _add(self._caller, conversation_id, items, include, extras)
        page = page_of(self._caller.send(request))
        return SyncPage(page.data, False, page.first_id, page.last_id)

    def list(
        self,
        conversation_id: str,
        *,
        after: str | None = None,
        include: Sequence[str] | None = None,
        limit: int | None = None,
        order: Order | None = None,
        **extras: Unpack[CallExtras],
    ) -> SyncPage[OutputItem]:
        """Return the items, the latest first unless ``order`` is "asc"."""
        query: ListQuery = {"after": after, "include": include, "limit": limit, "order": order}
        request = items_request(
            self._caller, _ITEMS, query, extras, conversation_id=conversation_id
        )
        return sync_page(self._caller, request)

    def retrieve(
        self,
        item_id: str,
        *,
        conversation_id: str,
        include: Sequence[str] | None = None,
        **extras: Unpack[CallExtras],
    ) -> OutputItem:
        """Return one item."""
        request = _item(self._caller, "GET", conversation_id, item_id, include, extras)
        return _item_of(self._caller.send(request))

    def delete(
        self, item_id: str, *, conversation_id: str, **extras: Unpack[CallExtras]
    ) -> Conversation:
        """Take one item away, and return the conversation."""
        request = _item(self._caller, "DELETE", conversation_id, item_id, None, extras)
        return _parsed(self._caller.send(request))


class AsyncConversationItems:
    """The asynchronous twin of ``ConversationItems``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def create(
        self,
        conversation_id: str,
        *,
        items: Sequence[InputItem],
        include: Sequence[str] | None = None,
        **extras: Unpack[CallExtras],
    ) -> AsyncPage[OutputItem]:
        """Add at most 20 items, and return them as the service keeps them."""
        request = _add(self._caller, conversation_id, items, include, extras)
        page = page_of(await self._caller.send(request))
        return AsyncPage(page.data, False, page.first_id, page.last_id)

    def list(
        self,
        conversation_id: str,
        *,
        after: str | None = None,
        include: Sequence[str] | None = None,
        limit: int | None = None,
        order: Order | None = None,
        **extras: Unpack[CallExtras],
    ) -> AsyncPaginator[OutputItem]:
        """Return the items, the latest first unless ``order`` is "asc"."""
        query: ListQuery = {"after": after, "include": include, "limit": limit, "order": order}
        request = items_request(
            self._caller, _ITEMS, query, extras, conversation_id=conversation_id
        )
        return AsyncPaginator(lambda: async_page(self._caller, request))

    async def retrieve(
        self,
        item_id: str,
        *,
        conversation_id: str,
        include: Sequence[str] | None = None,
        **extras: Unpack[CallExtras],
    ) -> OutputItem:
        """Return one item."""
        request = _item(self._caller, "GET", conversation_id, item_id, include, extras)
        return _item_of(await self._caller.send(request))

    async def delete(
        self, item_id: str, *, conversation_id: str, **extras: Unpack[CallExtras]
    ) -> Conversation:
        """Take one item away, and return the conversation."""
        request = _item(self._caller, "DELETE", conversation_id, item_id, None, extras)
        return _parsed(await self._caller.send(request))


class Conversations:
    """The calls under ``/conversations``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.items = ConversationItems(caller)

    def create(
        self,
        *,
        items: Sequence[InputItem] | None = None,
        metadata: Mapping[str, str] | None = None,
        **extras: Unpack[CallExtras],
    ) -> Conversation:
        """Begin a conversation, with at most 20 items in it."""
        return _parsed(self._caller.send(_create(self._caller, items, metadata, extras)))

    def retrieve(self, conversation_id: str, **extras: Unpack[CallExtras]) -> Conversation:
        """Return a conversation; a missing one is a ``NotFoundError``."""
        request = _one(self._caller, "GET", conversation_id, None, extras)
        return _parsed(self._caller.send(request))

    def update(
        self,
        conversation_id: str,
        *,
        metadata: Mapping[str, str] | None,
        **extras: Unpack[CallExtras],
    ) -> Conversation:
        """Replace the metadata of a conversation."""
        body = {"metadata": to_json(metadata)}
        request = _one(self._caller, "POST", conversation_id, body, extras)
        return _parsed(self._caller.send(request))

    def delete(self, conversation_id: str, **extras: Unpack[CallExtras]) -> ConversationDeleted:
        """Delete a conversation; the service may keep its items."""
        self._caller.send(_one(self._caller, "DELETE", conversation_id, None, extras))
        return ConversationDeleted(conversation_id)


class AsyncConversations:
    """The asynchronous twin of ``Conversations``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller
        self.items = AsyncConversationItems(caller)

    async def create(
        self,
        *,
        items: Sequence[InputItem] | None = None,
        metadata: Mapping[str, str] | None = None,
        **extras: Unpack[CallExtras],
    ) -> Conversation:
        """Begin a conversation, with at most 20 items in it."""
        return _parsed(await self._caller.send(_create(self._caller, items, metadata, extras)))

    async def retrieve(self, conversation_id: str, **extras: Unpack[CallExtras]) -> Conversation:
        """Return a conversation; a missing one is a ``NotFoundError``."""
        request = _one(self._caller, "GET", conversation_id, None, extras)
        return _parsed(await self._caller.send(request))

    async def update(
        self,
        conversation_id: str,
        *,
        metadata: Mapping[str, str] | None,
        **extras: Unpack[CallExtras],
    ) -> Conversation:
        """Replace the metadata of a conversation."""
        body = {"metadata": to_json(metadata)}
        request = _one(self._caller, "POST", conversation_id, body, extras)
        return _parsed(await self._caller.send(request))

    async def delete(
        self, conversation_id: str, **extras: Unpack[CallExtras]
    ) -> ConversationDeleted:
        """Delete a conversation; the service may keep its items."""
        await self._caller.send(_one(self._caller, "DELETE", conversation_id, None, extras))
        return ConversationDeleted(conversation_id)


def _create(
    caller: Caller | AsyncCaller,
    items: Sequence[InputItem] | None,
    metadata: Mapping[str, str] | None,
    extras: CallExtras,
) -> Request:
    given = {"items": to_json(items), "metadata": to_json(metadata)}
    body = {name: value for name, value in given.items() if value is not None}
    return caller.options.call("POST", _PATH, body=body, extras=extras)


def _one(
    caller: Caller | AsyncCaller,
    method: str,
    conversation_id: str,
    body: Json | None,
    extras: CallExtras,
) -> Request:
    return caller.options.call(
        method, _ONE, body=body, extras=extras, conversation_id=conversation_id
    )


def _add(
    caller: Caller | AsyncCaller,
    conversation_id: str,
    items: Sequence[InputItem],
    include: Sequence[str] | None,
    extras: CallExtras,
) -> Request:
    return caller.options.call(
        "POST",
        _ITEMS,
        body={"items": to_json(items)},
        query={"include": include},
        extras=extras,
        conversation_id=conversation_id,
    )


def _item(
    caller: Caller | AsyncCaller,
    method: str,
    conversation_id: str,
    item_id: str,
    include: Sequence[str] | None,
    extras: CallExtras,
) -> Request:
    return caller.options.call(
        method,
        _ITEM,
        query={"include": include},
        extras=extras,
        conversation_id=conversation_id,
        item_id=item_id,
    )


def _item_of(answer: Answer) -> OutputItem:
    try:
        return parse_item(decode_answer(answer))
    except (LookupError, TypeError, AttributeError, ValueError) as exc:
        raise StreamError("The service answered with something that is no item.") from exc


def _parsed(answer: Answer) -> Conversation:
    try:
        return view(Conversation, decode_answer(answer))
    except TypeError as exc:
        raise StreamError("The service answered with something that is no conversation.") from exc
