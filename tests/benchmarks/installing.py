"""What an installation adds to a kernel with widgets."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Hashable
from pathlib import Path

import codex_magic

from .runner import Bench, Results, Table, Target, number, targets

NOTE = (
    "Distributions and MB, without bytecode, that are not in an environment of ipython, ipykernel "
    "and ipywidgets. Counted once: it is the same in every round."
)
OURS, AI_MAGICS, SDK = "codex-magic", "jupyter-ai-magics + langchain-openai", "openai"
_SIZES = """
import json
from importlib.metadata import distributions
from pathlib import Path
def size(found):
    paths = {Path(found.locate_file(file)) for file in found.files or () if file.suffix != ".pyc"}
    return sum(path.stat().st_size for path in paths if path.is_file())
print(json.dumps({found.name.lower(): size(found) for found in distributions()}))
"""


def run(bench: Bench) -> list[Table]:
    """Return what this package adds, and what peers add."""
    if bench.base is None:
        return [targets()]
    pythons = {OURS: bench.python, AI_MAGICS: bench.ai_magics, SDK: bench.sdk}
    base = sizes(bench.base)
    figures: dict[Hashable, list[dict[str, float]]] = {
        name: [_added(sizes(python), base)] for name, python in pythons.items() if python
    }
    results = Results(figures)
    rows = [
        [
            f"{name}",
            number(results.median(name, "distributions"), 0),
            number(results.median(name, "megabytes")),
        ]
        for name in figures
    ]
    aims = (("distributions", 0.2), ("megabytes", 0.1))
    return [
        Table(["installation of", "distributions", "MB"], rows),
        targets(
            *(
                Target(
                    f"{name} of a core install ÷ {AI_MAGICS}",
                    results.ratio(OURS, AI_MAGICS, name),
                    aim,
                    3,
                )
                for name, aim in aims
            )
        ),
    ]


def sizes(python: str) -> dict[str, int]:
    """Return the bytes of every distribution of an environment."""
    found: dict[str, int] = json.loads(subprocess.check_output([python, "-c", _SIZES]))
    if OURS in found:
        # The environment has the checkout, and only its address.
        package = Path(codex_magic.__file__).parent
        files = (file for file in package.rglob("*") if file.suffix != ".pyc")
        found[OURS] = sum(file.stat().st_size for file in files if file.is_file())
    return found


def _added(found: dict[str, int], base: dict[str, int]) -> dict[str, float]:
    more = [size for name, size in found.items() if name not in base]
    return {"distributions": len(more), "megabytes": sum(more) / 1e6}
