"""The cells of a notebook in JupyterLab, as a user handles them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.jupyterlab import App, Lab, open_notebook, save, wait_until_idle, write_notebook


def opened(lab: Lab, browser: Browser, name: str, cells: list[str], *, app: App = "lab") -> Page:
    """Open a new notebook of code cells, with the first one selected."""
    write_notebook(lab, name, cells)
    page = open_notebook(browser, lab, name, app=app)
    select(page, 0)
    return page


def select(page: Page, position: int) -> None:
    """Select a code cell by its position among them."""
    page.locator(".jp-CodeCell .jp-InputPrompt").nth(position).click()


def run(page: Page, count: int) -> None:
    """Run cells from the selected one on, as Shift-Enter does."""
    for _ in range(count):
        page.keyboard.press("Shift+Enter")
        wait_until_idle(page)


def wait_for(page: Page, words: str) -> None:
    """Wait until the page shows some words."""
    page.wait_for_function("words => document.body.innerText.includes(words)", arg=words)


def cells_of(page: Page, path: Path) -> list[dict[str, Any]]:
    """Save a notebook and return its cells, without the empty ones."""
    save(page, path)
    notebook = json.loads(path.read_text())
    cells = [{**cell, "source": "".join(cell["source"])} for cell in notebook["cells"]]
    return [cell for cell in cells if cell["source"]]


def sources(page: Page, path: Path) -> list[str]:
    """Save a notebook and return the texts of its cells, without the empty ones."""
    return [cell["source"] for cell in cells_of(page, path)]
