"""Functions as people write them."""

from __future__ import annotations

import datetime as dt
import functools
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypeVar, Union
from uuid import UUID

import typing_extensions
from pydantic import Field

from .tool_types import (
    Colour,
    Level,
    Line,
    Odd,
    Options,
    Pair,
    Point,
    Tree,
    User,
    Window,
)

Number = int | float
Bounded = TypeVar("Bounded", bound=float)
Ids = typing_extensions.TypeAliasType("Ids", list[int])


def nothing() -> None:
    """Do nothing."""


def text(text: str) -> str:
    """Repeat a text."""
    return text


def whole(n: int) -> int:
    return n


def real(x: float) -> float:
    return x


def flag(on: bool) -> bool:
    return on


def two(a: int, b: int) -> int:
    return a + b


def optional_union(n: int | None) -> int | None:
    return n


def old_optional(n: Optional[int] = None) -> int | None:  # noqa: UP045
    return n


def old_union(n: Union[int, str]) -> int | str:  # noqa: UP007
    return n


def defaulted(n: int = 5, name: str = "Ada") -> tuple[int, str]:
    return n, name


def nullable_default(n: int | None = 5) -> int | None:
    return n


def alias(n: Number) -> Number:
    return n


def type_alias(ids: Ids) -> Ids:
    return ids


def literal(mode: Literal["a", "b"]) -> str:
    return mode


def numbers(n: Literal[1, 2, 3] = 1) -> int:
    return n


def mixed_literal(n: Literal["auto", 1, None]) -> Any:
    return n


def colour(colour: Colour) -> Colour:
    return colour


def default_colour(colour: Colour = Colour.BLUE) -> Colour:
    return colour


def level(level: Level) -> Level:
    return level


def described(city: Annotated[str, "The city, in English."]) -> str:
    return city


def documented(city: Annotated[str, typing_extensions.Doc("The city.")]) -> str:
    return city


def fielded(n: Annotated[int, Field(ge=1, le=9, description="From one to nine.")] = 3) -> int:
    return n


def pattern(code: Annotated[str, Field(pattern="^[a-z]{2}$")]) -> str:
    return code


def listed(xs: list[float]) -> list[float]:
    return xs


def nested(rows: list[list[int]]) -> list[list[int]]:
    return rows


def sequence(names: Sequence[str]) -> Sequence[str]:
    return names


def iterable(xs: Iterable[int]) -> int:
    return sum(xs)


def collection(xs: Collection[str]) -> int:
    return len(xs)


def old_list(names: typing.List[str]) -> list[str]:  # noqa: UP006
    return names


def united(names: set[str]) -> set[str]:
    return names


def frozen(names: frozenset[int] = frozenset()) -> frozenset[int]:
    return names


def pair(pair: tuple[int, int]) -> tuple[int, int]:
    return pair


def any_length(values: tuple[float, ...]) -> tuple[float, ...]:
    return values


def maybe_list(names: list[str] | None = None) -> list[str] | None:
    return names


def list_of_maybe(names: list[str | None]) -> list[str | None]:
    return names


def point(point: Point) -> Point:
    return point


def line(line: Line) -> Line:
    return line


def points(points: list[Point]) -> list[Point]:
    return points


def maybe_point(point: Point | None = None) -> Point | None:
    return point


def point_or_name(where: Point | str) -> Point | str:
    return where


def described_point(
    start: Annotated[Point, "Where it begins."], end: Annotated[Point, "Where it ends."]
) -> tuple[Point, Point]:
    return start, end


def window(window: Window) -> Window:
    return window


def options(options: Options) -> Options:
    return options


def user(user: User) -> User:
    return user


def users(users: list[User], reason: str = "") -> list[User]:
    return users


def tree(tree: Tree) -> Tree:
    return tree


def moment(moment: dt.datetime) -> dt.datetime:
    return moment


def days(start: dt.date, end: dt.date | None = None) -> tuple[dt.date, dt.date | None]:
    return start, end


def clock(at: dt.time, lasting: dt.timedelta) -> tuple[dt.time, dt.timedelta]:
    return at, lasting


def path(path: Path) -> Path:
    return path


def price(price: Decimal) -> Decimal:
    return price


def identity(id: UUID) -> UUID:
    return id


def raw(content: bytes) -> bytes:
    return content


def keyword_only(*, name: str, times: int = 1) -> str:
    return name * times


def positional_only(a: int, b: int = 2, /, c: int = 3) -> tuple[int, int, int]:
    return a, b, c


def variadic(first: int, *others: int) -> tuple[int, ...]:
    return (first, *others)


def bare_keywords(name: str, **settings) -> str:  # type: ignore[no-untyped-def]
    return name + str(settings)


def unpacked(name: str, **options: typing.Unpack[Options]) -> tuple[str, Options]:
    return name, options


def untyped_default(n=10, name="x", on=True, share=0.5):  # type: ignore[no-untyped-def]
    return n, name, on, share


def typed_by_docstring(count, name):  # type: ignore[no-untyped-def]
    """
    Repeat.

    Parameters
    ----------
    count : int
        How often.
    name : str, optional
        What.
    """
    return name * count


def odd_names(model_config: str, schema: int, json: bool, self_: int, _hidden: str = "") -> str:
    return model_config + str(schema) + str(json) + str(self_)


def generic(x: Bounded) -> Bounded:
    return x


def with_axes(x: list[float], draw: Callable[[float], float] | None = None) -> int:
    return len(x)


async def waited(n: int) -> int:
    return n


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does what another one does."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Thermometer:
    """Measures in degrees."""

    def __init__(self, offset: float) -> None:
        self.offset = offset

    def read(self, place: str, digits: int = 1) -> tuple[str, float]:
        """Read a temperature."""
        return place, round(20.25 + self.offset, digits)

    @classmethod
    def kind(cls, short: bool) -> str:
        return cls.__name__[:3] if short else cls.__name__

    @staticmethod
    def convert(celsius: float) -> float:
        return celsius * 9 / 5 + 32

    def __call__(self, place: str) -> float:
        """Measure at a place."""
        return len(place) + self.offset


def table(counts: dict[str, int]) -> dict[str, int]:
    return counts


def mapping(counts: Mapping[str, Point]) -> Mapping[str, Point]:
    return counts


def anything(value: Any) -> Any:
    return value


def untyped(value):  # type: ignore[no-untyped-def]
    return value


def two_kinds(pair: tuple[int, str]) -> tuple[int, str]:
    return pair


def named_pair(pair: Pair) -> Pair:
    return pair


def open_keywords(name: str, **scores: float) -> dict[str, Any]:
    return {"name": name, **scores}


def odd(odd: Odd) -> int:
    return odd.n


def needs_function(action: Callable[[int], int]) -> int:
    return action(1)


def needs_unknown(value: Missing) -> int:  # type: ignore[name-defined]  # noqa: F821
    return 1


def needs_iterator(stream: Iterable[memoryview]) -> int:
    return 1
