"""Interleaved rounds, medians and tables: what all benchmarks share."""

from __future__ import annotations

import math
import os
import random
import statistics
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float]
Measure = Callable[[], Figures]


@dataclass(frozen=True, slots=True)
class Bench:
    """
    What a benchmark is run with.

    Attributes:
        base_url: Where the service answers.
        python: The interpreter that has this package.
        sdk: The interpreter that has the official SDK, or None to leave it out.
        rounds: How often everything is measured.
        counts: Lengths of answers, in deltas.
        longest: The length of one that only the client reads.
        histories: Conversations: how many turns, and how many of them with an image.
        open_client: The interpreter that has codex-open-client, or None to leave it out.
        base: The interpreter that has IPython, ipykernel and ipywidgets, or None to leave it out.
        ai_magics: The interpreter that has jupyter-ai-magics, or None to leave it out.
        idle: Seconds of idle after which a connection is to be used again.
        shorter: By what answers that take their time are shortened, for a quick look.
    """

    base_url: str
    python: str
    sdk: str | None
    rounds: int = 7
    counts: Sequence[int] = (200, 2_000, 20_000)
    longest: int = 200_000
    histories: Sequence[tuple[int, int]] = ((0, 0), (200, 4), (1_000, 20))
    open_client: str | None = None
    base: str | None = None
    ai_magics: str | None = None
    idle: float = 60.0
    shorter: int = 1


class Results:
    """The figures of every way in every round; ratios and differences are of the same round."""

    def __init__(self, figures: Mapping[Hashable, Sequence[Figures]]) -> None:
        self._figures = figures

    def __contains__(self, way: Hashable) -> bool:
        return way in self._figures

    def all(self, way: Hashable, figure: str) -> list[float]:
        """Return a figure, round by round."""
        return [figures[figure] for figures in self._figures[way]]

    def median(self, way: Hashable, figure: str) -> float:
        """Return the median of a figure; not a number where a way was left out."""
        return statistics.median(self.all(way, figure)) if way in self else math.nan

    def ratio(self, way: Hashable, reference: Hashable, figure: str) -> float:
        """Return the median of the ratios to ``reference``."""
        if way not in self or reference not in self:
            return math.nan
        pairs = zip(self.all(way, figure), self.all(reference, figure), strict=True)
        return statistics.median(ours / theirs if theirs else math.nan for ours, theirs in pairs)

    def over(self, base: Hashable) -> Results:
        """Return the results with the figures of ``base`` taken off, round by round."""
        return Results(
            {
                way: [
                    {name: value - floor[name] for name, value in figures.items()}
                    for figures, floor in zip(rounds, self._figures[base], strict=True)
                ]
                for way, rounds in self._figures.items()
            }
        )


def interleave(ways: Mapping[Hashable, Measure], rounds: int) -> Results:
    """Measure every way once a round, each round in another order."""
    figures: dict[Hashable, list[Figures]] = {way: [] for way in ways}
    for number in range(rounds):
        order = list(ways)
        random.shuffle(order)
        for way in order:
            figures[way].append(ways[way]())
        _tell(f"round {number + 1} of {rounds}")
    return Results(figures)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a benchmark, as Markdown."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = [self.columns, rule, *self.rows]
        text = "\n".join(_row(line, widths) for line in lines)
        return "\n\n".join([text, *self.notes])


@dataclass(frozen=True, slots=True)
class Target:
    """
    What was aimed at, and what was measured.

    Attributes:
        name: What is measured, with its unit.
        measured: The figure.
        aim: The most that it may be.
        digits: How many digits of it are told.
    """

    name: str
    measured: float
    aim: float
    digits: int = 2

    def row(self) -> list[str]:
        """
        Return the row of a table.

        >>> Target("ours ÷ theirs", 0.5, 0.2).row()
        ['ours ÷ theirs', '0.50', '≤ 0.2', 'missed']
        """
        met = "met" if self.measured <= self.aim else "missed"
        return [
            self.name,
            number(self.measured, self.digits),
            f"≤ {self.aim:g}",
            "–" if math.isnan(self.measured) else met,
        ]


TARGET = "target"


def targets(*aims: Target) -> Table:
    """Return the table of what a benchmark aims at; the README gathers them at its top."""
    return Table([TARGET, "measured", "aim", "met?"], [aim.row() for aim in aims])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
    return f"| {' | '.join(padded)} |"


def number(value: float, digits: int = 1) -> str:
    """
    Return a figure for a table.

    >>> number(1234.56), number(0.0234, 3), number(float("nan"))
    ('1,234.6', '0.023', '–')
    """
    return "–" if math.isnan(value) else f"{value:,.{digits}f}"


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without what changes where requests go, or how Python runs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # Without bytecode on disk, every process would compile what it imports.
        if not name.upper().endswith("_PROXY")
        and not name.startswith(("OPENAI_", "AZURE_", "PYTHON", "COVERAGE_"))
    }
    return {**kept, **more}


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
