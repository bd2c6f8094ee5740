"""Objects that harm whoever looks at them carelessly; each notes what was touched."""

from __future__ import annotations

import collections
import enum
import io
import socket
import sqlite3
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NoReturn
from unittest.mock import MagicMock, Mock

Touched = list[str]
Make = Callable[[Touched], Any]

_SPECIAL = [
    "__repr__",
    "__str__",
    "__format__",
    "__bytes__",
    "__hash__",
    "__bool__",
    "__len__",
    "__length_hint__",
    "__iter__",
    "__next__",
    "__reversed__",
    "__contains__",
    "__getitem__",
    "__missing__",
    "__call__",
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__int__",
    "__index__",
    "__float__",
    "__complex__",
    "__dir__",
    "__sizeof__",
    "__reduce__",
    "__reduce_ex__",
    "__array__",
    "__array_interface__",
    "__array_struct__",
    "__dataframe__",
    "__arrow_c_stream__",
    "__dlpack__",
    "__enter__",
    "__exit__",
    "__await__",
    "__aiter__",
    "__anext__",
    "__fspath__",
    "__copy__",
    "__deepcopy__",
    "__rich_repr__",
    "__instancecheck__",
    "_repr_html_",
    "_repr_mimebundle_",
    "_ipython_display_",
]


def trap(touched: Touched, name: str) -> Callable[..., NoReturn]:
    """Return a method that notes that it ran, and raises."""

    def sprung(*_args: object, **_keywords: object) -> NoReturn:
        touched.append(name)
        raise RuntimeError(f"{name} was called")

    return sprung


def noted(touched: Touched, name: str, answer: Any) -> Callable[..., Any]:
    """Return a method that notes that it ran, and answers."""

    def asked(*_args: object, **_keywords: object) -> Any:
        touched.append(name)
        return answer

    return asked


def trapped(touched: Touched, *bases: type, **more: Any) -> type:
    """Return a class whose every special method is a trap."""
    body = {name: trap(touched, name) for name in _SPECIAL}
    return type("Trapped", bases, {**body, **more})


def everything(touched: Touched) -> Any:
    """An object whose every method raises."""
    return trapped(touched)()


def any_attribute(touched: Touched) -> Any:
    """An object whose every attribute, `__class__` and `__dict__` too, raises."""
    spring = trap(touched, "__getattribute__")
    return trapped(touched, __getattribute__=spring, __getattr__=spring)()


def hanging_repr(touched: Touched) -> Any:
    """An object whose repr never returns."""

    def wait(self: object) -> str:
        touched.append("__repr__")
        threading.Event().wait(600)
        return ""

    return type("Hanging", (), {"__repr__": wait, "__str__": wait})()


def huge_repr(touched: Touched) -> Any:
    """An object whose repr has 100 MB."""

    def long(self: object) -> str:
        touched.append("__repr__")
        return "x" * 100_000_000

    return type("Huge", (), {"__repr__": long})()


def exiting_repr(touched: Touched) -> Any:
    """An object whose repr ends the process."""

    def leave(self: object) -> str:
        touched.append("__repr__")
        raise SystemExit

    return type("Exiting", (), {"__repr__": leave})()


def repr_of_no_string(touched: Touched) -> Any:
    """An object whose repr is a number."""
    return type("Odd", (), {"__repr__": noted(touched, "__repr__", 3)})()


def lying_class(touched: Touched) -> Any:
    """An object that says it is a dict."""
    return trapped(touched, __class__=property(noted(touched, "__class__", dict)))()


def pretending_module(touched: Touched) -> Any:
    """An object whose class says it is pandas' DataFrame."""
    cls = trapped(touched, __module__="pandas", shape=property(trap(touched, "shape")))
    cls.__name__ = cls.__qualname__ = "DataFrame"
    return cls()


def metaclass(touched: Touched) -> Any:
    """An object whose metaclass has traps for everything that is asked of a class."""
    names = ("__getattribute__", "__instancecheck__", "__subclasscheck__", "__hash__", "__eq__")
    traps: dict[str, Any] = {name: trap(touched, f"meta {name}") for name in names}
    for name in ("__mro__", "__name__", "__module__", "__dict__", "__bases__"):
        traps[name] = property(trap(touched, f"meta {name}"))
    traps["mro"] = type.mro
    return type("Meta", (type,), traps)("Odd", (), {})()


def hostile_class(touched: Touched) -> Any:
    """A class, not an object, whose metaclass has traps."""
    return type(metaclass(touched))


def names_of_no_string(touched: Touched) -> Any:
    """An object whose class has a property as its module."""
    return type("Odd", (), {"__module__": property(trap(touched, "__module__")), "__doc__": 3})()


def properties(touched: Touched) -> Any:
    """An object with properties that do things."""
    body = {name: property(trap(touched, name)) for name in ("shape", "dtype", "columns", "name")}
    return type("Lazy", (), body)()


