"""What counts as a mention in a prompt, and what is only text."""

from __future__ import annotations

import pytest

from codex_magic.context.mentions import find, near


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("Describe @df", ["@df"]),
        ("@df", ["@df"]),
        ("(@df), “@model”!", ["@df", "@model"]),
        ("@df and @df again", ["@df"]),
        ("@In[3] @Out[3] @cell[-1] @fig[4]", ["@In[3]", "@Out[3]", "@cell[-1]", "@fig[4]"]),
        ("@fig, @error.", ["@fig", "@error"]),
        ("@größe", ["@größe"]),
        ("@df.head() is short", ["@df"]),
        ("@df's columns", ["@df"]),
        ("@file:data/readme.txt.", ["@file:data/readme.txt"]),
        ("see (@file:a.csv)?", ["@file:a.csv"]),
        ("@file:'my notes.txt' now", ["@file:my notes.txt"]),
        ('@file:"C:\\data\\a.txt"', ["@file:C:\\data\\a.txt"]),
        ("me@example.org", []),
        ("https://example.org/@user and ssh://git@host", []),
        ("`@df` and ``@a ` @b``", []),
        ("```python\n@property\ndef x(self): ...\n```\n@df", ["@df"]),
        ("~~~\n@a\n~~~", []),
        ("```\n@never closed", []),
        ("a @ b, A@B, @", []),
        ("{@df} $@df", ["@df"]),
        ("@@df", []),
        ("\\@df", []),
        ("@3d", []),
    ],
)
def test_what_a_prompt_mentions(prompt: str, found: list[str]) -> None:
    """Names after an @, outside code, addresses and words."""
    assert found == [mention.text for mention in find(prompt)]


def test_a_mention_knows_its_kind() -> None:
    """And the value that belongs to it."""
    found = find("@df @In[3] @fig @error @file:a.txt")

    expected = [("name", "df"), ("In", "3"), ("fig", ""), ("error", ""), ("file", "a.txt")]
    assert expected == [(mention.kind, mention.value) for mention in found]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("fgi", "fig"), ("erorr", "error"), ("dff", "df"), ("dataclass", None), ("x", None)],
)
def test_a_near_miss(name: str, meant: str | None) -> None:
    """A decorator or a person's name is no slip of the pen."""
    assert meant == near(name, ["fig", "error", "df", "model"])
