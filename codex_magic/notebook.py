"""Which notebook this is: its path, and its cells as a file or a front end has them."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from .jupyter_sessions import session_path
from .records import dataclass

_KINDS = ("code", "markdown", "raw")
# Bytes of a file that is read for a question; larger ones take seconds.
_LARGEST = 300_000_000
# Seconds that Colab's front end may take to send its notebook.
_COLAB_PATIENCE = 5.0
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class NotebookCell:
    """
    A cell as the notebook has it.

    Attributes:
        id: Its id; empty in notebooks before nbformat 4.5.
        kind: code, markdown or raw.
        source: Its text.
        outputs: What stands below it, as nbformat has it.
        count: The number beside it; 0 for none.
        attachments: Images that were pasted into its text: name → MIME bundle.
    """

    id: str
    kind: str
    source: str
    outputs: tuple[dict[str, Any], ...] = ()
    count: int = 0
    attachments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notebook:
    """
    A notebook, as far as it can be known.

    Attributes:
        cells: Its cells from top to bottom.
        path: Its file; empty where it is not known.
        saved: When the file was saved, in seconds since 1970; 0 for a live notebook.
        live: Whether the cells came from the front end, with what is not saved yet.
        problem: Why there are no cells, in a few words; empty where there are.
    """

    cells: tuple[NotebookCell, ...] = ()
    path: str = ""
    saved: float = 0.0
    live: bool = False
    problem: str = ""

    def staleness(self, now: float | None = None) -> str:
        """
        Return how old what we know is; empty for a live notebook.

        >>> Notebook(path="a.ipynb", saved=1_000.0).staleness(now=1_190.0)
        'file saved 3 min ago'
        """
        if self.live or not self.saved:
            return ""
        return f"file saved {_ago((time.time() if now is None else now) - self.saved)}"


@dataclass(frozen=True, slots=True)
class Pushed:
    """
    The cells as a page of the front end has them, with what is not saved yet.

    Attributes:
        cells: Their sources; outputs and pasted images stay where they are.
        told: When the page told them, in seconds since 1970.
        here: Whether it is the page that asks: it tells each change before it asks.
    """

    cells: tuple[NotebookCell, ...]
    told: float
    here: bool = False


class NotebookFinder:
    """
    Finds the notebook of a kernel, anew for each question: it may have been renamed.

    Args:
        shell: The IPython shell, or None outside of one.
        connection_file: The kernel's; None asks ipykernel.

    Attributes:
        pushed: Returns the cells with what is not saved yet, where a page tells them, or None.
            They win over a file that is older, and over any if it is the page that asks.
    """

    def __init__(self, shell: Any = None, *, connection_file: str | None = None) -> None:
        self.pushed: Callable[[], Pushed | None] = lambda: None
        self._shell = shell
        self._file = connection_file

    def path(self) -> str:
        """Return the path of the notebook's file; empty where there is none."""
        return next((path for path in self._paths() if path and os.path.isfile(path)), "")

    def read(self) -> Notebook | None:
        """Return the notebook; None in a terminal, in nbclient and wherever it cannot be found."""
        found = _colab()
        if found is not None:
            return _live(found, "")
        path, pushed = self.path(), self.pushed()
        saved = _saved(path) if path else None
        if pushed is None or (saved and saved.saved > pushed.told and not pushed.here):
            return saved
        return Notebook(_completed(pushed.cells, saved), path, live=True)

    def _paths(self) -> Iterator[str]:
        """Yield where the file may be, the surest first."""
        names = getattr(self._shell, "user_ns", {})
        yield _text(names.get("__vsc_ipynb_file__"))
        connection = kernel_file() if self._file is None else self._file
        # The kernels of a server are named after it; one that a cell started, as nbclient does,
        # only inherits the name of that cell's notebook.
        if os.path.basename(connection).startswith("kernel-"):
            yield session_path(connection)
            yield _text(names.get("__session__"))
            yield os.environ.get("JPY_SESSION_NAME", "")


def runs_scripts_in_markdown(shell: Any) -> bool:
    """
    Whether the page is JupyterLab's or Notebook's, which trust the Markdown of a cell that ran.

    The server names the session in the environment of its kernels; VS Code and Colab do not.
    """
    names = getattr(shell, "user_ns", {})
    ours = "__vsc_ipynb_file__" not in names and "google.colab" not in sys.modules
    started = os.path.basename(kernel_file()).startswith("kernel-")
    return ours and started and "JPY_SESSION_NAME" in os.environ


