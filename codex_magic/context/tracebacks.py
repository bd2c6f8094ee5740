"""The last error, as a model reads it: message, failing source, the user's frames, its causes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from ..errors import AnswerInterrupted, CodexError, ContextError
from ..records import dataclass
from .budget import cut
from .pieces import Piece
from .traceback_frames import Frame, Places, frames, numbered, source, source_line

# A name and a value, in a few words: what a variable holds.
Summarise = Callable[[str, object], str]

_LIMIT = 20_000
_LONGEST_MESSAGE = 4_000
_LONGEST_NOTE = 1_000
_MOST_NOTES = 10
_MOST_CAUSES = 5
_GROUP_DEPTH, _GROUP_WIDTH = 3, 5
_FIRST_STEPS, _LAST_STEPS = 3, 9
# A recursion may go through a few functions before it comes back to the first.
_LONGEST_CYCLE, _FEWEST_TURNS = 6, 3
_MOST_LOCALS, _LONGEST_VALUE = 20, 500
_MAGICS = "codex_magic.magics"
# Cells that may run before a hidden error is let go, with all that its frames hold.
_REMEMBERED_CELLS = 20
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NOT_LOCALS = (ModuleType, FunctionType, BuiltinFunctionType, MethodType, type)


class LastError:
    """
    The last error of the user's code; an error of a ``%%codex`` cell does not take its place.

    It holds one error, and lets it go when another comes or when 20 more cells have run.
    """

    def __init__(self) -> None:
        self._error: BaseException | None = None
        self._shown: BaseException | None = None
        self._cells = 0

    def remember(self, error: BaseException | None) -> None:
        """
        Take how a cell ended; to be called after each cell.

        Args:
            error: ``result.error_before_exec or result.error_in_exec``; None for a cell that went
                well.
        """
        if error is not None and not _is_ours(error):
            self._error, self._shown, self._cells = error, _shown_last(), 0
            return
        self._cells += 1
        if self._cells >= _REMEMBERED_CELLS:
            self.forget()

    def forget(self) -> None:
        """Let the error go, and what its frames hold."""
        self._error = self._shown = None
        self._cells = 0

    def last(self) -> BaseException:
        """
        Return the user's last error, with or without having been told of it.

        Raises:
            ContextError: Nothing has failed so far.
        """
        shown = _shown_last()
        # Shown after the remembered one: from a widget's callback, or before we were loaded.
        newer = shown is not None and shown is not self._shown and not _is_ours(shown)
        error = shown if newer else self._error
        if error is None:
            raise ContextError("No cell has failed so far: run the failing cell, then ask again.")
        return error


def _shown_last() -> BaseException | None:
    """Return the error that IPython showed last."""
    # IPython sets last_value in all its versions; last_exc came with Python 3.12.
    error = getattr(sys, "last_value", None) or getattr(sys, "last_exc", None)
    return error if isinstance(error, BaseException) else None


def _is_ours(error: BaseException) -> bool:
    """Whether a magic of ours raised it; what a user's own ``ask(…)`` raises is the user's."""
    step = error.__traceback__
    if step is None:
        return isinstance(error, (CodexError, AnswerInterrupted))
    while step is not None:
        if step.tb_frame.f_globals.get("__name__") == _MAGICS:
            return True
        step = step.tb_next
    return False


def brief(name: str, value: object) -> str:
    """
    Return a variable's value in a few words; no code of the user's runs for it.

    >>> brief("x", [1, 2]), brief("x", "a" * 2000)[-26:], brief("x", object())
    ('[1, 2]', 'a str of 2,000 characters)', 'an object of type object')
    """
    kind = type(value)
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return f"{value[:200]!r}… (a str of {len(value):,} characters)"
    if kind in (int, float, complex, bool, type(None), str):
        return repr(value)
    if isinstance(value, (list, tuple, dict, set, frozenset, bytes, bytearray)):
        return _brief_container(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"an object of type {module}{kind.__qualname__}"


def _brief_container(value: Any) -> str:
    parts = [*value, *value.values()] if type(value) is dict and len(value) <= 20 else value
    plain = type(value) in (list, tuple, set, frozenset, dict) and len(value) <= 20
    if plain and all(type(part) in (int, float, bool, str, type(None)) for part in parts):
        shown = repr(value)
        if len(shown) <= _LONGEST_VALUE:
            return shown
    return f"a {type(value).__name__} of {len(value):,}"


def describe(
    error: BaseException,
    *,
    shell: Any = None,
    locals_: bool = False,
    summarise: Summarise = brief,
    limit: int = _LIMIT,
) -> Piece:
    """
    Return an error as a model reads it.

    Args:
        error: The error.
        shell: The IPython shell, which knows which code belongs to which cell.
        locals_: Whether the variables of the user's frames go with it.
        summarise: Makes a few words of a variable's name and value.
        limit: Characters of the text.
    """
    places = Places(shell)
    text = "\n".join(_Description(places, summarise if locals_ else None).lines(error))
    text, note = cut(text, limit)
    return Piece(label=_label(error, places), text=text, kind="error", note=note)


def _label(error: BaseException, places: Places) -> str:
    users = [frame.filename for frame in frames(error.__traceback__, places) if not frame.library]
    if not users and isinstance(error, SyntaxError) and error.filename:
        users = [error.filename]
    where = places.shown(users[0]) if users else ""
    cell = re.fullmatch(r"cell In\[(\d+)\]", where)
    named = f"cell {cell[1]}" if cell else where
    return " in ".join(filter(None, (type(error).__name__, named)))


@dataclass(frozen=True, slots=True)
class _Description:
    """How errors are written; ``summarise`` is None where no variable is wanted."""

    places: Places
    summarise: Summarise | None

    def lines(self, error: BaseException) -> list[str]:
        """Return an error, then what led to it."""
        found = self._one(error, 0)
        seen = {id(error)}
        while chained := _cause(error):
            why, error = chained
            if id(error) in seen or len(seen) > _MOST_CAUSES:
                found += ["", "… and more errors before these …"] * (id(error) not in seen)
                break
            seen.add(id(error))
            found += ["", why, "", *self._one(error, 0)]
        return found

    def _one(self, error: BaseException, depth: int) -> list[str]:
        found = [*_headline(error), *self._syntax(error)]
        steps = self._traceback(error)
        if steps:
            found += ["", "Traceback (most recent call last):", *steps]
        if isinstance(error, BaseExceptionGroup):
            found += self._members(error, depth)
        return found

    def _members(self, group: BaseExceptionGroup[Any], depth: int) -> Iterator[str]:
        members = group.exceptions
        if depth >= _GROUP_DEPTH:
            yield from ("", f"… {len(members)} errors in this group …")
            return
        for number, member in enumerate(members[:_GROUP_WIDTH], 1):
            yield from ("", f"Error {number} of {len(members)}:")
            lines = self._one(member, depth + 1)
            if chained := _cause(member):
                lines += ["", chained[0], *_headline(chained[1])]
            yield from (f"    {line}".rstrip() for line in lines)
        if len(members) > _GROUP_WIDTH:
            yield from ("", f"… and {len(members) - _GROUP_WIDTH} more …")

    def _syntax(self, error: BaseException) -> list[str]:
        """Return where a SyntaxError found the code wrong."""
        if not isinstance(error, SyntaxError) or error.lineno is None:
            return []
        filename, line = error.filename or "<unknown>", error.lineno
        known = self.places.lines(filename)
        lines = known or [""] * (line - 1) + [error.text or ""]
        caret = None
        if error.offset:
            same_line = error.end_lineno == line and (error.end_offset or 0) > error.offset
            end = (error.end_offset or 0) if same_line else error.offset + 1
            caret = (error.offset - 1, end - 1)
        shown = numbered(lines, line - 4 if known else line, line + 2, line, caret)
        return ["", f"{self.places.shown(filename)}, line {line}", *shown]

    def _traceback(self, error: BaseException) -> list[str]:
        steps = _without_repeats(_grouped(frames(error.__traceback__, self.places)))
        left_out = len(steps) - _FIRST_STEPS - _LAST_STEPS
        found: list[str] = []
        for index, step in enumerate(steps):
            if left_out > 0 and _FIRST_STEPS <= index < _FIRST_STEPS + left_out:
                if index == _FIRST_STEPS:
                    found.append(f"… {left_out} steps left out …")
            elif isinstance(step, str):
                found.append(step)
            elif step[0].library:
                found += self._library(step, last=index == len(steps) - 1)
            else:
                found += [*self._place(step[0]), *source(step[0]), *self._locals(step[0])]
        return found

    def _place(self, frame: Frame) -> list[str]:
        name = frame.code.co_name
        inside = "" if name == "<module>" else f", in {name}"
        return [f"{self.places.shown(frame.filename, frame.library)}, line {frame.line}{inside}"]

    def _library(self, run: Sequence[Frame], *, last: bool) -> list[str]:
        """Return frames that are not the user's: how many, and the last if it raised."""
        found = []
        if len(run) > 1 or not last:
            count = "1 frame" if len(run) == 1 else f"{len(run):,} frames"
            found.append(f"… {count} in {_names(run)} …")
        if last:
            found += self._place(run[-1])
            line = source_line(run[-1])
            found += [f"    {line}"] if line else []
        return found

    def _locals(self, frame: Frame) -> list[str]:
        if self.summarise is None:
            return []
        known = frame.raw.f_locals
        # A cell's variables are all that the user ever defined: those that the line names count.
        names = list(frame.code.co_names if frame.code.co_name == "<module>" else known)
        kept = [name for name in names if name in known and _is_local(name, known[name])]
        found = [self._variable(name, known[name]) for name in kept[:_MOST_LOCALS]]
        if len(kept) > _MOST_LOCALS:
            found.append(f"      … and {len(kept) - _MOST_LOCALS} more")
        return ["    Variables:", *found] if found else []

    def _variable(self, name: str, value: object) -> str:
        assert self.summarise is not None
        try:
            text = cut(_clean(self.summarise(name, value)), _LONGEST_VALUE)[0]
        except Exception as failure:  # The user's objects may do anything.
            text = f"(cannot be shown: {type(failure).__name__})"
        return f"      {name} = " + text.replace("\n", "\n        ")


