"""The frames of a traceback: whose code they are, what they are called, their source lines."""

from __future__ import annotations

import functools
import itertools
import linecache
import os
import re
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import CodeType, FrameType, TracebackType
from typing import Any

from ..records import dataclass
from .paths import short_path

_BEFORE, _AFTER = 4, 2
_LONGEST_STATEMENT = 12
_LONGEST_LINE = 400
# They run the user's cell, or import the user's module: no news to anybody.
_MACHINERY = frozenset({"IPython", "ipykernel", "importlib", "runpy"})
_INPUT = re.compile(r"<ipython-input-(\d+)-\w+>")
_KERNEL_FILE = re.compile(r"[/\\]ipykernel_\d+[/\\]\w+\.py$")
_OUR_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

Columns = tuple[int | None, int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Frame:
    """
    One step of a traceback.

    Attributes:
        filename: The file as Python knows it; of a cell, a made-up name.
        line: The line that was running.
        code: The code that was running.
        raw: The frame itself, with its variables.
        columns: First and last line, first and last column in bytes, of what was running, as far
            as they are known.
        library: Whose code it is, as "pandas"; empty for the user's own.
        lines: All lines of its file or cell, as far as they are known.
    """

    filename: str
    line: int
    code: CodeType
    raw: FrameType
    columns: Columns
    library: str
    lines: Sequence[str]

    @property
    def key(self) -> tuple[str, int, str]:
        """What two turns of the same recursion have in common."""
        return self.filename, self.line, self.code.co_name


class Places:
    """
    What files and cells are called.

    Args:
        shell: The IPython shell that ran the cells; None where there is none.
    """

    def __init__(self, shell: Any = None) -> None:
        compiler = getattr(shell, "compile", None)
        self._format = getattr(compiler, "format_code_name", None)
        self._inputs: Sequence[str] = getattr(
            getattr(shell, "history_manager", None), "input_hist_raw", ()
        )
        self._lines: dict[str, Sequence[str]] = {}

    def cell(self, filename: str) -> str | None:
        """Return the cell's name, as "In[3]", or None for what is no cell."""
        named = self._format(filename) if self._format else None
        if named is not None:
            return str(named[1])
        if found := _INPUT.fullmatch(filename):
            return f"In[{found[1]}]"
        # A cell that this shell does not know.
        return "In[?]" if _KERNEL_FILE.search(filename) else None

    def shown(self, filename: str, library: str = "") -> str:
        """Return what a reader calls this file."""
        cell = self.cell(filename)
        if cell:
            return f"cell {cell}"
        return _inside_library(filename) if library else short_path(filename)

    def lines(self, filename: str, namespace: dict[str, Any] | None = None) -> Sequence[str]:
        """Return the lines of a file or a cell; none where they are not known."""
        if filename not in self._lines:
            # An edited file is read again; a cell is in there for good.
            linecache.checkcache(filename)
            lines = linecache.getlines(filename, namespace)
            typed = self.typed(filename)
            # With a magic in it, the code that ran is not what the user wrote.
            self._lines[filename] = typed if _same_cell(typed, lines) else lines
        return self._lines[filename]

    def typed(self, filename: str) -> list[str]:
        """Return a cell's lines as the user typed them; none where they are not known."""
        cell = self.cell(filename) or ""
        number = cell[3:-1]
        if not number.isdecimal() or int(number) >= len(self._inputs):
            return []
        return self._inputs[int(number)].splitlines()

    def timed(self, code: CodeType) -> str | None:
        """Return the last %%time cell that this may be the body of; None where there is none."""
        # IPython 8's %%time catches the error: the cell itself is not in the traceback.
        for number in range(len(self._inputs) - 1, 0, -1):
            typed = self._inputs[number]
            if typed.lstrip().startswith("%%time") and all(name in typed for name in code.co_names):
                return f"<ipython-input-{number}-time>"
        return None


def _same_cell(typed: Sequence[str], ran: Sequence[str]) -> bool:
    """Whether this is what the user typed; code that a cell ran has that cell's number, too."""
    return len(typed) == len(ran) and all(
        one.strip() == line.strip() or "get_ipython()" in line
        for one, line in zip(typed, ran, strict=True)
    )


def frames(traceback: TracebackType | None, places: Places) -> list[Frame]:
    """Return the steps of a traceback, outermost first, without what only runs the cell."""
    found: list[Frame] = []
    for step in _walk(traceback):
        frame = _frame(step, places)
        if frame.filename.startswith("<timed "):
            inside = bool(found) and places.cell(found[-1].filename) is not None
            cell = found.pop().filename if inside else places.timed(frame.code)
            found.append(_timed(frame, cell, places) if cell else frame)
        elif frame.library not in _MACHINERY:
            found.append(frame)
    return found


def _walk(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _frame(step: TracebackType, places: Places) -> Frame:
    code, namespace = step.tb_frame.f_code, step.tb_frame.f_globals
    filename = code.co_filename
    library = "" if places.cell(filename) else _library(filename, namespace)
    at = itertools.islice(code.co_positions(), max(step.tb_lasti, 0) // 2, None)
    columns = next(at, (None, None, None, None))
    # Generated code may have no line.
    line = step.tb_lineno or code.co_firstlineno
    lines = places.lines(filename, namespace)
    return Frame(filename, line, code, step.tb_frame, columns, library, lines)


def _timed(frame: Frame, cell: str, places: Places) -> Frame:
    """Return a step in the body of a %%time cell as one in the cell."""
    # IPython leaves out empty lines at the beginning of a cell, and of its body.
    lines = _from_text(places.typed(cell))
    line = frame.line + len(lines) - len(_from_text(lines[1:]))
    columns = (None, None, None, None)
    return replace(frame, filename=cell, line=line, lines=lines, columns=columns)


def _from_text(lines: Sequence[str]) -> Sequence[str]:
    return list(itertools.dropwhile(lambda line: not line.strip(), lines))


def _library(filename: str, namespace: dict[str, Any]) -> str:
    """Return the package that this code belongs to; empty for the user's own."""
    if not os.path.isabs(filename):
        # Generated or compiled code ("<string>", "index.pyx"): its module tells.
        root = str(namespace.get("__name__") or "__main__").partition(".")[0]
        return "" if root == "__main__" or _is_users(root) else root.lstrip("_") or root
    path = os.path.normcase(filename)
    if path.startswith(os.path.normcase(_OUR_FOLDER + os.sep)):
        return "codex_magic"
    for folder in _library_folders():
        if path.startswith(folder):
            return filename[len(folder) :].replace("\\", "/").partition("/")[0].removesuffix(".py")
    return ""


def _is_users(root: str) -> bool:
    filename = getattr(sys.modules.get(root), "__file__", None)
    if not filename or not os.path.isabs(filename):
        return False
    path = os.path.normcase(filename)
    return not any(path.startswith(folder) for folder in _library_folders())


@functools.cache
def _library_folders() -> tuple[str, ...]:
    """Return where libraries are installed; a folder stands before the one that it is in."""
    paths = [sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib", "platstdlib")]
    paths += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    # The standard library's own files, which a virtual environment leaves where they are.
    paths.append(os.path.dirname(os.path.abspath(os.__file__)))
    folders = {os.path.normcase(os.path.join(path, "")) for path in paths if path}
    folders |= {os.path.normcase(os.path.join(os.path.realpath(path), "")) for path in folders}
    return tuple(sorted(folders, key=len, reverse=True))


def _inside_library(filename: str) -> str:
    path = os.path.normcase(filename)
    for folder in (*_library_folders(), os.path.normcase(os.path.dirname(_OUR_FOLDER) + os.sep)):
        if path.startswith(folder):
            return filename[len(folder) :].replace("\\", "/")
    return filename


def source(frame: Frame) -> list[str]:
    """Return the lines around the one that was running, numbered, with that one marked."""
    first, last, begin, end = frame.columns
    start = frame.line
    stop = min(max(last or start, start), start + _LONGEST_STATEMENT)
    caret = _caret(frame.lines, start, begin, end) if first == last == start else None
    # A function from its head on; a cell's or a lambda's surroundings help.
    head = 1 if frame.code.co_name.startswith("<") else frame.code.co_firstlineno
    return numbered(frame.lines, max(head, start - _BEFORE), stop + _AFTER, start, caret)


def source_line(frame: Frame) -> str:
    """Return the line that was running, without its indent; empty where it is not known."""
    return _cut(frame.lines[frame.line - 1].strip()) if frame.line <= len(frame.lines) else ""


def numbered(
    lines: Sequence[str], begin: int, end: int, marked: int, caret: tuple[int, int] | None = None
) -> list[str]:
    """
    Return lines with their numbers, one of them marked.

    Args:
        lines: All lines of the file or the cell.
        begin: The first to show, from 1.
        end: The last to show.
        marked: The one with an arrow.
        caret: First column and the one after the last, to be underlined in the marked line.
    """
    numbers = range(max(begin, 1), min(end, len(lines)) + 1)
    if marked not in numbers:
        return []
    width = len(str(numbers[-1]))
    shown = []
    for number in numbers:
        line = lines[number - 1].rstrip().replace("\t", "    ")
        arrow = "-->" if number == marked else "   "
        shown.append(f"{arrow} {number:>{width}} | {_cut(line)}".rstrip())
        if number == marked and caret and caret[1] <= _LONGEST_LINE:
            # A tab became four characters.
            shift = 3 * lines[number - 1][: caret[0]].count("\t")
            marks = "^" * max(caret[1] - caret[0], 1)
            shown.append(f"    {'':{width}} | {' ' * (caret[0] + shift)}{marks}")
    return shown


def _caret(
    lines: Sequence[str], line: int, begin: int | None, end: int | None
) -> tuple[int, int] | None:
    """Return what to underline, in characters; None where that is the whole line."""
    if begin is None or end is None or line > len(lines) or _is_magic(lines[line - 1]):
        return None
    encoded = lines[line - 1].encode(errors="replace")
    first, after = (len(encoded[:column].decode(errors="replace")) for column in (begin, end))
    return None if after - first >= len(lines[line - 1].strip()) else (first, after)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " …"


def _is_magic(line: str) -> bool:
    """Whether the columns of the code that ran may be others than those of this line."""
    return line.lstrip().startswith(("%", "!", "?")) or " = %" in line or " = !" in line
