"""Summaries of arrays and tensors; what lies on another device stays there."""

from __future__ import annotations

import sys
from typing import Any

from .inspection import attributes, library_class, static, type_name
from .one_line import one_line
from .summaries import Summary
from .tables import number, numbers, size_text

_CELLS = 5_000_000
_SAMPLE = 500_000
_SHOWN = 100
_ENDS = 3


def array_summary(value: Any, room: int) -> Summary:
    """Describe a NumPy array: shape, dtype, range, missing values, its first and last items."""
    numpy = sys.modules["numpy"]
    on_disk = library_class(value, "numpy", "memmap") is not None
    mask = attributes(value).get("_mask") if library_class(value, "numpy", "MaskedArray") else None
    # A subclass may do anything; a view of the base class shares the data.
    array = numpy.ndarray.view(value, numpy.ndarray)
    title = f"{type_name(value)}, shape {_shape(array.shape)}, {_dtype(array)}"
    if array.size > 1_000:
        title += f", {size_text(array.nbytes)}"
    if array.dtype.names:
        return _structured(array, title)
    if array.dtype.hasobject:
        return _objects(array, title)
    about, notes = (
        ("", ("without its range, as it is on disk",)) if on_disk else _range(array, mask)
    )
    lines = [about] if about else []
    if mask is not None and type(mask) is numpy.ndarray:
        lines.append(f"{int(numpy.count_nonzero(mask)):,} masked")
    lines.append(_values(array, room))
    return Summary(title, lines, (*notes, *_not_shown(array)))


def tensor_summary(value: Any, room: int) -> Summary:
    """Describe a tensor of torch: shape, dtype, device; values only where they are in memory."""
    cls = library_class(value, "torch", "Tensor")
    assert cls is not None
    device = str(static(value, cls, "device"))
    dtype = str(static(value, cls, "dtype")).removeprefix("torch.")
    shape = tuple(int(number) for number in static(value, cls, "shape"))
    title = f"{type_name(value)}, shape {_shape(shape)}, {dtype}, on {device}"
    if static(value, cls, "requires_grad"):
        title += ", requires grad"
    if device != "cpu" or "numpy" not in sys.modules:
        return Summary(title, [], ("without its values, which are not read from the device",))
    try:
        array = static(value, cls, "detach")().numpy()
    except (TypeError, RuntimeError, AttributeError):
        # Sparse, quantized, bfloat16: NumPy has no such array.
        return Summary(title, [], ("without its values",))
    summary = array_summary(array, room)
    return Summary(title, summary.lines, summary.notes)


def device_summary(value: Any, _room: int) -> Summary:
    """Describe an array of jax, TensorFlow or CuPy; waiting for its values may compute them."""
    found = [
        library_class(value, library, name)
        for library, name in (
            ("jaxlib", "ArrayImpl"),
            ("jax", "ArrayImpl"),
            ("tensorflow", "EagerTensor"),
            ("cupy", "ndarray"),
        )
    ]
    cls = next(each for each in found if each is not None)
    shape = tuple(int(number) for number in static(value, cls, "shape"))
    dtype = one_line(getattr(static(value, cls, "dtype"), "name", None), 40).strip("'")
    title = f"{type_name(value)}, shape {_shape(shape)}, {dtype}"
    return Summary(title, [], ("without its values: reading them may compute or copy",))


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{number:,}" for number in shape) or "() (a single value)"


def _dtype(array: Any) -> str:
    return "structured" if array.dtype.names else str(array.dtype)


