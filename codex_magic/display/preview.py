"""What would be sent, shown to the user: text as text, images as thumbnails."""

from __future__ import annotations

import binascii
import html
import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..api.items import Json
from ..context.images import size_of

_LONG = 2_000
_THUMBNAIL = "max-width:240px;max-height:160px"


def preview_text(address: str, body: Json, summary: str) -> str:
    """Return a request as text; what stands for the base64 of an image is its size."""
    shown = json.dumps(shortened(body), indent=2, ensure_ascii=False)
    return f"POST {address}\n{shown}\n\n{summary}"


def preview_html(address: str, body: Json, question: Sequence[Json], summary: str) -> str:
    """
    Return a request as HTML: the question's parts as they are, everything else folded.

    Args:
        address: Where it would go.
        body: All of it.
        question: The items of the question itself.
        summary: What it comes to, in one line.
    """
    parts = "".join(_part(part) for item in question for part in _parts(item))
    rest = {name: value for name, value in body.items() if name != "input"}
    earlier = (body.get("input") or [])[: -len(question) or None]
    return (
        f'<div class="codex-preview"><div><small>{_escaped(summary)}</small></div>{parts}'
        f"{_folded(f'Earlier in the conversation: {len(earlier)} items', earlier)}"
        f"{_folded(f'POST {address}', rest)}</div>"
    )


def _parts(item: Json) -> Iterator[Json]:
    content = item.get("content")
    if isinstance(content, str):
        yield {"type": "input_text", "text": content}
    else:
        yield from content or ()


def _part(part: Json) -> str:
    if part.get("type") == "input_image":
        return _image(str(part.get("image_url") or ""))
    if part.get("type") == "input_file":
        return f"<p>{_escaped(str(part.get('filename')))}</p>"
    return f'<pre style="white-space:pre-wrap">{_escaped(str(part.get("text", "")))}</pre>'


def _image(url: str) -> str:
    if not url.startswith("data:image/"):
        # Looking at it would be a request: nothing leaves the machine for a preview.
        return f"<p>{_escaped(url)}</p>"
    return f'<p><img src="{_escaped(url)}" style="{_THUMBNAIL}"> <small>{_size(url)}</small></p>'


def _size(url: str) -> str:
    """Return the pixels of an image, where it says them, and its bytes."""
    head, _, encoded = url.partition(",")
    try:
        data = binascii.a2b_base64(encoded)
    except ValueError:
        data = b""
    width, height = size_of(data, head.removeprefix("data:").partition(";")[0])
    pixels = f"{width}×{height} px, " if width and height else ""
    return f"{pixels}{len(data) / 1000:,.0f} kB"


def _folded(title: str, value: Any) -> str:
    if not value:
        return f"<p><small>{_escaped(title)}</small></p>"
    shown = json.dumps(shortened(value), indent=2, ensure_ascii=False)
    return (
        f"<details><summary><small>{_escaped(title)}</small></summary>"
        f'<pre style="white-space:pre-wrap">{_escaped(shown)}</pre></details>'
    )


def _escaped(text: str) -> str:
    return html.escape(text)


def shortened(value: Any) -> Any:
    """Return a value with its data URLs cut to their beginning."""
    if isinstance(value, dict):
        return {name: shortened(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shortened(member) for member in value]
    if isinstance(value, str) and value.startswith("data:") and len(value) > _LONG:
        return f"{value[:60]}… ({len(value):,} characters)"
    return value
