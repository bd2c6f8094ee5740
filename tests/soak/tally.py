"""What a soak counted, and the table of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from .oracle import Oracle

Json = dict[str, Any]
# What must be zero.
KINDS = (
    "lost turn",
    "lost words",
    "wrong history",
    "wrong end",
    "refused request",
    "hang",
    "unclean error",
    "leak",
)


@dataclass
class Tally:
    """
    Counts of one worker, or of all.

    Attributes:
        turns: By place, as "cells": how many turns.
        survived: By layer, name and how the turn ended: how often.
        wrong: What must not be, each with where it was seen.
        notes: What else is to be told, as how much memory was taken.
    """

    turns: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, place: str, layer: str, name: str, end: str) -> None:
        """Count a turn."""
        self.turns[place] += 1
        self.survived[f"{layer}|{name}|{end}"] += 1

    def event(self, layer: str, name: str, end: str = "survived") -> None:
        """Count a fault that is no turn."""
        self.survived[f"{layer}|{name}|{end}"] += 1

    def take(self, oracle: Oracle, where: Callable[[str], str]) -> None:
        """Take what an oracle has complained about, and what it has let pass."""
        self.wrong += [(kind, where(text)) for kind, text in oracle.wrong]
        for _ in range(oracle.late):
            self.event("process", "a stopped question that is recorded after its cell has ended")
        oracle.wrong.clear()
        oracle.late = 0

    def to_json(self) -> Json:
        """Return it as JSON."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: dict(v) if isinstance(v, Counter) else v for name, v in found.items()}

    @classmethod
    def of(cls, found: Json) -> Tally:
        """Return what ``to_json`` returned, as it was."""
        wrong = [(str(kind), str(text)) for kind, text in found["wrong"]]
        turns: Counter[str] = Counter(found["turns"])
        survived: Counter[str] = Counter(found["survived"])
        return cls(turns, survived, wrong, list(found["notes"]))

    def add(self, other: Tally) -> None:
        """Add what another worker counted."""
        self.turns += other.turns
        self.survived += other.survived
        self.wrong += other.wrong
        self.notes += other.notes

    def table(self) -> str:
        """Return the tables of the README."""
        wrong = Counter(kind for kind, _ in self.wrong)
        kinds = (*KINDS, *sorted(set(wrong) - set(KINDS)))
        counts = [f"| {kind} | {wrong[kind]} |" for kind in kinds]
        turns = ", ".join(f"{count:,} in {place}" for place, count in self.turns.items())
        parts = [
            f"{sum(self.turns.values()):,} turns: {turns}.",
            "\n".join(["| must be zero | count |", "| --- | ---: |", *counts]),
            "\n".join(self._faults()),
            *self.notes,
        ]
        return "\n\n".join(parts)

    def _faults(self) -> Iterable[str]:
        yield "| layer | fault | survived | of them: how the turn ended |"
        yield "| --- | --- | ---: | --- |"
        rows: dict[tuple[str, str], Counter[str]] = {}
        for key, count in self.survived.items():
            layer, name, end = key.split("|")
            rows.setdefault((layer, name), Counter())[end] += count
        for (layer, name), ends in sorted(rows.items()):
            told = ", ".join(f"{end} {count:,}" for end, count in ends.most_common())
            told = "" if set(ends) == {"survived"} else told
            yield f"| {layer} | {name} | {sum(ends.values()):,} | {told} |"
