"""A value as the pictures that it is, or that it shows."""

from __future__ import annotations

import sys
from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ContextError
from .images import SVG, mime_of, size_of
from .open_figures import is_figure, rendered
from .pieces import Picture
from .pixels import from_array, is_array
from .resizing import encoded, from_data_url

_LARGEST_FILE = 100_000_000
_MOST_IN_A_LIST = 32
_ADDRESSES = ("http://", "https://")
_MIMES = ("image/png", "image/jpeg", "image/webp", "image/gif")


def pictures_of(value: Any, label: str, longest: int = 6_000) -> list[Picture]:
    """
    Return a value as pictures: several for a list of figures or images, else one.

    Args:
        value: A figure or what stands on one, an image, an array, bytes, a path, an address, or
            anything that shows itself as an image.
        label: What it is called.
        longest: Pixels of the long side at most, of what has to be encoded anyway.

    Raises:
        ContextError: It is no image, or cannot be made one.
    """
    figures = _figures(value)
    if figures:
        return [
            from_figure(figure, _numbered(label, index, len(figures)))
            for index, figure in enumerate(figures, 1)
        ]
    if isinstance(value, (list, tuple)) and value:
        several = value[:_MOST_IN_A_LIST]
        return [
            picture
            for index, one in enumerate(several)
            for picture in pictures_of(one, f"{label}[{index}]", longest)
        ]
    return [_picture(value, label, longest)]


def _numbered(label: str, index: int, of: int) -> str:
    return label if of == 1 else f"{label}, figure {index}"


def _picture(value: Any, label: str, longest: int) -> Picture:
    pil: Any = sys.modules.get("PIL.Image")
    match value:
        case Picture():
            return value
        case bytes() | bytearray() | memoryview():
            return from_bytes(bytes(value), label)
        case str():
            return from_address(value, label) if is_address(value) else from_path(value, label)
        case Path():
            return from_path(value, label)
    if pil is not None and isinstance(value, pil.Image):
        return _from_pillow(value, label, longest)
    if is_array(value):
        return from_array(value, label, longest)
    if type(value).__module__.partition(".")[0] == "plotly" and hasattr(value, "to_image"):
        return _from_plotly(value, label)
    return _from_display(value, label)


def _figures(value: Any) -> list[Any]:
    """Return the figures that a value is, stands on, or consists of, each once."""
    if "matplotlib.figure" not in sys.modules:
        return []
    found: dict[int, Any] = {}
    for one in _parts(value):
        figure = _figure(one)
        if figure is None:
            return []
        found[id(figure)] = figure
    return list(found.values())


def _parts(value: Any) -> Iterator[Any]:
    """Yield the elements of a list, a tuple or an array of objects, as ``plt.subplots`` returns."""
    if isinstance(value, (list, tuple)):
        for one in value[: 10 * _MOST_IN_A_LIST]:
            yield from _parts(one)
    elif is_array(value) and getattr(value.dtype, "kind", "") == "O" and value.size:
        yield from value.ravel().tolist()
    else:
        yield value


def _figure(value: Any) -> Any:
    """Return the figure of a value: itself, that of Axes or an artist, of a grid or an animation."""
    if is_figure(value):
        return value
    animation: Any = sys.modules.get("matplotlib.animation")
    if animation is not None and isinstance(value, animation.Animation):
        return _frame(value)
    try:
        found = getattr(value, "figure", None) or getattr(value, "fig", None)
    except Exception:
        # A property of the user's class.
        return None
    # A part of a figure belongs to a figure, or to a part of one.
    while found is not None and not is_figure(found):
        above = getattr(found, "figure", None)
        found = None if above is found else above
    return found


def _frame(animation: Any) -> Any:
    """Return an animation's figure with the frame that it shows; the first before it ran."""
    if not getattr(animation, "_draw_was_started", True):
        try:
            animation._init_draw()
        except Exception:
            # The user's function; the figure shows what it has.
            pass
    return animation._fig


def from_figure(figure: Any, label: str) -> Picture:
    """
    Return a figure of matplotlib's as a picture.

    Raises:
        ContextError: Nothing is drawn in it, or it cannot be drawn.
    """
    try:
        png = rendered(figure)
    except Exception as error:
        raise ContextError(f"{label} cannot be drawn ({error}): fix the figure first.") from error
    if png is None:
        raise ContextError(f"{label} is an empty figure: draw something in it first.")
    return from_bytes(png, label)


def from_bytes(data: bytes, label: str) -> Picture:
    """
    Return encoded bytes as a picture.

    Raises:
        ContextError: They are no image.
    """
    mime = mime_of(data)
    if mime == "application/pdf":
        raise ContextError(f"{label} is a PDF, not an image: use --file for it.")
    if not mime and not data:
        raise ContextError(f"{label} is empty: an image is needed.")
    width, height = size_of(data, mime)
    return Picture(label, data, mime or "application/octet-stream", width=width, height=height)


