"""Prompts of the user's own, from files: the cell's text is put in where they have a marker."""

from __future__ import annotations

import difflib
from pathlib import Path

from .errors import ConfigError
from .own_files import config_folder

MARKER = "{{cell}}"


def templates_folder() -> Path:
    """Return where the templates are."""
    return config_folder() / "templates"


def template_names() -> list[str]:
    """Return the names of the templates."""
    try:
        return sorted(path.stem for path in templates_folder().glob("*.md"))
    except OSError:
        return []


def filled(name: str, text: str) -> str:
    """
    Return a template with a text in the place of its marker, or after it where it has none.

    Everything else in it is plain text, braces too.

    Raises:
        ConfigError: There is no template of that name, or it cannot be read.
    """
    path = templates_folder() / f"{name}.md"
    if name not in template_names():
        raise ConfigError(_missing(name))
    try:
        template = path.read_text(encoding="utf-8").strip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--template {name}: {error}.") from error
    if MARKER in template:
        return template.replace(MARKER, text.strip("\n"))
    return "\n\n".join(part for part in (template, text.strip("\n")) if part.strip())


def _missing(name: str) -> str:
    known = template_names()
    near = difflib.get_close_matches(name, known, 1)
    if near:
        hint = f"Did you mean {near[0]}?"
    elif known:
        hint = f"Known: {', '.join(known)}."
    else:
        hint = f"Put a prompt into {templates_folder() / 'NAME.md'}."
    return f"There is no template {name!r}. {hint}"
