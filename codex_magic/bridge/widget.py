"""The widget that carries messages between the kernel and the pages; it draws nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ConfigError

NO_ANYWIDGET = 'The bridge needs anywidget. Install it: pip install "codex-magic[bridge]".'
_SCRIPT = Path(__file__).with_name("bridge.js")


def open_widget(heard: Callable[[dict[str, Any]], None]) -> Any:
    """
    Return a widget whose pages begin to talk.

    Args:
        heard: Is called with what a page says, on any thread.

    Raises:
        ConfigError: The library is missing.
    """
    try:
        import anywidget  # Optional, and with ipywidgets it takes half a second.
    except ImportError as error:
        raise ConfigError(NO_ANYWIDGET) from error

    def message(widget: Any, content: Any, buffers: Any) -> None:
        if isinstance(content, dict):
            heard(content)

    widget = anywidget.AnyWidget(_esm=_SCRIPT.read_text(encoding="utf-8"))
    widget.on_msg(message)
    return widget
