"""Turns and conversations: items in, the next request's input out, in three state modes."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import field, replace
from typing import Any, Literal

from ..api.backends import Backend
from ..api.items import Json, Usage
from ..api.replay import replay
from ..api.requests import encode
from ..records import dataclass
from .answers import BREAK, CALLS, INTERRUPTED_MARK, OUTPUTS, marked, spoken, usable, words_of
from .carrying import Carrying
from .plans import Link, Plan, State, next_lineage

__all__ = [
    "BREAK",
    "INTERRUPTED_MARK",
    "Change",
    "Conversation",
    "Edited",
    "Kind",
    "Link",
    "Plan",
    "Recorded",
    "Removed",
    "Reordered",
    "State",
    "Status",
    "Turn",
    "lineage",
    "new_id",
    "words_of",
]

# "running" keeps the place of an answer that the service makes in the background.
Status = Literal["completed", "incomplete", "interrupted", "failed", "running"]
_EMPTY = ("failed", "running")
Kind = Literal["turn", "summary"]


def new_id() -> str:
    """Return an id that nothing else has."""
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True, slots=True)
class Turn:
    """
    One question and what came of it.

    Attributes:
        prompt: The question, as the user wrote it.
        input: The items that the question became.
        output: Every item since, as it came.
        status: How it ended.
        text: The answer's Markdown.
        model: The model that was asked.
        service: The identity of the service; sealed reasoning is bound to it and the model.
        response_id: The last response, for services that keep them.
        stored: Whether the service was told to keep it.
        lineage: What the service had before it and with it, as one number; see ``lineage()``.
        usage: Tokens, where the service counts them.
        seconds: From the request to the end.
        started: Seconds since 1970.
        error: Why it failed or broke off, in one line.
        id: What it is called by.
        key: Which cell asked it, and which question of the cell's run it was; empty for none.
        hidden: Whether it is shown, and not sent.
        pinned: Whether it stays when the conversation is compacted.
        sent: What went along with the question, in words.
        digest: A hash of what was asked; empty where the answer cannot be used again.
        kind: "summary" for what a compaction made of earlier turns.
        form: What its text is to be, by name, where that is JSON; empty for Markdown.
    """

    prompt: str
    input: tuple[Json, ...]
    output: tuple[Json, ...] = ()
    status: Status = "completed"
    text: str = ""
    model: str = ""
    service: str = ""
    response_id: str | None = None
    stored: bool = False
    lineage: int = 0
    usage: Usage | None = None
    seconds: float = 0.0
    started: float = field(default_factory=time.time)
    error: str | None = None
    id: str = field(default_factory=new_id)
    key: str = ""
    hidden: bool = False
    pinned: bool = False
    sent: str = ""
    digest: str = ""
    kind: Kind = "turn"
    form: str = ""
    _encoded: dict[tuple[str, bool], bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def counts(self) -> bool:
        """Whether later requests carry it: nothing without an answer, and nothing that is hidden."""
        return self.status not in _EMPTY and not self.hidden

    @property
    def pending(self) -> bool:
        """Whether the model waits for the output of a call: nothing can follow it before that."""
        answered = {item.get("call_id") for item in self.output if item.get("type") in OUTPUTS}
        calls = [item for item in self.output if item.get("type") in CALLS]
        return any(call.get("call_id") not in answered for call in calls)

    @property
    def sealed(self) -> bool:
        """Whether it is what a service made of earlier turns, which no other can read."""
        return self.kind == "summary" and any(i.get("type") == "compaction" for i in self.input)

    def encoded(self, backend: Backend, model: str, service: str, *, sealed: bool = True) -> bytes:
        """
        Return its items as a request to ``backend`` carries them, as JSON joined by commas.

        They are encoded once for each kind of service, however often they are sent.

        Args:
            backend: What the service accepts.
            model: The model that is asked.
            service: The service's identity.
            sealed: Whether the service reads the sealed reasoning that it made.
        """
        same = sealed and self.service == service and self.model == model
        key = (backend.name, same)
        known = self._encoded.get(key)
        if known is None:
            items = self._sent(backend, same=same)
            known = self._encoded[key] = b",".join(encode(item) for item in items)
        return known

    def _sent(self, backend: Backend, *, same: bool) -> Iterable[Json]:
        if not self.sealed:
            return replay(self._items(), backend, same_model=same)
        # What a service compacted goes back to it as it came; another one gets the words.
        return self.input if same else replay(spoken(self.text), backend, same_model=False)

    def _items(self) -> Iterable[Json]:
        kept = usable(self.output, cut=self.status != "completed")
        if self.status != "interrupted":
            return (*self.input, *kept)
        # What was cut off has no seal and no end: its words are kept, its reasoning is not.
        kept = [item for item in kept if item.get("type") != "reasoning"]
        return (*self.input, *kept[:-1], *marked(kept[-1:]))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A turn was added, in the place of others that asked the same."""

    turn: Turn
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Removed:
    """Turns were taken away."""

    turn_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """A turn was changed; it keeps its id and its place."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Reordered:
    """The turns stand in this order now."""

    turn_ids: tuple[str, ...]


Change = Recorded | Removed | Edited | Reordered


def lineage(turns: Iterable[Turn]) -> int:
    """Return a number that stands for these turns in this order."""
    number = 0
    for turn in turns:
        number = next_lineage(number, turn.id)
    return number


class Conversation:
    """
    What was said under one name.

    The local transcript is always whole, whatever the service keeps. It changes by the methods
    below alone; they may be called on any thread.

    Args:
        name: What the user calls it.
        id: What it is called by for ever.
        instructions: Asked with in the place of the configured ones; empty for these.
        notebook: Where it was begun.
        turns: What was said before.
    """

    def __init__(
        self,
        name: str,
        *,
        id: str = "",
        instructions: str = "",
        notebook: str = "",
        turns: Iterable[Turn] = (),
    ) -> None:
        self.name = name
        self.id = id or new_id()
        self.instructions = instructions
        self.notebook = notebook
        # The mode that it was taken over in; None for the configured one.
        self.state: State | None = None
        # Told of every change after it has been made; the store listens.
        self.on_change: Callable[[Change], None] | None = None
        self.link: Link | None = None
        # Held while a question is on its way: two askers take turns.
        self.turn = asyncio.Lock()
        self._turns: tuple[Turn, ...] = tuple(turns)
        self._carrying = Carrying()
        self._lock = threading.Lock()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns, oldest first."""
        return self._turns

    def plan(
        self,
        state: State,
        backend: Backend,
        model: str,
        service: str,
        *,
        sealed: bool = True,
        key: str = "",
        replaces: Collection[str] = (),
    ) -> Plan:
        """
        Return how the next request carries what was said.

        Args:
            state: The mode that is asked for; a service without it gets the history instead.
            backend: What the service can do.
            model: The model that is asked.
            service: The service's identity.
            sealed: Whether the service reads the sealed reasoning that it made.
            key: Which cell asks: what it asked before is not sent.
            replaces: Further turns that are not sent, as the answer goes in their place.
        """
        standing = self._turns
        replaced = tuple(t.id for t in _asked_again(standing, key, replaces))
        turns, number = self._carrying.counted(standing, replaced)
        plan = Plan(
            "stateless",
            lineage=number,
            instructions=self.instructions,
            replaced=replaced,
        )
        if state == "conversation" and backend.conversations != "no":
            plan = _joining(replace(plan, state=state), self.link, turns, service)
            turns = turns[len(plan.held) :]
        elif state == "previous_response_id" and backend.chains != "no":
            position, response_id = _anchor(turns, service)
            plan = replace(plan, state=state, previous_response_id=response_id)
            turns = turns[position:]
        pieces = self._carrying.encoded(turns, backend, model, service, sealed=sealed)
        history = tuple(filter(None, pieces))
        if plan.state == "conversation":
            carried = tuple(zip([turn.id for turn in turns], pieces, strict=True))
            plan = replace(plan, carried=carried)
        return replace(plan, history=history, turns=len(turns))

    def record(self, turn: Turn, plan: Plan, *, refused: bool = False) -> Turn:
        """
        Add a turn in the place of those that asked the same; return it as it was kept.

        Where nothing at all was answered, an earlier answer stays.

        Args:
            turn: What was asked, and what came of it.
            plan: How it was asked.
            refused: Whether the service took nothing of it.
        """
        with self._lock:
            gone = _asked_again(self._turns, turn.key, plan.replaced)
            if turn.status in _EMPTY:
                gone = [earlier for earlier in gone if earlier.status in _EMPTY]
            replaced = tuple(earlier.id for earlier in gone)
            pinned = turn.pinned or any(earlier.pinned for earlier in gone)
            kept = replace(turn, lineage=next_lineage(plan.lineage, turn.id), pinned=pinned)
            self._turns = (*(t for t in self._turns if t.id not in replaced), kept)
            if plan.state == "conversation" and not refused:
                self.link = self._linked(kept, plan)
        self._tell(Recorded(kept, replaced))
        return kept

    def settle(self, turn: Turn, replaced: Collection[str] = ()) -> Turn | None:
        """
        Put what came of a question where its place was kept; return it as it was kept.

        Args:
            turn: What came of it.
            replaced: Further turns in whose place it comes.

        Returns:
            None where the question was taken back meanwhile.
        """
        with self._lock:
            place = next((kept for kept in self._turns if kept.id == turn.id), None)
            if place is None:
                return None
            gone = _asked_again(self._turns, turn.key, replaced)
            gone = [t for t in gone if t.id != turn.id and turn.status not in _EMPTY]
            pinned = place.pinned or any(earlier.pinned for earlier in gone)
            kept = replace(turn, lineage=place.lineage, hidden=place.hidden, pinned=pinned)
            ids = {earlier.id for earlier in gone}
            self._turns = tuple(kept if t is place else t for t in self._turns if t.id not in ids)
        self._removed(gone)
        self._tell(Edited(kept))
        return kept

    @staticmethod
    def _linked(turn: Turn, plan: Plan) -> Link | None:
        # A turn that did not end may or may not be in the service's conversation, and a call
        # without an output blocks it: begin anew.
        if turn.status != "completed" or turn.pending or not plan.conversation_id:
            return None
        held = plan.holding(turn.id, (*turn.input, *turn.output))
        return Link(plan.conversation_id, turn.service, held, doubted=False)

    def undo(self, count: int = 1) -> tuple[Turn, ...]:
        """Take back the last ``count`` turns and return them; the next question will not know them."""
        with self._lock:
            keep = max(len(self._turns) - max(count, 0), 0)
            taken, self._turns = self._turns[keep:], self._turns[:keep]
        self._removed(taken)
        return taken

    def drop(self, turn_ids: Collection[str]) -> tuple[Turn, ...]:
        """Take these turns away and return them; ids that are not there are passed over."""
        with self._lock:
            taken = tuple(turn for turn in self._turns if turn.id in turn_ids)
            self._turns = tuple(turn for turn in self._turns if turn.id not in turn_ids)
        self._removed(taken)
        return taken

    def amend(self, turn_id: str, **changes: Any) -> Turn:
        """
        Change a turn (``hidden``, ``pinned``, ``sent``) and return it; it keeps its place.

        Raises:
            KeyError: There is no turn of that id.
        """
        with self._lock:
            changed = {t.id: replace(t, **changes) for t in self._turns if t.id == turn_id}
            amended = changed[turn_id]
            self._turns = tuple(changed.get(turn.id, turn) for turn in self._turns)
        self._tell(Edited(amended))
        return amended

    def sum_up(self, summary: Turn, turn_ids: Collection[str]) -> None:
        """Put a summary first, and take away the turns that it stands for."""
        with self._lock:
            gone = tuple(turn.id for turn in self._turns if turn.id in turn_ids)
            rest = (turn for turn in self._turns if turn.id not in gone)
            self._turns = (summary, *rest)
            order = tuple(turn.id for turn in self._turns)
        self._tell(Recorded(summary, gone))
        self._tell(Reordered(order))

    def _removed(self, taken: Sequence[Turn]) -> None:
        if taken:
            self._tell(Removed(tuple(turn.id for turn in taken)))

    def _tell(self, change: Change) -> None:
        if self.on_change is not None:
            self.on_change(change)

    def __repr__(self) -> str:
        return f"Conversation({self.name!r}, {len(self._turns)} turns)"


