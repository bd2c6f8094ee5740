"""What a call costs whose answer comes in one piece."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from .runner import Bench, Figures, Measure, Table, Target, clean_environment, interleave, number
from .runner import targets as aims

NOTE = (
    "CPU of one of many calls over one client, of an answer of 20 words that does not stream; and "
    "whether a call after a minute of idle needs another connection, as the service counts them."
)
HTTPX, CLIENT, SDK = "bare_httpx", "codex_client", "official_sdk"
TITLES = {
    HTTPX: "bare httpx, `post(json=…)` and `json()`",
    CLIENT: "`CodexClient`, `create()`",
    SDK: "official SDK, `create()`",
}
_ROOT = Path(__file__).parents[2]


def run(bench: Bench) -> list[Table]:
    """Return what a call costs, and whether a later one connects again."""
    pythons = {HTTPX: bench.python, CLIENT: bench.python, SDK: bench.sdk}
    found = {name: python for name, python in pythons.items() if python}
    ways: dict[Hashable, Measure] = {
        name: partial(_measured, bench, name, python, 0.0) for name, python in found.items()
    }
    results = interleave(ways, bench.rounds)
    # All at once: they only wait.
    with ThreadPoolExecutor() as pool:
        waiting = {
            name: pool.submit(_measured, bench, name, python, bench.idle)
            for name, python in found.items()
        }
        connections = {name: one.result()["connections"] for name, one in waiting.items()}
    rows = [
        [
            TITLES[name],
            number(results.median(name, "ms"), 3),
            number(results.ratio(name, HTTPX, "ms"), 2),
            number(results.ratio(name, SDK, "ms"), 3),
            number(connections[name], 0),
        ]
        for name in found
    ]
    columns = ["call", "CPU ms", "÷ bare httpx", "÷ SDK", "new connections after idle"]
    return [
        Table(columns, rows),
        aims(
            Target("repeated call ÷ bare httpx", results.ratio(CLIENT, HTTPX, "ms"), 1.3),
            Target("repeated call ÷ SDK", results.ratio(CLIENT, SDK, "ms"), 0.35),
            Target(f"new connections after {bench.idle:g} s of idle", connections[CLIENT], 0, 0),
        ),
    ]


def _measured(bench: Bench, way: str, python: str, idle: float) -> Figures:
    command = [python, "-m", "tests.benchmarks.calling", way, bench.base_url, f"{idle}"]
    environment = clean_environment(PYTHONPATH=str(_ROOT))
    figures: Figures = json.loads(subprocess.check_output(command, env=environment))
    return figures
