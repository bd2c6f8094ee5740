"""``%codex panel``: the chat panel in a cell's output, or wherever its view is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .assistant import Assistant
from .display.reply import is_notebook
from .errors import ConfigError

if TYPE_CHECKING:
    from .panel import ChatPanel

_panels: WeakKeyDictionary[Assistant, ChatPanel] = WeakKeyDictionary()


def panel(assistant: Assistant, rest: str) -> None:
    """panel: the chat panel; in JupyterLab, "Create New View for Cell Output" puts it beside the notebook"""
    if rest:
        raise ConfigError(f"%codex panel takes no words: not {rest!r}.")
    if not is_notebook(assistant.shell):
        raise ConfigError("The panel is for notebooks: ask here with %codex and a question.")
    from .panel import ChatPanel  # ipywidgets: not while loading.

    known = _panels.get(assistant)
    if known is None or known.comm is None:
        # There is none yet, or it was closed.
        known = _panels[assistant] = ChatPanel(assistant)
    known.show()
