"""What a tool gave back, as the output that a model reads."""

from __future__ import annotations

import base64
import json
import sys
from collections import deque
from collections.abc import Callable, ItemsView, Iterable, KeysView, Mapping, ValuesView
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import islice
from typing import Any

from ..api.items import Json, Wire
from ..api.wire import objects, words

Output = str | list[Json]

NOTHING = "The call returned None."
_MOST_MEMBERS = 1_000
_MOST_LEVELS = 20
_MOST_REPR = 1_000
_MOST_ERROR = 2_000
_HEAD_ROWS = 10
_MOST_COLUMNS = 50
_MOST_IMAGE = 8_000_000
_MOST_IMAGES = 20
_TEXTS = ("Decimal", "UUID", "Path", "PurePath", "Fraction", "IPv4Address", "IPv6Address")
_LISTS = (list, tuple, set, frozenset, range, deque, KeysView, ValuesView, ItemsView)
_MIMES = {"_repr_png_": "image/png", "_repr_jpeg_": "image/jpeg"}


def presented(name: str, result: Any) -> Output:
    """
    Return a tool's result as text, or as parts where it is an image.

    Args:
        name: The tool; another presenter may go by it.
        result: What it returned.

    >>> presented("f", {"mean": 1.5, "of": (1, 2)})
    '{"mean": 1.5, "of": [1, 2]}'
    """
    if result is None:
        return NOTHING
    if isinstance(result, str):
        return str(result)
    if parts := _own_parts(result):
        return parts
    if table := _table(result):
        return table
    if image := _image(result):
        return [image]
    if parts := _gallery(name, result):
        return parts
    return json.dumps(plain(result), ensure_ascii=False)


