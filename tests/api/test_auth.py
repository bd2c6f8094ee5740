"""Keys go where they are meant to go, and are never shown."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from codex_magic import AsyncCodexClient, AuthError, CodexClient, CodexError, ConfigError
from codex_magic.api.arguments import find_service
from codex_magic.api.auth import Service, environment_service, service_at
from codex_magic.api.backends import AZURE
from codex_magic.api.calls import CallOptions, signed_with
from codex_magic.api.retries import RetryPolicy
from tests import fake_service as fake
from tests.fake_service import API_KEY, FakeService

from .clients import QUESTION, SILENCE, aconnect, connect

OPENAI_URL = "https://api.openai.com/v1"
AZURE_VARIABLES = {
    "AZURE_OPENAI_API_KEY": "azure-key",
    "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/",
}
CLIENTS = pytest.mark.parametrize("client", [CodexClient, AsyncCodexClient])


@pytest.mark.parametrize(
    ("variables", "address", "key"),
    [
        ({"OPENAI_API_KEY": "sk-1"}, OPENAI_URL, "sk-1"),
        ({"OPENAI_API_KEY": " sk-1\n", "OPENAI_BASE_URL": " "}, OPENAI_URL, "sk-1"),
        ({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://h/v1/"}, "http://h/v1", "sk-1"),
        ({"OPENAI_BASE_URL": "http://h/v1"}, "http://h/v1", None),
        ({"OPENAI_API_KEY": "sk-1", **AZURE_VARIABLES}, OPENAI_URL, "sk-1"),
        (AZURE_VARIABLES, "https://r.openai.azure.com/openai/v1", "azure-key"),
        (
            {**AZURE_VARIABLES, "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/openai/v1"},
            "https://r.openai.azure.com/openai/v1",
            "azure-key",
        ),
    ],
)
def test_the_environment_names_a_service(
    variables: dict[str, str], address: str, key: str | None
) -> None:
    """A key and the address that it is for; an empty variable counts as unset."""
    found = environment_service(variables)

    assert found
    assert (address, key) == (found.base_url, found.key)


@pytest.mark.parametrize(
    "variables",
    [{}, {"OPENAI_API_KEY": "  "}, {"AZURE_OPENAI_API_KEY": "x"}, {"OPENAI_ORG_ID": "org-1"}],
)
def test_the_environment_may_name_none(variables: dict[str, str]) -> None:
    """Half of what is needed is none."""
    assert environment_service(variables) is None


def test_the_account_goes_with_the_key_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Organization and project are of that account, and of no other."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "p-1")

    named = {"OpenAI-Organization": "org-1", "OpenAI-Project": "p-1"}
    assert named == find_service().headers
    assert {**named, "OpenAI-Project": "p-2"} == find_service(
        headers={"OpenAI-Project": "p-2"}
    ).headers
    assert {} == find_service(api_key="sk-2").headers
    assert {} == find_service(base_url="http://h/v1").headers


@pytest.mark.parametrize(
    ("given", "variables", "address", "key"),
    [
        ({}, {"OPENAI_API_KEY": "sk-1"}, OPENAI_URL, "sk-1"),
        ({"base_url": "http://h/v1"}, {"OPENAI_API_KEY": "sk-1"}, "http://h/v1", None),
        ({"base_url": "http://api.openai.com/v1"}, {"OPENAI_API_KEY": "sk-1"}, None, None),
        ({"base_url": OPENAI_URL + "/"}, {"OPENAI_API_KEY": "sk-1"}, OPENAI_URL, "sk-1"),
        (
            {"base_url": OPENAI_URL},
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h/v1"},
            OPENAI_URL,
            None,
        ),
        (
            {"base_url": "http://h/v1"},
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h/v1/"},
            "http://h/v1",
            "k",
        ),
        ({"api_key": "k"}, {"OPENAI_BASE_URL": "http://h/v1"}, "http://h/v1", "k"),
        ({"api_key": "k"}, {"OPENAI_API_KEY": "sk-1"}, OPENAI_URL, "k"),
        ({"api_key": "k"}, {}, OPENAI_URL, "k"),
        ({"api_key": "k"}, AZURE_VARIABLES, OPENAI_URL, "k"),
        (
            {"api_key": "k"},
            {**AZURE_VARIABLES, "OPENAI_BASE_URL": "http://h/v1"},
            "http://h/v1",
            "k",
        ),
        ({"api_key": "k", "base_url": "http://h/v1"}, AZURE_VARIABLES, "http://h/v1", "k"),
    ],
)
def test_a_key_goes_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, Any],
    variables: dict[str, str],
    address: str | None,
    key: str | None,
) -> None:
    """One from the environment to the environment's address, one given to the one given."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    found = find_service(**given)

    assert (address or given["base_url"], key) == (found.base_url, found.key)


