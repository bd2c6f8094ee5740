"""Reads a cell as IPython would: its magics and commands become calls, the rest is Python."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError, RuntimeError, IndexError)
"""What reading a text that is no cell can raise."""

# IPython's transformer reads a cell once for each magic in it: so many characters in all.
_LONGEST = 4_000_000
_ESCAPED = re.compile(r"^[ \t]*[%!?/,;]|^[ \t]*[\w.,() ]+=[ \t]*[%!]|\?[ \t]*$", re.MULTILINE)
_PROMPT = re.compile(r"^[ \t]*(?:>>>|In \[\d*\]:)", re.MULTILINE)
_CONTINUED = re.compile(r"^[ \t]*[%!](?:[^\n]*\\\n)+[^\n]*", re.MULTILINE)
_HELP = re.compile(r"^[ \t]*\?|\?[ \t]*$|^[ \t]*[/,;]", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*(?:%{1,2}(?![A-Za-z_])|!(?![!\w./~$(-]))", re.MULTILINE)


def python_tree(cell: str) -> ast.Module:
    r"""
    Return the tree of the Python that IPython makes of a cell.

    >>> ast.unparse(python_tree("%matplotlib inline\nx = !ls"))
    "get_ipython().run_line_magic('matplotlib', 'inline')\nx = get_ipython().getoutput('ls')"

    Raises:
        SyntaxError: It is no Python. The others of `UNREADABLE` mean the same.
    """
    if _ESCAPED.search(cell) or _PROMPT.search(cell):
        return _parsed(_transformed(cell))
    try:
        return _parsed(cell)
    except SyntaxError:
        # A cell that is indented as a whole, for one, is none to IPython.
        return _parsed(_transformed(cell))


def compiles(cell: str) -> bool:
    """Tell whether IPython could read a cell."""
    try:
        python_tree(cell)
    except UNREADABLE:
        return False
    return True


def is_code(text: str) -> bool:
    """
    Tell code from other text that Python happens to be able to read: words, numbers, an output.

    >>> is_code("x = 1"), is_code("Done"), is_code("[0.1, 0.2]"), is_code("Name: Ada")
    (True, False, False, False)
    """
    if _HELP.search(text) or _MAGIC.search(text):
        return False
    try:
        statements = python_tree(text).body
    except UNREADABLE:
        return False
    if statements and _is_text(statements[0]):
        statements = statements[1:]
    return any(map(_does_something, statements)) and all(map(_does_something, statements[:-1]))


def _parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        # An odd escape in somebody's string is no matter of ours.
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _transformed(cell: str) -> str:
    """Return what IPython's own transformer makes of a cell, on the lines where it stood."""
    if len(cell) * len(_ESCAPED.findall(cell)) > _LONGEST:
        raise ValueError("The cell is too long to be read.")
    # IPython is there whenever there is a cell; only this module's import must not need it.
    from IPython.core.inputtransformer2 import TransformerManager

    lines = cell.splitlines(keepends=True)
    if not cell.lstrip().startswith("%%"):
        cell = _CONTINUED.sub(_on_one_line, cell)
    above = next((n for n, line in enumerate(lines) if line.strip()), 0)
    untyped: Any = TransformerManager
    return "\n" * above + str(untyped().transform_cell(cell))


def _on_one_line(command: re.Match[str]) -> str:
    """Join a command's lines, as IPython does, and leave the others where they are."""
    text = command[0]
    return text.replace("\\\n", " ") + "\n" * text.count("\\\n")


def _is_text(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _does_something(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.AnnAssign):
        return statement.value is not None
    if isinstance(statement, ast.Expr):
        return any(isinstance(node, ast.Call | ast.NamedExpr) for node in ast.walk(statement))
    return True