def plain(value: Any, levels: int = _MOST_LEVELS) -> Any:
    """
    Return a value as JSON can hold it: long ones are cut, and what is no data is its repr.

    >>> plain({1, 2}), plain(b"abc"), plain({("a", 1): None})
    ([1, 2], '<3 bytes>', {"('a', 1)": None})
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        # Without what a subclass (numpy's float64, an IntEnum) adds.
        return int(value) if isinstance(value, int) else float(value)
    if levels == 0:
        return _repr(value)
    try:
        return _plain(value, levels - 1)
    # The objects are the user's, and so is what their methods raise.
    except Exception:
        return _repr(value)


def failed(error: BaseException) -> str:
    """
    Return what a model is told of an exception: its type and message, without the traceback.

    >>> failed(KeyError("x"))
    "KeyError: 'x'"
    """
    try:
        said = str(error)
    except Exception:
        said = ""
    return shortened(
        f"{type(error).__name__}: {said}" if said else type(error).__name__, _MOST_ERROR
    )


def shortened(text: str, most: int) -> str:
    """
    Return a text of at most about ``most`` characters: its head and its tail, and a note between.

    >>> shortened("abcdefghij" * 10, 8)
    'abcdef\\n[… 92 of 100 characters left out …]\\nij'
    """
    if len(text) <= most:
        return text
    tail = most // 4
    note = f"\n[… {len(text) - most:,} of {len(text):,} characters left out …]\n"
    return text[: most - tail] + note + text[len(text) - tail :]


def fitted(output: Output, most: int, *, images: bool, clean: Callable[[str], str]) -> Output:
    """
    Return an output as a service takes it.

    Args:
        output: Text or content parts.
        most: The most characters of text.
        images: Whether the service takes images in outputs.
        clean: Takes secrets out of text.
    """
    if isinstance(output, str):
        return shortened(clean(output), most)
    kept: list[Json] = []
    for part in output:
        if part.get("type") == "input_text":
            text = shortened(clean(str(part.get("text") or "")), most)
            most = max(most - len(text), 0)
            kept.append({**part, "text": text})
        elif part.get("type") == "input_image" and (reason := _no_image(part, images)):
            kept.append(_text(f"[An image, left out: {reason}.]"))
        else:
            kept.append(part)
    only_text = all(part.get("type") == "input_text" for part in kept)
    # Plain text is what every service takes.
    return "\n".join(part["text"] for part in kept) if only_text else kept


def text_in(output: Output) -> str:
    """
    Return the words of an output; an image is named.

    >>> text_in([{"type": "input_image", "image_url": "data:,"}])
    '[image]'
    """
    if isinstance(output, str):
        return output
    named = {"input_image": "[image]", "input_file": "[file]"}
    return "\n".join(
        words(part.get("text")) or named.get(words(part.get("type")), "")
        for part in objects(output)
    )


def _no_image(part: Json, images: bool) -> str | None:
    if not images:
        return "this service takes none from a tool"
    too_large = len(part.get("image_url") or "") > _MOST_IMAGE
    return "it is too large" if too_large else None


def _own_parts(result: Any) -> list[Json] | None:
    """Return content parts that a tool made itself."""
    listed = result if isinstance(result, list) else [result]
    kinds = ("input_text", "input_image", "input_file")
    made = [each.to_dict() if isinstance(each, Wire) else each for each in listed]
    fit = all(isinstance(each, dict) and each.get("type") in kinds for each in made)
    return made if made and fit else None


def _gallery(name: str, result: Any) -> list[Json] | None:
    """Return the parts of a list that has images."""
    if not isinstance(result, list | tuple):
        return None
    shown = result[:_MOST_IMAGES]
    images = [_image(member) for member in shown]
    if not any(images):
        return None
    parts = [
        image or _text(text_in(presented(name, member)))
        for image, member in zip(images, shown, strict=True)
    ]
    left = len(result) - len(shown)
    return [*parts, _text(f"… {left:,} more")] if left else parts


def _text(text: str) -> Json:
    return {"type": "input_text", "text": text}


def _table(result: Any) -> str | None:
    """Return the summary of a pandas table, where pandas is there."""
    pandas: Any = sys.modules.get("pandas")
    if not isinstance(result, _types(pandas, "DataFrame", "Series")):
        return None
    frame = result.to_frame() if result.ndim == 1 else result
    rows, columns = frame.shape
    kinds = islice(zip(frame.columns, frame.dtypes, strict=True), _MOST_COLUMNS)
    said = ", ".join(f"{name}: {kind}" for name, kind in kinds)
    more = f", and {columns - _MOST_COLUMNS} more" if columns > _MOST_COLUMNS else ""
    shown = frame.iloc[:_HEAD_ROWS, :_MOST_COLUMNS].to_csv()
    which = f"the first {_HEAD_ROWS} as CSV" if rows > _HEAD_ROWS else "as CSV"
    kind = type(result).__name__
    return f"{kind} of {rows:,} rows × {columns:,} columns ({said}{more}); {which}:\n{shown}"


def _image(result: Any) -> Json | None:
    """Return the content part of something that shows itself as an image."""
    if isinstance(result, type):
        return None
    # A figure shows no PNG itself: IPython has a formatter for it.
    if isinstance(result, _types(sys.modules.get("matplotlib.axes"), "Axes")):
        result = result.figure
    if isinstance(result, _types(sys.modules.get("matplotlib.figure"), "Figure")):
        return _part("image/png", _drawn(result))
    for method, mime in _MIMES.items():
        try:
            found = getattr(type(result), method, None)
            image = found(result) if found else None
        # The object is the user's.
        except Exception:
            continue
        image = image[0] if isinstance(image, tuple) else image
        if image and isinstance(image, bytes | str):
            return _part(mime, image)
    return None


def _drawn(figure: Any) -> bytes:
    from io import BytesIO  # Only where there is a figure.

    stream = BytesIO()
    figure.savefig(stream, format="png", bbox_inches="tight")
    return stream.getvalue()


def _part(mime: str, image: bytes | str) -> Json:
    encoded = image if isinstance(image, str) else base64.b64encode(image).decode()
    address = f"data:{mime};base64,{''.join(encoded.split())}"
    return {"type": "input_image", "image_url": address, "detail": "auto"}


def _plain(value: Any, levels: int) -> Any:
    if isinstance(value, Enum):
        return plain(value.value, levels)
    if isinstance(value, Mapping):
        return _members(value, levels)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value):,} bytes>"
    if as_mapping := getattr(type(value), "_asdict", None):
        return _members(as_mapping(value), levels)
    if isinstance(value, _LISTS):
        return _listed(value, len(value), levels)
    if dump := getattr(type(value), "model_dump", None):
        return plain(dump(value, mode="json"), levels)
    if is_dataclass(value) and not isinstance(value, type):
        own = {each.name: getattr(value, each.name) for each in fields(value)}
        return _members(own, levels)
    if numbers := _numbers(value, levels):
        return numbers[0]
    if isoformat := getattr(type(value), "isoformat", None):
        return str(isoformat(value))
    if any(kind.__name__ in _TEXTS for kind in type(value).__mro__):
        return str(value)
    return _repr(value)


def _numbers(value: Any, levels: int) -> list[Any]:
    """Return a numpy scalar or array as plain values, in a list; nothing for anything else."""
    numpy: Any = sys.modules.get("numpy")
    if isinstance(value, _types(numpy, "generic")):
        return [plain(value.item(), levels)]
    if not isinstance(value, _types(numpy, "ndarray")):
        return []
    if value.size > _MOST_MEMBERS:
        head = ", ".join(str(plain(each)) for each in islice(value.flat, _HEAD_ROWS))
        return [f"array of shape {value.shape}, {value.dtype}: {head}, …"]
    return [plain(value.tolist(), levels)]


def _types(module: Any, *names: str) -> Any:
    """Return types of a module that may not be loaded; nobody has objects of it then."""
    found = (getattr(module, name, None) for name in names)
    return tuple(kind for kind in found if isinstance(kind, type))


def _members(mapping: Mapping[Any, Any], levels: int) -> Json:
    kept = islice(mapping.items(), _MOST_MEMBERS)
    made = {key if isinstance(key, str) else str(key): plain(value, levels) for key, value in kept}
    return {**made, "…": _left(len(mapping))} if len(mapping) > _MOST_MEMBERS else made


def _listed(values: Iterable[Any], length: int, levels: int) -> list[Any]:
    made = [plain(value, levels) for value in islice(values, _MOST_MEMBERS)]
    return [*made, f"… {_left(length)}"] if length > _MOST_MEMBERS else made


def _left(length: int) -> str:
    return f"{length - _MOST_MEMBERS:,} more"


def _repr(value: Any) -> str:
    try:
        return repr(value)[:_MOST_REPR]
    except Exception:
        return f"<{type(value).__name__}>"
