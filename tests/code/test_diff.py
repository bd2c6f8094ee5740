"""Two versions of a cell are compared as text and as safe HTML."""

from __future__ import annotations

import html
import random
import re

import pytest

from codex_magic.code.diff import diff_html, diff_text
from codex_magic.display.sanitize import sanitize

OLD = "import os\n\nx = load('a')\ny = x + 1\nprint(y)"
NEW = "import os\n\nx = load('b')\ny = x + 1\n\nprint(y, x)"


def applied(old: str, diff: str) -> str:
    """Return what a diff makes of a cell: its hunks in the place of the lines that they name."""
    lines, done, position = old.split("\n") if old else [], [], 0
    for row in diff.split("\n") if diff else []:
        if row.startswith("@@"):
            start, _, count = row.split()[1][1:].partition(",")
            first = int(start) - (count != "0")
            done += lines[position:first]
            position = first
        elif row.startswith("+"):
            done.append(row[1:])
        else:
            assert lines[position] == row[1:]
            if row.startswith(" "):
                done.append(row[1:])
            position += 1
    return "\n".join(done + lines[position:])


def plain(source: str) -> str:
    """Return what a reader sees of HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", source))


def test_equal_cells_have_no_diff() -> None:
    """Nothing is shown where nothing changed, whatever ends the lines."""
    assert "" == diff_text(OLD, OLD + "\n") == diff_html(OLD, OLD.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, NEW),
        (NEW, OLD),
        ("", NEW),
        (OLD, ""),
        ("a\x0cb", "a\x0cc"),
        ("a\u2028b", "b"),
        ("-", "+"),
    ],
)
def test_a_diff_turns_the_old_cell_into_the_new_one(old: str, new: str) -> None:
    """What the diff says is what changed."""
    assert new == applied(old, diff_text(old, new))


def test_every_diff_can_be_applied() -> None:
    """So it is with any change, and the HTML says the same as the text."""
    random.seed(0)
    for _ in range(100):
        old = "\n".join(random.choices(["a", "b < c", "--d", "++e", "@@ f", "x = 1"], k=30))
        new = "\n".join(line for line in old.split("\n") if random.random() > 0.1) + "\nend"
        text = diff_text(old, new)

        assert new == applied(old, text)
        assert text == plain(diff_html(old, new)).strip("\n")


def test_what_is_in_a_cell_is_only_text() -> None:
    """No tag of a cell becomes one of the page, and nothing of ours is lost in the sanitizer."""
    source = diff_html("x = '<b onclick=a()>'", "x = '</pre><script>alert(1)</script>'")

    assert "<script" not in source
    assert "<b " not in source
    assert plain(source) == plain(sanitize(source))
    assert 'class="gi"' in sanitize(source)
    assert "style=" not in source


def test_the_words_that_changed_are_marked() -> None:
    """In lines that replace each other, only what differs is strong."""
    source = diff_html("print(total + 1)", "print(total + 2)")

    assert ["1", "2"] == re.findall(r"<strong>(.*?)</strong>", source)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line + "x",
        lambda line: line[::-1],
        lambda line: line * 30,
    ],
    ids=["a little", "all", "longer"],
)
def test_a_long_change_is_shown(change: object) -> None:
    """Thousands of lines that all changed are all shown."""
    assert callable(change)
    old = "\n".join(f"value_{n % 7} = compute({n}, 'a', \"b\")" for n in range(5_000))
    new = "\n".join(map(change, old.split("\n")))

    assert plain(diff_html(old, new)).count("\n-") == 5_000
