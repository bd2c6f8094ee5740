"""The folder of the user's own files: services that were added, and templates."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "CODEX_MAGIC_CONFIG_DIR"


def config_folder() -> Path:
    """Return where they are: what the variable names, or the user's configuration folder."""
    if named := os.environ.get(VARIABLE, ""):
        return Path(named).expanduser()
    from platformdirs import user_config_path  # Only where something is looked for.

    return user_config_path("codex_magic", appauthor=False)
