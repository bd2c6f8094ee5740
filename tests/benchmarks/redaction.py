"""What taking secrets out of 1 MB costs."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Hashable

from codex_magic.context.redact import Redactor

from .runner import Bench, Figures, Measure, Results, Table, interleave, number

NOTE = (
    "CPU of `Redactor.redact` for 1 MB of text, in a process that has read other text before; with "
    "twelve secrets in the environment that are looked for."
)
TYPICAL = "code, tables and prose of a notebook"
_LENGTH = 1_000_000
_CODE = '''
import pandas as pd
from sklearn.linear_model import LogisticRegression

def evaluate(model, features, target, *, key="accuracy"):
    """Return the mean of five folds; tokens are counted elsewhere."""
    scores = cross_val_score(model, features, target, cv=5, scoring=key)
    return {"mean": scores.mean(), "std": scores.std(), "token_count": len(target)}

df = pd.read_csv("https://example.org/data/measurements-2024.csv", parse_dates=["time"])
df.groupby("category")["value"].agg(["mean", "std", "count"]).sort_values("mean")
'''
_PROSE = """
The residuals are larger in winter than in summer – see the second figure. We tried three models,
and the simplest of them did as well as the others once the outliers had been removed.
"""


def run(bench: Bench) -> list[Table]:
    """Return the cost of 1 MB of typical text, and of text that is harder."""
    texts = _texts()
    ways: dict[Hashable, Measure] = {name: _measured(text) for name, text in texts.items()}
    return [_table(interleave(ways, bench.rounds), list(texts))]


def _texts() -> dict[str, str]:
    chance = random.Random(1)
    rows = "\n".join(
        f"{row:6d}  {chance.random():.6f}  {chance.gauss(0, 100):10.4f}  category_{row % 7}  "
        f"2024-01-{row % 28 + 1:02d} 12:00:00"
        for row in range(12)
    )
    assignments = "\n".join(f'password = "w1nter{row}storm"' for row in range(40_000))
    encoded = base64.b64encode(chance.randbytes(_LENGTH)).decode()
    typical = _CODE + rows + _PROSE
    return {
        TYPICAL: (typical * (_LENGTH // len(typical) + 1))[:_LENGTH],
        "one image as base64": encoded[:_LENGTH],
        "nothing but passwords": assignments[:_LENGTH],
    }


def _measured(text: str) -> Measure:
    environ = {f"SERVICE_{number}_TOKEN": f"zQ7{number:02d}kV9tulip+lane" for number in range(12)}

    def measure() -> Figures:
        redactor = Redactor(environ)
        started = time.process_time()
        _, replaced = redactor.redact(text)
        return {"cpu": (time.process_time() - started) * 1e3, "replaced": replaced}

    return measure


def _table(results: Results, names: list[str]) -> Table:
    rows = [
        [
            name,
            number(results.median(name, "cpu")),
            number(results.median(name, "replaced"), 0),
            number(results.ratio(name, TYPICAL, "cpu")),
        ]
        for name in names
    ]
    columns = ["1 MB of", "CPU ms", "replaced", "÷ notebook"]
    return Table(columns, rows, ["Target: ≤ 100 ms for a notebook."])
