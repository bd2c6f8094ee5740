"""The licences of what we depend on: in SECURITY.md, and none that binds who uses this package."""

from __future__ import annotations

from pathlib import Path

from tests.licences import PERMISSIVE, brought_along, licence_of, named_rows

SECURITY = Path(__file__).parent.parent / "SECURITY.md"


def test_the_table_has_what_is_asked_for_by_name() -> None:
    """Each distribution of the core and of the extras, with its licence, and no other."""
    text = SECURITY.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith(("| core |", "| `["))]

    assert named_rows() == rows, "python -m tests.licences writes it"


def test_every_licence_is_permissive() -> None:
    """Of what is asked for, and of all that it brings along here."""
    found = {name: licence_of(name) for name in brought_along()}

    assert len(found) > 20
    assert {} == {name: said for name, said in found.items() if not PERMISSIVE.search(said)}
