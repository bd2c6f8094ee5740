"""Completions: words that fit what stands before the cursor."""

from __future__ import annotations

from collections.abc import Iterable

from ..records import dataclass

# A front end shows a few; more would cost its time.
_MOST = 300


@dataclass(frozen=True, slots=True)
class Completion:
    """
    One word that fits.

    Attributes:
        text: The word, which takes the place of the fragment.
        kind: What it is, in one word: option, value, command, model, variable, file, …
    """

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Completions:
    """
    What fits at the cursor.

    Attributes:
        fragment: What stands before the cursor, and is replaced.
        found: The words, in the order in which they are offered.
    """

    fragment: str
    found: tuple[Completion, ...] = ()


def fitting(fragment: str, words: Iterable[Completion]) -> Completions:
    """
    Return the words that begin as a fragment does, each once; first those of the same case.

    >>> [each.text for each in fitting("d", [Completion("Data", "x"), Completion("df", "x")]).found]
    ['df', 'Data']
    """
    start = fragment.lower()
    found = {word.text: word for word in words if word.text.lower().startswith(start)}
    ordered = sorted(found.values(), key=lambda word: not word.text.startswith(fragment))
    return Completions(fragment, tuple(ordered[:_MOST]))


def of_kind(kind: str, words: Iterable[object]) -> list[Completion]:
    """Return words of one kind."""
    return [Completion(str(word), kind) for word in words]
