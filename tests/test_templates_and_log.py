"""``--template`` and the ``log`` setting."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_magic.templates import filled, template_names
from tests.fake_service import FakeService, error
from tests.shells import Shell, connected_shell
from tests.test_commands import prompts

SECRET = "sk-proj-" + "Qw7Zk3vT9xLm2RfB8nYc4HsJ6dPa5GuE1oViW0tXqKz"


@pytest.fixture
def shell(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell that is connected to the service."""
    with connected_shell(service, monkeypatch) as shell:
        yield shell


@pytest.fixture
def folder(config_folder: Path) -> Path:
    """The folder of templates, with two in it."""
    folder = config_folder / "templates"
    folder.mkdir(parents=True)
    (folder / "review.md").write_text("Review {this} and ${that}:\n\n{{cell}}\n\nBe {brief}.\n")
    (folder / "poem.md").write_text("Write a poem.\n")
    return folder


def test_the_text_is_put_in(shell: Shell, service: FakeService, folder: Path) -> None:
    """In the place of the marker; every other brace is plain text."""
    shell.run("%%codex -q --template review\nx = {'a': 1}\n{y}")

    assert ["Review {this} and ${that}:\n\nx = {'a': 1}\n{y}\n\nBe {brief}."] == prompts(service)


def test_without_a_marker_it_follows(folder: Path) -> None:
    """A template alone is a question, too."""
    assert "Write a poem.\n\nOn spring." == filled("poem", "On spring.\n")
    assert "Write a poem." == filled("poem", "")
    assert ["poem", "review"] == template_names()


def test_a_template_needs_no_text(shell: Shell, service: FakeService, folder: Path) -> None:
    """The template is the question then."""
    shell.run("%codex ask -q --template poem")

    assert ["Write a poem."] == prompts(service)


def test_help_lists_templates(shell: Shell, folder: Path) -> None:
    """Those that there are."""
    assert "  poem, review" in shell.run("%codex help").splitlines()


@pytest.mark.parametrize(
    ("name", "said"),
    [("reviw", "Did you mean review?"), ("x", "Known: poem, review."), ("../x", "no template")],
)
def test_a_missing_template(
    shell: Shell, service: FakeService, folder: Path, name: str, said: str
) -> None:
    """The near one is named; a path is no name; nothing is sent."""
    assert said in shell.fails(f"%codex ask --template {name} Why?")
    assert [] == service.requests


def test_no_templates_at_all(shell: Shell, config_folder: Path) -> None:
    """The line says where they go."""
    assert str(config_folder / "templates") in shell.fails("%codex ask --template x Why?")


def lines(path: Path) -> list[dict[str, Any]]:
    """What a log holds."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_log_holds_requests_and_answers(
    shell: Shell, service: FakeService, tmp_path: Path
) -> None:
    """As they were, without the key and without secrets, for the user alone."""
    path = tmp_path / "logs" / "codex.jsonl"
    shell.run(f"%codex config log={path} redact=False")
    shell.run(f"%codex ask -q Is {SECRET} a key?")
    request, answer = lines(path)

    assert ["request", "answer"] == [request["kind"], answer["kind"]]
    assert "gpt-5.4-mini" == request["body"]["model"]
    assert ("completed", None) == (answer["status"], answer["error"])
    assert "Seen 1 user messages" in json.dumps(answer["body"])
    assert SECRET not in path.read_text()
    assert str(service.api_key) not in path.read_text()
    if sys.platform != "win32":
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_the_log_has_no_bulk(shell: Shell, service: FakeService, tmp_path: Path) -> None:
    """An image is its size and its hash."""
    from PIL import Image

    Image.effect_noise((64, 64), 90).save(tmp_path / "noise.png")
    path = tmp_path / "codex.jsonl"
    shell.run(f"%codex config log={path}")
    shell.run(f"%codex ask -q -i {tmp_path / 'noise.png'} What is it?")

    assert "[data:image/png;base64: " in path.read_text()
    assert "sha256" in path.read_text()
    assert max(map(len, path.read_text().split('"'))) < 2_000


def test_errors_are_in_the_log(shell: Shell, service: FakeService, tmp_path: Path) -> None:
    """With what the service said."""
    path = tmp_path / "codex.jsonl"
    service.enqueue(error(400, "bad", "Not possible."))
    shell.run(f"%codex config log={path}")
    shell.fails("%codex ask Why?")

    assert "Not possible." in lines(path)[-1]["error"]


def test_a_log_that_fails_breaks_nothing(
    shell: Shell, service: FakeService, tmp_path: Path
) -> None:
    """It is said once, and the answer comes."""
    (tmp_path / "file").write_text("")
    shell.run(f"%codex config log={tmp_path / 'file' / 'codex.jsonl'}")
    first, second = shell.run("%codex ask One"), shell.run("%codex ask Two")

    assert "cannot be written" in first
    assert "Seen 1 user messages" in first
    assert "cannot be written" not in second
