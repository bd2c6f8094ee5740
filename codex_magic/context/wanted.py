"""What a question points at, where that is looked for, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from ..notebook import NotebookFinder
from ..records import dataclass
from .pieces import Attachment
from .recorder import Recorder

Fetch = Callable[[str], tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Something, and what the user calls it, as ``vars={"losses": history["loss"]}`` has it."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What a question points at, by its options.

    Attributes:
        cells: A specification of cells; empty for none.
        outputs: Whether their outputs go along.
        vars: Names, or objects by their names.
        figures: References, or objects; an empty one is the last figure.
        images: Files, addresses and variables, or objects.
        files: Paths and addresses.
        error: Whether the last error goes along, or that very error.
        locals: Whether the variables of its frames do.
        context: Which cells go along unnamed: none, recent, above.
    """

    cells: str = ""
    outputs: bool = True
    vars: tuple[Any, ...] = ()
    figures: tuple[Any, ...] = ()
    images: tuple[Any, ...] = ()
    files: tuple[str, ...] = ()
    error: bool | BaseException = False
    locals: bool = False
    context: str = "none"

    @property
    def is_nothing(self) -> bool:
        """Whether it points at nothing at all."""
        return replace(self, outputs=True) == Wanted()


@dataclass(frozen=True, slots=True)
class Scene:
    """
    Where a question is asked, and what can be pointed at there.

    Attributes:
        names: What the user defined.
        recorder: What the cells did; None outside of IPython.
        finder: Finds the notebook.
        shell: The IPython shell, or None.
        fetch: Returns what is at an address, and its type.
    """

    names: Mapping[str, Any]
    recorder: Recorder | None = None
    finder: NotebookFinder = field(default_factory=NotebookFinder)
    shell: Any = None
    fetch: Fetch | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """
    What goes with a question.

    Attributes:
        attachments: Cells, variables, files, errors and pictures, in this order.
        remarks: What was mentioned and is not there, a line each.
    """

    attachments: tuple[Attachment, ...] = ()
    remarks: tuple[str, ...] = ()


def defined_names(shell: Any) -> dict[str, Any]:
    """Return what the user of a shell defined; what IPython put there is not the user's."""
    if shell is None:
        return {}
    hidden = shell.user_ns_hidden
    return {
        name: value
        for name, value in list(shell.user_ns.items())
        if not name.startswith("_") and not (name in hidden and hidden[name] is value)
    }
