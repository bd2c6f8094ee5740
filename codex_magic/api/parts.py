"""The content of a message as people write it → the parts that the API has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .items import Json, to_json


def parts_of(content: Any, role: str | None) -> str | list[Json]:
    """
    Return the content of a message of ``role``.

    >>> parts_of([{"type": "text", "text": "Hi"}], "user")
    [{'type': 'input_text', 'text': 'Hi'}]
    """
    if content is None or isinstance(content, str):
        return content or ""
    single = isinstance(content, Mapping) or not isinstance(content, Sequence)
    parts = [content] if single else content
    kept = [_part(part, answered=role == "assistant") for part in parts]
    return [part for part in kept if part is not None]


def plain_text(parts: Sequence[Json]) -> str:
    """Return the words of an answer's parts."""
    return "".join(part.get("text") or part.get("refusal") or "" for part in parts)


def _part(part: Any, *, answered: bool) -> Json | None:
    if isinstance(part, str):
        part = {"type": "text", "text": part}
    found: Json = to_json(part)
    kind = found.get("type")
    if kind in ("text", "input_text", "output_text"):
        return _answered(found) if answered else _asked(found)
    if kind == "image_url" or (kind == "input_image" and isinstance(found.get("image_url"), dict)):
        return _image(found)
    if kind == "file":
        return {"type": "input_file", **(found.get("file") or {})}
    return found


def _answered(part: Json) -> Json:
    return {"type": "output_text", "text": part.get("text") or "", "annotations": []}


def _asked(part: Json) -> Json:
    kept = {name: value for name, value in part.items() if name not in ("annotations", "logprobs")}
    return {**kept, "type": "input_text"}


def _image(part: Json) -> Json:
    found = part.get("image_url") or {}
    image = {"url": found} if isinstance(found, str) else found
    detail = image.get("detail") or part.get("detail") or "auto"
    return {"type": "input_image", "image_url": image.get("url"), "detail": detail}
