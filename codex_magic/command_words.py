"""What stands behind a command, as words and numbers; and long texts in one line."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from .display.progress import printable
from .errors import ConfigError

_SHOWN = 70


def words(text: str) -> list[str]:
    """
    Return the words behind a command; quotes hold some together.

    Raises:
        ConfigError: A quote is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"{text!r}: {error}.") from error


def number(text: str, command: str) -> int:
    """
    Return the number behind a command.

    Raises:
        ConfigError: It is none.
    """
    if not text.isdigit():
        raise ConfigError(f"%codex {command} takes a number, not {text!r}.")
    return int(text)


def numbers(text: str, command: str) -> list[int]:
    """
    Return the numbers behind a command.

    >>> numbers("3 5", "hide")
    [3, 5]
    """
    found = [number(word, command) for word in text.replace(",", " ").split()]
    return found or [number("", command)]


def instructions_of(text: str) -> str:
    """
    Return instructions as they were written, or those of the file that ``@path`` names.

    Raises:
        ConfigError: The file cannot be read.
    """
    if not text.startswith("@"):
        return text
    try:
        return Path(os.path.expanduser(text[1:])).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ConfigError(
            f"--instructions {text} cannot be read: {reason}. Write @ and the path of a text file."
        ) from error


def cut(text: str, size: int = _SHOWN) -> str:
    """Return a text as one line, cut to a size."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= size else f"{text[: size - 1]}…"
