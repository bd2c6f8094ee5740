"""``%codex models`` and ``%codex backend``: who can answer, and services of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_magic import local
from codex_magic.model_facts import efforts_of
from tests.fake_service import FakeService
from tests.shells import Shell, connected_shell

KEY = "sk-own-0123456789abcdef"


@pytest.fixture
def shell(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell that is connected to the service."""
    with connected_shell(service, monkeypatch) as shell:
        yield shell


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """A service of the user's, whose key is in a variable of its own."""
    monkeypatch.setenv("OWN_KEY", KEY)
    with FakeService("vllm", api_key=KEY) as service:
        yield service


def test_models_are_those_of_the_service(shell: Shell, service: FakeService) -> None:
    """With their last day, efforts and images; the current one is marked."""
    shown = shell.run("%codex models")
    lines = {line[3:].split()[0]: line for line in shown.splitlines()[2:]}

    assert set(service.models) == set(lines)
    assert "2027-04-01" in lines["gpt-5.1"]
    assert ("*", " ") == (lines["gpt-5.4-mini"][0], lines["gpt-5.1"][0])
    assert "none low medium high xhigh" in lines["gpt-5.4-mini"]
    assert " yes" in lines["gpt-5.4-mini"]
    assert ["/v1/models"] == [request.path for request in service.requests]


def test_models_can_be_looked_for(shell: Shell, service: FakeService) -> None:
    """A word leaves those that have it in their names; none says so."""
    shown = shell.run("%codex models luna").splitlines()[2:]

    assert ["gpt-5.6-luna", "gpt-6-luna"] == [line.split()[0] for line in shown]
    assert "no model 'sun'" in shell.run("%codex models sun")


def test_a_retired_default_is_named(shell: Shell, service: FakeService) -> None:
    """The default that the service no longer has is not hidden."""
    shell.run("%codex config model=gpt-5.1-codex-mini")

    assert "The default model 'gpt-5.1-codex-mini' is not among them." in shell.run("%codex models")


def test_a_wrong_key_says_how_to_type_another(shell: Shell, service: FakeService) -> None:
    """As a question's error does."""
    service.api_key = "sk-another-0123456789abcdef"

    assert "To type another key: %codex login." in shell.fails("%codex models")


def test_a_past_day_says_gone(shell: Shell, service: FakeService) -> None:
    """A model that the service lists beyond its last day."""
    service.models["gpt-5.1"]["shutdown_date"] = "2020-01-02"

    assert "2020-01-02: gone" in shell.run("%codex models")


def test_the_embedded_model_is_not_started_for_a_list(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is fetched, and nothing runs, because somebody looked."""
    shell.run("%codex config backend=local base_url= model=gpt-5.1-codex-mini")

    assert local.MODEL_NAME in shell.run("%codex models")


@pytest.mark.parametrize(
    ("model", "levels"),
    [
        ("gpt-6-astra", "low medium high xhigh max"),
        ("gpt-6.1-sol", "low medium high xhigh max"),
        ("gpt-6-luna", "none low medium high xhigh max"),
        ("gpt-5.6-terra", "none low medium high xhigh max"),
        ("gpt-5.4-mini", "none low medium high xhigh"),
        ("gpt-5.3-codex", "low medium high xhigh"),
        ("gpt-5.1-codex-mini", "low medium high"),
        ("gpt-5.1", "none low medium high"),
        ("gpt-5-pro", "high"),
        ("gpt-5", "minimal low medium high"),
        ("gpt-4.1", ""),
    ],
)
def test_efforts(model: str, levels: str) -> None:
    """As OpenAI documents them; what is unknown is empty."""
    assert tuple(levels.split()) == efforts_of(model)


def test_an_own_service_is_kept_and_used(
    shell: Shell, own: FakeService, config_folder: Path
) -> None:
    """Its address and the name of its variable are in a file; the key is not, and goes there alone."""
    said = shell.run(f"%codex backend add mine {own.base_url} --key-env OWN_KEY")
    shell.run("%codex ask -q --backend mine Why?")
    shell.run("%codex backend mine")
    shell.run("%codex ask -q Again?")

    kept = (config_folder / "backends.json").read_text()
    assert {"mine": {"url": own.base_url, "key_env": "OWN_KEY"}} == json.loads(kept)
    assert "--backend mine" in said
    assert ["/v1/responses"] * 2 == [each.path for each in own.requests]
    assert f"Bearer {KEY}" == own.requests[-1].headers["authorization"]


def test_the_list_of_services(shell: Shell, own: FakeService, service: FakeService) -> None:
    """Known ones and one's own, where their keys are, and which one is used; no key is shown."""
    shell.run(f"%codex backend add mine {own.base_url} --key-env OWN_KEY")
    listed = shell.run("%codex backend")

    assert all(name in listed for name in ("openai", "azure", "llama.cpp", "mine", "OWN_KEY"))
    assert KEY not in listed
    assert str(service.api_key) not in listed
    [current] = [line for line in listed.splitlines() if line.startswith("*")]
    assert "openai" in current


def test_a_service_is_chosen_by_name(shell: Shell, own: FakeService) -> None:
    """The address that was set by hand gives way, and a line says so; auto finds one again."""
    shell.run(f"%codex backend add mine {own.base_url} --key-env OWN_KEY")
    said = shell.run("%codex backend mine")
    chosen = shell.assistant.config.backend
    shell.run("%codex backend auto")

    assert "base_url is empty now" in said
    assert own.base_url in said
    assert ("mine", "") == (chosen, shell.assistant.config.backend)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("opnai", "Did you mean openai?"),
        ("wibble", "Known: "),
        ("one two", "one name"),
        ("add", "a name and an address"),
        ("add openai https://x.example/v1", "known service"),
        ("add mine nowhere", "no address"),
        ("add mine https://x.example/v1?key=sk-secret-1", "no key"),
        ("add mine https://me:sk-secret-1@x.example/v1", "no key"),
        ("add mine https://x.example/v1 --key-env sk-secret-1", "not a key"),
        ("add mine https://x.example/v1 --key-env", "needs a value"),
        ("add 1x https://x.example/v1", "no name"),
    ],
)
def test_a_slip_is_one_line(shell: Shell, config_folder: Path, words: str, said: str) -> None:
    """Nothing is kept, and what may be a key is not repeated."""
    line = shell.fails(f"%codex backend {words}")

    assert said in line
    assert "sk-secret-1" not in line
    assert not (config_folder / "backends.json").exists()


def test_a_missing_key_names_its_variable(shell: Shell) -> None:
    """The next step is to set it."""
    shell.run("%codex backend add mine https://x.example/v1 --key-env NOT_SET_HERE")

    assert "Set NOT_SET_HERE" in shell.fails("%codex ask --backend mine Why?")
    assert "Set NOT_SET_HERE" in shell.fails("%codex backend mine")


def test_a_broken_file_says_which(shell: Shell, config_folder: Path) -> None:
    """A file that was edited by hand and is no JSON is named."""
    config_folder.mkdir()
    (config_folder / "backends.json").write_text("{")

    assert "backends.json" in shell.fails("%codex backend")
