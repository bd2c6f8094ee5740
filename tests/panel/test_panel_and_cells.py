"""One kernel's panels and its cells, in one page of a real JupyterLab, against the fake service."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator

from tests.asking import sent
from tests.fake_service import FakeService, text
from tests.fake_service.errors import Json
from tests.fake_service.summary import words
from tests.jupyterlab import (
    LOADING,
    Lab,
    screenshot,
    until,
    wait_until_idle,
)
from tests.panel.opened import Panel, opened, run_cell

pytestmark = pytest.mark.browser

PANELS = """from codex_magic import ChatPanel
distances = [1, 2, 3]
ChatPanel()"""
CELL, COUNTING = 2, 3
CELLS = [f"{LOADING}\n{PANELS}", "ChatPanel()", "%codex The cell asks?", "%codex ask Count."]
GOES_FIRST = "The question before it in this conversation goes first."
TRANSFER = """(input, [kind, name, bytes]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
    const more = { bubbles: true, cancelable: true };
    const event = kind === "paste"
        ? new ClipboardEvent(kind, { clipboardData: transfer, ...more })
        : new DragEvent(kind, { dataTransfer: transfer, ...more });
    input.dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


@pytest.fixture(scope="module")
def one(lab: Lab, browser: Browser) -> Panel:
    """Return the first of two panels of a page that all tests here share."""
    size = (1280, 2000)
    panel = opened(browser, lab, "one.ipynb", CELLS, run=2, size=size)
    panel.page.locator(".codex-panel.codex-scripted").nth(1).wait_for()
    return panel


@pytest.fixture(autouse=True)
def _new(one: Panel) -> None:
    """Each test begins with an empty conversation."""
    if one.answers.count():
        chosen = one.root.get_by_label("Conversation", exact=True)
        chosen.select_option("＋ New conversation")
        until(lambda: one.answers.count() == 0, "an empty conversation")


def said(panel: Panel) -> list[str]:
    """Return the questions and answers that a panel shows."""
    parts = panel.answers.locator(".codex-prompt, .codex-answer p")
    return [part.strip() for part in parts.all_inner_texts()]


def history(service: FakeService) -> list[str]:
    """Return what the last question sent of the conversation, and itself."""
    items: list[Json] = sent(service)[-1]["input"]
    return [words(item) for item in items]


def images(service: FakeService) -> list[bytes]:
    """Return the images that the last question sent."""
    parts = sent(service)[-1]["input"][-1]["content"]
    if isinstance(parts, str):
        return []
    links = [part["image_url"] for part in parts if part["type"] == "input_image"]
    return [base64.b64decode(link.partition(",")[2]) for link in links]


def picture(colour: str) -> bytes:
    """Return a small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (9, 5), colour).save(file, "PNG")
    return file.getvalue()


def give(panel: Panel, kind: str, colour: str) -> Locator:
    """Paste an image into the input, or drop it there, and return its chip."""
    panel.input.evaluate(TRANSFER, [kind, f"{colour}.png", list(picture(colour))])
    chip = panel.root.get_by_role("button", name=f"{colour}.png ×")
    chip.wait_for()
    return chip


def test_two_panels_show_one_conversation(service: FakeService, one: Panel) -> None:
    """What is asked in either streams in both; the two hold the same."""
    other = Panel(one.page, 1)
    service.enqueue(text("First words, and then the last ones.").hold(8), text("Here."))
    one.ask("Who sees it?")
    one.streaming("First words")
    other.streaming("First words")
    service.release()
    one.answered("the last ones", 1)
    other.answered("the last ones", 1)
    other.ask("And there?")
    one.answered("Here.", 2)
    other.answered("Here.", 2)
    screenshot(one.page, "panel-two")

    expected = ["Who sees it?", "First words, and then the last ones.", "And there?", "Here."]
    assert expected == said(one)
    assert expected == said(other)


def test_a_panel_and_a_cell_take_turns(service: FakeService, one: Panel) -> None:
    """Whoever asks second says that it waits, both are answered right, and the history has both."""
    answer = "The first answer is longer."
    service.enqueue(text(answer).hold(8), text("Second answer."))
    one.ask("The panel asks?")
    one.streaming("The first")
    cell = run_cell(one.page, CELL)
    cell.get_by_text(GOES_FIRST).wait_for()
    service.release()
    one.answered("Second answer.", 2)
    wait_until_idle(one.page)
    first = history(service)
    service.enqueue(text("A cell goes first, too.").hold(8), text("Fourth answer."))
    run_cell(one.page, CELL)
    one.streaming("A cell goes")
    one.ask("The panel again?")
    # It depends on the kernel's version whether the panel's question gets to it before the cell ends.
    waiting = one.root.locator(".codex-waits").filter(has_text="A cell is running")
    waiting.or_(one.root.locator(".codex-growing").filter(has_text=GOES_FIRST)).wait_for()
    screenshot(one.page, "panel-waits", ".codex-panel >> nth=0")
    service.release()
    one.answered("Fourth answer.", 3)
    still = waiting.count()

    assert ["The panel asks?", answer, "The cell asks?"] == first
    # A cell that runs again takes the place of its turn, which comes last.
    cells = ["The cell asks?", "A cell goes first, too."]
    assert ["The panel asks?", answer, *cells, "The panel again?"] == history(service)
    assert 0 == still


def test_stop_in_the_panel_ends_the_cell_that_asks(service: FakeService, one: Panel) -> None:
    """The cell fails, what arrived is in both, and the next question sends it."""
    service.enqueue(text("One two three four five six seven.").hold(8), text("Eight."))
    cell = run_cell(one.page, COUNTING)
    one.streaming("One two")
    one.press("Stop")
    one.answered("Stopped. What arrived is kept", 1)
    wait_until_idle(one.page)
    kept = one.answers.last.locator(".codex-answer p").first.inner_text()
    output = cell.locator(".jp-OutputArea").inner_text()
    error = cell.locator("[data-mime-type='application/vnd.jupyter.stderr']").count()
    stopping = one.root.get_by_role("button", name="Stop", exact=True).count()
    one.ask("And then?")
    one.answered("Eight.", 2)
    screenshot(one.page, "panel-stopped-cell")

    assert kept.startswith("One two")
    assert "seven" not in kept
    assert kept in output
    assert (1, 0) == (error, stopping)
    interrupted = f"{kept}\n\n[The answer was interrupted here.]"
    assert ["Count.", interrupted, "And then?"] == history(service)


def test_images_are_pasted_and_dropped(service: FakeService, one: Panel) -> None:
    """Each becomes a chip, and the service gets the very bytes; one that is taken away is not sent."""
    service.enqueue(text("Red and blue."), text("No picture."))
    give(one, "paste", "red")
    give(one, "drop", "blue")
    one.root.get_by_text("Will send: 2 figures").wait_for()
    screenshot(one.page, "panel-images", ".codex-panel >> nth=0")
    one.ask("What colour?")
    one.answered("Red and blue.", 1)
    both = images(service)
    chip = give(one, "paste", "green")
    chip.click()
    chip.wait_for(state="detached")
    one.ask("And now?")
    one.answered("No picture.", 2)

    assert [picture("red"), picture("blue")] == both
    assert [] == images(service)


def completed(panel: Panel, begun: str, whole: str) -> str:
    """Complete what is begun, and return where the focus is then."""
    panel.input.fill(begun)
    panel.root.locator(".codex-suggested button").first.wait_for()
    panel.input.press("Tab")
    until(lambda: panel.input.input_value() == whole, whole)
    return str(panel.page.evaluate("document.activeElement.tagName"))


def test_tab_completes_commands_options_and_names(service: FakeService, one: Panel) -> None:
    """Tab takes the first name that is offered; where none is, it leads on."""
    command = completed(one, "/hist", "/history ")
    option = completed(one, "/ask --eff", "/ask --effort ")
    name = completed(one, "What is @dist", "What is @distances ")
    one.input.fill("Nothing")
    one.root.locator(".codex-suggested.codex-off").wait_for(state="attached")
    one.input.press("Tab")
    left = one.page.evaluate("document.activeElement.innerText")
    one.input.fill("")

    assert {"TEXTAREA"} == {command, option, name}
    assert "Attach" == left


WITHOUT = f"""import sys
sys.modules["anywidget"] = None
{LOADING}
%codex panel"""


def test_it_works_without_anywidget(service: FakeService, lab: Lab, browser: Browser) -> None:
    """A line says what is missing; Send, Stop and one row of buttons do the rest."""
    panel = opened(browser, lab, "without.ipynb", [WITHOUT], scripted=False)
    panel.root.get_by_text("codex-magic[bridge]").wait_for()
    service.enqueue(text("Here:\n\n```python\nx = 1\n```"), text("Again."))
    panel.input.fill("Write it.")
    panel.press("Send")
    panel.answered("Here:", 1)
    panel.press("Into cells")
    source = panel.root.locator(".codex-source")
    source.wait_for()
    written = source.inner_text()
    screenshot(panel.page, "panel-without-anywidget", ".codex-panel")
    panel.press("Retry")
    panel.answered("Again.", 1)
    panel.page.close()

    assert "x = 1" in written
