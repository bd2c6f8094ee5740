"""Content parts: what messages are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from ..records import dataclass
from .wire import Json, Wire, by_type, one, view, words

if TYPE_CHECKING:
    from .annotations import Annotation

Detail = Literal["auto", "low", "high", "original"]


@dataclass(frozen=True, slots=True)
class InputText(Wire):
    """A piece of text in a message to the model."""

    text: str
    type: str = "input_text"
    prompt_cache_breakpoint: Json | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class InputImage(Wire):
    """An image in a message to the model: an address, or a ``data:`` URL with base64."""

    image_url: str | None = None
    detail: Detail = "auto"
    type: str = "input_image"
    file_id: str | None = None
    prompt_cache_breakpoint: Json | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class InputFile(Wire):
    """A file in a message to the model, by id, by address, or as a ``data:`` URL."""

    file_id: str | None = None
    file_url: str | None = None
    file_data: str | None = None
    filename: str | None = None
    type: str = "input_file"
    detail: str | None = field(default=None, repr=False)
    prompt_cache_breakpoint: Json | None = field(default=None, repr=False)


ContentPart = InputText | InputImage | InputFile


@dataclass(frozen=True, slots=True)
class OutputText(Wire):
    """A piece of the answer's text."""

    text: str
    type: str = "output_text"
    annotations: Sequence[Annotation] = field(default=(), repr=False)
    logprobs: Sequence[Json] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class OutputRefusal(Wire):
    """The model's words for why it does not answer."""

    refusal: str
    type: str = "refusal"


OutputContent = OutputText | OutputRefusal | Json


def parse_content(data: Json) -> OutputContent:
    """Return the typed view of a content part of an answer."""
    match data.get("type"):
        case "output_text":
            # A service may send null for a text that has not begun.
            annotations = _annotations(data.get("annotations"))
            return view(OutputText, data, text=words(data.get("text")), annotations=annotations)
        case "refusal":
            return view(OutputRefusal, data)
        case _:
            return data


def parse_parts(content: Any) -> Sequence[OutputContent]:
    """Return the parts of an answer; some services send a plain text instead."""
    if isinstance(content, str):
        return [OutputText(content)]
    return [parse_content(part) for part in content or ()]


def _annotations(found: Any) -> Any:
    if not found or not isinstance(found, list):
        return () if found is None else found
    from .annotations import parse_annotation  # Most answers cite nothing.

    return [parse_annotation(each) for each in found]


parse_input_content = by_type(
    {
        "input_text": one(InputText),
        "input_image": one(InputImage),
        "input_file": one(InputFile),
        "output_text": parse_content,
        "refusal": one(OutputRefusal),
    }
)
