"""Builds what Binder builds, from the files in ``binder/``, and runs notebooks in it without a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.environments import ROOT, interpreters

BINDER = ROOT / "binder"
# Those that the README offers there; they answer without a key.
OPENED = ["quickstart.ipynb", "figures.ipynb", "panel.ipynb"]
# Nothing listens at this port: whatever asks for an address of the web fails at once.
NOWHERE = "http://127.0.0.1:9"
_NOT_IN_AN_IMAGE = re.compile(r"(OPENAI|AZURE|CODEX|PYTHON|JUPYTER|JPY|VIRTUAL_ENV|COV|XDG)")


@dataclass(frozen=True)
class Image:
    """
    What a launch finds.

    Attributes:
        repository: The checkout.
        python: The interpreter of its environment.
        home: The home of its user, with the model in its cache.
    """

    repository: Path
    python: Path
    home: Path

    def execute(self, name: str) -> Path:
        """Run a notebook as a visitor does who runs all cells, offline, and return it executed."""
        path = self.repository / "notebooks" / name
        command = [str(self.python.parent / "jupyter"), "execute", "--inplace", str(path)]
        _run(command, self.repository, self._environment(online=False))
        return path

    def build(self) -> None:
        """Install the requirements, and run ``postBuild``, as the image's user, with a network."""
        online = self._environment(online=True)
        _run([*self._pip(), "-r", "binder/requirements.txt"], self.repository, online)
        _run([str(self.repository / "binder" / "postBuild")], self.repository, online)

    def _pip(self) -> list[str]:
        """Return how packages are installed: by uv, where there is one."""
        if uv := shutil.which("uv"):
            return [uv, "pip", "install", "--quiet", "--python", str(self.python)]
        return [str(self.python), "-m", "pip", "install", "--quiet"]

    def _environment(self, *, online: bool) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if not _NOT_IN_AN_IMAGE.match(n)}
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        ours = {**kept, "HOME": str(self.home), "PATH": path}
        if online:
            return ours
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), NOWHERE)
        proxies |= {name.upper(): value for name, value in proxies.items()}
        return {**ours, **proxies, "NO_PROXY": "127.0.0.1,localhost", "PIP_NO_INDEX": "1"}


def wanted_python() -> str:
    """Return the version of Python that ``runtime.txt`` names."""
    return (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")


def build_image(folder: Path) -> Image:
    """Build the image in an empty folder; another Python stands in where there is not that one."""
    known = interpreters()
    python = known.get(wanted_python()) or next(iter(known.values()))
    _run([str(python), "-m", "venv", str(folder / "env")], folder, os.environ)
    home = folder / "home"
    home.mkdir()
    image = Image(_checkout(folder / "repository"), folder / "env" / "bin" / "python", home)
    image.build()
    return image


def _checkout(target: Path) -> Path:
    """Copy what is in the repository, and nothing that only lies about in this checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    return target


def _run(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
