"""What goes along with the next question: a chip for each thing, removable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import ipywidgets

from ..asking import Options
from ..command_words import cut
from ..context.wanted import Labelled
from ..records import dataclass
from .messages import error_html
from .widgets import Shared, shown

Kind = Literal["figure", "error", "cells", "variable", "file", "image", "tool"]

# What can be attached, and what the field beside it takes; empty where it takes nothing.
_KINDS: tuple[tuple[str, Kind, str], ...] = (
    ("The last figure", "figure", ""),
    ("The last error", "error", ""),
    ("Cells", "cells", "3, 5-7, -2, above, all"),
    ("A variable", "variable", "its name, or all"),
    ("A file", "file", "its path, or https://…"),
    ("A tool", "tool", "a function's name, web_search, …"),
)
_MOST_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that goes along: what it is, its name, and an image's bytes."""

    kind: Kind
    name: str = ""
    image: bytes = b""

    @property
    def words(self) -> str:
        """What stands on it."""
        match self.kind:
            case "figure":
                return "last figure"
            case "error":
                return "last error"
            case "cells":
                return f"cells {self.name}"
            case "tool":
                return f"tool {self.name}"
            case _:
                return self.name


def options_of(chips: Sequence[Chip], **others: Any) -> Options:
    """
    Return what a question asks for with some chips.

    >>> options_of([Chip("variable", "df"), Chip("cells", "3"), Chip("cells", "5-7")]).cells
    '3,5-7'
    """

    def names(kind: Kind) -> tuple[str, ...]:
        return tuple(chip.name for chip in chips if chip.kind == kind)

    return Options(
        cells=",".join(names("cells")) or None,
        vars=names("variable"),
        figures=names("figure"),
        images=tuple(Labelled(chip.name, chip.image) for chip in chips if chip.kind == "image"),
        files=names("file"),
        error="error" in {chip.kind for chip in chips},
        tools=names("tool"),
        **others,
    )


class Chips:
    """
    The chips, and what adds one.

    Args:
        shared: Makes the widgets.
        changed: Is called when there are others.
    """

    def __init__(self, shared: Shared, changed: Callable[[], None]) -> None:
        self._shared, self._changed = shared, changed
        self.chips: tuple[Chip, ...] = ()
        self._kind = ipywidgets.Dropdown(
            options=[(words, kind) for words, kind, _ in _KINDS],
            description="Attach",
            layout=shared.layout,
        )
        self._name = ipywidgets.Text(
            description="Which", continuous_update=False, layout=shared.layout
        )
        self._upload = ipywidgets.FileUpload(
            accept="image/png,image/jpeg,image/webp,image/gif",
            multiple=True,
            description="Image",
            tooltip="Attach an image from your computer",
            layout=shared.layout,
        )
        self._trouble = shared.html()
        self.widget = shared.row((), "codex-chips", "codex-off")
        add = shared.button("Add", self._add, hint="Attach this")
        fields = shared.row((self._kind, self._name, add, self._upload), "codex-buttons")
        self.adding = shared.rows((fields, self._trouble), "codex-adding", "codex-off")
        self._kind.observe(lambda _: self._arrange(), "value")
        self._upload.observe(lambda _: self._uploaded(), "value")
        self._arrange()

    def add(self, *chips: Chip) -> None:
        """Attach things; what is there already stays once."""
        self._set((*self.chips, *(chip for chip in chips if chip not in self.chips)))

    def remove(self, chip: Chip) -> None:
        """Take something away."""
        self._set(tuple(one for one in self.chips if one != chip))

    def clear(self) -> None:
        """Take everything away."""
        self._set(())

    def image(self, name: str, content: bytes) -> None:
        """Attach an image that was dropped, pasted or chosen."""
        if len(content) > _MOST_BYTES:
            self._trouble.value = error_html(f"{name} is larger than 20 MB.")
            return
        self.add(Chip("image", name or "image", bytes(content)))

    def _add(self) -> None:
        kind, name = self._kind.value, self._name.value.strip().lstrip("@")
        hint = next(hint for _, known, hint in _KINDS if known == kind)
        if hint and not name:
            self._trouble.value = error_html(f"Say which: {hint}.")
            return
        self._trouble.value = ""
        self._name.value = ""
        names = [name] if kind in ("cells", "file", "figure", "error") else name.split(",")
        self.add(*(Chip(kind, one.strip() if hint else "") for one in names))

    def _uploaded(self) -> None:
        files, self._upload.value = self._upload.value, ()
        for file in files:
            self.image(file["name"], bytes(file["content"]))

    def _arrange(self) -> None:
        hint = next(hint for _, kind, hint in _KINDS if kind == self._kind.value)
        self._name.placeholder = hint
        shown(self._name, bool(hint))

    def _set(self, chips: tuple[Chip, ...]) -> None:
        self.chips = chips
        self._shared.put(self.widget, [self._button(chip) for chip in chips])
        shown(self.widget, bool(chips))
        self._changed()

    def _button(self, chip: Chip) -> Any:
        words = cut(chip.words, 30)
        hint = f"Remove {chip.words}"
        return self._shared.button(f"{words} ×", lambda: self.remove(chip), "codex-chip", hint=hint)