def _asked_again(turns: Sequence[Turn], key: str, turn_ids: Collection[str]) -> list[Turn]:
    """Return the turns of these ids, and those that the cell of this key asked."""
    if not (key or turn_ids):
        return []
    return [turn for turn in turns if turn.id in turn_ids or (key and turn.key == key)]


def _joining(plan: Plan, link: Link | None, turns: Sequence[Turn], service: str) -> Plan:
    """Return a plan that goes on in the service's conversation, as far as it holds these turns."""
    if link is None or link.service != service:
        return replace(plan, conversation_id="")
    kept = link.kept([turn.id for turn in turns])
    outdated = link.doubted or len(kept) != len(link.held)
    return replace(plan, conversation_id=link.conversation_id, held=kept, outdated=outdated)


def _anchor(turns: Iterable[Turn], service: str) -> tuple[int, str | None]:
    """Return the last response that stands for just the turns up to it, and how many these are."""
    position, response_id, running = 0, None, 0
    for index, turn in enumerate(turns, start=1):
        running = next_lineage(running, turn.id)
        if _can_follow(turn, service) and turn.lineage == running:
            position, response_id = index, turn.response_id
    return position, response_id


def _can_follow(turn: Turn, service: str) -> bool:
    ended = turn.status == "completed" and not turn.pending
    return bool(ended and turn.response_id and turn.stored and turn.service == service)
