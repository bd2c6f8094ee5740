"""What a cell takes beyond the time that the service takes."""

from __future__ import annotations

import statistics
from collections.abc import Hashable
from functools import partial

from .kernels import fresh_kernel
from .runner import Bench, Figures, Measure, Table, Target, interleave, number, targets
from .service import served

NOTE = (
    "Wall time of a cell over the time from the request at the service to the end of its answer: "
    "200 deltas, one every 5 ms. jupyter-ai-magics asks for an answer in one piece."
)
OURS, AI_MAGICS, EMPTY = "`%%codex`", "`%%ai` of jupyter-ai-magics", "`pass`"
_MODEL = "bench-200-5000"


def run(bench: Bench) -> list[Table]:
    """Return what cells add, of ours and of jupyter-ai-magics."""
    ways: dict[Hashable, Measure] = {OURS: partial(_ours, bench)}
    if bench.ai_magics:
        ways[AI_MAGICS] = partial(_ai_magics, bench, bench.ai_magics)
    results = interleave(ways, bench.rounds)
    rows = [
        [
            f"{way}",
            number(results.median(way, "service"), 0),
            number(results.median(way, "over")),
            number(results.ratio(way, AI_MAGICS, "over")),
        ]
        for way in ways
    ]
    columns = ["cell", "the service's time, ms", "over it, ms", "÷ jupyter-ai-magics"]
    over = results.median(OURS, "over")
    return [
        Table(columns, rows),
        targets(Target("cell time over the service's, ms (200 deltas at 5 ms)", over, 15, 1)),
    ]


def _ours(bench: Bench) -> Figures:
    return _measured(bench, bench.python, "codex_magic", "%%codex --once -m {}\nHi")


def _ai_magics(bench: Bench, python: str) -> Figures:
    return _measured(bench, python, "jupyter_ai_magics", "%%ai openai-chat:{}\nHi")


def _measured(bench: Bench, python: str, extension: str, cell: str) -> Figures:
    with fresh_kernel(python, bench.base_url) as kernel:
        kernel.run(f"%load_ext {extension}")
        # The first answer imports and connects.
        kernel.run(cell.format("bench-20"))
        figures = []
        for _ in range(3):
            wall = kernel.run(cell.format(_MODEL)).wall
            # The cell may be done before the service has noted the end.
            while "end" not in (answer := served(bench.base_url)[-1]):
                pass
            figures.append((answer["end"] - answer["arrival"], wall))
    return {
        "service": statistics.median(service for service, _ in figures) * 1e3,
        "over": statistics.median(wall - service for service, wall in figures) * 1e3,
    }
