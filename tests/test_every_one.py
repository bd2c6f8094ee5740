"""Every option and every command, run once for real: a new one without a line here fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from codex_magic.commands import COMMANDS
from codex_magic.options import OPTIONS
from tests.fake_service import Answer, FakeService, function_call, text
from tests.fake_service.errors import Json
from tests.shells import Shell, connected_shell

Seen = Callable[[Json], object]
CODE = text("```python\ntotal = 1 + 1\n```")

# What each option stands in, and what the request has then; None where it is no part of it.
LINES: dict[str, tuple[str, Seen | None]] = {
    "--model": ("-m gpt-5.1", lambda body: body["model"] == "gpt-5.1"),
    "--backend": ("--backend mine", None),
    "--effort": ("-e low", lambda body: body["reasoning"]["effort"] == "low"),
    "--summary": ("--summary off", lambda body: "summary" not in body.get("reasoning", {})),
    "--verbosity": ("--verbosity low", lambda body: body["text"]["verbosity"] == "low"),
    "--max-output-tokens": ("--max-output-tokens 99", lambda b: b["max_output_tokens"] == 99),
    "--temperature": ("-m gpt-4.1 --temperature 0.5", lambda b: b["temperature"] == 0.5),
    "--top-p": ("-m gpt-4.1 --top-p 0.5", lambda body: body["top_p"] == 0.5),
    "--service-tier": ("--service-tier flex", lambda body: body["service_tier"] == "flex"),
    "--timeout": ("--timeout 30", None),
    "--param": ("--param truncation=auto", lambda body: body["truncation"] == "auto"),
    "--instructions": ("--instructions Short", lambda body: body["instructions"] == "Short"),
    "--template": ("--template poem", lambda body: "Write a poem" in str(body["input"])),
    "--cells": ("-c -1", lambda body: "number = 41" in str(body["input"])),
    "--no-outputs": ("-c -1 --no-outputs", lambda body: "number = 41" in str(body["input"])),
    "--var": ("-v number", lambda body: "41" in str(body["input"])),
    "--fig": ("-f image", lambda body: "input_image" in str(body["input"])),
    "--image": ("-i image", lambda body: "input_image" in str(body["input"])),
    "--detail": ("-i image --detail low", lambda body: "'low'" in str(body["input"])),
    "--file": ("--file notes.txt", lambda body: "Of the file" in str(body["input"])),
    "--error": ("--error", lambda body: "ZeroDivisionError" in str(body["input"])),
    "--locals": ("--locals", lambda body: "ZeroDivisionError" in str(body["input"])),
    "--context": ("--context recent", lambda body: "number = 41" in str(body["input"])),
    "--new": ("-n", None),
    "--chat": ("--chat other", None),
    "--once": ("--once", None),
    "--state": ("--state previous_response_id", lambda body: body["store"] is True),
    "--store": ("--store", lambda body: body["store"] is True),
    "--no-store": ("--no-store", lambda body: body["store"] is False),
    "--keep": ("--keep", None),
    "--code": ("--code", lambda body: "code" in body["instructions"]),
    "--replace": ("--replace", lambda body: "code" in body["instructions"]),
    "--run": ("--run", lambda body: "code" in body["instructions"]),
    "--schema": ("--schema form", lambda b: b["text"]["format"]["type"] == "json_schema"),
    "--json": ("--json", lambda body: body["text"]["format"]["type"] == "json_object"),
    "--out": ("-o answer", None),
    "--quiet": ("-q", None),
    "--raw": ("--raw", None),
    "--tools": ("-t add --yes", lambda body: body["tools"][0]["name"] == "add"),
    "--tool-choice": ("-t add --yes --tool-choice none", lambda b: b["tool_choice"] == "none"),
    "--max-rounds": ("-t add --yes --max-rounds 2", lambda body: bool(body["tools"])),
    "--yes": ("-t add --yes", lambda body: bool(body["tools"])),
    "--background": ("--background", lambda body: body["background"] is True),
    "--debug": ("--debug", None),
}
# What asks nothing.
SILENT = {"--dry-run": "--dry-run"}
# Answers that some of them need.
ANSWERS: dict[str, Sequence[Answer]] = {
    **dict.fromkeys(("--code", "--replace", "--run"), (CODE,)),
    **dict.fromkeys(("--schema", "--json"), (text('{"a": 1}'),)),
    **dict.fromkeys(("--tools", "--max-rounds", "--yes"), (function_call("add", a=1), text("2"))),
}
BEFORE = """
form = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
def add(a: int) -> int:
    "Add one."
    return a + 1
