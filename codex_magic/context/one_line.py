"""Any value in one line: plain values and containers as they are, others by type and shape."""

from __future__ import annotations

import collections
import enum
import types
from collections.abc import Iterable
from itertools import islice
from typing import Any

from .inspection import (
    attributes,
    class_attribute,
    class_dict,
    class_name,
    exact,
    is_a,
    library_class,
    mro,
    qualname,
    static,
    type_name,
)
from .scalars import scalar
from .secret_names import kind as secret_kind

HIDDEN = "<hidden: the name reads like a secret>"

_DEPTH = 4
_ITEMS = 50
_SEQUENCES: tuple[Any, ...] = (list, tuple, set, frozenset, collections.deque)
_CONTAINERS: tuple[Any, ...] = (dict, *_SEQUENCES)
_BRACKETS: dict[int, tuple[str, str]] = {
    id(list): ("[", "]"),
    id(tuple): ("(", ")"),
    id(set): ("{", "}"),
    id(frozenset): ("frozenset({", "})"),
    id(collections.deque): ("deque([", "])"),
}


def one_line(value: Any, limit: int = 80) -> str:
    """
    Return a value as text of about ``limit`` characters, without running its code.

    Examples:
        >>> one_line({"a": [1, 2, 3], "password": "hunter2"})
        "{'a': [1, 2, 3], 'password': <hidden: the name reads like a secret>}"
    """
    return _text(value, limit, ())


def named_value(name: str, value: Any, limit: int = 80) -> str:
    """Return the value of an attribute or a key; hidden where its name reads like a secret."""
    return HIDDEN if hidden(name, value) else one_line(value, limit)


def hidden(name: str, value: Any) -> bool:
    """
    Say whether a value is not shown because its name reads like that of a secret.

    Examples:
        >>> hidden("password", 1234), hidden("api_key", "abc"), hidden("max_tokens", 500)
        (True, True, False)
    """
    kind = secret_kind(name[:200])
    if not kind or value is None or is_a(value, bool):
        return False
    # Texts are made of tokens, and limits are counted in them.
    tokens = name.lower().endswith("tokens") and not is_a(value, str, bytes)
    return kind == "password" or not (tokens or is_a(value, int, float))


def length(value: Any) -> int | None:
    """Return how many items a container of Python's own has; None for anything else."""
    base = _base(value)
    return None if base is None else int(base.__len__(value))


def items(value: Any, start: int, stop: int) -> list[Any]:
    """Return some items of a sequence or set, or keys of a dict, by the type that it builds on."""
    base = _base(value)
    if base is None:
        return []
    if base in (list, tuple):
        return list(base.__getitem__(value, slice(start, stop)))
    return list(islice(base.__iter__(value), start, stop))


def _base(value: Any) -> Any:
    """Return the container that a value's class builds on."""
    found = (each for cls in mro(value) for each in _CONTAINERS if cls is each)
    return next(found, None)


def pairs(value: Any, start: int, stop: int) -> list[tuple[Any, Any]]:
    """Return some keys and values of a dict, whatever its subclass does."""
    return list(islice(dict.items(value), start, stop))


def _text(value: Any, limit: int, above: tuple[int, ...]) -> str:
    member = _enum_member(value)
    if member is not None:
        return member
    plain = scalar(value, max(limit, 16))
    if plain is not None:
        return plain
    size = length(value)
    if size is None:
        return f"<{kind(value)}>"
    if id(value) in above:
        return f"<the same {type_name(value)} again>"
    if len(above) >= _DEPTH or limit < 12:
        return f"<{kind(value)}>"
    return _container(value, size, limit, (*above, id(value)))


def _enum_member(value: Any) -> str | None:
    if not is_a(value, enum.Enum):
        return None
    held = attributes(value)
    name, inner = held.get("_name_"), held.get("_value_")
    shown = scalar(inner, 40) or f"<{type_name(inner)}>"
    return f"{type_name(value)}.{exact(name) if isinstance(name, str) else '?'} ({shown})"


