"""Estimates and cuts."""

from __future__ import annotations

import pytest

from codex_magic.context.budget import (
    allowance,
    cut,
    fitted,
    picture_tokens,
    text_tokens,
    tokens,
    window,
)
from codex_magic.context.pieces import Document, Picture, Piece


def test_a_cut_keeps_head_and_tail() -> None:
    """The note says how much is missing, and stands where it is missing."""
    text = "".join(f"line {number}\n" for number in range(1000))

    shown, note = cut(text, 900)

    head, marker, tail = shown.partition(f"\n[… {note} …]\n")
    assert marker
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) <= 900
    assert note == f"{len(text) - len(head) - len(tail):,} of {len(text):,} characters left out"


def test_lines_stay_whole() -> None:
    """A cut through a short line goes to its end."""
    text = "".join(f"line {number}\n" for number in range(1000))

    head = cut(text, 900)[0].partition("\n[…")[0]

    assert head.splitlines()[-1] in text.splitlines()


@pytest.mark.parametrize("size", [0, 1, 10, 299, 300])
def test_what_fits_is_not_touched(size: int) -> None:
    """Not even at the very limit."""
    assert ("a" * size, "") == cut("a" * size, 300)


def test_texts_are_cut_to_one_size() -> None:
    """The short ones stay whole, the long ones share what is left."""
    short, long, longer = (Piece(str(size), "word " * size) for size in (20, 2_000, 20_000))

    found = fitted([short, long, longer], 1_000)

    sizes = [tokens(piece) for piece in found]
    assert short == found[0]
    assert sum(sizes) <= 1_100
    assert abs(sizes[1] - sizes[2]) < 50
    assert all("left out" in piece.note for piece in found[1:] if isinstance(piece, Piece))


def test_a_note_that_was_there_stays() -> None:
    """What was left out before and what is left out now are both said."""
    (piece,) = fitted([Piece("a", "x" * 9_000, note="100 rows of 5,000")], 500)

    assert isinstance(piece, Piece)
    assert piece.note.startswith("100 rows of 5,000; ")


def test_pictures_are_not_cut() -> None:
    """They come off the texts' share."""
    picture = Picture("figure", b"x", width=1024, height=1024)
    text = Piece("a", "word " * 4_000)

    found = fitted([picture, text], 2_000)

    assert picture is found[0]
    assert tokens(found[1]) <= 2_000 - 1024 + 100


def test_a_picture_counts_by_its_size() -> None:
    """In patches, up to the most that a detail level uses."""
    small = Picture("a", width=64, height=64)
    large = Picture("b", width=6_000, height=6_000)
    unknown = Picture("c", url="https://example.org/a.png")

    assert 4 == picture_tokens(small, "auto")
    assert 256 == picture_tokens(large, "low")
    assert 2_500 == picture_tokens(large, "high")
    assert 10_000 == picture_tokens(large, "original")
    assert 1_000 == picture_tokens(unknown, "auto")


def test_words_that_are_not_ascii_count_more() -> None:
    """A Chinese character is most of a token, a letter a quarter."""
    assert 250 == text_tokens("a" * 1_000)
    assert 500 < text_tokens("词" * 1_000) < 1_000


def test_a_document_counts_by_its_bytes() -> None:
    """About a page for 50 kB."""
    assert 3_000 == tokens(Document("a", "a.pdf", b"x" * 60_000))


def test_the_allowance() -> None:
    """Half the window, or the setting where that is less."""
    assert 200_000 == allowance("gpt-5.4", 0)
    assert 5_000 == allowance("gpt-5.4", 5_000)
    assert 4_096 == allowance("SmolLM2-135M-Instruct", 100_000)
    assert 400_000 == window("openai/gpt-5.4")
