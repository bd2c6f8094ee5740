"""What it costs to make a request of a question and all that was said before."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

from .runner import (
    Bench,
    Figures,
    Measure,
    Results,
    Table,
    Target,
    clean_environment,
    interleave,
    number,
    targets,
)

NOTE = (
    "CPU until the HTTP client holds the whole request, and the most memory that this takes, as a "
    "multiple of the body. A turn is a question, a reasoning item with 1.4 kB of sealed content "
    "and an answer; an image has 200 kB. The conversation of `ask` has each turn encoded already, "
    "as it was sent before."
)
DUMPS, HTTPX, CLIENT, ENGINE, SDK, OPEN_CLIENT = (
    "json_dumps",
    "bare_httpx",
    "codex_client",
    "engine",
    "official_sdk",
    "codex_open_client",
)
TITLES = {
    DUMPS: "`json.dumps` and `encode`",
    HTTPX: "bare httpx, `post(json=…)`",
    CLIENT: "`CodexClient`, a list of dicts",
    ENGINE: "a turn of `%%codex` (`ask`, no screen)",
    SDK: "official SDK, a list of dicts",
    OPEN_CLIENT: "codex-open-client, a list of dicts",
}
_ROOT = Path(__file__).parents[2]


def run(bench: Bench) -> list[Table]:
    """Return what a request costs on every way, for conversations of several lengths."""
    results = interleave(dict(_ways(bench)), bench.rounds)
    last = bench.histories[-1]
    ours, sdk, dumps = ((name, last) for name in (ENGINE, SDK, DUMPS))
    title = f"a turn on {_named(last)}"
    return [
        _table(results, bench.histories),
        targets(
            Target(f"{title} ÷ SDK", results.ratio(ours, sdk, "cpu"), 0.002, 4),
            Target(f"{title} ÷ `json.dumps`", results.ratio(ours, dumps, "cpu"), 0.1, 3),
            Target("its peak memory ÷ its body", results.median(ours, "peak"), 1.2),
        ),
    ]


def _ways(bench: Bench) -> Iterator[tuple[Hashable, Measure]]:
    pythons = {name: bench.python for name in (DUMPS, HTTPX, CLIENT, ENGINE)}
    if bench.sdk:
        pythons[SDK] = bench.sdk
    if bench.open_client:
        pythons[OPEN_CLIENT] = bench.open_client
    for history in bench.histories:
        for name, python in pythons.items():
            yield (name, history), _measure(name, python, bench.base_url, history)


def _measure(name: str, python: str, base_url: str, history: tuple[int, int]) -> Measure:
    turns, images = map(str, history)
    command = [python, "-m", "tests.benchmarks.building", name, base_url, turns, images]

    def measure() -> Figures:
        environment = clean_environment(PYTHONPATH=str(_ROOT))
        figures: Figures = json.loads(subprocess.check_output(command, env=environment))
        return figures

    return measure


def _table(results: Results, histories: Sequence[tuple[int, int]]) -> Table:
    last = histories[-1]
    rows = [
        [
            title,
            *(number(results.median((name, history), "cpu"), 2) for history in histories),
            number(results.ratio((name, last), (SDK, last), "cpu"), 4),
            number(results.ratio((name, last), (DUMPS, last), "cpu"), 3),
            number(results.median((name, last), "peak"), 2),
        ]
        for name, title in TITLES.items()
        if (name, last) in results
    ]
    size = number(results.median((DUMPS, last), "size"), 2)
    return Table(
        ["CPU ms", *map(_named, histories), "÷ SDK", "÷ `json.dumps`", "peak ÷ body"],
        rows,
        [f"Ratios and memory are those of {_named(last)}, a body of {size} MB."],
    )


def _named(history: tuple[int, int]) -> str:
    """
    Return what a conversation is called.

    >>> _named((0, 0)), _named((1000, 20))
    ('one question', '1,000 turns, 20 images')
    """
    turns, images = history
    return f"{turns:,} turns, {images:,} images" if turns else "one question"
