"""Turns and conversations: items in, the next request's input out, in three state modes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..api.backends import Backend
from ..api.items import (
    Json,
    OutputRefusal,
    OutputText,
    Response,
    ResponseOutputMessage,
    Usage,
)
from ..api.replay import replay
from ..api.requests import encode

State = Literal["stateless", "previous_response_id", "conversation"]
Status = Literal["completed", "incomplete", "interrupted", "failed"]

# Stands between the messages of one answer.
BREAK = "\n\n"
# What the model reads in place of the rest of an answer that was cut off.
INTERRUPTED_MARK = "[The answer was interrupted here.]"


def words_of(response: Response) -> str:
    """Return the words of all messages, a blank line between them; a refusal is words, too."""
    messages = [item for item in response.output if isinstance(item, ResponseOutputMessage)]
    return BREAK.join(words for message in messages if (words := _words(message)))


def _words(message: ResponseOutputMessage) -> str:
    words = []
    for part in message.content:
        if isinstance(part, OutputText):
            words.append(part.text)
        elif isinstance(part, OutputRefusal):
            words.append(part.refusal)
    return "".join(words)


def new_id() -> str:
    """Return an id that no other turn has."""
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
    _encoded: dict[tuple[str, bool], bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def counts(self) -> bool:
        """Whether later requests carry it: a question that got no answer at all does not."""
        return self.status != "failed"

    @property
    def pending(self) -> bool:
        """Whether the model waits for the output of a call: nothing can follow it before that."""
        answered = {item.get("call_id") for item in self.output if item.get("type") in _OUTPUTS}
        calls = [item for item in self.output if item.get("type") in _CALLS]
        return any(call.get("call_id") not in answered for call in calls)

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
        if key not in self._encoded:
            items = replay(self._items(), backend, same_model=same)
            self._encoded[key] = b",".join(encode(item) for item in items)
        return self._encoded[key]

    def _items(self) -> Iterable[Json]:
        usable = _usable(self.output, cut=self.status != "completed")
        if self.status != "interrupted":
            return (*self.input, *usable)
        # What was cut off has no seal and no end: its words are kept, its reasoning is not.
        kept = [item for item in usable if item.get("type") != "reasoning"]
        return (*self.input, *kept[:-1], *_marked(kept[-1:]))


_CALLS = frozenset({"function_call", "custom_tool_call"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})


def _usable(output: Iterable[Json], *, cut: bool) -> list[Json]:
    """
    Return the items of an answer that can be sent again: services leave things out.

    Args:
        output: The items, as they came.
        cut: Whether the answer ended before its end; half a message is of use, half a call is not.
    """
    kept = [item for item in output if _is_sound(item) and not (cut and _is_half(item))]
    return [
        {**item, "role": item.get("role") or "assistant"} if item["type"] == "message" else item
        for item in kept
    ]


def _is_sound(item: Json) -> bool:
    kind = item.get("type")
    if kind == "message":
        return bool(item.get("content"))
    if kind not in _CALLS:
        return bool(kind)
    said = item.get("arguments", item.get("input"))
    return bool(item.get("call_id") and item.get("name") and isinstance(said, str))


def _is_half(item: Json) -> bool:
    if item["type"] == "message":
        return False
    if item.get("status") not in (None, "completed"):
        return True
    return item["type"] == "function_call" and not _is_json(item["arguments"])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _marked(last: Sequence[Json]) -> list[Json]:
    """Return an interrupted turn's last item, ended so that a model can read it."""
    mark: Json = {"type": "output_text", "text": INTERRUPTED_MARK, "annotations": []}
    if last and last[0].get("type") == "message":
        parts = last[0].get("content") or ()
        said = "".join(part.get("text") or part.get("refusal") or "" for part in parts)
        mark["text"] = f"{said}\n\n{INTERRUPTED_MARK}" if said else INTERRUPTED_MARK
        return [{"type": "message", "role": "assistant", "content": [mark]}]
    return [*last, {"type": "message", "role": "assistant", "content": [mark]}]


