"""What the pages say that have a notebook open: which cells it has, and what they let us do."""

from __future__ import annotations

import time
from dataclasses import field, replace
from typing import Any

from ..notebook import NotebookCell
from ..records import dataclass

_KINDS = ("code", "markdown", "raw")


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page of a browser that has this kernel's notebook open.

    Attributes:
        name: Which one it is, among all of them.
        session: What its messages to the kernel are marked with.
        app: What shows it, as "JupyterLab"; empty where it does not say.
        can: What it lets us do: insert, replace.
        cells: The notebook's cells with what is not saved yet, without their outputs; None where
            it did not tell.
        told: When it told them, in seconds since 1970.
    """

    name: str
    session: str = ""
    app: str = ""
    can: frozenset[str] = frozenset()
    cells: tuple[NotebookCell, ...] | None = None
    told: float = field(default=0.0, compare=False)

    def after(self, message: dict[str, Any]) -> Page:
        """Return what is known of the page after something that it said."""
        page = replace(self, session=_text(message.get("session")))
        if message.get("say") == "here":
            can = message.get("can")
            words = can if isinstance(can, list) else ()
            page = replace(
                page, app=_text(message.get("app"))[:40], can=frozenset(map(_text, words))
            )
        if "cells" in message:
            page = replace(page, cells=_cells(message["cells"]), told=time.time())
        return page


def _cells(told: Any) -> tuple[NotebookCell, ...] | None:
    if not isinstance(told, list):
        return None
    return tuple(_cell(cell) for cell in told if isinstance(cell, dict))


def _cell(told: dict[str, Any]) -> NotebookCell:
    kind, count = told.get("kind"), told.get("count")
    return NotebookCell(
        _text(told.get("id")),
        kind if kind in _KINDS else "raw",
        _text(told.get("source")),
        count=count if isinstance(count, int) else 0,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
