"""Takes the prompts off what was copied from an interpreter or a terminal, and the output away."""

from __future__ import annotations

import re

_PYTHON = re.compile(r"[ \t]*(?:>>>|In \[\d*\]:)(?: |$)(?P<code>.*)")
_MORE = re.compile(r"[ \t]*(?:\.\.\.|\.{3,}:)(?: |$)(?P<code>.*)")
_SHELL = re.compile(r"[ \t]*(?:\([\w.-]+\) ?)?(?:[\w.-]+@[\w.-]+:[^\s$]*)?\$ (?P<code>.*)")
_SHELL_MORE = re.compile(r"> (?P<code>.*)")
# Comments may stand above the first prompt.
_FIRST = re.compile(r"(?:\s*\n|#[^\n]*\n)*[ \t]*(?:>>>|In \[\d*\]:)(?: |$)", re.MULTILINE)


def begins_with_prompt(text: str) -> bool:
    r"""
    Tell whether a text begins with Python's or IPython's prompt.

    >>> begins_with_prompt(">>> x"), begins_with_prompt("In [3]: x"), begins_with_prompt("x\n>>> y")
    (True, True, False)
    """
    return bool(_FIRST.match(text))


def without_python_prompts(text: str) -> str:
    r"""
    Return what was typed at Python's prompts, without what was printed.

    >>> without_python_prompts(">>> for n in a:\n...     print(n)\n1\n>>> b = 2")
    'for n in a:\n    print(n)\nb = 2'
    """
    return _typed(text, _PYTHON, _MORE)


def without_shell_prompts(text: str) -> str:
    r"""
    Return what was typed at a terminal's ``$``; nothing if there is no such prompt.

    >>> without_shell_prompts("$ pip list\nPackage\n$ ls \\\n> -l")
    'pip list\nls \\\n-l'
    """
    return _typed(text, _SHELL, _SHELL_MORE, continued="\\")


def _typed(text: str, first: re.Pattern[str], more: re.Pattern[str], continued: str = "") -> str:
    typed: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        found = first.fullmatch(line) or (more.fullmatch(line) if goes_on else None)
        if found:
            typed.append(found["code"])
        elif goes_on and continued:
            # A command that goes on without a prompt of its own.
            typed.append(line)
        goes_on = bool(found or (goes_on and continued))
        if continued:
            goes_on = goes_on and typed[-1].endswith(continued)
    return "\n".join(typed)
