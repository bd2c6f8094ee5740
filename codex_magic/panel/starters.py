"""What an empty panel offers: questions that fit the notebook, and the user's own templates."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from ..context.recorder import Recorder
from ..context.wanted import defined_names
from ..errors import ConfigError, ContextError
from ..records import dataclass
from ..templates import filled, template_names
from .chips import Chip

_MOST, _MOST_TEMPLATES = 3, 3
_MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class Starter:
    """
    A question, and what goes along with it.

    Attributes:
        prompt: What is written into the box.
        chip: What goes along.
        name: What it is called by; empty for its own words.
    """

    prompt: str
    chip: Chip | None = None
    name: str = ""


def starters(shell: Any, recorder: Recorder | None) -> list[Starter]:
    """Return the questions that fit what is there, then the templates."""
    return [*islice(_fitting(shell, recorder), _MOST), *islice(_templates(), _MOST_TEMPLATES)]


def _fitting(shell: Any, recorder: Recorder | None) -> Iterator[Starter]:
    if recorder is not None and _has_error(recorder):
        yield Starter("Explain the last error, and how to fix it.", Chip("error"))
    if recorder is not None and _has_figure(recorder):
        yield Starter("Describe what the last figure shows.", Chip("figure"))
    if name := _frame(shell):
        yield Starter(
            f"Summarise {name}: what is in it, and what looks odd?", Chip("variable", name)
        )
    if recorder is not None and len(recorder.executions) > 1:
        yield Starter("Explain what the cells above do.", Chip("cells", "above"))
    yield Starter("What can I ask you in this notebook?")
    yield Starter("Write a cell that plots a sine wave.")
    yield Starter("How do I read a CSV file with pandas?")


def _templates() -> Iterator[Starter]:
    """Yield the user's templates as they are; what is to stand at their marker is for the user to write."""
    for name in template_names():
        # One that cannot be read is no way to begin; ``--template`` says why.
        with suppress(ConfigError):
            if prompt := filled(name, "").strip():
                yield Starter(prompt, name=name)


def _has_error(recorder: Recorder) -> bool:
    try:
        recorder.last_error.last()
    except ContextError:
        return False
    return True


def _has_figure(recorder: Recorder) -> bool:
    outputs = (one for execution in recorder.executions[-30:] for one in execution.outputs)
    return any(output.image for output in outputs)


def _frame(shell: Any) -> str:
    """Return the name of a table of the user's, the last one that was defined."""
    kinds = tuple(
        kind
        for module, name in (("pandas", "DataFrame"), ("polars", "DataFrame"))
        if (kind := getattr(sys.modules.get(module), name, None)) is not None
    )
    names = list(defined_names(shell).items())[-_MOST_NAMES:]
    return next((name for name, value in reversed(names) if isinstance(value, kinds)), "")
