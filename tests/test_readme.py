"""The README says what the code does: its tables are made from the code's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from codex_magic.commands import COMMANDS
from codex_magic.config import Codex
from codex_magic.memory import DATA_VARIABLE
from codex_magic.options import OPTIONS
from codex_magic.policy import CodexPolicy

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


def policy_table() -> str:
    """Return the table of what an administrator sets, as the administrators' page has it."""
    rows = ["| `c.CodexPolicy.…` | default | meaning |", "|---|---|---|"]
    for name, trait in sorted(CodexPolicy.class_traits(config=True).items()):
        rows.append(f"| `{name}` | `{getattr(CodexPolicy(), name)!r}` | {trait.help} |")
    return "\n".join(rows)


TABLES = {
    "options": options_table,
    "commands": commands_table,
    "settings": settings_table,
    "policy": policy_table,
}
# Where a table is, if that is not the README.
PLACES = {"policy": README.parent / "notebooks" / "administrators.md"}


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_the_codes_own(name: str) -> None:
    """A new option, command or setting is in the README, or this fails."""
    text = PLACES.get(name, README).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name}: .*? -->\n(.*?)\n?<!-- end -->", text, re.S)

    assert found is not None
    assert TABLES[name]() == found[1].strip()


def test_its_links_lead_somewhere() -> None:
    """Files of the repository, and headings of the README itself."""
    text = README.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    headings = {
        re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }

    for target in targets:
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (README.parent / target).exists(), target


def test_it_names_the_folders_that_things_are_kept_in() -> None:
    """Where conversations and the model are, on each system, as platformdirs has it."""
    text = README.read_text(encoding="utf-8")
    home = str(Path.home())

    for system in (Unix, MacOS):
        places = system("codex_magic", appauthor=False)
        with_home = (places.user_data_dir, places.user_cache_dir)
        for place in with_home:
            assert f"`{place.replace(home, '~')}`" in text
    assert "conversations.sqlite" in text
    assert DATA_VARIABLE in text


def test_its_table_of_front_ends_is_whole() -> None:
    """Each row says whether it was tested here, and no row lost a column."""
    text = README.read_text(encoding="utf-8")
    table = text[text.index("| front end |") :].partition("\n\n")[0].splitlines()

    assert {8} == {row.count("|") for row in table}
    tested = {row.split("|")[2].strip() for row in table[2:]}
    assert {"yes", "no", "their JupyterLab"} == tested


def update() -> None:
    """Write the tables where they belong: ``python -m tests.test_readme``."""
    for name, table in TABLES.items():
        place = PLACES.get(name, README)
        pattern = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end -->)", re.S)
        made = table().replace("\\", r"\\")
        text = pattern.sub(rf"\g<1>{made}\n\g<2>", place.read_text(encoding="utf-8"))
        place.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    update()
