"""A real JupyterLab, or Notebook 7, in a real Chromium, for tests that look at the page."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Literal
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from tests.fake_service import FakeService
from tests.kernels import MODEL, environment_of

# The first cell of a notebook in an `asking_lab`.
LOADING = "%load_ext codex_magic\n%config Codex.backend = 'openai'"

# What shows a notebook: the same server has both.
App = Literal["lab", "notebook"]

ROOT = Path(__file__).parent.parent
ARTEFACTS = Path(__file__).parent / "artefacts"
PATIENCE = 90.0

_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
    # Every cell is in the page, also where nobody has scrolled to.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
# Before the kernel is there, its indicator says idle too; only its name tells the truth.
_IDLE = """() => {
    const all = selector => [...document.querySelectorAll(selector)];
    // Notebook 7 has no status bar.
    const ready = all('.jp-NotebookKernelStatus').length
        ? all('.jp-Notebook-ExecutionIndicator').some(one => one.dataset.status === 'idle')
        : all('#jp-main-statusbar').some(bar => bar.innerText.includes('| Idle'));
    return ready
        && all('.jp-KernelName').some(name => name.innerText !== 'No Kernel')
        && all('.jp-InputPrompt').every(prompt => !prompt.innerText.includes('*'));
}"""


@dataclass(frozen=True)
class Lab:
    """A running server: its address, its token, and the folder that it serves."""

    url: str
    token: str
    folder: Path

    def address(self, path: str, app: App = "lab") -> str:
        """Return the page of a notebook: in a workspace without any history, or in Notebook 7."""
        page = f"lab/tree/{path}?reset&" if app == "lab" else f"notebooks/{path}?"
        return f"{self.url}{page}token={self.token}"


@dataclass
class Sink:
    """An attacker's server: it remembers every request."""

    url: str
    requests: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """The host and port, without the scheme."""
        return self.url.removeprefix("http://")


