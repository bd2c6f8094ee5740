"""What is at an address that does not tell: asked once, and never at the cost of a request."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import httpx
import pytest

from codex_magic import AsyncCodexClient, CodexClient
from codex_magic.api.auth import service_at
from codex_magic.api.probing import Probes
from codex_magic.api.requests import CodexWarning
from codex_magic.api.transport import Transport
from tests.fake_service import API_KEY, FakeService

from .clients import QUESTION, SILENCE, aconnect, connect

# Those that tell; `transformers serve` and the rest do not.
KINDS = ["llama.cpp", "ollama", "lmstudio", "vllm", "litellm"]
SCHEMA = {"type": "json_schema", "name": "n", "strict": True, "schema": {"type": "object"}}
BOTH = pytest.mark.parametrize("asynchronous", [False, True])


def ask(service: FakeService, times: int = 1, **options: Any) -> str:
    """Ask over one client, and return the kind of service that it then knows."""
    with connect(service, **options) as client:
        for _ in range(times):
            client.responses.create(**QUESTION)
        return client._caller.options.service.backend.name


async def aask(service: FakeService, times: int = 1, **options: Any) -> str:
    """Ask at the same time over one asynchronous client, and return what it knows then."""
    async with aconnect(service, **options) as client:
        await asyncio.gather(*[client.responses.create(**QUESTION) for _ in range(times)])
        return client._caller.options.service.backend.name


def asked(service: FakeService, asynchronous: bool, times: int = 1, **options: Any) -> str:
    """Do as one of the two above."""
    if asynchronous:
        return asyncio.run(aask(service, times, **options))
    return ask(service, times, **options)


def paths(service: FakeService) -> list[str]:
    """Return what was asked to learn what a service is."""
    return [probe.path for probe in service.probes]


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_a_service_at_any_port_gets_its_row(kind: str, asynchronous: bool) -> None:
    """By what it says of itself, with one look for all requests of a client."""
    with FakeService(kind) as service:
        found = asked(service, asynchronous, times=3)

    assert kind == found
    assert "/v1/models" == paths(service)[0]
    assert len(set(paths(service))) == len(paths(service))
    assert 3 == len(service.requests)


@BOTH
@pytest.mark.parametrize("profile", ["openai", "transformers", "openrouter"])
def test_who_does_not_tell_stays_unknown(profile: str, asynchronous: bool) -> None:
    """That is the cautious row; it is not asked again."""
    with FakeService(profile) as service:
        found = asked(service, asynchronous, times=2)

    assert "unknown" == found
    assert ["/v1/models", "/"] == paths(service)


@BOTH
def test_the_first_request_is_fitted_too(asynchronous: bool) -> None:
    """The schema goes where llama.cpp reads it, and what was added to the body stays in it."""
    question = {**QUESTION, "text": {"format": SCHEMA}, "extra_body": {"cache_prompt": False}}

    async def ask_async() -> None:
        async with aconnect(service) as client:
            async with client.responses.stream(**question) as stream:
                await stream.get_final_response()
            await client.responses.create(**question)

    with FakeService("llama.cpp") as service:
        if asynchronous:
            asyncio.run(ask_async())
        else:
            with connect(service) as client:
                client.responses.stream(**question).get_final_response()
                client.responses.create(**question)

    first, second = [dict(request.body or {}) for request in service.requests]
    assert (True, False) == (first.pop("stream"), second.pop("stream"))
    assert first == second
    assert "text" not in first
    assert (SCHEMA["schema"], False) == (
        first["response_format"]["json_schema"]["schema"],
        first["cache_prompt"],
    )


def test_what_is_left_out_is_said_once() -> None:
    """A parameter that the service turns out not to take; the warning names the service."""
    with (
        FakeService("ollama") as service,
        connect(service) as client,
        pytest.warns(CodexWarning) as told,
    ):
        client.responses.create(**QUESTION, service_tier="flex")

    assert 1 == len(told)
    assert "Ollama does not take it: service_tier" in str(told[0].message)
    assert __file__ == told[0].filename
    assert "service_tier" not in (service.requests[0].body or {})


@BOTH
@pytest.mark.parametrize("backend", ["unknown", "vllm", "openai"])
def test_a_kind_that_is_named_is_not_asked_for(backend: str, asynchronous: bool) -> None:
    """Whoever knows saves the look, also where he says that nothing is known."""
    with FakeService("llama.cpp") as service:
        found = asked(service, asynchronous, backend=backend)

    assert (backend, []) == (found, service.probes)


def test_own_connections_carry_own_requests_only() -> None:
    """A client of httpx that is passed in, as tests do, sees what was asked and no more."""
    with FakeService("vllm") as service, httpx.Client() as connections:
        found = ask(service, http_client=connections)

    assert ("unknown", []) == (found, service.probes)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in</html>",
        b"[]",
        b"null",
        b'{"data": 5}',
        b'{"data": [5, null, "vllm"]}',
        b'{"data": [{"owned_by": 5}]}',
        b'{"error": "no"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
@BOTH
def test_an_odd_answer_harms_no_request(body: bytes, asynchronous: bool) -> None:
    """Whatever stands where the list of models should be."""
    with FakeService() as service:
        service.answer_models(body)
        found = asked(service, asynchronous)

    assert "unknown" == found
    assert 1 == len(service.requests)


def test_ollama_is_known_by_its_greeting() -> None:
    """Models from elsewhere belong to others, and none at all to nobody."""
    entries = [{"id": "a", "owned_by": "library"}, {"id": "hf.co/b/c", "owned_by": "b"}]
    for listed in (entries, None, []):
        with FakeService("ollama") as service:
            service.answer_models(json.dumps({"data": listed}).encode())

            assert "ollama" == ask(service)


def test_the_key_goes_to_the_list_of_models_alone() -> None:
    """It may be needed there; the root of the address has no business with it."""
    with FakeService("openai") as service:
        ask(service)
    models, root = service.probes

    assert f"Bearer {API_KEY}" == models.headers["authorization"]
    assert API_KEY not in f"{root.headers}"


def test_no_key_is_fetched_for_a_look() -> None:
    """A provider of tokens may take long, or count: it is asked for requests alone."""
    keys = iter([API_KEY])

    with FakeService("llama.cpp") as service:
        found = ask(service, api_key=lambda: next(keys))

    assert "llama.cpp" == found
    assert "authorization" not in service.probes[0].headers


def test_a_server_that_comes_later_is_asked_then() -> None:
    """No connection is no answer, and takes no time: the next request asks again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    address = f"http://127.0.0.1:{port}/v1"

    with CodexClient(base_url=address, api_key=API_KEY, max_retries=0) as client:
        with pytest.raises(Exception, match="No connection"):
            client.responses.create(**QUESTION)
        with FakeService("vllm", port=port):
            client.responses.create(**QUESTION)
            found = client._caller.options.service.backend.name

    assert "vllm" == found


