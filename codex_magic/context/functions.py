"""Summaries of functions, classes and modules: signature, source, names."""

from __future__ import annotations

import enum
import functools
import inspect
import linecache
import re
import types
from typing import Any

from .inspection import (
    attributes,
    class_dict,
    class_mro,
    class_name,
    exact,
    is_a,
    module_attributes,
    static,
    type_name,
)
from .one_line import named_value, one_line
from .scalars import scalar
from .summaries import Summary, cut, listed, without

_SOURCE_LINES = 400
_BOUND = re.compile(r"\(\$\w+(?:, /)?(?:, )?")
_CLASS = re.compile(r"^\s*class\s+(\w+)\b")


def function_summary(value: types.FunctionType, room: int) -> Summary:
    """Describe a function: its signature and its source."""
    wrapped: Any = attributes(value).get("__wrapped__")
    code = value.__code__
    title = f"{_function_kind(code)} {signature(value)}"
    if is_a(wrapped, types.FunctionType) and wrapped is not value:
        inner = function_summary(wrapped, room - len(title)) if _depth(wrapped) < 10 else None
        if inner is not None:
            lines = [f"wraps {inner.title}", *inner.lines]
            return Summary(title, lines, inner.notes)
    source = _source(code)
    if not source:
        doc = value.__doc__
        return Summary(
            title,
            [_first(doc)] if type(doc) is str else [],
            ("without its source, which is not found",),
        )
    shown = cut(source, room)
    return Summary(title, [shown], ("without the middle of its source",) if shown != source else ())


def _depth(function: Any) -> int:
    """Return how many functions are wrapped in each other; a circle counts as many."""
    depth = 0
    while depth < 10 and is_a(function, types.FunctionType):
        function = attributes(function).get("__wrapped__")
        depth += 1
    return depth


def _function_kind(code: types.CodeType) -> str:
    coroutine = code.co_flags & inspect.CO_COROUTINE
    if code.co_flags & inspect.CO_ASYNC_GENERATOR:
        return "async generator function"
    if code.co_flags & inspect.CO_GENERATOR:
        return "generator function"
    return "async function" if coroutine else "function"


def signature(function: types.FunctionType) -> str:
    """
    Return the name and the parameters of a function; defaults as plain values only.

    Examples:
        >>> def scale(x, /, by=2.0, *rest, how="up", **options): ...
        >>> signature(scale)
        "scale(x, /, by=2.0, *rest, how='up', **options)"
    """
    code = function.__code__
    names, count = code.co_varnames, code.co_argcount
    defaults = function.__defaults__ or ()
    parts: list[str] = []
    for at in range(count):
        after = at - (count - len(defaults))
        parts.append(_parameter(names[at], (defaults[after],) if after >= 0 else ()))
        if at + 1 == code.co_posonlyargcount:
            parts.append("/")
    keywords = names[count : count + code.co_kwonlyargcount]
    at = count + len(keywords)
    if code.co_flags & inspect.CO_VARARGS:
        parts.append(f"*{names[at]}")
        at += 1
    elif keywords:
        parts.append("*")
    optional = function.__kwdefaults__ or {}
    parts += [_parameter(name, (optional[name],) if name in optional else ()) for name in keywords]
    if code.co_flags & inspect.CO_VARKEYWORDS:
        parts.append(f"**{names[at]}")
    return f"{exact(function.__qualname__)}({', '.join(parts)})"


def _parameter(name: str, default: tuple[Any, ...]) -> str:
    return f"{name}={named_value(name, default[0], 40)}" if default else name


def _source(code: types.CodeType) -> str:
    # inspect.getsource asks every module for its file, which wakes lazy ones.
    lines = linecache.getlines(code.co_filename)
    return _block(lines, code.co_firstlineno - 1)


def _block(lines: list[str], start: int) -> str:
    if not 0 <= start < len(lines):
        return ""
    try:
        block = inspect.getblock(lines[start : start + _SOURCE_LINES])
    except (SyntaxError, IndentationError):
        return ""
    return "".join(block).rstrip("\n")


def _first(doc: str) -> str:
    return doc.strip().partition("\n")[0][:300]


