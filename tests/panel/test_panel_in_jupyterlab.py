"""The panel in a real JupyterLab, against the fake service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.fake_service import FakeService, text
from tests.jupyterlab import Lab, asking_lab, chromium, screenshot
from tests.panel.opened import OPENING, opened

pytestmark = pytest.mark.browser

RICH = """The two curves cross because **one saturates**; see the table.

| step | train | test |
|------|------:|-----:|
| 1 | 0.91 | 0.89 |
| 2 | 0.42 | 0.47 |

The loss is $L = -\\sum_i y_i \\log p_i$, and `fit` returns it:

```python
def fit(x, y):
    \"\"\"Return the slope.\"\"\"
    return (x @ y) / (x @ x)
```

- It is fast.
- It needs [no library](https://example.org).
"""


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


@pytest.fixture(scope="module")
def lab(service: FakeService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Yield a JupyterLab whose kernels ask the fake service."""
    with asking_lab(tmp_path_factory.mktemp("lab"), service) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a headless Chromium."""
    with chromium() as running:
        yield running


def test_an_answer_streams_into_the_panel(service: FakeService, lab: Lab, browser: Browser) -> None:
    """The first words are there before the last ones were sent; then it stays, with its footer."""
    service.enqueue(text(RICH, reasoning="**Looking** at both curves.").hold(24))
    panel = opened(browser, lab, "stream.ipynb", [OPENING])
    screenshot(panel.page, "panel-empty", ".codex-panel")

    panel.ask("Why do the curves cross?")
    panel.page.wait_for_function(
        "document.querySelector('.codex-growing').innerText.includes('two curves')"
    )
    screenshot(panel.page, "panel-streaming", ".codex-panel")
    held = panel.answers.count()
    service.release()
    panel.answered("no library", 1)
    panel.page.wait_for_selector(".codex-panel mjx-container")
    screenshot(panel.page, "panel-answer", ".codex-panel")

    assert 0 == held
    assert "1 earlier" not in panel.answers.inner_text()
    assert "sent: the prompt" in panel.answers.inner_text()
