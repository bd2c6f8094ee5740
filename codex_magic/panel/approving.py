"""Calls that wait for the user: a card each, with Approve, Decline and Edit."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import Future
from typing import Any

import ipywidgets

from ..conversation.approvals import Call, Decision
from ..display.markdown import escape_text
from ..kernel_tools import is_python, warning
from ..tool_running import shown as call_shown
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
        self.widget = shared.rows((), "codex-cards")

    async def __call__(self, call: Call) -> Decision:
        """Return what the user says to a call; the card goes when it is known, or not wanted."""
        card = _Card(self._shared, call)
        self._put(lambda cards: (*cards, card.widget))
        try:
            return await asyncio.wrap_future(card.decision)
        finally:
            self._put(lambda cards: tuple(one for one in cards if one is not card.widget))

    def _put(self, change: Any) -> None:
        with self._lock:
            self._shared.put(self.widget, change(self.widget.children))


class _Card:
    """One call."""

    def __init__(self, shared: Shared, call: Call) -> None:
        self.decision: Future[Decision] = Future()
        self._call = call
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
        self._decide(Decision(True, always=always, arguments=arguments))

    def _always(self) -> None:
        self._approve(always=True)

    def _decline(self) -> None:
        self._decide(Decision(False))

    def _edit(self) -> None:
        shown(self._arguments, True)

    def _decide(self, decision: Decision) -> None:
        # Two views have two buttons; the question may have been stopped.
        if not self.decision.done():
            self.decision.set_result(decision)
