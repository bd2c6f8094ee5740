"""What is going on while the model is silent, and what an answer took once it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cost import dollars
from ..patterns import late

if TYPE_CHECKING:
    from .reply import Reply

DOT = " · "
# What a terminal would obey instead of showing.
_CONTROL = late(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def status_line(reply: Reply, silence: float) -> str:
    """Return one line of plain text: model, stage, and the seconds of silence."""
    words = [reply.model, reply.stage]
    if silence >= 1:
        words.append(f"{silence:.0f} s")
    return DOT.join(words)


def footer(reply: Reply) -> str:
    """Return one line of plain text: the model, tokens, seconds, and what was sent."""
    words = [reply.model, *_tokens(reply), dollars(reply.cost)]
    if reply.status in ("incomplete", "interrupted"):
        words.insert(1, reply.status)
    if reply.seconds:
        words.append(f"{reply.seconds:.1f} s")
    if reply.sent:
        words.append(f"sent: {reply.sent}")
    return DOT.join(filter(None, words))


def printable(text: str) -> str:
    r"""
    Return text that a terminal only shows: no escape sequences, and nothing that is no UTF-8.

    >>> printable("a\x1b[2Jb"), printable("\ud83d")
    ('a[2Jb', '?')
    """
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode()


def short(count: int) -> str:
    """
    Return a number of tokens as people read it.

    >>> short(987), short(2140), short(1_250_000)
    ('987', '2.1k', '1.2M')
    """
    if count < 1000:
        return str(count)
    if count < 1_000_000:
        return f"{count / 1000:.1f}k"
    return f"{count / 1_000_000:.1f}M"


def plural(count: int, noun: str) -> str:
    """
    Return a count with its noun.

    >>> plural(1, "turn"), plural(3, "turn")
    ('1 turn', '3 turns')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _tokens(reply: Reply) -> list[str]:
    usage = reply.usage
    if usage is None:
        return []
    read = f"{short(usage.input_tokens)} in"
    if usage.cached_tokens:
        read += f" ({short(usage.cached_tokens)} cached)"
    written = f"{short(usage.output_tokens)} out"
    if usage.reasoning_tokens:
        written += f" ({short(usage.reasoning_tokens)} reasoning)"
    return [read, written]
