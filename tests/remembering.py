"""Kernels that keep what is said in one place, and what is there: what tests of memory share."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from codex_magic.conversation.saved import load
from codex_magic.conversation.turns import Turn
from tests.fake_service import FakeService
from tests.fake_service.summary import words
from tests.kernels import Executed, Kernel, running_kernel


def started(folder: Path, data_folder: Path) -> AbstractContextManager[Kernel]:
    """Another kernel that keeps what is said where the others do."""
    return running_kernel(folder, {"CODEX_MAGIC_DATA_DIR": str(data_folder)})


def seen(service: FakeService) -> list[str]:
    """What the model saw of both sides at the last question."""
    return [words(item) for item in service.requests[-1].context if item.get("role")]


def turns(kernel: Kernel) -> tuple[Turn, ...]:
    """The turns of the kernel's conversation."""
    saved = kernel.run("%codex save turns.json --force")
    assert "ok" == saved.status, saved.traceback
    return load(kernel.folder / "work" / "turns.json").turns


def prompts(kernel: Kernel) -> list[str]:
    """What was asked in the kernel's conversation."""
    return [turn.prompt for turn in turns(kernel)]


def line(executed: Executed) -> str:
    """The one line that a command said."""
    assert "ok" == executed.status, executed.traceback
    assert 1 == executed.stdout.count("\n"), executed.stdout
    assert ("", []) == (executed.stderr, executed.displays)
    return executed.stdout.strip()


def assert_sound(data_folder: Path) -> None:
    """SQLite finds no fault in the store."""
    connection = sqlite3.connect(data_folder / "conversations.sqlite")
    try:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
    finally:
        connection.close()
