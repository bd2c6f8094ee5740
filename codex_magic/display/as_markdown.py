"""An answer as Markdown that is safe to show, for front ends that have no other formulas."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from .escaped import escaped_markdown, escaped_text
from .sanitize import well_formed


def markdown_bundle(source: str, html: str) -> dict[str, str]:
    """
    Return an answer as escaped Markdown; as it was written, it stays the plain text.

    Args:
        source: The answer, as the model wrote it.
        html: What our own front end shows; the small lines above and below the answer are its.
    """
    lines = _SmallLines()
    lines.feed(html)
    lines.close()
    told = [f"*{escaped_text(line)}*\n" for line in lines.found if line.strip()]
    written = "\n".join([escaped_markdown(source), *told])
    return {"text/markdown": written, "text/plain": well_formed(source)}


class _SmallLines(HTMLParser):
    """Reads the small lines above and below an answer, which only its HTML has."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._small = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "small":
            self._small = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._small = self._small and tag != "small"

    def handle_data(self, data: str) -> None:
        if self._small:
            self.found[-1] += data
