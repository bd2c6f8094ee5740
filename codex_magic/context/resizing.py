"""Pictures in the size that the model sees, and in a type that it takes."""

from __future__ import annotations

import re
import warnings
from binascii import a2b_base64
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from ..errors import ContextError
from .images import SVG, has_frames, mime_of, size_of
from .pieces import Picture

# The long side that a detail level uses, in pixels: more costs time and is thrown away.
LONGEST = {"low": 512, "auto": 2_048, "high": 2_048, "original": 6_000}
_SENT_AS_IT_IS = ("image/png", "image/jpeg", "image/webp", "image/gif")
# The first family that sees images in their original size.
_SINCE = (5, 4)
_FAMILY = re.compile(r"gpt-(\d+)(?:\.(\d+))?(?![\d.]*o)")
_WEIGHTS = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}


def detail_for(detail: str, model: str) -> tuple[str, str]:
    """
    Return the detail level to send, and what to say of it; empty for nothing.

    >>> detail_for("original", "gpt-5.4-mini")
    ('original', '')
    >>> detail_for("original", "gpt-5.1-codex-mini")
    ('high', '--detail original needs gpt-5.4 or newer: sent with detail high.')
    """
    if detail != "original":
        return detail, ""
    found = _FAMILY.match(model.rpartition("/")[2].lower())
    if found and (int(found[1]), int(found[2] or 0)) >= _SINCE:
        return detail, ""
    return "high", "--detail original needs gpt-5.4 or newer: sent with detail high."


def prepare(picture: Picture, detail: str = "auto", model: str = "") -> Picture:
    """
    Return a picture as it is sent: no larger than its detail level uses, in a type that models take.

    What fits already keeps its bytes. A picture is never made larger, and an address stays one.

    Args:
        picture: The picture.
        detail: auto, low, high or original.
        model: Who will look at it.

    Raises:
        ContextError: It is damaged, too large, or of a type that cannot be converted here.
    """
    if picture.url:
        return picture
    mime = mime_of(picture.data)
    if mime == "application/pdf":
        raise ContextError(f"{picture.label} is a PDF, not an image: use --file for it.")
    if mime == SVG:
        return prepare(from_svg(picture), detail, model)
    longest = LONGEST.get(detail_for(detail, model)[0], LONGEST["auto"])
    width, height = size_of(picture.data, mime)
    fits = 0 < max(width, height) <= longest
    if not fits or mime not in _SENT_AS_IT_IS or _moves(picture.data, mime):
        return _converted(picture, mime, longest)
    if not _whole(picture.data, mime):
        _opened(picture.data, picture.label).close()
    return replace(picture, mime=mime, width=width, height=height)


def _moves(data: bytes, mime: str) -> bool:
    """Whether it is an animation, of which a model takes no more than one frame."""
    if mime == "image/gif":
        return has_frames(data)
    return mime == "image/webp" and data[12:16] == b"VP8X" and bool(data[20] & 2)


def _whole(data: bytes, mime: str) -> bool:
    """Whether the end of the file is there; where that is not clear, False."""
    if mime == "image/png":
        return b"IEND" in data[-1000:]
    if mime == "image/jpeg":
        return b"\xff\xd9" in data[-16:]
    if mime == "image/gif":
        return b"\x3b" in data[-2:]
    return int.from_bytes(data[4:8], "little") + 8 <= len(data)


def _converted(picture: Picture, mime: str, longest: int) -> Picture:
    """Return the picture through Pillow: smaller, or of another type, or its first frame."""
    image = _opened(picture.data, picture.label, longest)
    with image:
        was = size_of(picture.data, mime) if mime else image.size
        was = was if all(was) else image.size
        frames = getattr(image, "n_frames", 1) > 1 and image.format != "MPO"
        data, kind, size = encoded(image, longest, jpeg=mime == "image/jpeg")
    resized = max(was) > longest
    note = f"{size[0]}×{size[1]} px from {was[0]}×{was[1]}" if resized else ""
    notes = [picture.note, "first frame of the animation" if frames else "", note]
    return replace(
        picture,
        data=data,
        mime=kind,
        width=size[0],
        height=size[1],
        note="; ".join(filter(None, notes)),
    )


