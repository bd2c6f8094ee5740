"""The ``%codex`` commands about the user's code: correct what failed, explain a cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .asking import Options
from .assistant import Assistant
from .code.blocks import joined, labelled
from .command_words import instructions_of
from .context.executions import Execution
from .display.reply import Reply
from .errors import AnswerInterrupted, CodexError, ConfigError
from .functions import is_whole_cell, screen_for
from .inserting import asking_for_code, code_of, run_code, say_half
from .landing import Landing
from .options import parse_line
from .placing import put, show_diff

_FIX = (
    "Say in a few sentences why this failed. Then give the whole cell, corrected, in one fenced "
    "code block, without anything else in it."
)
_EXPLAIN = "Explain what this does, step by step, and what there is to watch out for."
# What is shown and kept is fixed here; `ask --error` and `ask --cells` leave it to the options.
_NOT_HERE = {
    *("out", "quiet", "raw", "dry_run", "debug", "code", "replace", "keep", "json", "schema"),
    *("error", "cells"),
}

# What names cells, and is no question.
_CELLS = re.compile(r"(?:[\d#][\d#\s–-]*|[-–]\d+|above|all)(?:\s*,\s*[\d#–-]+)*", re.IGNORECASE)


def fix(assistant: Assistant, rest: str) -> None:
    """fix [--run] [options]: explain the last error; put the corrected cell below, with a diff"""
    given, hint = _given(rest, "fix")
    landing = replace(Landing.taken(given), code=True)
    options = asking_for_code(assistant, Options(**given, error=True), landing, ours=True)
    failed = _failed_cell(assistant)
    prompt = f"{_FIX}\n\n{hint}" if hint else _FIX
    code = code_of(_asked(assistant, prompt, options, landing))
    if not code:
        return
    source = joined(code)
    old = failed.source.strip("\n") if failed else ""
    if source == old:
        print("The code is that of the failing cell: nothing was put below.")
        return
    if failed:
        show_diff(assistant.shell, old, source)
    ran = landing.run and run_code(assistant, source, options)[0]
    where = f" of cell {failed.count}" if failed and failed.count else ""
    title = "codex, was run above" if ran else "codex"
    put(assistant.shell, labelled(source, f"{title}: correction{where}"))


def explain(assistant: Assistant, rest: str) -> None:
    """explain [CELLS] [options]: explain cells, as -c names them; the last one that was executed"""
    given, cells = _given(rest, "explain")
    if "run" in given:
        raise ConfigError("%codex explain runs nothing: leave out --run.")
    if cells and not _CELLS.fullmatch(cells):
        # "explain this plot" is a question like any other.
        _asked(assistant, f"explain {cells}", Options(**given), Landing())
        return
    _asked(assistant, _EXPLAIN, Options(**given, cells=cells or "-1"), Landing())


COMMANDS: dict[str, Callable[[Assistant, str], None]] = {"fix": fix, "explain": explain}


def _given(rest: str, command: str) -> tuple[dict[str, Any], str]:
    """Return the options behind a command, and the words after them."""
    given, words = parse_line(rest)
    for name in given:
        if name in _NOT_HERE:
            raise ConfigError(f"%codex {command} takes no --{name.replace('_', '-')}.")
    if "instructions" in given:
        given["instructions"] = instructions_of(given["instructions"])
    return given, words


def _asked(assistant: Assistant, prompt: str, options: Options, landing: Landing) -> Reply:
    ours = is_whole_cell(assistant.shell)
    screen = screen_for(assistant, ours=ours, quiet=False, raw=False)
    try:
        return assistant.ask(prompt, options, screen)
    except (CodexError, AnswerInterrupted):
        say_half(assistant, landing)
        raise


def _failed_cell(assistant: Assistant) -> Execution | None:
    """Return the cell that the last error comes from; None where nobody saw it run."""
    recorder = assistant.preparing.recorder
    if recorder is None:
        return None
    error = recorder.last_error.last()
    failed = (one for one in reversed(recorder.executions) if one.failed and not one.ours)
    last = next(failed, None)
    told = [output.text for output in last.outputs if output.kind == "error"] if last else []
    # The error may have come from elsewhere: from code that --run ran, or a widget's callback.
    words = [type(error).__name__, *str(error).split("\n")[:1]]
    return last if any(all(word in one for word in words) for one in told) else None
