"""How long JupyterLab takes to show the end of a long answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.jupyterlab import Lab, chromium, jupyterlab, open_notebook, write_notebook

from .runner import Bench, Figures, Measure, Table, Target, clean_environment, interleave, number
from .runner import targets as aims
from .service import served

NOTE = (
    "From the last delta of 60,000 characters in 15,000 deltas, one every 0.5 ms, to the paint of "
    "its last word, in JupyterLab in Chromium; `%%codex` beside a cell that shows the whole text as "
    "Markdown ten times a second. When an answer has ended, one output takes the place of those that "
    "grew, which is what stays."
)
OURS, TEN_HZ = "`%%codex`", "the whole text as Markdown, ten times a second"
_TEN_HZ = """
import json, os, time, httpx, httpx_sse
from IPython.display import Markdown, display
body = {{"model": "{model}", "input": "Hi", "stream": True}}
handle, text, due = display(Markdown(""), display_id=True), "", 0.0
with httpx.stream("POST", os.environ["OPENAI_BASE_URL"] + "/responses", json=body) as response:
    for event in httpx_sse.EventSource(response).iter_sse():
        data = json.loads(event.data)
        text += data["delta"] if data["type"] == "response.output_text.delta" else ""
        if time.monotonic() > due:
            handle.update(Markdown(text))
            due = time.monotonic() + 0.1
handle.update(Markdown(text))
"""
_SHOWN = "() => [...document.querySelectorAll('.jp-OutputArea')].some(o => o.textContent.includes('omega'))"
PAINTED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))"


def run(bench: Bench) -> list[Table]:
    """Return how far the page is behind, of ours and of ten updates a second."""
    with lab_of(bench) as lab, chromium() as browser:
        ways: dict[Hashable, Measure] = {
            way: partial(_measured, bench, lab, browser, way) for way in (OURS, TEN_HZ)
        }
        results = interleave(ways, bench.rounds)
    rows = [
        [
            f"{way}",
            number(results.median(way, "behind"), 2),
            number(results.median(way, "stays"), 2),
            number(results.ratio(way, TEN_HZ, "behind"), 3),
        ]
        for way in ways
    ]
    return [
        Table(
            [
                "cell",
                "last delta to last word, s",
                "to the output that stays, s",
                "÷ ten times a second",
            ],
            rows,
        ),
        aims(
            Target("last delta to final text in JupyterLab, s", results.median(OURS, "behind"), 0.3)
        ),
    ]


@contextmanager
def lab_of(bench: Bench) -> Iterator[Lab]:
    """Run a JupyterLab whose kernels ask the service of the benchmarks."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**clean_environment(), "OPENAI_API_KEY": "bench", "OPENAI_BASE_URL": bench.base_url}
        env["CODEX_MAGIC_DATA_DIR"] = f"{folder}/data"
        with jupyterlab(Path(folder) / "lab", env=env) as lab:
            yield lab


def _measured(bench: Bench, lab: Lab, browser: Browser, way: str) -> Figures:
    model = f"bench-{15_000 // bench.shorter}-500-4"
    cell = f"%%codex --once -m {model}\nHi" if way == OURS else _TEN_HZ.format(model=model)
    name = f"{'ours' if way == OURS else 'theirs'}-{time.monotonic_ns()}.ipynb"
    write_notebook(lab, name, ["%load_ext codex_magic", cell])
    page = open_notebook(browser, lab, name)
    try:
        behind, last = _behind(page, bench)
        return {"behind": behind, "stays": _stays(page, last) if way == OURS else behind}
    finally:
        page.close()


def _behind(page: Page, bench: Bench) -> tuple[float, float]:
    """Return how late the last word is shown, and when its delta was sent."""
    page.click(".jp-Cell >> nth=0")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        "() => /\\[1\\]/.test(document.querySelector('.jp-InputPrompt').innerText)"
    )
    asked = len(served(bench.base_url))
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(_SHOWN, polling="raf")
    page.evaluate(PAINTED)
    shown, last = time.monotonic(), float(served(bench.base_url)[asked]["last"])
    return shown - last, last


def _stays(page: Page, last: float) -> float:
    """Return how late the one output is shown that takes the place of what grew."""
    page.wait_for_selector(".codex-reply .codex-footer")
    page.evaluate(PAINTED)
    return time.monotonic() - last
