"""What one run of a cell puts out, within bounds, however much it is."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from .executions import Execution, Output
from .images import SVG, ImageStore

# Loaded with the extension: patterns are compiled at their first use.

# Characters of one output that are kept: a text that was cut has its gap after HEAD of them.
HEAD = TAIL = 20_000
_MOST_HTML = 100_000
# Characters of all outputs of one run; outputs in the middle lose their text first.
_FIRST_TEXT, _LAST_TEXT = 100_000, 300_000
_FIRST_OUTPUTS, _LAST_OUTPUTS = 100, 300
# So many more may come before the middle is taken out again, which has its price.
_SLACK = 100
# What is printed is folded after so many pieces, or after one of so many characters.
MOST_PENDING = 512
LONG = 4_096
_ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
_RASTER = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")
_WORDS = ("text/markdown", "text/latex", "application/json")


class Record:
    """
    The outputs of one run of a cell.

    What it prints waits in ``pending``, where any thread may put it without a lock, until somebody
    asks or until there is much of it.

    Attributes:
        execution: What is kept of the run.
        pending: Name and text of what was printed lately.
        depth: How many cells run within this one, as ``run_cell`` in a cell does.
        clear_next: Whether the next output takes the place of all before.
        began: When it began, on the monotonic clock.
        size: About how many characters are kept.
    """

    __slots__ = ("began", "clear_next", "depth", "execution", "pending", "size")

    def __init__(self, execution: Execution, began: float = 0.0) -> None:
        self.execution = execution
        self.began = began
        # Bounded for a process that cannot empty it: a child, forked while we held the lock.
        self.pending: deque[tuple[str, str]] = deque(maxlen=8 * MOST_PENDING)
        self.depth = 0
        self.clear_next = False
        self.size = len(execution.source)

    def crowded(self, text: str) -> bool:
        """Whether it is time to fold what is pending, a text being the last of it."""
        return len(self.pending) >= MOST_PENDING or len(text) > LONG

    def fold(self) -> None:
        """Make outputs of what was printed."""
        names: list[str] = []
        texts: list[list[str]] = []
        while self.pending:
            name, text = self.pending.popleft()
            if not names or names[-1] != name:
                names.append(name)
                texts.append([])
            texts[-1].append(text)
        for name, parts in zip(names, texts, strict=True):
            self._print(name, "".join(parts))
        self._bound()

    def _print(self, name: str, text: str) -> None:
        if not text:
            return
        self._clear_if_due()
        outputs = self.execution.outputs
        last = outputs[-1] if outputs else None
        if last is None or last.kind != "stream" or last.name != name:
            last = Output("stream", name=name)
            self._append(last)
        before = len(last.text)
        _extend(last, text)
        self.size += len(last.text) - before

    def add(self, output: Output) -> None:
        """Add an output that is not printed."""
        self.fold()
        self._clear_if_due()
        self._append(output)
        self._bound()

    def clear(self, *, wait: bool) -> None:
        """Take all outputs away: at once, or when the next one comes."""
        self.fold()
        self.clear_next = True
        if not wait:
            self._clear_if_due()

    def recount(self) -> None:
        """Count again: an output has changed."""
        self.size = len(self.execution.source) + sum(map(_size, self.execution.outputs))
        self._bound()

    def _clear_if_due(self) -> None:
        if self.clear_next:
            self.clear_next = False
            self.execution.outputs.clear()
            self.size = len(self.execution.source)

    def _append(self, output: Output) -> None:
        self.execution.outputs.append(output)
        self.size += _size(output)

    def _bound(self) -> None:
        """Keep the first and the last outputs, where there are too many or they are too long."""
        outputs = self.execution.outputs
        if len(outputs) > _FIRST_OUTPUTS + _LAST_OUTPUTS + _SLACK:
            middle = outputs[_FIRST_OUTPUTS : len(outputs) - _LAST_OUTPUTS + 1]
            gap = Output("stream", name="stdout", cut=sum(o.cut + len(o.text) for o in middle))
            # Takes the next ones in, too, so that the place of the gap stays.
            outputs[_FIRST_OUTPUTS : len(outputs) - _LAST_OUTPUTS + 1] = [gap]
            self.size = len(self.execution.source) + sum(map(_size, outputs))
        if self.size - len(self.execution.source) > _FIRST_TEXT + _LAST_TEXT:
            self._empty_middle(outputs)

    def _empty_middle(self, outputs: list[Output]) -> None:
        room, first = _FIRST_TEXT, 0
        while first < len(outputs) and _size(outputs[first]) <= room:
            room -= _size(outputs[first])
            first += 1
        room, last = _LAST_TEXT, len(outputs)
        while last > first and _size(outputs[last - 1]) <= room:
            room -= _size(outputs[last - 1])
            last -= 1
        for output in outputs[first:last]:
            output.cut += len(output.text)
            output.text = output.html = ""
        self.size = len(self.execution.source) + sum(map(_size, outputs))


def _size(output: Output) -> int:
    # An output costs memory without a text, too.
    return len(output.text) + len(output.html) + 100


def _extend(output: Output, text: str) -> None:
    """Add to what a cell printed, in the bounds of one output."""
    # A head that is full stays as it is; what is overwritten is at the end.
    head, rest = (output.text[:HEAD], output.text[HEAD:]) if output.cut else ("", output.text)
    whole = head + _as_seen(rest + text)
    output.text, left_out = bounded(whole)
    output.cut += left_out


def _as_seen(text: str) -> str:
    """
    Return what is seen of a text when it was printed: no colours, a progress bar's last state.

    >>> _as_seen("10 %\\r20 %\\x1b[0m\\r\\n")
    '20 %\\n'
    """
    if "\x1b" in text:
        text = without_colours(text)
    if "\r" in text:
        lines = text.replace("\r\n", "\n").split("\n")
        text = "\n".join(_overwritten(line) if "\r" in line else line for line in lines)
    return text


def _overwritten(line: str) -> str:
    """Return a line without what stood before the carriage return that it starts again with."""
    words = line.rstrip("\r")
    return words[words.rfind("\r") + 1 :] + line[len(words) :]


def without_colours(text: str) -> str:
    """Return a text without the codes that a terminal takes for colours and the like."""
    return re.sub(_ANSI, "", text)


def bounded(text: str) -> tuple[str, int]:
    """Return head and tail of a text, and how many characters were left out between them."""
    left_out = len(text) - HEAD - TAIL
    if left_out <= 0:
        return text, 0
    return text[:HEAD] + text[-TAIL:], left_out


def output_of(
    kind: str, bundle: Mapping[str, Any], images: ImageStore, *, display_id: str = ""
) -> Output:
    """
    Return what is kept of a MIME bundle.

    Args:
        kind: display or result.
        bundle: What was displayed.
        images: Takes its image.
        display_id: What a later output may replace it by.
    """
    text, cut = bounded(_words(bundle))
    html = bundle.get("text/html")
    html = html if isinstance(html, str) else ""
    image = _image(bundle, images)
    if image and ";base64," in html:
        html = ""  # The image once more.
    if len(html) > _MOST_HTML:
        cut = cut or len(html) - _MOST_HTML
        html = html[:_MOST_HTML]
    return Output(
        kind,
        text=text,
        html=html,
        image=image,
        mimes=tuple(bundle),
        cut=cut,
        display_id=display_id,
    )


def _words(bundle: Mapping[str, Any]) -> str:
    plain = bundle.get("text/plain")
    if isinstance(plain, str) and not plain.startswith("<IPython.core.display."):
        # A formula or a heading says more as it was written than as the name of its class.
        source = next((bundle[mime] for mime in _WORDS[:2] if mime in bundle), plain)
        return str(source)
    found = next((bundle[mime] for mime in _WORDS if mime in bundle), plain)
    if isinstance(found, (dict, list)):
        import json  # Few cells display JSON.

        return json.dumps(found, ensure_ascii=False, default=str)
    return "" if found is None else str(found)


def _image(bundle: Mapping[str, Any], images: ImageStore) -> str:
    for mime in (*_RASTER, *(name for name in bundle if name.startswith("image/")), SVG):
        data = bundle.get(mime)
        if isinstance(data, (bytes, str)) and data:
            return images.add(data, mime)
    return ""


def has_pixels(bundle: Mapping[str, Any]) -> bool:
    """Whether an image of it can be sent as it is."""
    return any(mime in bundle for mime in _RASTER)
