"""From what a question names to what goes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..errors import ContextError
from . import cells, figures, files, mentions, tracebacks, variables
from .budget import tokens
from .describing import Limits
from .mentions import Mention
from .one_line import named_value
from .open_figures import is_figure
from .pieces import Attachment, Document, Picture, Piece
from .recorder import Recorder
from .renderings import pictures_of
from .wanted import Gathered, Labelled, Scene, Wanted

# Characters that cells may take before they are described, for a token of the allowance.
_CHARACTERS = 4
_NAMED = 6
_SPECIAL = ("In", "Out", "cell", "fig", "error", "file")
# How those that take something are written.
_WRITTEN = {"In": "In[3]", "Out": "Out[3]", "cell": "cell[3]", "file": "file:PATH"}


def gather(prompt: str, wanted: Wanted, scene: Scene, room: int) -> Gathered:
    """
    Return what a question names, in its options and in its words.

    Args:
        prompt: The question.
        wanted: Its options.
        scene: Where it is asked.
        room: Tokens that all of it may take, about; ``budget.fitted`` cuts what is more.

    Raises:
        ContextError: Something that an option names is not there; the message says what is.
    """
    gathering = _Gathering(scene, room)
    gathering.take_options(wanted)
    for mention in mentions.find(prompt):
        gathering.mention(mention)
    return gathering.gathered()


class _Gathering:
    """Takes one thing after the other, each once."""

    def __init__(self, scene: Scene, room: int) -> None:
        self._scene, self._room = scene, room
        self._cells: dict[object, tuple[cells.Cell, set[str]]] = {}
        self._pieces: dict[Attachment, Attachment] = {}
        self._pictures: dict[object, Picture] = {}
        self._remarks: list[str] = []

    def take_options(self, wanted: Wanted) -> None:
        """Take what the options name; what is not there is an error."""
        parts = {"source", "outputs"} if wanted.outputs else {"source"}
        self._add_cells(cells.around(wanted.context, self._executions, self._read), parts)
        if wanted.cells:
            self._add_cells(cells.select(wanted.cells, self._executions, self._read), parts)
        for name in wanted.vars:
            self._add_variable(name)
        for path in wanted.files:
            self._add(files.read(str(path), fetch=self._scene.fetch))
        if wanted.error or wanted.locals:
            self._add_error(wanted.error, locals_=wanted.locals)
        for reference in wanted.figures:
            self._add(self._figures(reference))
        for reference in wanted.images:
            self._add(self._images(reference))

    def mention(self, mention: Mention) -> None:
        """Take what a word of the prompt names; what is not there is said, and no error."""
        try:
            self._mentioned(mention)
        except ContextError as error:
            self._remarks.append(f"{mention.text} is not attached: {error}")

    def gathered(self) -> Gathered:
        """Return all of it."""
        found: list[Attachment] = []
        limits = Limits.sharing(self._room * _CHARACTERS, len(self._cells))
        images = self._scene.recorder.images.get if self._scene.recorder else _no_image
        for cell, parts in self._cells.values():
            described = cells.describe(
                cell,
                images,
                source="source" in parts,
                outputs="outputs" in parts,
                limits=limits,
            )
            for attachment in described:
                if isinstance(attachment, Picture):
                    self._pictures.setdefault(_identity(attachment), attachment)
                else:
                    found.append(attachment)
        found += [*self._pieces.values(), *self._pictures.values()]
        return Gathered(tuple(found), tuple(self._remarks))

    @property
    def _executions(self) -> Sequence[Any]:
        return self._scene.recorder.executions if self._scene.recorder else ()

    @property
    def _read(self) -> Callable[[], Any]:
        return self._scene.finder.read

    def _mentioned(self, mention: Mention) -> None:
        match mention.kind:
            case "In" | "Out" | "cell":
                parts = {"In": {"source"}, "Out": {"outputs"}}.get(mention.kind)
                found = cells.select(mention.value, self._executions, self._read)
                self._add_cells(found, parts or {"source", "outputs"})
            case "fig":
                self._add(self._figures(mention.value))
            case "error":
                self._add_error(True, locals_=False)
            case "file":
                self._add(files.read(mention.value, fetch=self._scene.fetch))
            case _:
                self._mentioned_name(mention)

    def _mentioned_name(self, mention: Mention) -> None:
        if mention.value in self._scene.names:
            value = self._scene.names[mention.value]
            if is_figure(value) or hasattr(type(value), "_repr_png_"):
                self._add(pictures_of(value, mention.value))
            else:
                self._add([variables.summarise(mention.value, value)])
        elif meant := mentions.near(mention.value, [*self._scene.names, *_SPECIAL]):
            meant = _WRITTEN.get(meant, meant)
            self._remarks.append(f"{mention.text} is not attached: did you mean @{meant}?")

    def _add_cells(self, found: Iterable[cells.Cell], parts: set[str]) -> None:
        for cell in found:
            key = id(cell.execution) if cell.execution else ("position", cell.position)
            self._cells.setdefault(key, (cell, set()))[1].update(parts)

    def _add_variable(self, named: Any) -> None:
        names = self._scene.names
        if isinstance(named, Labelled):
            self._add([variables.summarise(named.name, named.value)])
            return
        if not isinstance(named, str):
            label = self._name_of(named) or type(named).__name__
            self._add([variables.summarise(label, named)])
            return
        if named == "all":
            self._add([variables.overview(names)])
            return
        if named not in names:
            meant = mentions.near(named, names)
            hint = f"did you mean {meant}?" if meant else "run the cell that defines it first."
            raise ContextError(f"There is no variable {named!r}: {hint}")
        self._add([variables.summarise(named, names[named])])

    def _add_error(self, error: bool | BaseException, *, locals_: bool) -> None:
        if not isinstance(error, BaseException):
            error = self._recorder("an error").last_error.last()
        shell = self._scene.shell
        described = tracebacks.describe(error, shell=shell, locals_=locals_, summarise=named_value)
        self._add([described])

    def _figures(self, reference: Any) -> list[Picture]:
        """Return the figures of a reference, or of something that is one."""
        if reference is True or reference is None:
            reference = ""
        if isinstance(reference, (str, int)):
            recorder = self._recorder("a figure")
            return figures.find(str(reference), recorder, self._scene.names)
        return self._images(reference)

    def _images(self, reference: Any) -> list[Picture]:
        """Return the images of a name, or of something that is one."""
        if isinstance(reference, str):
            return figures.find_image(reference, self._scene.names)
        if isinstance(reference, Labelled):
            return pictures_of(reference.value, reference.name)
        return pictures_of(reference, self._name_of(reference) or "image")

    def _name_of(self, value: Any) -> str:
        return next((name for name, known in self._scene.names.items() if known is value), "")

    def _recorder(self, what: str) -> Recorder:
        if self._scene.recorder is None:
            raise ContextError(
                f"Nobody looked when {what} was shown: load the extension in a notebook with "
                "%load_ext codex_magic, or give the object itself."
            )
        return self._scene.recorder

    def _add(self, attachments: Iterable[Attachment]) -> None:
        for attachment in attachments:
            if isinstance(attachment, Picture):
                self._pictures.setdefault(_identity(attachment), attachment)
            else:
                # Not by the label alone: two values that have no name are both "DataFrame".
                self._pieces.setdefault(attachment, attachment)


def _identity(picture: Picture) -> object:
    return picture.url or hash(picture.data)


def _no_image(key: str) -> None:
    return None


def in_words(attachments: Sequence[Attachment]) -> str:
    """
    Return what goes along, as the footer has it.

    >>> in_words([Piece("cell 3", ""), Piece("cell 4", ""), Piece("df", "", "variable")])
    'cells 3–4, df'
    """
    words = [*_cells_in_words(attachments), *_labels(attachments), *_pictures_in_words(attachments)]
    if len(words) > _NAMED:
        words[_NAMED:] = [f"{len(words) - _NAMED} more"]
    return ", ".join(words)


def _labels(attachments: Sequence[Attachment]) -> Iterator[str]:
    for attachment in attachments:
        if isinstance(attachment, Document) or (
            isinstance(attachment, Piece) and attachment.kind != "cell"
        ):
            yield attachment.label


def _pictures_in_words(attachments: Sequence[Attachment]) -> Iterator[str]:
    count = sum(isinstance(attachment, Picture) for attachment in attachments)
    if count:
        yield f"{count} figure" if count == 1 else f"{count} figures"


def _cells_in_words(attachments: Sequence[Attachment]) -> Iterator[str]:
    labels = [a.label for a in attachments if isinstance(a, Piece) and a.kind == "cell"]
    numbers = sorted(
        int(number) for label in labels if (number := label.removeprefix("cell ")).isdigit()
    )
    others = [label for label in labels if not label.removeprefix("cell ").isdigit()]
    if numbers:
        noun = "cell" if len(numbers) == 1 else "cells"
        yield f"{noun} {', '.join(_runs(numbers))}"
    yield from others


def _runs(numbers: Sequence[int]) -> Iterator[str]:
    """Yield numbers that follow each other as one."""
    start = previous = numbers[0]
    for number in [*numbers[1:], None]:
        if number is not None and number <= previous + 1:
            previous = number
            continue
        yield str(start) if start == previous else f"{start}–{previous}"
        if number is not None:
            start = previous = number


def size(attachments: Iterable[Attachment], detail: str) -> int:
    """Return about how many tokens attachments have."""
    return sum(tokens(attachment, detail) for attachment in attachments)
