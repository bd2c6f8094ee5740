"""What is sent from a real JupyterLab: positions, Markdown cells, figures, and cells that run again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.fake_service import FakeService
from tests.jupyterlab import (
    LOADING,
    Lab,
    open_notebook,
    run_all,
    save,
    screenshot,
    write_notebook,
)

pytestmark = pytest.mark.browser

PLOT = """%matplotlib inline
import matplotlib.pyplot as plt
figure, axes = plt.subplots(figsize=(4, 2.5))
axes.plot([1, 4, 2, 5]); axes.set_title("Loss");"""


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


def test_cells_are_known_by_their_places(service: FakeService, lab: Lab, browser: Browser) -> None:
    """With their Markdown neighbours, from the file that JupyterLab has; the figure as it is shown."""
    question = "%%codex -q -c above -f\nWhat do you see?"
    path = write_notebook(lab, "places.ipynb", [LOADING, "x = 21", PLOT, question])
    notebook = json.loads(path.read_text())
    heading = {
        "cell_type": "markdown",
        "id": "heading",
        "metadata": {},
        "source": "# Training runs",
    }
    notebook["cells"].insert(1, heading)
    path.write_text(json.dumps(notebook))
    page = open_notebook(browser, lab, path.name)

    run_all(page)
    save(page, path)
    screenshot(page, "cells-and-figure")
    page.close()

    parts = _question(service)
    texts = [part["text"] for part in parts if part["type"] == "input_text"]
    (image,) = (part for part in parts if part["type"] == "input_image")
    heads = [text.splitlines()[0] for text in texts]
    assert any("# Training runs" in text for text in texts)
    assert ["cell 1", "cell #2", "cell 2", "cell 3"] == [
        label for head in heads for label in _label(head)
    ]
    assert _figure(path) in image["image_url"]


def test_a_preview_shows_what_would_be_sent(
    service: FakeService, lab: Lab, browser: Browser
) -> None:
    """The image as a thumbnail, the text as text, and nothing goes out."""
    preview = "%%codex -c 2 -f --dry-run\nWhat do you see in <b>this</b>?"
    path = write_notebook(lab, "preview.ipynb", [LOADING, PLOT, preview])
    page = open_notebook(browser, lab, path.name)
    before = len(service.requests)

    run_all(page)
    page.wait_for_selector(".codex-preview img")
    screenshot(page, "preview")
    shown = page.locator(".codex-preview").inner_text()
    width = page.locator(".codex-preview img").evaluate("image => image.naturalWidth")
    page.close()

    assert before == len(service.requests)
    assert 100 < width
    assert "What do you see in <b>this</b>?" in shown
    assert "Nothing is sent" in shown


def test_a_cell_that_runs_again_replaces_its_turn(
    service: FakeService, lab: Lab, browser: Browser
) -> None:
    """JupyterLab names its cells: running all of them twice says everything once."""
    cells = [LOADING, "%%codex -q\nOne", "%%codex -q\nTwo"]
    path = write_notebook(lab, "again.ipynb", cells)
    page = open_notebook(browser, lab, path.name)

    run_all(page)
    run_all_again(page)
    page.close()

    said = [item["content"] for item in service.requests[-1].context if item.get("role") == "user"]
    assert ["One", "Two"] == said


def run_all_again(page: Any) -> None:
    """Run all cells a second time, and wait for the last one's new number."""
    page.get_by_role("menubar").get_by_text("Run", exact=True).click()
    page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').first.click()
    page.wait_for_function(
        "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].at(-1)"
        ".innerText.includes('[6]')"
    )


def _question(service: FakeService) -> list[dict[str, Any]]:
    body = service.requests[-1].body
    assert body is not None
    content: list[dict[str, Any]] = body["input"][-1]["content"]
    return content


def _label(head: str) -> list[str]:
    return [head.split('cell="')[1].split('"')[0]] if 'cell="' in head else []


def _figure(path: Path) -> str:
    """Return the base64 of the figure that the saved notebook shows."""
    cells = json.loads(path.read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    (png,) = (o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {}))
    return "".join(png).replace("\n", "")
