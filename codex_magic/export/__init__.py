"""A conversation as a file: JSON, Markdown, a notebook or a page, by the file's ending."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ..conversation import saved
from ..conversation.turns import Conversation
from ..errors import ConfigError
from .document import document
from .notebook import notebook
from .notebook_copy import export_notebook_copy
from .page import page

__all__ = ["ENDINGS", "export", "export_notebook_copy"]

_WRITERS: Mapping[str, Callable[[Conversation], str]] = {
    ".md": document,
    ".ipynb": notebook,
    ".html": page,
}
ENDINGS = (*_WRITERS, ".json")


def export(
    conversation: Conversation, path: str | os.PathLike[str], *, force: bool = False
) -> Path:
    """
    Write a conversation to a file of the kind that its ending says, and return the file's path.

    Args:
        conversation: What to write.
        path: The file: ``.md``, ``.ipynb``, ``.html`` or ``.json``; ``~`` is the home folder.
        force: Whether a file of that name is replaced.

    Raises:
        ConfigError: The ending is none of these, there is such a file, or it cannot be written.
    """
    target = saved.expanded(path)
    ending = target.suffix.lower()
    if ending == ".json":
        return saved.save(conversation, target, force=force)
    if ending not in _WRITERS:
        kinds = ", ".join(ENDINGS)
        raise ConfigError(f"{str(path)!r} says no kind of file by its ending: {kinds}.")
    return saved.write_file(target, _WRITERS[ending](conversation).encode(), force=force)
