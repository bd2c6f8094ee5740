"""Secrets out of what is sent: each is replaced by a placeholder that stays the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

from .secret_context import surrounded
from .secret_cuts import cut_short
from .secret_forms import Span, tokens
from .secret_names import SHORTEST, known

_PLACEHOLDER = re.compile(r"\[secret [0-9]+: [^\]\n]{1,100}\]")
# How many secrets that only an assignment gave away are looked for elsewhere, too.
_MOST_LEARNT = 64
# From this length on, a value is its own proof, whatever it touches.
_UNMISTAKABLE = 16


class Redactor:
    """
    Replaces the secrets in texts, the same one always by the same placeholder.

    >>> redactor = Redactor({"DB_PASSWORD": "kV9-tulip"})
    >>> redactor.redact("connect('db', 'kV9-tulip')")
    ("connect('db', '[secret 1: DB_PASSWORD]')", 1)
    """

    def __init__(
        self, environ: Mapping[str, str], names: Mapping[str, object] | None = None
    ) -> None:
        """
        Make a redactor that has seen no secret.

        Args:
            environ: The environment's variables.
            names: The user's variables.
        """
        self._environ = environ
        self._names: Mapping[str, object] = {} if names is None else names
        self._placeholders: dict[str, str] = {}
        self._issued: set[str] = set()
        self._learnt: dict[str, str] = {}

    @property
    def count(self) -> int:
        """How many different secrets were replaced up to here."""
        return len(self._placeholders)

    def named(self) -> dict[str, str]:
        """Return the values that are secrets by their variables' names now, each with its name."""
        return known(self._environ, self._names)

    def redact(self, text: str, named: Mapping[str, str] | None = None) -> tuple[str, int]:
        """
        Replace the secrets in a text.

        Args:
            text: Anything that is about to be sent.
            named: What ``named()`` returned, for several texts of one moment; None to look again.

        Returns:
            The text without them, and how many different ones it had.
        """
        spans = self._without_issued(text, _merged(text, self._found(text, named)))
        pieces, at, replaced = [], 0, set()
        for span in spans:
            placeholder = self._placeholder(span)
            pieces += [text[at : span.start], placeholder]
            replaced.add(placeholder)
            at = span.end
        pieces.append(text[at:])
        return "".join(pieces), len(replaced)

    def _found(self, text: str, named: Mapping[str, str] | None) -> list[Span]:
        """Find what its shape, its surroundings and its name give away."""
        if len(text) < SHORTEST:
            return []
        folded = text.encode("latin-1", "replace")
        spans = list(tokens(text, folded))
        spans += surrounded(text, folded.lower(), spans)
        self._learn(spans)
        values = {**self._learnt, **(self.named() if named is None else named)}
        spans += (
            span for value, label in values.items() for span in _occurrences(text, value, label)
        )
        spans += cut_short(text, values)
        return spans

    def _learn(self, spans: Iterable[Span]) -> None:
        """Remember what was assigned, so that it is known where it stands alone."""
        for span in spans:
            if span.learnt and len(span.secret) >= SHORTEST:
                self._learnt.pop(span.secret, None)
                self._learnt[span.secret] = span.label
        for secret in list(self._learnt)[:-_MOST_LEARNT]:
            del self._learnt[secret]

    def _without_issued(self, text: str, spans: list[Span]) -> Iterator[Span]:
        """Yield the secrets that are not part of a placeholder of ours."""
        issued = [match.span() for match in _PLACEHOLDER.finditer(text) if match[0] in self._issued]
        if not issued:
            yield from spans
            return
        at = 0
        for span in spans:
            while at < len(issued) and issued[at][1] <= span.start:
                at += 1
            if at == len(issued) or span.end <= issued[at][0]:
                yield span

    def _placeholder(self, span: Span) -> str:
        placeholder = self._placeholders.get(span.secret)
        if placeholder is None:
            number = len(self._placeholders) + 1
            placeholder = f"[secret {number}: {span.label}]"
            if span.secret in placeholder:
                placeholder = f"[secret {number}: hidden]"
            self._placeholders[span.secret] = placeholder
            self._issued.add(placeholder)
        return placeholder


def _occurrences(text: str, value: str, label: str) -> Iterator[Span]:
    """Find a known value, as it is and as addresses and JSON write it."""
    for needle in {value, quote(value, safe=""), quote(value), quote_plus(value), *_quoted(value)}:
        at = text.find(needle)
        while at >= 0:
            end = at + len(needle)
            if len(needle) >= _UNMISTAKABLE or _alone(text, at, end):
                yield Span(at, end, label, value)
            at = text.find(needle, end)


def _quoted(value: str) -> tuple[str, ...]:
    return json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]


def _alone(text: str, start: int, end: int) -> bool:
    """Say whether a short value is not a part of a longer word or number."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (
        (_letter(before) and _letter(text[start])) or (_letter(after) and _letter(text[end - 1]))
    )


def _letter(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _merged(text: str, spans: list[Span]) -> list[Span]:
    """Put spans in order, and those that overlap together."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
        elif span.end > (last := merged[-1]).end:
            merged[-1] = Span(last.start, span.end, last.label, text[last.start : span.end])
    return merged
