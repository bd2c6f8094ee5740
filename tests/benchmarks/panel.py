"""How long 200 messages take to open in a panel in JupyterLab."""

from __future__ import annotations

import time
from collections.abc import Hashable
from functools import partial

from playwright.sync_api import Browser, Page

from tests.jupyterlab import Lab, chromium, open_notebook, wait_until_idle, write_notebook

from .pages import PAINTED, lab_of
from .runner import Bench, Figures, Measure, Table, Target, interleave, number
from .runner import targets as aims

NOTE = (
    "From Shift+Enter on the cell that shows it to the paint of the last of 200 messages (347,000 "
    "characters of Markdown), in JupyterLab in Chromium; `%codex panel`, which draws the last 50 and "
    "the others when they are asked for, beside a VBox of 200 `HTML` widgets and one `HTML` widget."
)
OURS, ROWS, ONE = "`%codex panel`", "VBox of 200 HTML", "one HTML widget"
_TEXTS = """%load_ext codex_magic
import ipywidgets
from codex_magic.conversation.turns import Plan, Turn
from codex_magic.display.markdown import render
from codex_magic.functions import current_assistant
answer = "\\n\\n".join(
    f"Paragraph {{n}} says **this** and `that`.\\n\\n```python\\nvalue = compute({{n}}, 'a', factor=0.5)\\n```"
    for n in range(33)
)
texts = [f"{{answer}}\\n\\nomega{{n}}" for n in range({turns})]
for n, text in enumerate(texts):
    current_assistant().conversation.record(Turn(f"Question {{n}}?", (), text=text), Plan("stateless"))
messages = [page for n, text in enumerate(texts) for page in (f"<p>Question {{n}}?</p>", render(text))]
"""
_CELLS = {
    OURS: "%codex panel",
    ROWS: "ipywidgets.VBox([ipywidgets.HTML(page) for page in messages])",
    ONE: 'ipywidgets.HTML("".join(messages))',
}
_SHOWN = "last => [...document.querySelectorAll('.jp-OutputArea')].some(o => o.textContent.includes(last))"


def run(bench: Bench) -> list[Table]:
    """Return how long each way takes."""
    turns = max(1, 100 // bench.shorter)
    with lab_of(bench) as lab, chromium() as browser:
        ways: dict[Hashable, Measure] = {
            way: partial(_measured, lab, browser, way, turns) for way in _CELLS
        }
        results = interleave(ways, bench.rounds)
    rows = [
        [
            f"{way}",
            number(results.median(way, "opened"), 2),
            number(results.ratio(way, ONE, "opened"), 2),
        ]
        for way in ways
    ]
    return [
        Table(["layout", "to the last message, s", "÷ one widget"], rows),
        aims(Target("200 messages in a panel, s", results.median(OURS, "opened"), 2.0)),
    ]


def _measured(lab: Lab, browser: Browser, way: str, turns: int) -> Figures:
    name = f"panel-{time.monotonic_ns()}.ipynb"
    write_notebook(lab, name, [_TEXTS.format(turns=turns), _CELLS[way]])
    page = open_notebook(browser, lab, name)
    try:
        return {"opened": _opened(page, f"omega{turns - 1}")}
    finally:
        page.close()


def _opened(page: Page, last: str) -> float:
    page.click(".jp-Cell >> nth=0")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        "() => /\\[1\\]/.test(document.querySelector('.jp-InputPrompt').innerText)"
    )
    wait_until_idle(page)
    began = time.monotonic()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(_SHOWN, arg=last, polling="raf")
    page.evaluate(PAINTED)
    return time.monotonic() - began
