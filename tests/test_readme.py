"""The README says what the code does: its tables are made from the code's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codex_magic.commands import COMMANDS
from codex_magic.config import Codex
from codex_magic.options import OPTIONS

README = Path(__file__).parent.parent / "README.md"


def options_table() -> str:
    """Return the table of options, as the README has it."""
    rows = ["| option | meaning |", "|---|---|"]
    for option in OPTIONS:
        flags = ", ".join(option.flags)
        choices = f": {', '.join(option.choices)}" if option.choices else ""
        rows.append(f"| `{flags} {option.metavar}".rstrip() + f"` | {option.help}{choices} |")
    return "\n".join(rows)


def commands_table() -> str:
    """Return the table of commands, as the README has it."""
    rows = ["| command | meaning |", "|---|---|"]
    for command in COMMANDS.values():
        form, _, meaning = str(command.__doc__).partition(": ")
        rows.append(f"| `{form}` | {meaning} |")
    return "\n".join(rows)


def settings_table() -> str:
    """Return the table of settings, as the README has it."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, _, default, meaning in Codex().rows():
        rows.append(f"| `{name}` | `{default!r}` | {meaning} |")
    return "\n".join(rows)


TABLES = {"options": options_table, "commands": commands_table, "settings": settings_table}


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_the_codes_own(name: str) -> None:
    """A new option, command or setting is in the README, or this fails."""
    found = re.search(rf"<!-- {name}: .*? -->\n(.*?)\n?<!-- end -->", README.read_text(), re.S)

    assert found is not None
    assert TABLES[name]() == found[1].strip()


def update() -> None:
    """Write the tables into the README: ``python -m tests.test_readme``."""
    text = README.read_text()
    for name, table in TABLES.items():
        pattern = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end -->)", re.S)
        made = table().replace("\\", r"\\")
        text = pattern.sub(rf"\g<1>{made}\n\g<2>", text)
    README.write_text(text)


if __name__ == "__main__":
    update()