def test_a_server_that_keeps_us_waiting_is_left_alone_for_a_while() -> None:
    """One look that comes to nothing, and for the next minute none."""
    now = [0.0]
    probes = Probes(lambda: now[0])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        at = service_at("http://{}:{}/v1".format(*silent.getsockname()))
        transport = Transport()
        first, second = probes.probe(at, transport), probes.probe(at, transport)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
        now[0] = 61.0
        probes.probe(at, transport)
        silent.accept()[0].close()
        transport.close()

    assert at == first == second


def test_a_clone_knows_what_its_original_found() -> None:
    """At the same address; another address is asked anew."""
    with (
        FakeService("vllm") as service,
        FakeService("llama.cpp") as other,
        connect(service) as client,
    ):
        client.responses.create(**QUESTION)
        clone = client.with_options(timeout=SILENCE)
        clone.responses.create(**QUESTION)
        moved = client.with_options(base_url=other.base_url, api_key=API_KEY)
        moved.responses.create(**QUESTION)

    assert (1, 1) == (len(service.probes), len(other.probes))
    assert "llama.cpp" == moved._caller.options.service.backend.name


def test_nothing_is_asked_before_it_matters() -> None:
    """A client that only lists models, or is only made, sends nothing else."""
    with FakeService("vllm") as service, connect(service) as client:
        client.models.list()
        made = AsyncCodexClient(base_url=service.base_url)

    assert ("unknown", []) == (made._caller.options.service.backend.name, service.probes)
