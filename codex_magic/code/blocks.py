"""An answer as the cells that a careful human would paste: its code, and the prose between."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Literal

from ..records import dataclass
from .fences import CodeBlock, code_blocks, language
from .invisible import without_invisible
from .prompts import begins_with_prompt, without_python_prompts, without_shell_prompts
from .reading import UNREADABLE, compiles, is_code, python_tree

Kind = Literal["code", "markdown"]

_PYTHON = {
    *("python", "py", "python3", "py3", "python3.11", "python3.12", "ipython", "ipython3", "ipy"),
    *("jupyter", "jupyter-python", "xpython", "python-exec", "tool_code", "sage", "sagemath"),
}
_SESSION = {"pycon", "pycon3", "python-repl", "python-console", "python-session", "doctest", "pytb"}
_SHELL = {"bash", "sh", "shell", "zsh", "shellscript", "ksh", "dash"}
_TERMINAL = {"console", "shell-session", "shellsession", "bash-session", "sh-session", "terminal"}
_MARKDOWN = {"markdown", "md", "mdx", "rmarkdown"}
# Under these words a block without a language shows what is printed.
_SHOWS_OUTPUT = re.compile(
    r"\b(?:outputs?|prints?|printed|returns?|results?|gives|shows|looks like|see|get)\b[^.\n]*:?[ \t*_]*$",
    re.IGNORECASE,
)
_CELL_MAGIC = re.compile(r"%%(?P<name>\w+)[ \t]*(?P<line>[^\n]*)(?:\n(?P<body>.*))?", re.DOTALL)
# A comment can stand in the cells of these magics; in others it would be part of the text.
_COMMENTED = {
    *("bash", "sh", "script", "time", "timeit", "capture", "prun", "python", "python3"),
    *("memit", "mprun", "lprun", "perl", "ruby", "system", "sx", "cython", "R", "pypy"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """A cell to insert. The language of a code block is python or bash; bash has its ``%%bash``."""

    kind: Kind
    source: str
    language: str = ""
    note: str = ""


def blocks(answer: str, *, asked_for_code: bool = True) -> list[Block]:
    r"""
    Return an answer as cells, in order.

    Python and shell blocks are code. Other languages, output, diffs and blocks without a language
    that are not clearly Python stay in the prose. A fence that nothing closes reaches as far as
    its code does. Prose is what the model wrote: make it safe before it is shown.

    >>> [block.source for block in blocks("Load it:\n```py\nx = 1\n```\n```sh\nls\n```")]
    ['Load it:', 'x = 1', '%%bash\nls']

    Args:
        answer: The answer's Markdown.
        asked_for_code: Whether code was asked for: then an answer without any fence that is all
            Python is code. Otherwise it is prose.
    """
    lines, found = code_blocks(answer)
    fenced = [block for block in found if not block.indented]
    if not fenced and asked_for_code:
        whole = _trimmed(lines)
        if begins_with_prompt(whole) or is_code(whole):
            return _python(whole)
    inner = _wrapped(lines, fenced)
    if inner is not None:
        lines, found = code_blocks(inner)
    return list(_cells(lines, found))


def joined(answer: Sequence[Block], *, label: str = "") -> str:
    r"""
    Return the code of an answer as one cell: what ``set_next_input`` can insert.

    Several blocks have ``# %%`` between them. The prose is left out: it stands in the answer
    above. A magic that takes a whole cell becomes the call that IPython makes of it, unless the
    cell holds nothing else.

    >>> print(joined(blocks("```py\nx = 1\n```\nand\n```py\ny = 2\n```"), label="from codex"))
    # from codex
    x = 1
    <BLANKLINE>
    # %%
    y = 2

    Args:
        answer: What ``blocks`` returned.
        label: A line that says where the code comes from.
    """
    sources = [block.source for block in answer if block.kind == "code"]
    if len(sources) > 1:
        sources = [_as_call(source) for source in sources]
    return labelled("\n\n# %%\n".join(sources), label) if sources else ""


def labelled(source: str, label: str) -> str:
    r"""
    Return a code cell with a comment that says where it comes from.

    >>> labelled("%%bash\nls", "from codex")
    '%%bash\n# from codex\nls'
    """
    words = " ".join(label.split())
    if not words:
        return source
    magic = _CELL_MAGIC.fullmatch(source)
    if magic is None:
        return f"# {words}\n{source}"
    if magic["name"] not in _COMMENTED:
        return source
    first, _, body = source.partition("\n")
    return f"{first}\n# {words}\n{body}"


def python_of(answer: Sequence[Block]) -> str:
    """Return the Python code of an answer as one text, without its shell commands and prose."""
    return "\n\n".join(block.source for block in answer if block.language == "python")


def _cells(lines: list[str], found: list[CodeBlock]) -> Iterator[Block]:
    position = 0
    for block in found:
        before = lines[position : block.start]
        cells = _code(block, "\n".join(before))
        if cells is None:
            continue
        yield from _prose(before)
        yield from cells
        position = block.end
    yield from _prose(lines[position:])


def _code(block: CodeBlock, before: str) -> list[Block] | None:
    """Return the cells that a block of code makes; None where it belongs to the prose."""
    name = language(block.info)
    content = _trimmed(block.content.split("\n"))
    if not content:
        # A fence that closes nothing is nothing.
        return None if block.indented else []
    if name in _MARKDOWN:
        return [Block("markdown", content)]
    if name in _SHELL:
        return _shell(content)
    if name in _TERMINAL:
        return _terminal(content)
    if name in _PYTHON or (name in _SESSION and begins_with_prompt(content)):
        return _python(content) if block.closed else _unclosed(content)
    if name or _SHOWS_OUTPUT.search(before.rstrip()):
        return None
    if begins_with_prompt(content) or is_code(content):
        return _python(content)
    return None


def _python(content: str) -> list[Block]:
    code, note = without_invisible(content, python=True)
    if begins_with_prompt(code):
        code = without_python_prompts(code)
    if code[:1].isspace():
        dedented = textwrap.dedent(code)
        code = dedented if compiles(dedented) else code
    code = _trimmed(code.split("\n"))
    return [Block("code", code, "python", note)] if code else []


def _unclosed(content: str) -> list[Block]:
    """Return the code of a fence that nothing closes, and the prose that runs on below it."""
    try:
        python_tree(content)
    except SyntaxError as error:
        lines = content.split("\n")
        wrong = min(error.lineno or 1, len(lines))
        cut = next((n for n in range(wrong - 1, 0, -1) if not lines[n].strip()), None)
        if cut is not None and compiles("\n".join(lines[:cut])):
            return [*_python("\n".join(lines[:cut])), *_prose(lines[cut:])]
    except UNREADABLE:
        pass
    return _python(content)


def _terminal(content: str) -> list[Block] | None:
    if begins_with_prompt(content):
        return _python(content)
    typed = without_shell_prompts(content)
    # Without a prompt nobody knows what was typed and what was printed.
    return _shell(typed) if typed else None


def _shell(content: str) -> list[Block]:
    typed = without_shell_prompts(content)
    code, note = without_invisible(typed or content, python=False)
    commands = [line.strip() for line in code.split("\n") if line.strip()]
    commands = [line for line in commands if not line.startswith("#")]
    if not commands:
        return []
    if commands[0].startswith("%%"):
        return [Block("code", _trimmed(code.split("\n")), "bash", note)]
    if all(re.match(r"[!%]\w", line) for line in commands):
        # These are IPython's commands, whatever the fence says.
        return [Block("code", code, "python", note)]
    return [Block("code", f"%%bash\n{code}", "bash", note)]


def _prose(lines: list[str]) -> Iterator[Block]:
    text = _trimmed(_unindented(lines))
    # A rule, or the mark of a quote, is nothing to read.
    if any(character.isalnum() for character in text):
        yield Block("markdown", text)


def _unindented(lines: list[str]) -> list[str]:
    """Return prose that went on within a list's item as a text of its own."""
    first = next((line for line in lines if line.strip()), "")
    depth = len(first) - len(first.lstrip(" "))
    done: list[str] = []
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith(" " * depth):
            return done + lines[number:]
        done.append(line[depth:])
    return done


