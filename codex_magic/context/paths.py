"""Paths as a user would type them."""

from __future__ import annotations

import os

_MOST_STEPS_UP = 2


def short_path(filename: str) -> str:
    """
    Return a path from here, from the home folder, or whole; what is no absolute path stays.

    >>> short_path("<string>")
    '<string>'
    """
    if not os.path.isabs(filename):
        return filename
    home = os.path.expanduser("~")
    try:
        relative = os.path.relpath(filename)
        common = os.path.commonpath([os.getcwd(), filename])
    except (OSError, ValueError):
        # The working directory is gone, or on another drive.
        return filename
    up = relative.split(os.sep).count(os.pardir)
    if up == 0 or (up <= _MOST_STEPS_UP and common not in (os.path.dirname(common), home)):
        return relative.replace("\\", "/")
    if filename.startswith(os.path.join(home, "")):
        return "~/" + os.path.relpath(filename, home).replace("\\", "/")
    return filename
