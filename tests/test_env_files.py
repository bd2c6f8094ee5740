"""Keys in a file: read only when a setting names it, and sent nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_magic.config import Codex
from codex_magic.errors import ConfigError
from codex_magic.services import Services

from .test_services import AZURE, AZURE_URL, KEY, OPENAI_URL, chosen, key_of, put


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """A file with a key."""
    path = tmp_path / "mine.env"
    path.write_text("# Keys\nexport OPENAI_API_KEY='sk-from-file'\n")
    return path


def test_a_file_of_keys_is_read_on_request(monkeypatch: pytest.MonkeyPatch, env_file: Path) -> None:
    """Its key is used and named by its file; the environment stays as it is."""
    monkeypatch.chdir(env_file.parent)
    config = Codex(local=False)
    with pytest.raises(ConfigError):
        Services(config).choose()
    config.assign("env_file", "mine.env")
    services = Services(config)
    found = services.choose().service

    assert ("openai", OPENAI_URL) == (found.backend.name, found.base_url)
    assert "Bearer sk-from-file" == key_of(found)
    assert (f"OpenAI, {OPENAI_URL}", "OPENAI_API_KEY in mine.env") == services.describe()
    assert "OPENAI_API_KEY" not in os.environ
    assert "sk-from-file" not in f"{config.rows()} {found!r} {services.describe()}"


@pytest.mark.parametrize(
    ("values", "lines", "backend", "url", "key"),
    [
        # What is set already stays, and keeps its address: a file sends no key elsewhere.
        (KEY, "OPENAI_API_KEY=sk-file", None, OPENAI_URL, "Bearer sk-mine"),
        (KEY, "OPENAI_BASE_URL=http://elsewhere/v1", None, OPENAI_URL, "Bearer sk-mine"),
        (AZURE, "AZURE_OPENAI_ENDPOINT=https://elsewhere", None, AZURE_URL, "az-mine"),
        (
            {"OPENAI_API_KEY": " "},
            "OPENAI_API_KEY=sk-file\nOPENAI_BASE_URL=http://127.0.0.1:9/v1",
            None,
            "http://127.0.0.1:9/v1",
            "Bearer sk-file",
        ),
        (
            {},
            "OPENROUTER_API_KEY=sk-or",
            "openrouter",
            "https://openrouter.ai/api/v1",
            "Bearer sk-or",
        ),
        (
            {},
            "AZURE_OPENAI_API_KEY=az-file\nAZURE_OPENAI_ENDPOINT=https://x.openai.azure.com",
            "azure",
            AZURE_URL,
            "az-file",
        ),
    ],
)
def test_a_file_stands_beside_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    env_file: Path,
    values: dict[str, str],
    lines: str,
    backend: str | None,
    url: str,
    key: str,
) -> None:
    """It adds what is missing, for every service, and takes nothing over."""
    put(monkeypatch, values)
    env_file.write_text(lines)
    found = chosen({"env_file": str(env_file)}, backend)

    assert (url, key) == (found.base_url, key_of(found))


@pytest.mark.parametrize("content", [None, b"OPENAI_API_KEY=sk-secret\xff"])
def test_a_file_of_keys_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    """One line names it, also in the status; none of what is in it is shown."""
    put(monkeypatch, KEY)
    path = tmp_path / "keys.env"
    if content:
        path.write_bytes(content)
    services = Services(Codex(env_file=str(path)))

    with pytest.raises(ConfigError, match=r"keys\.env' cannot be read: ") as caught:
        services.choose()

    assert "\n" not in str(caught.value)
    assert "secret" not in f"{caught.value!r} {services.describe()}"
    assert ("none", str(caught.value)) == services.describe()
