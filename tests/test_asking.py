"""Options and settings become the fields of a request."""

from __future__ import annotations

from typing import Any

import pytest

from codex_magic.asking import Options, parameters, store_for, unasked, with_tools
from codex_magic.config import INSTRUCTIONS, Codex
from codex_magic.conversation.tool_finding import tools_for
from codex_magic.conversation.turns import State
from codex_magic.errors import ConfigError

ALL = {"instructions", "reasoning.summary", "text.verbosity", "include", "store"}


def test_little_is_sent_unless_asked_for() -> None:
    """By default a request carries instructions, and asks for a summary of the reasoning."""
    expected = {"instructions": INSTRUCTIONS, "reasoning": {"summary": "auto"}}

    assert expected == parameters(Options(), Codex())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(effort="low"), {"reasoning": {"effort": "low", "summary": "auto"}}),
        (Options(summary="detailed"), {"reasoning": {"summary": "detailed"}}),
        (Options(summary="off"), {"reasoning": None}),
        (Options(summary="off", effort="none"), {"reasoning": {"effort": "none"}}),
        (Options(verbosity="low"), {"text": {"verbosity": "low"}}),
        (Options(max_output_tokens=0), {"max_output_tokens": 0}),
        (Options(temperature=0.0, top_p=0.0), {"temperature": 0.0, "top_p": 0.0}),
        (Options(service_tier="flex"), {"service_tier": "flex"}),
        (Options(instructions="Be brief."), {"instructions": "Be brief."}),
        (Options(param={"truncation": "auto"}), {"truncation": "auto"}),
        (
            Options(param={"reasoning": {"context": "auto"}}),
            {"reasoning": {"summary": "auto", "context": "auto"}},
        ),
        (Options(param={"reasoning": None}), {"reasoning": None}),
        (
            Options(verbosity="low", param={"text": {"format": {"type": "text"}}}),
            {"text": {"verbosity": "low", "format": {"type": "text"}}},
        ),
        (Options(temperature=0.5, param={"temperature": 1}), {"temperature": 1}),
    ],
)
def test_options_become_fields(options: Options, expected: dict[str, Any]) -> None:
    """Each under the API's name; --param has the last word, and objects are merged."""
    found = parameters(options, Codex())

    assert expected == {name: found.get(name) for name in expected}


def test_an_option_goes_before_a_setting() -> None:
    """What a cell says, holds for it."""
    config = Codex(effort="high", verbosity="high", summary="concise", instructions="Mine.")
    configured = parameters(Options(), config)
    found = parameters(Options(effort="low", verbosity="low", summary="off"), config)

    assert {"effort": "high", "summary": "concise"} == configured["reasoning"]
    assert ({"verbosity": "high"}, "Mine.") == (configured["text"], configured["instructions"])
    assert ({"effort": "low"}, {"verbosity": "low"}) == (found["reasoning"], found["text"])


def test_no_instructions_are_none() -> None:
    """An empty setting sends nothing."""
    assert "instructions" not in parameters(Options(), Codex(instructions=""))


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (Options(), set()),
        (Options(summary="auto"), {"reasoning.summary"}),
        (Options(verbosity="low"), {"text.verbosity"}),
        (Options(store=False), {"store"}),
        (Options(store=True), {"store"}),
        (Options(param={"include": []}), {"include"}),
        (Options(param={"reasoning": {"summary": "auto"}}), {"reasoning.summary"}),
        (Options(param={"reasoning": {"effort": "low"}}), set()),
        (Options(param={"text": {"verbosity": "low"}}), {"text.verbosity"}),
        (Options(param={"text": {"format": {}}}), set()),
        (Options(param={"reasoning": None}), set()),
    ],
)
def test_what_nobody_asked_for_may_go(options: Options, asked: set[str]) -> None:
    """What the user asked for is never left out in silence; the rest is ours to leave out."""
    assert ALL - asked == unasked(options)


@pytest.mark.parametrize("state", ["stateless", "previous_response_id", "conversation"])
@pytest.mark.parametrize("setting", ["auto", "yes", "no"])
@pytest.mark.parametrize("option", [None, True, False])
def test_store(state: State, setting: str, option: bool | None) -> None:
    """The option goes before the setting; a mode that needs the service's memory refuses to do without."""
    wanted = {"auto": None, "yes": True, "no": False}[setting] if option is None else option
    if wanted is False and state != "stateless":
        with pytest.raises(ConfigError, match=f"--state {state} exclude each other"):
            store_for(Options(store=option), Codex(store=setting), state)
    else:
        assert wanted is store_for(Options(store=option), Codex(store=setting), state)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "chain"}, "There is no state 'chain'. Known: stateless, "),
        ({"timeout": 0}, "--timeout 0: seconds are more than 0."),
        ({"timeout": -5.0}, "--timeout -5: "),
        ({"timeout": float("nan")}, "--timeout nan: "),
        ({"param": {"store": True}}, "--param store: use --store or --no-store instead."),
        ({"param": {"model": "x"}}, "use --model instead."),
        ({"param": {"input": []}}, "use the prompt instead."),
        ({"param": {"previous_response_id": "resp_1"}}, "use --state previous_response_id"),
        ({"param": {"conversation": "conv_1"}}, "use --state conversation instead."),
    ],
)
def test_what_cannot_be_asked_for(given: dict[str, Any], said: str) -> None:
    """Also in Python, where no parser looks, nothing is ignored in silence."""
    with pytest.raises(ConfigError) as caught:
        Options(**given)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("add", {"type": "function", "name": "add"}),
        ("web_search", {"type": "web_search"}),
        ("example", {"type": "mcp", "server_label": "example"}),
    ],
)
def test_a_tool_is_chosen(choice: str | None, expected: Any) -> None:
    """By its name, as the API writes it; tools of --param stay."""
    box = tools_for([add, "web_search", "mcp:https://mcp.example.com"], {})
    own = {"type": "custom", "name": "mine"}

    found = with_tools({"tools": [own]}, box, choice)

    assert expected == found.get("tool_choice")
    assert ["custom", "function", "web_search", "mcp"] == [t["type"] for t in found["tools"]]


def test_a_choice_needs_its_tool() -> None:
    """Else the service would refuse it, or ignore it."""
    with pytest.raises(ConfigError, match="no such tool was named"):
        with_tools({}, tools_for([add], {}), "sub")
    with pytest.raises(ConfigError, match="there are no tools"):
        with_tools({}, tools_for([], {}), "required")
    with pytest.raises(ConfigError, match="one round at least"):
        Options(max_rounds=0)


def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b
