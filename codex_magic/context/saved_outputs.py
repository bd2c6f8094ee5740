"""The outputs that a notebook's file holds, as those that were recorded."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from typing import Any

from ..notebook import joined
from ..records import dataclass
from .executions import Output
from .images import size_of

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
# Types whose text says more than the name of an object.
_TEXTS = ("text/markdown", "text/latex")
_STRUCTURED = "application/json"


@dataclass(frozen=True, slots=True)
class SavedImage:
    """An image of a notebook's file, with the fields of those that were recorded."""

    data: bytes
    mime: str
    width: int = 0
    height: int = 0


def recorded(outputs: Iterable[dict[str, Any]]) -> Iterator[tuple[Output, SavedImage | None]]:
    """Yield nbformat's outputs as recorded ones, each with its image; what is none is left out."""
    for output in outputs:
        match output.get("output_type"):
            case "stream":
                name = "stderr" if output.get("name") == "stderr" else "stdout"
                yield Output("stream", name=name, text=joined(output.get("text"))), None
            case "error":
                yield Output("error", text=_traceback(output)), None
            case "display_data" | "execute_result" as kind:
                bundle = output.get("data")
                yield _shown(kind, bundle if isinstance(bundle, dict) else {})


def _traceback(output: dict[str, Any]) -> str:
    lines = output.get("traceback")
    if isinstance(lines, list) and lines:
        return "\n".join(line for line in lines if isinstance(line, str))
    return f"{joined(output.get('ename'))}: {joined(output.get('evalue'))}"


def _shown(kind: str, bundle: dict[str, Any]) -> tuple[Output, SavedImage | None]:
    image = picture(bundle)
    return Output(
        "result" if kind == "execute_result" else "display",
        text=_plain(bundle),
        html=joined(bundle.get("text/html")),
        image="saved" if image else "",
        mimes=tuple(bundle),
    ), image


def _plain(bundle: dict[str, Any]) -> str:
    plain = joined(bundle.get("text/plain"))
    if plain and not plain.startswith("<IPython."):
        return plain
    for mime in _TEXTS:
        if text := joined(bundle.get(mime)):
            return text
    if _STRUCTURED in bundle:
        return json.dumps(bundle[_STRUCTURED], ensure_ascii=False)
    return plain


def picture(bundle: Any) -> SavedImage | None:
    """Return the image of a MIME bundle; None where it holds none that a model can take."""
    for mime in IMAGES:
        encoded = joined(bundle.get(mime)) if isinstance(bundle, dict) else ""
        if encoded:
            try:
                data = base64.b64decode("".join(encoded.split()), validate=True)
            except (ValueError, binascii.Error):
                continue
            return SavedImage(data, mime, *size_of(data, mime))
    return None
