"""Arrays and tensors as images."""

from __future__ import annotations

import sys
from typing import Any

from ..errors import ContextError
from .pieces import Picture
from .resizing import encoded, pillow

_CHANNELS = (1, 3, 4)
_TENSORS = ("torch", "tensorflow", "jax", "jaxlib", "cupy")


def is_array(value: object) -> bool:
    """Whether something is an array of NumPy's, or a tensor."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None:
        return False
    return isinstance(value, numpy.ndarray) or (
        type(value).__module__.partition(".")[0] in _TENSORS and hasattr(value, "shape")
    )


def from_array(value: Any, label: str, longest: int) -> Picture:
    """
    Return an array as a picture.

    Args:
        value: Rows of pixels: gray, or with 1, 3 or 4 channels, which may come first; numbers from
            0 to 1, from 0 to 255, or booleans. Other numbers are scaled to black and white.
        label: What it is called.
        longest: Pixels of its long side at most.

    Raises:
        ContextError: It has not the shape of an image, or no numbers.
    """
    pil = pillow(f"{label} has to be made an image of")
    array, note = _bytes(_channels_last(_on_the_cpu(value), label), label)
    rows, columns = array.shape[:2]
    data, mime, (width, height) = encoded(pil.fromarray(array), longest)
    if max(rows, columns) > longest:
        note = "; ".join(filter(None, (note, f"{width}×{height} px from {columns}×{rows}")))
    return Picture(label, data, mime, width=width, height=height, note=note)


def _on_the_cpu(value: Any) -> Any:
    """Return an array of NumPy's."""
    numpy: Any = sys.modules["numpy"]
    for step in ("detach", "cpu"):
        value = getattr(value, step)() if hasattr(value, step) else value
    if type(value).__module__.startswith("cupy"):
        value = value.get()
    # A masked array: what is masked is shown black, as what is not a number.
    if isinstance(value, numpy.ma.MaskedArray):
        value = value.filled(0)
    return numpy.asarray(value)


def _channels_last(array: Any, label: str) -> Any:
    shape = array.shape
    if array.ndim == 4 and shape[0] == 1:
        return _channels_last(array[0], label)
    if array.ndim == 3 and shape[2] not in _CHANNELS and shape[0] in _CHANNELS:
        array = array.transpose(1, 2, 0)
    is_image = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in _CHANNELS)
    if not is_image or not array.size:
        raise ContextError(
            f"{label} has the shape {tuple(shape)}; an image has (height, width), or these and 1, 3 "
            "or 4 channels: take a slice of it, or send it with --var."
        )
    return array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array


def _bytes(array: Any, label: str) -> tuple[Any, str]:
    """Return an array as numbers from 0 to 255, and what was done for that."""
    numpy: Any = sys.modules["numpy"]
    kind = array.dtype.kind
    if kind == "b":
        return array.astype(numpy.uint8) * 255, ""
    if array.dtype == numpy.uint8:
        # A mask of zeros and ones would be seen as black.
        return (array * 255, "0 and 1 shown as black and white") if _is_mask(array) else (array, "")
    if kind not in "iuf":
        raise ContextError(f"{label} holds {array.dtype}, not numbers: it cannot be an image.")
    numbers = numpy.nan_to_num(array.astype(numpy.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(numbers.min()), float(numbers.max())
    if 0 <= low and high <= 1:
        return _rounded(numbers * 255), ""
    if 0 <= low and high <= 255:
        return _rounded(numbers), ""
    scaled = (numbers - low) * (255 / (high - low)) if high > low else numbers * 0
    return _rounded(scaled), f"{low:.4g} to {high:.4g} shown as black to white"


def _is_mask(array: Any) -> bool:
    return array.ndim == 2 and int(array.max()) == 1


def _rounded(numbers: Any) -> Any:
    return numbers.round().clip(0, 255).astype("uint8")