def test_no_key_is_sent_to_a_host_given_by_hand(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the wire too: there is no header, and the key is nowhere in the request."""
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)

    with CodexClient(base_url=service.base_url) as client, pytest.raises(AuthError):
        client.responses.create(**QUESTION)

    sent = service.requests[0]
    assert "authorization" not in sent.headers
    assert API_KEY not in f"{sent.headers} {sent.raw!r}"


def test_a_redirect_is_not_followed(service: FakeService) -> None:
    """The key would go along, to whomever."""
    service.enqueue(
        fake.error(307, None, "Moved.", headers={"location": f"{service.base_url}/elsewhere"})
    )

    with connect(service) as client, pytest.raises(CodexError):
        client.responses.create(**QUESTION)

    assert 1 == len(service.requests)


@CLIENTS
def test_without_a_key_the_error_names_the_next_steps(client: Callable[[], object]) -> None:
    """All of them: a key, an address, the embedded model."""
    with pytest.raises(ConfigError) as caught:
        client()

    for step in ("OPENAI_API_KEY", "api_key=", "base_url=", "codex-magic[local]", "serve"):
        assert step in str(caught.value)


def test_a_key_may_be_fetched(service: FakeService) -> None:
    """A callable is asked before each request, as tokens expire."""
    keys = iter([API_KEY, "sk-expired-000000"])

    with connect(service, api_key=lambda: next(keys)) as client:
        client.responses.create(**QUESTION)
        with pytest.raises(AuthError):
            client.responses.create(**QUESTION)

    assert [f"Bearer {API_KEY}", "Bearer sk-expired-000000"] == [
        request.headers["authorization"] for request in service.requests
    ]


class Provider:
    """Gives a key, as providers of tokens do; it is called like a function."""

    async def __call__(self) -> str:
        await asyncio.sleep(0)
        return API_KEY


async def provided() -> str:
    """Give a key once the event loop has been around."""
    await asyncio.sleep(0)
    return API_KEY


ASYNC_KEYS = [provided, Provider(), functools.partial(provided), lambda: provided()]


@pytest.mark.parametrize("key", ASYNC_KEYS)
def test_a_key_may_be_awaited(service: FakeService, key: Any) -> None:
    """An async function, or whatever gives something to await; asked for before each request."""

    async def ask() -> None:
        async with aconnect(service, api_key=key) as client:
            await client.responses.create(**QUESTION)
            async with client.responses.stream(**QUESTION) as stream:
                await stream.get_final_response()

    asyncio.run(ask())

    assert [f"Bearer {API_KEY}"] * 2 == [r.headers["authorization"] for r in service.requests]


def test_an_ordinary_provider_holds_up_no_loop(service: FakeService) -> None:
    """It may ask the network for a token: meanwhile the event loop does other things."""
    begun, done = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert done.wait(SILENCE), "the event loop waits for the key"
        return API_KEY

    async def ask() -> None:
        async with aconnect(service, api_key=slow) as client:
            asking = asyncio.create_task(client.responses.create(**QUESTION))
            while not begun.is_set():
                await asyncio.sleep(0.01)
            done.set()
            await asking

    asyncio.run(ask())

    assert f"Bearer {API_KEY}" == service.requests[0].headers["authorization"]


@pytest.mark.parametrize("key", ASYNC_KEYS)
def test_a_synchronous_client_cannot_await_a_key(service: FakeService, key: Any) -> None:
    """It says so in one line, and which client can; nothing is sent."""
    with (
        pytest.raises(ConfigError, match="only AsyncCodexClient can await") as caught,
        connect(service, api_key=key) as client,
    ):
        client.responses.create(**QUESTION)
    with connect(service) as client, pytest.raises(ConfigError, match="AsyncCodexClient"):
        client.with_options(api_key=key).responses.create(**QUESTION)

    assert "\n" not in str(caught.value)
    assert [] == service.requests


def test_every_try_has_a_fresh_key(service: FakeService) -> None:
    """A token may end while we wait to try again."""
    keys = [API_KEY, "sk-before-0123456789"]
    service.enqueue(fake.error(429, None, "Slow down.", headers={"retry-after": "0.01"}))
    service.api_key = None

    with connect(service, api_key=keys.pop, max_retries=1) as client:
        client.responses.create(**QUESTION)

    assert ["Bearer sk-before-0123456789", f"Bearer {API_KEY}"] == [
        request.headers["authorization"] for request in service.requests
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_function_must_return_the_key_itself(service: FakeService, asynchronous: bool) -> None:
    """Not the object that a library wraps it in, which is named and not shown."""
    found: Any = ("sk-wrapped-0123456789",)

    async def ask() -> None:
        async with aconnect(service, api_key=lambda: found) as client:
            await client.responses.create(**QUESTION)

    def run() -> None:
        if asynchronous:
            asyncio.run(ask())
        with connect(service, api_key=lambda: found) as client:
            client.responses.create(**QUESTION)

    with pytest.raises(ConfigError, match="of the type tuple") as caught:
        run()

    assert "wrapped" not in str(caught.value)


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_a_header_of_the_user_stands_for_the_key(service: FakeService, name: str) -> None:
    """However it is spelled; there are not two of them."""
    with connect(
        service, api_key="sk-other", default_headers={name: f"Bearer {API_KEY}"}
    ) as client:
        client.responses.create(**QUESTION)

    assert f"Bearer {API_KEY}" == service.requests[0].headers["authorization"]


@pytest.mark.parametrize("key", ["", None, lambda: ""])
def test_no_key_means_no_header(key: Any) -> None:
    """A server of one's own wants none."""
    assert {} == service_at("http://h/v1", key=key).auth_headers()


def test_azure_has_its_own_header() -> None:
    """By its address, or because one says so."""
    expected = {"api-key": "k"}

    assert expected == service_at("https://r.openai.azure.com/openai/v1", key="k").auth_headers()
    assert expected == service_at("http://h/v1", backend="azure", key="k").auth_headers()


@pytest.mark.parametrize("key", ["sk-1\n", "sk 1", "sk-ü", "“sk-1”", "sk-1\x00"])
def test_a_key_with_odd_characters_is_refused(key: str) -> None:
    """Before it is sent, and without being shown."""
    with pytest.raises(ConfigError, match="Copy it again") as caught:
        service_at("http://h/v1", key=key, source="api_key=").auth_headers()

    assert key not in str(caught.value)


@CLIENTS
@pytest.mark.parametrize(
    "address",
    [
        "",
        "h/v1",
        "ftp://h/v1",
        "http://",
        "http:///v1",
        "http://[::1/v1",
        "http://h:port/v1",
        "http://h:99999/",
    ],
)
def test_an_address_that_is_none_is_refused(client: Callable[..., object], address: str) -> None:
    """When the client is made, and not by a library below it when it is used."""
    with pytest.raises(ConfigError, match="is no address"):
        client(base_url=address)


def test_a_service_is_told_from_another() -> None:
    """By its kind and its address, not by its key: sealed reasoning is bound to it."""
    one, other = service_at("http://h/v1", key="a"), service_at("http://h/v2", key="a")

    assert one.identity == service_at("http://h/v1/", key="b").identity
    assert one.identity != other.identity
    assert one.identity != service_at("http://h/v1", backend="llama.cpp").identity


def test_an_unknown_kind_of_service_is_refused() -> None:
    """The error lists the known ones."""
    with pytest.raises(ConfigError, match="openai"):
        CodexClient(base_url="http://h/v1", backend="hal")


def test_no_repr_shows_a_key() -> None:
    """Not of the client, the service, the options, or a request."""
    headers = {"Authorization": f"Bearer {API_KEY}"}
    service = Service(AZURE, "http://h/v1", API_KEY, "x", headers)
    options = CallOptions(service, RetryPolicy(), 1.0, headers)
    request = options.request("POST", "/responses", API_KEY.encode())
    request = signed_with(service.auth_headers(), request)

    assert request.headers["api-key"] == API_KEY
    for value in (
        service,
        options,
        request,
        CodexClient(api_key=API_KEY),
        AsyncCodexClient(api_key=API_KEY),
    ):
        assert type(value).__name__ in repr(value)
        assert API_KEY not in f"{value!r} {value}"


@pytest.mark.parametrize("header", ["Authorization", "X-Key"])
def test_no_traceback_shows_a_key(service: FakeService, header: str) -> None:
    """Nor does the chain of errors below ours, with what libraries say about a bad header."""
    dead = "http://127.0.0.1:9/v1"
    clients = [
        connect(service, api_key="sk-wrong-0123456789"),
        connect(service, api_key="sk-wrong-0123456789", base_url=dead),
        connect(service, default_headers={header: "Bearer sk-wrong-0123456789\n"}),
    ]

    for client in clients:
        with client, pytest.raises(CodexError) as caught:
            client.responses.create(**QUESTION)
        # Without the lines of source, which quote this test.
        chain = [caught.value, *causes(caught.value)]
        assert "sk-wrong-0123456789" not in " ".join(f"{error!r} {error}" for error in chain)


def causes(error: BaseException) -> list[BaseException]:
    """Return the errors below an error, as a traceback shows them."""
    below = error.__cause__ or error.__context__
    return [below, *causes(below)] if below else []
