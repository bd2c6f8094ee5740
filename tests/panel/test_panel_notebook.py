"""The notebook about the panel, as a new user runs it; and the panel with the embedded model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fake_service import FakeService, text
from tests.jupyterlab import chromium, jupyterlab, screenshot
from tests.kernels import environment_of
from tests.panel.opened import opened
from tests.test_notebooks import execute, outputs


def test_the_panel_notebook_runs() -> None:
    """The panel is a widget of the notebook, and what a cell asks is drawn again."""
    with FakeService() as service:
        service.enqueue(text("Two cities and how many people live there."))
        notebook = execute("panel.ipynb", **environment_of(service))

    panel = outputs(notebook, "panel")[0]
    assert "application/vnd.jupyter.widget-view+json" in panel.data
    kept = outputs(notebook, "keep")[0].data
    assert "Two cities" in kept["text/plain"]
    assert "<blockquote>What is in @table?" in kept["text/html"]
    assert "Two cities" in kept["text/html"]


@pytest.mark.browser
@pytest.mark.local_model
def test_the_embedded_model_answers_in_the_panel(tmp_path: Path) -> None:
    """Without a key, an answer of the embedded model comes, with the line that says so."""
    home = {"HOME": os.environ["HOME"]} if "HOME" in os.environ else {}
    with jupyterlab(tmp_path, env=home) as lab, chromium() as browser:
        panel = opened(browser, lab, "local.ipynb", ["%load_ext codex_magic\n%codex panel"])
        panel.ask("What is a notebook? One sentence.")
        panel.answers.first.wait_for(timeout=240_000)
        said = panel.answers.first.inner_text()
        screenshot(panel.page, "panel-local", ".codex-panel")

    assert "no coding assistant" in said
    assert "SmolLM2" in said or "smollm2" in said
