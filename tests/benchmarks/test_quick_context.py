"""The benchmarks of what is sent run and say something; how fast things are is nobody's failure here."""

from __future__ import annotations

import sys

from tests.benchmarks import describing, redaction
from tests.benchmarks.runner import Bench
from tests.telling import Tell

BENCH = Bench("", sys.executable, None, rounds=1)


def test_a_notebook_is_described_within_its_budget(tell: Tell) -> None:
    """Every cell is described, and all of them together are what may be sent."""
    [table] = describing.run(BENCH, lengths=(20, 300))
    tell(str(table))

    assert ["20", "300"] == [row[0] for row in table.rows]
    few, many = (int(row[-1].replace(",", "")) for row in table.rows)
    assert 1_000 < few < many <= 200_000
    assert "The budget is 200,000 tokens." in table.notes[0]


def test_secrets_are_taken_out_of_every_text(tell: Tell) -> None:
    """Of a megabyte of each kind."""
    [table] = redaction.run(BENCH)
    tell(str(table))

    assert redaction.TYPICAL == table.rows[0][0]
    assert all(float(row[1].replace(",", "")) > 0 for row in table.rows)
