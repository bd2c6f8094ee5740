"""Commands in the panel's input."""

from __future__ import annotations

from codex_magic.commands import COMMANDS
from codex_magic.panel.slash import NAMES


def test_what_is_offered_is_a_command() -> None:
    """Nothing is offered behind a stroke that `%codex` does not know."""
    assert set(NAMES) <= set(COMMANDS)