def _container(value: Any, size: int, limit: int, above: tuple[int, ...]) -> str:
    if is_a(value, dict):
        texts = _pair_texts(pairs(value, 0, _ITEMS), limit, above)
        return _wrapped(value, dict, _joined(texts, size, limit))
    base = next(cls for cls in mro(value) if id(cls) in _BRACKETS)
    fields = class_attribute(value, "_fields") if base is tuple else None
    inner = items(value, 0, _ITEMS)
    if type(fields) is tuple and len(fields) == size and all(type(each) is str for each in fields):
        texts = (_field(*pair, limit, above) for pair in zip(fields, inner, strict=False))
        return f"{type_name(value)}({_joined(texts, size, limit)})"
    share = max(8, limit * 2 // 3)
    each = (_text(item, share, above) for item in inner)
    # The order of a set is chance; a short one is shown in one that stays.
    unordered = base in (set, frozenset) and size <= _ITEMS
    joined = _joined(sorted(each) if unordered else each, size, limit)
    return _wrapped(value, base, joined + "," * (base is tuple and size == 1))


def _pair_texts(
    inner: Iterable[tuple[Any, Any]], limit: int, above: tuple[int, ...]
) -> Iterable[str]:
    share = max(8, limit * 2 // 3)
    for key, each in inner:
        name = exact(key)[:200] if is_a(key, str) else ""
        shown = HIDDEN if hidden(name, each) else _text(each, share, above)
        yield f"{_text(key, 40, above)}: {shown}"


def _field(name: str, value: Any, limit: int, above: tuple[int, ...]) -> str:
    shown = HIDDEN if hidden(name, value) else _text(value, max(8, limit * 2 // 3), above)
    return f"{name}={shown}"


def _joined(texts: Iterable[str], size: int, limit: int) -> str:
    shown: list[str] = []
    for text in texts:
        if shown and limit < len(text):
            break
        shown.append(text)
        limit -= len(text) + 2
    missing = size - len(shown)
    return ", ".join([*shown, *([f"… {missing:,} more"] if missing > 0 else [])])


def _wrapped(value: Any, base: type, inside: str) -> str:
    if base is set and not inside:
        return "set()" if type(value) is set else f"{type_name(value)}()"
    if base is frozenset and not inside:
        return "frozenset()" if type(value) is frozenset else f"{type_name(value)}()"
    first, last = _BRACKETS.get(id(base), ("{", "}"))
    text = f"{first}{inside}{last}"
    return text if type(value) is base else f"{type_name(value)}({text})"


def kind(value: Any) -> str:
    """
    Return the type of a value, with its shape where that costs nothing.

    Examples:
        >>> kind([1, 2]), kind("abc"), kind(len)
        ('list of 2', 'str of 3', 'builtin_function_or_method len')
    """
    name = type_name(value)
    size = length(value)
    if size is not None:
        return f"{name} of {size:,}"
    for cls in (str, bytes, bytearray):
        if is_a(value, cls):
            return f"{name} of {cls.__len__(value):,}"
    if is_a(value, type):
        return f"class {class_name(value)}"
    if is_a(value, types.FunctionType):
        return f"function {exact(static(value, types.FunctionType, '__name__'))}"
    if type(value) is types.BuiltinFunctionType:
        return f"{name} {value.__name__}"
    shape = shape_of(value)
    return f"{name} {shape}" if shape else name


# What has a shape, and where: its package, the names of its classes, the attribute.
_SHAPES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("numpy", ("ndarray",), "shape"),
    ("pandas", ("DataFrame", "Series", "Index"), "shape"),
    ("polars", ("DataFrame", "Series"), "shape"),
    ("torch", ("Tensor",), "shape"),
    ("jaxlib", ("ArrayImpl",), "shape"),
    ("jax", ("ArrayImpl",), "shape"),
    ("tensorflow", ("EagerTensor",), "shape"),
    ("cupy", ("ndarray",), "shape"),
    ("pyarrow", ("Table", "RecordBatch"), "shape"),
    ("PIL", ("Image",), "_size"),
)
_DTYPES = ("numpy", "torch", "jaxlib", "jax", "cupy")


def shape_of(value: Any) -> str:
    """Return "3 × 4" for an array or a frame of a library that we know, with an array's dtype."""
    for library, names, attribute in _SHAPES:
        cls = library_class(value, library, *names)
        if cls is None:
            continue
        try:
            shape = _shape(value, cls, attribute)
            shown = " × ".join(f"{int(number):,}" for number in shape) or "a single value"
            dtype = f" {_dtype(value, cls)}" if library in _DTYPES else ""
        except Exception:
            # The library's own trouble, as with a tensor that was deleted.
            return ""
        return f"{shown}{dtype}"
    return ""


def _shape(value: Any, cls: type, attribute: str) -> tuple[int, ...]:
    if attribute in class_dict(cls) or not attributes(value).get(attribute):
        return tuple(static(value, cls, attribute))
    return tuple(attributes(value)[attribute])


def _dtype(value: Any, cls: type) -> str:
    dtype = static(value, cls, "dtype")
    if qualname(type(dtype)) == "VoidDType":
        return "structured"
    return str(dtype).removeprefix("torch.")[:60]
