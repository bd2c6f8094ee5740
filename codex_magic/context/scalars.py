"""Text of single Python values: numbers, strings, times, paths."""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import re
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

from .inspection import exact, is_a, library_class, mro, qualname, static, type_name

# str() refuses integers of more than 640 digits at its strictest, and is slow for long ones.
_MAX_BITS = 2_000
_PATHS = (
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    pathlib.PosixPath,
    pathlib.WindowsPath,
)
_ZONES = {
    "datetime": ("timezone",),
    "zoneinfo": ("ZoneInfo",),
    "pytz": ("UTC", "BaseTzInfo"),
    "dateutil": ("tzutc", "tzoffset", "tzfile", "tzlocal"),
}


def scalar(value: Any, limit: int) -> str | None:
    """
    Return a single value as text, cut to a number of characters; None for anything else.

    No code of the value's own runs: a subclass is shown as the type that it builds on.
    """
    try:
        return _scalar(value, limit)
    except Exception:
        # Half made, as by copy or __new__: what it should hold is not there.
        return None


def _scalar(value: Any, limit: int) -> str | None:
    known = _of_library(value, limit)
    if known is not None:
        return known
    for cls in mro(value):
        # By identity: a metaclass can have a hash of its own.
        writer = _WRITERS.get(id(cls))
        if writer is not None:
            text = writer(value, limit)
            return text if cls is type(value) else f"{type_name(value)}({text})"
    return None


def string(value: str, limit: int) -> str:
    """
    Return a string in quotes, its middle left out where it is long.

    Examples:
        >>> string("a" * 100, 30)
        "'aaaaaa…aaaa' (100 characters)"
    """
    length = str.__len__(value)
    if length <= limit - 2:
        return repr(exact(value))
    kept = max(8, limit - 20)
    head = kept * 2 // 3
    first, last = (
        str.__getitem__(value, slice(head)),
        str.__getitem__(value, slice(head - kept, None)),
    )
    return f"{repr(first)[:-1]}…{repr(last)[1:]} ({length:,} characters)"


def _bytes(value: Any, limit: int) -> str:
    base = bytes if is_a(value, bytes) else bytearray
    length, kept = base.__len__(value), max(4, limit // 4)
    if length <= kept:
        return repr(bytes(base.__getitem__(value, slice(None))))
    return f"{bytes(base.__getitem__(value, slice(kept)))!r}… ({length:,} bytes)"


def _integer(value: int, limit: int) -> str:
    bits = int.bit_length(value)
    if bits <= _MAX_BITS:
        text = int.__repr__(value)
        return text if len(text) <= max(limit, 24) else _long_integer(text, len(text))
    head = int.__rshift__(int.__abs__(value), bits - 64)
    # log10(2) is 0.30103
    digits = int(bits * 0.30103) + 1
    return (
        f"{'-' if int.__lt__(value, 0) else ''}0x{head >> -bits % 4:x}… (about {digits:,} digits)"
    )


def _long_integer(text: str, digits: int) -> str:
    return f"{text[:12]}…{text[-4:]} ({digits:,} digits)"


def _float(value: float, _limit: int) -> str:
    return float.__repr__(value)


def _complex(value: complex, _limit: int) -> str:
    return complex.__repr__(value)


def _decimal(value: decimal.Decimal, limit: int) -> str:
    text = decimal.Decimal.__str__(value)
    return f"Decimal({text!r})" if len(text) <= limit else f"Decimal({text[:20]}… of {len(text):,})"


def _fraction(value: Any, limit: int) -> str:
    above = fractions.Fraction.__dict__["_numerator"].__get__(value)
    below = fractions.Fraction.__dict__["_denominator"].__get__(value)
    return f"Fraction({_integer(above, limit)}, {_integer(below, limit)})"


def _datetime(value: datetime.datetime, _limit: int) -> str:
    cls = datetime.datetime
    zone = cls.__dict__["tzinfo"].__get__(value)
    if _known_zone(zone):
        return cls.isoformat(value, " ")
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    here = datetime.datetime(*(static(value, cls, part) for part in parts))
    return f"{here.isoformat(' ')} ({type_name(zone)})"


def _time(value: datetime.time, _limit: int) -> str:
    zone = datetime.time.__dict__["tzinfo"].__get__(value)
    known = _known_zone(zone)
    return datetime.time.isoformat(value) if known else f"time with a {type_name(zone)}"


def _range(value: range, limit: int) -> str:
    numbers = [value.start, value.stop] + [value.step] * (value.step != 1)
    return f"range({', '.join(_integer(number, limit) for number in numbers)})"


def _pattern(value: re.Pattern[Any], limit: int) -> str:
    pattern = value.pattern
    shown = string(pattern, limit) if is_a(pattern, str) else _bytes(pattern, limit)
    return f"re.compile({shown})"


def _path(value: pathlib.PurePath, limit: int) -> str:
    return f"{type(value).__name__}({string(str(value), limit)})"


_WRITERS: dict[int, Callable[[Any, int], str]] = {
    id(type(None)): lambda value, limit: "None",
    id(type(Ellipsis)): lambda value, limit: "Ellipsis",
    id(type(NotImplemented)): lambda value, limit: "NotImplemented",
    id(bool): lambda value, limit: "True" if value else "False",
    id(int): _integer,
    id(float): _float,
    id(complex): _complex,
    id(str): string,
    id(bytes): _bytes,
    id(bytearray): _bytes,
    id(range): _range,
    id(decimal.Decimal): _decimal,
    id(datetime.datetime): _datetime,
    id(datetime.date): lambda value, limit: datetime.date.isoformat(value),
    id(datetime.time): _time,
    id(datetime.timedelta): lambda value, limit: datetime.timedelta.__str__(value),
    id(datetime.timezone): lambda value, limit: datetime.timezone.__repr__(value),
    id(re.Pattern): _pattern,
}
# These are known only as they are: what a subclass keeps elsewhere, their own code would look for.
_EXACT: dict[int, Callable[[Any, int], str]] = {
    id(fractions.Fraction): _fraction,
    id(uuid.UUID): lambda value, limit: f"UUID('{value}')",
    id(zoneinfo.ZoneInfo): lambda value, limit: f"ZoneInfo({value.key!r})",
    **{id(cls): _path for cls in _PATHS},
}


def _of_library(value: Any, limit: int) -> str | None:
    writer = _EXACT.get(id(type(value)))
    if writer is not None:
        return writer(value, limit)
    name = qualname(type(value))
    if library_class(value, "numpy", "generic"):
        plain = library_class(
            value, "numpy", "number", "bool", "bool_", "datetime64", "timedelta64"
        )
        return str(value) if plain and library_class(value, "numpy", name) else None
    times = ("Timestamp", "Timedelta", "NaTType", "NAType", "Period")
    if library_class(value, "pandas", *times) is type(value):
        return str(value) if _known_zone(getattr(value, "tzinfo", None)) else type_name(value)
    return None


def _known_zone(zone: Any) -> bool:
    # Another one is the user's own, and would be asked for its offset.
    return zone is None or any(
        library_class(zone, library, *names) is not None for library, names in _ZONES.items()
    )