def method_summary(value: Any, room: int) -> Summary:
    """Describe a bound method: its function, and what it is bound to."""
    inner = value.__func__
    if not is_a(inner, types.FunctionType):
        return Summary(f"method of a {type_name(value.__self__)}")
    summary = function_summary(inner, room)
    title = f"method {signature(inner)} of a {type_name(value.__self__)}"
    return Summary(title, summary.lines, summary.notes)


def builtin_summary(value: Any, _room: int) -> Summary:
    """Describe a function that is written in C."""
    parameters = value.__text_signature__
    # "($module, obj, /)": what it is bound to is no argument.
    shown = _BOUND.sub("(", parameters) if type(parameters) is str else "(…)"
    doc = value.__doc__
    lines = [_first(doc)] if type(doc) is str else []
    return Summary(f"built-in function {exact(value.__qualname__)}{shown}", lines)


def partial_summary(value: Any, room: int) -> Summary:
    """Describe a partial function: what it calls, with which arguments."""
    inner, arguments, keywords = (
        static(value, functools.partial, each) for each in ("func", "args", "keywords")
    )
    given = [one_line(each, 60) for each in arguments]
    given += [f"{exact(name)}={named_value(name, each, 60)}" for name, each in keywords.items()]
    if not is_a(inner, types.FunctionType):
        return Summary(f"functools.partial of {one_line(inner)} with ({', '.join(given)})")
    summary = function_summary(inner, room - 200)
    title = f"functools.partial of {signature(inner)} with ({', '.join(given)})"
    return Summary(title, summary.lines, summary.notes)


def class_summary(value: type, room: int) -> Summary:
    """Describe a class: its bases and its source, or its methods where that is not found."""
    bases = [class_name(cls) for cls in class_mro(value)[1:-1][:8]]
    title = f"class {class_name(value)}" + (f", based on {', '.join(bases)}" if bases else "")
    source = _class_source(value)
    if source:
        shown = cut(source, room)
        return Summary(
            title, [shown], ("without the middle of its source",) if shown != source else ()
        )
    doc = class_dict(value).get("__doc__")
    lines = [_first(doc)] if type(doc) is str and doc.strip() else []
    members = class_dict(value).get("_member_map_")
    if is_a(value, enum.EnumMeta) and type(members) is dict:
        lines += [f"  {one_line(each, 100)}" for each in list(members.values())[:50]]
    fields = _annotated(value)
    lines += fields[:50]
    public = [name for name in class_dict(value) if type(name) is str and not name.startswith("_")]
    names, missing = listed(public, min(room, 1_500))
    if names and not fields and not members:
        lines.append(f"has: {names}")
    return Summary(title, lines, without(missing, len(public), "names"))


def _annotated(value: type) -> list[str]:
    """Return the fields of a class that is little more than them, as a dataclass."""
    found = class_dict(value).get("__annotations__")
    lines = []
    for name, hint in found.items() if type(found) is dict else ():
        shown = hint if type(hint) is str else class_name(hint) if type(hint) is type else ""
        default = class_dict(value).get(name)
        plain = None if default is None else scalar(default, 40)
        text = f"  {name}{': ' if shown else ''}{shown[:80]}"
        lines.append(text if plain is None else f"{text} = {named_value(name, default, 40)}")
    return lines


def _class_source(value: type) -> str:
    name = exact(type.__dict__["__name__"].__get__(value))
    for each in class_dict(value).values():
        if type(each) is types.FunctionType:
            code = each.__code__
            lines = linecache.getlines(code.co_filename)
            # The class that a method is in stands above it.
            for at in range(min(code.co_firstlineno, len(lines)) - 1, -1, -1):
                found = _CLASS.match(lines[at])
                if found and found[1] == name:
                    return _block(lines, at)
    return ""


def module_summary(value: types.ModuleType, room: int) -> Summary:
    """Describe a module: its version, its first sentence and its public names; nothing is loaded."""
    held = module_attributes(value)
    name, version, doc = (held.get(each) for each in ("__name__", "__version__", "__doc__"))
    title = f"module {exact(name)[:100] if isinstance(name, str) else '(without a name)'}"
    if type(version) is str:
        title += f", version {version[:40]}"
    public = sorted(each for each in list(held) if type(each) is str and not each.startswith("_"))
    lines = [_first(doc)] if type(doc) is str and doc.strip() else []
    names, missing = listed(public, min(room, 1_500))
    if names:
        lines.append(f"names: {names}")
    return Summary(title, lines, without(missing, len(public), "names"))
