"""The cells that a question names, as ``-c``, ``@cell`` and ``--context`` have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ..errors import ContextError
from ..notebook import Notebook
from .describing import describe, text_size
from .executions import Execution
from .overlay import Cell, newest, of_execution, overlaid

__all__ = ["Cell", "around", "describe", "select"]

Read = Callable[[], Notebook | None]

# "3", "5-7", "5-" by execution number; with "#" by position. Our messages write an en dash.
_RANGE = re.compile(r"(#?)([0-9]{1,9})(?:\s*([-–])\s*#?([0-9]{1,9})?)?")
_LAST = re.compile(r"[-–]([0-9]{1,9})")
_HOW = "write 3 or 5-7 (numbers), #2 (position), -2 (the last two), above or all"
# What --context recent takes: at most so many cells, and characters of them together.
_RECENT_CELLS, _RECENT_SIZE = 5, 12_000


def select(spec: str, executions: Sequence[Execution], read: Read | None = None) -> list[Cell]:
    """
    Return the cells that a specification names, each once, in the order in which it names them.

    The cell that asks is never among them; our own cells only where they are named by number.

    Args:
        spec: Numbers, positions, ``-2``, ``above`` and ``all``, with commas between.
        executions: What ran in this kernel, in order.
        read: Returns the notebook, or None; it is called only where it is needed, and once.

    Raises:
        ContextError: A part of the specification is none, or names nothing.
    """
    words = [word.strip() for word in spec.split(",")]
    if not all(words):
        raise ContextError(f"--cells {spec.strip()!r} names no cell: {_HOW}.")
    known = _Known(executions, read)
    found: dict[object, Cell] = {}
    for word in words:
        for cell in _named(word, known):
            found.setdefault(id(cell.execution) if cell.execution else (cell.position,), cell)
    return list(found.values())


def around(
    mode: str,
    executions: Sequence[Execution],
    read: Read | None = None,
    *,
    limit: int = _RECENT_SIZE,
) -> list[Cell]:
    """
    Return the cells that go along without being named; none is no error.

    Args:
        mode: none, recent or above, as ``--context`` has it.
        executions: What ran in this kernel, in order.
        read: Returns the notebook, or None.
        limit: How many characters of recent cells go along, about.
    """
    known = _Known(executions, read)
    if mode == "above":
        return known.above()
    return _recent(known.last(_RECENT_CELLS), limit) if mode == "recent" else []


class _Known:
    """What there is to choose from; the notebook is read when somebody asks for it."""

    def __init__(self, executions: Sequence[Execution], read: Read | None) -> None:
        self.executions = executions
        self._read = read
        self._arranged: list[Cell] | None = None
        self.problem = ""

    @property
    def arranged(self) -> list[Cell]:
        """The cells from top to bottom; without a notebook, in the order in which they ran."""
        if self._arranged is None:
            notebook = self._read() if self._read else None
            if notebook is None or notebook.problem:
                self.problem = notebook.problem if notebook else ""
                self._arranged = [of_execution(one) for one in newest(self.executions)]
            else:
                self._arranged = overlaid(self.executions, notebook)
        return self._arranged

    @property
    def numbered(self) -> dict[int, Cell]:
        """The cells that ran in this kernel, by their numbers; the last one of a number counts."""
        return {one.count: of_execution(one) for one in self.executions if one.count}

    @property
    def shown(self) -> dict[int, Cell]:
        """Those, and cells that ran in an earlier kernel and still show their numbers."""
        saved = {cell.count: cell for cell in self.arranged if cell.count and not cell.execution}
        return {**saved, **self.numbered}

    @property
    def positions(self) -> dict[int, Cell]:
        """The cells of the notebook by their positions."""
        return {cell.position: cell for cell in self.arranged if cell.position}

    def all(self) -> list[Cell]:
        """Every cell but ours, the one that asks, and empty ones."""
        return _worth(self.arranged)

    def above(self) -> list[Cell]:
        """The cells above the one that asks; all of them where it is not known."""
        places = [index for index, cell in enumerate(self.arranged) if cell.current]
        return _worth(self.arranged[: places[-1]] if places else self.arranged)

    def last(self, count: int) -> list[Cell]:
        """The cells that ran last, in the order in which they ran."""
        ran = _worth(map(of_execution, newest(self.executions)))
        return ran[-count:] if count else []


def _worth(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if not (cell.current or cell.ours or not cell.source.strip())]


def _named(word: str, known: _Known) -> list[Cell]:
    """Return the cells of one part of a specification."""
    lower = word.lower()
    if lower == "all":
        return known.all() or _none("There are no other cells yet: run one first.")
    if lower == "above":
        return known.above() or _none("There is no cell above this one: name cells by number.")
    if last := _LAST.fullmatch(word):
        if not int(last[1]):
            _none(f"{word!r} names no cell: {_HOW}.")
        return known.last(int(last[1])) or _none("No other cell was executed yet: run one first.")
    found = _RANGE.fullmatch(word)
    if not found:
        return _none(f"{word!r} names no cell: {_HOW}.")
    first = int(found[2])
    end = int(found[4]) if found[4] else None if found[3] else first
    if end is not None and end < first:
        _none(f"{word!r} runs backwards: write {found[1]}{end}-{first}.")
    return _by_position(first, end, known) if found[1] else _by_number(first, end, known)


def _by_number(first: int, end: int | None, known: _Known) -> list[Cell]:
    cells = known.numbered
    if first not in cells or end is None or end not in cells:
        cells = known.shown
    numbers = [number for number, cell in cells.items() if not cell.current]
    missing = _missing(first, end, cells)
    if missing is not None:
        _none(f"There is no cell {missing}: {_existing(numbers)}.")
    return _between(first, end, cells)


def _by_position(first: int, end: int | None, known: _Known) -> list[Cell]:
    cells = known.positions
    if not cells:
        why = known.problem or "this notebook's file was not found"
        _none(f"There are no positions here ({why}): name cells by number, as -c 3.")
    missing = _missing(first, end, cells)
    if missing is not None:
        _none(f"There is no cell #{missing}: the notebook has {_count(len(cells))}.")
    return _between(first, end, cells)


def _missing(first: int, end: int | None, cells: dict[int, Cell]) -> int | None:
    """Return the end of a range that lies outside of what there is; gaps within are none."""
    highest = max(cells, default=0)
    if end == first and first not in cells:
        return first
    if not 0 < first <= highest:
        return first
    return end if end is not None and end > highest else None


def _between(first: int, end: int | None, cells: dict[int, Cell]) -> list[Cell]:
    chosen = [cells[n] for n in sorted(cells) if first <= n and (end is None or n <= end)]
    others = [cell for cell in chosen if not cell.current]
    if others:
        return others
    if chosen:
        return _none("That is the cell that asks: name another one.")
    return _none(f"There are no cells {first}–{end}: {_existing(cells)}.")


def _none(message: str) -> list[Cell]:
    raise ContextError(message)


def _existing(numbers: Iterable[int]) -> str:
    """
    Return which cells there are, in words.

    >>> _existing([3, 1, 2, 9]), _existing([4]), _existing([])
    ('cells 1–3, 9 were executed', 'cell 4 was executed', 'none was executed yet')
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    if not runs:
        return "none was executed yet"
    if len(runs) > 5:
        runs = [[runs[0][0], runs[-1][1]]]
    words = ", ".join(f"{a}–{b}" if b > a else f"{a}" for a, b in runs)
    one = len(runs) == 1 and runs[0][0] == runs[0][1]
    return f"cell {words} was executed" if one else f"cells {words} were executed"


def _count(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells} cells"


def _recent(cells: Sequence[Cell], limit: int) -> list[Cell]:
    """Return the last cells that fit; the very last one goes along in any case."""
    kept: list[Cell] = []
    for cell in reversed(cells):
        limit -= text_size(cell)
        if kept and limit < 0:
            break
        kept.append(cell)
    return kept[::-1]
