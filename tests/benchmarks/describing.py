"""What describing a notebook of large outputs costs."""

from __future__ import annotations

import random
import struct
import time
import zlib
from collections.abc import Hashable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from codex_magic.api.backends import OPENAI
from codex_magic.asking import Options
from codex_magic.attaching import attach
from codex_magic.config import Codex
from codex_magic.context.budget import allowance, tokens
from codex_magic.context.executions import Execution, Output
from codex_magic.context.gathering import gather
from codex_magic.context.images import ImageStore
from codex_magic.context.pieces import Piece
from codex_magic.context.recording import bounded, output_of
from codex_magic.context.redact import Redactor
from codex_magic.context.wanted import Scene, Wanted

from .runner import Bench, Figures, Measure, Results, Table, interleave, number

NOTE = (
    "CPU of `-c all`, from what was written down while the cells ran to pieces within the budget of "
    "a model, and of all that a question with it needs: secrets out, images of a size that models "
    "take. Each cell printed 30 kB and showed a table of 60 rows, as pandas writes it, and a figure "
    "of its own of 40 kB, of which the last ones are kept."
)
MODEL = "gpt-5.1-codex-mini"
LENGTHS = (75, 150, 300)
TARGET = 200
_PRINTED, _ROWS, _COLUMNS = 30_000, 60, 8
_WIDTH, _HEIGHT = 640, 480
_SOURCE = """\
model = fit(features[{0}], target, epochs=300)
history[{0}] = model.history
plot(history[{0}]); frame.describe()"""


def run(bench: Bench, lengths: Sequence[int] = LENGTHS) -> list[Table]:
    """Return the cost for notebooks of several lengths."""
    ways: dict[Hashable, Measure] = {length: _measured(scene_of(length)) for length in lengths}
    return [_table(interleave(ways, bench.rounds), list(lengths))]


def scene_of(length: int) -> Scene:
    """Return a notebook of so many cells with large outputs, as the recorder keeps it."""
    chance, images = random.Random(1), ImageStore()
    recorder = SimpleNamespace(
        executions=[_cell(count, chance, images) for count in range(1, length + 1)], images=images
    )
    return Scene({}, cast(Any, recorder), cast(Any, SimpleNamespace(read=lambda: None)))


def _cell(count: int, chance: random.Random, images: ImageStore) -> Execution:
    execution = Execution(_SOURCE.format(count), count=count)
    execution.running = False
    printed, cut = bounded(_printed(count, chance))
    plain, html = _frame(chance)
    execution.outputs = [
        Output("stream", name="stdout", text=printed, cut=cut),
        output_of("display", {"image/png": _png(count), "text/plain": "<Figure>"}, images),
        output_of("result", {"text/html": html, "text/plain": plain}, images),
    ]
    return execution


def _printed(count: int, chance: random.Random) -> str:
    lines = (
        f"cell {count} epoch {epoch:4d}  loss {chance.random():.6f}  accuracy {chance.random():.4f}"
        for epoch in range(_PRINTED // 48)
    )
    return "\n".join(lines)


def _frame(chance: random.Random) -> tuple[str, str]:
    """Return a table as pandas writes it, in both forms."""
    names = [f"column_{column}" for column in range(_COLUMNS)]
    rows = [[f"{chance.gauss(0, 100):.6f}" for _ in names] for _ in range(_ROWS)]
    head = "".join(f"\n      <th>{name}</th>" for name in ["", *names])
    body = "".join(
        f"\n    <tr>\n      <th>{index}</th>"
        + "".join(f"\n      <td>{value}</td>" for value in row)
        + "\n    </tr>"
        for index, row in enumerate(rows)
    )
    html = (
        "<div>\n<style scoped>\n    .dataframe tbody tr th { vertical-align: top; }\n</style>\n"
        '<table border="1" class="dataframe">\n  <thead>\n    <tr style="text-align: right;">'
        f"{head}\n    </tr>\n  </thead>\n  <tbody>{body}\n  </tbody>\n</table>\n</div>"
    )
    shown = [*rows[:30], ["..."] * _COLUMNS, *rows[30:]]
    plain = "\n".join("  ".join(value.rjust(12) for value in row) for row in [names, *shown])
    return plain, html


def _png(count: int) -> bytes:
    """Return a figure of a usual size, another one for each cell."""
    noise = random.Random(count).randbytes(38_000).ljust((_WIDTH * 3 + 1) * _HEIGHT, b"\0")
    rows = b"".join(
        b"\0" + noise[row * _WIDTH * 3 : (row + 1) * _WIDTH * 3] for row in range(_HEIGHT)
    )
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    )


def _measured(scene: Scene) -> Measure:
    room = allowance(MODEL, 0)

    def measure() -> Figures:
        started = time.process_time()
        gather("Why?", Wanted(cells="all"), scene, room)
        described = time.process_time()
        question = attach(
            "Why?",
            Options(cells="all"),
            Codex(),
            scene,
            model=MODEL,
            backend=OPENAI,
            redactor=Redactor({}),
        )
        ended = time.process_time()
        texts = [one for one in question.attachments if isinstance(one, Piece)]
        return {
            "describe": (described - started) * 1e3,
            "attach": (ended - described) * 1e3,
            "tokens": sum(map(tokens, question.attachments)),
            "pieces": len(texts),
        }

    return measure


def _table(results: Results, lengths: list[int]) -> Table:
    rows = [
        [
            f"{length}",
            number(results.median(length, "describe")),
            number(results.median(length, "describe") / length, 3),
            number(results.median(length, "attach")),
            number(results.median(length, "tokens"), 0),
        ]
        for length in lengths
    ]
    columns = ["cells", "described, CPU ms", "ms a cell", "all of it, CPU ms", "tokens"]
    longest = lengths[-1]
    growth = results.ratio(longest, lengths[0], "describe") / (longest / lengths[0])
    notes = [
        f"Target: ≤ {TARGET} ms to describe 300 cells, linear: a cell of {longest} costs "
        f"{growth:.2f} times one of {lengths[0]}. The budget is {allowance(MODEL, 0):,} tokens."
    ]
    return Table(columns, rows, notes)
