"""Code into cells of a real JupyterLab, without the bridge: one cell, below or in place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.fake_service import FakeService, text
from tests.jupyterlab import (
    LOADING,
    Lab,
    asking_lab,
    chromium,
    open_notebook,
    save,
    screenshot,
    wait_until_idle,
    write_notebook,
)

pytestmark = pytest.mark.browser

TWO = """First the numbers:

```python
numbers = [3, 1, 2]
```

then their order:

```python
sorted(numbers)
```
"""


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


@pytest.fixture(scope="module")
def lab(service: FakeService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Yield a JupyterLab whose kernels ask the fake service."""
    with asking_lab(tmp_path_factory.mktemp("lab"), service) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a headless Chromium."""
    with chromium() as running:
        yield running


def test_code_goes_into_one_cell_below(service: FakeService, lab: Lab, browser: Browser) -> None:
    """Two blocks are one cell, between the question and the cell that stood below it; it runs."""
    service.enqueue(text(TWO))
    question = "%%codex --code\nSort some numbers."
    page = _opened(lab, browser, "below.ipynb", [LOADING, question, "'the end'"])

    _run(page, 2)
    page.wait_for_function("document.body.innerText.includes('# codex: Sort some')")
    _select(page, 2)
    _run(page, 1)
    page.wait_for_selector(".jp-OutputArea-executeResult")
    screenshot(page, "code-below")
    cells = _saved(page, lab.folder / "below.ipynb")

    label = "# codex: Sort some numbers."
    inserted = f"{label}\nnumbers = [3, 1, 2]\n\n# %%\nsorted(numbers)"
    assert [LOADING, question, inserted, "'the end'"] == [cell["source"] for cell in cells]
    assert ["[1, 2, 3]"] == ["".join(one["data"]["text/plain"]) for one in cells[2]["outputs"]]


def test_code_replaces_its_question(service: FakeService, lab: Lab, browser: Browser) -> None:
    """The prompt stays above it, as a comment."""
    service.enqueue(text("```python\nx = 1\n```"))
    page = _opened(lab, browser, "replace.ipynb", [LOADING, "%%codex --replace\nSet x.\nTo 1."])

    _run(page, 2)
    page.wait_for_function("document.body.innerText.includes('# codex: Set x.')")
    screenshot(page, "code-in-place")
    cells = _saved(page, lab.folder / "replace.ipynb")

    assert [LOADING, "# codex: Set x.\n# To 1.\nx = 1"] == [cell["source"] for cell in cells]


def test_fix_puts_the_correction_below(service: FakeService, lab: Lab, browser: Browser) -> None:
    """A traceback, then its explanation, a diff in colour, and the corrected cell."""
    failing = "prices = {'tea': 3, 'milk': 2}\ntotal = prices['tea'] + prices['cake']\ntotal"
    fixed = failing.replace("prices['cake']", "prices.get('cake', 0)")
    service.enqueue(text(f"There is no price for a cake.\n\n```python\n{fixed}\n```"))
    page = _opened(lab, browser, "fix.ipynb", [LOADING, failing, "%codex fix"])

    _run(page, 2)
    page.wait_for_selector("[data-mime-type='application/vnd.jupyter.stderr']")
    _select(page, 2)
    _run(page, 1)
    page.wait_for_selector(".codex-diff strong")
    page.wait_for_function("document.body.innerText.includes('# codex: correction of cell 2')")
    colours = page.locator(".codex-diff .gd, .codex-diff .gi").evaluate_all(
        "rows => rows.map(row => getComputedStyle(row).backgroundColor)"
    )
    screenshot(page, "fix")
    cells = _saved(page, lab.folder / "fix.ipynb")

    assert "KeyError" == cells[1]["outputs"][0]["ename"]
    assert f"# codex: correction of cell 2\n{fixed}" == cells[3]["source"]
    assert 2 == len(set(colours))


def _opened(lab: Lab, browser: Browser, name: str, cells: list[str]) -> Page:
    write_notebook(lab, name, cells)
    page = open_notebook(browser, lab, name)
    _select(page, 0)
    return page


def _select(page: Page, position: int) -> None:
    page.locator(".jp-CodeCell .jp-InputPrompt").nth(position).click()


def _run(page: Page, count: int) -> None:
    """Run cells from the selected one on, as Shift-Enter does."""
    for _ in range(count):
        page.keyboard.press("Shift+Enter")
        wait_until_idle(page)


def _saved(page: Page, path: Path) -> list[dict[str, Any]]:
    save(page, path)
    page.close()
    notebook = json.loads(path.read_text())
    return [
        {**cell, "source": "".join(cell["source"])}
        for cell in notebook["cells"]
        if "".join(cell["source"])
    ]
