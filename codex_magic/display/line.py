"""A line below a cell that may say something else later, also after the cell has ended."""

from __future__ import annotations

import html
import uuid
from typing import Any

from .sanitize import well_formed

_STYLE = "opacity:.7;font-size:90%"
_CODE_STYLE = "user-select:all;-webkit-user-select:all;white-space:pre-wrap"


class Line:
    """
    A line of a cell's output. What it says may change on any thread.

    Args:
        shell: The IPython shell of a kernel.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._name = f"codex-{uuid.uuid4().hex}"
        self._shown = False

    def say(self, text: str, code: str = "", *, busy: bool = False) -> None:
        """
        Say something, in the place of what was said before.

        Args:
            text: What.
            code: Code below it, to copy.
            busy: Whether a bar shows that something is going on.
        """
        bar = "<progress></progress> " if busy else ""
        page = f'<div class="codex-line" style="{_STYLE}">{bar}{html.escape(text)}</div>'
        bundle = {
            "text/html": well_formed(page + (code and code_html(code))),
            "text/plain": well_formed(f"{text}\n{code}" if code else text),
        }
        self.show(bundle, {"codex_magic": {"line": True}})

    def show(self, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        """Show something else in its place."""
        self._shell.display_pub.publish(
            bundle,
            metadata,
            transient={"display_id": self._name},
            update=self._shown,
        )
        self._shown = True


def code_html(source: str) -> str:
    """Return code as HTML of which one click selects all."""
    # HTML drops a line end right after <pre>: the empty span keeps it.
    inner = f"<span></span>{html.escape(source)}"
    return f'<pre class="codex-code" style="{_CODE_STYLE}">{inner}</pre>'