def own_dict(touched: Touched) -> Any:
    """An object with a property as its `__dict__`."""
    return type("Odd", (), {"__dict__": property(trap(touched, "__dict__")), "__slots__": ()})()


def descriptors(touched: Touched) -> Any:
    """An object whose class has descriptors that compute."""
    descriptor = type("Computed", (), {"__get__": trap(touched, "__get__")})
    return type("Holder", (), {"frame": descriptor(), "__slots__": ()})()


def odd_keys(touched: Touched) -> Any:
    """An object whose `__dict__` has keys that are no strings."""
    thing = type("Odd", (), {})()
    thing.__dict__[type("Name", (str,), {"__repr__": trap(touched, "__repr__")})("key")] = 1
    thing.__dict__["plain"] = 2
    return thing


def list_subclass(touched: Touched) -> Any:
    """A list whose own length and iteration are traps."""
    return trapped(touched, list)([1, 2])


def lying_length(touched: Touched) -> Any:
    """A list that says it has a billion items."""
    lie = {"__len__": noted(touched, "__len__", 10**9)}
    return type("Long", (list,), lie)([1])


def dict_subclass(touched: Touched) -> Any:
    """A dict whose items and lookups are traps."""
    methods = {name: trap(touched, name) for name in ("items", "keys", "values", "get")}
    return trapped(touched, dict, **methods)(a=1)


def missing_keys(touched: Touched) -> Any:
    """A defaultdict whose factory is a trap."""
    return collections.defaultdict(trap(touched, "factory"), {"a": 1})


def str_subclass(touched: Touched) -> Any:
    """A string whose methods are traps."""
    return trapped(touched, str)("hello")


def int_subclass(touched: Touched) -> Any:
    """A number whose methods are traps."""
    return trapped(touched, int)(7)


def inside_containers(touched: Touched) -> Any:
    """A dict of lists of traps; the keys are harmless."""
    return {"a": [everything(touched), (any_attribute(touched),)], "b": {"c": metaclass(touched)}}


def keys_of_a_dict(touched: Touched) -> Any:
    """A dict with a key that may be hashed once."""
    uses: list[int] = []

    def once(self: object) -> int:
        if uses:
            touched.append("__hash__")
        uses.append(1)
        return 1

    return {type("Key", (), {"__hash__": once, "__repr__": trap(touched, "__repr__")})(): 1}


def cyclic_list(_touched: Touched) -> Any:
    """A list that holds itself."""
    inner: list[Any] = [1]
    inner.append(inner)
    return inner


def cyclic_objects(_touched: Touched) -> Any:
    """Two namespaces and a dict that hold each other."""
    one, two = types.SimpleNamespace(), types.SimpleNamespace()
    one.other, two.other, two.both = two, one, {"one": one, "two": two}
    return one


def deep_list(_touched: Touched) -> Any:
    """A list 100,000 levels deep."""
    inner: list[Any] = []
    for _ in range(100_000):
        inner = [inner]
    return inner


def endless(touched: Touched) -> Any:
    """An iterator without an end."""
    return trapped(touched, __next__=noted(touched, "__next__", 1))()


def generator(touched: Touched) -> Any:
    """A generator that notes when it is advanced."""

    def items() -> Iterator[int]:
        touched.append("advanced")
        yield 1

    return items()


def map_object(touched: Touched) -> Any:
    """A map, which calls a function when it is read."""
    return map(trap(touched, "function"), [1, 2, 3])


def proxy(touched: Touched) -> Any:
    """A stand-in that connects when anything is asked of it."""
    spring = trap(touched, "connected")
    return type("RemoteFrame", (), {"__getattr__": spring, "__len__": spring, "__iter__": spring})()


def lazy_frame(touched: Touched) -> Any:
    """A frame that computes for its repr, its shape, its length and its head."""
    names = ("shape", "columns", "dtypes", "schema", "head", "compute", "collect")
    body = {name: property(trap(touched, name)) for name in names}
    cls = trapped(touched, **body)
    cls.__module__ = "dask.dataframe"
    return cls()


def elementwise(touched: Touched) -> Any:
    """An array whose comparison gives an array, and whose truth is an error."""
    return trapped(touched, shape=(10**9, 10**9))()


def dead_proxy(_touched: Touched) -> Any:
    """A weak proxy to what is gone."""
    return weakref.proxy(type("Gone", (), {})())


def dead_reference(_touched: Touched) -> Any:
    """A weak reference to what is gone."""
    return weakref.ref(type("Gone", (), {})())


def live_proxy(touched: Touched) -> Any:
    """A weak proxy to a trap."""
    return weakref.proxy(_keep(trapped(touched, __weakref_slot__=1)()))


def lazy_module(touched: Touched) -> Any:
    """A module that loads itself when an attribute is asked for."""
    spring = trap(touched, "loaded")
    cls = type("LazyModule", (types.ModuleType,), {"__getattribute__": spring})
    return cls("lazy")


