"""
``dataclass`` for a package of some two hundred: what it gives is written when it is first used.

The standard decorator compiles five functions for each class, which takes about a millisecond: a
third of all that the first question of a kernel waited for, and most of it for classes that few
questions make an instance of. Here ``__init__`` is compiled for the first instance (or whoever looks
at its signature), and one function each compares, hashes and shows all of them.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from functools import cache
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen=False, slots=False, kw_only=False, **more):
        """
        Return a decorator that does what ``dataclasses.dataclass`` does with the same arguments.

        >>> @dataclass(frozen=True, slots=True)
        ... class Point:
        ...     x: int
        ...     y: int = 0
        >>> Point(1), Point(1) == Point(1, 0), dataclasses.replace(Point(1), y=2)
        (Point(x=1, y=0), True, Point(x=1, y=2))
        """

        def decorated(cls):
            if more:
                whole = dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, **more)
                return whole(cls)
            own = dict(vars(cls))
            bare = dataclasses.dataclass(
                init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
            )(cls)
            for name, method in (_FROZEN if frozen else _MUTABLE).items():
                if name not in own:
                    setattr(bare, name, method)
            if "__init__" not in own:
                bare.__init__ = _Init(bare)
            return bare

        return decorated


class _Init:
    """The ``__init__`` of a class until it is asked for: then it is written."""

    def __init__(self, cls: Any) -> None:
        self._cls = cls

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        init = _written_init(self._cls)
        self._cls.__init__ = init
        return init.__get__(instance, owner)


class _Factory:
    """Stands in a signature for a default that is made for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _written_init(cls: Any) -> Any:
    """Return the ``__init__`` for the fields of a class, as the standard decorator writes it."""
    known: dict[str, Any] = {"__set": object.__setattr__, "__factory": _FACTORY}
    parameters, keywords, lines = ["self"], ["*"], ["  pass"]
    for field in dataclasses.fields(cls):
        name = value = field.name
        parameter = name
        if field.default is not dataclasses.MISSING:
            known[f"__default_{name}"] = field.default
            parameter = f"{name}=__default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            known[f"__make_{name}"] = field.default_factory
            parameter = f"{name}=__factory"
            value = f"__make_{name}() if {name} is __factory else {name}"
        (keywords if field.kw_only else parameters).append(parameter)
        lines.append(f"  __set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("  self.__post_init__()")
    listed = ", ".join(parameters + (keywords if len(keywords) > 1 else []))
    body = "\n".join([f" def __init__({listed}):", *lines])
    made: dict[str, Any] = {}
    # In the class's own module, where the names in its annotations mean something.
    space = vars(sys.modules[cls.__module__])
    exec(f"def write({', '.join(known)}):\n{body}\n return __init__", space, made)
    init = made["write"](**known)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    types = {field.name: field.type for field in dataclasses.fields(cls)}
    init.__annotations__ = {**types, "return": None}
    return init


@cache
def _compared(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls) if field.compare)


@cache
def _shown(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls) if field.repr)


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in _compared(self.__class__)])


def _eq(self: Any, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _values(self) == _values(other)


def _hash(self: Any) -> int:
    return hash(_values(self))


@recursive_repr()
def _repr(self: Any) -> str:
    cls = self.__class__
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _shown(cls))
    return f"{cls.__qualname__}({shown})"


def _set(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """Return what is pickled: what is frozen cannot be set again otherwise."""
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_MUTABLE: dict[str, Callable[..., Any] | None] = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": None,
}
_FROZEN: dict[str, Callable[..., Any] | None] = {
    **_MUTABLE,
    "__hash__": _hash,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__getstate__": _state,
    "__setstate__": _set_state,
}
