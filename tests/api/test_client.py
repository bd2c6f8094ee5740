"""The clients: what they hold, and what they give back."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest

from codex_magic import (
    AsyncCodexClient,
    AuthError,
    CodexClient,
    InvalidRequestError,
    NotFoundError,
    StreamError,
)
from codex_magic.api.arguments import find_service
from codex_magic.api.calls import CallOptions, Retry
from codex_magic.api.client import AsyncOpenAI, OpenAI
from codex_magic.api.models import Model
from codex_magic.api.retries import RetryPolicy
from codex_magic.api.transport import AsyncTransport
from tests import fake_service as fake
from tests.fake_service import API_KEY, FakeService
from tests.fake_service.asking import MODEL, SAY

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
            text: str = (await stream.get_final_response()).output_text
            return text

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
    """The service answers with another object."""
    service.conversations["conv_odd"] = {"items": []}

    with connect(service) as client, pytest.raises(StreamError):
        client.conversations.retrieve("conv_odd")


def test_an_id_leads_nowhere_else(service: FakeService) -> None:
    """What would be a path of its own is encoded, and not found."""
    with connect(service) as client, pytest.raises(NotFoundError):
        client.conversations.retrieve("../models")

    assert "/v1/conversations/..%2Fmodels" == service.requests[0].path


def test_a_changed_client_shares_connections(service: FakeService) -> None:
    """What is given differs, the rest stays; closing it closes nothing."""
    with connect(service, default_headers={"X-A": "1"}, timeout=4) as client:
        with client.with_options(
            api_key=API_KEY, max_retries=5, default_headers={"X-B": "2"}
        ) as other:
            other.responses.create(**QUESTION)
        client.copy(organization="o-1").responses.create(**QUESTION)
        client.responses.create(**QUESTION)

    assert (5, 4, 0) == (other.max_retries, other.timeout, client.max_retries)
    names = ("x-a", "x-b", "openai-organization")
    seen = [[request.headers.get(name) for name in names] for request in service.requests]
    assert [["1", "2", None], ["1", None, "o-1"], ["1", None, None]] == seen
    assert 1 == service.connections


def test_a_changed_address_does_not_get_the_key(service: FakeService) -> None:
    """A key is meant for one address."""
    with CodexClient(api_key="sk-first", base_url="http://127.0.0.1:9/v1") as client:
        moved = client.with_options(base_url=service.base_url)
        with pytest.raises(AuthError):
            moved.responses.create(**QUESTION)

    assert "authorization" not in service.requests[0].headers
    assert ("sk-first", None) == (client.api_key, moved.api_key)
    assert client.with_options(base_url="http://127.0.0.1:9/v1/").api_key == "sk-first"


@pytest.mark.parametrize("client_type", [OpenAI, AsyncOpenAI])
def test_the_official_names_work(client_type: Any) -> None:
    """With the official arguments beside codex-open-client's; no repr shows a key."""
    client = client_type(
        api_key="sk-secret",
        base_url="http://h/v1",
        organization="o",
        project="p",
        timeout=httpx.Timeout(30, connect=2),
        max_retries=4,
        default_headers={"X-A": "sk-secret"},
        headless=True,
        no_browser=True,
    )

    assert ("sk-secret", 30, 4) == (client.api_key, client.timeout, client.max_retries)
    assert "sk-secret" not in f"{client!r}{client.with_options()!r}{client._caller.options!r}"
    assert "" == client_type(api_key=lambda: "sk-secret", base_url="http://h/v1").api_key


def test_every_call_takes_extras(service: FakeService) -> None:
    """Headers, query and body as the official SDK has them; other names are refused."""
    extras: dict[str, Any] = {"extra_headers": {"X-A": "1"}, "extra_query": {"q": "a b"}}
    with connect(service) as client:
        made = client.responses.create(**QUESTION, **extras, extra_body={"metadata": {"a": "b"}})
        client.responses.retrieve(made.id, **extras)
        client.conversations.create(**extras, extra_body={"metadata": {"a": "b"}}, timeout=3)
        with pytest.raises(TypeError, match="colour"):
            client.responses.retrieve(made.id, colour="red")  # type: ignore[call-overload]

    assert ["q=a+b"] * 3 == [request.query for request in service.requests]
    assert ["1"] * 3 == [request.headers["x-a"] for request in service.requests]
    assert {"a": "b"} == (service.requests[2].body or {})["metadata"]


