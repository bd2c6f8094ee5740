"""The clients: what they hold, and what they give back."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from codex_magic import AsyncCodexClient, CodexClient, NotFoundError, StreamError
from codex_magic.api.calls import CallOptions, Retry
from codex_magic.api.client import find_service
from codex_magic.api.models import Model
from codex_magic.api.retries import RetryPolicy
from codex_magic.api.transport import AsyncTransport
from tests import fake_service as fake
from tests.fake_service import API_KEY, FakeService
from tests.fake_service.asking import SAY

from .clients import QUESTION, connect


def test_the_first_example_works(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is written everywhere: a key and an address from the environment, and no more."""
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
    service.enqueue(fake.text(SAY))

    with CodexClient() as client:
        response = client.responses.create(**QUESTION)

    assert SAY == response.output_text
    assert {**QUESTION, "stream": False} == service.requests[0].body


def test_the_first_example_works_async(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the twin too, streamed."""
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
    service.enqueue(fake.text(SAY))

    async def ask() -> str:
        async with AsyncCodexClient() as client:
            stream = await client.responses.stream(**QUESTION)
            response = await stream.get_final_response()
            return response.output_text

    assert SAY == asyncio.run(ask())


def test_a_client_names_its_service() -> None:
    """And nothing else."""
    assert "CodexClient(base_url='http://h/v1')" == repr(CodexClient(base_url="http://h/v1/"))
    assert "AsyncCodexClient(base_url='http://h/v1')" == repr(
        AsyncCodexClient(base_url=" http://h/v1")
    )


def test_models_are_listed(service: FakeService) -> None:
    """With the day on which they go."""
    with connect(service) as client:
        models = {model.id: model for model in client.models.list()}

    leaving = models["gpt-5.1"]
    assert ("gpt-5.1", "gpt-5.1", "2027-04-01") == (
        leaving.slug,
        leaving.display_name,
        leaving.shutdown_date,
    )
    assert service.models["gpt-5.1"] == leaving.to_dict()


@pytest.mark.parametrize(
    ("shutdown", "live"),
    [
        (None, True),
        ("", True),
        ("2026-11-23", True),
        ("2026-11-22", False),
        ("2026-01-01T00:00:00Z", False),
        ("soon", True),
    ],
)
def test_a_model_is_live_until_its_last_day(shutdown: str | None, live: bool) -> None:
    """What is no date says nothing."""
    model = Model("m", "m", shutdown_date=shutdown)

    assert live == model.is_live(date(2026, 11, 22))


def test_a_list_of_models_may_be_odd(service: FakeService) -> None:
    """Entries without an id, or none at all, are passed over."""
    with FakeService(models=[]) as empty, connect(empty) as client:
        assert [] == client.models.list()


def test_conversations_are_kept(service: FakeService) -> None:
    """Created, found, and gone."""
    with connect(service) as client:
        made = client.conversations.create(metadata={"a": "b"})
        found = client.conversations.retrieve(made.id)
        client.responses.create(**QUESTION, conversation=made.id)
        client.conversations.delete(made.id)
        with pytest.raises(NotFoundError):
            client.conversations.retrieve(made.id)

    assert (made, {"a": "b"}) == (found, found.metadata)
    assert "conversation" == found.to_dict()["object"]


def test_a_client_may_share_connections(service: FakeService) -> None:
    """Sessions do: their client has its own options, and tells of each wait."""
    service.enqueue(fake.error(503, None, "Busy.", headers={"retry-after-ms": "1"}))
    told: list[Retry] = []
    found = find_service(API_KEY, service.base_url)
    options = CallOptions(found, RetryPolicy(1), 5.0, {}, told.append)

    async def ask() -> None:
        transport = AsyncTransport()
        for _ in range(2):
            client = AsyncCodexClient.from_options(transport, options)
            await client.responses.create(**QUESTION)
        await transport.close()

    asyncio.run(ask())

    assert [(0.001, 1, "Busy.")] == [(r.seconds, r.attempt, r.error.message) for r in told]
    assert (3, 1) == (len(service.requests), service.connections)


def test_a_service_without_conversations_says_so() -> None:
    """Most have none."""
    with FakeService("openrouter") as service, connect(service) as client:
        with pytest.raises(NotFoundError):
            client.conversations.create()
        assert 1 == len(service.requests)


def test_what_is_no_conversation_is_an_error(service: FakeService) -> None:
    """This path leads to another object of the service."""
    with connect(service) as client, pytest.raises(StreamError):
        client.conversations.retrieve("../models")
