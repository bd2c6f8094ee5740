"""The same answer in the shape of every service: one Response, but for what a service lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from codex_magic.api.backends import BACKENDS
from codex_magic.api.items import Json, parse_response
from tests.fake_service.asking import SAY, THINK

from .clients import STREAMS, pieces, read, spoken

REFERENCE = "reasoning_then_text"
# Different in every answer, whoever gives it; items and usage are compared on their own.
OWN = frozenset({"id", "model", "created_at", "completed_at", "output", "usage"})
# llama.cpp says these alone; the rest of a Response is not there.
SPARSE = frozenset(
    {
        *("background", "metadata", "parallel_tool_calls", "reasoning"),
        *("service_tier", "store", "temperature", "text", "tool_choice", "tools", "top_p"),
        "truncation",
    }
)


@dataclass(frozen=True)
class Apart:
    """
    What a service does not have, or has otherwise.

    Attributes:
        fields: Fields of its Response that are not OpenAI's.
        thought: Where its reasoning stands: in a summary, or in the raw content.
        sealed: What its reasoning item carries in place of the seal: nothing, or plain text.
        counts: Whether it counts the tokens of its reasoning; where not, they are 0.
        item: Fields of its items, or of their parts, that are not OpenAI's.
    """

    fields: frozenset[str] = frozenset()
    thought: str = "summary"
    sealed: str | None = "sealed"
    counts: bool = True
    item: frozenset[str] = frozenset()


APART: Mapping[str, Apart] = {
    "azure": Apart(),
    "chatgpt": Apart(frozenset({"instructions", "prompt_cache_key"}), item=frozenset({"phase"})),
    "litellm": Apart(),
    "openrouter": Apart(item=frozenset({"format"})),
    "llama_cpp": Apart(SPARSE, "content", "", False, frozenset({"content"})),
    "lmstudio": Apart(
        frozenset({"background", "reasoning", "service_tier", "store", "text", "truncation"}),
        "content",
        None,
        item=frozenset({"content", "status"}),
    ),
    "ollama": Apart(frozenset({"text"}), sealed="plain", counts=False),
    "transformers": Apart(
        SPARSE - {"tools", "tool_choice"},
        "content",
        None,
        False,
        frozenset({"content", "status", "logprobs"}),
    ),
    "vllm": Apart(frozenset({"store"}), "content", None, item=frozenset({"content"})),
}
SERVICES = sorted(APART)


def answer(name: str) -> Json:
    """Return the final Response of a recorded stream, read in small pieces, as JSON."""
    outcome = read(pieces(STREAMS[name].decode(), 17))
    assert outcome.error is None
    assert outcome.response is not None
    return dict(outcome.response)


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> set[str]:
    """Return the names under which two objects say different things; None is as good as nothing."""
    return {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}


def told(item: Json) -> str:
    """Return the text of an item, wherever it stands in it."""
    return "".join(part["text"] for part in item.get("content") or item.get("summary") or [])


def test_every_service_has_a_stream() -> None:
    """The table has a row for each service that we know by name, and each has its file."""
    files = {"llama.cpp": "llama_cpp", "openai": REFERENCE}
    named = {files.get(name, name) for name in BACKENDS if name != "local"}

    assert named - {REFERENCE, "unknown"} == set(SERVICES)
    assert set(SERVICES) < set(STREAMS)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gives_the_response_that_openai_gives(name: str) -> None:
    """Text, items and all fields are OpenAI's, but for ids and what the table says."""
    expected, found = answer(REFERENCE), answer(name)
    known = set(expected) - OWN

    assert SAY == parse_response(found).output_text == parse_response(expected).output_text
    assert APART[name].fields == differing(expected, found) & known
    assert [i["type"] for i in expected["output"]] == [i["type"] for i in found["output"]]
    assert [told(item) for item in expected["output"]] == [told(item) for item in found["output"]]


@pytest.mark.parametrize("name", SERVICES)
def test_its_items_are_openais_items(name: str) -> None:
    """Each field of each item is as OpenAI's, the thought where the service puts it."""
    expected, found = answer(REFERENCE)["output"], answer(name)["output"]
    apart = APART[name]
    [part], [openais] = (message["content"] for message in (found[1], expected[1]))
    elsewhere = {"summary"} if apart.thought == "content" else set()
    others = differing(expected[0], found[0]) - {"id", "encrypted_content"} - elsewhere
    others |= differing(expected[1], found[1]) - {"id", "content"}

    assert THINK == found[0][apart.thought][0]["text"]
    assert apart.item == others | differing(openais, part)


@pytest.mark.parametrize("name", SERVICES)
def test_its_seal_is_what_the_table_says(name: str) -> None:
    """Only who can read a seal again sends one; Ollama's is the thought itself."""
    sealed = answer(name)["output"][0].get("encrypted_content")

    if APART[name].sealed == "sealed":
        assert sealed.startswith("gAAAA")
    else:
        assert {"plain": THINK, "": "", None: None}[APART[name].sealed] == sealed


@pytest.mark.parametrize("name", SERVICES)
def test_its_usage_is_openais_usage(name: str) -> None:
    """The three counts are the same; the details are, where they are counted at all."""
    expected, found = (parse_response(answer(each)).usage for each in (REFERENCE, name))
    assert expected
    assert found
    thought = expected.output_tokens_details.reasoning_tokens

    assert repr(expected) == repr(found)
    assert expected.input_tokens_details == found.input_tokens_details
    assert (thought if APART[name].counts else 0) == found.output_tokens_details.reasoning_tokens


def test_an_error_and_then_a_failure_are_one_error() -> None:
    """transformers serve says what is wrong twice; what had arrived was shown, and is no answer."""
    found = read(pieces(STREAMS["transformers_failed"].decode(), 17))

    assert found.error is not None
    assert "CUDA out of memory." == found.error[1]
    assert ("Hello, **world**!", None) == (spoken(found.events), found.response)
