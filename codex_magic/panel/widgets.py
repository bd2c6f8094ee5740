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
        self._html = _style_of(ipywidgets.HTML())
        self._math = _style_of(ipywidgets.HTMLMath())
        self._button = ipywidgets.ButtonStyle()

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
            description=words,
            tooltip=hint,
            layout=self.layout,
            style=self._button,
            _dom_classes=classes,
        )
        made.on_click(lambda _: pressed())
        return made

    def put(self, box: Any, children: Sequence[Any], keeping: Sequence[Any] = ()) -> None:
        """
        Put others into a box; those that were in it, and are not now, are gone for good.

        Args:
            box: Where they are put.
            children: All that is to be in it.
            keeping: What may come back.
        """
        before = box.children
        if list(before) == list(children):
            return
        box.children = list(children)
        for child in before:
            if child not in children and child not in keeping:
                self.close(child)

    def end(self) -> None:
        """Let go of what all shared; nothing is made any more."""
        for shared in (self.layout, self._html, self._math, self._button):
            shared.close()

    def close(self, widget: Any) -> None:
        """Let go of a widget and all that is in it: ipywidgets keeps each until it is closed."""
        for child in getattr(widget, "children", ()):
            self.close(child)
        style = getattr(widget, "style", None)
        if style is not None and style not in (self._html, self._math, self._button):
            style.close()
        widget.close()


def _style_of(widget: Any) -> Any:
    """Return the style of a widget that is not needed itself."""
    style = widget.style
    widget.layout.close()
    widget.close()
    return style


def shown(widget: Any, visible: bool) -> None:
    """Show a widget, or take it off the page; its layout is shared, so that a class does it."""
    if visible:
        widget.remove_class("codex-off")
    else:
        widget.add_class("codex-off")
