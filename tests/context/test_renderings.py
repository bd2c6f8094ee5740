"""Tests of values as images: arrays, objects that show themselves, files and addresses."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from codex_magic.context.figures import fetched, find_image
from codex_magic.context.pieces import Picture
from codex_magic.context.resizing import prepare
from codex_magic.errors import ContextError
from tests.context.pixels import of, pixels, png

RAMP = np.linspace(0, 1, 12).reshape(3, 4)
COLOURS = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (RAMP, (RAMP * 255).round()),
        (RAMP.astype(np.float32), (RAMP * 255).round()),
        (RAMP * 255, (RAMP * 255).round()),
        (RAMP > 0.5, (RAMP > 0.5) * 255),
        ((RAMP > 0.5).astype(np.uint8), (RAMP > 0.5) * 255),
        (COLOURS, COLOURS),
        (COLOURS / 255, COLOURS),
        (COLOURS.astype(int), COLOURS),
        (COLOURS[:, :, :1], COLOURS[:, :, 0]),
        (COLOURS.transpose(2, 0, 1), COLOURS),
        (COLOURS[None], COLOURS),
        (np.dstack([COLOURS, COLOURS[:, :, 0]]), np.dstack([COLOURS, COLOURS[:, :, 0]])),
        (RAMP * 1000 - 500, (RAMP * 255).round()),
        ((RAMP * 65_535).astype(np.uint16), (RAMP * 255).round()),
        (np.where(RAMP > 0.5, np.nan, RAMP), np.where(RAMP > 0.5, 0, RAMP * 255).round()),
        (np.ma.masked_array(RAMP, RAMP > 0.5), np.where(RAMP > 0.5, 0, RAMP * 255).round()),
        (np.zeros((2, 2)), np.zeros((2, 2))),
        (np.full((2, 2), 700), np.zeros((2, 2))),
    ],
)
def test_an_array_is_an_image(array: Any, expected: Any) -> None:
    """Gray and colours, booleans, 0 to 1 and 0 to 255 are shown as they are meant."""
    picture = of(array)

    assert "image/png" == picture.mime
    assert expected.shape[1::-1] == (picture.width, picture.height)
    assert np.abs(pixels(picture).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros(3), "has the shape (3,)"),
        (np.zeros((2, 3, 5)), "an image has (height, width)"),
        (np.zeros((0, 3)), "shape (0, 3)"),
        (np.array([["a", "b"]]), "not numbers"),
        (np.ones((2, 2), dtype=complex), "not numbers"),
        (object(), "of type object, which is no image"),
        (3, "of type int"),
        (b"", "is empty"),
        (b"%PDF-1.7", "use --file"),
        (Path("/nowhere/x.png"), "check its path"),
        ("nul\0", "check its path"),
        ("data:image/png;base64,abcde", "not valid base64"),
    ],
)
def test_what_is_no_image_is_refused(value: object, words: str) -> None:
    """The error is one line that names what it is, and says what to do."""
    with pytest.raises(ContextError) as caught:
        of(value)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


class Shows:
    """An object that shows itself as the methods say that it was given."""

    def __init__(self, **methods: Any) -> None:
        self.methods = methods

    def _repr_png_(self) -> Any:
        return self._shown("png")

    def _repr_jpeg_(self) -> Any:
        return self._shown("jpeg")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self._shown("bundle")

    def _shown(self, name: str) -> Any:
        found = self.methods.get(name)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.mark.parametrize(
    "shown",
    [
        {"png": png((9, 7))},
        {"png": b64encode(png((9, 7))).decode()},
        {"png": (png((9, 7)), {"width": 3})},
        {"bundle": {"image/png": png((9, 7)), "text/plain": "x"}},
        {"bundle": ({"image/png": b64encode(png((9, 7))).decode()}, {})},
    ],
)
def test_an_object_shows_itself(shown: Any) -> None:
    """``_repr_png_`` and MIME bundles are taken with bytes, base64 and metadata."""
    assert png((9, 7)) == of(Shows(**shown)).data


def test_an_object_that_cannot_show_itself_is_an_error() -> None:
    """What its method raises is in the one line; a JPEG is taken where there is no PNG."""
    jpeg = png((9, 7), kind="JPEG")

    with pytest.raises(ContextError, match="no model loaded"):
        of(Shows(png=ValueError("no model loaded")))

    assert ("image/jpeg", jpeg) == (of(Shows(jpeg=jpeg)).mime, of(Shows(jpeg=jpeg)).data)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F"])
def test_an_image_of_pillow_is_sent(mode: str) -> None:
    """In any mode; what a notebook can show is sent as it shows it."""
    image = Image.open(BytesIO(png((40, 30)))).convert(mode)

    picture = of(image)

    assert ("image/png", 40, 30) == (picture.mime, picture.width, picture.height)
    if mode in ("L", "RGB", "RGBA"):
        assert image._repr_png_() == picture.data


def test_a_file_is_found_beside_a_variable_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``sales.png`` is the picture of ``sales``; a member of that name goes first."""
    monkeypatch.chdir(tmp_path)
    Path("sales.png").write_bytes(png((9, 7)))

    class Sales:
        pass

    found = find_image("sales.png", {"sales": Sales()})
    sales = Sales()
    sales.png = png((5, 5))  # type: ignore[attr-defined]
    member = find_image("sales.png", {"sales": sales})

    assert png((9, 7)) == found[0].data
    assert png((5, 5)) == member[0].data
    with pytest.raises(ContextError, match=r"has no \.jpg"):
        find_image("sales.jpg", {"sales": sales})


def test_a_file_an_address_and_bytes_are_images(tmp_path: Path) -> None:
    """Names lead to variables first, then to files; an address is passed on as it is."""
    file = tmp_path / "a b.png"
    file.write_bytes(png((9, 7)))
    address = "https://example.org/a/plot.png?size=3"
    data_url = "data:image/png;base64," + b64encode(png((9, 7))).decode()

    by_name = find_image("file", {"file": file})
    by_path = find_image(str(file), {})
    of_the_web = find_image(address, {})

    assert png((9, 7)) == by_name[0].data == by_path[0].data == of(png((9, 7))).data
    assert png((9, 7)) == find_image(file.as_uri(), {})[0].data == find_image(data_url, {})[0].data
    assert "a b.png" == by_path[0].label
    assert (address, b"", "plot.png") == (
        of_the_web[0].url,
        of_the_web[0].data,
        of_the_web[0].label,
    )
    assert of_the_web[0] == prepare(of_the_web[0])


def test_an_address_is_fetched_where_the_service_cannot() -> None:
    """The fetched bytes take its place; what is no image is refused."""
    picture = Picture("plot.png", url="https://example.org/plot.png")
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return png((9, 7))

    got = fetched(picture, fetch)

    assert ["https://example.org/plot.png"] == asked
    assert ("", png((9, 7)), 9, 7) == (got.url, got.data, got.width, got.height)
    assert got == fetched(got, fetch)
    with pytest.raises(ContextError, match="is not an image"):
        fetched(picture, lambda url: b"<html>")