def module_function(touched: Touched) -> Any:
    """A module with a `__getattr__` of its own."""
    module = types.ModuleType("lazy")
    module.__dict__["__getattr__"] = trap(touched, "__getattr__")
    return module


def lying_function(touched: Touched) -> Any:
    """A function with a signature, defaults and a wrapped one that are traps."""

    def function(first: Any = None) -> None: ...

    function.__defaults__ = (everything(touched),)
    function.__dict__.update(__signature__=any_attribute(touched), __wrapped__=everything(touched))
    return function


def wrapped_circle(_touched: Touched) -> Any:
    """A function that wraps itself."""

    def function() -> None: ...

    function.__dict__["__wrapped__"] = function
    return function


def enum_member(touched: Touched) -> Any:
    """A member of an enum with a repr and a value of its own."""
    body = {"__repr__": trap(touched, "__repr__"), "__str__": trap(touched, "__str__")}
    cls: Any = enum.Enum("Colour", {"RED": 1})  # type: ignore[misc]
    for name, method in body.items():
        setattr(cls, name, method)
    return cls.RED


def exception(touched: Touched) -> Any:
    """An exception whose text is a trap."""
    return trapped(touched, ValueError)("bad", everything(touched))


def missing_slots(_touched: Touched) -> Any:
    """An object with slots that were never filled, and one that was."""
    thing = type("Slotted", (), {"__slots__": ("full", "empty")})()
    thing.full = 1
    return thing


def strange_text(_touched: Touched) -> Any:
    """A string of lone surrogates, control characters and marks that turn text around."""
    return "a\ud800b\x00\x1b[31m\u202ec\r\u2028"


def strange_numbers(_touched: Touched) -> Any:
    """Numbers that are hard to write down."""
    nan, infinite = float("nan"), float("inf")
    return [
        nan,
        infinite,
        -infinite,
        10**10_000,
        -(10**100_000),
        Decimal("NaN"),
        Decimal(10) ** 9999,
    ]


def closed_file(_touched: Touched) -> Any:
    """A file that is closed, under a text layer that was taken off."""
    file = io.TextIOWrapper(io.BytesIO(b"abc"))
    file.detach()
    return file


def closed_database(_touched: Touched) -> Any:
    """A connection to a database that is closed."""
    connection = sqlite3.connect(":memory:")
    connection.close()
    return connection


def closed_socket(_touched: Touched) -> Any:
    """A socket that is closed."""
    made = socket.socket()
    made.close()
    return made


def held_lock(_touched: Touched) -> Any:
    """A lock that is held: taking it would hang."""
    lock = threading.Lock()
    lock.acquire()
    return [lock, threading.RLock(), threading.Condition(), threading.current_thread()]


def mock(_touched: Touched) -> Any:
    """A mock, which has every attribute, and makes them as they are asked for."""
    return Mock()


def magic_mock(_touched: Touched) -> Any:
    """A mock with all special methods, and one with a specification."""
    return {"one": MagicMock(), "two": MagicMock(spec=dict)}


def released_view(_touched: Touched) -> Any:
    """A view of memory that was given back."""
    view = memoryview(b"abc")
    view.release()
    return view


def custom_mapping(touched: Touched) -> Any:
    """A mapping that is no dict, and fetches what is asked for."""
    return trapped(touched, collections.abc.Mapping)()


def custom_path(touched: Touched) -> Any:
    """What the file system would be asked for."""
    return trapped(touched, exists=trap(touched, "exists"), stat=trap(touched, "stat"))()


_kept: collections.deque[Any] = collections.deque(maxlen=50)


def _keep(value: Any) -> Any:
    # A weak reference needs somebody who holds the object.
    _kept.append(value)
    return value


OBJECTS: tuple[Make, ...] = (
    everything,
    any_attribute,
    hanging_repr,
    huge_repr,
    exiting_repr,
    repr_of_no_string,
    lying_class,
    pretending_module,
    metaclass,
    hostile_class,
    names_of_no_string,
    properties,
    own_dict,
    descriptors,
    odd_keys,
    list_subclass,
    lying_length,
    dict_subclass,
    missing_keys,
    str_subclass,
    int_subclass,
    inside_containers,
    keys_of_a_dict,
    cyclic_list,
    cyclic_objects,
    deep_list,
    endless,
    generator,
    map_object,
    proxy,
    lazy_frame,
    elementwise,
    dead_proxy,
    dead_reference,
    live_proxy,
    lazy_module,
    module_function,
    lying_function,
    wrapped_circle,
    enum_member,
    exception,
    missing_slots,
    strange_text,
    strange_numbers,
    closed_file,
    closed_database,
    closed_socket,
    held_lock,
    mock,
    magic_mock,
    released_view,
    custom_mapping,
    custom_path,
)
