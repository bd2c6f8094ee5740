"""
Growing Markdown: settled blocks are rendered once, the open one again; always as safe HTML.

What a model writes is shown, never run. Raw HTML is text. An image that would be fetched becomes a
link that shows its address. A link leads to http, https, mailto or a fragment; any other, relative
ones included, becomes its label with the address beside it, because a relative address is a place
on the Jupyter server. Everything passes `sanitize` last.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import formatters, highlight, lexers

from .math import add_math, formula, formula_block
from .sanitize import (
    CODE_STYLE,
    escape,
    escape_text,
    is_embedded_image,
    is_link,
    sanitize,
    well_formed,
)

__all__ = ["GrowingMarkdown", "code_html", "escape", "escape_text", "render", "sanitize"]

# Deeper nesting is not text; every level of unclosed brackets costs a look at what follows.
_DEEPEST = 32
_LONGEST_ADDRESS = 200
_FENCE_CUT = 3_000
_LONGEST_OPEN_CODE = 20_000
# An open text up to this size is parsed with every new line, a larger one when it has grown by an
# eighth: the sum of all that is parsed stays a multiple of the text.
_SMALL = 300
_LANGUAGES = {"ipython": "python", "ipython3": "python", "jsonl": "json", "shellscript": "bash"}


def render(source: str) -> str:
    """
    Return Markdown as a safe HTML fragment.

    >>> render("**So** <b>it</b> costs $5.")
    '<p><strong>So</strong> &lt;b&gt;it&lt;/b&gt; costs <span>$</span>5.</p>\\n'
    """
    return _html(source, {})


def code_html(code: str, language: str) -> str:
    """Return code as a block of its own, highlighted where its language is known."""
    return _code_html(_highlighted(well_formed(code), language))


class GrowingMarkdown:
    """
    Markdown that arrives in pieces.

    A block settles when the next one has begun: it is rendered once and leaves. A long open code
    block settles in parts. `render(growing.source)` is the same text rendered whole; it differs
    from the parts where a link's definition comes after its use, and where code was cut.
    """

    def __init__(self) -> None:
        self.settled_chars = 0
        self._settled: list[str] = []
        self._source: list[str] = []
        self._new: list[str] = []
        self._open = ""
        self._next_look = 1
        self._env: dict[str, Any] = {"references": {}, "settled": True}

    @property
    def source(self) -> str:
        """Everything that was fed, unchanged."""
        self._source = ["".join(self._source)]
        return self._source[0]

    @property
    def settled_html(self) -> str:
        """The HTML of what settled since the last `freeze`."""
        self._settled = ["".join(self._settled)]
        return self._settled[0]

    def feed(self, text: str) -> None:
        """Append text; nothing is parsed yet."""
        self._source.append(text)
        self._new.append(text)

    def advance(self) -> None:
        """Settle what can no longer change; after a long block, a few lines later."""
        self._take()
        complete = self._open.rfind("\n") + 1
        if complete < self._next_look:
            return
        lines = self._open[:complete].split("\n")[:-1]
        blocks = _top_blocks(_joined(lines))
        if blocks and blocks[-1].meta.get("closed") is False:
            # If this is no formula after all, it belongs to the paragraph before it.
            blocks.pop()
        if len(blocks) > 1:
            count = _first_line(blocks[-1])
            self._settle(lines[:count], rest=lines[count:])
            lines = lines[count:]
        if blocks and _is_open_fence(blocks[-1]):
            lines = self._cut_fence(lines)
        size = sum(map(len, lines)) + len(lines)
        self._next_look = size + 1 + max(0, size - _SMALL) // 8

    def open_html(self) -> str:
        """Return the safe HTML of what is still open, its unfinished last line included."""
        self._take()
        # A definition that is not complete must not be remembered: the first one wins.
        references = dict(self._env["references"])
        env = {"references": references, "plain_above": _LONGEST_OPEN_CODE}
        held = "\n" if self._new else ""
        return _html(self._open + held, env)

    def freeze(self) -> str:
        """Return what settled, and forget it: the next chunk begins."""
        frozen = self.settled_html
        self._settled, self.settled_chars = [], 0
        return frozen

    def _take(self) -> None:
        """Move what was fed to the open text, with line ends as Markdown counts them."""
        new = "".join(self._new)
        # The other half of a "\r\n" may follow.
        self._new = ["\r"] if new.endswith("\r") else []
        new = new.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        self._open += new

    def _cut_fence(self, lines: list[str]) -> list[str]:
        """Settle the lines of a long open code block; the rest goes on under the same fence."""
        last = len(lines) - 1
        while last > 1 and not lines[last].strip():
            last -= 1
        if last <= 1 or sum(map(len, lines[1:last])) + last - 1 < _FENCE_CUT:
            return lines
        rest = [lines[0], *lines[last:]]
        self._settle(lines[:last], rest=rest)
        return rest

    def _settle(self, lines: list[str], *, rest: list[str]) -> None:
        """Render lines for good; the rest is what is complete of the text that stays open."""
        unfinished = self._open[self._open.rfind("\n") + 1 :]
        self._settled.append(_html(_joined(lines), self._env))
        before = len(self._open)
        self._open = _joined(rest) + unfinished
        self.settled_chars += before - len(self._open)


def _html(source: str, env: dict[str, Any]) -> str:
    return sanitize(str(_MARKDOWN.render(well_formed(source), env)))


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _top_blocks(source: str) -> list[Token]:
    return [token for token in _BLOCKS.parse(source, {}) if token.level == 0 and token.map]


def _first_line(block: Token) -> int:
    assert block.map is not None  # _top_blocks has seen to it
    return block.map[0]


def _is_open_fence(block: Token) -> bool:
    """Tell a code block that ends with the text from one that its closing fence ends."""
    if block.type != "fence" or block.map is None:
        return False
    return block.content.count("\n") == block.map[1] - block.map[0] - 1


def _mark_links(state: StateCore) -> None:
    """Say which links lead where an answer may lead, and which images stand inside of a link."""
    for block in state.tokens:
        opened: list[Token] = []
        for token in block.children or []:
            if token.type == "link_open":
                token.meta["safe"] = is_link(str(token.attrGet("href")))
                opened.append(token)
            elif token.type == "link_close":
                token.meta["opened"] = opened.pop()
            elif token.type == "image":
                token.meta["linked"] = any(link.meta["safe"] for link in opened)


class _Renderer(RendererHTML):
    """Writes tokens as HTML: each method, named for the type of a token, is its rule."""

    def text(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return escape_text(tokens[idx].content)

    def math_inline(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return formula(tokens[idx].content, display=tokens[idx].meta["display"])

    def math_block(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return formula_block(tokens[idx].content, closed=tokens[idx].meta["closed"])

    def code_block(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return _code_html(escape(tokens[idx].content))

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        if len(token.content) > env.get("plain_above", len(token.content)):
            return _code_html(escape(token.content))
        return _code_html(_highlighted(token.content, token.info))

    def link_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        token = tokens[idx]
        if not token.meta["safe"]:
            return '<span class="codex-link">'
        return _link_start(str(token.attrGet("href")), str(token.attrGet("title") or ""))

    def link_close(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        opened: Token = tokens[idx].meta["opened"]
        if opened.meta["safe"]:
            return "</a>"
        beside = "" if opened.markup == "autolink" else _beside(str(opened.attrGet("href")))
        return f"{beside}</span>"

    def image(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        token = tokens[idx]
        address = str(token.attrGet("src"))
        alt = _plain_text(token.children)
        if is_embedded_image(address):
            return f'<img src="{escape(address)}" alt="{escape(alt)}">'
        shown = escape_text(alt or "image") + _beside(address)
        if token.meta.get("linked") or not is_link(address) or address.startswith("#"):
            return f'<span class="codex-image">{shown}</span>'
        return f"{_link_start(address, 'An image, not loaded', 'codex-image')}{shown}</a>"

    def th_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return _cell_start(tokens[idx])

    def td_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return _cell_start(tokens[idx])


def _plain_text(tokens: Sequence[Token] | None) -> str:
    """Return what stands in a description, without its markup; markdown-it-py 3 leaves out code."""
    return "".join(
        _plain_text(token.children)
        if token.type == "image"
        else "\n" * token.type.endswith("break") + token.content
        for token in tokens or ()
    )


def _link_start(address: str, title: str, css_class: str = "") -> str:
    attributes = {
        "class": css_class,
        "href": address,
        "title": title,
        # A fragment is on this page; everything else must not replace the notebook.
        "target": "" if address.startswith("#") else "_blank",
    }
    written = [f'{name}="{escape(value)}"' for name, value in attributes.items() if value]
    return f"<a {' '.join(written)}>"


def _beside(address: str) -> str:
    if len(address) > _LONGEST_ADDRESS:
        address = address[:_LONGEST_ADDRESS] + "…"
    return f" ({escape_text(address)})"


def _cell_start(token: Token) -> str:
    # JupyterLab aligns the cells of HTML tables to the right, as pandas wants it.
    style = token.attrGet("style") or "text-align:left"
    return f'<{token.tag} style="{style}">'


def _code_html(code: str) -> str:
    # In what nbconvert writes, <pre> has the text's font and only <code> that of code. HTML drops a
    # line end right after <pre>: <code> keeps it, too.
    return f'<div class="highlight" style="{CODE_STYLE}"><pre><code>{code}</code></pre></div>\n'


def _highlighted(code: str, info: str) -> str:
    lexer = _lexer(_language(info))
    if lexer is None:
        return escape(code)
    return str(highlight(code, lexer, _FORMATTER))


def _language(info: str) -> str:
    name = info.strip().partition(" ")[0].partition(",")[0].strip("{}.").lower()
    return _LANGUAGES.get(name, name)


def _lexer(language: str) -> Any | None:
    # Pygments searches the installed packages for a name that it does not know: milliseconds,
    # each time, for a name that a model chose.
    return _known_lexer(language) if language in _languages() else None


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    return frozenset(alias for lexer in lexers.get_all_lexers(plugins=False) for alias in lexer[1])


@lru_cache(maxsize=32)
def _known_lexer(language: str) -> Any:
    return lexers.get_lexer_by_name(language, stripnl=False)


def _parser() -> MarkdownIt:
    markdown = MarkdownIt(
        "default", {"html": False, "maxNesting": _DEEPEST}, renderer_cls=_Renderer
    )
    markdown.use(add_math)
    markdown.core.ruler.push("mark_links", _mark_links)
    return markdown


_FORMATTER = formatters.HtmlFormatter(nowrap=True)
_MARKDOWN = _parser()
_BLOCKS = _parser().disable(["inline", "text_join", "mark_links"])


def parse(source: str) -> list[Token]:
    """Return the tokens of a text in Markdown, as ``render`` reads it."""
    return _MARKDOWN.parse(well_formed(source), {})