def _is_local(name: str, value: object) -> bool:
    return not name.startswith("__") and not isinstance(value, _NOT_LOCALS)


def _headline(error: BaseException) -> list[str]:
    """Return type, message and notes."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__", "__mp_main__"):
        name = f"{kind.__module__}.{name}"
    message = _message(error)
    found = [f"{name}: {message}" if message else name]
    notes = getattr(error, "__notes__", None)
    if not isinstance(notes, (list, tuple)):
        return found
    for note in notes[:_MOST_NOTES]:
        text = note if isinstance(note, str) else brief("note", note)
        found.append(f"Note: {cut(_clean(text), _LONGEST_NOTE)[0]}")
    if len(notes) > _MOST_NOTES:
        found.append(f"… and {len(notes) - _MOST_NOTES} more notes …")
    return found


def _message(error: BaseException) -> str:
    try:
        if isinstance(error, SyntaxError):
            # The place comes with the source.
            text = str(error.msg)
        elif type(error) is KeyError and len(error.args) == 1 and "\n" in str(error.args[0]):
            # A KeyError shows its message as a literal: one line, full of \n.
            text = str(error.args[0])
        else:
            text = str(error)
    except Exception as failure:  # The user's errors may do anything.
        return f"(its message cannot be shown: {type(failure).__name__})"
    return cut(_clean(text), _LONGEST_MESSAGE)[0]


def _clean(text: str) -> str:
    """Return text without colours and other control characters."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def _cause(error: BaseException) -> tuple[str, BaseException] | None:
    if error.__cause__ is not None:
        return "Its cause:", error.__cause__
    if error.__context__ is not None and not error.__suppress_context__:
        return "It was raised while this error was being handled:", error.__context__
    return None


