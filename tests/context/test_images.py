"""Tests of the images that are kept, and of what their headers say."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from codex_magic.context.images import ImageStore, mime_of, size_of

FORMATS: list[tuple[str, str, dict[str, Any]]] = [
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "1", {}),
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "RGB", {"exif": Image.Exif(), "icc_profile": b"\xff" * 300}),
    ("JPEG", "CMYK", {"comment": b"a \xff\xc0 comment"}),
    ("GIF", "P", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"exif": b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00"}),
    ("BMP", "RGB", {}),
]


def encoded(kind: str, mode: str, size: tuple[int, int], **options: Any) -> bytes:
    """Return an image of Pillow's making."""
    buffer = BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3, 1_027)])
@pytest.mark.parametrize(("kind", "mode", "options"), FORMATS)
def test_a_header_says_type_and_size(
    kind: str, mode: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    """Type and size are read from the header, without a library of images."""
    data = encoded(kind, mode, size, **options)

    mime = mime_of(data)

    assert f"image/{kind.lower()}" == mime
    assert size == size_of(data, mime)


@pytest.mark.parametrize(("kind", "mode", "options"), FORMATS)
def test_a_header_that_is_cut_off_is_no_error(
    kind: str, mode: str, options: dict[str, Any]
) -> None:
    """Wherever the file ends, a size comes back, and it is right or zero once it is whole."""
    data = encoded(kind, mode, (200, 100), **options)

    sizes = [size_of(data[:end], f"image/{kind.lower()}") for end in range(len(data))]

    assert all(width >= 0 and height >= 0 for width, height in sizes)
    assert (200, 100) == sizes[-1]


def test_bytes_that_are_no_image_have_no_type() -> None:
    """A text has no type and no size; an SVG is known by its root, wherever that stands."""
    assert "" == mime_of(b"Dear Sir,")
    assert "" == mime_of(b"")
    assert (0, 0) == size_of(b"\xff\xd8\xff\xe0", "image/jpeg")
    assert "image/svg+xml" == mime_of(b"\xef\xbb\xbf <?xml version='1.0'?><!-- a --><svg></svg>")
    assert "" == mime_of(b"<?xml version='1.0'?><html></html>")
    assert "application/pdf" == mime_of(b"%PDF-1.7")


def test_an_image_is_kept_once() -> None:
    """The same image twice has one key, and is counted once."""
    store = ImageStore()
    png = encoded("PNG", "RGB", (4, 3))

    first, again = store.add(png, "image/png"), store.add(png, "image/png")

    assert first == again
    assert (1, len(png)) == (len(store), store.size)


def test_base64_is_decoded_when_it_is_asked_for() -> None:
    """What a MIME bundle holds as base64 comes back as bytes, and takes less from then on."""
    store = ImageStore()
    png = encoded("PNG", "RGB", (4, 3))
    text = b64encode(png).decode()

    key = store.add(text, "image/png")
    before, found, after = store.size, store.get(key), store.size

    assert found is not None
    assert (png, "image/png", 4, 3) == (found.data, found.mime, found.width, found.height)
    assert (len(text), len(png)) == (before, after)
    assert png == getattr(store.get(key), "data", None)


def test_base64_that_is_none_is_no_error() -> None:
    """A bundle may hold anything under the name of an image."""
    store = ImageStore()

    found = store.get(store.add("not base64: é", "image/png"))

    assert found is not None
    assert (0, 0) == (found.width, found.height)


def test_the_images_that_were_not_used_go_first() -> None:
    """Of more images than are kept, the ones that were added or asked for last stay."""
    store = ImageStore(most_images=3)
    keys = [store.add(bytes([number]), "image/png") for number in range(3)]

    store.get(keys[0])
    store.add(bytes([1]), "image/png")
    store.add(b"new", "image/png")

    assert [True, True, False] == [store.get(key) is not None for key in keys]


def test_images_take_no_more_than_they_may() -> None:
    """Many large images stay within the bound; one that is larger than all is not kept."""
    store = ImageStore(most_bytes=1_000)

    sizes = []
    for number in range(50):
        store.add(bytes([number]) * 300, "image/png")
        sizes.append(store.size)
    too_large = store.add(b"x" * 1_001, "image/png")

    assert 900 == max(sizes) == store.size
    assert "" == too_large
    assert store.get("") is None
