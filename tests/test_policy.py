"""What an administrator forbids, every way of asking refuses, in one line, before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_magic.config import Codex
from codex_magic.errors import ConfigError
from codex_magic.policy import CodexPolicy, policy_for
from tests.fake_service import FakeService, text
from tests.kernels import MODEL, clean_environment, environment_of, running_shell
from tests.shells import Shell

BY = "The administrator of this machine"


@pytest.fixture
def ip(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A shell without the extension, whose environment leads to the service."""
    for name, value in environment_of(service).items():
        monkeypatch.setenv(name, value)
    with running_shell() as ip:
        yield ip
        ip.config.pop("CodexPolicy", None)


def loaded(ip: Any, service: FakeService, **policy: Any) -> Shell:
    """Return the shell with the extension, under a policy."""
    ip.config.CodexPolicy.update(policy)
    shell = Shell(ip)
    shell.run("%reload_ext codex_magic")
    ip.run_line_magic("config", f"Codex.model = {MODEL!r}")
    ip.run_line_magic("config", f"Codex.base_url = {service.base_url!r}")
    return shell


def loaded_line(ip: Any, **policy: Any) -> str:
    """Return the one line that a question fails with under a policy."""
    ip.config.CodexPolicy.update(policy)
    shell = Shell(ip)
    shell.run("%reload_ext codex_magic")
    return shell.fails("%%codex\nWhy?")


WAYS = (
    "%%codex\nWhy?",
    "%codex ask Why?",
    "%codex why is that?",
    "%%codex --dry-run\nWhy?",
    "from codex_magic import ask; ask('Why?')",
    "from codex_magic import aask; await aask('Why?')",
    "%codex models",
)


@pytest.mark.parametrize("code", WAYS)
def test_a_service_that_is_not_allowed_is_not_asked(
    ip: Any, service: FakeService, code: str
) -> None:
    """Whatever way leads to it: nothing reaches it, not even the question what it is."""
    shell = loaded(ip, service, allowed_services=["azure", "llm.example.org"])

    line = shell.fails(code)

    assert f"{BY} does not allow" in line
    assert "allowed are azure, llm.example.org." in line
    assert [] == service.requests


def test_a_host_can_be_allowed(ip: Any, service: FakeService) -> None:
    """By its name, whatever kind of service it is."""
    shell = loaded(ip, service, allowed_services=["127.0.0.1"])

    shell.run("%%codex\nWhy?")

    assert service.requests


@pytest.mark.parametrize("code", ["%%codex -m gpt-5.4\nWhy?", "%codex ask -m gpt-5.4 Why?"])
def test_a_model_that_is_not_allowed_is_not_asked(ip: Any, service: FakeService, code: str) -> None:
    """Others are; a pattern stands for a family."""
    shell = loaded(ip, service, allowed_models=["gpt-5.4-*"])

    assert f"{BY} does not allow the model gpt-5.4: allowed are gpt-5.4-*." in shell.fails(code)
    assert [] == service.requests

    shell.run("%%codex\nWhy?")
    assert MODEL == (service.requests[-1].body or {})["model"]


def test_a_default_that_is_not_allowed_has_a_stand_in(ip: Any, service: FakeService) -> None:
    """Nobody named the default: the first model that is allowed answers."""
    shell = loaded(ip, service, allowed_models=["gpt-5.*x", "gpt-5.4"])

    shell.run("%codex config model=gpt-5.1-codex-mini\n")
    shell.run("%%codex\nWhy?")

    assert ["gpt-5.4"] == [
        (r.body or {})["model"] for r in service.requests if r.path == "/v1/responses"
    ]


@pytest.mark.parametrize(
    "code",
    [
        "%%codex -t rows\nWhy?",
        "%%codex -t web_search\nWhy?",
        '%%codex --param tools=[{"type":"web_search"}]\nWhy?',
        "from codex_magic import ask; ask('Why?', tools=[rows])",
        "%%codex --run\nWhy?",
        "%codex fix --run",
    ],
)
def test_tools_can_be_off(ip: Any, service: FakeService, code: str) -> None:
    """Those of the kernel, of the service and of the user, and running what a model wrote."""
    shell = loaded(ip, service, tools=False)
    shell.run("def rows() -> int:\n    return 1")
    ip.run_cell("1/0")

    assert f"{BY} has turned tools off" in shell.fails(code)
    assert [] == [request for request in service.requests if request.path == "/v1/responses"]