def _range(array: Any, mask: Any) -> tuple[str, tuple[str, ...]]:
    numpy = sys.modules["numpy"]
    kind = array.dtype.kind
    if not array.size or kind not in "biufmM":
        return "", ()
    sampled = array.size > _CELLS
    steps = _steps(array.shape) if sampled else tuple(slice(None) for _ in array.shape)
    sample = array[steps]
    if mask is not None and getattr(mask, "shape", ()) == array.shape:
        sample = sample[~mask[steps]]
    if not sample.size:
        return "", ()
    if kind == "b":
        true = int(numpy.count_nonzero(sample))
        about = f"{true:,} True, {sample.size - true:,} False"
    elif kind in "mM":
        about = _times(sample)
    else:
        about = _numbers(sample)
    if sampled:
        about += f" (of a sample of {sample.size:,})"
    return about, (f"with the range of a sample of {sample.size:,}",) if sampled else ()


def _steps(shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return slices that take about so many items, evenly along the first axes."""
    size = 1
    for length in shape:
        size *= length
    steps = []
    for length in shape:
        step = min(length, -(-size // _SAMPLE))
        steps.append(slice(None, None, max(1, step)))
        size = -(-size // max(1, step))
    return tuple(steps)


def _times(sample: Any) -> str:
    numpy = sys.modules["numpy"]
    missing = numpy.isnat(sample)
    present = sample[~missing]
    absent = int(missing.sum())
    span = f"{present.min()} to {present.max()}" if present.size else ""
    return ", ".join(part for part in (span, f"{absent:,} missing" if absent else "") if part)


def _numbers(sample: Any) -> str:
    numpy = sys.modules["numpy"]
    notes = []
    if sample.dtype.kind == "f":
        nan = int(numpy.isnan(sample).sum())
        infinite = int(numpy.isinf(sample).sum())
        notes += [f"{nan:,} NaN"] * (nan > 0) + [f"{infinite:,} infinite"] * (infinite > 0)
        sample = sample[numpy.isfinite(sample)] if notes else sample
    if sample.size > 1:
        notes.insert(0, numbers(sample.min(), sample.mean(dtype="float64"), sample.max()))
    elif sample.size:
        notes.insert(0, number(sample.reshape(-1)[0]))
    return ", ".join(notes)


def _values(array: Any, room: int) -> str:
    numpy = sys.modules["numpy"]
    if array.size <= _SHOWN or array.ndim <= 2:
        text = numpy.array2string(
            array, threshold=_SHOWN, edgeitems=_ENDS, separator=", ", max_line_width=100
        )
        if len(text) <= room:
            return str(text)
    return f"first values: {one_line(array.flat[: _ENDS * 2].tolist(), 200)}"


def _not_shown(array: Any) -> tuple[str, ...]:
    return (f"without most of its {array.size:,} values",) if array.size > _SHOWN else ()


def _structured(array: Any, title: str) -> Summary:
    fields = [f"  {name}: {array.dtype[name]}" for name in array.dtype.names[:100]]
    if array.dtype.hasobject or not array.size:
        return Summary(title, ["fields:", *fields])
    first = one_line(array.reshape(-1)[0].tolist() if array.size == 1 else array.flat[0].tolist())
    return Summary(title, ["fields:", *fields, f"first: {first}"], _not_shown(array))


def _objects(array: Any, title: str) -> Summary:
    first = [array.flat[at] for at in range(min(array.size, 20))]
    more = (f"without {array.size - 20:,} of {array.size:,} objects",) if array.size > 20 else ()
    return Summary(title, [f"first: {one_line(first, 1_000)}"], more)


def sparse_summary(value: Any, _room: int) -> Summary:
    """Describe a sparse array of SciPy: shape, format, and how much of it is there."""
    numpy = sys.modules["numpy"]
    held = attributes(value)
    shape: Any = held.get("_shape")
    stored: Any = held.get("data")
    title = type_name(value)
    if type(shape) is tuple:
        title += f", shape {_shape(shape)}"
    if type(stored) is not numpy.ndarray or stored.dtype.hasobject:
        return Summary(title, [], ("without its values",))
    title += f", {stored.dtype}, {stored.size:,} stored values"
    about, notes = _range(stored, None)
    return Summary(title, [f"stored: {about}"] if about else [], notes)
