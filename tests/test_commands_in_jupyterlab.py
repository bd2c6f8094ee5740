"""What commands list, as a real JupyterLab shows it: tables, settings, and a line that goes on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.fake_service import FakeService, text
from tests.jupyterlab import (
    LOADING,
    asking_lab,
    chromium,
    open_notebook,
    run_all,
    screenshot,
    use_dark_theme,
    write_notebook,
)

pytestmark = pytest.mark.browser

CELLS = [
    LOADING,
    "%codex ask -q How long do cats sleep?",
    "%codex ask --background Slow?",
    "%codex jobs",
    "%codex status",
    "%codex usage",
    "%codex models gpt-5",
    "%codex config",
]


def test_what_commands_list_is_readable(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tables stay tables, in the light and in the dark; an answer takes its line's place."""
    folder = tmp_path_factory.mktemp("lab")
    with FakeService() as service, asking_lab(folder, service) as lab, chromium() as browser:
        service.enqueue(text("About 16 hours."), text("A slow answer.").hold(1))
        write_notebook(lab, "commands.ipynb", CELLS)
        page = open_notebook(browser, lab, "commands.ipynb")
        page.set_viewport_size({"width": 1_100, "height": 2_600})
        run_all(page)
        expect(page.get_by_text("In the background").first).to_be_visible()
        screenshot(page, "commands-light")
        use_dark_theme(page)
        screenshot(page, "commands-dark")
        tables = page.locator(".jp-OutputArea-output table")
        heads = tables.evaluate_all("all => all.map(t => t.innerText.split('\\n')[0])")
        service.release()

        expect(page.get_by_text("A slow answer.").first).to_be_visible()
        assert 3 <= len(heads), heads
