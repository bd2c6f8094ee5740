"""Secrets that a summary has cut: what is left of them stands before or after an ellipsis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..patterns import late
from .secret_forms import Span

_CUT = late(r"…|\.\.\.")
# What a value in a summary may stand between.
_EDGE = late(r"[\s'\"`(),;<>{}\[\]]")
_LONGEST = 400
# Fewer characters of a secret tell nothing, and are in too many words.
_FEWEST = 6
# The beginnings of tokens that nothing else begins with.
_BEGINNINGS = late(
    r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|sk-(?:proj-|ant-|or-|svcacct-)?|[rs]k_(?:live|test)_"
    r"|xox[abposr]-|xapp-|gl[a-z]{2,6}-|AKIA|ASIA|AIza|ya29\.|GOCSPX-|hf_|npm_|pypi-Ag|SG\.|eyJ"
    r"|shp(?:at|ca|pa|ss)_|sq0[a-z]{3}-|ntn_|lin_api_|gsk_|pplx-|dop_v1_|dapi|hvs\.|whsec_)"
    r"(?=[\w.-]*[0-9A-Z])[\w.-]{4,}$"
)


def cut_short(text: str, values: Mapping[str, str]) -> Iterator[Span]:
    """
    Find the pieces of secrets that were cut.

    Args:
        text: What is about to be sent.
        values: Known secrets, and what they are called.

    >>> [span.secret for span in cut_short("a 'hunter2-tul…' b", {"hunter2-tulip-91": "X"})]
    ['hunter2-tulip-91']
    """
    for found in _CUT.finditer(text):
        start, end = found.span()
        before = _EDGE.split(text[max(start - _LONGEST, 0) : start])[-1]
        after = _EDGE.split(text[end : end + _LONGEST], maxsplit=1)[0]
        if token := _BEGINNINGS.search(before):
            yield Span(start - len(token[0]), start, "cut token", token[0])
        for value, label in values.items():
            if size := _begins(before, value):
                yield Span(start - size, start, label, value)
            if size := _ends(after, value):
                yield Span(end, end + size, label, value)


def _begins(word: str, value: str) -> int:
    """Return how many characters of a value a word ends with; 0 for too few."""
    if value[:_FEWEST] not in word:
        return 0
    sizes = range(min(len(value), len(word)), _FEWEST - 1, -1)
    return next((size for size in sizes if word.endswith(value[:size])), 0)


def _ends(word: str, value: str) -> int:
    """Return how many last characters of a value a word begins with; 0 for too few."""
    if value[-_FEWEST:] not in word:
        return 0
    sizes = range(min(len(value), len(word)), _FEWEST - 1, -1)
    return next((size for size in sizes if word.startswith(value[-size:])), 0)
