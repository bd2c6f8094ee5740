"""How long the first word of a paced answer takes from the service to its reader."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Hashable
from functools import partial
from pathlib import Path

from .kernels import fresh_kernel
from .runner import Bench, Figures, Measure, Table, Target, clean_environment, interleave, number
from .runner import targets as aims
from .service import served

NOTE = (
    "From the moment the service sends the first delta of an answer, one delta every 5 ms, to the "
    "moment that the reader has it; the median of several answers on a warm connection."
)
RAW, CLIENT, SDK, SCREEN = "raw_socket", "codex_client", "official_sdk", "screen"
TITLES = {
    RAW: "raw socket",
    CLIENT: "`CodexClient`, `create(stream=True)`",
    SDK: "official SDK, `create(stream=True)`",
    SCREEN: "`%%codex`: the first screen message with it at the front end",
}
_MODEL = "bench-20-5000"
_ROOT = Path(__file__).parents[2]


def run(bench: Bench) -> list[Table]:
    """Return the time to the first delta of every way, and to the first message of a cell."""
    ways: dict[Hashable, Measure] = {
        name: partial(_in_process, bench.base_url, python, name)
        for name, python in ((RAW, bench.python), (CLIENT, bench.python), (SDK, bench.sdk))
        if python
    }
    ways[SCREEN] = partial(_on_screen, bench)
    results = interleave(ways, bench.rounds)
    added = results.over(RAW)
    rows = [
        [title, number(results.median(way, "ms"), 2), number(added.median(way, "ms"), 2)]
        for way, title in TITLES.items()
        if way in results
    ]
    return [
        Table(["first delta, ms", "after it was sent", "over the raw socket"], rows),
        aims(
            Target(
                "first delta over the raw socket: `CodexClient` ÷ SDK",
                added.ratio(CLIENT, SDK, "ms"),
                1,
            ),
            Target("first delta to the first screen message, ms", results.median(SCREEN, "ms"), 15),
        ),
    ]


def _in_process(base_url: str, python: str, way: str) -> Figures:
    command = [python, "-m", "tests.benchmarks.pacing", way, base_url, _MODEL]
    environment = clean_environment(PYTHONPATH=str(_ROOT))
    figures: Figures = json.loads(subprocess.check_output(command, env=environment))
    return figures


def _on_screen(bench: Bench) -> Figures:
    waits = []
    with fresh_kernel(bench.python, bench.base_url) as kernel:
        kernel.run("%load_ext codex_magic")
        for _ in range(5):
            cell = kernel.run(f"%%codex --once -m {_MODEL}\nHi", b"alpha")
            waits.append((cell.first - served(bench.base_url)[-1]["first"]) * 1e3)
    # The first answer imports and connects.
    return {"ms": statistics.median(waits[1:])}
