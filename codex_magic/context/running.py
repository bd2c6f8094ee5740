"""Summaries of what runs or is open: generators, coroutines, files, locks, references; all left alone."""

from __future__ import annotations

import _io
import types
import weakref
from typing import Any

from .inspection import attributes, exact, is_a, type_name
from .one_line import one_line
from .scalars import string
from .summaries import Summary


def generator_summary(value: Any, _room: int) -> Summary:
    """Describe a generator or a coroutine: its function and where it stands; it is not advanced."""
    for cls, prefix, what in (
        (types.GeneratorType, "gi", "generator"),
        (types.CoroutineType, "cr", "coroutine"),
        (types.AsyncGeneratorType, "ag", "async generator"),
    ):
        if is_a(value, cls):
            frame = getattr(value, f"{prefix}_frame")
            running = getattr(value, f"{prefix}_running")
            state = "running" if running else "finished" if frame is None else "waiting"
            if state == "waiting" and not getattr(value, f"{prefix}_suspended", True):
                state = "not started"
            name = exact(value.__qualname__)
            lines = (
                [f"at line {frame.f_lineno}"] if state == "waiting" and frame is not None else []
            )
            return Summary(
                f"{what} {name}, {state}", lines, ("without its items: it is not advanced",)
            )
    return Summary(type_name(value), [], ("without its items: it is not advanced",))


def file_summary(value: Any, _room: int) -> Summary:
    """Describe a file: its name and mode, and whether it is open; nothing is read."""
    raw = value
    for cls, attribute in (
        (_io.TextIOWrapper, "buffer"),
        (_io.BufferedReader, "raw"),
        (_io.BufferedWriter, "raw"),
        (_io.BufferedRandom, "raw"),
    ):
        if type(raw) is cls:
            raw = getattr(raw, attribute)
    if type(raw) is not _io.FileIO:
        return Summary(f"{type_name(value)} over a {type_name(raw)}")
    name = attributes(raw).get("name")
    shown = string(name, 200) if isinstance(name, str) else one_line(name, 60)
    state = "closed" if raw.closed else "open"
    mode = attributes(value).get("mode")
    mode = mode if type(mode) is str else raw.mode
    return Summary(
        f"{type_name(value)} {shown}, mode {mode!r}, {state}", [], ("without what is in it",)
    )


def reference_summary(value: Any, _room: int) -> Summary:
    """Describe a weak reference: whether what it refers to still lives."""
    referent = weakref.ReferenceType.__call__(value)
    state = "dead" if referent is None else f"to a {type_name(referent)}"
    return Summary(f"{type_name(value)}, {state}")
