"""What an answer cites: a numbered note in its text, and the sources below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from ..api.items import Json
from ..api.wire import objects
from ..api.wire import words as text_of
from ..conversation.turns import BREAK
from ..records import dataclass
from .markdown import escape, escape_text
from .progress import printable
from .sanitize import is_link

_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})", re.MULTILINE)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Source:
    """
    Something that an answer cites.

    Attributes:
        title: What it is called.
        address: Its web page; empty for a file.
    """

    title: str
    address: str = ""

    @property
    def line(self) -> str:
        """It as one line of plain text."""
        return f"{self.title}: {self.address}" if self.address else self.title


@dataclass(frozen=True, slots=True)
class _Note:
    """A place in the text, and what it cites."""

    start: int
    end: int
    source: Source


def sources_of(items: Iterable[Json]) -> list[Source]:
    """Return what an answer cites, each once, in the order in which it does."""
    return list(dict.fromkeys(note.source for note in _notes(items)[1]))


def with_notes(text: str, items: Sequence[Json]) -> str:
    """
    Return an answer's Markdown with the numbers of its sources where it cites them.

    >>> cites = [{"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 5}]
    >>> part = {"type": "output_text", "text": "It is so.", "annotations": cites}
    >>> with_notes("It is so.", [{"type": "message", "content": [part]}])
    'It is &#91;1&#93; so.'
    """
    said, notes = _notes(items)
    if said != text:
        # The places are those of another text.
        return text
    numbers = {source: n for n, source in enumerate(sources_of(items), start=1)}
    marks = dict.fromkeys(
        (note.end, numbers[note.source]) for note in notes if _takes_a_mark(text, note)
    )
    for end, number in sorted(marks, reverse=True):
        source = next(each for each, n in numbers.items() if n == number)
        text = f"{text[:end].rstrip(' ')}{_mark(number, source)}{text[end:]}"
    return text


def sources_html(items: Sequence[Json]) -> str:
    """Return the sources of an answer, numbered; web pages are links that show their host."""
    sources = sources_of(items)
    lines = [f"[{number}] {_html(source)}" for number, source in enumerate(sources, start=1)]
    small = "<br>".join(f"<small>{line}</small>" for line in lines)
    return f'<div class="codex-sources">{small}</div>' if small else ""


def source_lines(items: Sequence[Json]) -> list[str]:
    """Return the sources of an answer as lines of plain text."""
    sources = enumerate(sources_of(items), start=1)
    return [printable(f"[{number}] {source.line}") for number, source in sources]


def _notes(items: Iterable[Json]) -> tuple[str, list[_Note]]:
    """Return the words of an answer, and the places in them that cite something."""
    text, notes = "", []
    for item in items:
        content = item.get("content") if item.get("type") == "message" else None
        if not isinstance(content, list) or item.get("role") == "user":
            continue
        words = ""
        before = text + BREAK if text else ""
        for part in objects(content):
            for annotation in objects(part.get("annotations")):
                note = _note(annotation, len(before) + len(words))
                notes += [note] if note else []
            words += text_of(part.get("text")) or text_of(part.get("refusal"))
        text = before + words if words else text
    return text, notes


def _note(annotation: Any, offset: int) -> _Note | None:
    if not isinstance(annotation, dict):
        return None
    end = annotation.get("end_index", annotation.get("index"))
    start = annotation.get("start_index", end)
    source = _source(annotation)
    if source is None:
        return None
    if not (isinstance(start, int) and isinstance(end, int)) or start < 0:
        return _Note(-1, -1, source)
    return _Note(offset + start, offset + end, source)


def _source(annotation: Json) -> Source | None:
    address = str(annotation.get("url") or "")
    if annotation.get("type") == "url_citation":
        title = " ".join(str(annotation.get("title") or address).split())
        return Source(title[:_LONGEST], address) if title else None
    name = annotation.get("filename") or annotation.get("file_id")
    return Source(str(name)[:_LONGEST]) if name else None


def _takes_a_mark(text: str, note: _Note) -> bool:
    """Whether a number can stand there: not in code, and not beside a link of the model's own."""
    if not 0 <= note.start <= note.end <= len(text):
        return False
    before = text[: note.end]
    in_code = len(_FENCE.findall(before)) % 2 or before.rpartition("\n")[2].count("`") % 2
    return not in_code and "](" not in text[note.start : note.end]


def _mark(number: int, source: Source) -> str:
    # No bare brackets: a text may define what they refer to; with backslashes they are a formula.
    label = f"&#91;{number}&#93;"
    if not is_link(source.address):
        return f" {label}"
    address = source.address.replace("(", "%28").replace(")", "%29").replace("<", "%3C")
    return f" [{label}]({address})"


def _html(source: Source) -> str:
    title = escape_text(source.title)
    if not is_link(source.address):
        return title + (f" ({escape_text(source.address[:_LONGEST])})" if source.address else "")
    link = f'<a href="{escape(source.address)}" target="_blank">{title}</a>'
    return f"{link} ({escape_text(_host(source.address))})"


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return address[:_LONGEST]
