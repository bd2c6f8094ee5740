"""The panel in a real JupyterLab, against the fake service."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.asking import sent
from tests.counts import count
from tests.fake_service import FakeService, error, function_call, text
from tests.jupyterlab import (
    LOADING,
    App,
    Lab,
    screenshot,
    sink,
    until,
    use_dark_theme,
    use_light_theme,
)
from tests.panel.axe import serious
from tests.panel.opened import FIGURE, OPENING, RICH, TOOL, TWO, Panel, opened

pytestmark = pytest.mark.browser

# Notebook 7 has the same widgets in another page: every day one test looks at it, and these in full runs.
APPS: tuple[App, ...] = ("lab", "notebook") if count(10) == 10 else ("lab",)

# Gives a panel a width, and returns by how much what is in it is too wide.
WIDEN = """(panel, width) => {
    panel.style.width = `${width}px`;
    panel.style.maxWidth = "none";
    return Math.max(0, panel.scrollWidth - panel.clientWidth);
}"""


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


@pytest.mark.parametrize("app", APPS)
def test_an_answer_streams_and_another_one_is_stopped(
    service: FakeService, lab: Lab, browser: Browser, app: App
) -> None:
    """
    The first words are there before the last ones were sent. What arrived before a Stop is kept, and
    the next question is answered; Up brings a question back.
    """
    service.enqueue(text(RICH, reasoning="**Looking** at both curves.").hold(40))
    panel = opened(browser, lab, f"stream-{app}.ipynb", [OPENING], app=app)
    panel.root.get_by_text("Will send: the prompt").wait_for()
    screenshot(panel.page, "panel-empty", ".codex-panel")

    panel.ask("Why do the curves cross?")
    panel.streaming("two curves")
    screenshot(panel.page, "panel-streaming", ".codex-panel")
    held = panel.answers.count()
    service.release()
    panel.answered("no library", 1)
    panel.page.wait_for_selector(".codex-panel mjx-container")
    screenshot(panel.page, "panel-answer", ".codex-panel")
    service.enqueue(text("One two three four five six seven eight.").hold(9), text("Five."))
    panel.ask("Count.")
    panel.streaming("One")
    panel.press("Stop")
    panel.answered("Stopped. What arrived is kept", 2)
    panel.ask("And then?")
    panel.answered("Five.", 3)
    panel.input.press("ArrowUp")
    until(lambda: panel.input.input_value() == "And then?", "the question to come back")
    screenshot(panel.page, "panel-stopped", ".codex-panel")
    panel.page.close()

    assert 0 == held
    inputs = [item.get("role") for item in sent(service)[-1]["input"]]
    assert ["user", "assistant", "user"] == inputs[-3:]


@pytest.mark.parametrize("app", APPS)
def test_a_figure_goes_along_and_calls_wait_for_the_user(
    service: FakeService, lab: Lab, browser: Browser, app: App
) -> None:
    """The service gets the very PNG; a call that is declined is not run; two cells are written."""
    panel = opened(
        browser, lab, f"deeds-{app}.ipynb", [LOADING, FIGURE, TOOL, "%codex panel"], app=app
    )
    screenshot(panel.page, "panel-starters", ".codex-panel")
    service.enqueue(text("A parabola."))
    panel.press("Describe what the last figure shows.")
    panel.root.get_by_text("Will send: 1 figure").wait_for()
    screenshot(panel.page, "panel-chips", ".codex-panel")
    panel.press("Send")
    panel.answered("A parabola.", 1)
    shown = panel.page.locator(".jp-OutputArea-output img").first.get_attribute("src")
    parts = sent(service)[-1]["input"][-1]["content"]

    service.enqueue(function_call("add", a=1, b=2), text("It is three."))
    panel.ask("/ask -t add What is 1 + 2?")
    panel.root.locator(".codex-card").wait_for()
    screenshot(panel.page, "panel-approve", ".codex-panel")
    panel.press("Approve")
    panel.answered("It is three.", 2)
    service.enqueue(function_call("add", a=1, b=2), text("As you like."))
    panel.ask("/ask -t add And 2 + 2?")
    panel.press("Decline")
    panel.answered("As you like.", 3)
    outputs = [
        item["output"]
        for item in sent(service)[-1]["input"]
        if item.get("type") == "function_call_output"
    ]

    service.enqueue(text(TWO))
    panel.ask("Sort some numbers.")
    panel.answered("then their order", 4)
    panel.deed("cells")
    panel.page.get_by_text("3 cells written into the notebook.").wait_for()
    cells = panel.page.locator(".jp-Notebook .jp-Cell .jp-InputArea-editor .cm-content")
    sources = cells.all_inner_texts()
    screenshot(panel.page, "panel-cells")
    panel.page.close()

    image = next(part["image_url"] for part in parts if part["type"] == "input_image")
    assert base64.b64decode(str(shown).partition(",")[2]) == base64.b64decode(
        image.partition(",")[2]
    )
    assert "3" in str(outputs[0])
    assert "declined" in str(outputs[-1])
    inserted = [source for source in sources if "# codex: Sort some numbers." in source]
    assert ["numbers = [3, 1, 2]", "sorted(numbers)"] == [s.split("\n")[1] for s in inserted]


@pytest.mark.parametrize("app", APPS)
def test_it_comes_back_in_mid_stream_and_in_two_views(
    service: FakeService, lab: Lab, browser: Browser, app: App
) -> None:
    """
    After a reload the whole answer is there. Another view shows the same, and so do cells: what is
    asked in one appears in the panel, in the dark, too.
    """
    panel = opened(browser, lab, f"reload-{app}.ipynb", [OPENING, "%codex panel"], app=app)
    page = panel.page
    page.locator(".codex-panel").nth(1).wait_for()
    page.keyboard.press("Control+s")
    service.enqueue(text(RICH).hold(20))
    panel.ask("Why?")
    panel.streaming("two curves")
    page.reload()
    page.wait_for_selector(".codex-panel.codex-scripted")
    service.release()
    panel.answered("no library", 1)
    other = Panel(page, 1)
    other.answered("no library", 1)

    use_dark_theme(page)
    service.enqueue(text("From a cell."))
    page.locator(".jp-Notebook .jp-Cell").last.locator(".jp-InputArea").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type("%codex Who asks?")
    page.keyboard.press("Shift+Enter")
    panel.answered("From a cell.", 2)
    other.answered("From a cell.", 2)
    screenshot(page, "panel-dark", ".codex-panel >> nth=0")
    ink, paper = page.evaluate(
        "['color', 'backgroundColor'].map(name =>"
        " getComputedStyle(document.querySelector('.codex-panel'))[name])"
    )
    use_light_theme(page)
    page.close()

    assert _light(ink) > 150 > _light(paper)


@pytest.mark.parametrize("app", APPS)
def test_conversations_models_errors_and_commands(
    service: FakeService, lab: Lab, browser: Browser, app: App
) -> None:
    """
    Another conversation begins empty, and the model that was chosen is asked; an error has a Retry; a
    command says in the panel what it says in a cell.
    """
    panel = opened(browser, lab, f"switch-{app}.ipynb", [OPENING], app=app)
    service.enqueue(text("Hello."))
    panel.ask("Hi.")
    panel.answered("Hello.", 1)
    asked = len(service.requests)
    panel.root.get_by_label("Conversation", exact=True).select_option("＋ New conversation")
    until(lambda: panel.answers.count() == 0, "an empty conversation")
    panel.press("List")
    panel.root.get_by_text("models: choose one").wait_for()
    listed = [request.path for request in service.requests[asked:]]
    model = panel.root.get_by_label("Model", exact=True)
    model.fill("gpt-5.4")
    model.press("Enter")
    service.enqueue(error(400, "bad", "The moon is in the wrong phase."), text("Now it is."))
    panel.ask("Is it?")
    panel.root.locator(".codex-error").filter(has_text="wrong phase").wait_for()
    screenshot(panel.page, "panel-error", ".codex-panel")
    panel.deed("retry")
    panel.answered("Now it is.", 1)
    panel.ask("/history")
    panel.root.locator(".codex-printed").filter(has_text="Is it?").wait_for()
    panel.ask("/nonsense")
    panel.root.locator(".codex-error").filter(has_text="nonsense").wait_for()
    screenshot(panel.page, "panel-commands", ".codex-panel")
    chosen = panel.root.get_by_label("Conversation", exact=True)
    chosen.select_option(chosen.locator("option").filter(has_text="main: Hi.").text_content())
    panel.answered("Hello.", 1)
    panel.page.close()

    assert ["/v1/models"] == listed
    bodies = sent(service)
    assert "gpt-5.4" == bodies[-1]["model"]
    assert 1 == len(bodies[-1]["input"])


@pytest.mark.parametrize("app", APPS)
def test_the_keyboard_is_enough_and_nothing_is_in_the_way(
    service: FakeService, lab: Lab, browser: Browser, app: App
) -> None:
    """
    Tab leads from the input to Attach, Send and back to the answer's buttons; axe-core finds nothing
    serious, in each theme, wide and narrow, with an answer of every kind and a call that waits.
    """
    size = (2120, 1400)
    panel = opened(browser, lab, f"keys-{app}.ipynb", [f"{TOOL}\n{OPENING}"], app=app, size=size)
    page = panel.page
    service.enqueue(text("First."), text(RICH, reasoning="Looking."))
    panel.ask("Why?")
    panel.answered("First.", 1)
    places = []
    for _ in range(3):
        page.keyboard.press("Tab")
        places.append(page.evaluate("document.activeElement.innerText"))
    panel.input.focus()
    page.keyboard.press("Shift+Tab")
    pin = page.evaluate("document.activeElement.dataset.deed")
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    retry = page.evaluate("document.activeElement.dataset.deed")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    panel.answered("no library", 1)
    page.wait_for_selector(".codex-panel mjx-container")
    service.enqueue(function_call("add", a=1, b=2), text("Three."))
    panel.ask("/ask -t add What is 1 + 2?")
    panel.root.locator(".codex-card").wait_for()
    panel.press("Attach")
    found, overflow = {}, []
    for theme, use in (("light", use_light_theme), ("dark", use_dark_theme)):
        use(page)
        for width in (1600, 320):
            overflow.append(panel.root.evaluate(WIDEN, width))
            screenshot(page, f"panel-{width}-{theme}", ".codex-panel")
            found[theme, width] = serious(page, ".codex-panel")
    use_light_theme(page)
    panel.press("Approve")
    panel.answered("Three.", 2)
    page.close()

    assert ["Attach", "Send"] == places[:2]
    assert ("pin", "retry", "solid") == (pin, retry, outline)
    assert {(theme, width): [] for theme in ("light", "dark") for width in (1600, 320)} == found
    assert [0] * 4 == overflow


def test_the_buttons_of_an_answer(service: FakeService, lab: Lab, browser: Browser) -> None:
    """Copy, hide, pin, continue and fork do what they say, and the service sees it."""
    panel = opened(browser, lab, "buttons.ipynb", [OPENING])
    page = panel.page
    service.enqueue(text("The first answer."), text("The second one."))
    panel.ask("First?")
    panel.answered("The first answer.", 1)
    panel.ask("Second?")
    panel.answered("The second one.", 2)
    panel.deed("copy")
    until(
        lambda: page.evaluate("navigator.clipboard.readText()") == "The second one.",
        "the answer in the clipboard",
    )
    panel.deed("hide", 0)
    panel.root.locator("button[data-deed='hide']").first.filter(has_text="Unhide").wait_for()
    panel.deed("pin")
    panel.root.locator("button[data-deed='pin']").last.filter(has_text="Unpin").wait_for()

    service.enqueue(text("One two three four five six seven eight.").hold(9), text("nine ten."))
    panel.ask("Count.")
    panel.streaming("One")
    panel.press("Stop")
    panel.answered("Stopped. What arrived is kept", 3)
    hidden = str(sent(service)[-1]["input"])
    panel.deed("continue")
    panel.answered("nine ten.")
    panel.deed("fork")
    chosen = panel.root.get_by_label("Conversation", exact=True)
    until(
        # A list of ipywidgets keeps its words together with spaces that do not break.
        lambda: chosen.locator("option:checked").inner_text().split()[:2] == ["main", "fork:"],
        "the copy",
    )
    screenshot(page, "panel-buttons", ".codex-panel")
    page.close()

    assert "Second?" in hidden
    assert "First?" not in hidden


def test_notebook_7_has_it_too(service: FakeService, lab: Lab, browser: Browser) -> None:
    """An answer streams, and its code goes into cells."""
    panel = opened(browser, lab, "seven.ipynb", [OPENING], app="notebook")
    service.enqueue(text(TWO).hold(8))
    panel.ask("Sort some numbers.")
    panel.streaming("First")
    service.release()
    panel.answered("then their order", 1)
    panel.deed("cells")
    panel.page.get_by_text("3 cells written into the notebook.").wait_for()
    screenshot(panel.page, "panel-notebook-7")
    cells = panel.page.locator(".jp-Notebook .jp-Cell .jp-InputArea-editor .cm-content")
    sources = cells.all_inner_texts()
    panel.page.close()

    assert 2 == sum("# codex: Sort some numbers." in source for source in sources)


def test_it_streams_while_a_cell_computes_and_beside_the_notebook(
    service: FakeService, lab: Lab, browser: Browser
) -> None:
    """
    The rest of an answer comes while a cell blocks the kernel; a view of the output at the side is the
    same panel.
    """
    waiting = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.01)"
    panel = opened(browser, lab, "beside.ipynb", [OPENING, waiting], run=1)
    page = panel.page
    service.enqueue(text(RICH, reasoning="Looking.").hold(40))
    panel.ask("Why?")
    panel.streaming("two curves")
    page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".jp-InputArea").click()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("document.body.innerText.includes('[*]')")
    service.release()
    panel.answered("no library", 1)
    computing = page.locator(".jp-InputPrompt").filter(has_text="[*]").count()
    (lab.folder / "go").touch()
    page.wait_for_function("!document.body.innerText.includes('[*]')")

    panel.root.locator(".codex-head").click(button="right", position={"x": 500, "y": 12})
    page.get_by_text("Create New View for Cell Output", exact=True).click()
    page.locator(".jp-LinkedOutputView .codex-panel.codex-scripted").wait_for()
    beside = page.locator(".jp-LinkedOutputView .codex-panel")
    service.enqueue(text("Beside."))
    beside.get_by_label("Message", exact=True).fill("Where?")
    beside.get_by_label("Message", exact=True).press("Shift+Enter")
    beside.locator(".codex-turn[data-turn]").filter(has_text="Beside.").wait_for()
    screenshot(page, "panel-beside")
    page.close()

    assert 1 == computing


RECORDING = """
from pathlib import Path
from codex_magic.conversation.turns import Plan, Turn
from codex_magic.functions import current_assistant

