"""What comes back besides words, as a real JupyterLab shows it: tables, trees, sources and images."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser

from tests.fake_service import (
    FakeService,
    cited,
    code_interpreter,
    image_generation,
    page,
    text,
    together,
    web_search,
)
from tests.jupyterlab import (
    LOADING,
    Lab,
    open_notebook,
    run_all,
    screenshot,
    use_dark_theme,
    write_notebook,
)

pytestmark = pytest.mark.browser

TYPES = """
from pydantic import BaseModel

class Curve(BaseModel):
    name: str
    saturates_at: float | None
    notes: list[str]

class Report(BaseModel):
    title: str
    curves: list[Curve]
"""
RED = '{"name": "red", "saturates_at": 0.5, "notes": ["steep", "noisy"]}'
BLUE = '{"name": "<i>blue</i>", "saturates_at": null, "notes": []}'
TOLD = "Cats sleep about 16 hours a day. Kittens sleep more."


def drawn() -> str:
    """A small image, in base64."""
    kept = io.BytesIO()
    image = Image.new("RGB", (120, 60), "white")
    ImageDraw.Draw(image).ellipse((10, 10, 110, 50), fill="tomato")
    image.save(kept, "PNG")
    return base64.b64encode(kept.getvalue()).decode()


@pytest.fixture(scope="module")
def service() -> Iterator[FakeService]:
    """Yield a service."""
    with FakeService() as running:
        yield running


def test_results_are_shown(service: FakeService, lab: Lab, browser: Browser) -> None:
    """Tables of objects, sources as links that stay in the page, and images that are loaded."""
    logs = {"type": "logs", "logs": "16"}
    service.enqueue(
        text(f'{{"value": [{RED}, {BLUE}]}}'),
        text(f'{{"title": "Two curves", "curves": [{RED}, {BLUE}]}}'),
        together(
            web_search("sleep of cats"),
            code_interpreter("print(2 * 8)", logs),
            image_generation(drawn(), "a red ellipse"),
            cited(
                TOLD, page(TOLD, "Cats sleep about 16 hours a day.", "https://a.example", "Cats")
            ),
        ),
    )
    cells = [
        LOADING,
        TYPES,
        "%%codex --schema list[Curve] -o curves\nWhich curves?",
        "%%codex --schema Report\nA report, please.",
        "%%codex -t web_search code_interpreter image_generation\nHow long do cats sleep?",
    ]
    write_notebook(lab, "results.ipynb", cells)

    opened = open_notebook(browser, lab, "results.ipynb")
    run_all(opened)
    opened.wait_for_selector(".codex-sources a")
    screenshot(opened, "results-light")
    headings = opened.locator(".codex-table").first.locator("thead th").all_inner_texts()
    loaded = opened.locator(".codex-reply img").evaluate_all("all => all.map(i => i.naturalWidth)")
    link = opened.locator(".codex-sources a")
    said = opened.get_by_text("Kittens sleep more.").inner_text()
    use_dark_theme(opened)
    screenshot(opened, "results-dark")

    assert ["", "name", "saturates_at", "notes"] == headings
    assert 0 == opened.locator(".codex-table i").count()
    assert [120] == loaded
    assert "https://a.example/" == link.evaluate("a => a.href")
    assert 3 == opened.locator(".codex-call").count()
    assert "Cats sleep about 16 hours a day. [1] Kittens sleep more." == said
    assert 0 == opened.locator("mjx-container").count()
