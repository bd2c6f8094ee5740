"""Where things are in the panel's page: docked at the side, and when earlier turns are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.fake_service import FakeService, text
from tests.jupyterlab import LOADING, Lab, screenshot, use_dark_theme
from tests.panel.opened import OPENING, RICH, opened

pytestmark = pytest.mark.browser

DOCKED = ".jp-LinkedOutputView .codex-panel"
MANY = f"""{LOADING}
from codex_magic.conversation.turns import Plan, Turn
from codex_magic.functions import current_assistant
for n in range(90):
    turn = Turn(f"Question {{n}}?", (), text="Words. " * 60, model="m")
    current_assistant().conversation.record(turn, Plan("stateless"))
%codex panel"""


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


def box(page: Page, part: str) -> dict[str, float]:
    """Return where the first such thing is in the page."""
    found: Any = page.locator(part).first.bounding_box()
    return dict(found)


def test_docked_its_input_is_in_sight(service: FakeService, lab: Lab, browser: Browser) -> None:
    """In a low view, too: only what was said scrolls, and the panel ends where its view does."""
    panel = opened(browser, lab, "dock.ipynb", [OPENING], size=(1280, 800))
    page = panel.page
    service.enqueue(text(RICH), text(RICH))
    for number in (1, 2):
        panel.ask("Why?")
        panel.answered("no library", number)
    panel.root.locator(".codex-head").click(button="right", position={"x": 500, "y": 12})
    page.get_by_text("Create New View for Cell Output", exact=True).click()
    page.locator(f"{DOCKED}.codex-scripted").wait_for()
    for height in (800, 940):
        page.set_viewport_size({"width": 1280, "height": height})
        page.wait_for_function(
            "dock => { const box = it => document.querySelector(it).getBoundingClientRect();"
            " return Math.abs(box(dock).bottom - box('.jp-LinkedOutputView').bottom) < 2; }",
            arg=DOCKED,
        )
        view, settings = box(page, ".jp-LinkedOutputView"), box(page, f"{DOCKED} .codex-settings")
        said = page.locator(f"{DOCKED} .codex-transcript")
        assert settings["y"] + settings["height"] <= view["y"] + view["height"]
        assert said.evaluate("it => it.scrollHeight > it.clientHeight && it.clientHeight > 72")
        screenshot(page, f"panel-docked-{height}")
    use_dark_theme(page)
    arrow = page.locator(f"{DOCKED} select").first.evaluate(
        "it => getComputedStyle(it).backgroundImage"
    )
    screenshot(page, "panel-docked-dark")
    page.close()

    assert "url(" not in arrow
    assert "linear-gradient" in arrow


def test_earlier_turns_come_in_above(lab: Lab, browser: Browser) -> None:
    """
    What one looks at stays where it is; the keyboard stays at the button, and goes on in what was
    said when there are no more.
    """
    panel = opened(browser, lab, "earlier.ipynb", [MANY], size=(1280, 900))
    page, button = panel.page, panel.root.locator(".codex-earlier")
    said, words, moved, focus = panel.root.locator(".codex-transcript"), [], [], []
    for count in (75, 90):
        said.evaluate("it => { it.scrollTop = 0; }")
        words.append(button.inner_text())
        first = f".codex-turn[data-turn='{panel.answers.first.get_attribute('data-turn')}']"
        before = box(page, first)["y"]
        button.press("Enter")
        page.wait_for_function(
            "count => document.querySelectorAll('.codex-turn[data-turn]').length === count",
            arg=count,
        )
        page.wait_for_function(
            "([turn, y]) => Math.abs(document.querySelector(turn).getBoundingClientRect().y - y) < 3",
            arg=[first, before],
        )
        focus.append(page.evaluate("document.activeElement.className.match(/codex-\\w+/)[0]"))
        moved.append(said.evaluate("it => it.scrollTop > 1000"))
    screenshot(page, "panel-earlier", ".codex-panel")
    page.close()

    assert ["Show earlier turns (65)", "Show earlier turns (15)"] == words
    assert [True, True] == moved
    assert ["codex-earlier", "codex-transcript"] == focus