for path in sorted(Path({folder!r}).glob("*.md"))[:24]:
    answer = path.read_text().replace("{{{{SINK}}}}", {url!r}).replace("{{{{SINK_HOST}}}}", {host!r})
    turn = Turn(path.stem, (), text=answer, model="<img src=x onerror=alert(1)>")
    current_assistant().conversation.record(turn, Plan("stateless"))
%codex panel
"""


def test_hostile_answers_are_harmless_in_it(
    service: FakeService, lab: Lab, browser: Browser
) -> None:
    """Neither of 24 that stand there, nor of one that streams, runs anything or asks a network."""
    with sink() as attacker:
        folder = Path(__file__).parent.parent / "fixtures" / "hostile"
        places = {"folder": str(folder), "url": attacker.url, "host": attacker.host}
        panel = opened(browser, lab, "hostile.ipynb", [LOADING, RECORDING.format(**places)])
        page = panel.page
        page.wait_for_function("document.querySelectorAll('.codex-turn[data-turn]').length === 24")
        streamed = (folder / "img_onerror.md").read_text().replace("{{SINK}}", attacker.url)
        service.enqueue(text(f"{streamed}\n\nThe end: $x^2$."))
        panel.ask("<script>window.codexPwned = 1</script>")
        panel.answered("The end:", 25)
        page.wait_for_selector(".codex-panel mjx-container")
        handlers = page.evaluate(
            "[...document.querySelectorAll('.codex-turn *')].flatMap(one =>"
            " [...one.attributes].map(a => a.name)).filter(name => name.startsWith('on'))"
        )
        loading = page.locator(
            ".codex-turn :is(script, iframe, object, embed, form, img:not([src^='data:image/']))"
        ).count()
        pwned = [frame.evaluate("window.codexPwned !== undefined") for frame in page.frames]
        requests = list(attacker.requests)
        screenshot(page, "panel-hostile", ".codex-panel")
        page.close()

    assert ([], 0, []) == (handlers, loading, requests)
    assert not any(pwned)


def _light(colour: Any) -> float:
    """Return how light a colour like rgb(1, 2, 3) is, from 0 to 255."""
    numbers = [float(part) for part in str(colour).partition("(")[2].rstrip(")").split(",")[:3]]
    return sum(numbers) / 3
