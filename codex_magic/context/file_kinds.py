"""What kind of file it is, by its first bytes and its name: text, picture, document or neither."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import BinaryIO

from ..errors import ContextError
from ..records import dataclass
from .budget import cut
from .csv_files import delimited
from .decoding import decode, encoding
from .file_tables import excel, parquet
from .images import size_of
from .json_files import json_text, lines_text, notebook
from .pieces import Attachment, Document, Picture, Piece

MOST_BYTES = 50_000_000
_MOST_PDF = 32_000_000
_HEAD = 4_096
_FIRST_PART = 1_000_000
_TABLES = {".csv": "", ".tsv": "\t", ".tab": "\t"}
_LINES = (".jsonl", ".ndjson")

_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_FOREIGN_PICTURES = (
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x01\x00", "ICO"),
)
_LANGUAGES = {
    ".c": "c", ".cpp": "cpp", ".css": "css", ".go": "go", ".h": "c", ".html": "html",
    ".java": "java", ".jl": "julia", ".js": "javascript", ".json": "json", ".md": "",
    ".py": "python", ".pyi": "python", ".pyx": "cython", ".r": "r", ".rs": "rust",
    ".sh": "bash", ".sql": "sql", ".svg": "xml", ".toml": "toml", ".ts": "typescript",
    ".xml": "xml", ".yaml": "yaml", ".yml": "yaml",
}  # fmt: skip
_TYPES = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/x-ipynb+json": ".ipynb",
    "application/x-ndjson": ".jsonl",
    "image/svg+xml": ".svg",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/tab-separated-values": ".tsv",
}
_SECRET = re.compile(
    r"(?i)^(\.env(\..*)?|\.netrc|_netrc|\.pgpass|\.pypirc|\.npmrc|id_(rsa|dsa|ecdsa|ed25519)"
    r"|.*\.(pem|key|p12|pfx|ppk|env)|credentials(\..*)?|secrets?\..*)$"
)


@dataclass(frozen=True, slots=True)
class Source:
    """
    A file, here or fetched.

    Attributes:
        label: What the user called it.
        name: Its name, without folders.
        size: Its bytes.
        open: Opens it for reading.
        mime: The type that a server stated; empty for a file.
    """

    label: str
    name: str
    size: int
    open: Callable[[], BinaryIO]
    mime: str = ""

    @property
    def ending(self) -> str:
        """The end of its name, as ".csv", or the one that its type has."""
        own = os.path.splitext(self.name)[1].lower()
        return _TYPES.get(self.mime) or own

    def read(self, most: int = MOST_BYTES) -> bytes:
        """
        Return all bytes.

        Raises:
            ContextError: There are more than ``most``.
        """
        data = b""
        if self.size <= most:
            with self.open() as file:
                # It may grow while it is read.
                data = file.read(most + 1)
        if max(self.size, len(data)) > most:
            raise ContextError(
                f"{self.label!r} is larger than {most // 1_000_000} MB. "
                "Load what matters in a cell, and attach that with --var NAME."
            )
        return data

    def start(self, most: int) -> bytes:
        """Return the first bytes."""
        with self.open() as file:
            return file.read(most)


def attachment(source: Source, limit: int) -> Attachment:
    """
    Return a file as a model gets it.

    Args:
        source: The file.
        limit: Characters of a text.

    Raises:
        ContextError: A model cannot read it.
    """
    head = source.start(_HEAD)
    mime = _picture(head)
    if mime:
        return _as_picture(source, mime)
    if b"%PDF-" in head[:1024]:
        data = source.read(_MOST_PDF)
        name = (
            source.name if source.name.lower().endswith(".pdf") else f"{source.name or 'file'}.pdf"
        )
        return Document(source.label, name, data)
    text, note = _text(source, head)
    text, left_out = cut(text, limit)
    language = "" if note.startswith("an outline") else _LANGUAGES.get(source.ending, "")
    text = _fenced(text, language)
    secret = "may hold secrets" if _SECRET.match(source.name) else ""
    notes = "; ".join(filter(None, (note, left_out, secret)))
    return Piece(source.label, text, "file", notes)


def _text(source: Source, head: bytes) -> tuple[str, str]:
    """Return a file in words, and what was done to it."""
    ending = source.ending
    if ending == ".parquet" or head.startswith(b"PAR1"):
        return parquet(source.label, source.open), "a summary and the first rows"
    if ending in (".xlsx", ".xlsm"):
        return excel(source.label, source.open), "a summary and the first rows"
    if encoding(head, whole=len(head) < _HEAD) is None:
        raise _binary(source, head)
    if ending in _TABLES and head:
        return delimited(source.open, source.size, _TABLES[ending])
    many = source.size > MOST_BYTES and ending in _LINES
    data = source.start(_FIRST_PART) if many else source.read()
    decoded = decode(data, whole=not many)
    if decoded is None:
        raise _binary(source, head)
    text, note = _worded(source, decoded[0], whole=not many)
    empty = "" if decoded[0] else "the file is empty"
    return text, "; ".join(filter(None, (decoded[1], note, empty)))


def _worded(source: Source, text: str, *, whole: bool) -> tuple[str, str]:
    """Return text as a model gets it, and what was left out."""
    ending = source.ending
    if ending == ".ipynb":
        return notebook(source.label, text)
    if ending in _LINES:
        return lines_text(text, whole=whole)
    if ending in (".json", ".geojson"):
        return json_text(text)
    return text, ""


def _picture(head: bytes) -> str:
    """Return the type of an image that models take; empty for anything else."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for start, mime in _PICTURES if head.startswith(start)), "")


def _as_picture(source: Source, mime: str) -> Picture:
    data = source.read()
    width, height = size_of(data, mime)
    return Picture(source.label, data, mime, width=width, height=height)


def _binary(source: Source, head: bytes) -> ContextError:
    """Return the error for a file that is no text, with what to do instead."""
    label = repr(source.label)
    kind = next((kind for start, kind in _FOREIGN_PICTURES if head.startswith(start)), "")
    if kind or source.ending in (".heic", ".avif"):
        kind = kind or source.ending[1:].upper()
        return ContextError(f"{label} is a {kind} image, which models do not take. Save it as PNG.")
    if source.ending in (".doc", ".docx", ".odt", ".ppt", ".pptx"):
        return ContextError(f"{label} is a document that is not read. Save it as PDF or text.")
    if source.ending == ".xls":
        return ContextError(f"{label} is an old Excel file. Save it as .xlsx or CSV.")
    return ContextError(
        f"{label} is binary. Load it in a cell, and attach what matters with --var NAME."
    )


def _fenced(text: str, language: str) -> str:
    """Return code between fences that it does not contain; text without a language as it is."""
    if not language:
        return text
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
