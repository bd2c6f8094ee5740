"""What of an input a service cannot take at all, found before it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import InvalidRequestError
from .backends import Backend
from .items import Json


def check_input(items: str | Sequence[Json | bytes], backend: Backend) -> None:
    """
    See to it that a service can read an input.

    Raises:
        InvalidRequestError: It has an image or a file that the service cannot read.
    """
    if isinstance(items, str) or _reads_all(backend):
        return
    for part in _parts(items):
        if problem := _problem(part, backend):
            raise InvalidRequestError(problem, param="input")


def says_json(items: Any) -> bool:
    """Whether the word "JSON" is anywhere in an input, as JSON mode wants it."""
    if isinstance(items, str):
        return "json" in items.lower()
    if isinstance(items, bytes):
        return b"json" in items.lower()
    if isinstance(items, dict):
        return any(says_json(items.get(name)) for name in ("content", "text", "output"))
    return isinstance(items, Iterable) and any(says_json(item) for item in items)


def _reads_all(backend: Backend) -> bool:
    return backend.files and backend.image_urls and backend.vision is not False


def _parts(items: Iterable[Json | bytes]) -> Iterator[Json]:
    for item in items:
        if isinstance(item, dict):
            for name in ("content", "output"):
                parts = item.get(name)
                if isinstance(parts, list):
                    yield from parts


def _problem(part: Json, backend: Backend) -> str | None:
    kind = part.get("type")
    if kind == "input_file" and not backend.files:
        return f"{backend.title} reads no files. Put the text itself into the message."
    if kind != "input_image":
        return None
    if backend.vision is False:
        return f"{backend.title} sees no images. Name a service and a model that does."
    if backend.image_urls or str(part.get("image_url") or "").startswith("data:"):
        return None
    return f"{backend.title} fetches no images. Give the image as a data: URL with base64."