def _opened(data: bytes, label: str, longest: int = 0) -> Any:
    """
    Return an image of Pillow's, with its pixels.

    Raises:
        ContextError: Pillow is not installed, or the image is damaged or far too large.
    """
    pil = pillow(f"{label} has to be resized, converted or checked")
    image: Any = None
    try:
        with warnings.catch_warnings():
            # A small file of a huge image would take all the memory.
            warnings.simplefilter("error", pil.DecompressionBombWarning)
            image = pil.open(BytesIO(data))
            if longest and image.format == "JPEG":
                # Twice as large as needed is read much faster than all of it.
                image.draft(None, (longest * 2, longest * 2))
            image.load()
    except (pil.DecompressionBombWarning, pil.DecompressionBombError):
        raise ContextError(
            f"{label} has too many pixels to be opened safely: save it smaller, and send that."
        ) from None
    except _unidentified():
        raise ContextError(
            f"{label} is not an image of a known type: use PNG, JPEG, WebP or GIF."
        ) from None
    except Exception as error:
        # Pillow's decoders raise what they like: OSError, SyntaxError, struct.error and more.
        if image is not None:
            image.close()
        raise ContextError(
            f"{label} is cut off or damaged ({error}): save it again, and send that."
        ) from error
    return image


def _unidentified() -> type[Exception]:
    from PIL import UnidentifiedImageError  # Pillow is there by now.

    return UnidentifiedImageError


def encoded(image: Any, longest: int, *, jpeg: bool = False) -> tuple[bytes, str, tuple[int, int]]:
    """
    Return an image of Pillow's as bytes, with type and size.

    Args:
        image: The image.
        longest: Pixels of its long side at most.
        jpeg: Whether it may lose a little, as it did before.
    """
    from PIL import Image, ImageOps  # It is there: somebody made this image with it.

    # The camera's orientation is not in what is saved: it is turned instead.
    turned: Any = ImageOps.exif_transpose(image)
    plain = _plain(turned if turned is not None else image)
    if max(plain.size) > longest:
        scale = longest / max(plain.size)
        size = [max(1, round(side * scale)) for side in plain.size]
        plain = plain.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = BytesIO()
    if jpeg:
        flat = plain if plain.mode in ("L", "RGB") else plain.convert("RGB")
        flat.save(buffer, "JPEG", quality=90)
    else:
        # Photos take seconds at the usual level, and become little smaller.
        plain.save(buffer, "PNG", compress_level=6 if max(plain.size) <= 2_048 else 3)
    return buffer.getvalue(), "image/jpeg" if jpeg else "image/png", plain.size


def _plain(image: Any) -> Any:
    """Return an image in a mode that can be resized and saved as PNG."""
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image
    if image.mode in _WEIGHTS:
        low, high = image.getextrema()
        scale = 255 / (high - low) if high > low else 1.0
        return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    if image.mode == "1":
        return image.convert("L")
    clear = image.mode in ("PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if clear else "RGB")


def pillow(why: str) -> Any:
    """
    Return Pillow's module of images.

    Raises:
        ContextError: It is not installed.
    """
    try:
        from PIL import Image  # Optional, and not for the loading path.
    except ImportError:
        raise ContextError(f"{why}, which needs Pillow: run %pip install pillow.") from None
    return Image


def from_svg(picture: Picture) -> Picture:
    """
    Return a picture of SVG as one of PNG.

    Raises:
        ContextError: Nothing that could convert it is installed, or it is not valid.
    """
    try:
        cairosvg = import_module("cairosvg")  # Optional.
    except (ImportError, OSError):
        # OSError: the package is there, the library that it calls is not.
        raise ContextError(
            f"{picture.label} is SVG, which models do not take: run %pip install cairosvg, or name "
            "the figure's variable, or save it as PNG and send that with -i."
        ) from None
    try:
        png = cairosvg.svg2png(bytestring=picture.data, url_fetcher=_embedded, unsafe=False)
    except Exception as error:
        # Whatever a parser of XML raises.
        raise ContextError(
            f"{picture.label} cannot be converted to PNG ({error}): save it as PNG, and send that "
            "with -i."
        ) from error
    return replace(picture, data=png, mime="image/png", note=picture.note or "converted from SVG")


def _embedded(url: str, *arguments: object) -> bytes:
    """Return what an SVG embeds; what it only refers to is not fetched: nobody named it."""
    if not url.startswith("data:"):
        raise ValueError("it refers to another file")
    return from_data_url(url)[0]


def from_data_url(url: str) -> tuple[bytes, str]:
    """
    Return what a ``data:`` address holds, and its type.

    >>> from_data_url("data:image/gif;base64,R0lGODlh")
    (b'GIF89a', 'image/gif')
    """
    head, _, body = url.removeprefix("data:").partition(",")
    mime, _, coding = head.partition(";")
    raw = unquote_to_bytes(body)
    return (a2b_base64(raw) if coding.endswith("base64") else raw), mime
