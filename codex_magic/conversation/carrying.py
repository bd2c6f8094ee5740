"""What of a conversation goes along: worked out once for the turns that stay as they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ..api.backends import Backend
from .plans import next_lineage

if TYPE_CHECKING:
    from .turns import Turn


class Carrying:
    """
    Goes through a conversation's turns for each request.

    The next question mostly has the turns before it that the last one had, and one more: those are
    not gone through again. What it returns is kept, so nobody may change it.
    """

    def __init__(self) -> None:
        self._counted: tuple[tuple[Turn, ...], list[Turn], int] = ((), [], 0)
        self._encoded: tuple[tuple[object, ...], list[Turn], list[bytes]] = ((), [], [])

    def counted(
        self, standing: tuple[Turn, ...], replaced: Collection[str]
    ) -> tuple[list[Turn], int]:
        """Return the turns that count, without those that are replaced, and their number."""
        known, turns, number = self._counted
        if replaced or standing[: len(known)] != known:
            known, turns, number = (), [], 0
        more = [turn for turn in standing[len(known) :] if turn.counts and turn.id not in replaced]
        for turn in more:
            number = next_lineage(number, turn.id)
        turns = [*turns, *more]
        if not replaced:
            self._counted = (standing, turns, number)
        return turns, number

    def encoded(
        self, turns: Sequence[Turn], backend: Backend, model: str, service: str, *, sealed: bool
    ) -> list[bytes]:
        """Return each turn as a request carries it; see ``Turn.encoded()``."""
        way = (backend.name, model, service, sealed)
        kept, known, pieces = self._encoded
        if kept != way or turns[: len(known)] != known:
            known, pieces = [], []
        more = turns[len(known) :]
        pieces = [
            *pieces,
            *[turn.encoded(backend, model, service, sealed=sealed) for turn in more],
        ]
        self._encoded = (way, [*turns], pieces)
        return pieces
