"""What a cell publishes while an answer streams."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from .kernels import fresh_kernel
from .runner import Bench, Figures, Measure, Table, Target, interleave, number, targets
from .service import answer_text

NOTE = (
    "IOPub messages and bytes as they are on the wire, of `%%codex` and of a cell that updates one "
    "Markdown display for each delta of the official SDK."
)
OURS, SDK, LONG, HALF = "ours", "sdk", "long", "half"
# Deltas, microseconds between them, and characters of each.
_MODELS = {
    OURS: (2_000, 1_000, 0),
    SDK: (2_000, 1_000, 0),
    LONG: (15_000, 500, 4),
    HALF: (7_500, 500, 4),
}
_TITLES = {
    OURS: "`%%codex`, 2,000 deltas at 1 ms",
    SDK: "official SDK and Markdown per delta, the same",
    LONG: "`%%codex`, 60,000 characters in 15,000 deltas at 0.5 ms",
    HALF: "`%%codex`, the half of it",
}
_PER_DELTA = """
from IPython.display import Markdown, display
from openai import OpenAI
client = OpenAI()
def ask(model):
    handle, text = display(Markdown(""), display_id=True), ""
    for event in client.responses.create(model=model, input="Hi", stream=True):
        if event.type == "response.output_text.delta":
            text += event.delta
            handle.update(Markdown(text))
"""


def run(bench: Bench) -> list[Table]:
    """Return messages and bytes, beside a Markdown update for each delta."""
    names = [name for name in _TITLES if bench.sdk or name != SDK]
    ways: dict[Hashable, Measure] = {name: partial(_measured, bench, name) for name in names}
    results = interleave(ways, bench.rounds)
    rows = [
        [
            _TITLES[name],
            number(results.median(name, "wall"), 2),
            number(results.median(name, "messages"), 0),
            number(results.median(name, "messages a second")),
            number(results.median(name, "size") / 1e3),
            number(results.median(name, "times"), 1),
        ]
        for name in names
    ]
    columns = ["cell", "s", "messages", "beyond 5, a second", "kB", "÷ bytes of the answer"]
    return [
        Table(columns, rows),
        targets(
            Target(
                "IOPub messages beyond 5, a second (2,000 deltas at 1 ms)",
                results.median(OURS, "messages a second"),
                20,
                1,
            ),
            Target(
                "IOPub bytes ÷ Markdown per delta with the SDK",
                results.ratio(OURS, SDK, "size"),
                0.02,
                4,
            ),
            Target(
                "IOPub bytes of 60,000 characters in 15,000 deltas ÷ the answer's",
                results.median(LONG, "times"),
                60,
                1,
            ),
            Target(
                "the same ÷ twice those of the half (linear: 1)",
                results.ratio(LONG, HALF, "size") / 2,
                1.1,
            ),
        ),
    ]


def _measured(bench: Bench, name: str) -> Figures:
    deltas, pace, width = _MODELS[name]
    deltas //= bench.shorter
    model = f"bench-{deltas}-{pace}-{width}"
    python = bench.sdk if name == SDK and bench.sdk else bench.python
    with fresh_kernel(python, bench.base_url) as kernel:
        if name == SDK:
            kernel.run(_PER_DELTA)
            kernel.run("ask('bench-20')")
            cell = kernel.run(f"ask('{model}')")
        else:
            kernel.run("%load_ext codex_magic")
            kernel.run("%%codex --once -m bench-20\nHi")
            cell = kernel.run(f"%%codex --once -m {model}\nHi")
    return {
        "wall": cell.wall,
        "messages": cell.messages,
        "messages a second": (cell.messages - 5) / cell.wall,
        "size": cell.size,
        "times": cell.size / len(answer_text(deltas, width).encode()),
    }