def _grouped(found: Sequence[Frame]) -> list[list[Frame]]:
    """Return each of the user's frames alone, and the library's between them together."""
    groups: list[list[Frame]] = []
    for frame in found:
        if frame.library and groups and groups[-1][0].library:
            groups[-1].append(frame)
        else:
            groups.append([frame])
    return groups


def _without_repeats(groups: Sequence[list[Frame]]) -> list[list[Frame] | str]:
    """Return the steps with a recursion's turns as one."""
    keys = [tuple(frame.key for frame in group) for group in groups]
    found: list[list[Frame] | str] = []
    at = 0
    while at < len(groups):
        length, turns = _cycle(keys, at)
        found.extend(groups[at : at + length])
        if turns > 1:
            what = "this step" if length == 1 else f"these {length} steps"
            found.append(f"… {what} {turns - 1:,} more times …")
        at += length * turns
    return found


def _cycle(keys: Sequence[object], at: int) -> tuple[int, int]:
    """Return how many steps from here on repeat, and how many turns they make."""
    for length in range(1, _LONGEST_CYCLE + 1):
        cycle, turns = keys[at : at + length], 1
        while keys[at + turns * length : at + (turns + 1) * length] == cycle:
            turns += 1
        if turns >= _FEWEST_TURNS:
            return length, turns
    return 1, 1


def _names(run: Sequence[Frame]) -> str:
    names = list(dict.fromkeys(frame.library for frame in run))
    if len(names) <= 3:
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"{', '.join(names[:3])} and {len(names) - 3} more"
