"""How long the first question of a kernel takes to go out."""

from __future__ import annotations

import time
from collections.abc import Hashable

from .kernels import Kernel, fresh_kernel
from .runner import Bench, Figures, Measure, Results, Table, Target, interleave, number, targets
from .service import served

NOTE = "From Enter to the request's first byte at the service, for the first question of a kernel."
AT_ONCE, LATER, SDK = "at once", "later", "sdk"
TITLES = {
    AT_ONCE: "`%%codex`, at once after `%load_ext codex_magic`",
    LATER: "`%%codex`, half a second after it",
    SDK: "official SDK: import, client, request",
}
_QUESTION = "%%codex -m bench-1\nHi"
_SDK_QUESTION = """
from openai import OpenAI
for event in OpenAI().responses.create(model="bench-1", input="Hi", stream=True):
    pass
"""


def run(bench: Bench) -> list[Table]:
    """Return the time to the first request, of ours at once and later, and of the official SDK."""
    ways: dict[Hashable, Measure] = {
        AT_ONCE: _measure(bench.base_url, bench.python, 0.0),
        LATER: _measure(bench.base_url, bench.python, 0.5),
    }
    if bench.sdk:
        ways[SDK] = _measure(bench.base_url, bench.sdk, None)
    results = interleave(ways, bench.rounds)
    at_once, later = (results.ratio(way, SDK, "wall") for way in (AT_ONCE, LATER))
    return [
        _table(results),
        targets(
            Target("first question, half a second after loading ÷ SDK", later, 0.05, 3),
            Target("first question, at once ÷ SDK", at_once, 0.2, 3),
        ),
    ]


def _measure(base_url: str, python: str, idle: float | None) -> Measure:
    def measure() -> Figures:
        with fresh_kernel(python, base_url) as kernel:
            asked = len(served(base_url))
            began, cpu = _ask(kernel, idle)
            return {"wall": (served(base_url)[asked]["arrival"] - began) * 1e3, "cpu": cpu * 1e3}

    return measure


def _ask(kernel: Kernel, idle: float | None) -> tuple[float, float]:
    """Ask the first question; return when, and the CPU of the whole cell."""
    kernel.run("pass")
    if idle is None:
        cell = kernel.run(_SDK_QUESTION)
        return cell.began, cell.cpu
    kernel.run("%load_ext codex_magic")
    time.sleep(idle)
    cell = kernel.run(_QUESTION)
    return cell.began, cell.cpu


def _table(results: Results) -> Table:
    rows = [
        [
            title,
            number(results.median(way, "wall")),
            number(results.ratio(way, SDK, "wall"), 3),
            number(results.median(way, "cpu")),
        ]
        for way, title in TITLES.items()
        if way in results
    ]
    return Table(
        ["first question", "ms to the wire", "÷ SDK", "CPU of the whole cell, ms"],
        rows,
    )
