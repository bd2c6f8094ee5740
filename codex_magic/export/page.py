"""A conversation as one web page: no script, and nothing that would have to be fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pygments.formatters import HtmlFormatter

from ..conversation.turns import Conversation, Turn
from ..display.markdown import escape, escape_text
from ..display.pictures import pictures_html
from ..display.sanitize import sanitize, well_formed
from .answer import answer_html
from .exchange import about, asked_pictures

_STYLE = Path(__file__).with_name("page.css")
_LIGHT, _DARK = "default", "github-dark"
# Nothing is loaded, whatever the page says; styles and images stand in it.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def page(conversation: Conversation) -> str:
    """Return a conversation as a page that is complete in itself."""
    parts = [_head(conversation)]
    for number, turn in enumerate(conversation.turns, start=1):
        parts.append(sanitize("".join(_turn(number, turn))))
    title = escape(well_formed(conversation.name))
    return well_formed(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_styles()}</style>\n</head>\n<body>\n"
        f"{''.join(parts)}</body>\n</html>\n"
    )


def _head(conversation: Conversation) -> str:
    parts = [f"<h1>{escape_text(conversation.name)}</h1>", _small(about(conversation))]
    if conversation.instructions:
        parts.append(_prompt("Instructions", conversation.instructions))
    return sanitize("".join(parts))


def _turn(number: int, turn: Turn) -> Iterator[str]:
    if turn.kind == "summary":
        yield f"<h2>{number}. Summary of earlier turns</h2>"
    else:
        yield _prompt(f"{number}. Question", turn.prompt)
        yield pictures_html(asked_pictures(turn))
    yield answer_html(turn)


def _prompt(title: str, text: str) -> str:
    # As it was written: a prompt is no Markdown, and its line ends mean something.
    return f'<h2>{escape(title)}</h2><div class="codex-prompt">{escape_text(text)}</div>'


def _small(text: str) -> str:
    return f"<p><small>{escape_text(text)}</small></p>"


def _styles() -> str:
    """Return the page's own styles, and those of code, for a light and for a dark screen."""
    light = HtmlFormatter(style=_LIGHT).get_style_defs(".highlight")
    dark = HtmlFormatter(style=_DARK).get_style_defs(".highlight")
    own = _STYLE.read_text(encoding="utf-8")
    return f"{own}{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
