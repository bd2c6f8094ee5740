"""``%codex doctor``: what is there, what is missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from .assistant import Assistant
from .command_words import words
from .display.tables import show_table
from .doctor import Check, announcement, examine, is_well
from .errors import ConfigError

MARKS = {"ok": "ok", "warning": "warning", "problem": "PROBLEM"}


def doctor(assistant: Assistant, rest: str) -> None:
    """doctor [--backend NAME] [--ask]: check what is needed; --ask also asks for a few words"""
    found = words(rest)
    ask = "--ask" in found
    backend = None
    if ask:
        found.remove("--ask")
    if found[:1] == ["--backend"] and len(found) == 2:
        backend, found = found[1], []
    if found:
        raise ConfigError("%codex doctor takes --backend NAME and --ask, and nothing else.")
    print(announcement(assistant, backend=backend, ask=ask))
    checks = list(examine(assistant, backend=backend, ask=ask))
    show_table(assistant.shell, rows_of(checks), title=verdict(checks))


def rows_of(checks: list[Check]) -> list[tuple[str, ...]]:
    """Return the rows that checks are shown in."""
    return [
        (MARKS[check.state], check.name, " ".join(filter(None, (check.found, _next(check)))))
        for check in checks
    ]


def verdict(checks: list[Check]) -> str:
    """Return what all checks come to, in one line."""
    if not is_well(checks):
        return "Something is missing: see the lines that say PROBLEM."
    return "All that is needed is there."


COMMANDS: dict[str, Callable[[Assistant, str], None]] = {"doctor": doctor}


def _next(check: Check) -> str:
    return f"→ {check.action}" if check.action else ""
