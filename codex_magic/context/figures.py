"""What ``--fig``, ``-i`` and ``@fig`` name, as pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import ContextError
from .executions import Execution, Output
from .mentions import near
from .open_figures import open_figures, pending_figures
from .pieces import Picture
from .recorder import Recorder
from .renderings import from_address, from_bytes, from_figure, from_path, is_address, pictures_of
from .resizing import detail_for, prepare

__all__ = ["detail_for", "fetched", "find", "find_image", "prepare"]

_NUMBER = re.compile(r"-?\d+")
_NAME = re.compile(r"[^\W\d]\w*")
# What may follow a name: an attribute, or numbers in brackets.
_STEP = re.compile(r"\.(?P<attribute>[^\W\d]\w*)|\[(?P<index>\s*-?\d+(?:\s*,\s*-?\d+)*\s*)\]")
_KEY = re.compile(r"""\[(?P<quote>["'])(?P<key>[^"']*)(?P=quote)\]""")
# Drawn by the front end: the kernel never had pixels of them.
_CHARTS = {
    "application/vnd.plotly.v1+json": "plotly",
    "application/vnd.bokehjs_exec.v0+json": "bokeh",
    "application/vnd.bokehjs_load.v0+json": "bokeh",
}
_LONGEST = 6_000


def find(
    ref: str, recorder: Recorder, user_ns: Mapping[str, Any], *, longest: int = _LONGEST
) -> list[Picture]:
    """
    Return the figures that ``--fig`` names.

    Args:
        ref: Empty for the last figure; ``all``; the number of an execution; ``-2`` for the last
            but one; a variable, also with attributes and indices, as ``grid.axes[0]``.
        recorder: What the cells displayed.
        user_ns: The user's variables.
        longest: Pixels of the long side that are of use, see ``resizing.LONGEST``.

    Raises:
        ContextError: There is no such figure, or it cannot be made an image.
    """
    ref = ref.strip()
    if _NUMBER.fullmatch(ref) and int(ref) >= 0:
        return _of_cell(int(ref), recorder)
    if _NUMBER.fullmatch(ref):
        return [_nth_last(-int(ref), recorder)]
    if not ref:
        return [_nth_last(1, recorder)]
    if ref == "all" and "all" not in user_ns:
        return _all(recorder)
    return find_image(ref, user_ns, longest=longest)


def find_image(ref: str, user_ns: Mapping[str, Any], *, longest: int = _LONGEST) -> list[Picture]:
    """
    Return the image that ``-i`` names: a variable, a file or an address, in this order.

    Args:
        ref: Its name.
        user_ns: The user's variables.
        longest: Pixels of the long side that are of use.

    Raises:
        ContextError: There is no such image, or it cannot be made one.
    """
    if is_address(ref):
        return [from_address(ref, _of_address(ref))]
    name = _NAME.match(ref)
    if name and name[0] in user_ns and _is_path_of_names(ref[name.end() :]):
        try:
            return pictures_of(_value(ref, user_ns), ref, longest)
        except ContextError:
            # `sales.png` beside a variable `sales`, which has no such attribute, is the file.
            if "." not in ref or not _is_file(ref):
                raise
    if _is_file(ref):
        return [from_path(ref, Path(ref).name)]
    raise ContextError(_unknown(ref, user_ns))


def fetched(picture: Picture, fetch: Callable[[str], bytes]) -> Picture:
    """
    Return a picture with its bytes in the place of its address, for services that fetch nothing.

    Args:
        picture: The picture; one with bytes is returned as it is.
        fetch: Returns what is at an address; its errors are the caller's.

    Raises:
        ContextError: What is there is no image.
    """
    if not picture.url:
        return picture
    found = from_bytes(fetch(picture.url), picture.label)
    if not found.mime.startswith("image/"):
        raise ContextError(f"{picture.url} is not an image: name the address of the image itself.")
    return replace(found, note=picture.note)


def _of_address(address: str) -> str:
    if address.lower().startswith("data:"):
        return "image"
    return address.partition("?")[0].rstrip("/").rpartition("/")[2] or address


def _is_file(ref: str) -> bool:
    try:
        return Path(ref).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _unknown(ref: str, user_ns: Mapping[str, Any]) -> str:
    meant = near(ref, [name for name in user_ns if not name.startswith("_")])
    advice = f"did you mean {meant!r}?" if meant else "name a figure, an image or a cell's number."
    return f"There is no variable and no file {ref!r}: {advice}"


def _is_path_of_names(rest: str) -> bool:
    while rest:
        step = _STEP.match(rest) or _KEY.match(rest)
        if step is None:
            return False
        rest = rest[step.end() :]
    return True


def _value(ref: str, user_ns: Mapping[str, Any]) -> Any:
    """Return what a name with attributes and indices stands for; nothing is called."""
    name = _NAME.match(ref)
    assert name is not None
    value, rest = user_ns[name[0]], ref[name.end() :]
    while rest:
        step = _STEP.match(rest) or _KEY.match(rest)
        assert step is not None
        try:
            value = _step(value, step)
        except Exception as error:
            # A property or a container of the user's.
            done = ref[: len(ref) - len(rest)]
            raise ContextError(f"{done!r} has no {step[0]} ({error}): check the name.") from error
        rest = rest[step.end() :]
    return value


def _step(value: Any, step: re.Match[str]) -> Any:
    known = step.groupdict()
    if known.get("attribute"):
        return getattr(value, known["attribute"])
    if known.get("index") is None:
        return value[known["key"]]
    numbers = tuple(int(number) for number in known["index"].split(","))
    return value[numbers if len(numbers) > 1 else numbers[0]]


def _images(execution: Execution, recorder: Recorder) -> Iterator[tuple[Output, str]]:
    """Yield the outputs of a run that are figures, each once, with what they are called."""
    outputs = list({_identity(o): o for o in execution.outputs if _is_image(o)}.values())
    cell = f"cell {execution.count}" if execution.count else "a cell"
    for index, output in enumerate(outputs, 1):
        of = f"figure {index}" if len(outputs) > 1 else "figure"
        yield output, f"{of} of {cell}"


def _identity(output: Output) -> object:
    # A figure that is a cell's last value is shown twice.
    return output.image or id(output)


def _is_image(output: Output) -> bool:
    return bool(output.image) or _chart(output) != "" or _lost(output)


def _lost(output: Output) -> bool:
    return any(mime.startswith("image/") for mime in output.mimes)


def _chart(output: Output) -> str:
    if output.image:
        return ""
    for mime in output.mimes:
        if mime in _CHARTS or mime.startswith("application/vnd.vega"):
            return _CHARTS.get(mime, "altair")
    return ""


def _picture(output: Output, label: str, recorder: Recorder) -> Picture:
    live = recorder.figures.live(output.image) if output.image else None
    if live is not None:
        return from_figure(live, label)
    chart = _chart(output)
    if chart:
        raise ContextError(
            f"The {label} is a {chart} chart, drawn by the front end: name its variable, as --fig "
            "NAME, or save it as PNG and send that with -i."
        )
    kept = recorder.images.get(output.image)
    if kept is None:
        raise ContextError(
            f"The {label} is not kept any more: run the cell again, or name a variable."
        )
    return Picture(label, kept.data, kept.mime, width=kept.width, height=kept.height)


def _of_cell(number: int, recorder: Recorder) -> list[Picture]:
    execution = next((e for e in reversed(recorder.executions) if e.count == number), None)
    if execution is None:
        raise ContextError(f"Cell {number} did not run since codex_magic was loaded: run it first.")
    found = [_picture(output, label, recorder) for output, label in _images(execution, recorder)]
    found += [from_figure(figure, label) for figure, label in _left_open(execution, recorder)]
    if not found:
        raise ContextError(f"Cell {number} showed no figure: name another one, or a variable.")
    return found


def _left_open(execution: Execution, recorder: Recorder) -> Iterator[tuple[Any, str]]:
    """Yield the open figures that a cell made and that no notebook shows: of a terminal, or Agg."""
    if execution.running:
        yield from ((figure, "figure of this cell") for figure in pending_figures())
        return
    if any(_is_image(output) for output in execution.outputs):
        return
    for figure in open_figures():
        if recorder.figures.opener(figure) is execution:
            yield figure, f"figure of cell {execution.count}"


def _all(recorder: Recorder) -> list[Picture]:
    shown: dict[object, tuple[Output, str]] = {}
    for execution in recorder.executions:
        for output, label in _images(execution, recorder):
            shown.setdefault(_identity(output), (output, label))
    found, lost = [], 0
    for output, label in shown.values():
        try:
            found.append(_picture(output, label, recorder))
        except ContextError:
            lost += 1
    found += [from_figure(figure, label) for figure, label in _open(recorder)]
    found = list({picture.data: picture for picture in reversed(found)}.values())[::-1]
    if not found:
        raise ContextError(
            "No figure was shown so far: run a cell that shows one, or name a variable."
        )
    if lost:
        found[0] = replace(found[0], note=f"{lost} more not kept, or without pixels")
    return found


def _open(recorder: Recorder) -> list[tuple[Any, str]]:
    """Return the figures that are open and were not displayed, the active one last."""
    waiting = pending_figures()
    if waiting:
        return [(figure, "figure of this cell") for figure in waiting]
    found = []
    for figure in open_figures():
        by = recorder.figures.opener(figure)
        # What such a cell displayed is known as it was displayed.
        if by is None or not any(_is_image(output) for output in by.outputs):
            found.append((figure, f"figure of cell {by.count}" if by else "figure of this cell"))
    return found


def _nth_last(number: int, recorder: Recorder) -> Picture:
    """Return the last figure, or one before it: what is open is newer than what was displayed."""
    for seen, make in enumerate(_backwards(recorder), 1):
        if seen == number:
            return make()
    if number > 1:
        raise ContextError(f"There are no {number} figures so far: name a smaller number.")
    raise ContextError("No figure was shown so far: run a cell that shows one, or name a variable.")


def _backwards(recorder: Recorder) -> Iterator[Callable[[], Picture]]:
    waiting = reversed(_open(recorder))
    executions = recorder.executions
    figure, label = next(waiting, (None, ""))
    seen: set[object] = set()
    for execution in reversed(executions):
        while figure is not None and recorder.figures.opener(figure) in (None, execution):
            yield partial(from_figure, figure, label)
            figure, label = next(waiting, (None, ""))
        for output, name in reversed(list(_images(execution, recorder))):
            if _identity(output) not in seen:
                seen.add(_identity(output))
                yield partial(_picture, output, name, recorder)
    while figure is not None:
        yield partial(from_figure, figure, label)
        figure, label = next(waiting, (None, ""))
