"""Markdown that nobody thought of: what becomes of it is on the strict list, too."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_magic.display.markdown import GrowingMarkdown, render
from codex_magic.display.sanitize import sanitize
from tests.counts import count

from .test_hostile import HOSTILE, answer, complaints

PIECES = (
    *(
        "<",
        ">",
        "</",
        "/>",
        '"',
        "'",
        "`",
        "```",
        "~~~",
        "\n",
        "\n\n",
        "    ",
        "\t",
        "\\",
        "&",
        ";",
    ),
    *("[", "]", "(", ")", "![", "](", "]:", "<!--", "-->", "<![CDATA[", "]]>", "$", "$$", "\\("),
    *("\\)", "\\[", "\\]", "\\begin{x}", "\\end{x}", "\\href{", "{", "}", "|", "---", "# ", "> "),
    *("- ", "1. ", "*", "**", "_", "~~", "script", "img", "svg", "style", "iframe", "math", "a "),
    *("src=", "href=", "onerror=", "onload=", "javascript:", "data:", "http://e.org/", "//e.org"),
    *(
        "window.x=1",
        "&#106;",
        "&colon;",
        "\x00",
        "\u2028",
        "\u202e",
        "é",
        "x",
        " ",
        "[^1]",
        "class=",
    ),
)
soup = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
parts = st.lists(
    st.tuples(st.sampled_from(HOSTILE), st.integers(0, 400), st.integers(1, 120)), max_size=4
)


@settings(max_examples=count(5_000), deadline=None)
@given(soup | st.text(max_size=80))
def test_anything_becomes_harmless(source: str) -> None:
    """Pieces of Markdown, HTML, formulas and addresses in any order."""
    assert [] == complaints(render(source))


@settings(max_examples=count(2_000), deadline=None)
@given(parts, st.lists(st.sampled_from(PIECES), min_size=4, max_size=4))
def test_pieces_of_attacks_become_harmless(
    chosen: list[tuple[object, int, int]], between: list[str]
) -> None:
    """What is known to be hostile, cut anywhere and put together."""
    source = ""
    for (path, start, length), join in zip(chosen, between, strict=False):
        source += answer(path)[start : start + length] + join  # type: ignore[arg-type]

    assert [] == complaints(render(source))


@settings(max_examples=count(1_000), deadline=None)
@given(soup, st.integers(1, 9))
def test_it_is_harmless_while_it_grows(source: str, size: int) -> None:
    """However it comes: at no moment does half of it become something else."""
    growing = GrowingMarkdown()
    for start in range(0, len(source), size):
        growing.feed(source[start : start + size])
        growing.advance()
        assert [] == complaints(growing.open_html())

    assert [] == complaints(growing.settled_html)


@settings(max_examples=count(3_000), deadline=None)
@given(soup | st.text(max_size=80))
def test_sanitized_html_stays_as_it_is(source: str) -> None:
    """What was let through once is let through again, unchanged: there is nothing left to find."""
    once = sanitize(source)

    assert once == sanitize(once)
