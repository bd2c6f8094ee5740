"""Code and calls in a real JupyterLab, without the bridge: one cell, below or in place; y and n."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.fake_service import FakeService, function_call, text
from tests.jupyterlab import LOADING, Lab, screenshot, wait_until_idle
from tests.lab_cells import cells_of, opened, run, select, wait_for

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

TOOL = """
from codex_magic import tool
called = []

@tool
def double(number: int) -> int:
    "Double a number, and add 2."
    called.append(number)
    return 2 * number + 2
"""


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


def test_code_goes_into_one_cell_below(service: FakeService, lab: Lab, browser: Browser) -> None:
    """Two blocks are one cell, between the question and the cell that stood below it; it runs."""
    service.enqueue(text(TWO))
    question = "%%codex --code\nSort some numbers."
    page = opened(lab, browser, "below.ipynb", [LOADING, question, "'the end'"])

    run(page, 2)
    wait_for(page, "# codex: Sort some")
    select(page, 2)
    run(page, 1)
    page.wait_for_selector(".jp-OutputArea-executeResult")
    screenshot(page, "code-below")
    cells = cells_of(page, lab.folder / "below.ipynb")
    page.close()

    label = "# codex: Sort some numbers."
    inserted = f"{label}\nnumbers = [3, 1, 2]\n\n# %%\nsorted(numbers)"
    assert [LOADING, question, inserted, "'the end'"] == [cell["source"] for cell in cells]
    assert ["[1, 2, 3]"] == ["".join(one["data"]["text/plain"]) for one in cells[2]["outputs"]]


def test_code_replaces_its_question(service: FakeService, lab: Lab, browser: Browser) -> None:
    """The prompt stays above it, as a comment."""
    service.enqueue(text("```python\nx = 1\n```"))
    page = opened(lab, browser, "replace.ipynb", [LOADING, "%%codex --replace\nSet x.\nTo 1."])

    run(page, 2)
    wait_for(page, "# codex: Set x.")
    screenshot(page, "code-in-place")
    cells = cells_of(page, lab.folder / "replace.ipynb")
    page.close()

    assert [LOADING, "# codex: Set x.\n# To 1.\nx = 1"] == [cell["source"] for cell in cells]


def test_fix_puts_the_correction_below(service: FakeService, lab: Lab, browser: Browser) -> None:
    """A traceback, then its explanation, a diff in colour, and the corrected cell."""
    failing = "prices = {'tea': 3, 'milk': 2}\ntotal = prices['tea'] + prices['cake']\ntotal"
    fixed = failing.replace("prices['cake']", "prices.get('cake', 0)")
    service.enqueue(text(f"There is no price for a cake.\n\n```python\n{fixed}\n```"))
    page = opened(lab, browser, "fix.ipynb", [LOADING, failing, "%codex fix"])

    run(page, 2)
    page.wait_for_selector("[data-mime-type='application/vnd.jupyter.stderr']")
    select(page, 2)
    run(page, 1)
    page.wait_for_selector(".codex-diff strong")
    wait_for(page, "# codex: correction of cell 2")
    colours = page.locator(".codex-diff .gd, .codex-diff .gi").evaluate_all(
        "rows => rows.map(row => getComputedStyle(row).backgroundColor)"
    )
    screenshot(page, "fix")
    cells = cells_of(page, lab.folder / "fix.ipynb")
    page.close()

    assert "KeyError" == cells[1]["outputs"][0]["ename"]
    assert f"# codex: correction of cell 2\n{fixed}" == cells[3]["source"]
    assert 2 == len(set(colours))


@pytest.mark.parametrize(
    ("said", "told", "ran"), [("y", "42", "[20]"), ("n", "The user declined this call.", "[]")]
)
def test_a_call_waits_for_an_answer(
    service: FakeService, lab: Lab, browser: Browser, said: str, told: str, ran: str
) -> None:
    """The page's input prompt shows the call; what is typed there decides, and the model is told."""
    service.enqueue(function_call("double", number=20), text("So it is."))
    cells = [LOADING, TOOL, "%%codex -t double\nDouble 20, and add 2.", "called"]
    page = opened(lab, browser, f"approve-{said}.ipynb", cells)
    run(page, 2)

    page.keyboard.press("Shift+Enter")
    prompt = page.locator(".jp-Stdin-input").first
    prompt.wait_for()
    screenshot(page, f"approval-{said}-asked")
    prompt.fill(said)
    prompt.press("Enter")
    wait_for(page, "So it is.")
    wait_until_idle(page)
    screenshot(page, f"approval-{said}")
    select(page, 3)
    run(page, 1)
    outputs = cells_of(page, lab.folder / f"approve-{said}.ipynb")[3]["outputs"]
    page.close()

    assert [ran] == ["".join(one["data"]["text/plain"]) for one in outputs]
    assert told in service.requests[-1].context[-1]["output"]
