"""``%codex connect``: the bridge to the page, without a panel."""

from __future__ import annotations

from .assistant import Assistant
from .bridge import Bridge
from .display.line import Line
from .errors import ConfigError

_WAITING = (
    "Waiting for the page. JupyterLab 4 and Notebook 7 answer at once, if anywidget is installed "
    "where they run; elsewhere there is no bridge, and code goes into one cell."
)
_CANNOT = "This front end lets nobody write into its cells: code goes into one cell, or is shown."


def connect(assistant: Assistant, rest: str) -> None:
    """connect: let code go into several cells, and cells be seen that are not saved"""
    if rest:
        raise ConfigError(
            f"%codex connect takes no words. To ask it, write %codex ask connect {rest}"
        )
    bridge = assistant.bridge
    bridge.mount()
    line = Line(assistant.shell)
    if not _said(bridge, line):
        line.say(_WAITING)
        _say_once(bridge, line)


def _say_once(bridge: Bridge, line: Line) -> None:
    """Say it as soon as a page answers, which is after this cell has ended."""

    def heard() -> None:
        if heard in bridge.listeners and _said(bridge, line):
            bridge.listeners.remove(heard)

    bridge.listeners.append(heard)


def _said(bridge: Bridge, line: Line) -> bool:
    """Say what came of it, and return whether there is anything to say."""
    page = bridge.page()
    if page is not None:
        line.say(f"Connected to this notebook in {page.app or 'this front end'}.")
        return True
    mute = any(not page.can for page in bridge.heard_of())
    if mute:
        line.say(_CANNOT)
    return mute
