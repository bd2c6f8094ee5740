"""JSON files in words: notebooks as their cells, large documents as an outline."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..errors import ContextError
from .budget import cut

_WHOLE = 20_000
_LONGEST_OUTPUT = 1_000
_OUTLINE_DEPTH, _OUTLINE_KEYS = 4, 30
_HEAD_LINES, _LONGEST_LINE = 5, 2_000
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def json_text(text: str) -> tuple[str, str]:
    """Return a JSON document, and what was left out: a large one is an outline and its head."""
    if len(text) <= _WHOLE:
        return text, ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text, ""
    outline = "\n".join(_outline(value, 0))
    note = f"an outline and the first characters of {len(text):,}"
    return f"Outline:\n{outline}\n\nIt begins:\n{text[:_LONGEST_LINE]}", note


def lines_text(text: str, *, whole: bool = True) -> tuple[str, str]:
    """
    Return a file with one JSON value a line, and what was left out.

    Args:
        text: The file, or its first part.
        whole: Whether it is the file.
    """
    if whole and len(text) <= _WHOLE:
        return text, ""
    lines = [line for line in text.splitlines() if line.strip()]
    count = f"{len(lines):,} lines" if whole else f"more than {len(lines):,} lines"
    head = [cut(line, _LONGEST_LINE)[0] for line in lines[:_HEAD_LINES]]
    fields = _fields(lines[:1_000])
    shown = [count, *([f"Fields: {', '.join(fields)}"] if fields else []), "", "The first:", *head]
    return "\n".join(shown), f"the first {len(head)} of {count}"


def _fields(lines: list[str]) -> list[str]:
    """Return the keys of the records, with the types of their values."""
    found: dict[str, dict[str, None]] = {}
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            for key, value in record.items():
                found.setdefault(key, {})[_kind(value)] = None
    return [f"{key} ({' or '.join(kinds)})" for key, kinds in found.items()][:_OUTLINE_KEYS]


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "true/false", type(None): "null"}
    return names.get(type(value), "number")


def _outline(value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, list):
        yield f"{indent}list of {len(value):,}" + (", the first:" if value else "")
        if value and depth < _OUTLINE_DEPTH:
            yield from _outline(value[0], depth + 1)
    elif isinstance(value, dict):
        yield f"{indent}object with {len(value):,} keys"
        if depth < _OUTLINE_DEPTH:
            for key, inner in list(value.items())[:_OUTLINE_KEYS]:
                first, *rest = _outline(inner, depth + 1)
                yield f"{indent}  {key[:80]}: {first.strip()}"
                yield from rest
            if len(value) > _OUTLINE_KEYS:
                yield f"{indent}  … and {len(value) - _OUTLINE_KEYS:,} more keys"
    else:
        yield f"{indent}{_kind(value)}, as {json.dumps(value, ensure_ascii=False)[:60]}"


def notebook(label: str, text: str) -> tuple[str, str]:
    """
    Return a notebook's cells with their source and short outputs, and what was left out.

    Args:
        label: What the user called it.
        text: The file.

    Raises:
        ContextError: It is no notebook.
    """
    try:
        content = json.loads(text)
        cells = content["cells"] if "cells" in content else content["worksheets"][0]["cells"]
        found = [_cell(number, cell) for number, cell in enumerate(cells, 1)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as failure:
        raise ContextError(
            f"{label!r} is not a notebook that can be read. Open it in Jupyter and save it again."
        ) from failure
    images = sum(count for _, count in found)
    note = f"{images} image{'s' * (images != 1)} left out" if images else ""
    heading = f"{len(found)} cell{'s' * (len(found) != 1)}"
    return "\n\n".join([heading, *(shown for shown, _ in found)]), note


def _cell(number: int, cell: dict[str, Any]) -> tuple[str, int]:
    """Return a cell in words, and how many images it shows."""
    kind = cell["cell_type"]
    count = cell.get("execution_count", cell.get("prompt_number"))
    run = f", In[{count}]" if count else ""
    source = _joined(cell.get("source", cell.get("input", "")))
    shown = [f"[cell {number}, {kind}{run}]", source]
    images = 0
    for output in cell.get("outputs", ()):
        words, pictures = _output(output)
        images += pictures
        if words:
            shown += [f"[output of cell {number}]", cut(words, _LONGEST_OUTPUT)[0]]
    return "\n".join(shown).rstrip(), images


def _output(output: dict[str, Any]) -> tuple[str, int]:
    kind = output["output_type"]
    if kind == "stream":
        return _COLOURS.sub("", _joined(output.get("text", ""))).rstrip(), 0
    if kind in ("error", "pyerr"):
        return f"{output.get('ename')}: {output.get('evalue')}", 0
    bundle = output.get("data", output)
    pictures = sum(name.startswith("image/") or name in ("png", "jpeg") for name in bundle)
    return _joined(bundle.get("text/plain", bundle.get("text", ""))).rstrip(), min(pictures, 1)


def _joined(lines: Any) -> str:
    """Return multi-line text, which a notebook keeps as one string or as a list of lines."""
    return lines if isinstance(lines, str) else "".join(lines)
