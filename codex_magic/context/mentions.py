"""The ``@names`` in a prompt: what they name is attached, the text stays as it is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator

from ..patterns import late
from ..records import dataclass

_FENCE = late(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_SPAN = late(r"(?<!`)(`+)(?!`)(?:.*?)(?<!`)\1(?!`)", re.S)
# What is written after an @ and no mention: addresses of mail and of the web.
_ADDRESS = late(r"\b[a-z][a-z0-9+.-]*://\S+", re.I)
_MENTION = late(
    r"""(?<![\w@.`/\\-])@(?:
        file:(?P<quote>["'])(?P<quoted>.+?)(?P=quote)
      | file:(?P<file>\S+)
      | (?P<kind>In|Out|cell|fig)\[(?P<number>-?\d+)\]
      | (?P<name>[^\W\d]\w*)
    )""",
    re.X,
)
_TRAILING = ".,;:!?)]}'\"…"


@dataclass(frozen=True, slots=True)
class Mention:
    """
    A name in a prompt.

    Attributes:
        kind: In, Out, cell, fig, error, file, or name for a variable.
        value: The number, path or name; empty for the last figure and the last error.
        text: What stands in the prompt.
    """

    kind: str
    value: str
    text: str


def find(prompt: str) -> list[Mention]:
    """
    Return what a prompt mentions, each once, outside code and addresses.

    >>> [m.text for m in find("Compare @df with `@x` and @In[3], ask me@example.org")]
    ['@df', '@In[3]']
    """
    found = {mention.text: mention for mention in _mentions(_without_code(prompt))}
    return list(found.values())


def _mentions(text: str) -> Iterator[Mention]:
    for match in _MENTION.finditer(text):
        path = match["quoted"] or (match["file"] or "").rstrip(_TRAILING)
        if path:
            yield Mention("file", path, f"@file:{path}")
        elif match["kind"]:
            yield Mention(match["kind"], match["number"], match[0])
        elif match["name"] in ("fig", "error"):
            yield Mention(match["name"], "", match[0])
        elif match["name"]:
            yield Mention("name", match["name"], match[0])


def _without_code(prompt: str) -> str:
    for pattern in (_FENCE, _SPAN, _ADDRESS):
        prompt = pattern.sub(lambda match: " " * len(match[0]), prompt)
    return prompt


def near(name: str, known: Collection[str]) -> str | None:
    """
    Return the name that was probably meant, or None where the word is just a word.

    >>> near("fgi", ["fig", "df"]), near("property", ["df"])
    ('fig', None)
    """
    if len(name) < 2:
        return None
    found = difflib.get_close_matches(name, known, 1, cutoff=0.65)
    return found[0] if found else None
