"""Commands in the panel's input."""

from __future__ import annotations

import pytest

from codex_magic.commands import COMMANDS
from codex_magic.errors import ConfigError
from codex_magic.panel.slash import commands_of, said
from tests.fake_service import FakeService
from tests.shells import connected_shell


def test_what_a_panel_can_answer_is_offered(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All commands but those that open a view or ask for a line of input; without magics, none."""
    with connected_shell(service, monkeypatch) as shell:
        offered = commands_of(shell.ip)

    assert {"login", "logout", "panel", "connect"} == {*COMMANDS} - {*offered}
    assert {} == commands_of(None)


def test_what_nobody_could_answer_is_refused(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They ask for a line of input, or open a view; nothing is asked for them."""
    with connected_shell(service, monkeypatch) as shell:
        for command in ("login", "ask --run Plot it.", "edit 1 --run Plot it."):
            with pytest.raises(ConfigError, match=f"/{command.split()[0]} is for cells"):
                said(shell.ip, command)

    assert [] == service.requests