def _wrapped(lines: list[str], fenced: list[CodeBlock]) -> str | None:
    """Return what is in the fence that a model has put around its whole answer."""
    if len(fenced) != 1 or language(fenced[0].info) not in _MARKDOWN:
        return None
    around = lines[: fenced[0].start] + lines[fenced[0].end :]
    inside = fenced[0].content
    if any(line.strip() for line in around) or not re.search(r"```|~~~", inside):
        return None
    return inside


def _trimmed(lines: Sequence[str]) -> str:
    """Return lines as a text without the empty ones at its ends."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[filled[0] : filled[-1] + 1]).rstrip() if filled else ""


def _as_call(source: str) -> str:
    r"""
    Return a cell that a magic takes whole as the call that IPython makes of it.

    >>> print(_as_call("%%bash\nls\npwd"))
    get_ipython().run_cell_magic("bash", "", "\n".join([
        'ls',
        'pwd',
    ]))
    """
    magic = _CELL_MAGIC.fullmatch(source)
    if magic is None:
        return source
    body = "".join(f"    {line!r},\n" for line in (magic["body"] or "").split("\n"))
    line = magic["line"].replace("\\", "\\\\").replace('"', '\\"')
    return f'get_ipython().run_cell_magic("{magic["name"]}", "{line}", "\\n".join([\n{body}]))'
