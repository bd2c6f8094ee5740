"""What an empty panel offers to begin with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from codex_magic.panel.starters import Starter, starters

SHELL = SimpleNamespace(user_ns={}, user_ns_hidden={})


def test_templates_are_offered_behind_what_fits(config_folder: Path) -> None:
    """By their names, and as they are written: what stood at the marker is for the user to write."""
    folder = config_folder / "templates"
    folder.mkdir(parents=True)
    (folder / "review.md").write_text("Review this:\n\n{{cell}}\n")
    (folder / "empty.md").write_text("\n")
    (folder / "broken.md").write_bytes(b"\xff\xfe\xff")

    offered = starters(SHELL, None)

    assert 4 == len(offered)
    assert Starter("Review this:", name="review") == offered[-1]


def test_at_most_three_templates_are_offered(config_folder: Path) -> None:
    """The panel has room for a few; ``--template`` has all of them."""
    folder = config_folder / "templates"
    folder.mkdir(parents=True)
    for name in "abcde":
        (folder / f"{name}.md").write_text(f"Prompt {name}.")

    assert ["a", "b", "c"] == [one.name for one in starters(SHELL, None) if one.name]
