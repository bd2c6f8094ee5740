"""The settings: their defaults as one table, how text becomes a value, and what is no setting."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets import TraitError
from traitlets.config import Config

from codex_magic.config import DEFAULT_MODEL, INSTRUCTIONS, SUCCESSORS, Codex
from codex_magic.errors import ConfigError

# A change here is a decision: it is also one of the README and of DESIGN.
DEFAULTS: dict[str, Any] = {
    "backend": "",
    "base_url": "",
    "budget": 0.0,
    "budget_tokens": 0,
    "context": "none",
    "context_budget": 0,
    "data_dir": "",
    "detail": "auto",
    "effort": "",
    "env_file": "",
    "instructions": INSTRUCTIONS,
    "local": True,
    "log": "",
    "max_retries": 2,
    "mime": "html",
    "model": "gpt-5.1-codex-mini",
    "persist": True,
    "redact": True,
    "rerun": "replace",
    "state": "stateless",
    "store": "auto",
    "store_mb": 512,
    "summary": "auto",
    "timeout": 600.0,
    "verbosity": "",
}


def test_the_defaults() -> None:
    """Every setting has the default that is written above, and there are no others."""
    assert DEFAULTS == {name: value for name, value, _, _ in Codex().rows()}
    assert DEFAULTS == {name: default for name, _, default, _ in Codex().rows()}


def test_every_setting_says_what_it_means() -> None:
    """In one sentence, for %config and for %codex config."""
    meanings = [meaning for _, _, _, meaning in Codex().rows()]

    assert all(meaning.endswith(".") and "\n" not in meaning for meaning in meanings)


def test_a_key_is_no_setting() -> None:
    """%config prints settings, and profiles are shared."""
    # The tokens of that one are counted, and open nothing.
    names = [name for name, _, _, _ in Codex().rows() if name != "budget_tokens"]

    assert not [name for name in names if "key" in name or "token" in name or "secret" in name]
    with pytest.raises(ConfigError, match=r"'api_key' is no setting\. Known: backend, base_url, "):
        Codex().assign("api_key", "sk-1")


def test_the_successors_do_not_include_the_retired_model() -> None:
    """The list is for when it is gone; no name stands there twice."""
    assert DEFAULT_MODEL not in SUCCESSORS
    assert len(SUCCESSORS) == len(set(SUCCESSORS))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("model", "gpt-5.4", "gpt-5.4"),
        ("effort", "high", "high"),
        ("effort", "", ""),
        ("verbosity", "low", "low"),
        ("summary", "OFF", "off"),
        ("state", "conversation", "conversation"),
        ("store", "no", "no"),
        ("max_retries", "0", 0),
        ("timeout", "2.5", 2.5),
        ("timeout", "30", 30.0),
        ("local", "false", False),
        ("local", "1", True),
        ("instructions", "Be brief; don't chat.", "Be brief; don't chat."),
        ("base_url", "http://localhost:8080/v1", "http://localhost:8080/v1"),
    ],
)
def test_text_becomes_a_value(name: str, text: str, expected: Any) -> None:
    """%codex config takes what a person writes."""
    config = Codex()
    config.assign(name, text)

    assert expected == getattr(config, name)
    assert type(expected) is type(getattr(config, name))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("effort", "hgih", "hgih"),
        ("verbosity", "loud", "loud"),
        ("summary", "long", "long"),
        ("state", "chain", "chain"),
        ("store", "maybe", "maybe"),
        ("max_retries", "-1", "-1"),
        ("max_retries", "two", "two"),
        ("timeout", "0", "0"),
        ("timeout", "soon", "soon"),
        ("local", "perhaps", "perhaps"),
        ("modle", "x", "Did you mean model?"),
        ("parent", "x", "'parent' is no setting"),
        ("config", "x", "'config' is no setting"),
    ],
)
def test_what_cannot_be_a_value_is_said(name: str, text: str, said: str) -> None:
    """In one line, with the value in it; the setting stays as it was."""
    config = Codex()

    with pytest.raises(ConfigError) as caught:
        config.assign(name, text)

    message = str(caught.value)
    assert name in message
    assert said in message
    assert "\n" not in message
    assert DEFAULTS == {row[0]: row[1] for row in config.rows()}


def test_a_profile_can_set_everything() -> None:
    """``c.Codex.model = "…"`` in ipython_config.py, and a wrong value is refused there, too."""
    config = Codex(config=Config({"Codex": {"model": "gpt-5.4", "max_retries": 0}}))

    assert ("gpt-5.4", 0) == (config.model, config.max_retries)
    with pytest.raises(TraitError):
        Codex(config=Config({"Codex": {"state": "chain"}}))


def test_rows_tell_what_was_changed() -> None:
    """A value stands beside its default."""
    config = Codex()
    config.assign("model", "gpt-5.4")
    row = next(row for row in config.rows() if row[0] == "model")

    assert ("gpt-5.4", DEFAULT_MODEL) == row[1:3]
