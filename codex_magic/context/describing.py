"""A cell as a model reads it: source, outputs in their order, and its images beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..records import dataclass
from .cell_text import shorten, without_blobs
from .executions import Output
from .html_tables import html_text
from .overlay import Cell
from .pieces import Attachment, Picture, Piece
from .saved_outputs import IMAGES, picture, recorded

# Returns an image by its key, with data, mime, width and height; None where it is kept no more.
Images = Callable[[str], Any]

_WIDGET = "application/vnd.jupyter.widget-view+json"
_TITLES = {"result": "Out [{}]:", "display": "display:", "error": "error:"}
_SHORT = 200
# Characters of HTML that are read for one that is sent.
_MARKUP = 16
# Characters below which nothing of a cell is cut, however many cells there are.
_LEAST = 600
# An object's name says nothing beside its picture or its table.
_NAME_ONLY = re.compile(r"\s*<[^\n]*>\s*|\s*(?:Figure|Axes)\([^\n]*\)\s*|")
# What libraries write where a table does not fit, and pandas where it is wrapped.
_PARTIAL = re.compile(r"\.\.\.|…|\\\n|[┌╭]")


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How many characters of a cell are sent, about.

    Attributes:
        source: Of its source, or of its text.
        output: Of one output.
        cell: Of all of its outputs together.
    """

    source: int = 12_000
    output: int = 4_000
    cell: int = 12_000

    @classmethod
    def sharing(cls, room: int, cells: int) -> Limits:
        """
        Return limits for many cells, which have so many characters together.

        Most cells are short: each may take three times its share; ``budget.fitted`` cuts the rest.
        """
        share = max(3 * room // max(cells, 1), _LEAST)
        usual = cls()
        return cls(min(usual.source, share), min(usual.output, share), min(usual.cell, share))


def describe(
    cell: Cell,
    images: Images = lambda key: None,
    *,
    source: bool = True,
    outputs: bool = True,
    limits: Limits | None = None,
) -> list[Attachment]:
    """
    Return a cell as text, with its images behind it in their order.

    Args:
        cell: The cell.
        images: Returns the image of a key.
        source: Whether its source goes along; ``@Out[3]`` is without.
        outputs: Whether its outputs go along.
        limits: How much of it is sent.
    """
    writer = _Writer(cell, images, limits or Limits())
    if source or cell.kind != "code":
        writer.write_source()
    if outputs:
        writer.write_outputs()
        writer.take_attachments()
    return [writer.piece(), *writer.pictures]


def text_size(cell: Cell) -> int:
    """Return about how many characters a cell's text has, once it is cut."""
    limits = Limits()
    size = sum(min(len(output.text), limits.output) for output, _ in _outputs(cell))
    return min(len(cell.source), limits.source) + min(size, limits.cell)


def _outputs(cell: Cell) -> Iterator[tuple[Output, Any]]:
    """Yield the outputs of a cell, those of the file with their image."""
    if cell.execution is not None:
        for output in list(cell.execution.outputs):
            yield output, None
    elif cell.saved is not None:
        yield from recorded(cell.saved.outputs)


class _Writer:
    """Puts the parts of a cell together."""

    def __init__(self, cell: Cell, images: Images, limits: Limits) -> None:
        self._cell, self._images, self._limits = cell, images, limits
        self._number = cell.count or " "
        self._parts: list[str] = []
        self._notes = [cell.note] if cell.note else []
        self._room = limits.cell
        self._figures = 0
        self.pictures: list[Picture] = []

    def piece(self) -> Piece:
        """Return the text."""
        return Piece(self._cell.label, "\n\n".join(self._parts), "cell", "; ".join(self._notes))

    def write_source(self) -> None:
        """Write what the user wrote."""
        text, note = shorten(self._cell.source, self._limits.source, without_blobs)
        self._note("source", note)
        code = self._cell.kind == "code"
        self._parts.append(f"In [{self._number}]:\n{text}" if code else text)

    def write_outputs(self) -> None:
        """Write the outputs, in their order; where they are too many, the last ones count most."""
        outputs = list(_outputs(self._cell))
        written = [self._output(output, image) for output, image in outputs]
        first = len(written)
        while first and (len(written[first - 1]) <= self._room or first == len(written)):
            first -= 1
            self._room -= len(written[first])
        if first:
            note = f"{first} of {len(written)} outputs left out"
            self._notes.append(note)
            written[:first] = [f"[… {note} …]"]
        self._parts.extend(filter(None, written))

    def take_attachments(self) -> None:
        """Take the images that were pasted into a Markdown cell."""
        attachments = self._cell.saved.attachments if self._cell.saved else {}
        for name, bundle in attachments.items():
            if image := picture(bundle):
                self._take(f"{name} of {self._cell.label}", image)

    def _output(self, output: Output, image: Any) -> str:
        if output.kind == "stream":
            text, title = self._short(output, output.name), f"{output.name or 'stdout'}:"
        else:
            text, title = self._shown(output, image), _TITLES[output.kind].format(self._number)
        return f"{title}\n{text}" if text else ""

    def _shown(self, output: Output, image: Any) -> str:
        """Return what stands for a result, a display or an error."""
        parts = [self._figure(output, image)] if output.image else []
        if _WIDGET in output.mimes:
            text = shorten(output.text, _SHORT)[0]
            parts.append(f"[widget: {' '.join(text.split())}]" if text else "[widget]")
        elif not (parts and _NAME_ONLY.fullmatch(output.text[:_SHORT])):
            parts.append(self._words(output))
        if not any(parts) and output.mimes:
            parts.append(f"[{', '.join(output.mimes)}]")
        return "\n".join(filter(None, parts))

    def _words(self, output: Output) -> str:
        """Return a display's text: the plain one where it is whole, else what its HTML says."""
        name_only = len(output.text) <= _SHORT and _NAME_ONLY.fullmatch(output.text)
        table = "<table" in output.html and _PARTIAL.search(output.text)
        if output.html and (name_only or table):
            text, note = shorten(
                html_text(output.html, _MARKUP * self._limits.output), self._limits.output
            )
            if text:
                self._note("output", note)
                return text
        return self._short(output, "output")

    def _short(self, output: Output, what: str) -> str:
        # Of a display with HTML it is the HTML that may have been cut.
        lost = output.cut if not (output.html and output.text) else 0
        text, note = shorten(output.text, self._limits.output, lost=lost)
        self._note(what, note)
        return text

    def _figure(self, output: Output, image: Any) -> str:
        """Take an output's image, and return what stands for it in the text."""
        self._figures += 1
        label = f"figure of {self._cell.label}"
        if self._figures > 1:
            label = f"figure {self._figures} of {self._cell.label}"
        image = self._images(output.image) if image is None else image
        if image is None:
            return f"[{label}: not kept any more]"
        if image.mime not in IMAGES:
            return f"[{label}: {image.mime}, which models do not take]"
        self._take(label, image)
        return f"[{label}]"

    def _take(self, label: str, image: Any) -> None:
        size = (image.width or 0, image.height or 0)
        self.pictures.append(Picture(label, image.data, image.mime, "", *size))

    def _note(self, what: str, note: str) -> None:
        if note:
            self._notes.append(f"{what}: {note}")
