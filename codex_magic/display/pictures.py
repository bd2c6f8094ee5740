"""The images that a model made, shown where they are part of the answer itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..api.items import Json
from ..api.wire import objects
from ..records import dataclass
from .markdown import escape, escape_text
from .sanitize import is_embedded_image

# Characters of base64: what is larger would stay in every saved notebook.
LARGEST = 12_000_000
_MIME = {"jpg": "jpeg"}


@dataclass(frozen=True, slots=True)
class Picture:
    """
    An image of a question or an answer.

    Attributes:
        label: What it is called.
        address: Where it is: a data URL, or an address elsewhere.
    """

    label: str
    address: str


def made_pictures(items: Iterable[Json]) -> list[Picture]:
    """Return the images that the model made, or that its programs drew."""
    addresses = [address for item in items for address in _addresses(item)]
    return [Picture(f"made image {n}", address) for n, address in enumerate(addresses, start=1)]


def pictures_html(pictures: Sequence[Picture]) -> str:
    """Return images; one that would have to be fetched is its address."""
    return "".join(f"<p>{_html(picture)}</p>" for picture in pictures)


def _html(picture: Picture) -> str:
    address = picture.address
    if len(address) > LARGEST:
        return escape_text(f"{picture.label}: {len(address) * 3 / 4e6:.0f} MB, too large to show")
    if is_embedded_image(address):
        return f'<img src="{escape(address)}" alt="{escape(picture.label)}">'
    return escape_text(f"{picture.label}, not loaded: {address[:200]}")


def _addresses(item: Json) -> Iterator[str]:
    if item.get("type") == "image_generation_call" and isinstance(item.get("result"), str):
        kind = str(item.get("output_format") or "png")
        if item["result"]:
            yield f"data:image/{_MIME.get(kind, kind)};base64,{item['result']}"
    elif item.get("type") == "code_interpreter_call":
        for output in objects(item.get("outputs")):
            if output.get("type") == "image" and isinstance(output.get("url"), str):
                yield output["url"]
