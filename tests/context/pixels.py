"""Images to test with, and what they show."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from codex_magic.context.pieces import Picture
from codex_magic.context.renderings import pictures_of


def png(size: tuple[int, int], mode: str = "RGB", kind: str = "PNG", **options: Any) -> bytes:
    """Return a noisy image."""
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)).convert(mode)
    buffer = BytesIO()
    noise.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(picture: Picture) -> Any:
    """Return what a picture shows, as an array."""
    return np.asarray(Image.open(BytesIO(picture.data)))


def of(value: object) -> Picture:
    """Return a value as the one picture that it is."""
    [picture] = pictures_of(value, "x")
    return picture
