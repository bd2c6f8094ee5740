"""What is sent of variables: a summary of each, such as a data scientist would write."""

from __future__ import annotations

import _io
import collections
import enum
import functools
import types
import warnings
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from . import arrays, containers, frames, functions, objects, polars_frames, running
from .inspection import (
    class_attribute,
    exact,
    is_a,
    library_class,
    module_attributes,
    type_name,
)
from .one_line import HIDDEN, hidden, kind, one_line
from .pieces import Piece
from .scalars import scalar
from .summaries import Summary, clean, cut, fit, plural
from .time_limits import within

LIMIT = 4_000
# How long the code of libraries may take over one variable.
_SECONDS = 3.0

Describe = Callable[[Any, int], Summary]

# Libraries' classes by package and name: nothing is imported to know them. The first that fits.
_OF_LIBRARIES: tuple[tuple[str, tuple[str, ...], Describe], ...] = (
    ("pandas", ("DataFrame",), frames.frame_summary),
    ("pandas", ("Series",), frames.series_summary),
    ("pandas", ("Index",), frames.index_summary),
    ("polars", ("DataFrame",), polars_frames.frame_summary),
    ("polars", ("Series",), polars_frames.series_summary),
    ("pyarrow", ("Table", "RecordBatch"), polars_frames.arrow_summary),
    ("numpy", ("ndarray",), arrays.array_summary),
    ("torch", ("Tensor",), arrays.tensor_summary),
    ("torch", ("Module",), objects.network_summary),
    ("jaxlib", ("ArrayImpl",), arrays.device_summary),
    ("jax", ("ArrayImpl",), arrays.device_summary),
    ("tensorflow", ("EagerTensor",), arrays.device_summary),
    ("cupy", ("ndarray",), arrays.device_summary),
    ("scipy", ("_spbase", "spmatrix"), arrays.sparse_summary),
    ("sklearn", ("BaseEstimator",), objects.model_summary),
    ("pydantic", ("BaseModel",), objects.fields_summary),
)
# Python's own, subclasses included.
_OF_PYTHON: tuple[tuple[type, Describe], ...] = (
    (type, functions.class_summary),
    (types.ModuleType, functions.module_summary),
    (types.FunctionType, functions.function_summary),
    (types.MethodType, functions.method_summary),
    (types.BuiltinFunctionType, functions.builtin_summary),
    (functools.partial, functions.partial_summary),
    (BaseException, objects.exception_summary),
    (str, containers.string_summary),
    (dict, containers.mapping_summary),
    (list, containers.sequence_summary),
    (tuple, containers.sequence_summary),
    (set, containers.sequence_summary),
    (frozenset, containers.sequence_summary),
    (collections.deque, containers.sequence_summary),
    (types.SimpleNamespace, objects.fields_summary),
    (types.GeneratorType, running.generator_summary),
    (types.CoroutineType, running.generator_summary),
    (types.AsyncGeneratorType, running.generator_summary),
    (weakref.ReferenceType, running.reference_summary),
)
_FILES = (
    _io.TextIOWrapper,
    _io.BufferedReader,
    _io.BufferedWriter,
    _io.BufferedRandom,
    _io.FileIO,
)


def summarise(name: str, value: Any, *, limit: int = LIMIT) -> Piece:
    """
    Describe a variable for a model.

    No code of the user's runs for it: no ``__repr__``, no property, no ``__getattr__``. Python's own
    types are read by their own methods, known libraries' by theirs and under a time limit where the
    platform has one; anything else is its type and the names of its attributes. Nothing
    lazy is computed, nothing remote is touched, nothing is imported.

    Args:
        name: What the user calls it.
        value: The variable.
        limit: How many characters the text may have.

    Returns:
        The summary; its note says what was left out.

    Examples:
        >>> summarise("xs", [1, 2, 3]).text
        'xs: list, 3 items, all int, from 1 to 3\\n[1, 2, 3]'
    """
    label = clean(exact(name))[:100]
    if hidden(label, value) and _holds_text(value):
        return Piece(label, f"{label}: {kind(value)} {HIDDEN}", "variable", "without its value")
    summary = _summary(value, max(200, limit - len(label) - 100))
    text = clean("\n".join((f"{label}: {summary.title}", *summary.lines)))
    shown = cut(text, limit)
    notes = [*summary.notes, *(["without the middle of the text"] if shown != text else [])]
    return Piece(label, shown, "variable", ", ".join(notes))


