r"""
An answer as Markdown that is safe where raw HTML is on: `text/markdown`, and exports to it.

It is written again from markdown-it's tokens. Outside of code no character can begin a tag, an
entity or a command of TeX; images that would be fetched are links; links lead to http, https,
mailto or a fragment. It is written for several readers at once: CommonMark, GitHub, nbconvert's
mistune, Pandoc, VS Code and Colab.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .markdown import parse
from .math import is_safe
from .sanitize import is_embedded_image, is_link, well_formed

# markdown-it's tokens: one module imports the library.
_Token = Any
_Tokens = Sequence[Any]

# Entities are never syntax, for no reader; a backslash before these marks is known to all.
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\\": "&#92;", "`": "&#96;"}
# The last are addresses without a host, of which some readers would make a link of their own.
_MARKS = re.compile(r"[<>&\\`]|[*_\[\]{}#~^|$]|/(?=/[/?#\\])")
# What would begin a block: a list, an underline, a definition, Pandoc's div or title.
_LINE_START = re.compile(r"(?P<mark>[-+=:%])|(?P<number>\d+)(?=[.)])")
_SPACES = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]")
_LANGUAGE = re.compile(r"[A-Za-z][\w+#.-]{0,29}", re.ASCII)
# Some readers draw these instead of showing them.
_DRAWN = {"mermaid", "math", "latex", "geojson", "topojson", "stl"}
_IN_ADDRESS = re.compile(r"[^A-Za-z0-9:/?#@!&+,;=%._~-]")
_LONGEST_ADDRESS = 200
_LISTS = ("bullet_list_open", "ordered_list_open")

_COMMAND = re.compile(r"\\[A-Za-z]+")
_ENVIRONMENT = re.compile(r"\\(begin|end)\{(\w+)\*?\}")
_INNER = {
    "align": "aligned",
    "eqnarray": "aligned",
    "alignat": "alignedat",
    "gather": "gathered",
    "multline": "gathered",
    "equation": "",
}
# In TeX a space more changes nothing; in Markdown it ends what would be a tag, entity or link.
_BEGINNINGS = re.compile(r"<(?=\S)|&(?=\S)|\](?=[(\[:])|!(?=\[)")
_UNWRITABLE = re.compile(r"[`$~]|(?<!\\)%|\^\^|(?<!\\)(?:\\\\)*\\\Z")
# What a page's MathJax does not know, and LaTeX obeys: files, packages, other languages.
_LATEX = re.compile(
    r"\\(?:@|\w*(?:input|include|file|lua|package|shell|escape|pdf)\w*|read|verb|every\w*|scantokens"
    r"|documentclass|At(?:Begin|End)\w*|jobname|output|loop|repeat|\w+mode)(?![A-Za-z])",
    re.IGNORECASE,
)


def escaped_markdown(source: str) -> str:
    r"""
    Return Markdown that shows what `source` says, and nothing of which is active.

    >>> print(escaped_markdown("**So** <b>it</b> costs $5 ![a](http://b.c/d.png)"), end="")
    **So** &lt;b&gt;it&lt;/b&gt; costs \$5 [a (http://b.c/d.png)](http://b.c/d.png)
    """
    tokens = parse(source)
    return "\n\n".join(_blocks(tokens)) + "\n"


def escaped_text(text: str) -> str:
    r"""
    Return plain text as Markdown of one paragraph that shows it as it is.

    >>> escaped_text("1. *df* & <b>")
    '1\\. \\*df\\* &amp; &lt;b&gt;'
    """
    lines = (_line(_text(line)) for line in well_formed(text).splitlines())
    return "\\\n".join(line for line in lines if line)


def _blocks(tokens: _Tokens) -> list[str]:
    """Return the blocks that stand beside each other."""
    written = []
    position = 0
    while position < len(tokens):
        end = _end(tokens, position)
        text = _BLOCKS[tokens[position].type](tokens[position : end + 1])
        if text:
            written.append(text)
        position = end + 1
    return written


def _end(tokens: _Tokens, start: int) -> int:
    """Return where the token is that closes another one; one that opens nothing closes itself."""
    if tokens[start].nesting != 1:
        return start
    level = tokens[start].level
    return next(
        position
        for position in range(start + 1, len(tokens))
        if tokens[position].nesting == -1 and tokens[position].level == level
    )


def _paragraph(tokens: _Tokens) -> str:
    lines = _inline(tokens[1].children or ()).split("\n")
    return "\n".join(line for line in map(_line, lines) if line)


def _heading(tokens: _Tokens) -> str:
    title = " ".join(_inline(tokens[1].children or (), single=True).split())
    return f"{'#' * int(tokens[0].tag[1])} {title}"


def _quotation(tokens: _Tokens) -> str:
    return _indented("\n\n".join(_blocks(tokens[1:-1])), "> ", "> ")


def _list(tokens: _Tokens) -> str:
    number = int(tokens[0].attrGet("start") or 1)
    ordered = tokens[0].type == "ordered_list_open"
    items, position = [], 1
    while position < len(tokens) - 1:
        end = _end(tokens, position)
        sign = f"{number}{tokens[0].markup} " if ordered else f"{tokens[0].markup} "
        items.append(_indented(_item(tokens[position + 1 : end]), sign, " " * len(sign)))
        number, position = number + 1, end + 1
    level = tokens[0].level + 2
    tight = any(t.type == "paragraph_open" and t.hidden and t.level == level for t in tokens)
    return ("\n" if tight else "\n\n").join(items)


def _item(tokens: _Tokens) -> str:
    hidden = bool(tokens) and tokens[0].type == "paragraph_open" and tokens[0].hidden
    blocks = _blocks(tokens)
    # What interrupts a paragraph needs no blank line, which would set the list wide.
    if hidden and len(blocks) > 1 and tokens[_end(tokens, 0) + 1].type in _LISTS:
        blocks[:2] = ["\n".join(blocks[:2])]
    return "\n\n".join(blocks)


def _indented(text: str, first: str, rest: str) -> str:
    lines = [f"{rest}{line}" if line or ">" in rest else "" for line in text.split("\n")]
    lines[0] = first + lines[0][len(rest) :]
    return "\n".join(line.rstrip() if not line.strip("> ") else line for line in lines)


def _code(tokens: _Tokens) -> str:
    token = tokens[0]
    found = _LANGUAGE.match(token.info.strip().strip("{}."))
    language = found[0] if found and found[0].lower() not in _DRAWN else ""
    return _fenced(token.content, language)


def _fenced(code: str, language: str = "") -> str:
    code = code.replace("\r", "\n")
    fence = _longer_than(code, at_least=3)
    return f"{fence}{language}\n{code.removesuffix(chr(10))}\n{fence}"


def _longer_than(code: str, *, at_least: int) -> str:
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    return "`" * max(longest + 1, at_least)


def _rule(tokens: _Tokens) -> str:
    # Dashes would begin the metadata of a document.
    return "***"


def _formula_block(tokens: _Tokens) -> str:
    token = tokens[0]
    if not token.meta["closed"]:
        return escaped_text(token.content)
    tex = _tex(token.content)
    return _fenced(token.content) if tex is None else f"$${tex}$$"


def _table(tokens: _Tokens) -> str:
    rows: list[list[str]] = []
    signs: list[str] = []
    for position, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            cell = _inline(tokens[position + 1].children or (), single=True, table=True)
            rows[-1].append(" ".join(cell.split()))
        if token.type == "th_open":
            signs.append(_sign(str(token.attrGet("style") or "")))
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, signs, *body))


def _sign(style: str) -> str:
    return {"left": ":---", "center": ":---:", "right": "---:"}.get(
        style[len("text-align:") :], "---"
    )


_BLOCKS: dict[str, Callable[[_Tokens], str]] = {
    "paragraph_open": _paragraph,
    "heading_open": _heading,
    "blockquote_open": _quotation,
    "bullet_list_open": _list,
    "ordered_list_open": _list,
    "fence": _code,
    "code_block": _code,
    "hr": _rule,
    "math_block": _formula_block,
    "table_open": _table,
}


def _inline(tokens: _Tokens, *, single: bool = False, table: bool = False) -> str:
    """
    Return what stands in a paragraph.

    Args:
        tokens: Its tokens.
        single: Whether it has to be one line.
        table: Whether it stands in a table, where a bar ends a cell, also in code.
    """
    parts: list[str] = []
    opened: list[_Token] = []
    for token in tokens:
        match token.type:
            case "text" | "text_special":
                parts.append(_text(token.content, table=table))
            case "softbreak":
                parts.append(" " if single else "\n")
            case "hardbreak":
                parts.append(" " if single else "\\\n")
            case "code_inline":
                parts.append(_code_span(token.content, table=table))
            case "math_inline":
                parts.append(_formula(token, table=table))
            case "image":
                parts.append(_image(token))
            case "link_open":
                opened.append(token)
                parts.append("[" if token.meta["safe"] else "")
            case "link_close":
                parts.append(_link_end(opened.pop()))
            case _:
                parts.append(token.markup.replace("_", "*"))
    return _joined(parts)


def _text(text: str, *, table: bool = False) -> str:
    """Return text in which no reader finds a mark; commands that reach far stand in code."""
    text = _SPACES.sub(" ", text)
    written, position = [], 0
    for command in _COMMAND.finditer(text):
        # A page's MathJax looks for formulas after Markdown has been read.
        if not _is_bearable(command[0]):
            code = _code_span(command[0], table=table)
            written += [_marked(text[position : command.start()]), code]
            position = command.end()
    return _joined([*written, _marked(text[position:])])


def _joined(parts: Sequence[str]) -> str:
    """Return the parts as one; code beside code would make one piece of both, and end early."""
    text = ""
    for part in parts:
        beside = text.endswith("`") and part.startswith("`")
        text += f" {part}" if beside else part
    return text


def _is_bearable(tex: str) -> bool:
    return is_safe(tex) and not _LATEX.search(tex)


def _marked(text: str) -> str:
    return _MARKS.sub(lambda mark: _ENTITIES.get(mark[0], f"\\{mark[0]}"), text)


def _line(line: str) -> str:
    """Return a line of a paragraph that begins no block."""
    line = line.lstrip(" ")
    found = _LINE_START.match(line)
    if found is None:
        return line
    end = found.end()
    return f"\\{line}" if found["mark"] else f"{line[:end]}\\{line[end:]}"


def _code_span(code: str, *, table: bool) -> str:
    code = _SPACES.sub(" ", code)
    if not code.strip() or (table and "|" in code):
        return _marked(code)
    ticks = _longer_than(code, at_least=1)
    space = " " if code[0] in "` " or code[-1] in "` " else ""
    return f"{ticks}{space}{code}{space}{ticks}"


def _formula(token: _Token, *, table: bool) -> str:
    tex = _tex(token.content)
    if tex is None:
        return _code_span(token.content.strip(), table=table)
    if table:
        tex = tex.replace("\\|", r"\Vert ").replace("|", r"\vert ")
    return f"$${tex}$$" if token.meta["display"] else f"${tex}$"


def _tex(content: str) -> str | None:
    """Return TeX that may stand between dollars, on one line; None where it has to be code."""
    inner = " ".join(_ENVIRONMENT.sub(_inner_environment, content).split())
    if not inner or not _is_bearable(content) or _UNWRITABLE.search(inner):
        return None
    return _BEGINNINGS.sub(r"\g<0> ", inner)


def _inner_environment(found: re.Match[str]) -> str:
    """Return an environment as it is within a formula, which has its delimiters already."""
    inner = _INNER.get(found[2], found[2])
    return f"\\{found[1]}{{{inner}}}" if inner else ""


def _link_end(opened: _Token) -> str:
    address = str(opened.attrGet("href"))
    if opened.meta["safe"]:
        return f"]({_address(address)})"
    return "" if opened.markup == "autolink" else f" ({_text(_cut(address))})"


def _image(token: _Token) -> str:
    address = str(token.attrGet("src"))
    alt = " ".join(_plain(token.children or ()).split())
    if is_embedded_image(address):
        return f"![{_text(alt)}]({address})"
    shown = _text(f"{alt or 'image'} ({_cut(address)})")
    if token.meta.get("linked") or not is_link(address) or address.startswith("#"):
        return shown
    return f"[{shown}]({_address(address)})"


def _plain(tokens: _Tokens) -> str:
    words = []
    for token in tokens:
        is_break = token.type in ("softbreak", "hardbreak")
        words.append(" " if is_break else token.content or _plain(token.children or ()))
    return "".join(words)


def _address(address: str) -> str:
    encoded = _IN_ADDRESS.sub(_percent, address)
    return encoded.replace("&", "&amp;")


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _cut(address: str) -> str:
    return address if len(address) <= _LONGEST_ADDRESS else f"{address[:_LONGEST_ADDRESS]}…"
