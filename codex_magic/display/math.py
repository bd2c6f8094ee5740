r"""
TeX in Markdown, as rules for markdown-it.

Models write `\(x\)`, `\[x\]`, `$x$`, `$$x$$` and bare environments. All of them become one token
whose TeX Markdown has not touched, written for MathJax as `\(…\)` or `\[…\]`. A dollar follows
Pandoc's rule (no space after the opening one, none before the closing one, no digit after it), so
that "$5 and $10" stays money; and "$5 for", a number before a word, never begins a formula.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from .sanitize import escape, escape_text

_LONGEST_FORMULA = 10_000
_MOST_LINES = 100
# A hundred fractions in each other, a thousand characters, end a browser's page; no formula that
# means something has more than ten.
_DEEPEST = 24

# Possessive quantifiers: a delimiter that is never closed costs one look at the text, not many.
# Words within a formula may hold formulas of their own: `$\text{if $x$}$`.
_WORDS = r"\\text[a-z]*\{[^{}`]*+\}"
_INLINE = re.compile(
    rf"""
      \$\$ (?P<dollars> (?: [^\\$]++ | {_WORDS} | \\. | \$(?!\$) )++ ) \$\$
    | \$ (?! [\s$] | \d[\d.,]*[kKmMbB]?\s+[A-Za-z]{{2}} )
      (?P<dollar> (?: [^\\$`]++ | {_WORDS} | \\. )++ ) (?<!\s) \$ (?!\d)
    | \\\( (?P<round> (?: [^\\]++ | {_WORDS} | \\[^()] )++ ) \\\)
    | \\\[ (?P<square> (?: [^\\]++ | {_WORDS} | \\[^\[\]] )++ ) \\\]
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_START = re.compile(
    r"\$\$|\\\[|\\begin\{(?P<name>(?:equation|align|alignat|gather|multline|eqnarray)\*?)\}"
)
_BLOCK_END = {
    "$$": re.compile(r"(?:[^\\$]++|\\.|\$(?!\$))*+\$\$"),
    "\\[": re.compile(r"(?:[^\\]++|\\[^\]])*+\\\]"),
}
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)|.)", re.DOTALL)

# What reaches outside its own formula: addresses, styles, attributes, files, extensions, and
# definitions, which would change the meaning of every later formula on the page.
_REFUSED = re.compile(
    r"href|url|style|class|cssId|html\w*|data|require|bbox|f?colorbox|mmlToken|unicode|includegraphics"
    r"|[gex]?def|let|futurelet|global|csname|endcsname|catcode|(?:re)?new\w+|provide\w+|Declare\w+"
    r"|New\w+|definecolor|mathtoolsset|usetagform|setOptions|input|include|special"
    r"|write|immediate|open(?:in|out)|texttip|mathtip|toggle|endtoggle|verb"
)

# What MathJax nests: groups, and what follows a size, a style or a colour up to the group's end.
_LEVEL = re.compile(
    r"(?P<opens>\\(?:left|begin)(?![A-Za-z])|\{)|(?P<closes>\\(?:right|end)(?![A-Za-z])|\})"
    r"|(?P<leads>\\(?:(?:script)*(?:display|text|script)style|color|[Tt]iny|scriptsize|small"
    r"|normalsize|large|Large|LARGE|[hH]uge)(?![A-Za-z]))|(?P<cell>&)|\\.",
    re.DOTALL,
)
_PARTNER = {"\\right": "\\left", "\\end": "\\begin", "}": "{"}
# What MathJax would not read, or would read in words alone, cannot be counted.
_COMMENTED_GROUP = re.compile(r"(?:[^\\%]|\\[\s\S]|%[^\n{}\\]*+(?:\n|\Z))*+%")


def add_math(markdown: MarkdownIt) -> None:
    """Teach a parser the rules for formulas."""
    markdown.inline.ruler.before("escape", "math", _inline)
    interrupts = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("fence", "math_block", _block, {"alt": interrupts})


def formula(tex: str, *, display: bool) -> str:
    r"""
    Write a formula as HTML that MathJax typesets, or as code if it is not safe to typeset.

    >>> formula("a<b", display=False)
    '<span class="codex-math">\\(a&lt;b\\)</span>'
    >>> formula(r"\href{https://example.org}{x}", display=False)
    '<code>\\href{https://example.org}{x}</code>'
    """
    tex = tex.strip()
    if not is_safe(tex):
        return f"<code>{escape(tex)}</code>"
    written = rf"\[{escape(tex)}\]" if display else rf"\({escape(tex)}\)"
    return f'<span class="codex-math">{written}</span>'


def formula_block(tex: str, *, closed: bool) -> str:
    """Write a formula that stands alone; one that is not closed yet is shown as it is written."""
    if not closed:
        return f"<p>{escape_text(tex)}</p>\n"
    if not is_safe(tex):
        return f"<p>{formula(tex, display=True)}</p>\n"
    return f'<div class="codex-math">\\[{escape(tex.strip())}\\]</div>\n'


def is_safe(tex: str) -> bool:
    """Tell whether TeX may be typeset: of bearable size, and without reach beyond itself."""
    if len(tex) > _LONGEST_FORMULA or _COMMENTED_GROUP.match(tex) or _depth(tex) > _DEEPEST:
        return False
    return not any(_REFUSED.fullmatch(name) for name in _COMMAND.findall(tex))


def _depth(tex: str) -> int:
    """Return how deep MathJax would nest; what closes something else closes nothing."""
    # What each open group began with, and the levels in it so far.
    groups, deepest = [("", 0)], 0
    for found in _LEVEL.finditer(tex):
        opened, level = groups[-1]
        if found["opens"]:
            groups.append((found[0], level + 1))
        elif found["closes"]:
            if opened == _PARTNER[found[0]]:
                groups.pop()
        elif found["leads"]:
            groups[-1] = (opened, level + 1)
        elif found["cell"] and opened == "\\begin":
            groups[-1] = (opened, groups[-2][1] + 1)
        deepest = max(deepest, groups[-1][1])
    return deepest


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    found = _INLINE.match(state.src, state.pos, state.posMax)
    if found is None or not found[found.lastgroup or 0].strip():
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = found[found.lastgroup or 0]
        token.meta = {"display": found.lastgroup in ("dollars", "square")}
    state.pos = found.end()
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take a formula that begins a line, down to the line that its closing delimiter ends."""
    if state.is_code_block(start):
        return False
    first = state.bMarks[start] + state.tShift[start]
    opening = _BLOCK_START.match(state.src, first, state.eMarks[start])
    if opening is None:
        return False
    last = _last_line(state, start, end, opening)
    if last is None or (last == end and state.sCount[start] < state.blkIndent):
        # Outside of the item or quotation that asks, only a whole formula ends a paragraph.
        return False
    if not silent:
        _push_block(state, start, last, end, opening)
    return True


def _last_line(state: StateBlock, start: int, end: int, opening: re.Match[str]) -> int | None:
    """
    Return the line that closes the formula, or None if this is no formula.

    The number is `end` if the text stops first: the rest of the formula may be on its way.
    """
    closing = _closing(opening)
    position = opening.end()
    for line in range(start, min(end, start + _MOST_LINES)):
        if line > start:
            if state.isEmpty(line) or state.sCount[line] < state.blkIndent:
                return None
            position = state.bMarks[line] + state.tShift[line]
        found = closing.match(state.src, position, state.eMarks[line])
        if found:
            rest = state.src[found.end() : state.eMarks[line]]
            return None if rest.strip() else line
    return end if end <= start + _MOST_LINES and _text_may_go_on(state, end) else None


def _text_may_go_on(state: StateBlock, end: int) -> bool:
    # A quotation ends before the text does; a settled block is followed by another one.
    return end == len(state.bMarks) - 1 and not state.env.get("settled")


def _closing(opening: re.Match[str]) -> re.Pattern[str]:
    if opening["name"]:
        return re.compile(rf".*?\\end\{{{re.escape(opening['name'])}\}}")
    return _BLOCK_END[opening[0]]


def _push_block(state: StateBlock, start: int, last: int, end: int, opening: re.Match[str]) -> None:
    closed = last < end
    state.line = min(last + 1, end)
    tex = state.getLines(start, state.line, state.blkIndent, False).strip()
    token = state.push("math_block", "math", 0)
    # An environment is its own delimiter, and stays.
    bare = closed and not opening["name"]
    token.content = tex[2:-2] if bare else tex
    token.map = [start, state.line]
    token.meta = {"closed": closed}
