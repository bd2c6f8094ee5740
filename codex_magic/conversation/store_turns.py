"""A turn as the store keeps it: its fields as JSON, its images apart, each once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from ..api.items import Json, Usage
from ..records import dataclass
from .plans import Held, Link
from .turns import Turn

# A file in JSON that is shorter than this stays there.
_LONG = 1_024
_LOST = "[An image or a file was here: it was dropped, so that the store keeps its limit.]"
_APART = frozenset({"input", "output", "usage", "_encoded"})
_PLAIN = tuple(field.name for field in fields(Turn) if field.name not in _APART)


@dataclass(frozen=True, slots=True)
class Packed:
    """
    A turn, ready to be written.

    Attributes:
        body: Its fields, without the files.
        said: What a search looks at: the prompt and the answer.
        blobs: Its files, by their hash.
    """

    body: bytes
    said: bytes
    blobs: Mapping[bytes, bytes]


def pack(turn: Turn) -> Packed:
    """
    Return a turn as it is written.

    Raises:
        TypeError, ValueError, RecursionError: It holds something that is no JSON.
    """
    blobs: dict[bytes, bytes] = {}
    body: Json = {name: getattr(turn, name) for name in _PLAIN}
    if turn.usage is not None:
        body["usage"] = {f.name: getattr(turn.usage, f.name) for f in fields(Usage)}
    refs: list[Json] = []
    for name in ("input", "output"):
        body[name] = [
            _lifted(item, (name, number), refs, blobs)
            for number, item in enumerate(getattr(turn, name))
        ]
    body["files"] = refs
    return Packed(to_bytes(body), folded(f"{turn.prompt}\n{turn.text}"), blobs)


def hashes(body: Json) -> Iterator[bytes]:
    """Return the hashes of the files that a body refers to."""
    for ref in body.get("files", ()):
        yield bytes.fromhex(ref["hash"])


def unpack(body: Json, blobs: Mapping[bytes, bytes]) -> Turn:
    """Return the turn of a body, with its files in their places."""
    for ref in body.get("files", ()):
        _put_back(body, ref, blobs.get(bytes.fromhex(ref["hash"])))
    plain = {name: body[name] for name in _PLAIN if name in body}
    return Turn(
        **plain,
        input=tuple(body["input"]),
        output=tuple(body["output"]),
        usage=_usage(body.get("usage")),
    )


def _usage(counts: Json | None) -> Usage | None:
    if counts is None:
        return None
    return Usage(**{f.name: counts[f.name] for f in fields(Usage) if f.name in counts})


def _lifted(value: Any, path: tuple[Any, ...], refs: list[Json], blobs: dict[bytes, bytes]) -> Any:
    """Return JSON with its files taken out: where they were goes to ``refs``."""
    if isinstance(value, dict):
        return {
            name: _lifted(part, (*path, name), refs, blobs)
            if not _is_image_result(value, name)
            else _taken(part, "", part, (*path, name), refs, blobs)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_lifted(part, (*path, n), refs, blobs) for n, part in enumerate(value)]
    if isinstance(value, str) and len(value) >= _LONG and value.startswith("data:"):
        head, comma, tail = value.partition(",")
        return _taken(value, head + comma, tail, path, refs, blobs)
    return value


def _is_image_result(item: Json, name: str) -> bool:
    made = name == "result" and item.get("type") == "image_generation_call"
    return made and isinstance(item["result"], str)


def _taken(
    value: str,
    head: str,
    tail: str,
    path: tuple[Any, ...],
    refs: list[Json],
    blobs: dict[bytes, bytes],
) -> str:
    content = _decoded(tail)
    coded = content is not None
    if content is None:
        head, content = "", _to_utf8(value)
    digest = hashlib.sha256(content).digest()
    blobs[digest] = content
    refs.append({"path": path, "hash": digest.hex(), "head": head, "base64": coded})
    return ""


def _decoded(text: str) -> bytes | None:
    """Return the bytes of base64, if it can be made again from them, byte for byte."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode() == text else None


def _put_back(body: Json, ref: Json, content: bytes | None) -> None:
    *path, last = ref["path"]
    holder: Any = body
    above: tuple[Any, Any] = (body, path[0])
    for step in path:
        above = (holder, step)
        holder = holder[step]
    if content is not None and hashlib.sha256(content).hexdigest() == ref["hash"]:
        text = base64.b64encode(content).decode() if ref["base64"] else to_text(content)
        holder[last] = ref["head"] + text
    elif str(holder.get("type") if isinstance(holder, dict) else "").startswith("input_"):
        # A part of a message: a service would refuse one without its file.
        above[0][above[1]] = {"type": "input_text", "text": _LOST}
    elif last != "result":
        holder[last] = _LOST


def folded(text: str) -> bytes:
    """Return text as a search compares it: upper and lower case are the same."""
    return _to_utf8(text.casefold())


def to_bytes(value: Any) -> bytes:
    """Return JSON as it is written; halves of characters and NULs come back as they were."""
    if isinstance(value, str):
        return _to_utf8(value)
    return _to_utf8(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def to_json(content: bytes) -> Any:
    """Return the JSON that was written."""
    return json.loads(to_text(content))


def to_text(content: bytes) -> str:
    """Return the text that was written."""
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "replace")


def link_of(body: Json) -> Link | None:
    """Return the link of a conversation; what the service holds may have changed since."""
    link = body.get("link")
    if not link:
        return None
    held = tuple(Held(turn_id, tuple(shape)) for turn_id, shape in link["held"])
    return Link(link["conversation_id"], link["service"], held)


def link_json(link: Link | None) -> Json | None:
    """Return a link as JSON."""
    if link is None:
        return None
    held = [[held.turn_id, held.shape] for held in link.held]
    return {"conversation_id": link.conversation_id, "service": link.service, "held": held}


def _to_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
