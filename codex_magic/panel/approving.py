"""Calls that wait for the user: a card each, with Approve, Decline and Edit."""

from __future__ import annotations

import json
import threading
from typing import Any

import ipywidgets

from ..conversation.approvals import Decision
from ..display.markdown import escape_text
from ..kernel_tools import is_python, warning
from ..tool_running import shown as call_shown
from ..watching import Waiting
from .messages import error_html
from .widgets import Shared, shown

_NO_OBJECT = "The arguments are a JSON object, as they stood here."


class Cards:
    """
    The calls that wait.

    Args:
        shared: Makes the widgets.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._lock = threading.Lock()
        self._cards: dict[Waiting, Any] = {}
        self.widget = shared.rows((), "codex-cards")

    def add(self, waiting: Waiting) -> None:
        """Show a call that waits."""
        with self._lock:
            self._cards[waiting] = _Card(self._shared, waiting).widget
            self._shared.put(self.widget, [*self._cards.values()])

    def remove(self, waiting: Waiting) -> None:
        """Take a call away that waits no more."""
        with self._lock:
            self._cards.pop(waiting, None)
            self._shared.put(self.widget, [*self._cards.values()])


class _Card:
    """One call."""

    def __init__(self, shared: Shared, waiting: Waiting) -> None:
        self._waiting = waiting
        self._call = call = waiting.call
        self._arguments = ipywidgets.Textarea(
            json.dumps(call.arguments, indent=2, ensure_ascii=False),
            description="Arguments as JSON",
            layout=shared.layout,
            _dom_classes=("codex-arguments", "codex-off"),
        )
        self._trouble = shared.html()
        words = "\n".join(filter(None, (call_shown(call), warning(call))))
        self.widget = shared.rows(
            (
                shared.html(f'<div role="alert"><pre>{escape_text(words)}</pre></div>'),
                self._arguments,
                self._trouble,
                shared.row(self._buttons(shared), "codex-buttons"),
            ),
            "codex-card",
        )

    def _buttons(self, shared: Shared) -> list[Any]:
        name = self._call.name
        buttons = [
            shared.button("Approve", self._approve, "codex-main", hint=f"Run {name}"),
            shared.button("Decline", self._decline, hint=f"Do not run {name}"),
            shared.button("Edit", self._edit, hint="Change the arguments"),
        ]
        if not is_python(self._call):
            always = f"Run {name} now, and later without asking"
            buttons.append(shared.button("Always", self._always, hint=always))
        return buttons

    def _approve(self, *, always: bool = False) -> None:
        arguments = None
        if "codex-off" not in self._arguments._dom_classes:
            try:
                arguments = json.loads(self._arguments.value)
            except ValueError as error:
                self._trouble.value = error_html(f"That is no JSON: {error}.")
                return
            if not isinstance(arguments, dict):
                self._trouble.value = error_html(_NO_OBJECT)
                return
        self._waiting.decide(Decision(True, always=always, arguments=arguments))

    def _always(self) -> None:
        self._approve(always=True)

    def _decline(self) -> None:
        self._waiting.decide(Decision(False))

    def _edit(self) -> None:
        shown(self._arguments, True)
