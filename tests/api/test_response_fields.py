"""The fields of a response that repeat what was asked, and how a service understood it."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from codex_magic.api.items import (
    Json,
    Reasoning,
    Response,
    TextConfig,
    parse_response,
    to_json,
)

FULL: Json = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1.0,
    "completed_at": 2.0,
    "status": "incomplete",
    "error": {"code": "server_error", "message": "No.", "param": None},
    "incomplete_details": {"reason": "max_output_tokens"},
    "output": [],
    "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "cost": 0.5},
    "model": "m",
    "instructions": "Be brief.",
    "previous_response_id": "resp_0",
    "conversation": {"id": "conv_1"},
    "reasoning": {"effort": "low", "summary": None, "context": "all_turns"},
    "text": {"format": {"type": "text"}, "verbosity": "low"},
    "tools": [{"type": "web_search"}],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "max_tool_calls": 3,
    "max_output_tokens": 16,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_logprobs": 0,
    "truncation": "disabled",
    "store": False,
    "background": False,
    "service_tier": "default",
    "user": "u",
    "safety_identifier": "s",
    "metadata": {"a": "b"},
    "prompt": {"id": "pmpt_1"},
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
    "prompt_cache_retention": "24h",
    "prompt_cache_diagnostics": {"type": "cache_hit"},
    "input_transformations": [{"id": "rs_1", "type": "reasoning", "action": "removed"}],
    "moderation": {"input": {"flagged": False}},
    "tool_usage": {"web_search": {"num_requests": 1}},
    "image": {"context_compression": "enabled"},
    "access_programs": {"cyber": "standard"},
}


def test_every_documented_field_is_there() -> None:
    """Each has its value as an attribute, and a field that nobody knows is carried beside them."""
    whole = parse_response({**FULL, "new": [1]})

    assert FULL == {name: to_json(getattr(whole, name)) for name in FULL}
    assert {**FULL, "new": [1]} == whole.to_dict()


@pytest.mark.parametrize("name", sorted(FULL.keys() - {"id", "object", "output", "model"}))
def test_a_field_may_be_missing(name: str) -> None:
    """A terse service leaves it out, another sends null: it is None in both cases."""
    missing = parse_response({field: value for field, value in FULL.items() if field != name})
    null = parse_response({**FULL, name: None})

    assert (None, None) == (getattr(missing, name), getattr(null, name))


def test_settings_are_typed() -> None:
    """As they were when they were sent."""
    whole = parse_response(FULL)

    assert Reasoning("low") == whole.reasoning
    assert TextConfig({"type": "text"}, "low") == whole.text


def test_reasons_and_conversations_can_be_read_in_both_ways() -> None:
    """Code for the official SDK reads attributes, code for the JSON reads members."""
    whole: Any = parse_response(FULL)

    assert "max_output_tokens" == whole.incomplete_details.reason
    assert "max_output_tokens" == whole.incomplete_details["reason"]
    assert "conv_1" == whole.conversation.id
    assert {"id": "conv_1"} == whole.conversation
    assert not hasattr(whole.conversation, "name")


def test_a_response_can_be_copied_and_stored() -> None:
    """By Python's own means, as results in a notebook are."""
    whole = parse_response(FULL)

    assert whole == copy.deepcopy(whole)
    assert FULL == pickle.loads(pickle.dumps(whole)).to_dict()
    assert FULL == json.loads(json.dumps(whole.to_dict()))


def test_a_response_is_shown_in_short() -> None:
    """What one looks for, and none of what one has asked oneself."""
    shown = repr(parse_response(FULL))

    assert (
        "Response(id='resp_1', model='m', status='incomplete', "
        "usage=Usage(input_tokens=1, output_tokens=2, total_tokens=3), "
        "error=ResponseError(code='server_error', message='No.'))"
    ) == shown


def test_nothing_shows_itself_as_markdown() -> None:
    """What a model writes is shown by the notebook side alone, where it is made safe."""
    assert not hasattr(Response, "_repr_markdown_")
    assert not hasattr(Response, "_repr_html_")


@pytest.mark.parametrize("odd", ["conv_1", 3, ["x"]], ids=repr)
def test_an_odd_setting_is_carried(odd: Any) -> None:
    """A service that sends something else there still has its answer read."""
    names = ("incomplete_details", "conversation", "reasoning", "text")
    whole = parse_response({**FULL, **dict.fromkeys(names, odd)})

    assert [odd] * 4 == [getattr(whole, name) for name in names]
