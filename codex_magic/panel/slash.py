"""Commands in the input: ``/history`` is ``%codex history``, and what it says is shown in the panel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

from ..command_help import Commands
from ..errors import ConfigError
from ..tool_running import printed
from .messages import note_html

# These ask for a line of input, or open a view; in a panel nobody could answer.
_FOR_CELLS = ("login", "logout", "panel", "connect")
_REFUSED = "/{name} is for cells: run %codex {name} there."
_NO_MAGIC = "Load the extension first: %load_ext codex_magic."


def command_of(text: str) -> str:
    """
    Return the command that an input is, or an empty text where it is a question.

    >>> command_of("/history -n 3"), command_of("Why?"), command_of("/ 2 = ?")
    ('history -n 3', '', '')
    """
    text = text.strip()
    return text[1:] if text[:1] == "/" and text[1:2].isalpha() else ""


def commands_of(shell: Any) -> Commands:
    """Return the commands that may stand behind the stroke; none where the magics are not loaded."""
    known = getattr(getattr(_magic(shell), "__self__", None), "commands", {})
    return {name: command for name, command in known.items() if name not in _FOR_CELLS}


def said(shell: Any, command: str) -> str:
    """
    Run a command, and return what it says as safe HTML.

    It runs on this thread; what it asks is shown as every question is.

    Raises:
        CodexError: It failed.
    """
    name = command.split(maxsplit=1)[0]
    # Behind -- there are no options: what looks like one is part of a question.
    if name in _FOR_CELLS or "--run" in takewhile("--".__ne__, command.split()):
        raise ConfigError(_REFUSED.format(name=name))
    magic = _magic(shell)
    if magic is None:
        raise ConfigError(_NO_MAGIC)
    with printed() as text, _displayed(shell) as shown:
        magic(command)
    return note_html(f"/{command}", text.getvalue(), *shown) if text.getvalue() or shown else ""


def _magic(shell: Any) -> Any:
    return shell.find_line_magic("codex") if shell is not None else None


@contextmanager
def _displayed(shell: Any) -> Iterator[list[str]]:
    """A context in which what this thread displays goes into the list that it gives, as HTML."""
    publisher, shown = shell.display_pub, dict[str, str]()
    here = threading.get_ident()

    def take(message: Any) -> Any:
        if threading.get_ident() != here:
            return message
        content = message.get("content") or {}
        bundle = content.get("data") or {}
        name = (content.get("transient") or {}).get("display_id") or str(len(shown))
        if page := bundle.get("text/html"):
            shown[name] = page
        return None

    found: list[str] = []
    publisher.register_hook(take)
    try:
        yield found
    finally:
        publisher.unregister_hook(take)
        found += shown.values()
