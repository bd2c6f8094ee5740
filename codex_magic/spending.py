"""What was spent, in tokens and in dollars by estimate, and the caps that hold it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from .api.items import Usage
from .cost import available, cost_of, dollars
from .errors import ConfigError
from .records import dataclass

if TYPE_CHECKING:
    from .config import Codex
    from .conversation.store_reading import Spent
    from .conversation.turns import Turn

# The embedded model costs nothing and asks nobody.
_FREE = "local"


@dataclass(frozen=True, slots=True)
class Cap:
    """
    How much may be spent in a calendar month.

    Attributes:
        dollars: By estimate; 0 for no limit.
        tokens: Read and written together; 0 for no limit.
        remedy: What raises it, in words.
    """

    dollars: float = 0.0
    tokens: int = 0
    remedy: str = ""


@dataclass(slots=True)
class Sum:
    """
    What one model, or all of them, took.

    Attributes:
        turns: How many questions.
        read: Input tokens, the cached ones among them.
        cached: Input tokens that the service had read before.
        written: Output tokens.
        money: About how many dollars, as far as that is known; None where nothing is.
        unpriced: How many questions have no price.
    """

    turns: int = 0
    read: int = 0
    cached: int = 0
    written: int = 0
    money: Decimal | None = None
    unpriced: int = 0

    def add(self, spent: Spent) -> None:
        """Take what a turn took."""
        self.turns += 1
        self.read += spent.input_tokens
        self.cached += spent.cached_tokens
        self.written += spent.output_tokens
        money = _price(spent)
        if money is None:
            self.unpriced += 1
        else:
            self.money = money + (self.money or 0)

    @property
    def words(self) -> str:
        """The money in words: an estimate, and what it leaves out; empty where nothing is known."""
        if self.money is None:
            return ""
        left_out = f", without {self.unpriced} of unknown price" if self.unpriced else ""
        return f"{dollars(self.money)}{left_out}"


def month_of(moment: datetime) -> float:
    """Return when the calendar month of a moment began, in seconds since 1970."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.timestamp()


def sums(spent: Iterable[Spent]) -> dict[str, Sum]:
    """Return what each model took, by its name."""
    found: dict[str, Sum] = {}
    for one in spent:
        found.setdefault(one.model, Sum()).add(one)
    return found


def total(spent: Iterable[Spent]) -> Sum:
    """Return what all turns took together."""
    found = Sum()
    for one in spent:
        found.add(one)
    return found


def spent_by(turns: Iterable[Turn | None]) -> list[Spent]:
    """Return what turns took; those whose service does not count are left out."""
    from .conversation.store_reading import Spent  # SQLite's side: not while loading.

    return [
        Spent(
            *(turn.model, turn.service, 1),
            *(turn.usage.input_tokens, turn.usage.output_tokens, turn.usage.total_tokens),
            *(turn.usage.cached_tokens, turn.usage.reasoning_tokens),
            turn.usage.cache_write_tokens,
        )
        for turn in turns
        if turn is not None and turn.usage is not None
    ]


def cap_of(config: Codex) -> Cap:
    """Return the cap that the user's own settings put."""
    return Cap(
        config.budget, config.budget_tokens, "%codex config budget=DOLLARS or budget_tokens=N"
    )


def check(caps: Iterable[Cap], spent: Sequence[Spent]) -> None:
    """
    See to it that there is something left of each cap: called before anything is sent.

    Args:
        caps: The user's, and whoever else's.
        spent: What the turns of this month took.

    Raises:
        ConfigError: One is used up; the line says what raises it.
    """
    counted = [one for one in spent if one.service.partition(" ")[0] != _FREE]
    for cap in caps:
        if cap.dollars and not available():
            raise ConfigError(
                "A budget in dollars needs the price list: "
                '%pip install "codex-magic[cost]", or set budget_tokens instead.'
            )
        money = total(counted).money or Decimal(0)
        tokens = sum(one.total_tokens for one in counted)
        if cap.dollars and money >= Decimal(str(cap.dollars)):
            _refuse(f"{dollars(money)} of ${cap.dollars:.2f}", cap)
        if cap.tokens and tokens >= cap.tokens:
            _refuse(f"{tokens:,} of {cap.tokens:,} tokens", cap)


def _refuse(used: str, cap: Cap) -> None:
    raise ConfigError(
        f"This month's budget is used up: {used}. Nothing was sent. To raise it: {cap.remedy}."
    )


def _price(spent: Spent) -> Decimal | None:
    usage = Usage(
        spent.input_tokens,
        spent.output_tokens,
        spent.total_tokens,
        cached_tokens=spent.cached_tokens,
    )
    return cost_of(usage, spent.model, spent.service)
