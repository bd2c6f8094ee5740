"""What each piece of a streamed answer costs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

from .kernels import fresh_kernel
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
    "CPU of the reading process (all threads) for each delta of about 290 bytes, one HTTP chunk "
    "each, as fast as they are read; the service runs in another process. *Apart*: without what an answer of no deltas costs on the same connection."
)
BARE, CLIENT, ENGINE, SDK = "httpx_sse", "codex_client", "engine", "official_sdk"
OPEN_CLIENT = "codex_open_client"
CELL, PACED = "cell", "paced"
TITLES = {
    BARE: "bare httpx + httpx-sse + `json.loads`",
    CLIENT: "`CodexClient`, `create(stream=True)`",
    ENGINE: "the engine's way (`ask`, no screen)",
    CELL: "a whole `%%codex` cell in a kernel",
    PACED: "the same, a delta every 0.5 ms",
    SDK: "official SDK, `create(stream=True)`",
    OPEN_CLIENT: "codex-open-client, the same (shows nothing before the end)",
}
_SCRIPT = str(Path(__file__).with_name("streaming.py"))
# Enough deltas in all for a figure that means something, in every process.
_AT_LEAST = 4_000
_PACE = 500
# Microseconds that an answer may take.
_LONG = 5_000_000


def run(bench: Bench) -> list[Table]:
    """Return the cost of a delta on every way, and what a cell publishes."""
    results = interleave(dict(_ways(bench)), bench.rounds)
    return [
        _costs(results, bench.counts),
        _published(results, bench.counts),
        _targets(results, bench),
    ]


def _ways(bench: Bench) -> Iterator[tuple[Hashable, Measure]]:
    pythons = {name: bench.python for name in (BARE, CLIENT, ENGINE)}
    if bench.sdk:
        pythons[SDK] = bench.sdk
    if bench.open_client:
        pythons[OPEN_CLIENT] = bench.open_client
    for count in bench.counts:
        for name, python in pythons.items():
            yield (name, count), _in_process(name, python, bench.base_url, count)
        yield (CELL, count), _in_kernel(bench, count, f"bench-{count}")
        if count * _PACE < _LONG:
            yield (PACED, count), _in_kernel(bench, count, f"bench-{count}-{_PACE}")
    yield (CLIENT, bench.longest), _in_process(CLIENT, bench.python, bench.base_url, bench.longest)


def _in_process(name: str, python: str, base_url: str, count: int) -> Measure:
    def measure() -> Figures:
        repeats = str(max(1, _AT_LEAST // count))
        command = [python, _SCRIPT, name, base_url, str(count), repeats]
        figures: Figures = json.loads(subprocess.check_output(command, env=clean_environment()))
        return figures

    return measure


def _in_kernel(bench: Bench, count: int, model: str) -> Measure:
    def measure() -> Figures:
        with fresh_kernel(bench.python, bench.base_url) as kernel:
            kernel.run("%load_ext codex_magic")
            # The first answers import and connect.
            kernel.run("%%codex --once -m bench-50\nHi")
            empty = kernel.run("%%codex --once -m bench-1\nHi")
            cell = kernel.run(f"%%codex --once -m {model}\nHi")
        return {
            "cpu": cell.cpu / count * 1e6,
            "marginal": (cell.cpu - empty.cpu) / count * 1e6,
            "start": empty.cpu * 1e3,
            "wall": cell.wall,
            "messages": cell.messages,
            "size": cell.size,
        }

    return measure


def _costs(results: Results, counts: Sequence[int]) -> Table:
    rows = []
    for name, title in TITLES.items():
        last = max((count for count in counts if (name, count) in results), default=0)
        if not last:
            continue
        rows.append(
            [
                title,
                *(number(results.median((name, count), "cpu")) for count in counts),
                *(number(results.median((name, count), "marginal")) for count in counts),
                number(results.median((name, last), "start"), 2),
                number(results.ratio((name, last), (BARE, last), "cpu"), 2),
                number(results.ratio((name, last), (SDK, last), "cpu"), 3),
            ]
        )
    columns = [
        "µs of CPU a delta",
        *(f"{count:,}" for count in counts),
        *(f"{count:,}, apart" for count in counts),
        "request, ms",
        "÷ bare httpx",
        "÷ SDK",
    ]
    return Table(columns, rows, ["Ratios are those at the greatest length."])


def _targets(results: Results, bench: Bench) -> Table:
    last = (CLIENT, bench.counts[-1])
    length = f"{bench.counts[-1]:,}"
    memory = results.median((ENGINE, bench.counts[-1]), "memory")
    return targets(
        Target(
            f"CPU a delta ({length}): client ÷ SDK", results.ratio(last, _at(last, SDK), "cpu"), 0.2
        ),
        Target(
            f"CPU a delta ({length}): client ÷ bare httpx",
            results.ratio(last, _at(last, BARE), "cpu"),
            1.4,
        ),
        *(
            Target(
                f"CPU a delta: {count:,} ÷ {length}, without the request",
                results.ratio((CLIENT, count), last, "marginal"),
                1.3,
            )
            for count in (bench.counts[0], bench.longest)
        ),
        Target(f"peak memory of the engine over {length} deltas, MB", memory, 4, 1),
    )


def _at(way: tuple[str, int], name: str) -> tuple[str, int]:
    return name, way[1]


def _published(results: Results, counts: Sequence[int]) -> Table:
    rows = [
        [
            f"{TITLES[name]}, {count:,}",
            number(results.median((name, count), "wall"), 2),
            number(results.median((name, count), "messages"), 0),
            number(results.median((name, count), "size") / 1e3),
            number(results.median((name, count), "size") / count),
        ]
        for name in (CELL, PACED)
        for count in counts
        if (name, count) in results
    ]
    return Table(["published on IOPub", "cell s", "messages", "kB", "bytes a delta"], rows)
