"""Summaries of Python's own containers and strings, with their shape."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .inspection import class_attribute, exact, is_a, type_name
from .one_line import items, kind, length, named_value, one_line, pairs
from .scalars import scalar, string
from .summaries import Summary, clean, fit, listed, plural, without

_SAMPLE = 10_000
_KEYS = 60
_ITEMS = 20
# Beyond these, going to the last ones of what has no positions would take long.
_SKIPPED = 1_000_000


def string_summary(value: str, room: int) -> Summary:
    """Describe a string: its size, and its text with the middle left out where it is long."""
    size = str.__len__(value)
    lines = str.count(value, "\n") + 1 if size <= 10_000_000 else 1
    title = f"{type_name(value)}, {plural(size, 'character')}"
    if lines > 1:
        title += f", {plural(lines, 'line')}"
    elif size <= 60:
        return Summary(f"{title}: {string(value, 80)}")
    if size <= room:
        text = clean(exact(value))
        if len(text) <= room:
            return Summary(title, [text])
    kept = max(40, room - 60)
    head = clean(str.__getitem__(value, slice(kept * 2 // 3)))[: kept * 2 // 3]
    tail = clean(str.__getitem__(value, slice(-(kept // 3), None)))[-(kept // 3) :]
    missing = size - len(head) - len(tail)
    mark = f"… {plural(missing, 'character')} left out …"
    return Summary(title, [head, mark, tail], without(missing, size, "characters"))


def mapping_summary(value: Any, room: int) -> Summary:
    """Describe a dict: how many keys, and each with its value, in one line."""
    size = length(value) or 0
    title = f"{type_name(value)}, {plural(size, 'key')}"
    shown = pairs(value, 0, size if size <= _KEYS else _KEYS)
    gap = None
    if size > _KEYS:
        gap = len(shown)
        shown += pairs(value, size - _KEYS // 2, size) if size <= _SKIPPED else []
    width = _width(room, len(shown))
    lines = [f"{one_line(key, 40)}: {_keyed(key, each, width)}" for key, each in shown]
    fitted = fit(lines, room, total=size, gap=gap, what="keys")
    return Summary(title, fitted.lines, without(fitted.missing, size, "keys"))


def _keyed(key: Any, value: Any, width: int) -> str:
    name = exact(key)[:200] if is_a(key, str) else ""
    return named_value(name, value, width)


def sequence_summary(value: Any, room: int) -> Summary:
    """Describe a list, a tuple, a set or a deque: its shape and types, its first and last items."""
    size = length(value) or 0
    sample = items(value, 0, _SAMPLE)
    named = bool(sample) and _fields(value)
    facts = () if named else (_shape(sample, size), _types(sample, size), _range(sample, size))
    title = ", ".join(filter(None, (type_name(value), plural(size, "item"), *facts)))
    if size == 0:
        return Summary(title)
    if all(scalar(each, 24) is not None for each in sample[:200]):
        return _row(value, sample, title, room)
    whole = one_line(value, 300) if size <= 50 else ""
    if whole and len(whole) < 200 and "…" not in whole and "<" not in whole:
        return Summary(title, [whole])
    return _listed(value, sample, title, room)


def _row(value: Any, sample: list[Any], title: str, room: int) -> Summary:
    """Show single values in one row, with the first and the last ones of many."""
    size = length(value) or 0
    row = one_line(value, min(room, 600))
    mark = row.rfind(", … ")
    if mark < 0 or not is_a(value, list, tuple):
        shown = size if mark < 0 else len(sample)
        return Summary(title, [row], without(size - shown, size, "items"))
    tail = [one_line(each, 60) for each in items(value, size - 3, size)]
    return Summary(
        title, [row, f"last: {', '.join(tail)}"], ("with the first and last items only",)
    )


def _listed(value: Any, sample: list[Any], title: str, room: int) -> Summary:
    size = length(value) or 0
    fields = class_attribute(value, "_fields") if is_a(value, tuple) else None
    unordered = is_a(value, set, frozenset)
    shown, gap = list(enumerate(sample[:_ITEMS])), None
    if size > _ITEMS:
        gap = len(shown)
        start = max(_ITEMS, size - _ITEMS // 2)
        shown += enumerate(items(value, start, size), start) if size <= _SKIPPED else []
    width = _width(room, len(shown))
    lines = [_item(number, each, fields, unordered, width) for number, each in shown]
    heads = _records(sample)
    left = room - sum(map(len, heads))
    fitted = fit(lines, left, total=size, gap=gap, what="items")
    return Summary(title, [*heads, *fitted.lines], without(fitted.missing, size, "items"))


def _item(number: int, value: Any, fields: Any, unordered: bool, width: int) -> str:
    if type(fields) is tuple and number < len(fields) and type(fields[number]) is str:
        return f"{fields[number]}: {named_value(fields[number], value, width)}"
    return one_line(value, width) if unordered else f"[{number}] {one_line(value, width)}"


def _width(room: int, lines: int) -> int:
    # A few long values may take the room that many short ones would.
    return max(100, min(1_000, room // max(1, lines) - 30))


def _shape(sample: Sequence[Any], size: int) -> str:
    """Return "shape 3 × 4" for a list of lists that all have one length."""
    shape = [size]
    while sample and size <= _SAMPLE and all(is_a(each, list, tuple) for each in sample):
        lengths = {length(each) or 0 for each in sample}
        if len(lengths) != 1 or len(shape) > 8 or any(_fields(each) for each in sample[:1]):
            break
        shape.append(lengths.pop())
        # One row stands for all of the next level.
        sample = items(sample[0], 0, _SAMPLE)
    return "shape " + " × ".join(f"{number:,}" for number in shape) if len(shape) > 1 else ""


def _fields(value: Any) -> bool:
    return is_a(value, tuple) and class_attribute(value, "_fields") is not None


def _types(sample: Sequence[Any], size: int) -> str:
    # By identity: a metaclass can have a hash and an equality of its own.
    classes = {id(type(each)): type_name(each) for each in sample}
    tally = Counter(id(type(each)) for each in sample)
    if not tally:
        return ""
    shown = [
        f"{number:,} {classes[key]}" if len(tally) > 1 else f"all {classes[key]}"
        for key, number in tally.most_common(5)
    ]
    more = f" and {len(tally) - 5} more types" if len(tally) > 5 else ""
    first = f"in the first {len(sample):,} " if size > len(sample) else ""
    return f"{first}{' and '.join(shown) if len(shown) == 2 else ', '.join(shown)}{more}"


def _range(sample: Sequence[Any], size: int) -> str:
    """Return "from 1 to 9" for plain numbers."""
    if len(sample) < 2 or size > len(sample):
        return ""
    if not all(type(each) is int or type(each) is float for each in sample):
        return ""
    numbers = [each for each in sample if not math.isnan(_as_float(each))]
    missing = f", {len(sample) - len(numbers):,} NaN" if len(numbers) < len(sample) else ""
    if not numbers:
        return missing[2:]
    return f"from {scalar(min(numbers), 24)} to {scalar(max(numbers), 24)}{missing}"


def _as_float(number: int | float) -> float:
    # A huge integer has no float; it is no NaN either.
    return number if type(number) is float else 0.0


def _records(sample: Sequence[Any]) -> list[str]:
    """Return the keys that dicts in a list have, with their types: a table written as JSON."""
    if len(sample) < 2 or not all(is_a(each, dict) for each in sample):
        return []
    seen: dict[str, str] = {}
    for record in sample[:200]:
        for key, each in pairs(record, 0, 100):
            if type(key) is str:
                seen.setdefault(key, kind(each) if length(each) is None else type_name(each))
    names, _ = listed((f"{key} ({each.split(' of ')[0]})" for key, each in seen.items()), 500)
    return [f"keys: {names}"] if names else []