def test_a_response_is_found_and_deleted(service: FakeService) -> None:
    """What a service answers to a deletion does not matter."""
    with connect(service) as client:
        made = client.responses.create(**QUESTION)
        found = client.responses.retrieve(made.id, include=["reasoning.encrypted_content"])
        client.responses.delete(made.id)
        with pytest.raises(NotFoundError, match=f"'{made.id}' not found"):
            client.responses.retrieve(made.id)

    assert made == found
    assert "include%5B%5D=reasoning.encrypted_content" == service.requests[1].query


def test_tokens_are_counted_and_conversations_compacted(service: FakeService) -> None:
    """What a compaction gives is the input of the next request, as it is."""
    with connect(service) as client:
        count = client.responses.input_tokens.count(**QUESTION)
        compacted = client.responses.compact(**QUESTION, instructions="Be brief.")
        client.responses.create(
            model=MODEL, input=[*compacted.output, {"role": "user", "content": "Go on"}]
        )
        with pytest.raises(InvalidRequestError, match="exclude each other"):
            client.responses.input_tokens.count(conversation="c", previous_response_id="r")

    assert count.input_tokens > 0
    assert QUESTION == service.requests[0].body
    assert compacted.usage
    assert "compaction" == (service.requests[2].body or {})["input"][1]["type"]


def test_conversations_are_changed(service: FakeService) -> None:
    """Their metadata, and their items one by one."""
    with connect(service) as client:
        made = client.conversations.create()
        changed = client.conversations.update(made.id, metadata={"a": "b"})
        added = client.conversations.items.create(
            made.id, items=[{"type": "message", "role": "user", "content": "Hi"}]
        )
        item_id = added.data[0].to_dict()["id"]  # type: ignore[union-attr]
        found = client.conversations.items.retrieve(item_id, conversation_id=made.id)
        client.conversations.items.delete(item_id, conversation_id=made.id)
        left = client.conversations.items.list(made.id)
        gone = client.conversations.delete(made.id)

    assert {"a": "b"} == changed.metadata
    assert added.data == [found]
    assert [] == left.data
    assert (made.id, True) == (gone.id, gone.deleted)


def test_a_missing_endpoint_is_not_a_missing_response() -> None:
    """A service that has no such address says so in many ways; one line tells which it is."""
    with (
        FakeService("llama.cpp") as service,
        connect(service) as client,
        pytest.raises(NotFoundError, match=r"has no /responses/\{id\} here: DELETE") as caught,
    ):
        client.responses.delete("resp_1")

    assert 404 == caught.value.status_code
    assert caught.value.request_id


@pytest.mark.parametrize(
    ("status", "message", "missing"),
    [
        (404, "Invalid URL (POST /v1/responses)", True),
        (404, "Not Found", True),
        (404, "404 page not found", True),
        (404, "File Not Found", True),
        (404, "Resource not found", True),
        (404, "Cannot POST /v1/responses", True),
        (405, "anything", True),
        (404, "Response with id 'x' not found.", False),
        (404, "The model 'm' does not exist", False),
        (404, "The model `not found` does not exist", False),
        (400, "Not Found", False),
    ],
)
def test_what_is_missing_is_told_apart(
    service: FakeService, status: int, message: str, missing: bool
) -> None:
    """The address, or what was to be found there."""
    service.enqueue(fake.error(status, None, message))

    with connect(service) as client, pytest.raises(InvalidRequestError) as caught:
        client.responses.create(**QUESTION)

    assert missing == ("has no /responses here: POST" in caught.value.message)
    assert status == caught.value.status_code
