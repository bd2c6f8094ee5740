"""
Says what is dangerous in a piece of code, before somebody runs it.

The scan is a net, not a sandbox. It reads the code and follows names through imports and aliases,
but code that wants to hide from it can. That nothing is found does not mean that nothing can
happen: what runs is for the user to decide, who sees the code and what was found in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from ..records import dataclass
from .dangers import Level
from .denotes import Names, TangledError, names_of
from .magic_dangers import HOLDS_PYTHON
from .reading import UNREADABLE, compiles, python_tree
from .text_dangers import holds_bidi
from .verdicts import SHELL, Verdicts, of_import, shortened, shown

__all__ = ["Finding", "is_dangerous", "names_of", "scan"]

_DEEPEST = 4
_RUNS_TEXT = {
    *("eval", "exec", "compile", "timeit.timeit", "timeit.repeat", "timeit.Timer", "cProfile.run"),
    *(f"{SHELL}{name}" for name in ("run_cell", "ex", "ev", "run_code")),
}
_OPTIONS = re.compile(r"(?:\s*-[a-z]+(?:[ =]?\d+)?(?=\s|$))+\s*")
_PANDAS = re.compile(r"[@`]")
# The line of these cell magics is code too.
_SETUP = {"timeit", "prun", "time", "memit"}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """
    Something in a cell that its reader should know before it runs.

    A danger asks for a second confirmation; a notice (a file written, data fetched) is only said.
    """

    line: int
    what: str
    why: str
    level: Level = "danger"


def scan(cell: str, known: Mapping[str, str] | None = None) -> list[Finding]:
    r"""
    Return what is dangerous or worth knowing in a cell, in the order of its lines.

    A net, not a sandbox: code that wants to hide from it can.

    >>> scan("import os as o\no.system('ls')")
    [Finding(line=2, what='o.system', why='starts other programs', level='danger')]

    Args:
        cell: The cell, as it would be run: with its magics and ``!`` commands.
        known: What names of the notebook stand for, as dotted paths; ``names_of`` tells.
    """
    kept: dict[tuple[int, str], Finding] = {}
    for finding in _scanned(cell, known or {}, 0):
        key = finding.line, finding.why
        kept[key] = max(finding, kept.get(key, finding), key=_weight)
    return sorted(kept.values())


def is_dangerous(findings: Iterable[Finding]) -> bool:
    """Tell whether what was found asks for a second confirmation."""
    return any(finding.level == "danger" for finding in findings)


def _weight(finding: Finding) -> tuple[bool, int, str]:
    """Return what decides which of two findings of a line is shown: danger, then the whole call."""
    return finding.level == "danger", len(finding.what), finding.what


def _scanned(cell: str, known: Mapping[str, str], depth: int) -> Iterator[Finding]:
    if holds_bidi(cell):
        yield Finding(1, "a control character", "shows the code in another order than it runs")
    if depth > _DEEPEST:
        yield Finding(1, "this code", "is code within code within code")
        return
    try:
        tree = python_tree(cell)
        yield from _found(tree, cell.split("\n"), known, depth)
    except SyntaxError as error:
        yield Finding(error.lineno or 1, "this cell", "cannot be read as Python")
    except TangledError as error:
        yield Finding(1, str(error), "stands for too many things to be followed")
    except UNREADABLE:
        yield Finding(1, "this cell", "cannot be read: it is too long or too deep")


def _found(
    tree: ast.Module, lines: list[str], known: Mapping[str, str], depth: int
) -> Iterator[Finding]:
    names = Names(tree, known)
    verdicts = Verdicts(tree, names)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.Import | ast.ImportFrom):
            for verdict, what in of_import(node, names):
                if verdict:
                    yield Finding(line, what, verdict[1], verdict[0])
            continue
        for verdict in verdicts.of(node):
            if verdict:
                yield Finding(line, _as_written(shown(node), line, lines), *verdict[::-1])
        if isinstance(node, ast.Call):
            yield from _inside(node, names, known, depth)


def _as_written(what: str, line: int, lines: list[str]) -> str:
    """Return a magic or a command as it stands in the cell, not as the call that it becomes."""
    written = lines[line - 1].strip() if line <= len(lines) else ""
    is_call = what.startswith(SHELL) and not re.search(r"get_ipython|\bip\b", written)
    return shortened(written) if is_call and re.search(r"[%!?]", written) else what


def _inside(
    node: ast.Call, names: Names, known: Mapping[str, str], depth: int
) -> Iterator[Finding]:
    """Yield what is in code that a call is given as text."""
    for code, offset in _texts(node, names):
        for finding in _scanned(code, known, depth + 1):
            line = node.lineno + offset + finding.line - 1
            yield Finding(line, finding.what, finding.why, finding.level)


def _texts(node: ast.Call, names: Names) -> Iterator[tuple[str, int]]:
    """Yield the code that a call is given, each with the lines above it."""
    paths = names.of(node.func)
    texts = [names.text(argument) for argument in node.args]
    if paths & _RUNS_TEXT and texts and texts[0] is not None:
        yield texts[0], 0
    if getattr(node.func, "attr", "") in ("query", "eval") and texts and texts[0]:
        # pandas has words of its own for this: what is no Python is not ours to read.
        code = _PANDAS.sub("", texts[0])
        yield from [(code, 0)] if compiles(code) else []
    is_cell = f"{SHELL}run_cell_magic" in paths
    if not (is_cell or f"{SHELL}run_line_magic" in paths) or len(texts) < 2:
        return
    name, line, body = [*texts, None][:3]
    if line and ((name in HOLDS_PYTHON and not is_cell) or name in _SETUP):
        code = _OPTIONS.sub("", line, count=1)
        yield code, 0
    if is_cell and body and name in HOLDS_PYTHON:
        yield body, 1
