"""The bridge to real pages: cells that are written, told and left alone, in JupyterLab and Notebook 7."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.counts import count
from tests.fake_service import FakeService, text
from tests.fake_service.summary import words
from tests.jupyterlab import (
    LOADING,
    Lab,
    Sink,
    choose,
    open_notebook,
    save,
    screenshot,
    sink,
    until,
    wait_until_idle,
)
from tests.lab_cells import opened, run, select, sources, wait_for

pytestmark = pytest.mark.browser

HOSTILE = Path(__file__).parent / "fixtures" / "hostile"
# Pages over which the hostile answers are spread: each is a cell with an editor of its own.
STEP = 3
CONNECT = "%codex connect"
CONNECTED = "Connected to this notebook in JupyterLab."
TWO = """First the numbers:

```python
numbers = [3, 1, 2]
```

then, what is in the *folder*:

```bash
ls *.ipynb | head -1
```
"""
QUESTION = "%%codex --code\nSort some numbers."
WRITTEN = [
    "# codex: Sort some numbers. (1 of 2)\nnumbers = [3, 1, 2]",
    "then, what is in the *folder*:",
    "%%bash\n# codex: Sort some numbers. (2 of 2)\nls *.ipynb | head -1",
]
PAGES = """
bridge = get_ipython().find_line_magic("codex").__self__.assistant.bridge
print(f"{len(bridge.heard_of())} pages, mounted: {bridge.mounted}")
"""
TWICE = """
bridge = get_ipython().find_line_magic("codex").__self__.assistant.bridge
request = {"do": "insert", "page": bridge.page().name, "id": 1, "below": "cell-0"}
for _ in range(2):
    bridge._widget.send({**request, "cells": [{"kind": "code", "source": "'once'"}]})
"""
# As `%codex` commands do it with an answer that has these texts between two blocks of code.
ATTACK = """
from pathlib import Path
from codex_magic.code.blocks import Block
from codex_magic.placing import put_below

assistant = get_ipython().find_line_magic("codex").__self__.assistant
texts = [path.read_text() for path in sorted(Path({folder!r}).glob("*.md"))][::{step}]
texts = [text.replace("{{{{SINK}}}}", {url!r}).replace("{{{{SINK_HOST}}}}", {host!r}) for text in texts]
code = Block("code", "'</script><img src=x onerror=\\"window.codexPwned = 1\\">'", "python")
prose = [Block("markdown", text) for text in [*texts, "The last formula: $x^2$."]]
put_below(assistant, [code, *prose, code], "</pre><script>window.codexPwned = 1</script>", quiet=False)
"""


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


@pytest.fixture(scope="module")
def attacker() -> Iterator[Sink]:
    """Yield a server that nothing is to ask."""
    with sink() as server:
        yield server


def connected(lab: Lab, browser: Browser, name: str, *cells: str) -> Page:
    """Open a notebook whose first two cells have run: its kernel is connected to the page."""
    page = opened(lab, browser, name, [LOADING, CONNECT, *cells])
    run(page, 2)
    wait_for(page, CONNECTED)
    return page


def last_words(service: FakeService) -> str:
    """What the model saw of the last question."""
    return words(service.requests[-1].context[-1])


def test_several_cells(service: FakeService, lab: Lab, browser: Browser) -> None:
    """Two blocks and the prose between are three cells below the question; both run."""
    service.enqueue(text(TWO))
    page = connected(lab, browser, "several.ipynb", QUESTION, "'the end'")

    run(page, 1)
    wait_for(page, "The code is in 3 cells below.")
    select(page, 3)
    run(page, 3)
    wait_for(page, "several.ipynb")
    screenshot(page, "bridge-cells")
    screenshot(page, "code-cells", ".jp-WindowedPanel-viewport")

    expected = [LOADING, CONNECT, QUESTION, *WRITTEN, "'the end'"]
    assert expected == sources(page, lab.folder / "several.ipynb")
    assert 1 == page.locator(".jp-MarkdownCell .jp-RenderedMarkdown em").count()
    page.close()


def test_in_notebook_7(service: FakeService, lab: Lab, browser: Browser) -> None:
    """It is the same there."""
    service.enqueue(text(TWO))
    cells = [LOADING, CONNECT, QUESTION, "'the end'"]
    page = opened(lab, browser, "seven.ipynb", cells, app="notebook")

    run(page, 2)
    wait_for(page, "Connected to this notebook in Jupyter Notebook.")
    run(page, 1)
    wait_for(page, "The code is in 3 cells below.")
    screenshot(page, "bridge-cells-notebook-7")

    assert [*cells[:3], *WRITTEN, cells[3]] == sources(page, lab.folder / "seven.ipynb")
    page.close()


def test_another_cell_is_replaced(service: FakeService, lab: Lab, browser: Browser) -> None:
    """With a diff; one step back in the cell's editor brings the old text back."""
    old = "prices = [3, 2]\ntotal = 0\nfor price in prices:\n    total += price"
    new = "prices = [3, 2]\ntotal = sum(prices)"
    service.enqueue(text(f"```python\n{new}\n```"))
    page = connected(lab, browser, "other.ipynb", old, "%%codex --replace '#3'\nSimplify it.")

    select(page, 3)
    run(page, 1)
    wait_for(page, "The code is in cell #3.")
    screenshot(page, "replace-diff")
    replaced = sources(page, lab.folder / "other.ipynb")
    page.locator(".jp-CodeCell .cm-content").nth(2).click()
    page.keyboard.press("Control+z")
    undone = sources(page, lab.folder / "other.ipynb")

    assert (new, old) == (replaced[2], undone[2])
    assert 0 < page.locator(".codex-diff .gd").count()
    assert "for price in prices" in last_words(service)
    page.close()


