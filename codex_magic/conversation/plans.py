"""How a request carries what was said before it, and what a service is known to hold of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from ..api.items import Json
from ..records import dataclass

State = Literal["stateless", "previous_response_id", "conversation"]

REASONING = "reasoning"


@dataclass(frozen=True, slots=True)
class Held:
    """
    A turn in a conversation that a service keeps.

    Attributes:
        turn_id: The turn.
        shape: What the service holds of it: a word for each item.
    """

    turn_id: str
    shape: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """
    A conversation that a service keeps, and what it holds.

    Attributes:
        conversation_id: What the service calls it.
        service: The identity of the service.
        held: The turns in it, oldest first.
        doubted: Whether it may hold something else; then it is looked at before it is used.
    """

    conversation_id: str
    service: str
    held: tuple[Held, ...] = ()
    doubted: bool = True

    def kept(self, turn_ids: Sequence[str]) -> tuple[Held, ...]:
        """Return what of it stands for the first of these turns, in their order."""
        kept: list[Held] = []
        for held in self.held:
            if len(kept) < len(turn_ids) and held.turn_id == turn_ids[len(kept)]:
                kept.append(held)
        return tuple(kept)


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How the next request carries the conversation.

    Attributes:
        state: The mode that it really goes in.
        history: Earlier turns that go with it, encoded.
        turns: How many they are.
        previous_response_id: The response that it follows.
        conversation_id: The service's conversation that it joins; empty for one yet to be made.
        lineage: The number of the turns before it.
        instructions: Those of the conversation; empty for the configured ones.
        replaced: The turns in whose place the answer goes: they are not sent.
        held: What the service's conversation is to hold before the history.
        carried: The turns of the history, by their ids, with what each is in the request, where the
            service keeps it in its conversation.
        outdated: Whether the service's conversation has to be brought in line first.
    """

    state: State
    history: tuple[bytes, ...] = ()
    turns: int = 0
    previous_response_id: str | None = None
    conversation_id: str | None = None
    lineage: int = 0
    instructions: str = ""
    replaced: tuple[str, ...] = ()
    held: tuple[Held, ...] = ()
    carried: tuple[tuple[str, bytes], ...] = ()
    outdated: bool = False

    def holding(self, turn_id: str, items: Iterable[Json]) -> tuple[Held, ...]:
        """Return what the service's conversation holds once a turn of these items is in it."""
        carried = (Held(known, shape_of(_decoded(piece))) for known, piece in self.carried)
        return (*self.held, *carried, Held(turn_id, shape_of(items)))


# A question needs the number of every turn before it, the same ones as the question before.
@lru_cache(maxsize=4096)
def next_lineage(number: int, turn_id: str) -> int:
    """Return the number that stands for some turns and one more."""
    # Stable across processes, so that what one kernel wrote down holds in the next.
    digest = hashlib.blake2b(f"{number} {turn_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def shape_of(items: Iterable[Json]) -> tuple[str, ...]:
    """
    Return a word for each item, by which it is known again among those that a service lists.

    >>> shape_of([{"type": "reasoning"}, {"type": "function_call", "call_id": "call_1"}])
    ('reasoning', 'function_call call_1')
    """
    return tuple(_word(item) for item in items)


def _word(item: Json) -> str:
    kind = item.get("type") or "message"
    if kind != "message":
        return f"{kind} {item['call_id']}" if item.get("call_id") else str(kind)
    content = item.get("content") or ""
    parts = [content] if isinstance(content, str) else [_said(part) for part in content]
    digest = hashlib.blake2b("".join(parts).encode("utf-8", "replace"), digest_size=6)
    return f"{item.get('role')} {digest.hexdigest()}"


def _said(part: Json) -> str:
    return str(part.get("text") or part.get("refusal") or "")


def _decoded(piece: bytes) -> list[Json]:
    found: list[Json] = json.loads(b"[" + piece + b"]")
    return found