def test_redaction_can_be_fixed(ip: Any, service: FakeService) -> None:
    """The setting is on, whatever a user's own file says, and stays on."""
    ip.config.Codex.redact = False
    shell = loaded(ip, service, redact=True)

    assert f"{BY} has set redact: it stays." in shell.fails("%codex config redact=False")
    # IPython logs what goes wrong there; what counts is that the setting stays.
    ip.run_cell("%config Codex.redact = False")
    assert shell.assistant.config.redact is True
    shell.run("%%codex\nIs sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD a key?")

    assert "abcdefghijklmnop" not in str(service.requests[-1].body)
    ip.config.Codex.pop("redact")


def test_the_folder_can_be_fixed(ip: Any, service: FakeService, tmp_path: Path) -> None:
    """Conversations are kept there and nowhere else."""
    shell = loaded(ip, service, data_dir=str(tmp_path / "kept"))

    assert BY in shell.fails("%codex config data_dir=/somewhere")
    shell.run("%%codex\nWhy?")

    assert (tmp_path / "kept" / "conversations.sqlite").is_file()


def test_a_budget_holds_for_each_user(ip: Any, service: FakeService) -> None:
    """When it is used up, nothing is sent, and the line says whom to ask."""
    service.enqueue(text("Yes, because. " * 200))
    shell = loaded(ip, service, budget_tokens=100)
    shell.run("%%codex\nWhy?")
    asked = len(service.requests)

    line = shell.fails("%%codex\nAnd why?")

    assert "This month's budget is used up" in line
    assert "ask the administrator" in line
    assert asked == len(service.requests)


def test_the_embedded_model_can_be_off(ip: Any, service: FakeService) -> None:
    """It neither stands in nor answers where it is named."""
    shell = loaded(ip, service, local=False)

    assert f"{BY} has turned the embedded model off." in shell.fails(
        "%%codex --backend local\nWhy?"
    )
    assert BY in shell.fails("%codex config local=True")


def test_a_key_is_not_taken_for_what_is_not_allowed(ip: Any, service: FakeService) -> None:
    """Nobody types one for nothing."""
    shell = loaded(ip, service, allowed_services=["azure"])

    assert f"{BY} does not allow" in shell.fails("%codex login --backend openrouter")


def test_a_wrong_policy_is_told_of(ip: Any, service: FakeService) -> None:
    """An administrator's slip is no silent permission."""
    assert "c.CodexPolicy in ipython_config.py is wrong: " in loaded_line(ip, tools="perhaps")
    assert [] == service.requests


def test_without_a_shell_the_systems_files_count(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``python -m codex_magic`` and scripts read what IPython would have read."""
    (tmp_path / "ipython_config.py").write_text(
        "c = get_config()\nc.CodexPolicy.allowed_models = ['a-*']\n"
    )
    import IPython.core.application as application

    monkeypatch.setattr(application, "SYSTEM_CONFIG_DIRS", [str(tmp_path), str(tmp_path / "none")])

    assert policy_for(None).allows_model("a-1")
    assert not policy_for(None).allows_model("b-1")


def test_without_a_policy_everything_is_allowed() -> None:
    """As on a machine of one's own."""
    policy, config = CodexPolicy(), Codex()
    policy.hold(config)
    policy.check_tools()
    policy.check_model("any")
    policy.check_service("openai", "https://api.openai.com/v1")
    policy.check_service("local", "")

    config.redact = False

    with pytest.raises(ConfigError):
        CodexPolicy(tools=False).check_tools()


def test_a_terminal_obeys(service: FakeService, tmp_path: Path) -> None:
    """Started as a user would, with a system-wide file that an environment variable leads to."""
    folder = tmp_path / "programdata" / "ipython"
    folder.mkdir(parents=True)
    (folder / "ipython_config.py").write_text(
        "c = get_config()\nc.CodexPolicy.allowed_models = ['a-*']\n"
    )
    script = (
        "import IPython.core.application as a, sys\n"
        f"a.SYSTEM_CONFIG_DIRS = [{str(folder)!r}]\n"
        "from codex_magic.__main__ import main\n"
        "sys.exit(main(['ask', '-m', 'b-1', 'Why?']))"
    )
    environ = {**clean_environment(tmp_path), **environment_of(service)}

    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False
    )

    assert (1, "") == (done.returncode, done.stdout)
    assert f"{BY} does not allow the model b-1" in done.stderr
    assert [] == service.requests
