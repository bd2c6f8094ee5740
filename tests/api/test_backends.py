"""The table of services: recognised by their address, described by what they take."""

from __future__ import annotations

import pytest

from codex_magic.api.backends import (
    AZURE,
    BACKENDS,
    LLAMA_CPP,
    OPENAI,
    UNKNOWN,
    detect_backend,
    probed_backend,
)
from codex_magic.api.calls import join_url


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://API.OpenAI.com:443/v1", "openai"),
        ("https://eu.api.openai.com/v1", "openai"),
        ("https://r.openai.azure.com/openai/v1", "azure"),
        ("https://r.services.ai.azure.com/openai/v1", "azure"),
        ("https://us.api.openai.com/v1", "openai"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://chatgpt.com/backend-api/codex", "chatgpt"),
        ("https://evil-openrouter.ai/api/v1", "unknown"),
        ("https://openrouter.ai.evil.example/v1", "unknown"),
        ("http://localhost:11434/v1", "unknown"),
        ("https://api.openai.com.evil.example/v1", "unknown"),
        ("https://evilapi.openai.com/v1", "unknown"),
        ("https://evil.example/api.openai.com/v1", "unknown"),
        ("https://api.openai.com@evil.example/v1", "unknown"),
        ("http://localhost:8080/v1", "unknown"),
        ("http://127.0.0.1:9999/v1", "unknown"),
        ("http://", "unknown"),
    ],
)
def test_a_service_is_recognised_by_its_host(address: str, name: str) -> None:
    """By the whole of it: a likeness is not enough."""
    assert name == detect_backend(address).name


def test_the_table_is_whole() -> None:
    """Every service is under its own name and has a title for people."""
    assert {name: name for name in BACKENDS} == {k: b.name for k, b in BACKENDS.items()}
    servers = {"litellm", "vllm", "ollama", "lmstudio", "transformers", "llama.cpp", "local"}
    assert {"openai", "azure", "chatgpt", "openrouter", "unknown"} | servers == set(BACKENDS)
    assert all(backend.title for backend in BACKENDS.values())


def test_the_cautious_default_asks_for_little() -> None:
    """Nothing is taken for granted, but that a stored answer has to be declined."""
    assert ("unsure", "unsure") == (UNKNOWN.chains, UNKNOWN.conversations)
    assert "store" not in UNKNOWN.omits
    assert (False, True) == (UNKNOWN.phases, UNKNOWN.bare_text)


def test_services_that_keep_nothing_say_so() -> None:
    """llama.cpp refuses a previous response; OpenAI and Azure take it."""
    assert ("no", "yes", "yes") == (LLAMA_CPP.chains, OPENAI.chains, AZURE.chains)
    assert "store" in LLAMA_CPP.omits


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("https://h/v1", "https://h/v1/responses"),
        ("https://h/v1/", "https://h/v1/responses"),
        ("https://h", "https://h/responses"),
        ("https://h/openai?api-version=1", "https://h/openai/responses?api-version=1"),
        ("https://h/openai/?api-version=1", "https://h/openai/responses?api-version=1"),
    ],
)
def test_a_path_is_put_below_the_address(base: str, address: str) -> None:
    """The prefix and the query of the address stay."""
    assert address == join_url(base, "/responses")


@pytest.mark.parametrize(
    ("headers", "models", "name"),
    [
        ({"server": "llama.cpp"}, None, "llama.cpp"),
        ({"X-LiteLLM-Version": "1.9"}, {"data": [{"owned_by": "openai"}]}, "litellm"),
        ({}, {"data": [{"id": "m", "owned_by": "llamacpp"}]}, "llama.cpp"),
        ({}, {"data": [{"id": "m", "owned_by": "vllm"}, {"owned_by": "vllm"}]}, "vllm"),
        ({}, {"data": [{"id": "m", "owned_by": "library"}]}, "ollama"),
        ({}, {"data": [{"owned_by": "library"}, {"owned_by": "vllm"}]}, "unknown"),
        ({}, {"data": [{"owned_by": "library"}, {"owned_by": "someone"}]}, "unknown"),
        ({"server": "nginx"}, {"data": []}, "unknown"),
        ({}, {"data": None}, "unknown"),
        ({}, {"data": [3, {"id": "m"}]}, "unknown"),
        ({}, ["odd"], "unknown"),
    ],
)
def test_a_service_is_recognised_by_what_it_answers(
    headers: dict[str, str], models: object, name: str
) -> None:
    """By a header or by the owner of its models, if all of them agree; else by nothing."""
    assert name == probed_backend(headers, models).name
