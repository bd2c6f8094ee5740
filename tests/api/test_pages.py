"""Lists that come in pages: a loop goes through all of them, once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codex_magic import InvalidRequestError, NotFoundError, StreamError
from codex_magic.api.items import Json, to_json
from codex_magic.api.pages import SyncPage
from tests.fake_service import FakeService
from tests.fake_service.asking import MODEL, user

from .clients import QUESTION, aconnect, connect

NUMBERS = [str(number) for number in range(7)]
ITEMS: list[Any] = [user(number) for number in NUMBERS]


def words(item: Any) -> str:
    """Return the text of an item, whatever view it has."""
    content = to_json(item)["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def test_a_loop_goes_through_all_pages(service: FakeService) -> None:
    """Each page is asked for when it is reached, after the last item of the one before."""
    with connect(service) as client:
        made = client.responses.create(model=MODEL, input=ITEMS)
        page = client.responses.input_items.list(made.id, limit=3, order="asc")
        asked = len(service.requests)
        seen = [words(item) for item in page]

    assert NUMBERS == seen
    assert (2, 4) == (asked, len(service.requests))
    assert "limit=3&order=asc" == service.requests[1].query
    assert f"after={page.last_id}&limit=3&order=asc" == service.requests[2].query


def test_a_page_can_be_turned_by_hand(service: FakeService) -> None:
    """With the names that the official SDK has."""
    with connect(service) as client:
        made = client.conversations.create(items=ITEMS)
        first = client.conversations.items.list(made.id, limit=4)
        second = first.get_next_page()

        assert (4, True, True) == (len(first.data), first.has_more, first.has_next_page())
        assert (3, False, False) == (len(second.data), second.has_more, second.has_next_page())
        with pytest.raises(LookupError):
            second.get_next_page()


def test_async_pages_are_awaited_or_looped_over(service: FakeService) -> None:
    """As in the official SDK, both spellings work."""

    async def ask() -> tuple[list[str], list[str], int]:
        async with aconnect(service) as client:
            made = await client.conversations.create(items=ITEMS)
            listed = client.conversations.items.list(made.id, limit=3, order="asc")
            looped = [words(item) async for item in listed]
            page = await client.conversations.items.list(made.id, limit=3, order="asc")
            awaited = [words(item) async for item in page]
            return looped, awaited, len(page.data)

    assert (NUMBERS, NUMBERS, 3) == asyncio.run(ask())


def test_what_is_asked_for_is_in_the_query(service: FakeService) -> None:
    """Lists as the API wants them, and what the caller adds."""
    with connect(service) as client:
        made = client.responses.create(**QUESTION)
        client.responses.input_items.list(
            made.id,
            include=["message.input_image.image_url"],
            after="msg_a b",
            extra_query={"x": True},
        )

    assert "after=msg_a+b&include%5B%5D=message.input_image.image_url&x=true" == (
        service.requests[1].query
    )


def test_an_empty_list_has_no_items(service: FakeService) -> None:
    """And no page after it."""
    with connect(service) as client:
        made = client.conversations.create()
        page = client.conversations.items.list(made.id)

    assert ([], [], False) == (page.data, list(page), page.has_next_page())


def test_a_service_that_never_ends_is_left() -> None:
    """One that ignores the cursor gives the same page again: that is an error, and no loop."""
    page: SyncPage[Json] = SyncPage([{"id": "a"}], True, "a", "a", turn=lambda last: page)

    with pytest.raises(StreamError, match="same page"):
        list(page)


@pytest.mark.parametrize("response_id", ["", " ", ".", ".."])
def test_an_id_that_is_none_is_refused(service: FakeService, response_id: str) -> None:
    """Before anything is sent, and with the name of the argument."""
    with connect(service) as client:
        for call in (
            client.responses.retrieve,
            client.responses.delete,
            client.responses.cancel,
            client.responses.input_items.list,
        ):
            with pytest.raises(InvalidRequestError, match="response_id"):
                call(response_id)
        with pytest.raises(InvalidRequestError, match="item_id"):
            client.conversations.items.retrieve(response_id, conversation_id="conv_1")

    assert [] == service.requests


def test_a_missing_list_is_missing(service: FakeService) -> None:
    """That of a response which does not exist is the service's own error, with the id in it."""
    with connect(service) as client, pytest.raises(NotFoundError, match="'resp_none' not found"):
        client.responses.input_items.list("resp_none")
