"""The rounds of one question: what the model called, what it was told, and what goes out next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, fields, replace
from typing import Any

from ..api.backends import Backend
from ..api.items import Json, Response, Usage
from ..api.replay import replay
from ..records import dataclass
from .answers import BREAK, usable, words_of
from .approvals import CallRecord
from .endings import item_json
from .plans import Plan
from .questions import Question
from .tool_calls import Calls


@dataclass(slots=True)
class Rounds:
    """
    One question, as far as it has come.

    Attributes:
        number: Which round this is, from 1.
        last: Whether the model may call nothing more.
        corrected: Whether an answer that was not valid was asked for again: that happens once.
        response: The last response whose calls were answered.
    """

    number: int = 1
    last: bool = False
    corrected: bool = False
    response: Response | None = None
    _said: list[Json] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _usage: Usage | None = None
    _calls: Calls | None = None
    _fresh: list[Json] = field(default_factory=list)
    _is_held: bool = False

    @property
    def is_held(self) -> bool:
        """Whether the service itself goes on from the round before."""
        return self._is_held

    def begin(self, response: Response, calls: Calls, plan: Plan) -> None:
        """Take a response whose calls are to be answered; it is part of the history from now on."""
        self.response, self._calls = response, calls
        self._said += [item_json(item) for item in response.output]
        self._words.append(words_of(response))
        self._usage = added(self._usage, response.usage)
        chained = plan.state == "previous_response_id" and bool(response.id)
        self._is_held = chained or plan.state == "conversation"

    def answered(self, *, last: bool) -> None:
        """Take the answers; the next round begins."""
        assert self._calls is not None
        self._fresh, self._calls = self._calls.items, None
        self._said += self._fresh
        self.number += 1
        self.last = last

    def correct(self, response: Response, said: Json, plan: Plan) -> None:
        """Take an answer that is not valid, and what the model is told of it."""
        self.begin(response, Calls(()), plan)
        # It stays in the history; what the user asked for comes in its place.
        self._words.clear()
        self._fresh, self._calls = [said], None
        self._said.append(said)
        self.number += 1
        self.corrected = True

    def unanswered(self) -> list[CallRecord]:
        """Return the calls that were not answered before the question ended."""
        records = self._calls.records if self._calls is not None else []
        return [record for record in records if record.status == "interrupted"]

    def start_over(self) -> None:
        """Send everything again: the service no longer goes on from the round before."""
        self._is_held = False

    def plan(self, plan: Plan) -> Plan:
        """Return how this round carries what was said."""
        if not self._is_held:
            return plan
        carried = replace(plan, history=())
        if plan.state == "previous_response_id":
            assert self.response is not None
            return replace(carried, previous_response_id=self.response.id)
        return carried

    def question(self, question: Question, backend: Backend, *, sealed: bool) -> Question:
        """
        Return what this round asks.

        Args:
            question: The question.
            backend: What the service accepts.
            sealed: Whether the service reads the sealed reasoning of the rounds before.
        """
        if self.number == 1:
            return question
        if self._is_held:
            items = replay_answers(self._fresh, backend)
        else:
            said = replay(usable(self._said, cut=False), backend, same_model=sealed)
            items = [*question.input, *said]
        return replace(question, input=tuple(items), params=self._params(question.params))

    def items(self, response: Response | None) -> tuple[Json, ...]:
        """Return all that came of the question, with what arrived of a last response."""
        open_calls = self._calls.items if self._calls is not None else []
        arrived = [item_json(item) for item in response.output] if response else []
        return (*self._said, *open_calls, *arrived)

    def words(self, response: Response | None) -> str:
        """Return the words of all rounds."""
        return BREAK.join(filter(None, [*self._words, words_of(response) if response else ""]))

    def usage(self, response: Response | None) -> Usage | None:
        """Return the tokens of all rounds."""
        return added(self._usage, response.usage if response else None)

    def _params(self, params: Json) -> Json:
        if self.last:
            return {**params, "tool_choice": "none"}
        # A call that is demanded again and again would never end.
        choice = params.get("tool_choice")
        return {**params, "tool_choice": "auto"} if choice not in (None, "none") else params


def replay_answers(items: Sequence[Json], backend: Backend) -> list[Json]:
    """Return answers alone, to a service that holds the calls."""
    calls: list[Json] = [
        {"type": "function_call", "call_id": item["call_id"], "name": "", "arguments": ""}
        for item in items
        if item["type"] == "function_call_output"
    ]
    sent = replay([*calls, *items], backend)
    return [item for item in sent if item["type"] != "function_call"]


def added(one: Usage | None, other: Usage | None) -> Usage | None:
    """
    Return the tokens of two responses together.

    >>> added(Usage(1, 2, 3), Usage(1, 1, 2))
    Usage(input_tokens=2, output_tokens=3, total_tokens=5)
    """
    if one is None or other is None:
        return one or other
    names = [each.name for each in fields(Usage) if each.name != "raw"]
    counts: dict[str, Any] = {name: getattr(one, name) + getattr(other, name) for name in names}
    return Usage(**counts)