def test_a_cell_that_is_edited_meanwhile_is_kept(
    service: FakeService, lab: Lab, browser: Browser
) -> None:
    """What the user wrote while the model did wins, and the code is there to be copied."""
    before = len(service.requests)
    service.enqueue(text("```python\ny = 'theirs'\n```").hold(2))
    page = connected(lab, browser, "edited.ipynb", "x = 1", "%%codex --replace '#3'\nRewrite it.")

    select(page, 3)
    page.keyboard.press("Shift+Enter")
    service.wait_for_request(before + 1)
    page.locator(".jp-CodeCell .cm-content").nth(2).click()
    page.keyboard.press("Control+End")
    page.keyboard.type("2")
    service.release()
    wait_for(page, "The code was put nowhere: the cell was edited meanwhile.")
    screenshot(page, "replace-edited")

    assert "x = 12" == sources(page, lab.folder / "edited.ipynb")[2]
    assert "y = 'theirs'" == page.locator("pre.codex-code").inner_text()
    page.close()


def test_what_is_not_saved_is_sent(service: FakeService, lab: Lab, browser: Browser) -> None:
    """A Markdown cell that was written just before the question, and never saved."""
    page = connected(lab, browser, "unsaved.ipynb", "%%codex -q -c above\nSum up.")

    select(page, 1)
    page.keyboard.press("b")
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    page.keyboard.type("# Not saved")
    select(page, 2)
    run(page, 1)

    assert "# Not saved" in last_words(service)
    assert "Not saved" not in (lab.folder / "unsaved.ipynb").read_text()
    page.close()


