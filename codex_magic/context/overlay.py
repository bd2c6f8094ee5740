"""The cells of a notebook from top to bottom, with what each of them did last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..notebook import Notebook, NotebookCell
from ..patterns import late
from ..records import dataclass
from .executions import Execution

_OURS_CELL = late(r"\s*%%codex(?=\s|$)")
_OURS_LINE = late(r"(?:\w+\s*=\s*)?%codex(?=[\s?]|$)|#|$")


@dataclass(frozen=True, slots=True)
class Cell:
    """
    A cell that can be sent: as it ran, or as the notebook has it.

    Attributes:
        kind: code, markdown or raw.
        source: Its text: of a cell that ran, what ran.
        position: Where it stands in the notebook, from 1; 0 where that is not known.
        execution: What it did in this kernel; None where it has not run.
        saved: What the notebook knows of it; None where the notebook does not have it.
        current: Whether it is the one that asks.
        note: How far it can be trusted, as "file saved 3 min ago"; empty for fully.
    """

    kind: str
    source: str
    position: int = 0
    execution: Execution | None = None
    saved: NotebookCell | None = None
    current: bool = False
    note: str = ""

    @property
    def count(self) -> int:
        """The number of its execution; 0 for none."""
        if self.execution is not None:
            return self.execution.count
        return self.saved.count if self.saved is not None else 0

    @property
    def ours(self) -> bool:
        """Whether it is a question of ours, which the conversation holds anyway."""
        if self.execution is not None:
            return self.execution.ours
        return self.kind == "code" and is_ours(self.source)

    @property
    def label(self) -> str:
        """What it is called: by its number, else by its position."""
        if self.count:
            return f"cell {self.count}"
        return f"cell #{self.position}" if self.position else "cell"


def is_ours(source: str) -> bool:
    """
    Whether a cell holds nothing but a question or commands of ours.

    >>> is_ours("%%codex\\nWhy?"), is_ours("%codex fix\\n"), is_ours("x = 1\\n%codex fix"), is_ours("")
    (True, True, False, False)
    """
    if _OURS_CELL.match(source):
        return True
    if "%codex" not in source:
        return False
    return all(_OURS_LINE.match(line.strip()) for line in source.splitlines())


def of_execution(execution: Execution) -> Cell:
    """Return a cell as one run of it was."""
    return Cell("code", execution.source, execution=execution, current=execution.running)


def newest(executions: Sequence[Execution]) -> list[Execution]:
    """Return the last run of each cell, in order; without ids, equal sources are one cell."""
    last = {one.cell_id or one.source.strip(): one for one in executions}
    return [one for one in executions if last[one.cell_id or one.source.strip()] is one]


def overlaid(executions: Sequence[Execution], notebook: Notebook) -> list[Cell]:
    """
    Return the cells of a notebook from top to bottom, with what ran in the place of what is saved.

    Cells that ran after the notebook was saved, and are not in it, stand behind the cell that ran
    before them; where the front end gives no ids that the file knows, equal sources are one cell.
    """
    runs = _matched(executions, notebook.cells)
    staleness = notebook.staleness()
    cells = [
        _cell(saved, position, runs.get(position), notebook, staleness)
        for position, saved in enumerate(notebook.cells, 1)
    ]
    return _with_new(cells, executions, notebook)


def _matched(
    executions: Sequence[Execution], saved: Sequence[NotebookCell]
) -> dict[int, Execution]:
    """Return the last run of each cell: position → execution."""
    code = [(position, cell) for position, cell in enumerate(saved, 1) if cell.kind == "code"]
    by_id = {cell.id: position for position, cell in code if cell.id}
    runs = {by_id[one.cell_id]: one for one in executions if one.cell_id in by_id}
    rest = [one for one in executions if one.cell_id not in by_id]
    places: dict[str, list[int]] = {}
    for position, cell in code:
        if position not in runs:
            places.setdefault(cell.source.strip(), []).append(position)
    runs.update(_by_source(rest, places))
    return runs


def _by_source(
    executions: Iterable[Execution], places: dict[str, list[int]]
) -> Iterator[tuple[int, Execution]]:
    """Yield runs with the cells of the same source; several of them are taken in order."""
    same: dict[str, dict[object, Execution]] = {}
    for one in executions:
        source = one.source.strip()
        if source in places:
            # One id is one cell; without ids each run may be of another one.
            same.setdefault(source, {})[one.cell_id or id(one)] = one
    for source, found in same.items():
        where = places[source]
        yield from zip(where, list(found.values())[-len(where) :], strict=False)


def _cell(
    saved: NotebookCell, position: int, run: Execution | None, notebook: Notebook, staleness: str
) -> Cell:
    if run is None:
        return Cell(saved.kind, saved.source, position, saved=saved, note=staleness)
    edited = notebook.live or notebook.saved > run.started
    differs = edited and saved.source.strip() != run.source.strip()
    note = "edited since it ran" if differs else ""
    return Cell("code", run.source, position, run, saved, run.running, note)


def _with_new(cells: list[Cell], executions: Sequence[Execution], notebook: Notebook) -> list[Cell]:
    """Return the cells with those that the notebook does not have yet."""
    known = {id(cell.execution) for cell in cells}
    ids = {cell.saved.id for cell in cells if cell.saved and cell.saved.id}
    behind: dict[int, list[Execution]] = {}
    place = 0
    positions = {id(cell.execution): cell.position for cell in cells}
    for one in newest(executions):
        if id(one) in known:
            place = _past_text(cells, positions[id(one)])
        elif one.running or not (one.cell_id in ids or _gone(one, notebook)):
            behind.setdefault(place, []).append(one)
    if not behind:
        return cells
    arranged = [of_execution(one) for one in behind.get(0, ())]
    for cell in cells:
        arranged.append(cell)
        arranged.extend(of_execution(one) for one in behind.get(cell.position, ()))
    return arranged


def _past_text(cells: Sequence[Cell], position: int) -> int:
    """Return the last position before the next code cell: text belongs to what stands above."""
    while position < len(cells) and cells[position].kind != "code":
        position += 1
    return position


def _gone(run: Execution, notebook: Notebook) -> bool:
    """Whether a cell was deleted: it ran before what we know of the notebook."""
    return notebook.live or notebook.saved > run.started + run.seconds
