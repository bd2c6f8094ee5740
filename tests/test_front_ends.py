"""
Programs that run notebooks, or turn them into pages, without JupyterLab.

What is seen here is the "tested here" of the README's table of front ends.
"""

from __future__ import annotations

import functools
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import papermill
import pytest
from nbconvert.exporters import HTMLExporter, MarkdownExporter, WebPDFExporter
from playwright.async_api import BrowserType
from playwright.sync_api import Browser

from codex_magic import notebook
from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.errors import ConfigError
from codex_magic.export.notebook_copy import export_notebook_copy
from tests.fake_service import FakeService, text
from tests.fake_service.__main__ import RICH, SUMMARY
from tests.jupyterlab import ARTEFACTS, chromium, chromium_path, screenshot, until
from tests.kernels import MODEL, clean_environment, environment_of

ANSWER = RICH.read_text(encoding="utf-8")
CELLS = [
    "%load_ext codex_magic\nsubject = 'nobody'",
    f"%%codex -m {MODEL} -v subject\nWhy does a damped pendulum slow down?",
]


def new_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook of code cells; the first holds papermill's parameters."""
    notebook: Any = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    for source in sources:
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        notebook.cells.append(cell)
    notebook.cells[0].metadata.tags = ["parameters"]
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    return path


def through_papermill(
    service: FakeService, folder: Path, *sources: str, **parameters: object
) -> Path:
    """Run a notebook with parameters, and return the one that papermill writes."""
    source = new_notebook(folder / "source.ipynb", *sources)
    written = folder / "written.ipynb"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**clean_environment(folder), **environment_of(service)}.items():
            patch.setenv(name, value)
        papermill.execute_notebook(
            str(source), str(written), parameters=parameters, progress_bar=False
        )
    return written


def outputs(path: Path, position: int) -> list[Any]:
    """Return the outputs of a cell of a notebook."""
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return list(notebook.cells[position].outputs)


def converted(exporter: Any, path: Path, **traits: object) -> Any:
    """Return what one of nbconvert's exporters makes of a notebook."""
    return exporter(**traits).from_filename(str(path))[0]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with a rich answer, as papermill wrote it."""
    with FakeService() as service:
        service.enqueue(text(ANSWER, reasoning=SUMMARY))
        folder = tmp_path_factory.mktemp("executed")
        return through_papermill(service, folder, *CELLS, subject="the pendulum")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as running:
        yield running


def test_papermill_writes_one_whole_answer(executed: Path) -> None:
    """What streamed is one output in its file, and the answer saw the parameters."""
    [answer] = outputs(executed, 2)

    assert {"text/html", "text/plain"} == set(answer.data)
    assert ANSWER.strip() == answer.data["text/plain"].strip()
    assert "sent: subject" in answer.data["text/html"]


def test_answers_can_be_published_as_markdown(service: FakeService, tmp_path: Path) -> None:
    """VS Code and Colab have no formulas in HTML; what is published for them is escaped."""
    service.enqueue(text("A formula \\(x^2\\), and <script>alert(1)</script>."))
    cells = ["%load_ext codex_magic\n%codex config mime=markdown", f"%%codex -m {MODEL}\nHello"]

    [answer] = outputs(through_papermill(service, tmp_path, *cells), 1)

    assert {"text/markdown", "text/plain"} == set(answer.data)
    assert "A formula $x^2$, and " in answer.data["text/markdown"]
    assert "<script" not in answer.data["text/markdown"]
    assert "sent: the prompt" in answer.data["text/markdown"]
    assert "codex_magic" in answer.metadata


def test_answers_are_shown_again_as_markdown(service: FakeService, tmp_path: Path) -> None:
    """By ``%codex show``, as a turn of long ago, and where a bare response is looked at."""
    service.enqueue(text("A formula \\(x^2\\), and <script>alert(1)</script>."))
    cells = [
        f"%load_ext codex_magic\n%codex config mime=markdown model={MODEL}",
        "answer = %codex ask -q Hello",
        "%codex show",
        "%codex show 1",
        "answer.response",
    ]
    written = through_papermill(service, tmp_path, *cells)

    for position in (2, 3, 4):
        [answer] = outputs(written, position)
        assert {"text/markdown", "text/plain"} == set(answer.data)
        assert "A formula $x^2$, and " in answer.data["text/markdown"]
        assert "<script" not in answer.data["text/markdown"]


@pytest.mark.parametrize("variable", ["", "__vsc_ipynb_file__"])
def test_markdown_is_refused_where_it_would_run(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """In a kernel of JupyterLab's server the setting is an error of one line; in VS Code, it is not."""
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/monday.ipynb")
    monkeypatch.setattr(notebook, "kernel_file", lambda: "/run/kernel-0a1b.json")
    shell = SimpleNamespace(user_ns=dict.fromkeys(filter(None, [variable]), "monday.ipynb"))
    assistant = Assistant(Codex(mime="markdown"), shell)
    refused = not variable

    with pytest.raises(ConfigError, match="mime=html") if refused else nullcontext():
        reply = assistant.preparing.begun("Hello", Options())
        assert reply.as_markdown


