"""ParsedResponseStream and AsyncParsedResponseStream: an answer that becomes a value, while it arrives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Generic, TypeVar

from .background import Resumption
from .calls import AsyncCaller, Caller
from .items import Response
from .streams import AsyncResponseStream, AsyncStreamManager, ResponseStream
from .transport import AsyncIncoming, Incoming

if TYPE_CHECKING:
    from .parsed import ParsedResponse

_T = TypeVar("_T")
Parse = Callable[[Response], "ParsedResponse[_T]"]


class ParsedResponseStream(ResponseStream, Generic[_T]):
    """The events of a response as they come, and at their end the value that its text stands for."""

    def __init__(
        self,
        stack: ExitStack,
        incoming: Incoming,
        caller: Caller | None,
        resumption: Resumption | None,
        parse: Parse[_T],
    ) -> None:
        super().__init__(stack, incoming, caller, resumption)
        self._parse = parse

    # What it gives has all that a Response has; the official SDK's stream gives the same.
    def get_final_response(self) -> ParsedResponse[_T | None]:  # type: ignore[override]
        """
        Read on to the end and return the response with its value, as ``parse`` does.

        Returns:
            Its ``output_parsed`` is None where the model calls functions instead of answering.

        Raises:
            AnswerError: There is an answer, and no such value in it.
            StreamError: It broke off; ``partial`` holds what had arrived.
            APIStatusError: The service reported an error, in mid-stream or as the answer.
        """
        return self._parse(super().get_final_response())


class AsyncParsedResponseStream(AsyncResponseStream, Generic[_T]):
    """The asynchronous twin of ``ParsedResponseStream``."""

    def __init__(
        self,
        stack: AsyncExitStack,
        incoming: AsyncIncoming,
        caller: AsyncCaller | None,
        resumption: Resumption | None,
        parse: Parse[_T],
    ) -> None:
        super().__init__(stack, incoming, caller, resumption)
        self._parse = parse

    # As in the synchronous twin.
    async def get_final_response(self) -> ParsedResponse[_T | None]:  # type: ignore[override]
        """Read on to the end and return the response with its value, as ``parse`` does."""
        return self._parse(await super().get_final_response())


class AsyncParsedResponseStreamManager(AsyncStreamManager[AsyncParsedResponseStream[_T]]):
    """What ``stream(text_format=…)`` of an asynchronous client gives: await it, or enter it."""
