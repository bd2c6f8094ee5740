"""What the tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from .fake_service import FakeService
from .jupyterlab import Lab, asking_lab, chromium
from .telling import TOLD, Tell


@pytest.fixture(autouse=True)
def _no_service_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "AZURE_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where what is said in a test is kept: not among the user's own conversations."""
    folder = tmp_path / "codex-data"
    monkeypatch.setenv("CODEX_MAGIC_DATA_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def config_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where services that are added in a test, and templates, are: not among the user's own."""
    folder = tmp_path / "codex-config"
    monkeypatch.setenv("CODEX_MAGIC_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A fresh service, in the profile of api.openai.com."""
    with FakeService() as service:
        yield service


@pytest.fixture(scope="module")
def lab(service: FakeService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Yield a JupyterLab whose kernels ask the service of a module, which has one of its own."""
    with asking_lab(tmp_path_factory.mktemp("lab"), service) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a headless Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Say something at the end of the run, whatever became of the test and wherever it ran."""
    return lambda words: record_property(TOLD, words)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests had to tell."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    told = [words for report in reports for name, words in report.user_properties if name == TOLD]
    if told:
        terminalreporter.write_sep("=", "what was measured")
        terminalreporter.write_line("\n\n".join(told))
