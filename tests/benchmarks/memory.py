"""How much memory a kernel has after its first answer."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from .kernels import fresh_kernel
from .runner import Bench, Figures, Measure, Table, Target, interleave, number, targets

NOTE = "Resident memory of a kernel after one answer of 200 deltas, over that of a kernel that ran `pass`."
OURS, SDK, EMPTY = "`%load_ext codex_magic` and one `%%codex`", "official SDK", "`pass`"
_CELLS = {
    EMPTY: ["pass"],
    OURS: ["%load_ext codex_magic", "%%codex -m bench-200\nHi"],
    SDK: [
        "from openai import OpenAI",
        "for event in OpenAI().responses.create(model='bench-200', input='Hi', stream=True):\n"
        "    getattr(event, 'delta', '')",
    ],
}
_RESIDENT = (
    "next(int(line.split()[1]) for line in open('/proc/self/status') if line[:6] == 'VmRSS:')"
)


def run(bench: Bench) -> list[Table]:
    """Return what a kernel holds, with us and with the official SDK."""
    pythons = {EMPTY: bench.python, OURS: bench.python, SDK: bench.sdk}
    ways: dict[Hashable, Measure] = {
        way: partial(_measured, bench, python, way) for way, python in pythons.items() if python
    }
    results = interleave(ways, bench.rounds)
    over = results.over(EMPTY)
    rows = [
        [f"{way}", number(over.median(way, "MB")), number(over.ratio(way, SDK, "MB"))]
        for way in (OURS, SDK)
        if way in results
    ]
    floor = number(results.median(EMPTY, "MB"), 0)
    ratio = over.ratio(OURS, SDK, "MB")
    return [
        Table(["kernel after", "MB", "÷ SDK"], rows, [f"The bare kernel itself has {floor} MB."]),
        targets(Target("resident memory after one answer ÷ SDK", ratio, 0.5)),
    ]


def _measured(bench: Bench, python: str, way: str) -> Figures:
    with fresh_kernel(python, bench.base_url) as kernel:
        for cell in _CELLS[way]:
            kernel.run(cell)
        if way == OURS:
            # What the first question did not need may still be on its way in.
            kernel.run(
                "import threading\nfor one in threading.enumerate():\n"
                "    if isinstance(one, threading.Timer): one.join()"
            )
        return {"MB": kernel.value(_RESIDENT) * 1024 / 1e6}
