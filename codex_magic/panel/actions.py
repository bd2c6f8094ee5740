"""One row of buttons for all answers, for pages where nothing of ours runs beside the widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets

from ..command_words import cut
from ..conversation.turns import Turn
from .deeds import Deed
from .widgets import Shared, shown

BUTTONS: tuple[tuple[Deed, str, str], ...] = (
    ("copy", "Copy", "Show this answer's Markdown, to be copied"),
    ("cells", "Into cells", "Put this answer's code into new cells"),
    ("retry", "Retry", "Ask again; the new answer takes the place of this one"),
    ("continue", "Continue", "Go on with an answer that was stopped or cut"),
    ("fork", "Fork", "Go on from this answer in a copy of the conversation"),
    ("hide", "Hide", "Do not send this turn any more, or send it again"),
    ("pin", "Pin", "Keep this turn when the conversation is compacted, or not"),
)


class Actions:
    """
    The row.

    Args:
        shared: Makes the widgets.
        do: Does something with a turn.
    """

    def __init__(self, shared: Shared, do: Callable[[Deed, str], None]) -> None:
        self._turn = ipywidgets.Dropdown(description="Answer", layout=shared.layout)
        self._do = do
        buttons = [
            shared.button(words, partial(self._pressed, deed), hint=hint)
            for deed, words, hint in BUTTONS
        ]
        self._continue = buttons[3]
        self._turns: Sequence[Turn] = ()
        self.widget = shared.row((self._turn, *buttons), "codex-actions", "codex-off")
        self._turn.observe(lambda _: self._arrange(), "value")

    def refresh(self, turns: Sequence[Turn]) -> None:
        """Offer the turns of a conversation; the last one is chosen."""
        if [turn.id for turn in turns] != [turn.id for turn in self._turns]:
            numbered = list(enumerate(turns, start=1))
            self._turn.options = [(f"{n}: {cut(turn.prompt, 30)}", turn.id) for n, turn in numbered]
            if turns:
                self._turn.value = turns[-1].id
        self._turns = turns
        shown(self.widget, bool(turns))
        self._arrange()

    def _arrange(self) -> None:
        last = self._turns[-1] if self._turns else None
        chosen = last is not None and self._turn.value == last.id
        unfinished = last is not None and last.status in ("interrupted", "incomplete")
        shown(self._continue, chosen and unfinished)

    def _pressed(self, deed: Deed) -> None:
        if self._turn.value:
            self._do(deed, self._turn.value)
