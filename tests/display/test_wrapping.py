"""Prose is wrapped at words while it streams; code and tables are not touched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_magic.display.wrapping import Wrapping

ANSWER = """\
# A title that is longer than the terminal

Some words of prose that go on and on.

- An item that is longer than a line
  and its own second line which is long

```python
value = "a line of code that must not be broken"
```

   ```
   other = "and one that belongs to an item"
   ```

| a table | that has | several columns |
"""


def streamed(text: str, words: int = 1, width: int = 24) -> str:
    """What a terminal gets of a text that comes in so many words at a time, as models send them."""
    wrapping = Wrapping(width)
    pieces = re.findall(rf"(?:\s*\S+){{1,{words}}}|\s+", text)
    return "".join(map(wrapping.feed, pieces))


@pytest.mark.parametrize("words", [1, 3, 1000])
def test_prose_is_wrapped_at_words(words: int) -> None:
    """However it comes, no line of prose is too long, items hang, and code stays whole."""
    lines = streamed(ANSWER, words).split("\n")
    verbatim = [line for line in lines if line.startswith(("value", "   ", "|", "```"))]

    assert all(len(line) <= 24 for line in lines if line not in verbatim)
    assert 'value = "a line of code that must not be broken"' in verbatim
    assert "| a table | that has | several columns |" in verbatim
    at = lines.index("- An item that is longer")
    assert "  than a line" == lines[at + 1]
    assert "  and its own second" == lines[at + 2]
    assert "  line which is long" == lines[at + 3]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_code_and_tables_are_seen_in_pieces(size: int) -> None:
    """Wherever fences are cut: no line of theirs is broken, and prose after them is prose."""
    wrapping = Wrapping(24)
    text = f"{ANSWER}\nSome words of prose that go on and on.\n"
    shown = "".join(wrapping.feed(text[at : at + size]) for at in range(0, len(text), size))

    assert '\n```python\nvalue = "a line of code that must not be broken"\n```\n' in shown
    assert '\n   other = "and one that belongs to an item"\n   ```\n' in shown
    assert "\n| a table | that has | several columns |\n" in shown
    assert shown.endswith("\nSome words of prose that\ngo on and on.\n")


@given(st.text(alphabet="ab `~|-*1.\n\t    ", max_size=80), st.integers(1, 9))
def test_no_word_is_lost(text: str, size: int) -> None:
    """Only spaces change: every word comes out, in order, and every line end of the text."""
    wrapping = Wrapping(24)
    shown = "".join(wrapping.feed(text[at : at + size]) for at in range(0, len(text), size))

    assert text.split() == shown.split()
    assert text.count("\n") <= shown.count("\n")


def test_nothing_but_spaces_is_held_back() -> None:
    """What is written between two pieces stands behind the words before it; words stay whole."""
    wrapping = Wrapping(30)

    assert "Let me ad" == wrapping.feed("Let me ad")
    assert "d them" == wrapping.feed("d them ")
    assert " at once" == wrapping.feed("at once")


def test_wide_characters_take_two_columns() -> None:
    """Two words of eight such characters do not fit into thirty columns."""
    assert "語" * 8 + "\n" + "語" * 8 == streamed(f"{'語' * 8} {'語' * 8}", width=30)


def test_a_tiny_terminal_breaks_words_itself() -> None:
    """There is no room for words."""
    assert "one two three four" == streamed("one two three four", width=6)
