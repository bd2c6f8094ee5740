"""``%codex panel`` and ``transcript``: the chat as a widget, and as an output that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .assistant import Assistant
from .conversation.turns import Turn
from .display.progress import printable
from .display.reply import Reply, is_notebook
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


def transcript(assistant: Assistant, rest: str) -> None:
    """transcript: this conversation as an ordinary output, which stays when the kernel is gone"""
    if rest:
        raise ConfigError(f"%codex transcript takes no words: not {rest!r}.")
    from .display.sanitize import well_formed  # With libraries that are heavy.
    from .export.document import document

    conversation = assistant.conversation
    if not conversation.turns:
        raise ConfigError(f"Nothing was said in {conversation.name!r} yet.")
    text = document(conversation)
    if not is_notebook(assistant.shell):
        print(printable(text))
        return
    page = "".join(map(_turn, conversation.turns))
    bundle = {"text/html": well_formed(page), "text/plain": text}
    assistant.shell.display_pub.publish(bundle, {"codex_magic": {"transcript": conversation.id}})


def _turn(turn: Turn) -> str:
    from .display.markdown import escape_text, sanitize  # Heavy.
    from .display.page import reply_html

    lines = "<br>".join(map(escape_text, turn.prompt.split("\n")))
    return sanitize(f"<blockquote>{lines}</blockquote>") + reply_html(Reply.of_turn(turn))
