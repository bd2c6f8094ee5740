"""The few kinds of widgets that the panel is made of; all of one kind share a layout and a style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

_MATH = "codex-math"


class Shared:
    """
    Makes widgets that share their layouts and styles: each would open three comms instead of one.
    """

    def __init__(self) -> None:
        self.layout = ipywidgets.Layout()
        self._html = ipywidgets.HTML().style
        self._math = ipywidgets.HTMLMath().style

    def html(self, value: str = "", *classes: str, typeset: bool = True) -> Any:
        """Return HTML; ``HTML`` typesets no formulas, and ``HTMLMath`` costs more."""
        if typeset and _MATH in value:
            return ipywidgets.HTMLMath(
                value, layout=self.layout, style=self._math, _dom_classes=classes
            )
        return ipywidgets.HTML(value, layout=self.layout, style=self._html, _dom_classes=classes)

    def rows(self, children: Sequence[Any] = (), *classes: str) -> Any:
        """Return widgets, one below the other."""
        return ipywidgets.VBox(list(children), layout=self.layout, _dom_classes=classes)

    def row(self, children: Sequence[Any] = (), *classes: str) -> Any:
        """Return widgets side by side, as far as there is room."""
        return ipywidgets.HBox(list(children), layout=self.layout, _dom_classes=classes)

    def button(self, words: str, pressed: Callable[[], object], *classes: str, hint: str) -> Any:
        """Return a button."""
        made = ipywidgets.Button(
            description=words, tooltip=hint, layout=self.layout, _dom_classes=classes
        )
        made.on_click(lambda _: pressed())
        return made


def shown(widget: Any, visible: bool) -> None:
    """Show a widget, or take it off the page; its layout is shared, so that a class does it."""
    if visible:
        widget.remove_class("codex-off")
    else:
        widget.add_class("codex-off")
