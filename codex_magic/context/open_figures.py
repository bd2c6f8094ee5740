"""Matplotlib's figures that are open, or that were displayed without pixels."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Mapping
from typing import Any

from .executions import Execution
from .images import SVG, ImageStore
from .recording import has_pixels

_MOST_RENDERED = 96
_WITHOUT_PIXELS = (SVG, "application/pdf")
_INLINE = "matplotlib_inline.backend_inline"


class OpenFigures:
    """Which cell opened which figure, and what stands for those that have no pixels."""

    def __init__(self) -> None:
        self._opened: list[tuple[weakref.ref[Any], Execution]] = []
        self._rendered: dict[int, str] = {}
        self._live: dict[str, weakref.ref[Any]] = {}

    def note(self, execution: Execution) -> None:
        """Write down that figures which nobody has seen before came from this cell."""
        self._opened = [one for one in self._opened if one[0]() is not None]
        known = {id(figure()) for figure, _ in self._opened}
        for figure in open_figures():
            if id(figure) not in known:
                self._opened.append((weakref.ref(figure), execution))

    def opener(self, figure: Any) -> Execution | None:
        """Return the cell that left a figure open; None for the one that runs."""
        return next((by for known, by in self._opened if known() is figure), None)

    def formatted(self, shown: Any, bundle: Mapping[str, Any], images: ImageStore) -> None:
        """
        Look at something that is about to be displayed.

        A figure without pixels, as with ``figure_formats = {"svg"}``, is rendered as it would have
        been with them: afterwards it is closed. One in a widget is remembered: it goes on changing.
        """
        if type(shown).__module__.startswith("ipympl.") and "image/png" in bundle:
            _trim(self._live)
            self._live[images.add(bundle["image/png"], "image/png")] = weakref.ref(shown.figure)
        elif is_figure(shown) and not has_pixels(bundle):
            name = _name(bundle)
            png = rendered(shown) if name is not None else None
            if name is not None and png is not None:
                _trim(self._rendered)
                self._rendered[name] = images.add(png, "image/png")

    def pixels(self, bundle: Mapping[str, Any]) -> str:
        """Return the key of the image that stands for a bundle without pixels; empty for none."""
        name = _name(bundle)
        return "" if name is None else self._rendered.get(name, "")

    def live(self, key: str) -> Any:
        """Return the figure that a widget shows, while it is open; else None."""
        figure = self._live.get(key)
        found = figure() if figure is not None else None
        return found if any(found is one for one in open_figures()) else None


def _name(bundle: Mapping[str, Any]) -> int | None:
    return next((hash(bundle[mime]) for mime in _WITHOUT_PIXELS if mime in bundle), None)


def _trim(kept: dict[Any, Any]) -> None:
    while len(kept) >= _MOST_RENDERED:
        del kept[next(iter(kept))]


def is_figure(value: Any) -> bool:
    """Whether something is a figure of matplotlib's."""
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def open_figures() -> list[Any]:
    """Return the figures that pyplot holds, the active one last."""
    helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
    if helpers is None:
        return []
    return [manager.canvas.figure for manager in helpers.Gcf.figs.values()]


def pending_figures() -> list[Any]:
    """Return the figures that the inline backend shows when this cell ends."""
    inline: Any = sys.modules.get(_INLINE)
    if inline is None or not inline.show._draw_called:
        return []
    closing = inline.InlineBackend.instance().close_figures
    drawn = {id(figure) for figure in inline.show._to_draw}
    return [figure for figure in open_figures() if closing or id(figure) in drawn]


def rendered(figure: Any) -> bytes | None:
    """Return a figure as PNG, as a notebook would show it; None where nothing is drawn in it."""
    from IPython.core.pylabtools import print_figure  # Only where matplotlib is.

    inline: Any = sys.modules.get(_INLINE)
    more = dict(inline.InlineBackend.instance().print_figure_kwargs) if inline else {}
    render: Any = print_figure
    png: bytes | None = render(figure, "png", **more)
    return png
