"""Tests of pictures in the size and the type in which they are sent."""

from __future__ import annotations

import importlib.util
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from codex_magic.context.images import size_of
from codex_magic.context.resizing import LONGEST, detail_for, prepare
from codex_magic.errors import ContextError
from tests.context.pixels import of, pixels, png


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("detail", ["auto", "low", "high", "original"])
def test_a_picture_that_fits_keeps_its_bytes(kind: str, detail: str) -> None:
    """Up to the bound of its detail level nothing is done to a picture, not a byte."""
    picture = of(png((LONGEST[detail], 8), kind=kind))

    assert picture == prepare(picture, detail, "gpt-5.4")
    assert "" == picture.note


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
@pytest.mark.parametrize("detail", ["auto", "low", "high", "original"])
def test_a_picture_that_is_too_large_is_made_smaller(kind: str, mime: str, detail: str) -> None:
    """Its long side gets the size that the level uses, its shape stays, and the note says it."""
    longest = LONGEST[detail]

    sent = prepare(of(png((20, longest * 2), kind=kind)), detail, "gpt-6")

    assert (mime, 10, longest) == (sent.mime, sent.width, sent.height)
    assert (10, longest) == size_of(sent.data, mime)
    assert f"10×{longest} px from 20×{longest * 2}" == sent.note


def test_a_long_line_stays_one() -> None:
    """A picture that is much wider than high keeps at least one pixel of height."""
    sent = prepare(of(png((3_000, 1))), "low")

    assert (512, 1) == (sent.width, sent.height)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I", "I;16"])
def test_a_large_picture_of_any_mode_is_resized(mode: str) -> None:
    """Palettes, transparency and 16 bits survive the resizing as something that can be seen."""
    ramp = np.tile(np.linspace(0, 255, 700, dtype=np.uint8), (4, 1))
    gray = Image.fromarray(ramp)
    image = Image.fromarray(ramp.astype(np.uint16) * 257) if mode == "I;16" else gray.convert(mode)
    buffer = BytesIO()
    image.save(buffer, "TIFF" if mode == "I" else "PNG")

    sent = prepare(of(buffer.getvalue()), "low")

    shown = np.asarray(Image.open(BytesIO(sent.data)).convert("L"))
    assert (512, 3) == (sent.width, sent.height)
    assert shown[0, :50].mean() < 60 < 190 < shown[0, -50:].mean()


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM"])
def test_other_types_become_png(kind: str) -> None:
    """What Pillow reads and models do not take is converted, pixel for pixel."""
    sent = prepare(of(png((16, 16), kind=kind)))

    assert ("image/png", 16, 16) == (sent.mime, sent.width, sent.height)
    assert (pixels(of(png((16, 16)))) == pixels(sent)[..., :3]).all()


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True})])
def test_an_animation_is_its_first_frame(kind: str, options: dict[str, Any]) -> None:
    """A model takes one frame: the first is sent, and the note says it."""
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    buffer = BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], **options)

    sent = prepare(of(buffer.getvalue()))

    assert ("image/png", "first frame of the animation") == (sent.mime, sent.note)
    assert (255, 0, 0) == tuple(pixels(sent)[0, 0][:3])


def test_a_photo_is_turned_when_it_is_resized() -> None:
    """The camera's orientation is not lost with what else the camera wrote."""
    exif = Image.Exif()
    exif[0x0112] = 6

    sent = prepare(of(png((1_000, 500), kind="JPEG", exif=exif)), "low")

    assert (256, 512) == (sent.width, sent.height)
    assert b"Exif" not in sent.data


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("size", [(300, 200), (3_000, 200)])
def test_a_picture_that_is_cut_off_is_refused(kind: str, size: tuple[int, int]) -> None:
    """A file that breaks off is one line of an error, whether or not it would be resized."""
    data = png(size, kind=kind)

    with pytest.raises(ContextError, match="cut off or damaged") as caught:
        prepare(of(data[: len(data) // 2]))

    assert "\n" not in str(caught.value)


def test_a_bomb_is_refused() -> None:
    """A small file of a huge image is never opened."""
    bomb = bytearray(png((1, 1)))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    header = bytes(bomb[12:29])
    bomb[29:33] = zlib.crc32(header).to_bytes(4, "big")

    with pytest.raises(ContextError, match="too many pixels"):
        prepare(of(bytes(bomb)))


def test_what_is_no_image_is_not_sent() -> None:
    """Bytes of no known type are refused before anything is sent."""
    with pytest.raises(ContextError, match="not an image of a known type"):
        prepare(of(b"Dear Sir,"))


@pytest.mark.parametrize(
    ("model", "level"),
    [
        ("gpt-5.4", "original"),
        ("gpt-5.4-mini", "original"),
        ("openai/gpt-5.10", "original"),
        ("gpt-6-astra", "original"),
        ("gpt-6.1-sol", "original"),
        ("gpt-5.3", "high"),
        ("gpt-5", "high"),
        ("gpt-5.1-codex-mini", "high"),
        ("gpt-4o", "high"),
        ("o4-mini", "high"),
        ("qwen3", "high"),
        ("", "high"),
    ],
)
def test_original_needs_a_new_model(model: str, level: str) -> None:
    """Before gpt-5.4 it becomes high, with one line that says so; other levels stay."""
    chosen, note = detail_for("original", model)

    assert level == chosen
    assert (level == "high") == ("gpt-5.4" in note)
    assert ("low", "") == detail_for("low", model)
    sent = prepare(of(png((10, 4_000))), "original", model)
    assert {"original": 4_000, "high": 2_048}[level] == sent.height


def test_svg_needs_a_converter() -> None:
    """It is converted where cairosvg is installed; elsewhere the error says what to install."""
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='6'><rect/></svg>"

    if importlib.util.find_spec("cairosvg"):
        assert "image/png" == prepare(of(svg)).mime
    else:
        with pytest.raises(ContextError, match="%pip install cairosvg"):
            prepare(of(svg))
