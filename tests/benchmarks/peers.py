"""Interpreters that have what we are compared with, in virtual environments of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_BASE = ("ipython", "ipykernel", "ipywidgets")
_VERSIONS = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def all_of_them() -> dict[str, Any]:
    """Return every interpreter that a ``Bench`` wants."""
    return {
        "python": ours(),
        "sdk": official_sdk(),
        "open_client": open_client(),
        "base": base(),
        "ai_magics": jupyter_ai_magics(),
    }


def installed_sdk() -> str | None:
    """Return this interpreter, if it has the official SDK."""
    return sys.executable if find_spec("openai") else None


def official_sdk() -> str:
    """Return an interpreter that has the official SDK, and little else."""
    return _environment("openai", "openai", "ipykernel")


def installed_open_client() -> str | None:
    """Return this interpreter, if it has codex-open-client."""
    return sys.executable if find_spec("codex_open_client") else None


def open_client() -> str:
    """Return an interpreter that has codex-open-client."""
    return _environment("codex-open-client", "codex-open-client")


def ours() -> str:
    """Return an interpreter that has this checkout and what it needs, but not what tests need."""
    return _environment("codex-magic", "-e", str(_ROOT), "ipykernel")


def base() -> str:
    """Return an interpreter that has what every Jupyter kernel with widgets has, and no more."""
    return _environment("base", *_BASE)


def jupyter_ai_magics() -> str:
    """Return an interpreter that has jupyter-ai-magics and what it reaches OpenAI with."""
    return _environment("jupyter-ai-magics", "jupyter-ai-magics", "langchain-openai", *_BASE)


def versions(python: str, names: Sequence[str]) -> dict[str, str]:
    """Return the versions of what an interpreter has installed."""
    command = [python, "-c", _VERSIONS, *names]
    found: dict[str, str] = json.loads(subprocess.check_output(command))
    return found


def _environment(name: str, *requirements: str) -> str:
    """Return the interpreter of an environment that stays for the next run."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = Path(tempfile.gettempdir()) / "codex-magic-benchmarks" / f"{name}-{version}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready, wanted = folder / "ready", "\n".join(requirements)
    # Another checkout's environment has that one's code.
    if not ready.exists() or ready.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-qq", *requirements], check=True)
        ready.write_text(wanted)
    return str(python)
