"""Each layer of the package knows only those below it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_contracts_are_kept() -> None:
    """import-linter finds no import that the contracts in pyproject.toml forbid."""
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache"]

    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == found.returncode, found.stdout + found.stderr
    assert "0 broken" in found.stdout
