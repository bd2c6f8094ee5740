"""Tests of the look at a request: all of it is text, and the images are the images."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from codex_magic.display.preview import preview_html, preview_text, shortened
from tests.context.pixels import png

ADDRESS = "https://api.example.org/v1/responses"
HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=\"alert('1')\">"


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def message(*parts: dict[str, Any] | str) -> dict[str, Any]:
    """Return a user message."""
    content: Any = parts[0] if isinstance(parts[0], str) else list(parts)
    return {"type": "message", "role": "user", "content": content}


def image(url: str) -> dict[str, Any]:
    """Return an image as a part of a message."""
    return {"type": "input_image", "image_url": url, "detail": "auto"}


def data_url(data: bytes, mime: str = "image/png") -> str:
    """Return bytes as an address."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def page_of(*parts: dict[str, Any] | str, **body: Any) -> str:
    """Return the page of a question."""
    question = message(*parts)
    return preview_html(
        ADDRESS, {"model": "m", "input": [question], **body}, [question], "Nothing is sent"
    )


@pytest.mark.parametrize(
    "page",
    [
        page_of(HOSTILE),
        page_of({"type": "input_text", "text": HOSTILE}),
        page_of({"type": "input_file", "filename": HOSTILE, "file_data": data_url(b"%PDF")}),
        page_of(image(f"https://example.org/{HOSTILE}")),
        page_of(image(f"data:image/png;base64,{HOSTILE}")),
        page_of("Why?", instructions=HOSTILE, metadata={HOSTILE: HOSTILE}),
        preview_html(HOSTILE, {"input": [message("Why?")]}, [message("Why?")], HOSTILE),
        preview_html(
            ADDRESS, {"input": [message(HOSTILE), message("Why?")]}, [message("Why?")], ""
        ),
    ],
    ids=["prompt", "piece", "file", "address", "image", "request", "summary", "earlier"],
)
def test_nothing_in_a_request_is_more_than_text(page: str) -> None:
    """Wherever it stands, it makes no tag and no attribute."""
    tags = Tags(page).found

    assert not {"script", "a", "iframe"} & {tag for tag, _ in tags}
    assert {"style", "src", "class"} >= {name for _, attributes in tags for name in attributes}
    images = [attributes["src"] or "" for tag, attributes in tags if tag == "img"]
    assert all(source.startswith("data:image/") for source in images)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a.png",
        "http://127.0.0.1/a.png",
        "//example.org/a.png",
        "data:text/html;base64,PHNjcmlwdD4=",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_image_from_elsewhere_is_its_address(address: str) -> None:
    """Nothing is fetched because somebody looks."""
    page = page_of(image(address))

    assert "<img" not in page
    assert address in page


def test_an_image_is_shown_as_it_would_be_sent() -> None:
    """Small on the page, with all of its bytes, and how much it is."""
    data = png((60, 40))

    page = page_of(image(data_url(data)))

    [attributes] = [attributes for tag, attributes in Tags(page).found if tag == "img"]
    assert data_url(data) == attributes["src"]
    assert "max-width" in str(attributes["style"])
    assert f"60×40 px, {len(data) / 1000:,.0f} kB" in page


def test_an_image_of_unknown_size_has_its_bytes() -> None:
    """What cannot be read has no pixels to tell of."""
    assert "<small>3 kB</small>" in page_of(image(data_url(bytes(3_000))))


def test_the_question_is_open_and_the_rest_is_folded() -> None:
    """What was said before and the parameters are there for who wants to know."""
    earlier, question = message("Before"), message("Why?")
    body = {"model": "m", "instructions": "Be brief.", "input": [earlier, question]}

    page = preview_html(ADDRESS, body, [question], "Nothing is sent")

    shown, *folded = re.split(r"<details>", page)
    assert "Why?" in shown
    assert "Before" not in shown
    assert ["Before" in part for part in folded] == [True, False]
    assert "Be brief." in folded[1]
    assert not any("Why?" in part for part in folded)


def test_the_text_is_the_request() -> None:
    """All of it, as JSON; only the base64 of images is cut."""
    data = data_url(bytes(9_000))
    body = {"model": "m", "input": [message(image(data), {"type": "input_text", "text": "Größe?"})]}

    shown = preview_text(ADDRESS, body, "Nothing is sent")

    first, rest = shown.split("\n", 1)
    request, _, last = rest.rpartition("\n\n")
    assert (f"POST {ADDRESS}", "Nothing is sent") == (first, last)
    assert shortened(body) == json.loads(request)
    assert f"… ({len(data):,} characters)" in request
    assert "Größe?" in request


def test_only_data_is_shortened() -> None:
    """A long text that is not one address of data stays whole."""
    long = "data is long. " * 1_000

    assert {"a": [long, 1, None]} == shortened({"a": [long, 1, None]})