def is_address(text: str) -> bool:
    """Whether a text is an address that a service can fetch, or that holds the image itself."""
    return text.lower().startswith((*_ADDRESSES, "data:", "file:"))


def from_address(address: str, label: str) -> Picture:
    """
    Return what an address stands for; the service fetches what is on the web.

    Raises:
        ContextError: It does not hold an image, or names a file that is none.
    """
    if address.lower().startswith(_ADDRESSES):
        return Picture(label, url=address)
    if address.lower().startswith("file:"):
        from urllib.parse import urlsplit  # Rare.
        from urllib.request import url2pathname

        return from_path(url2pathname(urlsplit(address).path), label)
    try:
        data, _ = from_data_url(address)
    except ValueError:
        raise ContextError(f"{label} is a data: address that is not valid base64.") from None
    return from_bytes(data, label)


def from_path(path: str | Path, label: str) -> Picture:
    """
    Return a file as a picture.

    Raises:
        ContextError: It does not exist, cannot be read, or is too large.
    """
    file = Path(path).expanduser()
    try:
        if not file.is_file():
            raise ContextError(f"There is no image file {str(file)!r}: check its path.")
        if file.stat().st_size > _LARGEST_FILE:
            raise ContextError(f"{file.name} has more than 100 MB: save a smaller image.")
        data = file.read_bytes()
    except OSError as error:
        raise ContextError(
            f"{str(file)!r} cannot be read ({error.strerror}): check its path and permissions."
        ) from error
    except ValueError:
        # A null byte.
        raise ContextError(f"There is no image file {str(file)!r}: check its path.") from None
    return from_bytes(data, label)


def _from_pillow(image: Any, label: str, longest: int) -> Picture:
    """Return an image of Pillow's: the very bytes that it shows, where it need not be smaller."""
    if max(image.size) <= longest and image.mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        png = _called(image, "_repr_png_", label)
        if isinstance(png, bytes):
            return from_bytes(png, label)
    try:
        data, mime, (width, height) = encoded(image, longest)
    except Exception as error:
        # Pixels are read only now: a file that is cut off or closed.
        raise ContextError(f"{label} cannot be read ({error}): open it again.") from error
    made_smaller = max(image.size) > longest
    note = f"{width}×{height} px from {image.size[0]}×{image.size[1]}" if made_smaller else ""
    return Picture(label, data, mime, width=width, height=height, note=note)


def _from_plotly(figure: Any, label: str) -> Picture:
    try:
        return from_bytes(figure.to_image(format="png"), label)
    except Exception as error:
        # Kaleido is missing, or the browser that it needs: each version says it in its own way.
        reason = str(error).strip().partition("\n")[0]
        raise ContextError(
            f"{label} is a plotly figure, which needs kaleido to become an image: run %pip install "
            f"kaleido and plotly_get_chrome, or save it as PNG and send that with -i. ({reason})"
        ) from error


def _from_display(value: Any, label: str) -> Picture:
    """Return the image that a value shows in a notebook."""
    url = getattr(value, "url", None)
    if (
        type(value).__module__ == "IPython.core.display"
        and not getattr(value, "data", None)
        and url
    ):
        return from_address(str(url), label)
    for mime, data in _shown(value, label):
        if isinstance(data, str):
            data = data.encode() if mime == SVG else a2b_base64(data)
        if isinstance(data, bytes) and data:
            return replace(from_bytes(data, label), mime=mime)
    name = type(value).__name__
    raise ContextError(
        f"{label} is of type {name}, which is no image and shows none: name a figure, an image, an "
        f"array or a file, or send it with --var."
    )


def _shown(value: Any, label: str) -> Iterator[tuple[str, Any]]:
    """Yield the images that a value shows, the best first."""
    bundle = _called(value, "_repr_mimebundle_", label, include=None, exclude=None) or {}
    for mime, name in zip(_MIMES[:2], ("_repr_png_", "_repr_jpeg_"), strict=True):
        yield mime, bundle.get(mime) or _called(value, name, label)
    yield from ((mime, bundle[mime]) for mime in _MIMES[2:] if mime in bundle)
    yield SVG, bundle.get(SVG) or _called(value, "_repr_svg_", label)


def _called(value: Any, name: str, label: str, **arguments: Any) -> Any:
    """Return what a method of the user's returns, without the metadata that may come with it."""
    # Of the class: an instance may answer to every name.
    if isinstance(value, type) or not callable(getattr(type(value), name, None)):
        return None
    try:
        found = getattr(value, name)(**arguments)
    except Exception as error:
        raise ContextError(
            f"{label} cannot show itself ({name}: {error}): fix that first."
        ) from error
    return found[0] if isinstance(found, tuple) and found else found
