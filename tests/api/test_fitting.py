"""Parameters that a service does not take are dropped with a notice, had otherwise, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_magic import InvalidRequestError
from codex_magic.api.backends import BACKENDS
from codex_magic.api.fitting import Fitted, fit
from codex_magic.api.items import Json
from codex_magic.api.requests import CodexWarning, prepare, response_body

OURS = frozenset({"reasoning.summary", "text.verbosity", "include", "store"})
SCHEMA: Json = {"type": "object", "properties": {}, "additionalProperties": False}
FORMAT: Json = {"type": "json_schema", "name": "a", "schema": SCHEMA, "strict": True}
SUMMARY: Json = {"reasoning": {"summary": "auto", "effort": "low"}, "include": ["x"], "store": True}
EVERY = pytest.mark.parametrize("name", sorted(BACKENDS))


def fitted(name: str, *, ours: frozenset[str] = frozenset(), **params: Any) -> Fitted:
    """Return what goes to a service."""
    return fit(params, BACKENDS[name], ours=ours)


@pytest.mark.parametrize(
    ("name", "params", "dropped"),
    [
        ("chatgpt", {"temperature": 1, "metadata": {"a": "b"}}, ("temperature", "metadata")),
        ("chatgpt", {"store": True}, ("store",)),
        ("chatgpt", {"store": False, "service_tier": "auto"}, ()),
        ("chatgpt", {"service_tier": "flex"}, ("service_tier",)),
        ("chatgpt", {"tools": [{"type": "mcp"}]}, ("tools (mcp)",)),
        ("openrouter", {"store": True}, ("store",)),
        ("transformers", {"image": {}, "seed": 1}, ("image",)),
        ("transformers", {"tool_choice": "required"}, ("tool_choice",)),
        ("ollama", {"tool_choice": "auto", "parallel_tool_calls": True}, ()),
        ("ollama", {"background": True}, ("background",)),
        ("llama.cpp", {"text": {"verbosity": "low"}}, ("text.verbosity",)),
        ("llama.cpp", {"tools": [{"type": "web_search"}]}, ("tools (web_search)",)),
        ("vllm", {"reasoning": {"summary": "auto"}}, ("reasoning.summary",)),
        ("openai", {"temperature": 1, "anything": 1}, ()),
        ("unknown", {"store": True, "anything": 1}, ()),
    ],
)
def test_what_the_user_asked_for_is_dropped_with_a_notice(
    name: str, params: Json, dropped: tuple[str, ...]
) -> None:
    """It names each; what would happen anyway needs no notice."""
    found = fitted(name, **params)

    assert dropped == found.dropped
    assert bool(dropped) == bool(found.notices)
    assert all(path in " ".join(found.notices) for path in dropped)
    assert found.refused is None


@EVERY
def test_our_own_defaults_are_dropped_in_silence(name: str) -> None:
    """Nobody asked for them."""
    found = fitted(name, ours=OURS, **SUMMARY)

    assert ((), ()) == (found.dropped, found.notices)


@EVERY
def test_a_second_fitting_changes_nothing(name: str) -> None:
    """The session fits before the client does."""
    params = {
        **SUMMARY,
        "model": "m",
        "stream": True,
        "text": {"format": FORMAT, "verbosity": "low"},
        "tool_choice": {"type": "function", "name": "f"},
        "tools": [{"type": "function", "name": "f"}, {"type": "web_search"}],
        "temperature": 1,
    }
    first = fitted(name, **params)
    again = fitted(name, **first.body)

    assert first.body == again.body
    assert () == again.notices


@pytest.mark.parametrize(
    ("name", "params", "param"),
    [
        ("chatgpt", {"background": True}, "background"),
        ("openrouter", {"background": True}, "background"),
        ("vllm", {"background": True, "store": False}, "background"),
        ("openai", {"background": True, "store": False}, "background"),
        ("azure", {"background": True, "store": False}, "background"),
        ("chatgpt", {"previous_response_id": "resp_1"}, "previous_response_id"),
        ("ollama", {"previous_response_id": "resp_1"}, "previous_response_id"),
        ("transformers", {"conversation": "conv_1"}, "conversation"),
        ("openrouter", {"conversation": {"id": "conv_1"}}, "conversation"),
    ],
)
def test_what_matters_is_refused_before_it_is_sent(name: str, params: Json, param: str) -> None:
    """Ollama would answer without memory, and say nothing."""
    refused = fitted(name, **params).refused

    assert refused is not None
    assert param == refused.param
    assert BACKENDS[name].title in str(refused)
    with pytest.raises(InvalidRequestError):
        response_body({"model": "m", "input": "Hi", **params}, stream=False, backend=BACKENDS[name])


@pytest.mark.parametrize("name", ["llama.cpp", "local"])
def test_llama_cpp_reads_the_schema_elsewhere(name: str) -> None:
    """On top, in the shape of Chat Completions; so does a named function go."""
    found = fitted(name, text={"format": FORMAT}, tool_choice={"type": "function", "name": "f"})

    inner = {"name": "a", "schema": SCHEMA, "strict": True}
    assert {
        "response_format": {"type": "json_schema", "json_schema": inner},
        "tool_choice": {"type": "function", "function": {"name": "f"}},
    } == found.body
    assert () == found.notices


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("transformers", FORMAT),
        ("vllm", {"type": "json_object"}),
        ("ollama", {"type": "json_object"}),
    ],
)
def test_a_form_that_nobody_enforces_is_asked_for(name: str, form: Json) -> None:
    """In the instructions, and that is said."""
    found = fitted(name, text={"format": form}, instructions="Be brief.")

    assert found.body["instructions"].startswith("Be brief.\n\nAnswer with ")
    assert "text" not in found.body
    assert 1 == len(found.notices)


def test_a_background_answer_may_go_unstored_where_nobody_says_otherwise() -> None:
    """An unknown service may keep it all the same, and OpenAI stores unless it is told not to."""
    asked: Json = {"background": True, "store": False}

    assert asked == fitted("unknown", **asked).body
    assert {"background": True} == fitted("openai", background=True).body
    assert {"background": False, "store": False} == fitted(
        "openai", background=False, store=False
    ).body


@pytest.mark.parametrize("name", ["llama.cpp", "local"])
def test_llama_cpp_is_not_sent_what_its_grammar_refuses(name: str) -> None:
    """Nor an empty description; JSON mode has no schema."""
    unsayable = {**SCHEMA, "title": "A", "properties": {"a": {"type": "string", "default": ""}}}
    form: Json = {"type": "json_schema", "name": "a", "schema": unsayable, "description": None}
    sayable = {**SCHEMA, "properties": {"a": {"type": "string"}}}

    found = fitted(name, text={"format": form}).body["response_format"]
    free = fitted(name, text={"format": {"type": "json_object"}}).body["response_format"]

    assert {"type": "json_schema", "json_schema": {"name": "a", "schema": sayable}} == found
    assert {"type": "json_object"} == free


def test_json_mode_has_its_word() -> None:
    """Only where it is nowhere."""
    params: Json = {"model": "m", "text": {"format": {"type": "json_object"}}}
    backend = BACKENDS["openai"]
    bare = prepare({**params, "input": "List primes"}, backend, stream=False)

    assert "Answer in JSON." == json.loads(bare.body)["instructions"]
    assert 1 == len(bare.notices)
    for said in (
        {"input": "List primes as JSON"},
        {"input": [{"role": "user", "content": "as json"}]},
        {"input": [b'{"role":"user","content":"as Json"}']},
        {"input": "List", "instructions": "In JSON."},
    ):
        assert () == prepare({**params, **said}, backend, stream=False).notices


def test_chatgpt_has_its_demands() -> None:
    """They are met without being asked for."""
    body = json.loads(
        response_body({"model": "m", "input": "Hi"}, stream=False, backend=BACKENDS["chatgpt"])
    )

    assert (False, True) == (body["store"], body["stream"])
    assert body["instructions"]
    assert isinstance(body["input"], list)


@EVERY
def test_stream_is_always_said(name: str) -> None:
    """transformers serve streams where it is not."""
    body = response_body({"model": "m", "input": "Hi"}, stream=True, backend=BACKENDS[name])

    assert True is json.loads(body)["stream"]


def test_no_tools_is_what_none_means() -> None:
    """Where the choice is not read."""
    tools = [{"type": "function", "name": "f"}]

    assert {} == fitted("ollama", tools=tools, tool_choice="none").body


def test_the_client_warns() -> None:
    """Of what it drops, in one line."""
    with pytest.warns(CodexWarning, match="OpenRouter does not take it: store") as caught:
        response_body(
            {"model": "m", "input": "Hi", "store": True},
            stream=False,
            backend=BACKENDS["openrouter"],
        )

    assert 1 == len(caught)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("llama.cpp", {"type": "input_file", "file_id": "file-1"}),
        ("ollama", {"type": "input_image", "image_url": "https://h/a.png"}),
        ("local", {"type": "input_image", "image_url": "data:image/png;base64,AA=="}),
    ],
)
def test_what_a_service_cannot_read_is_not_sent(name: str, part: Json) -> None:
    """A file, an address it does not fetch, an image it does not see."""
    given = [{"role": "user", "content": [part]}]

    with pytest.raises(InvalidRequestError, match=BACKENDS[name].title):
        response_body({"model": "m", "input": given}, stream=False, backend=BACKENDS[name])
