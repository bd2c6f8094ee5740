"""Types that people's functions take."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

from pydantic import BaseModel, Field, field_validator


class Colour(enum.Enum):
    """A colour of a line."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    """How loud."""

    LOW = 1
    HIGH = 2


@dataclass
class Point:
    """A point in the plane."""

    x: float
    y: float = 0.0


@dataclass
class Line:
    """A line of points."""

    points: list[Point]
    colour: Colour = Colour.RED
    tags: list[str] = field(default_factory=list)


class Window(TypedDict):
    """Where to look."""

    start: int
    stop: int


class Options(TypedDict, total=False):
    """How to look."""

    depth: int
    label: str


class User(BaseModel):
    """Somebody."""

    name: str = Field(description="The full name.", min_length=1)
    age: int | None = None


class Tree(BaseModel):
    """A tree of names."""

    name: str
    branches: list[Tree] = []


class Odd(BaseModel):
    """A number that is looked up."""

    n: int

    @field_validator("n")
    @classmethod
    def _look_up(cls, value: int) -> int:
        return {1: 1}[value]


class Pair(NamedTuple):
    """A number and a word."""

    left: int
    right: str
