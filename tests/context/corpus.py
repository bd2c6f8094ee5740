"""The corpora of fake secrets and look-alikes; tokens are drawn when a test runs, none is stored."""

from __future__ import annotations

import random
import re
import string
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parents[1] / "fixtures" / "secrets"
_DRAWN = re.compile(r"\{([a-z0-9]+):([0-9]+)\}")
_ALPHABETS = {
    "an": string.ascii_letters + string.digits,
    "url": string.ascii_letters + string.digits + "-_",
    "b64": string.ascii_letters + string.digits + "+/",
    "hex": "0123456789abcdef",
    "up": string.ascii_uppercase + "234567",
    "low": string.ascii_lowercase + string.digits,
    "x": "x",
    "bigx": "X",
    "dig": "123456789",
}


class Case(NamedTuple):
    """
    A line of a corpus.

    Attributes:
        text: What is redacted.
        secret: What must not be left of it; empty for a look-alike.
        line: The line as it is written.
    """

    text: str
    secret: str
    line: str


def cases(name: str, seed: int = 0) -> list[Case]:
    """Read ``secrets`` or ``look_alikes``, with what is random drawn from ``seed``."""
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    chance = random.Random(seed)
    return [_case(line, chance) for line in lines if line and not line.startswith("#")]


def _case(line: str, chance: random.Random) -> Case:
    drawn = _DRAWN.sub(lambda match: _draw(match, chance), line).replace("⏎", "\n")
    before, _, rest = drawn.partition("⟦")
    secret, _, after = rest.partition("⟧")
    return Case(before + secret + after, secret, line)


def _draw(match: re.Match[str], chance: random.Random) -> str:
    alphabet = _ALPHABETS[match[1]]
    middle = "".join(chance.choices(alphabet, k=int(match[2])))
    # Tokens neither begin nor end with a separator, here.
    plain = "1" if alphabet[0] in "01" else "a"
    return re.sub(r"\A[-_+/]|[-_+/]\Z", plain, middle)