def test_a_reload_and_a_second_window(service: FakeService, lab: Lab, browser: Browser) -> None:
    """The bridge comes back by itself; of two windows only the one that asks writes, and once."""
    page = connected(lab, browser, "windows.ipynb", PAGES, QUESTION)
    path = lab.folder / "windows.ipynb"
    select(page, 1)
    page.keyboard.press("d")
    page.keyboard.press("d")
    save(page, path)

    page.reload()
    wait_until_idle(page)
    until(lambda: "1 pages, mounted: True" in _output(page, 1), "the page to be heard of")
    other = open_notebook(browser, lab, path.name)
    until(lambda: "2 pages, mounted: True" in _output(other, 1), "both pages to be heard of")
    service.enqueue(text(TWO))
    select(page, 2)
    run(page, 1)
    wait_for(page, "The code is in 3 cells below.")
    other.wait_for_function("!document.body.innerText.includes('[*]')")
    elsewhere = other.locator(".jp-Notebook .jp-Cell").all_inner_texts()

    assert [LOADING, PAGES, QUESTION, *WRITTEN] == sources(page, path)
    assert not any("numbers = [3, 1, 2]" in cell for cell in elsewhere)
    other.close()
    page.close()


def test_a_request_that_comes_twice_is_obeyed_once(lab: Lab, browser: Browser) -> None:
    """As it may after a broken connection. The kernel can be restarted, and connected again."""
    page = connected(lab, browser, "twice.ipynb", TWICE, "'the end'")
    choose(page, "Kernel", "kernelmenu:restart-and-clear")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.wait_for_function("!document.body.innerText.includes('Connected to')")
    wait_until_idle(page)
    select(page, 0)
    run(page, 2)
    wait_for(page, CONNECTED)

    run(page, 2)
    wait_for(page, "'once'")

    expected = [LOADING, "'once'", CONNECT, TWICE, "'the end'"]
    assert expected == sources(page, lab.folder / "twice.ipynb")
    page.close()


def test_two_views_of_one_notebook(service: FakeService, lab: Lab, browser: Browser) -> None:
    """Side by side in one window they are one notebook, and cells are put into it once."""
    page = connected(lab, browser, "views.ipynb", QUESTION)
    page.locator(".lm-TabBar-tab.lm-mod-current").get_by_text("views.ipynb").click(button="right")
    page.locator(".lm-Menu-item").get_by_text("New View for Notebook").click()
    page.wait_for_function("document.querySelectorAll('.jp-NotebookPanel').length === 2")
    service.enqueue(text(TWO))

    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell .jp-InputPrompt").nth(
        2
    ).click()
    run(page, 1)
    page.wait_for_function("document.body.innerText.includes('The code is in 3 cells below.')")
    screenshot(page, "bridge-two-views")

    assert [LOADING, CONNECT, QUESTION, *WRITTEN] == sources(page, lab.folder / "views.ipynb")
    page.close()


@pytest.mark.parametrize("first", range(count(STEP)))
def test_hostile_answers_are_written_and_nothing_of_them_runs(
    lab: Lab, browser: Browser, attacker: Sink, first: int
) -> None:
    """No script, no request and no handler comes of a cell that is written."""
    places = {"folder": str(HOSTILE), "url": attacker.url, "host": attacker.host}
    name = f"attacked-{first}.ipynb"
    page = connected(lab, browser, name, ATTACK.format(**places, first=first, step=STEP))

    run(page, 1)
    wait_for(page, "cells below.")
    page.wait_for_selector(".jp-MarkdownCell mjx-container", state="attached")
    save(page, lab.folder / name)
    page.reload()
    wait_until_idle(page)
    page.wait_for_selector(".jp-MarkdownCell mjx-container", state="attached")

    assert len(list(HOSTILE.glob("*.md"))) // STEP < page.locator(".jp-MarkdownCell").count()
    assert all(frame.evaluate("window.codexPwned === undefined") for frame in page.frames)
    assert 0 == page.locator(".jp-MarkdownCell [onerror], .jp-MarkdownCell script").count()
    assert [] == attacker.requests
    page.close()


def _output(page: Page, position: int) -> str:
    """Run a code cell and return what it printed."""
    select(page, position)
    page.keyboard.press("Control+Enter")
    wait_until_idle(page)
    return page.locator(".jp-CodeCell").nth(position).locator(".jp-OutputArea").inner_text()
