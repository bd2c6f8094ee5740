"""The benchmarks run and say something; how fast things are is nobody's failure here."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from functools import partial

import pytest

from tests.benchmarks import bodies, building, deltas, first, load, peers, service
from tests.benchmarks.__main__ import section
from tests.benchmarks.runner import Bench, Results, Table, interleave
from tests.telling import Tell


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Once, and short; what we are compared with only where it is installed anyway."""
    with service.running() as base_url:
        yield Bench(
            base_url,
            sys.executable,
            peers.installed_sdk(),
            rounds=1,
            counts=(200,),
            histories=((20, 1),),
            longest=400,
            open_client=peers.installed_open_client(),
        )


def test_loading_imports_nothing_heavy(bench: Bench, tell: Tell) -> None:
    """None of the libraries that DESIGN lists is imported by ``%load_ext codex_magic``."""
    table, aims = load.run(bench)
    tell(str(table))

    assert table.notes[-1].endswith("loading imported: none.")
    assert {f"`{load.STUB}`", f"`{load.OURS}`"} <= {row[0] for row in table.rows}
    assert all(row[-1] in ("met", "missed", "–") for row in aims.rows)


def test_deltas_are_measured_on_every_way(bench: Bench, tell: Tell) -> None:
    """Every way reads whole answers of every length, and a cell publishes something."""
    costs, published, aims = deltas.run(bench)
    tell(str(costs))
    tell(str(published))
    tell(str(aims))

    assert _present(deltas.TITLES, bench) == [row[0] for row in costs.rows]
    assert all(float(cell.replace(",", "")) > 0 for row in costs.rows for cell in row[1:2])
    assert all(int(row[2]) >= 1 for row in published.rows)


def test_the_first_question_is_timed_to_the_wire(bench: Bench, tell: Tell) -> None:
    """The request comes after Enter, both at once after loading and later."""
    table, _ = first.run(bench)
    tell(str(table))

    assert all(float(row[1].replace(",", "")) > 0 for row in table.rows)


def test_requests_are_measured_on_every_way(bench: Bench, tell: Tell) -> None:
    """Every way makes a request of every conversation; the whole of it is in the client's hands."""
    table, _ = bodies.run(bench)
    tell(str(table))

    assert _present(bodies.TITLES, bench) == [row[0] for row in table.rows]
    assert "20 turns, 1 images" == table.columns[1]
    assert all(float(row[-1]) >= 1 for row in table.rows)
    assert "a body of 0.2" in table.notes[0]


def test_the_conversation_of_a_benchmark_is_as_big_as_it_says() -> None:
    """A thousand turns with twenty images are the 7.75 MB that others were measured with."""
    turns = building.conversation(1_000, 20)
    images = [part for turn in turns for part in turn[0]["content"] if "image_url" in part]
    size = len(json.dumps(turns, ensure_ascii=False, separators=(",", ":")).encode())

    assert (1_000, 20) == (len(turns), len(images))
    assert 7_600_000 < size < 7_900_000


def test_a_section_says_what_it_was_measured_with(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table is worth nothing without versions, rounds and a date, and names no machine."""
    monkeypatch.setattr(load, "run", lambda bench: [Table(["a", "b"], [["one", "2"]])])

    text = section("load", bench)

    assert text.startswith("## load: What ``%load_ext codex_magic`` costs")
    assert "| one | 2 |" in text
    assert "median of 1 interleaved rounds" in text
    assert "codex-magic " in text


def test_ratios_are_of_the_same_round() -> None:
    """A round in which the machine was slow for all does not change a ratio."""
    slowness, costs = (1.0, 10.0, 2.0), {"ours": 2.0, "theirs": 4.0}
    results = Results(
        {way: [{"cpu": cost * factor} for factor in slowness] for way, cost in costs.items()}
    )

    assert 0.5 == results.ratio("ours", "theirs", "cpu")
    assert 4.0 == results.median("ours", "cpu")
    assert 4.0 == results.over("ours").median("theirs", "cpu")
    assert math.isnan(results.ratio("ours", "nobody", "cpu"))


def test_every_way_is_measured_once_a_round() -> None:
    """Rounds are interleaved: no way is measured twice before all were measured once."""
    measured: list[str] = []

    def measure(name: str) -> dict[str, float]:
        measured.append(name)
        return {"cpu": 1.0}

    interleave({name: partial(measure, name) for name in ("a", "b", "c")}, rounds=3)

    rounds = [measured[start : start + 3] for start in range(0, 9, 3)]
    assert 9 == len(measured)
    assert all({"a", "b", "c"} == set(names) for names in rounds)


def _present(titles: Mapping[str, str], bench: Bench) -> list[str]:
    """Return the rows of a table, without what is not installed."""
    missing = {bodies.SDK} if bench.sdk is None else set()
    missing |= {bodies.OPEN_CLIENT} if bench.open_client is None else set()
    return [title for name, title in titles.items() if name not in missing]
