"""The embedded model, fetched once for a session, and its server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import platformdirs
import pytest

from codex_magic import local
from codex_magic.local import LocalServer, fetch_model, model_path
from codex_magic.local import model as model_module

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks of POSIX")
PROMPT = {"input": "Write a story.", "temperature": 0, "max_output_tokens": 24}


@pytest.fixture(autouse=True)
def _no_model_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(model_module.MODEL_VARIABLE, raising=False)


class Fetched:
    """The one real download of a session: into a cache that holds half a file."""

    def __init__(self, folder: Path) -> None:
        self.target = folder / "models" / model_module.MODEL_FILE
        self.target.parent.mkdir()
        self.target.write_bytes(b"half of it")
        self.progress: list[tuple[int, int]] = []
        self.sizes_meanwhile: set[int] = set()
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(platformdirs, "user_cache_path", lambda *args, **options: folder)
            self.found_before = model_path(local.MODEL_NAME)
            self.path = fetch_model(self.watch)
            self.found_after = model_path(local.MODEL_NAME)

    def watch(self, received: int, total: int) -> None:
        self.progress.append((received, total))
        self.sizes_meanwhile.add(self.target.stat().st_size)


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Fetched:
    return Fetched(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> str:
    """Return the model's file: the user's, where there is one."""
    path = model_path(local.MODEL_NAME) or request.getfixturevalue("fetched").path
    return str(path)


@pytest.fixture(scope="session")
def server(model: str) -> Iterator[LocalServer]:
    server = local.start(model)
    yield server
    server.stop()


@pytest.fixture
def client(server: LocalServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as client:
        yield client
