"""
Print the links that open this repository's notebooks on Binder.

    python binder/links.py [ADDRESS]

The address is that of the repository; by default, the one that this checkout came from.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

# They answer without a key.
NOTEBOOKS = ("quickstart", "figures", "panel")
_GITHUB = re.compile(r"(?:https://|git@|ssh://git@)github\.com[:/]([^/]+/[^/]+?)(?:\.git)?/?")


def link(address: str, notebook: str) -> str:
    """
    Return the link that opens a notebook of the repository at an address.

    >>> link("git@github.com:ada/engine.git", "quickstart")
    'https://mybinder.org/v2/gh/ada/engine/HEAD?urlpath=lab/tree/notebooks/quickstart.ipynb'
    >>> link("https://example.org/engine", "panel")
    'https://mybinder.org/v2/git/https%3A%2F%2Fexample.org%2Fengine/HEAD?urlpath=lab/tree/notebooks/panel.ipynb'
    """
    github = _GITHUB.fullmatch(address)
    place = f"gh/{github[1]}" if github else f"git/{quote(address, safe='')}"
    return (
        f"https://mybinder.org/v2/{place}/HEAD?urlpath=lab/tree/notebooks/{quote(notebook)}.ipynb"
    )


def origin() -> str:
    """Return the address that this checkout came from."""
    command = ["git", "remote", "get-url", "origin"]
    folder = Path(__file__).parent
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    for name in NOTEBOOKS:
        print(link(sys.argv[1] if len(sys.argv) > 1 else origin(), name))
