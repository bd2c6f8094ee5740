"""All shapes of types that an answer may have, each with a value."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NotRequired,
    Optional,
    TypedDict,
    TypeVar,
    Union,
)

import pydantic
import typing_extensions
from pydantic import BaseModel, ConfigDict, Field, RootModel

T = TypeVar("T")


class Color(enum.Enum):
    """A color."""

    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    """A size."""

    SMALL = 1
    LARGE = 2


class Mixed(enum.Enum):
    """Values of two types."""

    ONE = 1
    TWO = "two"


class Address(BaseModel):
    """Where somebody lives."""

    city: str
    country: str = Field(description="As two letters.", min_length=2, max_length=2)


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


class Employee(Person):
    """A model with all kinds of fields."""

    address: Address = Field(description="Of the office.")
    home: Address | None = Field(default=None, description="Of the flat.")
    color: Color = Field(default=Color.RED, description="On the badge.")
    tags: list[str] = []
    level: int = 5
    manager: Employee | None = None


class Cat(BaseModel):
    """A cat."""

    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    """A dog."""

    kind: Literal["dog"] = "dog"
    name: str | None = None


class Owner(BaseModel):
    """Somebody with a pet that its kind tells apart."""

    pet: Cat | Dog = Field(discriminator="kind")
    others: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = []


class Node(BaseModel):
    """A list whose links are described, which official transformers cannot end."""

    value: int
    next: Node | None = Field(default=None, description="The one after it.")


class Described(BaseModel):
    """A bare described reference to itself, below a list."""

    parts: list[Annotated[Described, Field(description="A part.")]] = []


class Page(BaseModel, Generic[T]):
    """A generic model."""

    items: list[T]
    total: int = 0


class Left(BaseModel):
    """One of two that refer to each other."""

    right: Right | None


class Right(BaseModel):
    """The other."""

    left: Left | None


class Aliased(BaseModel):
    """The wire's names are not Python's."""

    model_config = ConfigDict(populate_by_name=True)

    first_name: str = Field(alias="firstName")
    kind: str = Field(default="x", alias="$kind")


class Bounds(BaseModel):
    """Numbers and texts with bounds."""

    share: float = Field(ge=0, le=1)
    count: int = Field(gt=0, multiple_of=2)
    code: str = Field(pattern="^[A-Z]{3}$")
    tags: list[str] = Field(min_length=1, max_length=3)


class Empty(BaseModel):
    """Nothing."""


class Strict(BaseModel):
    """A model that takes no text for a number, but what JSON has no other form for."""

    model_config = ConfigDict(strict=True)

    day: datetime.date
    pair: tuple[int, int]


class Numbers(RootModel[list[int]]):
    """A model that is a list."""


class Open(BaseModel):
    """A model that takes any key."""

    model_config = ConfigDict(extra="allow")

    name: str


class Loose(BaseModel):
    """A model of which two fields cannot be strict."""

    scores: dict[str, int]
    pair: tuple[int, str]
    note: Any = None


@dataclass
class Point:
    """A standard dataclass."""

    x: float
    y: float = 0.0
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """A frozen one that holds others."""

    start: Point
    end: Point | None = None


@pydantic.dataclasses.dataclass
class Measured:
    """A dataclass of Pydantic's."""

    value: float = Field(ge=0)
    unit: Literal["m", "s"] = "m"


class Movie(TypedDict):
    """A standard TypedDict, which Pydantic takes only from Python 3.12 on."""

    title: str
    year: NotRequired[int]


class Shelf(TypedDict, total=False):
    """One that holds others, and of which all may be left out."""

    movies: list[Movie]
    best: Movie | None
    rating: Annotated[int, Field(ge=1)]


class Song(typing_extensions.TypedDict):
    """A TypedDict that Pydantic takes everywhere."""

    title: typing_extensions.Required[str]
    length: typing_extensions.NotRequired[int]


class Pair(NamedTuple):
    """A named tuple of one type."""

    x: int
    y: int


ADA: Any = Person(name="Ada", age=36)
PARIS = Address(city="Paris", country="FR")
POSITIVE = Annotated[int, Field(gt=0)]

