"""A ``%%codex`` cell in a real JupyterLab, seen in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.fake_service import FakeService, text
from tests.jupyterlab import (
    Lab,
    chromium,
    jupyterlab,
    open_notebook,
    run_all,
    save,
    screenshot,
    use_dark_theme,
    write_notebook,
)

pytestmark = pytest.mark.browser

RICH = (Path(__file__).parent / "fixtures" / "answers" / "rich.md").read_text(encoding="utf-8")
REASONING = (
    "**Recalling the equation of motion**\n\nThe damping term is linear in the velocity, "
    "so the amplitude must fall exponentially."
)
_REPLY = ".jp-OutputArea .codex-reply"


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service that answers with all that Markdown has."""
    with FakeService() as running:
        yield running


@pytest.fixture(scope="module")
def lab(service: FakeService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Yield a JupyterLab whose kernels ask the fake service."""
    env = {
        "OPENAI_API_KEY": str(service.api_key),
        "OPENAI_BASE_URL": service.base_url,
    }
    with jupyterlab(tmp_path_factory.mktemp("lab"), env=env) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a headless Chromium."""
    with chromium() as running:
        yield running


def test_an_answer_streams_and_stays_as_one_rich_output(
    service: FakeService, lab: Lab, browser: Browser
) -> None:
    """Words appear while the model writes; what is saved is one output, as it was seen."""
    answer = text(RICH, chunks=120, reasoning=REASONING).pause(0.01)
    service.enqueue(answer.hold(after=60))
    cells = ["%load_ext codex_magic", "%%codex\nWhy does a damped pendulum slow down?"]
    path = write_notebook(lab, "pendulum.ipynb", cells)
    page = open_notebook(browser, lab, path.name)

    page.get_by_role("menubar").get_by_text("Run", exact=True).click()
    page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').first.click()
    page.wait_for_selector(".jp-OutputArea .codex-reasoning", state="attached")
    page.wait_for_selector(".jp-OutputArea h2")
    streaming = page.locator(".jp-OutputArea .codex-footer").count()
    screenshot(page, "streaming")
    service.release()
    page.wait_for_selector(f"{_REPLY} .codex-footer")
    page.wait_for_selector(f"{_REPLY} mjx-container")
    screenshot(page, "reply")
    # The picture of the README.
    screenshot(page, "reply-cell", ".jp-Notebook .jp-Cell >> nth=1")
    save(page, path)

    assert 0 == streaming
    reply = page.locator(_REPLY)
    assert 1 == reply.count()
    assert 1 == reply.locator("details.codex-reasoning:not([open])").count()
    assert 3 == reply.locator("tbody tr").count()
    assert 0 < reply.locator(".highlight .k").count()
    assert 10 < reply.locator("mjx-container").count()
    assert 2 == reply.locator('mjx-container[display="true"]').count()
    assert RICH.strip() == _saved_outputs(path)[0]["data"]["text/plain"].strip()
    page.close()


def test_the_answer_is_readable_in_the_dark(
    service: FakeService, lab: Lab, browser: Browser
) -> None:
    """The theme colours the answer: its text stands out from the page."""
    service.enqueue(text(RICH, reasoning=REASONING))
    cells = ["%load_ext codex_magic", "%%codex\nWhy does a damped pendulum slow down?"]
    path = write_notebook(lab, "dark.ipynb", cells)
    page = open_notebook(browser, lab, path.name)

    run_all(page)
    use_dark_theme(page)
    page.locator(f"{_REPLY} details summary").click()
    page.wait_for_selector(f"{_REPLY} mjx-container")
    screenshot(page, "dark")

    lightness = page.evaluate(_LIGHTNESS, _REPLY)
    assert lightness["text"] - lightness["page"] > 0.5
    page.close()


def test_an_answer_survives_a_reload_of_the_page(
    service: FakeService, lab: Lab, browser: Browser
) -> None:
    """A saved notebook shows the same answer, also before any kernel has run."""
    service.enqueue(text(RICH, reasoning=REASONING))
    cells = ["%load_ext codex_magic", "%%codex\nWhy does a damped pendulum slow down?"]
    path = write_notebook(lab, "reload.ipynb", cells)
    page = open_notebook(browser, lab, path.name)
    run_all(page)
    save(page, path)

    page.reload()
    page.wait_for_selector(f"{_REPLY} mjx-container")

    assert 3 == page.locator(f"{_REPLY} tbody tr").count()
    assert 1 == page.locator(f"{_REPLY} details.codex-reasoning").count()
    page.close()


_LIGHTNESS = """selector => {
    const channels = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = colour => channels(colour).reduce((a, b) => a + b) / (3 * 255);
    const reply = document.querySelector(selector + ' p');
    let page = document.querySelector(selector);
    const clear = e => getComputedStyle(e).backgroundColor === 'rgba(0, 0, 0, 0)';
    while (clear(page) && page.parentElement) page = page.parentElement;
    return {
        text: light(getComputedStyle(reply).color),
        page: light(getComputedStyle(page).backgroundColor),
    };
}"""


def _saved_outputs(path: Path) -> list[dict[str, Any]]:
    """Return the outputs of the last cell of a saved notebook, with their text joined."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs: list[dict[str, Any]] = cells[-1]["outputs"]
    for output in outputs:
        data = output["data"]
        output["data"] = {name: "".join(value) for name, value in data.items()}
    assert 1 == len(outputs)
    return outputs