def until(condition: Callable[[], Any], what: str, *, patience: float = PATIENCE) -> Any:
    """Return the first true value of the condition, which is asked again and again."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {patience:.0f} s for {what}.")
        time.sleep(0.05)
    return value


@contextmanager
def jupyterlab(
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    settings: Mapping[str, dict[str, Any]] | None = None,
) -> Iterator[Lab]:
    """
    Run JupyterLab with a home, settings and notebooks of its own below a folder.

    Args:
        folder: An empty folder; the notebooks are in `Lab.folder`, below it.
        env: What the server and its kernels find in their environment, beside ours.
        settings: JupyterLab settings by plugin, in the form of the folder of user settings.
    """
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True)
    _write_settings(folder / "settings", {**_SETTINGS, **(settings or {})})
    token = secrets.token_hex(16)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(notebooks, token),
            cwd=notebooks,
            env={**_environment(folder), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Lab(_server_url(process, folder / "runtime", token, log), token, notebooks)
        finally:
            _stop(process)


@contextmanager
def asking_lab(folder: Path, service: FakeService) -> Iterator[Lab]:
    """
    Run JupyterLab with kernels that ask a service, once a cell has `LOADING`.

    Args:
        folder: An empty folder.
        service: The service; it counts as OpenAI's.
    """
    ipython = folder / "ipython"
    env = {
        **environment_of(service),
        "CODEX_MAGIC_DATA_DIR": str(folder / "data"),
        "IPYTHONDIR": str(ipython),
    }
    profile = ipython / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_config.py").write_text(
        f"c.Codex.base_url = {service.base_url!r}\nc.Codex.model = {MODEL!r}\n"
    )
    with jupyterlab(folder, env=env) as running:
        yield running


def chromium_path() -> str:
    """Return the Chromium of the tests: `/usr/bin/chromium`, or that of `CODEX_MAGIC_CHROMIUM`."""
    executable = os.environ.get("CODEX_MAGIC_CHROMIUM", "/usr/bin/chromium")
    if not Path(executable).exists():
        raise RuntimeError(f"No Chromium at {executable}: name one in CODEX_MAGIC_CHROMIUM.")
    return executable


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def sink() -> Iterator[Sink]:
    """Run a server that records the path of every request that reaches it."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(204)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Sink(f"http://127.0.0.1:{server.server_port}", requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_notebook(lab: Lab, name: str, cells: list[str]) -> Path:
    """Write a notebook of code cells, to be opened by its name."""
    written: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{position}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for position, source in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = {
        "cells": written,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = lab.folder / name
    path.write_text(json.dumps(notebook))
    return path


def open_notebook(
    browser: Browser, lab: Lab, name: str, *, dark: bool = False, app: App = "lab"
) -> Page:
    """Open a notebook in a page of its own, and wait until its kernel is idle."""
    page = new_page(browser, 1280, 1600)
    page.goto(lab.address(name, app))
    page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
    wait_until_idle(page)
    if dark:
        use_dark_theme(page)
    return page


def new_page(browser: Browser, width: int, height: int) -> Page:
    """Open a page that finds in the browser's cache what those before it fetched."""
    context = browser.contexts[0] if browser.contexts else browser.new_context()
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.set_default_timeout(PATIENCE * 1000)
    return page


def wait_until_idle(page: Page) -> None:
    """Wait until there is a kernel, it is idle, and no cell is waiting for it."""
    page.wait_for_function(_IDLE)


def run_all(page: Page) -> None:
    """Run all cells through the menu, and wait until the last one is done."""
    choose(page, "Run", "runmenu:run-all")
    page.wait_for_function(
        "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
        ".every(p => /\\[\\d+\\]/.test(p.innerText))"
    )
    wait_until_idle(page)


def save(page: Page, path: Path) -> None:
    """Save the notebook through the menu, and wait until the file is another, whole one."""
    before = path.stat().st_mtime_ns
    choose(page, "File", "docmanager:save")
    until(lambda: path.stat().st_mtime_ns != before and _is_whole(path), f"{path.name} to be saved")


def _is_whole(path: Path) -> bool:
    """Whether a notebook's file is written to its end: the server writes it in place."""
    try:
        return bool(json.loads(path.read_text()))
    except ValueError:
        return False


def choose(page: Page, menu: str, command: str) -> None:
    """Choose an entry of the menu bar by its command."""
    page.get_by_role("menubar").get_by_text(menu, exact=True).click()
    page.locator(f'.lm-Menu-item[data-command="{command}"]').first.click()


def use_dark_theme(page: Page) -> None:
    """Switch JupyterLab to its dark theme, also for pages that follow; wait until the page has it."""
    _use_theme(page, "JupyterLab Dark", light="false")


def use_light_theme(page: Page) -> None:
    """Switch JupyterLab back to its light theme, and wait until the page has it."""
    _use_theme(page, "JupyterLab Light", light="true")


def _use_theme(page: Page, name: str, *, light: str) -> None:
    page.get_by_role("menubar").get_by_text("Settings", exact=True).click()
    page.locator(".lm-Menu-item").get_by_text("Theme", exact=True).hover()
    page.locator(".lm-Menu-item").get_by_text(name, exact=True).click()
    page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")


def screenshot(page: Page, name: str, part: str | None = None) -> Path:
    """Save what the page, or a part of it, shows to `tests/artefacts/`, for people to look at."""
    ARTEFACTS.mkdir(exist_ok=True)
    path = ARTEFACTS / f"{name}.png"
    if part is None:
        page.screenshot(path=path)
    else:
        page.locator(part).screenshot(path=path)
    return path


def _command(notebooks: Path, token: str) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={notebooks}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]


def _environment(folder: Path) -> dict[str, str]:
    """Return our environment, with everything that Jupyter writes moved below the folder."""
    places = {
        "HOME": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    for place in places.values():
        (folder / place).mkdir(exist_ok=True)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("JPY_")}
    return {
        **ours,
        **{name: str(folder / place) for name, place in places.items()},
        "PYTHONPATH": str(ROOT),
    }


def _write_settings(folder: Path, settings: Mapping[str, dict[str, Any]]) -> None:
    for plugin, values in settings.items():
        path = folder / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def _server_url(process: subprocess.Popen[bytes], runtime: Path, token: str, log: Path) -> str:
    """Return the address that the server has chosen, once it answers there."""

    def answering() -> str | None:
        if process.poll() is not None:
            raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
        for path in runtime.glob("jpserver-*.json"):
            try:
                url = str(json.loads(path.read_text())["url"])
                with urlopen(f"{url}api/status?token={token}", timeout=5):
                    return url
            except (URLError, ValueError, OSError):
                return None
        return None

    return str(until(answering, "JupyterLab to answer"))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, which ends its kernels."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
