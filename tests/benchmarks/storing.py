"""What it costs to keep a conversation on disk, and to get it back."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Conversation, Turn

from . import building
from .runner import Bench, Figures, Measure, Table, clean_environment, interleave, number

NOTE = (
    "Wall times of a fresh process with a fresh file. *Recording* is what the journal's thread does "
    "when a question has been answered (median of 20 turns), *growing* what it does twice a second "
    "while an answer comes: no cell waits for the latter."
)
_ROOT = Path(__file__).parents[2]
_AGAIN = 20


def run(bench: Bench) -> list[Table]:
    """Return what it costs to record a turn and to load a conversation, for several lengths."""
    results = interleave(dict(_ways(bench)), bench.rounds)
    names = ("record", "grow", "load", "search", "size")
    rows = [
        [
            f"{turns:,} turns, {images:,} images" if turns else "nothing",
            *(number(results.median((turns, images), name), 2) for name in names),
        ]
        for turns, images in bench.histories
    ]
    columns = ["what is there already", "record, ms", "grow, ms", "load, ms", "search, ms", "MB"]
    note = (
        "Targets: a conversation of 1,000 turns with 20 images loads in ≤ 300 ms; a turn is "
        "recorded in ≤ 5 ms, whatever is there."
    )
    return [Table(columns, rows, [note])]


def _ways(bench: Bench) -> Iterator[tuple[Hashable, Measure]]:
    for turns, images in bench.histories:
        yield (turns, images), partial(_measured, bench.python, turns, images)


def _measured(python: str, turns: int, images: int) -> Figures:
    command = [python, "-m", "tests.benchmarks.storing", str(turns), str(images)]
    environment = clean_environment(PYTHONPATH=str(_ROOT))
    figures: Figures = json.loads(subprocess.check_output(command, env=environment))
    return figures


def figures(turns: int, images: int, folder: Path) -> Figures:
    """Return the milliseconds of everything, with a conversation of a length."""
    store = Store(folder / "store.sqlite")
    conversation = Conversation("main", turns=map(_turn, building.conversation(turns, images)))
    assert store.save(conversation), store.trouble
    more = [_turn(exchange) for exchange in building.conversation(_AGAIN, 0)]
    record = [_timed(partial(store.record, conversation, turn)) for turn in more]
    begun = _turn(building.conversation(1, 0)[0])
    store.begin(conversation, begun)
    grow = [_timed(lambda: store.grow(begun.id, "words " * 2_000)) for _ in more]
    size = store.size()
    later = Store(store.path)
    return {
        "record": median(record),
        "grow": median(grow),
        "load": _timed(lambda: later.load(conversation.id) is not None),
        "search": _timed(lambda: not later.search("no-such-word")),
        "size": size / 1e6,
    }


def _turn(exchange: tuple[building.Item, ...]) -> Turn:
    asked, *answer = exchange
    return Turn(
        str(asked["content"])[:100], (asked,), tuple(answer), text=str(answer[-1]["content"])
    )


def _timed(action: Callable[[], bool]) -> float:
    began = time.perf_counter()
    assert action()
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(figures(int(sys.argv[1]), int(sys.argv[2]), Path(folder))))