STRICT: list[tuple[Any, Any]] = [
    (str, "Hello"),
    (int, 3),
    (float, 2.5),
    (bool, True),
    (type(None), None),
    (bytes, b"x"),
    (Decimal, Decimal("1.50")),
    (datetime.date, datetime.date(2026, 11, 22)),
    (datetime.datetime, datetime.datetime(2026, 11, 22, 15, 0, tzinfo=datetime.UTC)),
    (datetime.time, datetime.time(15, 0)),
    (datetime.timedelta, datetime.timedelta(hours=1)),
    (uuid.UUID, uuid.UUID(int=7)),
    (IPv4Address, IPv4Address("127.0.0.1")),
    (IPv6Address, IPv6Address("::1")),
    (Path, Path("a/b")),
    (pydantic.HttpUrl, pydantic.HttpUrl("https://example.org/")),
    (complex, 1 + 2j),
    (Color, Color.BLUE),
    (Size, Size.LARGE),
    (Mixed, Mixed.TWO),
    (Literal["a"], "a"),
    (Literal["a", "b"], "b"),
    (Literal["a", 1, None], 1),
    (Literal[True], True),
    (int | str, "x"),
    (int | None, None),
    (Optional[Person], ADA),  # noqa: UP045 - the older spelling is one of the shapes.
    (Union[Person, Address], PARIS),  # noqa: UP007 - the older spelling is one of the shapes.
    (POSITIVE, 3),
    (Annotated[str, Field(description="A name.", max_length=9)], "Ada"),
    (Annotated[Cat | Dog, Field(discriminator="kind")], Cat(kind="cat", lives=3)),
    (list[int], [1, 2]),
    (list[str], []),
    (list[list[float]], [[1.0], []]),
    (list[Person], [ADA]),
    (list[Person | Address], [ADA, PARIS]),
    (list[Cat | Dog], [Dog(name="Rex"), Cat(kind="cat")]),
    (list[Optional[int]], [1, None]),  # noqa: UP045 - the older spelling is one of the shapes.
    (list[Literal["a", "b"]], ["a"]),
    (list[Color], [Color.RED]),
    (list[Point], [Point(1, 2)]),
    (list[Movie], [{"title": "M", "year": 1931}, {"title": "M"}]),
    (Sequence[int], [1, 2]),
    (set[int], {1, 2}),
    (frozenset[str], frozenset({"a"})),
    (tuple[int, ...], (1, 2, 3)),
    (tuple[float, float], (1.0, 2.0)),
    (tuple[Person, Person], (ADA, ADA)),
    (Pair, Pair(1, 2)),
    (Person, ADA),
    (Address, PARIS),
    (
        Employee,
        Employee(
            name="Ada",
            age=36,
            address=PARIS,
            home=PARIS,
            color=Color.BLUE,
            tags=["a"],
            manager=Employee(name="Bob", age=50, address=PARIS),
        ),
    ),
    (Owner, Owner(pet=Cat(kind="cat"), others=[Dog(), Dog(name="Rex"), Cat(kind="cat")])),
    (Node, Node(value=1, next=Node(value=2))),
    (list[Node], [Node(value=1), Node(value=2, next=Node(value=3))]),
    (Described, Described(parts=[Described(), Described(parts=[Described()])])),
    (Page[int], Page[int](items=[1], total=1)),
    (Page[Page[Person]], Page[Page[Person]](items=[Page[Person](items=[ADA])])),
    (Left, Left(right=Right(left=None))),
    (Aliased, Aliased.model_validate({"firstName": "Ada", "$kind": "y"})),
    (Bounds, Bounds(share=0.5, count=4, code="ABC", tags=["a"])),
    (Empty, Empty()),
    (Strict, Strict(day=datetime.date(2026, 1, 2), pair=(1, 2))),
    (Numbers, Numbers([1, 2])),
    (Point, Point(1, 2, ["a"])),
    (Line, Line(Point(0, 0), Point(1, 1))),
    (Measured, Measured(2.0, "s")),
    (Movie, {"title": "M", "year": 1931}),
    (Movie, {"title": "M"}),
    (Movie | Person, {"title": "M"}),
    (Shelf, {"movies": [{"title": "M"}], "rating": 3, "best": {"title": "B"}}),
    (Shelf, {"best": None}),
    (Annotated[Movie, Field(description="A film.")], {"title": "M"}),
    (Song, {"title": "S"}),
]
LOOSE: list[tuple[Any, Any, str]] = [
    (Any, {"a": 1}, "#: it allows any value"),
    (object, [1], "#: it allows any value"),
    (list, [1, "a"], "#/items: it allows any value"),
    (list[Any], [1, "a"], "#/items: it allows any value"),
    (dict, {"a": 1}, "#: it allows keys that it does not name (additionalProperties)"),
    (dict[str, int], {"a": 1}, "#: it allows keys that it does not name (additionalProperties)"),
    (
        dict[str, Person],
        {"a": ADA},
        "#: it allows keys that it does not name (additionalProperties)",
    ),
    (
        tuple[int, str],
        (1, "a"),
        "#: strict mode does not know 'prefixItems' (a tuple of several types)",
    ),
    (
        Open,
        Open.model_validate({"name": "Ada", "more": 1}),
        "#: it allows keys that it does not name (additionalProperties)",
    ),
    (
        Loose,
        Loose(scores={"a": 1}, pair=(1, "b"), note=[1]),
        "#/properties/scores: it allows keys that it does not name (additionalProperties)",
    ),
    (
        list[Loose],
        [Loose(scores={}, pair=(1, "b"))],
        "#/$defs/Loose/properties/scores: it allows keys that it does not name (additionalProperties)",
    ),
]