def _holds_text(value: Any) -> bool:
    """Say whether a value may be a secret itself; a function that is called `token` is none."""
    return is_a(value, str, bytes, bytearray, int, dict, list, tuple, set)


def _summary(value: Any, room: int) -> Summary:
    try:
        return within(_SECONDS, partial(_described, value, room))
    except TimeoutError:
        return _plainest(value, f"without the rest, which took more than {_SECONDS:.0f} seconds")
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        # Libraries stumble over broken objects; polars panics with what is no Exception.
        return _plainest(value, f"without the rest, as its library raised {type_name(exc)}")


def _described(value: Any, room: int) -> Summary:
    return _describer(value)(value, room)


def _quietly(describe: Describe, value: Any, room: int) -> Summary:
    with warnings.catch_warnings():
        # NumPy warns of infinite and of very large values.
        warnings.simplefilter("ignore")
        return describe(value, room)


def _plainest(value: Any, note: str) -> Summary:
    try:
        summary = objects.object_summary(value, 1_000)
    except Exception:
        # Not even its class can be looked through.
        return Summary(type_name(value), [], (note,))
    return Summary(summary.title, summary.lines, (note,))


def _describer(value: Any) -> Describe:
    for library, names, describe in _OF_LIBRARIES:
        if not is_a(value, type) and library_class(value, library, *names) is not None:
            return partial(_quietly, describe)
    if any(type(value) is cls for cls in _FILES):
        return running.file_summary
    if is_a(value, enum.Enum):
        return _member
    for cls, describe in _OF_PYTHON:
        if is_a(value, cls):
            return describe
    if _has_fields(value):
        return objects.fields_summary
    return _single if scalar(value, 100) is not None else objects.object_summary


def _has_fields(value: Any) -> bool:
    return any(
        class_attribute(value, name) is not None
        for name in ("__dataclass_fields__", "__attrs_attrs__")
    )


def _single(value: Any, room: int) -> Summary:
    return Summary(f"{type_name(value)} {scalar(value, room)}")


def _member(value: Any, _room: int) -> Summary:
    return Summary(f"enum member {one_line(value, 200)}")


def overview(user_ns: Mapping[str, Any], *, limit: int = LIMIT) -> Piece:
    """
    Describe all variables that the user defined, one a line: name, type and shape.

    Args:
        user_ns: What the user defined; names that begin with an underscore are left out.
        limit: How many characters the text may have.

    Returns:
        The list; modules come last, in one line.
    """
    names = [(name, value) for name, value in list(user_ns.items()) if not name.startswith("_")]
    variables = [(name, value) for name, value in names if not is_a(value, types.ModuleType)]
    imported = [_module(name, value) for name, value in names if is_a(value, types.ModuleType)]
    modules = [cut(f"modules: {', '.join(imported)}", limit // 4)] if imported else []
    lines = [clean(f"{name[:80]}: {_brief(name, value)}") for name, value in variables]
    fitted = fit(lines, limit - sum(map(len, modules)) - 1, what="variables")
    text = "\n".join([*fitted.lines, *modules]) or "The user has not defined any variables yet."
    note = f"without {plural(fitted.missing, 'variable')}" if fitted.missing else ""
    return Piece("variables", text, "variable", note)


def _brief(name: str, value: Any) -> str:
    if is_a(value, types.FunctionType):
        return cut(f"function {functions.signature(value)}", 200)
    text = scalar(value, 40)
    if text is None:
        return kind(value)
    return f"{type_name(value)} {HIDDEN if hidden(name, value) else text}"


def _module(name: str, value: types.ModuleType) -> str:
    full = module_attributes(value).get("__name__")
    return name if not isinstance(full, str) or full == name else f"{name} ({exact(full)[:60]})"
