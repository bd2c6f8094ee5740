"""Calls of functions as people write them: what a model gives, and the values that it stands for."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from . import tool_functions as f
from .tool_functions import Thermometer
from .tool_types import Colour, Level, Line, Pair, Point, Tree, User

Case = tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]

_HERE = Thermometer(0.5)
_NOON = "12:30:00"
_UUID = "12345678-1234-5678-1234-567812345678"

# A function, the JSON of a call, and the values that it stands for.
FUNCTIONS: list[Case] = [
    (f.nothing, {}, {}),
    (f.text, {"text": "é\n"}, {"text": "é\n"}),
    (f.whole, {"n": 3}, {"n": 3}),
    (f.real, {"x": 2.5}, {"x": 2.5}),
    (f.flag, {"on": True}, {"on": True}),
    (f.two, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    (f.optional_union, {"n": None}, {"n": None}),
    (f.old_optional, {"n": 4}, {"n": 4}),
    (f.old_union, {"n": "four"}, {"n": "four"}),
    (f.defaulted, {"n": None, "name": "Bea"}, {"name": "Bea"}),
    (f.nullable_default, {"n": None}, {"n": None}),
    (f.alias, {"n": 0.5}, {"n": 0.5}),
    (f.type_alias, {"ids": [1, 2]}, {"ids": [1, 2]}),
    (f.literal, {"mode": "b"}, {"mode": "b"}),
    (f.numbers, {"n": 2}, {"n": 2}),
    (f.mixed_literal, {"n": None}, {"n": None}),
    (f.colour, {"colour": "red"}, {"colour": Colour.RED}),
    (f.default_colour, {"colour": None}, {}),
    (f.level, {"level": 2}, {"level": Level.HIGH}),
    (f.described, {"city": "Bern"}, {"city": "Bern"}),
    (f.documented, {"city": "Bern"}, {"city": "Bern"}),
    (f.fielded, {"n": 9}, {"n": 9}),
    (f.pattern, {"code": "de"}, {"code": "de"}),
    (f.listed, {"xs": [1.5, 2.0]}, {"xs": [1.5, 2.0]}),
    (f.nested, {"rows": [[1], []]}, {"rows": [[1], []]}),
    (f.sequence, {"names": ["a"]}, {"names": ["a"]}),
    (f.iterable, {"xs": [1, 2]}, {"xs": [1, 2]}),
    (f.collection, {"xs": ["a"]}, {"xs": ["a"]}),
    (f.old_list, {"names": ["a"]}, {"names": ["a"]}),
    (f.united, {"names": ["a", "b"]}, {"names": {"a", "b"}}),
    (f.frozen, {"names": [1]}, {"names": frozenset({1})}),
    (f.pair, {"pair": [1, 2]}, {"pair": (1, 2)}),
    (f.any_length, {"values": [1.0, 2.0, 3.0]}, {"values": (1.0, 2.0, 3.0)}),
    (f.maybe_list, {"names": None}, {"names": None}),
    (f.list_of_maybe, {"names": ["a", None]}, {"names": ["a", None]}),
    (f.point, {"point": {"x": 1.0, "y": None}}, {"point": Point(1.0)}),
    (
        f.line,
        {"line": {"points": [{"x": 1.0, "y": 2.0}], "colour": "blue", "tags": None}},
        {"line": Line([Point(1.0, 2.0)], Colour.BLUE)},
    ),
    (f.points, {"points": [{"x": 1.0, "y": 2.0}]}, {"points": [Point(1.0, 2.0)]}),
    (f.maybe_point, {"point": {"x": 1.0, "y": 2.0}}, {"point": Point(1.0, 2.0)}),
    (f.point_or_name, {"where": "home"}, {"where": "home"}),
    (
        f.described_point,
        {"start": {"x": 1.0, "y": 1.0}, "end": {"x": 2.0, "y": None}},
        {"start": Point(1.0, 1.0), "end": Point(2.0)},
    ),
    (f.window, {"window": {"start": 1, "stop": 2}}, {"window": {"start": 1, "stop": 2}}),
    (f.options, {"options": {"depth": None, "label": "a"}}, {"options": {"label": "a"}}),
    (f.user, {"user": {"name": "Ada", "age": None}}, {"user": User(name="Ada")}),
    (
        f.users,
        {"users": [{"name": "Ada", "age": 36}], "reason": None},
        {"users": [User(name="Ada", age=36)]},
    ),
    (
        f.tree,
        {"tree": {"name": "a", "branches": [{"name": "b", "branches": None}]}},
        {"tree": Tree(name="a", branches=[Tree(name="b")])},
    ),
    (
        f.moment,
        {"moment": "2026-01-02T03:04:05Z"},
        {"moment": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)},
    ),
    (f.days, {"start": "2026-01-02", "end": None}, {"start": dt.date(2026, 1, 2), "end": None}),
    (
        f.clock,
        {"at": _NOON, "lasting": "PT90S"},
        {"at": dt.time(12, 30), "lasting": dt.timedelta(seconds=90)},
    ),
    (f.path, {"path": "data/a.csv"}, {"path": Path("data/a.csv")}),
    (f.price, {"price": "1.10"}, {"price": Decimal("1.10")}),
    (f.identity, {"id": _UUID}, {"id": UUID(_UUID)}),
    (f.raw, {"content": "abc"}, {"content": b"abc"}),
    (f.keyword_only, {"name": "ab", "times": 2}, {"name": "ab", "times": 2}),
    (f.positional_only, {"a": 1, "b": None, "c": 7}, {"a": 1, "c": 7}),
    (f.variadic, {"first": 1, "others": [2, 3]}, {"first": 1, "others": [2, 3]}),
    (f.bare_keywords, {"name": "a"}, {"name": "a"}),
    (
        f.unpacked,
        {"name": "a", "options": {"depth": 3, "label": None}},
        {"name": "a", "options": {"depth": 3}},
    ),
    (
        f.untyped_default,
        {"n": 0.5, "name": None, "on": False, "share": None},
        {"n": 0.5, "on": False},
    ),
    (f.typed_by_docstring, {"count": 2, "name": "ab"}, {"count": 2, "name": "ab"}),
    (
        f.odd_names,
        {"model_config": "a", "schema": 1, "json": True, "self_": 2, "_hidden": None},
        {"model_config": "a", "schema": 1, "json": True, "self_": 2},
    ),
    (f.generic, {"x": 1.5}, {"x": 1.5}),
    (f.with_axes, {"x": [1.0]}, {"x": [1.0]}),
    (f.waited, {"n": 1}, {"n": 1}),
    (f.wrapped(f.two), {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    (functools.partial(f.two, 1), {"b": 2}, {"b": 2}),
    (functools.partial(f.two, b=1), {"a": 2}, {"a": 2}),
    (_HERE.read, {"place": "here", "digits": None}, {"place": "here"}),
    (Thermometer.kind, {"short": True}, {"short": True}),
    (Thermometer.convert, {"celsius": 20.0}, {"celsius": 20.0}),
    (_HERE, {"place": "here"}, {"place": "here"}),
    (functools.lru_cache(f.whole), {"n": 3}, {"n": 3}),
]


# Strict mode cannot say these; they are sent without it, and work as well.
LOOSE: list[Case] = [
    (f.table, {"counts": {"a": 1}}, {"counts": {"a": 1}}),
    (f.mapping, {"counts": {"a": {"x": 1.0}}}, {"counts": {"a": Point(1.0)}}),
    (f.anything, {"value": [1, {"a": None}]}, {"value": [1, {"a": None}]}),
    (f.untyped, {"value": "a"}, {"value": "a"}),
    (f.two_kinds, {"pair": [1, "a"]}, {"pair": (1, "a")}),
    (f.named_pair, {"pair": [1, "a"]}, {"pair": Pair(1, "a")}),
    (f.open_keywords, {"name": "a", "scores": {"b": 1.5}}, {"name": "a", "scores": {"b": 1.5}}),
]


IMPOSSIBLE: list[tuple[Callable[..., Any], str]] = [
    (f.needs_function, "action"),
    (f.needs_unknown, "value"),
    (f.needs_iterator, "stream"),
]
