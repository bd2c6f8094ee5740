"""``client.conversations``: conversations that the service keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import StreamError
from .calls import AsyncCaller, Caller, decode_answer
from .items import InputItem, Json, Wire, to_json, view
from .requests import encode
from .transport import Answer, Request

_PATH = "/conversations"


@dataclass(frozen=True, slots=True)
class Conversation(Wire):
    """
    A conversation that the service keeps.

    Source: https://platform.openai.com/docs/api-reference/conversations/object
    """

    id: str
    created_at: float | None = None
    metadata: Json = field(default_factory=dict, repr=False)


class Conversations:
    """The calls under ``/conversations``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self,
        *,
        items: Sequence[InputItem] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Conversation:
        """Begin a conversation, with at most 20 items in it."""
        return _parsed(self._caller.send(_create(self._caller, items, metadata)))

    def retrieve(self, conversation_id: str) -> Conversation:
        """Return a conversation; a missing one is a ``NotFoundError``."""
        request = self._caller.options.request("GET", f"{_PATH}/{conversation_id}")
        return _parsed(self._caller.send(request))

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation; the service may keep its items."""
        self._caller.send(self._caller.options.request("DELETE", f"{_PATH}/{conversation_id}"))


class AsyncConversations:
    """The asynchronous twin of ``Conversations``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def create(
        self,
        *,
        items: Sequence[InputItem] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Conversation:
        """Begin a conversation, with at most 20 items in it."""
        return _parsed(await self._caller.send(_create(self._caller, items, metadata)))

    async def retrieve(self, conversation_id: str) -> Conversation:
        """Return a conversation; a missing one is a ``NotFoundError``."""
        request = self._caller.options.request("GET", f"{_PATH}/{conversation_id}")
        return _parsed(await self._caller.send(request))

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation; the service may keep its items."""
        request = self._caller.options.request("DELETE", f"{_PATH}/{conversation_id}")
        await self._caller.send(request)


def _create(
    caller: Caller | AsyncCaller,
    items: Sequence[InputItem] | None,
    metadata: Mapping[str, str] | None,
) -> Request:
    given = {"items": to_json(items), "metadata": to_json(metadata)}
    body = {name: value for name, value in given.items() if value is not None}
    return caller.options.request("POST", _PATH, encode(body))


def _parsed(answer: Answer) -> Conversation:
    try:
        return view(Conversation, decode_answer(answer))
    except TypeError as exc:
        raise StreamError("The service answered with something that is no conversation.") from exc
