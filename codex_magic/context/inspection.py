"""Looks at objects without running any code of theirs: real types, real attributes."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

# The descriptors of `type` itself: a metaclass can override what `cls.__mro__` finds, but not these.
class_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
class_dict: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
_qualname: Callable[[type], Any] = type.__dict__["__qualname__"].__get__
_module: Callable[[type], Any] = type.__dict__["__module__"].__get__
_module_dict: Callable[[Any], Any] = vars(types.ModuleType)["__dict__"].__get__

# Their `__dict__` is that of what they stand for: reading it would wake it.
_PROXIES = ("wrapt", "lazy_object_proxy", "werkzeug", "objproxies")

# Anything else that is called `__dict__` is somebody's own, and would run.
_DESCRIPTORS = (types.GetSetDescriptorType, types.MemberDescriptorType)
_MAX_ATTRIBUTES = 1_000


def mro(value: object) -> tuple[type, ...]:
    """Return the classes of a value; what it says of its `__class__` does not count."""
    return class_mro(type(value))


def is_a(value: object, *classes: type) -> bool:
    """Say whether a value really is an instance of one of these classes."""
    # `in` would ask a metaclass for equality.
    return any(each is cls for each in mro(value) for cls in classes)


def exact(text: str) -> str:
    """Return a string that is a plain one, whatever a subclass does."""
    return text if type(text) is str else str.__str__(text)


def qualname(cls: type) -> str:
    """Return the name of a class within its module."""
    return exact(_qualname(cls))[:100]


def module_name(cls: type) -> str:
    """Return the module of a class; empty where the class does not say."""
    try:
        module = _module(cls)
    except AttributeError:
        return ""
    return module[:100] if type(module) is str else ""


def class_name(cls: type) -> str:
    """
    Return the name of a class as a user would write it.

    Examples:
        >>> import collections
        >>> class_name(dict), class_name(collections.Counter)
        ('dict', 'collections.Counter')
    """
    module, name = module_name(cls), qualname(cls)
    if module in ("", "builtins", "__main__"):
        return name
    # "pandas.core.frame.DataFrame" and "_io.TextIOWrapper" are known by less.
    parts = module.lstrip("_").split(".")
    for length in range(1, len(parts) + 1):
        public = ".".join(parts[:length])
        if _holds(sys.modules.get(public), name, cls):
            return f"{public}.{name}"
    return f"{module}.{name}"


def type_name(value: object) -> str:
    """Return the name of a value's type."""
    return class_name(type(value))


def module_attributes(module: object) -> dict[str, Any]:
    """Return what a module holds, and nothing for what is no module; a lazy one stays unloaded."""
    if not is_a(module, types.ModuleType):
        return {}
    found: dict[str, Any] = _module_dict(module)
    return found


def library_class(value: object, library: str, *names: str) -> type[Any] | None:
    """
    Return the class of a library that a value is an instance of.

    Nothing is imported; a class that only pretends to be the library's is not taken for it.

    Args:
        value: Any object.
        library: The name of a package, or of a module in it.
        names: What its classes are called.
    """
    for cls in mro(value):
        module, name = module_name(cls), qualname(cls)
        ours = name in names and (module == library or module.startswith(library + "."))
        if ours and _holds(sys.modules.get(module), name, cls):
            return cls
    return None


def _holds(module: object, name: str, cls: type) -> bool:
    return module_attributes(module).get(name) is cls


def library_names(value: object) -> Iterator[tuple[str, str]]:
    """Yield the package and the name of each class of a value."""
    for cls in mro(value):
        yield module_name(cls).partition(".")[0], qualname(cls)


def static(value: object, cls: type, name: str) -> Any:
    """
    Return an attribute as a known class reads it, whatever subclasses and `__getattr__` do.

    Raises:
        AttributeError: The class has none.
    """
    for each in class_mro(cls):
        if name in class_dict(each):
            found = class_dict(each)[name]
            return found.__get__(value, cls) if hasattr(type(found), "__get__") else found
    raise AttributeError(name)


def attributes(value: object) -> dict[str, Any]:
    """Return what an object holds in its `__dict__` and slots; no property is asked."""
    found = dict(_instance_dict(value))
    for cls in mro(value):
        if "__slots__" not in class_dict(cls):
            continue
        for name, member in class_dict(cls).items():
            if type(member) is types.MemberDescriptorType and name not in found:
                try:
                    found[exact(name)] = member.__get__(value)
                except AttributeError:
                    continue
    return found


def _instance_dict(value: object) -> Iterator[tuple[str, Any]]:
    if any(package in _PROXIES for package, _ in library_names(value)):
        return
    for cls in mro(value):
        if "__dict__" in class_dict(cls):
            descriptor = class_dict(cls)["__dict__"]
            if cls is type or not any(type(descriptor) is each for each in _DESCRIPTORS):
                return
            found = descriptor.__get__(value)
            # Copied at once: another thread may write to it.
            held = list(islice(dict.items(found), _MAX_ATTRIBUTES)) if is_a(found, dict) else []
            yield from ((name, each) for name, each in held if type(name) is str)
            return


def class_attribute(value: object, name: str) -> Any:
    """Return what the classes of a value hold under a name, as it lies there; None for nothing."""
    for cls in mro(value):
        if name in class_dict(cls):
            return class_dict(cls)[name]
    return None
