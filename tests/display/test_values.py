"""What a structured answer stands for is shown whole up to a limit, and nothing in it is markup."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_magic.display.sanitize import sanitize
from codex_magic.display.values import columns_of, value_html, value_text

NESTED: Any = {
    "name": "red",
    "points": [{"x": 1, "y": 2.5}, {"x": 10, "y": None}],
    "notes": ["a long note, " * 8, "another"],
    "empty": [],
    "inner": {"deep": {"er": True}},
}


def test_text_is_a_tree_with_tables() -> None:
    """Names, what is in them indented below; objects of the same names as an aligned table."""
    expected = [
        "name: red",
        "points:",
        "      x     y",
        "  0   1   2.5",
        "  1  10  null",
        "notes:",
        f"  - {('a long note, ' * 8).rstrip()}",
        "  - another",
        "empty: []",
        "inner:",
        "  deep:",
        "    er: true",
    ]

    shown = [line.rstrip() for line in value_text(NESTED).split("\n")]

    assert expected == shown


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 2.5, "", "word", [], {}, [[]], [{}], [[1, [2, [3]]]], {"": {"": ""}}, [1, "a"]],
)
def test_any_json_can_be_shown(value: object) -> None:
    """Also a bare value, and what is empty."""
    assert value_text(value) or value == ""
    assert sanitize(value_html(value)) == value_html(value)


def test_nothing_in_a_value_is_markup() -> None:
    """Names and values are text, for HTML and for MathJax; nothing is left for the sanitizer."""
    evil = "<img src=x onerror=alert(1)>$x$ [a](javascript:b)"
    value = {evil: [{evil: evil}, {evil: [evil, {evil: evil}]}]}

    page = value_html(value)

    assert "<img" not in page
    assert "$x$" not in page
    assert page == sanitize(page)


def test_what_is_large_is_cut_and_counted() -> None:
    """A table shows its first rows, a list and an object their first entries."""
    rows = [{"n": number} for number in range(1_000)]
    names = {f"name_{number}": number for number in range(1_000)}
    texts = [f"text {number}" for number in range(1_000)]

    assert "1000 rows × 1 column, the first 60 of them here" in value_html(rows)
    assert "… and 800 more" in value_html(names)
    assert "… and 800 more" in value_html(texts)
    assert "… 1000 rows × 1 column" in value_text(rows)
    assert "… and 800 more" in value_text(names)
    assert all(len(value_text(each)) < 10_000 for each in (rows, names, texts))


def test_what_is_deep_ends() -> None:
    """Neither view calls itself for ever."""
    deep = json.loads("[" * 500 + "[1, {}]" + "]" * 500)

    assert "…" in value_html(deep)
    assert "…" in value_text(deep)


def test_objects_that_share_little_are_no_table() -> None:
    """Most of it would be empty."""
    assert ["a", "b"] == columns_of([{"a": 1, "b": 2}, {"a": 1}])
    assert [] == columns_of([{"a": 1}, {"b": 1}, {"c": 1}])
    assert [] == columns_of([{"a": 1}, 2])
