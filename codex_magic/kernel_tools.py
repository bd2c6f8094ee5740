"""Tools that let a model look around in the kernel, or run Python there: only for who names them."""

from __future__ import annotations

import ast
import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .api.items import Json
from .context.pieces import Attachment, Piece
from .context.wanted import Scene, Wanted
from .conversation.approvals import Call

if TYPE_CHECKING:
    from .conversation.tools import Tool

RUN_PYTHON = "run_python"
# Tokens, about, that one look may take.
_ROOM = 5_000
_SOURCE = "<run_python>"


def kernel_tools(scene: Callable[[], Scene]) -> dict[str, Tool[..., Any]]:
    """
    Return the tools by their names.

    Args:
        scene: Returns what is there to be looked at, at the time of the call.
    """

    from .conversation.tools import tool_of  # Few questions name a tool.

    def list_names() -> str:
        """List the names that the user of this notebook has defined, with types and shapes."""
        from .context.variables import overview

        return overview(scene().names).text

    def read_variable(name: str) -> str:
        """Summarise a variable of the notebook: a data frame, an array, or any other object.

        Args:
            name: Its name.
        """
        return _text(scene(), Wanted(vars=(name,)))

    def read_cell(cells: str) -> str:
        """Read cells of the notebook with their outputs.

        Args:
            cells: 3 or 5-7 by execution number, #3 by position, -2 for the last two, or all.
        """
        return _text(scene(), Wanted(cells=cells))

    def look_at_figure(figure: str) -> list[Json]:
        """Look at a figure of the notebook.

        Args:
            figure: A variable, or the execution number of the cell that shows it; empty for the
                last figure.
        """
        return _pictures(scene(), figure)

    def run_python(code: str) -> Any:
        """Run Python code in the user's namespace; returns what it prints and its last expression.

        Args:
            code: Python, without magics and shell commands.
        """
        return _run(code, scene().shell)

    looking = (list_names, read_variable, read_cell, look_at_figure)
    tools = {function.__name__: tool_of(function) for function in looking}
    return {**tools, RUN_PYTHON: tool_of(run_python, approve="always")}


def warning(call: Call) -> str:
    """Return what is found in code that a model wants to run, a line each."""
    if not is_python(call):
        return ""
    from .code.scan import scan  # Only for code that a model wants to run.

    found = scan(str(call.arguments.get("code", "")))
    return "\n".join(f"  line {each.line}: {each.what} {each.why} [{each.level}]" for each in found)


def is_python(call: Call) -> bool:
    """Whether a call runs Python here: nothing approves that in advance."""
    return (
        call.tool is not None
        and call.tool.function.__module__ == __name__
        and (call.name == RUN_PYTHON)
    )


def _found(scene: Scene, wanted: Wanted) -> tuple[Attachment, ...]:
    from .context.gathering import gather  # What describes is a lot of code.

    return gather("", wanted, scene, _ROOM).attachments


def _text(scene: Scene, wanted: Wanted) -> str:
    found = _found(scene, wanted)
    pieces = [each for each in found if isinstance(each, Piece)]
    return "\n\n".join(filter(None, (f"{p.label}{_noted(p.note)}:\n{p.text}" for p in pieces)))


def _noted(note: str) -> str:
    return f" ({note})" if note else ""


def _pictures(scene: Scene, figure: str) -> list[Json]:
    wanted = Wanted(figures=(figure,))
    found = _found(scene, wanted)
    parts: list[Json] = []
    for each in found:
        data = getattr(each, "data", b"")
        if isinstance(each, Piece) or not data:
            parts.append({"type": "input_text", "text": getattr(each, "text", each.label)})
            continue
        encoded = base64.b64encode(data).decode()
        address = f"data:{each.mime};base64,{encoded}"
        parts.append({"type": "input_image", "image_url": address, "detail": "auto"})
    return parts


def _run(code: str, shell: Any) -> Any:
    """Run code among the user's names; return the value of its last line, if that has one."""
    names: dict[str, Any] = shell.user_ns if shell is not None else {}
    tree = ast.parse(code, _SOURCE)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, _SOURCE, "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), _SOURCE, "eval"), names)
