"""Slips of a newcomer: each is one line that says what to do, before anything is started or sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codex_magic import local
from tests.fake_service import FakeService
from tests.shells import Shell, connected_shell


@pytest.fixture
def shell(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell that is connected to the service."""
    with connected_shell(service, monkeypatch) as shell:
        yield shell


def test_a_mistyped_name_starts_no_embedded_model(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for 98 MB to read that a variable does not exist."""
    shell.run("other = 1")
    monkeypatch.setattr(local, "_servers", type(local._servers)())  # Other tests leave it running.

    line = shell.fails("%%codex --backend local -v othr\nWhy?")

    assert "othr" in line
    assert not local.running()


def test_a_chat_of_a_name_on_disk_is_told_of(shell: Shell, service: FakeService) -> None:
    """A new one begins, as always; nothing of the old one is sent unasked."""
    shell.run("%%codex --chat plots\nFirst?")
    shell.run("%reload_ext codex_magic")
    shell.run(f"%codex config backend=openai base_url={service.base_url} model=gpt-5.4-mini")

    said = shell.run("%%codex --chat plots\nSecond?")

    assert "First?" not in str(service.requests[-1].context)
    assert "%codex resume" not in shell.run("%%codex --chat plots\nThird?")
    shell.run(said[said.index("%codex resume") : said.index(" goes on with it.")])
    shell.run("%codex ask Fourth?")
    assert "First?" in str(service.requests[-1].context)
    assert "Second?" not in str(service.requests[-1].context)


def test_a_missing_file_says_what_to_name(shell: Shell) -> None:
    """The file, and where such files come from."""
    line = shell.fails("%codex load nowhere.json")

    assert "nowhere.json cannot be read" in line
    assert "%codex save" in line
