"""A small bridge to the page: it writes several cells, and tells which cells are not saved yet."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ..errors import ConfigError
from ..notebook import Pushed
from ..records import dataclass
from .pages import Page

__all__ = ["Bridge", "NewCell", "Page"]

# Pages that are remembered; one that is closed may not have said so.
_PAGES = 12
# Requests whose answer somebody still waits for.
_WAITING = 200

Done = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class NewCell:
    """A cell to be put into the notebook. Its text is put there as it is: make Markdown safe."""

    source: str
    kind: Literal["code", "markdown"] = "code"


class Bridge:
    """
    The kernel's end of the bridge. All of it may be called on any thread.

    A request goes to one page, once: the one that runs what asks for it. That page is alive, since
    it has just sent a message; of another client, as nbclient, nothing comes into a page.

    Args:
        shell: The IPython shell, or None outside of one.

    Attributes:
        listeners: They are called without arguments, on any thread, when a page comes, goes or
            tells its cells.
    """

    def __init__(self, shell: Any) -> None:
        self.listeners: list[Callable[[], None]] = []
        self._shell = shell
        self._widget: Any = None
        self._pages: dict[str, Page] = {}
        self._waiting: dict[int, Done] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def mount(self) -> None:
        """
        Open the bridge; pages answer a moment later. Where it is open, they are asked again.

        Raises:
            ConfigError: There is no notebook here, or a library is missing.
        """
        if getattr(self._shell, "kernel", None) is None:
            raise ConfigError("The bridge is for notebooks: there is none here.")
        if "google.colab" in sys.modules:
            raise ConfigError("Colab lets nobody write into its cells: there is no bridge to it.")
        with self._lock:
            if self._widget is not None:
                self._widget.send({"do": "greet"})
                return
            from .widget import open_widget  # Its library is heavy, and optional.

            self._widget = open_widget(self._heard)

    def close(self) -> None:
        """Take the bridge away."""
        with self._lock:
            widget, self._widget = self._widget, None
            self._pages.clear()
            self._waiting.clear()
        if widget is not None:
            widget.close()

    @property
    def opened(self) -> bool:
        """Whether the bridge was opened, whatever the pages made of that."""
        return self._widget is not None

    @property
    def mounted(self) -> bool:
        """Whether the page that asks lets us write."""
        return self.page() is not None

    def page(self) -> Page | None:
        """
        Return the page that what runs was sent from, if it lets us write.

        A cell's page is that one or none. Whatever else asks, as a widget's callback, has else the
        page that was heard of last.
        """
        session, kind, _ = self._asking()
        with self._lock:
            pages = [page for page in reversed(self._pages.values()) if page.can]
        here = next((page for page in pages if session and page.session == session), None)
        if here is not None or kind == "execute_request":
            return here
        return pages[0] if pages else None

    def heard_of(self) -> list[Page]:
        """Return the pages that answered, whether they let us write or not; the last one first."""
        with self._lock:
            return list(reversed(self._pages.values()))

    def cells(self) -> Pushed | None:
        """Return the cells as a page told them last, what is not saved among them; None for none."""
        page = self.page() or next((page for page in self.heard_of() if page.cells), None)
        if page is None or page.cells is None:
            return None
        return Pushed(page.cells, page.told, here=page.session == self._asking()[0] != "")

    def insert(
        self, cells: Sequence[NewCell], *, below: str | None = None, done: Done | None = None
    ) -> bool:
        """
        Ask the page to put cells below one, in order, and do not wait for it.

        Args:
            cells: What to put there; nothing of it is run.
            below: The id of a cell; by default the one that runs. From a callback, where none
                does, the last place.
            done: Is called with what kept it from that, or with an empty text, on any thread.

        Returns:
            Whether there is a page that was asked. Where there is none, show the code instead.
        """
        place = self._asking()[2] if below is None else below
        fresh = [{"kind": cell.kind, "source": cell.source} for cell in cells]
        return self._request({"do": "insert", "below": place, "cells": fresh}, done)

    def replace(
        self, cell_id: str, source: str, *, expected: str, done: Done | None = None
    ) -> bool:
        """
        Ask the page to give a cell another source, and do not wait for it.

        Args:
            cell_id: The cell.
            source: What it shall have.
            expected: What the user was shown as its source: a cell that has another one, because
                it was edited meanwhile, keeps it.
            done: Is called with what kept it from that, or with an empty text, on any thread.

        Returns:
            Whether there is a page that was asked.
        """
        request = {"do": "replace", "cell": cell_id, "source": source, "expected": expected}
        return self._request(request, done)

    def _request(self, request: dict[str, Any], done: Done | None) -> bool:
        page = self.page()
        with self._lock:
            if page is None or self._widget is None or request["do"] not in page.can:
                return False
            number = next(self._numbers)
            if done is not None:
                self._waiting[number] = done
                while len(self._waiting) > _WAITING:
                    del self._waiting[next(iter(self._waiting))]
            self._widget.send({**request, "page": page.name, "id": number})
        return True

    def _heard(self, message: dict[str, Any]) -> None:
        """Take what a page says."""
        name, says = str(message.get("page", "")), message.get("say")
        if says == "answer":
            with self._lock:
                done = self._waiting.pop(message.get("id", 0), None)
            if done is not None:
                done(str(message.get("problem") or ""))
            return
        with self._lock:
            known = self._pages.pop(name, None) or Page(name)
            if says != "gone" and self._widget is not None:
                self._pages[name] = known.after(message)
                while len(self._pages) > _PAGES:
                    del self._pages[next(iter(self._pages))]
            listeners = list(self.listeners)
        for listener in listeners:
            listener()

    def _asking(self) -> tuple[str, str, str]:
        """Return the session, the kind and the cell of the message that the kernel works on."""
        parent: dict[str, Any] = getattr(self._shell, "get_parent", dict)() or {}
        header = parent.get("header") or {}
        cell = (parent.get("metadata") or {}).get("cellId")
        return str(header.get("session") or ""), str(header.get("msg_type") or ""), str(cell or "")
