"""Builds the package, and installs it in environments that hold nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMOKE = Path(__file__).parent / "smoke.py"
SUPPORTED = ("3.11", "3.12", "3.13")
# What of a kernel's environment would lead to another service, or to the checkout.
_OURS = re.compile(r"(OPENAI|AZURE|CODEX|PYTHON|JUPYTER|JPY|VIRTUAL_ENV|COV)")


def build(folder: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel out of it, into a folder; return the wheel and the sdist."""
    _run([sys.executable, "-m", "build", *_installer(), "--outdir", str(folder), str(ROOT)])
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def check(*archives: Path) -> str:
    """Return what twine says of the archives that are to be uploaded."""
    return _run([sys.executable, "-m", "twine", "check", "--strict", *map(str, archives)])


def interpreters() -> dict[str, Path]:
    """Return the supported interpreters of this machine, by their version."""
    found = {}
    for number in SUPPORTED:
        usable = (path for path in _candidates(number) if _version(path) == number)
        if path := next(usable, None):
            found[number] = path
    return found


def oldest() -> list[str]:
    """Return the oldest release that is supported of each library, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    demanded = project["dependencies"] + [_ipykernel(project)]
    return [f"{name}=={least}" for name, least in map(_least, demanded)]


def newest() -> list[str]:
    """Return what is installed besides the package where the newest releases are."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [_ipykernel(project)]


def environment(folder: Path, python: Path, packages: Sequence[str]) -> Path:
    """Make an environment with these packages in a folder, and return its interpreter."""
    if uv := shutil.which("uv"):
        _run([uv, "venv", "--python", str(python), str(folder)])
        made = _interpreter(folder)
        _run([uv, "pip", "install", "--python", str(made), *packages])
        return made
    _run([str(python), "-m", "venv", str(folder)])
    made = _interpreter(folder)
    _run([str(made), "-m", "pip", "install", "--quiet", *packages])
    return made


def smoke(python: Path, folder: Path, service: Mapping[str, str]) -> str:
    """Run the smoke test with an interpreter in an empty folder, and return what it prints."""
    folder.mkdir()
    home = dict.fromkeys(("HOME", "USERPROFILE", "IPYTHONDIR", "JUPYTER_CONFIG_DIR"), str(folder))
    kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    return _run([str(python), str(SMOKE)], cwd=folder, env={**kept, **home, **service})


def _installer() -> list[str]:
    """Let uv, where there is one, put the build tools into place; pip is slower."""
    return ["--installer", "uv"] if shutil.which("uv") else []


def _candidates(number: str) -> Iterator[Path]:
    yield Path(sys.executable)
    if found := shutil.which(f"python{number}"):
        yield Path(found)
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from sorted(versions.glob(f"{number}.*/bin/python"), reverse=True)


def _version(python: Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _ipykernel(project: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    demo = project["optional-dependencies"]["demo"]
    return next(demand for demand in demo if demand.startswith("ipykernel"))


def _least(demand: str) -> tuple[str, str]:
    found = re.match(r"([\w-]+)>=([\d.]+)", demand)
    assert found, demand
    return found[1], found[2]


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(
    command: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
