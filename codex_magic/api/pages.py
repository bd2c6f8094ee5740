"""A list that comes in pages: a loop over it goes through all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from dataclasses import field
from typing import Any, Generic, Literal, TypedDict, TypeVar

from ..errors import StreamError
from ..records import dataclass
from .calls import AsyncCaller, Caller, CallExtras, decode_answer
from .items import OutputItem, parse_item
from .transport import Answer, Request

T = TypeVar("T")
Order = Literal["asc", "desc"]


class ListQuery(TypedDict):
    """
    Which items a list holds.

    Attributes:
        after: The id of the item before the first.
        include: What of them the service would leave out.
        limit: How many a page has, 1 to 100.
        order: "desc", the latest first, unless it is "asc".
    """

    after: str | None
    include: Sequence[str] | None
    limit: int | None
    order: Order | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """
    One page as the service sent it.

    Attributes:
        data: What is on it.
        has_more: Whether the service says that there is another.
        first_id: The id of the first.
        last_id: The id of the last, after which the next page begins.
    """

    data: list[T]
    has_more: bool = False
    first_id: str | None = None
    last_id: str | None = None
    object: str = "list"

    def has_next_page(self) -> bool:
        """Whether there is another page, and a way to ask for it."""
        return self.has_more and bool(self.last_id)


@dataclass(frozen=True, slots=True)
class SyncPage(Page[T]):
    """A page of a list; iterating goes on through all pages that follow."""

    turn: Callable[[str], SyncPage[T]] | None = field(default=None, repr=False, compare=False)

    def __iter__(self) -> Iterator[T]:
        for page in self.iter_pages():
            yield from page.data

    def iter_pages(self) -> Iterator[SyncPage[T]]:
        """Yield this page and all that follow."""
        page = self
        while True:
            yield page
            if not page.has_next_page():
                return
            page = page.get_next_page()

    def get_next_page(self) -> SyncPage[T]:
        """
        Ask for the next page.

        Raises:
            LookupError: There is none.
            StreamError: The service gives the same page again.
        """
        if self.turn is None or not self.has_next_page():
            raise LookupError("This is the last page.")
        return _another(self, self.turn(str(self.last_id)))


@dataclass(frozen=True, slots=True)
class AsyncPage(Page[T]):
    """The asynchronous twin of ``SyncPage``."""

    turn: Callable[[str], Awaitable[AsyncPage[T]]] | None = field(
        default=None, repr=False, compare=False
    )

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.iter_pages():
            for member in page.data:
                yield member

    async def iter_pages(self) -> AsyncIterator[AsyncPage[T]]:
        """Yield this page and all that follow."""
        page = self
        while True:
            yield page
            if not page.has_next_page():
                return
            page = await page.get_next_page()

    async def get_next_page(self) -> AsyncPage[T]:
        """
        Ask for the next page.

        Raises:
            LookupError: There is none.
            StreamError: The service gives the same page again.
        """
        if self.turn is None or not self.has_next_page():
            raise LookupError("This is the last page.")
        return _another(self, await self.turn(str(self.last_id)))


class AsyncPaginator(Generic[T]):
    """What ``list()`` of an asynchronous client gives: await it, or iterate over it."""

    def __init__(self, first: Callable[[], Awaitable[AsyncPage[T]]]) -> None:
        self._first = first

    def __await__(self) -> Generator[Any, None, AsyncPage[T]]:
        return self._first().__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for member in await self:
            yield member


P = TypeVar("P", bound=Page[Any])


def _another(page: P, following: P) -> P:
    # A service that ignores the cursor would be asked forever.
    if following.last_id == page.last_id and following.has_more:
        raise StreamError("The service gives the same page of a list again and again.")
    return following


def items_request(
    caller: Caller | AsyncCaller,
    endpoint: str,
    query: ListQuery,
    extras: CallExtras,
    **ids: Any,
) -> Callable[[str | None], Request]:
    """Return what makes the request for the page after an item, or for the first one."""

    def request(after: str | None) -> Request:
        place = {**query, "after": after or query["after"]}
        return caller.options.call("GET", endpoint, query=place, extras=extras, **ids)

    return request


def sync_page(
    caller: Caller, request: Callable[[str | None], Request], after: str | None = None
) -> SyncPage[OutputItem]:
    """Ask for a page of items."""
    page = page_of(caller.send(request(after)))
    return SyncPage(
        page.data,
        page.has_more,
        page.first_id,
        page.last_id,
        turn=lambda last: sync_page(caller, request, last),
    )


async def async_page(
    caller: AsyncCaller, request: Callable[[str | None], Request], after: str | None = None
) -> AsyncPage[OutputItem]:
    """Ask for a page of items."""
    page = page_of(await caller.send(request(after)))
    return AsyncPage(
        page.data,
        page.has_more,
        page.first_id,
        page.last_id,
        turn=lambda last: async_page(caller, request, last),
    )


def page_of(answer: Answer) -> Page[OutputItem]:
    """
    Return the page of items that an answer holds.

    Raises:
        StreamError: It holds none.
    """
    body = decode_answer(answer)
    items = body.get("data")
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise StreamError("The service answered with something that is no list.")
    try:
        data = [parse_item(item) for item in items]
    except (LookupError, TypeError, AttributeError, ValueError) as exc:
        raise StreamError("The service answered with a list of things that are no items.") from exc
    last = items[-1].get("id") if items else None
    return Page(
        data,
        has_more=body.get("has_more") is True and bool(items),
        first_id=body.get("first_id") or (items[0].get("id") if items else None),
        last_id=body.get("last_id") or last,
    )