@dataclass(frozen=True, slots=True)
class Link:
    """A conversation that a service keeps, and what it holds."""

    conversation_id: str
    service: str
    lineage: int


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
    """

    state: State
    history: tuple[bytes, ...] = ()
    turns: int = 0
    previous_response_id: str | None = None
    conversation_id: str | None = None
    lineage: int = 0


def lineage(turns: Iterable[Turn]) -> int:
    """Return a number that stands for these turns in this order."""
    number = 0
    for turn in turns:
        number = _next(number, turn.id)
    return number


def _next(number: int, turn_id: str) -> int:
    # Stable across processes, so that what one kernel wrote down holds in the next.
    digest = hashlib.blake2b(f"{number} {turn_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


class Conversation:
    """
    What was said under one name.

    The local transcript is always whole, whatever the service keeps. ``record`` and ``undo`` are
    the only ways to change it; both may be called on any thread.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.link: Link | None = None
        # Held while a question is on its way: two askers take turns.
        self.turn = asyncio.Lock()
        self._turns: tuple[Turn, ...] = ()
        self._lock = threading.Lock()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns, oldest first."""
        return self._turns

    def plan(
        self, state: State, backend: Backend, model: str, service: str, *, sealed: bool = True
    ) -> Plan:
        """
        Return how the next request carries what was said.

        Args:
            state: The mode that is asked for; a service without it gets the history instead.
            backend: What the service can do.
            model: The model that is asked.
            service: The service's identity.
            sealed: Whether the service reads the sealed reasoning that it made.
        """
        turns = [turn for turn in self._turns if turn.counts]
        plan = Plan("stateless", lineage=lineage(turns))
        if state == "conversation" and backend.conversations != "no":
            link = self.link
            if link and link.service == service and link.lineage == plan.lineage:
                return replace(plan, state=state, conversation_id=link.conversation_id)
            plan = replace(plan, state=state, conversation_id="")
        elif state == "previous_response_id" and backend.chains != "no":
            position, response_id = _anchor(turns, service)
            plan = replace(plan, state=state, previous_response_id=response_id)
            turns = turns[position:]
        pieces = (turn.encoded(backend, model, service, sealed=sealed) for turn in turns)
        return replace(plan, history=tuple(filter(None, pieces)), turns=len(turns))

    def record(self, turn: Turn, plan: Plan, *, refused: bool = False) -> Turn:
        """
        Add a turn, and remember what the service now holds; return it as it was kept.

        Args:
            turn: What was asked, and what came of it.
            plan: How it was asked.
            refused: Whether the service took nothing of it.
        """
        with self._lock:
            kept = replace(turn, lineage=_next(plan.lineage, turn.id))
            self._turns = (*self._turns, kept)
            if plan.state == "conversation" and not refused:
                self.link = self._linked(kept, plan)
        return kept

    @staticmethod
    def _linked(turn: Turn, plan: Plan) -> Link | None:
        # A turn that did not end may or may not be in the service's conversation, and a call
        # without an output blocks it: begin anew.
        if turn.status != "completed" or turn.pending or not plan.conversation_id:
            return None
        return Link(plan.conversation_id, turn.service, turn.lineage)

    def undo(self, count: int = 1) -> tuple[Turn, ...]:
        """Take back the last ``count`` turns and return them; the next question will not know them."""
        with self._lock:
            keep = max(len(self._turns) - count, 0)
            taken, self._turns = self._turns[keep:], self._turns[:keep]
        return taken

    def __repr__(self) -> str:
        return f"Conversation({self.name!r}, {len(self._turns)} turns)"


def _anchor(turns: Iterable[Turn], service: str) -> tuple[int, str | None]:
    """Return the last response that stands for just the turns up to it, and how many these are."""
    position, response_id, running = 0, None, 0
    for index, turn in enumerate(turns, start=1):
        running = _next(running, turn.id)
        if _can_follow(turn, service) and turn.lineage == running:
            position, response_id = index, turn.response_id
    return position, response_id


def _can_follow(turn: Turn, service: str) -> bool:
    ended = turn.status == "completed" and not turn.pending
    return bool(ended and turn.response_id and turn.stored and turn.service == service)
