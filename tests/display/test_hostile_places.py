"""Every place in which something foreign is shown, in a real page: nothing of an attack runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.jupyterlab import (
    Lab,
    Sink,
    chromium,
    jupyterlab,
    open_notebook,
    run_all,
    sink,
    write_notebook,
)

from .hostile_places import pages

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent.parent
# JupyterLab draws no more than 50 outputs of one cell.
BATCH = 45

PLACES = """
import sys
sys.path.insert(0, {root!r})
from itertools import islice
from IPython.display import display
from tests.display.hostile_places import pages

for kind, text in islice(pages({url!r}), {first}, {last}):
    if kind == "text/html":
        text = '<div class="codex-x">' + text + "</div>"
    display({{kind: text, "text/plain": "x"}}, raw=True)
print("shown" + " to the end")
"""
PANEL = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from codex_magic.conversation.saved import save
from tests.display.hostile_places import conversation
save(conversation({url!r}), Path("hostile.json"), force=True)
%load_ext codex_magic
%codex config persist=False
%codex load hostile.json
%codex history
%codex chats
for number in range(1, 4): get_ipython().run_line_magic("codex", f"show {{number}}")
%codex export hostile.html --force
%codex panel
print("shown" + " to the end")
"""


@pytest.fixture(scope="module")
def attacker() -> Iterator[Sink]:
    with sink() as server:
        yield server


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with jupyterlab(tmp_path_factory.mktemp("lab") / "lab") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def assert_nothing_ran(page: Page, attacker: Sink) -> None:
    """No attack ran, no address of one is a link, and nobody was asked for anything."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    links = page.evaluate("() => [...document.querySelectorAll('a')].map(one => one.href)")
    assert not [one for one in links if one.lower().startswith(("javascript:", "data:"))]
    handlers = """() => [...document.querySelectorAll('.jp-OutputArea-output *')].filter(one =>
        [...one.attributes].some(a => a.name.startsWith('on')) || one.localName === 'script')
        .map(one => one.outerHTML)"""
    assert [] == page.evaluate(handlers)
    assert all(frame.evaluate("window.codexPwned === undefined") for frame in page.frames)
    assert attacker.requests == []


def test_attacks_in_every_place_are_shown_harmlessly(
    lab: Lab, browser: Browser, attacker: Sink
) -> None:
    """
    Tools, sources, errors, names, values, previews, the panel's messages, and other Markdown.
    """
    count = len(list(pages(attacker.url)))
    assert count > 100
    places = {"root": str(ROOT), "url": attacker.url}
    starts = range(0, count, BATCH)
    cells = [PLACES.format(first=first, last=first + BATCH, **places) for first in starts]
    path = write_notebook(lab, "places.ipynb", cells)

    page = open_notebook(browser, lab, path.name)
    run_all(page)
    shown_to_the_end(page, len(cells))

    assert_nothing_ran(page, attacker)
    page.close()


def test_a_hostile_conversation_is_shown_harmlessly(
    lab: Lab, browser: Browser, attacker: Sink
) -> None:
    """
    Loaded from a file, in the history, in the panel, and as an exported page of its own.
    """
    cell = PANEL.format(root=str(ROOT), url=attacker.url)
    path = write_notebook(lab, "conversation.ipynb", [cell])

    page = open_notebook(browser, lab, path.name)
    run_all(page)
    shown_to_the_end(page, 1)
    page.wait_for_selector(".codex-turn")
    assert_nothing_ran(page, attacker)
    page.close()

    exported = browser.new_page()
    exported.goto((lab.folder / "hostile.html").as_uri())
    exported.wait_for_load_state()
    assert exported.evaluate("window.codexPwned === undefined")
    assert "A conversation of 12 questions" in exported.inner_text("body")
    assert attacker.requests == []
    exported.close()


def shown_to_the_end(page: Page, cells: int) -> None:
    """Wait until every cell has shown all that it has."""
    page.wait_for_function(
        f"""() => [...document.querySelectorAll('.jp-OutputArea-output')]
            .filter(one => one.innerText.includes('shown to the end')).length === {cells}"""
    )
