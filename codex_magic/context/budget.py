"""How much goes with a question: estimates of tokens, and cuts that keep head and tail."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..patterns import late
from .pieces import Attachment, Document, Picture, Piece

# Tokens of a model's window; the first name that a model's begins with counts. They size what we
# attach and are no limit: services and their price lists disagree about them.
_WINDOWS = (
    ("smollm2", 8_192),
    ("gpt-4.1", 1_000_000),
    ("gpt-4o", 128_000),
    ("gpt-5", 400_000),
    ("gpt-6", 400_000),
    ("o1", 200_000),
    ("o3", 200_000),
    ("o4", 200_000),
)
_UNKNOWN_WINDOW = 128_000
# What may be attached to one question, as a part of the window.
_SHARE = 0.5
# A piece is never cut below this many characters: less says nothing.
_LEAST = 200
# Characters a token, and tokens for a character outside of ASCII.
_PER_TOKEN = 4.0
_WIDE = 0.7
_DATA = late(rb'"data:[^"]*"')
_PATCH = 32
_PATCHES = {"low": 256, "high": 2_500, "auto": 2_500, "original": 10_000}
# A picture whose size nobody knows: an address.
_USUAL_PICTURE = 1_000
# A page of a PDF as text and as an image, and the bytes of a usual page.
_PAGE_TOKENS, _PAGE_BYTES = 1_500, 50_000


def window(model: str) -> int:
    """
    Return about how many tokens a model takes.

    >>> window("gpt-5.4-mini"), window("something-new")
    (400000, 128000)
    """
    name = model.rpartition("/")[2].lower()
    return next((size for start, size in _WINDOWS if name.startswith(start)), _UNKNOWN_WINDOW)


def allowance(model: str, configured: int) -> int:
    """Return how many tokens may be attached to a question: the setting, or half the window."""
    most = int(window(model) * _SHARE)
    return min(configured, most) if configured else most


def text_tokens(text: str) -> int:
    """
    Return about how many tokens a text has.

    >>> text_tokens("Why is the sky blue?")
    5
    """
    if text.isascii():
        return math.ceil(len(text) / _PER_TOKEN)
    ascii_ = len(text.encode("ascii", "ignore"))
    return math.ceil(ascii_ / _PER_TOKEN + (len(text) - ascii_) * _WIDE)


def encoded_tokens(items: bytes) -> int:
    """Return about how many tokens encoded items have; the base64 in them is a picture each."""
    text, pictures = _DATA.subn(b"", items)
    return math.ceil(len(text) / _PER_TOKEN) + pictures * _USUAL_PICTURE


def picture_tokens(picture: Picture, detail: str) -> int:
    """Return about how many tokens a picture has, in patches of 32 by 32 pixels."""
    if not picture.width or not picture.height:
        return _USUAL_PICTURE
    patches = math.ceil(picture.width / _PATCH) * math.ceil(picture.height / _PATCH)
    return min(patches, _PATCHES.get(detail, _PATCHES["auto"]))


def tokens(attachment: Attachment, detail: str = "auto") -> int:
    """Return about how many tokens an attachment has."""
    match attachment:
        case Piece():
            return text_tokens(attachment.text)
        case Picture():
            return picture_tokens(attachment, detail)
        case Document():
            return math.ceil(len(attachment.data) / _PAGE_BYTES) * _PAGE_TOKENS


def cut(text: str, limit: int) -> tuple[str, str]:
    """
    Return a text of about ``limit`` characters at most, and what was left out, in words.

    Two thirds of what is kept are the head, the rest is the tail; lines stay whole where they are
    short.

    >>> cut("a" * 1000, 300)[1]
    '700 of 1,000 characters left out'
    """
    if len(text) <= limit:
        return text, ""
    head, tail = text[: limit * 2 // 3], text[len(text) - (limit - limit * 2 // 3) :]
    head, tail = whole(head, tail, limit // 10)
    left_out = len(text) - len(head) - len(tail)
    note = f"{left_out:,} of {len(text):,} characters left out"
    return f"{head}\n[… {note} …]\n{tail}", note


def whole(head: str, tail: str, most: int) -> tuple[str, str]:
    """
    Return a head and a tail without the half line, or else the half word, at which they were cut.

    Half a word may be half a secret, which nothing would know as one any more.

    Args:
        head: The beginning of a text.
        tail: The end of it.
        most: How many characters may be left out of each.

    >>> whole("one two\\nthree fo", "ur five six", 5)
    ('one two\\nthree', 'five six')
    """
    for gap in "\n", " ":
        end = head.rfind(gap)
        if end >= 0 and len(head) - end <= most:
            head = head[:end]
            break
    for gap in "\n", " ":
        start = tail.find(gap)
        if 0 <= start <= most:
            tail = tail[start + 1 :]
            break
    return head, tail


def fitted(attachments: Sequence[Attachment], limit: int, detail: str = "auto") -> list[Attachment]:
    """
    Return the attachments within about ``limit`` tokens: the longest texts are cut, all to one size.

    Pictures and documents are never cut: what they take is taken off the texts' share.
    """
    texts = [piece for piece in attachments if isinstance(piece, Piece)]
    others = sum(tokens(other, detail) for other in attachments if not isinstance(other, Piece))
    sizes = [text_tokens(piece.text) for piece in texts]
    room = max(limit - others, 0)
    if sum(sizes) <= room:
        return list(attachments)
    most = _level(sizes, room)
    return [_cut_piece(item, most) if isinstance(item, Piece) else item for item in attachments]


def _cut_piece(piece: Piece, most: int) -> Piece:
    """Return a piece of at most so many tokens."""
    size = text_tokens(piece.text)
    if size <= most:
        return piece
    text, note = cut(piece.text, max(len(piece.text) * most // size, _LEAST))
    return replace(piece, text=text, note="; ".join(filter(None, (piece.note, note))))


def _level(sizes: Iterable[int], room: int) -> int:
    """
    Return the size to which the largest are cut, so that all together fit.

    >>> _level([10, 100, 1000], 210)
    100
    """
    left = sorted(sizes)
    for index, size in enumerate(left):
        share = room // (len(left) - index)
        if size > share:
            return share
        room -= size
    return left[-1] if left else 0
