"""Bytes of a file become text, by their mark, as UTF-8, or as this computer writes text."""

from __future__ import annotations

import codecs
import locale

# UTF-32's mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 4_096
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x08\x1b")


def encoding(data: bytes, *, whole: bool = True) -> str | None:
    """
    Return the encoding of a file's bytes, or None where they are no text.

    Args:
        data: The bytes.
        whole: Whether they are all; else the last character may be cut.

    >>> encoding("é".encode()), encoding("é".encode("cp1252")), encoding(bytes(9))
    ('utf-8', 'cp1252', None)
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name if _decodes(data, name, whole) else None
    if b"\0" in data:
        return _without_mark(data, whole)
    if _decodes(data, "utf-8", whole):
        return None if _is_noise(data[:_SAMPLE]) else "utf-8"
    if _is_noise(data[:_SAMPLE]):
        return None
    own = codecs.lookup(locale.getencoding()).name
    # cp1252 leaves five bytes out; latin-1 takes them all, and says nothing.
    known = (own, "cp1252") if own not in ("ascii", "utf-8", "iso8859-1") else ("cp1252",)
    return next((name for name in known if _decodes(data, name, whole)), None)


def decode(data: bytes, *, whole: bool = True) -> tuple[str, str] | None:
    """
    Return a file's text with plain line ends, and what to say of it; None for no text.

    Args:
        data: Its bytes.
        whole: Whether they are all.
    """
    name = encoding(data, whole=whole)
    if name is None:
        return None
    text = data.decode(name, errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
    return text, "" if name in ("utf-8", "utf-8-sig") else f"read as {name}"


def _decodes(data: bytes, name: str, whole: bool) -> bool:
    """Whether the bytes are text in this encoding."""
    try:
        codecs.getincrementaldecoder(name)().decode(data, whole)
    except UnicodeError:
        return False
    return True


def _is_noise(sample: bytes) -> bool:
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in sample)
    return controls > len(sample) // 20


def _without_mark(data: bytes, whole: bool) -> str | None:
    """Return which UTF-16 it is, as Windows writes it without a mark; None for neither."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    name = "utf-16-le" if high > low else "utf-16-be"
    # Mostly Latin text: every other byte is zero, and no character is.
    plain = half > 0 and max(low, high) > half * 0.7 and min(low, high) == 0
    return name if plain and _decodes(data, name, whole) else None
