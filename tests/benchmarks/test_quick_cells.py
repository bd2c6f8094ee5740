"""The benchmarks of whole cells and calls run and say something; no time is anybody's failure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.benchmarks import calls, cells, installing, latency, memory, publishing, service
from tests.benchmarks.__main__ import SUMMARY, summary_of
from tests.benchmarks.runner import TARGET, Bench, Target, targets
from tests.telling import Tell


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Once, and short, with nothing that we are compared with."""
    with service.running() as base_url:
        yield Bench(
            base_url,
            sys.executable,
            None,
            rounds=1,
            base=sys.executable,
            idle=0.2,
            shorter=50,
        )


@pytest.mark.parametrize("module", [cells, installing, latency, memory, publishing])
def test_it_measures_something(module: ModuleType, bench: Bench, tell: Tell) -> None:
    """Every row has a figure, and there is something that is aimed at."""
    table, aims = module.run(bench)
    tell(f"{table}\n\n{aims}")

    assert table.rows
    assert all(row[1] != "–" for row in table.rows)
    assert TARGET == aims.columns[0]
    assert aims.rows


def test_idle_connections_are_used_again(bench: Bench, tell: Tell) -> None:
    """The service counts no new connection of ours after a pause."""
    table, aims = calls.run(bench)
    tell(f"{table}\n\n{aims}")

    assert ["new connections after 0.2 s of idle", "0", "≤ 0", "met"] == aims.rows[-1]


def test_the_summary_has_the_targets_of_every_section() -> None:
    """What a section aims at stands at the top too, once."""
    first, second = targets(Target("a ÷ b", 0.5, 0.2)), targets(Target("c, ms", 1, 15, 0))
    readme = f"<!-- summary -->\n<!-- end of summary -->\n\n{first}\n\nwords\n\n{second}\n"

    once = SUMMARY.sub(summary_of(readme), readme)
    twice = SUMMARY.sub(summary_of(once), once)

    assert once == twice
    summary = SUMMARY.search(once)
    assert summary is not None
    assert 1 == summary[0].count("| a ÷ b  |     0.50 | ≤ 0.2 | missed |")
    assert "| c, ms  |        1 |  ≤ 15 |    met |" in summary[0]