from PIL import Image
image = Image.effect_noise((8, 8), 90)
"""

# What each command is run with; those of other front ends are told so in one line.
COMMAND_LINES: dict[str, str] = {
    "ask": "ask Why?",
    "show": "show",
    "retry": "retry",
    "continue": "ask Why?",
    "edit": "edit 1 -e low Why not?",
    "fix": "fix",
    "explain": "explain",
    "new": "new other",
    "chats": "chats",
    "switch": "switch main",
    "history": "history -n 1",
    "undo": "undo",
    "hide": "hide 1",
    "pin": "pin 1",
    "fork": "fork copy",
    "compact": "compact",
    "delete": "delete main",
    "resume": "resume main",
    "save": "save said.json",
    "load": "load said.json",
    "export": "export said.md",
    "tools": "tools",
    "transcript": "transcript",
    "jobs": "jobs",
    "models": "models",
    "backend": "backend",
    "status": "status",
    "config": "config",
    "usage": "usage",
    "help": "help jobs",
}
# These need somebody who is not there, and say so.
REFUSED = {"cancel": "cancel", "continue": "continue", "panel": "panel", "connect": "connect"}
ELSEWHERE = ("login", "logout", "doctor")


@pytest.fixture
def shell(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config_folder: Path
) -> Iterator[Shell]:
    """A shell where something was said, shown and broken."""
    monkeypatch.chdir(tmp_path)
    (config_folder / "templates").mkdir(parents=True)
    (config_folder / "templates" / "poem.md").write_text("Write a poem.")
    Path("notes.txt").write_text("Of the file.")
    with connected_shell(service, monkeypatch) as shell:
        monkeypatch.setenv("MINE_KEY", str(service.api_key))
        shell.run(f"%codex backend add mine {service.base_url} --key-env MINE_KEY")
        shell.run(BEFORE)
        shell.run("%codex ask -q First?")
        shell.run("%codex save said.json\n%codex save second.json")
        Path("second.json").unlink()
        shell.ip.run_cell("1 / 0")
        shell.run("number = 41")
        yield shell


def test_every_option_has_a_line() -> None:
    """An option that is new has to be run here."""
    assert {option.flags[-1] for option in OPTIONS} == {*LINES, *SILENT}


def test_every_command_has_a_line() -> None:
    """A command that is new has to be run here, or in a test of its own."""
    assert set() == {*COMMANDS} - {*COMMAND_LINES, *REFUSED, *ELSEWHERE}


@pytest.mark.parametrize("name", [*LINES, *SILENT])
def test_an_option_works(shell: Shell, service: FakeService, name: str) -> None:
    """It is taken, and the request has what it asks for."""
    line, seen = LINES.get(name, (SILENT.get(name, ""), None))
    before = len(service.requests)
    service.enqueue(*ANSWERS.get(name, ()))
    # A model that takes no reasoning is asked for none.
    if "gpt-4.1" in line:
        service.plain_models.discard("gpt-4.1")
    shell.run(f"%%codex {line}\nWhy {name}?")
    asked = [r for r in service.requests[before:] if r.path == "/v1/responses"]

    if name in SILENT:
        assert [] == asked
        return
    assert asked
    body = asked[0].body or {}
    assert seen is None or seen(body), body


@pytest.mark.parametrize("name", COMMAND_LINES)
def test_a_command_works(shell: Shell, service: FakeService, name: str) -> None:
    """It does something, and fails nothing."""
    if name in ("save", "load"):
        Path("said.json").rename("other.json")
    line = COMMAND_LINES[name].replace("load said", "load other")

    assert shell.run(f"%codex {line}") is not None


@pytest.mark.parametrize("name", REFUSED)
def test_a_command_says_what_is_missing(shell: Shell, name: str) -> None:
    """In one line."""
    assert "Error: " in shell.fails(f"%codex {REFUSED[name]}")
