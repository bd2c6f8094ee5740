"""The images that cells displayed, as many as are worth keeping."""

from __future__ import annotations

import binascii
import threading

# Loaded with the extension: plain classes, which cost nothing to make.

SVG = "image/svg+xml"
_MOST_IMAGES = 48
_MOST_BYTES = 48_000_000
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
)
# Start-of-frame markers of JPEG: all but the tables DHT, JPG and DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((*range(0xD0, 0xDA), 0x01))


class StoredImage:
    """
    An image that a cell displayed.

    Attributes:
        data: Its bytes, as they were displayed.
        mime: Its type.
        width: Pixels; 0 where they are not known.
        height: Pixels; 0 where they are not known.
    """

    __slots__ = ("data", "height", "mime", "width")

    def __init__(self, data: bytes, mime: str, width: int, height: int) -> None:
        self.data, self.mime, self.width, self.height = data, mime, width, height

    def __repr__(self) -> str:
        return f"StoredImage({self.mime}, {self.width}×{self.height}, {len(self.data)} bytes)"


class ImageStore:
    """
    Images by key, each once; the ones that were not used for the longest time go first.

    Args:
        most_images: How many are kept.
        most_bytes: How many bytes they take together.
    """

    def __init__(self, most_images: int = _MOST_IMAGES, most_bytes: int = _MOST_BYTES) -> None:
        self._most_images, self._most_bytes = most_images, most_bytes
        # As they came: decoding base64 can wait until somebody asks.
        self._images: dict[str, tuple[bytes | str, str]] = {}
        self._size = 0
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._images)

    @property
    def size(self) -> int:
        """The bytes that all of them take."""
        return self._size

    def add(self, data: bytes | str, mime: str) -> str:
        """
        Keep an image and return its key; one that is larger than all may be gets none.

        Args:
            data: Its bytes, or what stands for them in a MIME bundle: base64, or the text of SVG.
            mime: Its type.
        """
        from hashlib import sha1  # Loads OpenSSL: not while loading.

        if len(data) > self._most_bytes:
            return ""
        raw = data.encode() if isinstance(data, str) else data
        key = sha1(raw, usedforsecurity=False).hexdigest()
        with self._lock:
            known = self._images.pop(key, None)
            if known is None:
                self._size += len(data)
            # Put in anew: the last one is the one that was used last.
            self._images[key] = known or (data, mime)
            while len(self._images) > self._most_images or self._size > self._most_bytes:
                oldest = next(iter(self._images))
                self._size -= len(self._images.pop(oldest)[0])
        return key

    def get(self, key: str) -> StoredImage | None:
        """Return the image of a key, or None where it is kept no more."""
        with self._lock:
            known = self._images.pop(key, None)
            if known is None:
                return None
            data, mime = known
            decoded = _decoded(data, mime)
            self._size += len(decoded) - len(data)
            self._images[key] = decoded, mime
        return StoredImage(decoded, mime, *size_of(decoded, mime))

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._images.clear()
            self._size = 0


def _decoded(data: bytes | str, mime: str) -> bytes:
    if isinstance(data, bytes):
        return data
    if mime == SVG:
        return data.encode()
    try:
        return binascii.a2b_base64(data)
    except ValueError:
        return data.encode("latin-1", "replace")


def mime_of(data: bytes) -> str:
    """
    Return the type of an image by how it starts; empty for none that is known.

    >>> mime_of(b"GIF89a"), mime_of(b"Dear Sir")
    ('image/gif', '')
    """
    for start, mime in _SIGNATURES:
        if data.startswith(start):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    head = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!")) and b"<svg" in head):
        return SVG
    return ""


def size_of(data: bytes, mime: str) -> tuple[int, int]:
    """
    Return width and height of an image by its header; zeros where it does not say.

    >>> size_of(b"GIF89a" + bytes([2, 0, 3, 0]), "image/gif")
    (2, 3)
    """
    read = {
        "image/png": _png_size,
        "image/jpeg": _jpeg_size,
        "image/gif": _gif_size,
        "image/webp": _webp_size,
        "image/bmp": _bmp_size,
    }.get(mime)
    try:
        return read(data) if read else (0, 0)
    except IndexError:
        return 0, 0


def _png_size(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return 0, 0
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif_size(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def has_frames(data: bytes) -> bool:
    """
    Whether a GIF has more than one image: https://www.w3.org/Graphics/GIF/spec-gif89a.txt.

    >>> has_frames(b"GIF89a" + bytes([2, 0, 3, 0, 0, 0, 0]) + b";")
    False
    """
    frames = 0
    try:
        at = 13 + _table(data[10])
        while data[at] != 0x3B and frames < 2:
            if data[at] == 0x2C:
                frames += 1
                at = _after_blocks(data, at + 11 + _table(data[at + 9]))
            else:
                at = _after_blocks(data, at + 2)
    except IndexError:
        # Cut off: what is there counts.
        pass
    return frames > 1


def _table(flags: int) -> int:
    """Return the bytes of a table of colours."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


def _bmp_size(data: bytes) -> tuple[int, int]:
    width = int.from_bytes(data[18:22], "little", signed=True)
    # A negative height is one that is counted from the top.
    return abs(width), abs(int.from_bytes(data[22:26], "little", signed=True))


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the segments up to the frame's header, which says it."""
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            return 0, 0
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _FRAMES:
            height, width = data[at + 5 : at + 7], data[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        else:
            at += 2 + (data[at + 2] << 8 | data[at + 3])
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    """Read the first chunk: https://developers.google.com/speed/webp/docs/riff_container."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        width, height = data[24:27], data[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = data[26:28], data[28:30]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    return 0, 0