def kernel_file() -> str:
    """Return this kernel's connection file; empty where there is none."""
    if "ipykernel" not in sys.modules:
        return ""
    from ipykernel.connect import get_connection_file  # Only a kernel has one.

    try:
        return str(get_connection_file())
    except (RuntimeError, OSError):
        return ""


def _colab() -> Any:
    """Return the notebook's JSON from Colab's front end, or None."""
    if "google.colab" not in sys.modules:
        return None
    try:
        message = importlib.import_module("google.colab._message")
        reply = message.blocking_request("get_ipynb", timeout_sec=_COLAB_PATIENCE)
    except Exception:
        # Theirs, and not documented: whatever it raises, there is no notebook.
        return None
    return reply.get("ipynb") if isinstance(reply, dict) else None


def _live(model: Any, path: str) -> Notebook:
    cells, problem = _cells(model)
    return Notebook(cells, path, live=not problem, problem=problem)


def _completed(cells: Iterable[NotebookCell], saved: Notebook | None) -> tuple[NotebookCell, ...]:
    """Return cells with the outputs and images that the file has for them."""
    known = {cell.id: cell for cell in saved.cells if cell.id} if saved else {}
    return tuple(
        replace(cell, outputs=old.outputs, attachments=old.attachments)
        if (old := known.get(cell.id)) and old.kind == cell.kind
        else cell
        for cell in cells
    )


def _saved(path: str) -> Notebook:
    """Return what a file holds; one that cannot be read is a notebook with a problem."""
    name = os.path.basename(path)
    saved, cells, problem = 0.0, tuple[NotebookCell, ...](), ""
    try:
        state = os.stat(path)
        saved = state.st_mtime
        if state.st_size > _LARGEST:
            problem = f"is too large ({state.st_size // 1_000_000} MB)"
        else:
            cells, problem = _read(path)
    except OSError as error:
        problem = f"cannot be read ({error.strerror or type(error).__name__})"
    return Notebook(cells, path, saved, problem=problem and f"{name} {problem}")


def _read(path: str) -> tuple[tuple[NotebookCell, ...], str]:
    with open(path, "rb") as file:
        content = file.read()
    try:
        return _cells(json.loads(content))
    except UnicodeDecodeError:
        return (), "is not UTF-8"
    except (ValueError, RecursionError):
        return (), "is not a notebook (no JSON)"


def _cells(model: Any) -> tuple[tuple[NotebookCell, ...], str]:
    """Return the cells of a notebook's JSON, or why there are none."""
    if not isinstance(model, Mapping) or not ({"cells", "worksheets"} & model.keys()):
        return (), "is not a notebook"
    version = model.get("nbformat", 4)
    if version != 4 or not isinstance(model.get("cells"), list):
        return (), f"has the format {version}: save it in format 4"
    return tuple(_cell(cell) for cell in model["cells"] if isinstance(cell, dict)), ""


def _cell(cell: dict[str, Any]) -> NotebookCell:
    metadata = cell.get("metadata")
    # Colab keeps the id in the metadata.
    other = metadata.get("id") if isinstance(metadata, dict) else None
    outputs = cell.get("outputs")
    count = cell.get("execution_count")
    attachments = cell.get("attachments")
    kind = cell.get("cell_type")
    return NotebookCell(
        _text(cell.get("id") or other),
        kind if kind in _KINDS else "raw",
        joined(cell.get("source")),
        tuple(one for one in outputs if isinstance(one, dict)) if isinstance(outputs, list) else (),
        count if isinstance(count, int) else 0,
        attachments if isinstance(attachments, dict) else {},
    )


def joined(value: Any) -> str:
    """
    Return a text of nbformat's, which may be a list of lines.

    >>> joined(["a\\n", "b"]), joined("a"), joined(None)
    ('a\\nb', 'a', '')
    """
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _ago(seconds: float) -> str:
    """
    Return a time span in words.

    >>> [_ago(seconds) for seconds in (-3, 4, 59, 200, 7_300, 200_000)]
    ['just now', 'just now', '59 s ago', '3 min ago', '2 h ago', '2 days ago']
    """
    if seconds < 5:
        return "just now"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s ago"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < 2 * _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    return f"{int(seconds // _DAY)} days ago"
