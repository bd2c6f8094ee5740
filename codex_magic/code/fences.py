"""Finds the code blocks of a Markdown answer, also where the model's fences are a little wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from ..records import dataclass
from .reading import compiles

# Deeper nesting is not text: the limit that answers are shown with.
_DEEPEST = 32
_ROUNDS, _CLOSING_LINES, _FAILURES = 3, 6, 20
_LONGEST_TRIED = 100_000
_FENCE = re.compile(r"(?P<before>[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(?P<mark>`{3,}|~{3,})")
_OPENING = re.compile(r"[ \t]*(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_MARKDOWN = {"markdown", "md", "mdx", "rmarkdown"}
_PYTHON = {"python", "py", "python3", "ipython", "ipython3"}


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A block of code in a text: its lines (the fences too), and what stands in it."""

    start: int
    end: int
    info: str
    content: str
    closed: bool
    indented: bool = False


_Edits = dict[int, str]


def code_blocks(answer: str) -> tuple[list[str], list[CodeBlock]]:
    r"""
    Return the lines of an answer and its blocks of code.

    Models forget to indent the code of a list, and put fences into fences of the same length.
    What was clearly meant is put right: the lines are those that the blocks' numbers count.

    >>> code_blocks("So:\n```py\nx\n```")[1]
    [CodeBlock(start=1, end=4, info='py', content='x\n', closed=True, indented=False)]
    """
    text = answer.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    found = _parsed(lines)
    for _ in range(_ROUNDS):
        edits = _repairs(lines, found)
        if not edits:
            break
        lines = [edits.get(number, line) for number, line in enumerate(lines)]
        found = _parsed(lines)
    return lines, found


def language(info: str) -> str:
    """
    Return the language that the words after a fence name, in small letters, or nothing.

    >>> language('python title="a.py"'), language("{.py}"), language("{code-cell} ipython3")
    ('python', 'py', 'ipython3')
    """
    words = re.findall(r"[^\W_][\w+#.-]*", info.lower())
    if not words:
        return ""
    if words[0] in ("code-cell", "code-block", "code", "cell", "sourcecode"):
        return words[1] if len(words) > 1 else ""
    return "python" if re.fullmatch(r"[\w-]+\.py", words[0]) else words[0]


def _parsed(lines: list[str]) -> list[CodeBlock]:
    # Without an end, the last line of an open fence would count as its closing one.
    text = "\n".join(lines).removesuffix("\n") + "\n"
    if not re.search(r"```|~~~|^(?: {4}|[ ]{0,3}\t)", text, re.MULTILINE):
        return []
    found: list[CodeBlock] = []
    for token in _parser().parse(text):
        if token.type not in ("fence", "code_block") or token.map is None:
            continue
        start, end = token.map
        indented = token.type == "code_block"
        # A fence that its closing line ends has one line more than its content.
        closed = indented or token.content.count("\n") < end - start - 1
        found.append(CodeBlock(start, end, token.info, token.content, closed, indented))
    return found


@lru_cache(maxsize=1)
def _parser() -> Any:
    """Return a parser that looks for blocks, as the one does that shows answers."""
    # Loading the extension must not load it.
    from markdown_it import MarkdownIt

    # html=False: a fence right below a tag is a fence.
    markdown = MarkdownIt("default", {"html": False, "maxNesting": _DEEPEST})
    return markdown.disable(["inline", "text_join"])


def _repairs(lines: list[str], found: list[CodeBlock]) -> _Edits:
    edits: _Edits = {}
    done = failed = 0
    for block in found:
        if block.indented or block.start < done or not _is_odd(lines, block):
            continue
        change = _holding_fences(lines, block) if block.closed else _sunken(lines, block)
        edits.update(change)
        done = max(change, default=done - 1) + 1
        failed += not change
        if failed > _FAILURES:
            # Each look may reach to the end of the text.
            break
    return edits


def _is_odd(lines: list[str], block: CodeBlock) -> bool:
    """Tell a block that may be another one than the model meant."""
    if not block.closed:
        return block.end < len(lines)
    name = language(block.info)
    if name in _MARKDOWN:
        return any(map(_opens, block.content.split("\n")))
    quotes = block.content.count('"""') % 2 or block.content.count("'''") % 2
    return bool(name in _PYTHON and quotes) and not compiles(block.content)


def _sunken(lines: list[str], block: CodeBlock) -> _Edits:
    """Indent the code of a list's item as its fence is, where the model did not."""
    opening = _FENCE.match(lines[block.start])
    if opening is None:
        return {}
    end = _next_line(lines, block.start + 1, lambda line: _closes(line, opening["mark"]))
    if end is None:
        return {}
    inside = range(block.start + 1, end)
    if any(_opens(lines[number]) for number in inside):
        return {}
    depth = len(opening["before"].expandtabs(4))
    least = min((_indent(lines[n]) for n in inside if lines[n].strip()), default=depth)
    if least >= depth:
        return {}
    edits = {n: " " * (depth - least) + lines[n] for n in inside if lines[n].strip()}
    return {**edits, end: " " * depth + lines[end].strip()}


def _holding_fences(lines: list[str], block: CodeBlock) -> _Edits:
    """Lengthen the fence of a block that an inner fence of the same length has cut off."""
    opening = _FENCE.match(lines[block.start])
    if opening is None:
        return {}
    is_prose = language(block.info) in _MARKDOWN
    find_end = _end_of_markdown if is_prose else _end_of_python
    end = find_end(lines, block, opening["mark"])
    if end is None:
        return {}
    longest = max(
        len(found[0])
        for line in lines[block.start : end]
        for found in re.finditer(r"`+|~+|^", line)
    )
    mark = opening["mark"][0] * (longest + 1)
    start = lines[block.start].replace(opening["mark"], mark, 1)
    return {block.start: start, end: lines[end].replace(lines[end].strip(), mark)}


def _end_of_markdown(lines: list[str], block: CodeBlock, mark: str) -> int | None:
    """Return the line that closes a Markdown block whose inner fences are counted."""
    depth = 1
    for number in range(block.start + 1, len(lines)):
        if _closes(lines[number], mark):
            depth -= 1
        elif (inner := _opens(lines[number])) and inner.startswith(mark):
            depth += 1
        if depth == 0:
            return number if number >= block.end else None
        if number == block.end - 1 and depth < 1:
            return None
    return None


def _end_of_python(lines: list[str], block: CodeBlock, mark: str) -> int | None:
    """Return the line that closes Python code with a fence in one of its strings."""
    depth = _indent(lines[block.start])
    number: int | None = block.end - 1
    for _ in range(_CLOSING_LINES):
        number = _next_line(lines, (number or 0) + 1, lambda line: _closes(line, mark))
        if number is None:
            return None
        code = "\n".join(
            line[min(depth, _indent(line)) :] for line in lines[block.start + 1 : number]
        )
        if len(code) > _LONGEST_TRIED:
            return None
        if compiles(code):
            return number
    return None


def _next_line(lines: Sequence[str], start: int, fits: Callable[[str], bool]) -> int | None:
    return next((number for number in range(start, len(lines)) if fits(lines[number])), None)


def _closes(line: str, mark: str) -> bool:
    text = line.strip()
    return text.startswith(mark) and not text.strip(mark[0])


def _opens(line: str) -> str:
    """Return the fence that a line opens with the name of a language, or nothing."""
    found = _OPENING.match(line)
    return found["mark"] if found and found["info"].strip() else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
