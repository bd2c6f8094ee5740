"""What ``%load_ext codex_magic`` costs in a running kernel."""

from __future__ import annotations

from collections.abc import Hashable

from .kernels import fresh_kernel
from .runner import Bench, Figures, Measure, Results, Table, Target, interleave, number, targets

NOTE = "CPU and wall time over those of the cell `pass`, in a fresh kernel each time."
OURS, STUB, SDK, EMPTY = (
    "%load_ext codex_magic",
    "%load_ext stub_extension",
    "import openai",
    "pass",
)
# None of these may be imported by loading.
HEAVY = (
    "httpx",
    "httpcore",
    "pydantic",
    "ipywidgets",
    "markdown_it",
    "nh3",
    "matplotlib",
    "pandas",
    "nbformat",
    "xllamacpp",
)


def run(bench: Bench) -> list[Table]:
    """Return loading beside an extension that does nothing and the official SDK's import."""
    heavy: set[str] = set()

    def measured(code: str, python: str) -> Measure:
        def measure() -> Figures:
            with fresh_kernel(python, bench.base_url) as kernel:
                before = set(kernel.value(_IMPORTED))
                cell = kernel.run(code)
                modules, imported = kernel.value("len(sys.modules)"), kernel.value(_IMPORTED)
            if code == OURS:
                heavy.update(set(imported) - before)
            return {"cpu": cell.cpu * 1e3, "wall": cell.wall * 1e3, "modules": modules}

        return measure

    ways: dict[Hashable, Measure] = {
        code: measured(code, bench.python) for code in (EMPTY, STUB, OURS)
    }
    if bench.sdk:
        ways[SDK] = measured(SDK, bench.sdk)
    results = interleave(ways, bench.rounds)
    over = results.over(EMPTY)
    return [
        _table(results, sorted(heavy)),
        targets(
            Target(
                "`%load_ext codex_magic` ÷ `import openai`", over.ratio(OURS, SDK, "cpu"), 0.02, 4
            ),
            Target(
                "`%load_ext codex_magic` ÷ a stub extension", over.ratio(OURS, STUB, "cpu"), 2.5
            ),
        ),
    ]


_IMPORTED = f"[name for name in {HEAVY!r} if name in sys.modules]"


def _table(results: Results, heavy: list[str]) -> Table:
    over = results.over(EMPTY)
    rows = [
        [
            f"`{way}`",
            number(over.median(way, "cpu")),
            number(over.median(way, "wall")),
            number(over.median(way, "modules"), 0),
            number(over.ratio(way, SDK, "cpu"), 4),
            number(over.ratio(way, STUB, "cpu"), 2),
        ]
        for way in (STUB, OURS, SDK)
        if way in over
    ]
    columns = ["cell", "CPU ms", "wall ms", "modules", "÷ `import openai`", "÷ stub"]
    listed = ", ".join(f"`{name}`" for name in HEAVY)
    found = ", ".join(f"`{name}`" for name in heavy) or "none"
    floor = number(results.median(EMPTY, "cpu"), 2)
    return Table(
        columns,
        rows,
        [
            f"The cell `pass` itself takes {floor} ms of CPU.",
            f"Of {listed}, loading imported: {found}.",
        ],
    )
