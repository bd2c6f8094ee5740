"""Takes characters out of code that nobody sees, and no language reads."""

from __future__ import annotations

import re

from .reading import compiles

_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_NOTHING = "\u00ad\u200b-\u200f\u2060\ufeff"
_ODD = re.compile(f"[{_SPACES}]|[{_NOTHING}]")
_IS_SPACE = re.compile(f"[{_SPACES}]")
# Strings and comments are the author's: an odd space there may be meant.
_PYTHON = re.compile(
    r"(?P<kept>\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|#[^\n]*)"
    f"|[{_SPACES}]|[{_NOTHING}]",
    re.DOTALL,
)


def without_invisible(code: str, *, python: bool) -> tuple[str, str]:
    r"""
    Return code that can be read, and a note of what was taken out of it.

    Python that can be read as it is stays as it is, and its strings and comments always do.

    >>> without_invisible("x\u00a0=\u200b 1", python=True)
    ('x = 1', '2 invisible characters replaced')
    """
    if not _ODD.search(code) or (python and compiles(code)):
        return code, ""
    count = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal count
        if python and found["kept"] is not None:
            return found[0]
        count += 1
        return " " if _IS_SPACE.match(found[0]) else ""

    cleaned = (_PYTHON if python else _ODD).sub(replaced, code)
    if not count:
        return code, ""
    return cleaned, f"{count} invisible character{'s' if count > 1 else ''} replaced"
