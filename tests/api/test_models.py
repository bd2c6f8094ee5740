"""Models: listed, remembered for a while, and read in each form that services have for them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from codex_magic import NotFoundError, StreamError
from codex_magic.api.models import CACHE_SECONDS, CLIENT_VERSION, Models
from tests.fake_identity import FakeIdentity, cli_document, write_document
from tests.fake_service import FakeService

from .clients import aconnect, connect


class Clock:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_list_is_remembered_for_five_minutes(service: FakeService) -> None:
    """It is asked for again when it is old, and when the caller wants it."""
    clock = Clock()
    asked = []
    with connect(service) as client:
        models = Models(client._caller, clock)
        for later, refresh in [(0.0, False), (CACHE_SECONDS - 1, False), (0, True), (299, False)]:
            clock.now += later
            models.list(force_refresh=refresh)
            asked.append(len(service.requests))
        clock.now += 1
        models.list()

    assert [1, 1, 2, 2] == asked
    assert 3 == len(service.requests)


def test_what_is_remembered_cannot_be_changed(service: FakeService) -> None:
    """The list that a caller gets is the caller's."""
    with connect(service) as client:
        first = client.models.list()
        count = len(first)
        first.clear()

        assert count == len(client.models.list()) > 0
    assert 1 == len(service.requests)


def test_each_client_remembers_its_own(service: FakeService) -> None:
    """Another key may see other models."""
    with connect(service) as client:
        client.models.list()
        client.with_options(timeout=3).models.list()
        client.models.list(extra_query={"a": "b"})
        client.models.list()

    assert ["", "", "a=b"] == [request.query for request in service.requests]


def test_a_list_is_a_page_too(service: FakeService) -> None:
    """As the official SDK has it, and as codex-open-client has it."""

    async def ask() -> tuple[list[str], list[str]]:
        async with aconnect(service) as client:
            looped = [model.id async for model in client.models.list()]
            awaited = await client.models.list()
            assert looped == [model.id async for model in awaited]
            return looped, [model.slug for model in awaited]

    with connect(service) as client:
        page = client.models.list()

    assert isinstance(page, list)
    assert (page, "list") == (page.data, page.object)
    names = [model.id for model in page]
    assert (names, names) == asyncio.run(ask())


def test_one_model_is_found(service: FakeService) -> None:
    """With its last day; a missing one is an error that names it."""
    with connect(service) as client:
        model = client.models.retrieve("gpt-5.1")
        with pytest.raises(NotFoundError, match=r"org/m"):
            client.models.retrieve("org/m")

    assert ("gpt-5.1", "2027-04-01", "system") == (model.id, model.shutdown_date, model.owned_by)
    assert "/v1/models/org%2Fm" == service.requests[1].path


CHATGPT = {
    "slug": "gpt-5.6-codex",
    "display_name": "GPT-5.6 Codex",
    "context_window": 272000,
    "supported_reasoning_levels": [{"effort": "low"}, {"effort": "high"}, "max"],
    "input_modalities": ["text", "image"],
    "supports_parallel_tool_calls": True,
    "priority": 3,
    "visibility": "list",
}
LISTS: dict[str, tuple[Any, list[str]]] = {
    "ChatGPT": ({"models": [CHATGPT]}, ["gpt-5.6-codex"]),
    "llama.cpp": ({"models": [{"name": "x", "model": "x"}], "data": [{"id": "x"}]}, ["x"]),
    "none": ({"object": "list", "data": None}, []),
    "odd": ({"data": [None, {}, {"id": 3}, {"id": "a", "priority": None}]}, ["a"]),
}


@pytest.mark.parametrize(("body", "names"), LISTS.values(), ids=LISTS)
def test_each_form_of_a_list_is_read(body: Any, names: list[str]) -> None:
    """Whatever a service calls its models."""
    with FakeService() as service, connect(service) as client:
        service.answer_models(json.dumps(body).encode())

        assert names == [model.slug for model in client.models.list()]


def test_chatgpt_says_more(service: FakeService) -> None:
    """All of which codex-open-client shows."""
    service.answer_models(json.dumps({"models": [CHATGPT]}).encode())
    with connect(service) as client:
        model = client.models.list()[0]

    assert (["low", "high", "max"], 272000, True, 3) == (
        list(model.reasoning_levels),
        model.context_window,
        model.supports_parallel_tool_calls,
        model.priority,
    )
    assert CHATGPT == model.to_dict()


def test_what_is_no_model_is_an_error(service: FakeService) -> None:
    """And not one without a name."""
    service.models["odd"] = {"id": None}

    with connect(service) as client, pytest.raises(StreamError, match="no model"):
        client.models.retrieve("odd")


@pytest.mark.parametrize("given", [None, "0.99.1"])
def test_chatgpt_is_told_a_version(tmp_path: Path, given: str | None) -> None:
    """It lists what that version of its own program can use; nobody else is told."""
    query = {"client_version": given} if given else None
    path = tmp_path / "auth.json"

    with FakeService(api_key=None) as service, FakeIdentity() as identity:
        write_document(path, cli_document(identity.new_login()))
        with connect(service, api_key=None, token_path=path, issuer=identity.issuer) as client:
            client.models.list(extra_query=query)
        with connect(service) as client:
            client.models.list()

    assert [f"client_version={given or CLIENT_VERSION}", ""] == [r.query for r in service.requests]