def test_papermill_stops_where_there_is_no_answer(service: FakeService, tmp_path: Path) -> None:
    """The cell fails in one line, so that a pipeline notices; cells below it do not run."""
    cells = ["%load_ext codex_magic", "%%codex -m no-such-model\nHello", "ran = True"]

    with pytest.raises(papermill.PapermillExecutionError, match="no-such-model"):
        through_papermill(service, tmp_path, *cells)

    written = tmp_path / "written.ipynb"
    # papermill puts a notice above what failed.
    notebook: Any = nbformat.read(written, as_version=4)  # type: ignore[no-untyped-call]
    failed = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "error"
    ]
    assert ["NotFoundError"] == [error.ename for error in failed]
    assert 1 == len(failed[0].traceback)
    assert notebook.cells[-1].execution_count is None


def test_nbconvert_writes_the_answer_as_a_page(executed: Path) -> None:
    """Folded reasoning, a table, coloured code, and formulas in the form that MathJax looks for."""
    page = converted(HTMLExporter, executed)
    answer = page[page.index('<div class="codex-reply">') :]

    assert 1 == answer.count('<details class="codex-reasoning">')
    assert 3 == len(re.findall(r'<td style="text-align:left">', answer))
    assert '<span class="k">def</span>' in answer
    assert r"\(\theta(t)\)" in answer
    assert "<script" not in answer.partition("codex-footer")[0]


def test_nbconvert_writes_markdown_of_a_copy(executed: Path, tmp_path: Path) -> None:
    """A copy by ``%codex export --notebook`` holds answers as Markdown: no HTML is left of them."""
    copy = tmp_path / "copy.ipynb"
    count_of_answers = export_notebook_copy(executed, copy)
    written = converted(MarkdownExporter, copy)

    assert 1 == count_of_answers
    assert "<div" not in written
    assert "## Why the damped pendulum slows down" in written
    assert "| under-damped | $\\gamma < \\omega_0$ | 12 swings, then rest |" in written
    assert "```python\nimport numpy as np\n" in written
    assert "$$\\ddot\\theta + 2\\gamma\\,\\dot\\theta + \\omega_0^2\\,\\theta = 0$$" in written


def test_nbconvert_writes_markdown_of_the_notebook_itself(executed: Path) -> None:
    """Without a copy, the answer stands in it as HTML, which Markdown allows."""
    written = converted(MarkdownExporter, executed)

    assert '<div class="codex-reply">' in written
    assert "<h2>Why the damped pendulum slows down</h2>" in written


@pytest.mark.browser
def test_a_converted_page_shows_code_as_code(executed: Path, browser: Browser) -> None:
    """In the page's own styles: a font of one width, and colours; the reasoning is folded."""
    path = executed.with_suffix(".html")
    path.write_text(converted(HTMLExporter, executed), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 1400})

    # MathJax is fetched from the web: no part of what is seen here.
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto(path.as_uri())
    screenshot(page, "nbconvert")

    look = page.evaluate(LOOK)
    assert "monospace" in look["font"]
    assert look["keyword"] != look["text"]
    assert not look["unfolded"]
    page.close()


@pytest.mark.browser
def test_voila_shows_the_answer(service: FakeService, tmp_path: Path, browser: Browser) -> None:
    """A dashboard asks when it is opened; math is typeset, code has colours."""
    service.enqueue(text(ANSWER, reasoning=SUMMARY))
    notebook = new_notebook(tmp_path / "dashboard.ipynb", *CELLS)

    with voila(notebook, service) as address:
        page = browser.new_page(viewport={"width": 1000, "height": 1400})
        page.goto(address)
        page.wait_for_selector(".codex-reply .codex-footer", timeout=90_000)
        page.wait_for_selector(".codex-reply mjx-container", timeout=90_000)
        screenshot(page, "voila")
        look = page.evaluate(LOOK)
        shown = page.locator("body").inner_text()
        page.close()

    assert "monospace" in look["font"]
    assert look["keyword"] != look["text"]
    assert not look["unfolded"]
    # Voilà hides the cells themselves.
    assert "%%codex" not in shown
    assert 1 == len([r for r in service.requests if r.path == "/v1/responses"])


def test_nbconvert_prints_a_copy_without_latex(
    executed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--to webpdf`` prints through Chromium: more than a page, for an answer of that length."""
    copy = tmp_path / "copy.ipynb"
    export_notebook_copy(executed, copy)
    launch = functools.partialmethod(BrowserType.launch, executable_path=chromium_path())
    monkeypatch.setattr(BrowserType, "launch", launch)

    printed = converted(WebPDFExporter, copy, disable_sandbox=True)
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "nbconvert.pdf").write_bytes(printed)

    assert printed.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed))


@contextmanager
def voila(notebook: Path, service: FakeService) -> Iterator[str]:
    """Serve a notebook as a dashboard, and return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "voila", str(notebook), "--no-browser", f"--port={port}"]
    env = {**clean_environment(notebook.parent), **environment_of(service)}
    address = f"http://127.0.0.1:{port}/"
    with (notebook.parent / "voila.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--Voila.ip=127.0.0.1"], env=env, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            until(lambda: is_listening(port), "Voilà to listen")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def is_listening(port: int) -> bool:
    """Whether somebody takes connections at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# What an answer looks like: its code, and whether its reasoning is open.
LOOK = """() => {
    const style = selector => getComputedStyle(document.querySelector('.codex-reply ' + selector));
    return {
        font: style('.highlight pre span.k').fontFamily,
        keyword: style('.highlight pre span.k').color,
        text: style('.highlight pre').color,
        unfolded: document.querySelector('.codex-reply details.codex-reasoning').open,
    };
}"""
