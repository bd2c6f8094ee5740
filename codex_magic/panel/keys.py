"""What runs in the page beside the widgets: keys, buttons at answers, the clipboard, dropped images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .messages import small_html
from .widgets import Shared

_SCRIPT = Path(__file__).with_name("panel.js")
_MISSING = (
    "Send with the button. For Shift+Enter, buttons at each answer and several cells at once: "
    'pip install "codex-magic[bridge]", and open the page anew.'
)


class Keys:
    """
    The page's part of the panel, where anywidget is installed; else a line that says so.

    Args:
        shared: Makes the widgets.
        heard: Is called with what the page says, and what came with it.
    """

    def __init__(self, shared: Shared, heard: Callable[[dict[str, Any], list[Any]], None]) -> None:
        self._sends = False
        try:
            import anywidget  # Optional, and slow to import.
        except ImportError:
            self.widget = shared.html(small_html(_MISSING), "codex-missing")
            return
        self._sends = True
        script = _SCRIPT.read_text(encoding="utf-8")
        self.widget = anywidget.AnyWidget(
            _esm=script, layout=shared.layout, _dom_classes=("codex-keys",)
        )
        self.widget.on_msg(lambda _, content, buffers: heard(content, buffers))

    def copy(self, view: str, text: str) -> None:
        """Have a page put a text into its clipboard."""
        if self._sends:
            self.widget.send({"do": "copy", "view": view, "text": text})
