"""Hostile answers in a real page: nothing of them runs, nothing of them asks a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.counts import count
from tests.jupyterlab import (
    Lab,
    Sink,
    chromium,
    jupyterlab,
    open_notebook,
    run_all,
    save,
    sink,
    until,
    write_notebook,
)

pytestmark = pytest.mark.browser

FIXTURES = Path(__file__).parent.parent / "fixtures" / "hostile"
# Every one of them in full runs; a third in everyday ones, as MathJax takes its time.
STEP = 3 if count(10) == 1 else 1
NAMES = sorted(path.stem for path in FIXTURES.glob("*.md"))[::STEP]
# JupyterLab draws no more than 50 outputs of one cell.
BATCH = 45

SHOW = """
from pathlib import Path
from IPython.display import display
from codex_magic.display.markdown import render

for name in {names!r}:
    text = (Path({folder!r}) / f"{{name}}.md").read_text()
    text = text.replace("{{{{SINK}}}}", {url!r}).replace("{{{{SINK_HOST}}}}", {host!r})
    html = f'<div class="codex-{{name}}">{{render(text)}}</div>'
    display({{"text/html": html, "text/plain": text}}, raw=True)
display({{"text/html": render("The last formula: $x^2$ costs $5 and $10."), "text/plain": ""}}, raw=True)
"""
CONTROL = """
from pathlib import Path
from IPython.display import Markdown, display

for name in ["img_onerror", "remote_image_inline"]:
    text = (Path({folder!r}) / f"{{name}}.md").read_text()
    display(Markdown(text.replace("{{{{SINK}}}}", {url!r})))
"""
TYPESET = """() => {
    const last = [...document.querySelectorAll('.jp-OutputArea-output')]
        .filter(output => output.innerText.includes('The last formula'));
    return last.length === %d && last.every(output =>
        output.querySelectorAll('mjx-container').length === 1
        && output.innerText.includes('costs $5 and $10.'));
}"""
# What a page holds of an answer, what MathJax made of a formula apart.
ELEMENTS = """() => [...document.querySelectorAll('[class^="codex-"] *')]
    .filter(element => !element.closest('mjx-container'))
    .map(element => [
        element.localName,
        Object.fromEntries([...element.attributes].map(a => [a.name, a.value])),
        element.href || null,
    ])"""
FORMULA_LINKS = (
    "() => [...document.querySelectorAll('mjx-container a, mjx-container [style*=url]')]"
    ".map(one => one.outerHTML.slice(0, 300))"
)
TAGS = {
    *("p", "div", "span", "a", "img", "em", "strong", "s", "code", "pre", "br", "hr", "blockquote"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


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


@pytest.fixture(scope="module")
def shown(lab: Lab, browser: Browser, attacker: Sink) -> Iterator[Page]:
    """A page in which the kernel has just displayed every hostile answer."""
    places = {"folder": str(FIXTURES), "url": attacker.url, "host": attacker.host}
    batches = [NAMES[start : start + BATCH] for start in range(0, len(NAMES), BATCH)]
    cells = [SHOW.format(names=batch, **places) for batch in batches]
    path = write_notebook(lab, "hostile.ipynb", cells)
    page = open_notebook(browser, lab, path.name)
    run_all(page)
    wait_until_typeset(page, len(cells))
    save(page, path)
    yield page
    page.close()


def wait_until_typeset(page: Page, cells: int) -> None:
    page.wait_for_function(TYPESET % cells)


def assert_harmless(page: Page, attacker: Sink) -> None:
    elements: list[tuple[str, dict[str, str], Any]] = page.evaluate(ELEMENTS)
    assert len(elements) > 100
    for tag, attributes, address in elements:
        assert tag in TAGS, (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], attributes
        assert address is None or is_harmless(address, page.url), address
    assert [] == page.evaluate(FORMULA_LINKS)
    assert all(frame.evaluate("window.codexPwned === undefined") for frame in page.frames)
    assert attacker.requests == []


def is_harmless(address: str, page_url: str) -> bool:
    here = page_url.partition("#")[0]
    return address.startswith(("http://", "https://", "mailto:")) and (
        not address.startswith(here) or address.startswith(f"{here}#")
    )


def test_an_executed_cell_shows_hostile_answers_harmlessly(shown: Page, attacker: Sink) -> None:
    """
    No element, no handler, no address and no request of an attack survives rendering.
    """
    assert_harmless(shown, attacker)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_saved_notebook_shows_them_harmlessly(
    shown: Page, lab: Lab, browser: Browser, attacker: Sink, trusted: bool
) -> None:
    """
    The same holds when the notebook is opened again, by who trusts it and by who does not.
    """
    path = lab.folder / "hostile.ipynb"
    if not trusted:
        path = distrusted_copy(path)

    page = open_notebook(browser, lab, path.name)
    wait_until_typeset(page, -(-len(NAMES) // BATCH))
    says = "Notebook trusted" if trusted else "Notebook not trusted"
    page.wait_for_selector(f'.jp-StatusItem-trust[title^="{says}"]')

    assert_harmless(page, attacker)
    page.close()


def distrusted_copy(path: Path) -> Path:
    """Write a notebook whose outputs nobody has signed, because its content is another."""
    notebook = json.loads(path.read_text())
    notebook["metadata"]["title"] = "A copy"
    copy = path.with_name("distrusted.ipynb")
    copy.write_text(json.dumps(notebook))
    return copy


def test_the_same_page_would_run_an_attack(
    shown: Page, lab: Lab, browser: Browser, attacker: Sink
) -> None:
    """
    The control: IPython's own Markdown display runs a payload, so these tests can fail.
    """
    cell = CONTROL.format(folder=str(FIXTURES), url=attacker.url)
    path = write_notebook(lab, "control.ipynb", [cell])

    page = open_notebook(browser, lab, path.name)
    run_all(page)

    page.wait_for_function("window.codexPwned === 1")
    until(lambda: {"/fetch", "/inline.png"} <= set(attacker.requests), "both requests")
    attacker.requests.clear()
    page.close()
