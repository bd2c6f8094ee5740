"""
What must be true after a turn, in the words of this test and of nothing that it tests.

* Every question that reached the service is in the history, once, with how it ended.
* An answer that completed is there to the letter, and no error was raised.
* Of one that broke off there is a beginning, at least what was shown, and one clean error.
* Of a failed one there is no word, and no later request carries it.
* The model sees just that: each question, its answer, and a mark where one was interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fake_service import Recorded
from tests.fake_service.summary import words

from .faults import Effect

MARK = "[The answer was interrupted here.]"
# A turn may take so long beyond what was injected.
PATIENCE = 5.0
# Errors of Python and of libraries have no place in what a user reads.
_UNCLEAN = re.compile(r"Traceback|0x[0-9a-f]{6}|\bErrno\b.*Errno|object at |<class|^\w+Error\(")


@dataclass(frozen=True)
class Said:
    """A question and what is kept of its answer."""

    prompt: str
    text: str
    status: str


@dataclass
class Outcome:
    """
    What a user saw of a turn.

    Attributes:
        error: What was raised; None for nothing.
        one_line: It as the notebook shows it.
        clean: Whether it is one of our errors.
        shown: The words on the screen at the end.
        seconds: How long it took.
    """

    error: str = ""
    one_line: Sequence[str] = ()
    clean: bool = True
    shown: str = ""
    seconds: float = 0.0


@dataclass
class Oracle:
    """
    Knows what was said in a conversation.

    Attributes:
        said: All of it.
        wrong: What was not as it must be: a kind, and what was seen.
        late: How many stopped questions were told of after their cell had ended.
    """

    said: list[Said] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    late: int = 0
    _unasked: str = ""

    def complain(self, kind: str, text: str) -> None:
        """Note what must not be."""
        self.wrong.append((kind, text))

    def take(
        self,
        prompt: str,
        answer: str,
        effect: Effect,
        outcome: Outcome,
        turns: Sequence[Any],
        requests: Sequence[Recorded],
        again: str = "",
    ) -> str:
        """
        Check a turn against all of the above; return how it ended.

        Args:
            prompt: What was asked.
            answer: What the service would say.
            effect: What was done to it.
            outcome: What the user saw.
            turns: The conversation as it stands now.
            requests: What the service got meanwhile.
            again: The question that the same cell asked before; empty for none.
        """
        kept = [Said(turn.prompt, turn.text, turn.status) for turn in turns]
        # An engine without time may tell of a stopped question after the cell has ended.
        late = Said(self._unasked, "", "interrupted")
        told = [one for one in kept if self._unasked and one == late]
        self.late += len(told)
        self.said += told
        standing = [one for one in self.said if one.prompt != again]
        self._check_requests(standing, prompt, requests, effect)
        # Where nothing was answered, an earlier answer stays.
        failed = bool(kept) and kept[-1] == Said(prompt, "", "failed")
        old = [one for one in self.said if one.prompt == again and one.status != "failed"]
        before = list(self.said) if (failed and old) or not _is(kept, prompt) else standing
        if kept[: len(before)] != before:
            self.complain("wrong history", f"{_last(kept)} after {_last(before)}")
        # Who presses the button before anything was sent has asked nothing.
        unasked = effect.stop and not any(request.context for request in requests)
        new = kept[len(before) :]
        if len(new) != 1 and (new or not unasked):
            self.complain("lost turn", f"{prompt!r}: {new}, {outcome.error}")
        self.said, self._unasked = kept, "" if new else prompt
        if len(new) == 1:
            self._check_turn(new[0], prompt, answer, effect, outcome)
        self._check_error(outcome, effect)
        return new[0].status if new else "not asked"

    def _check_turn(
        self, turn: Said, prompt: str, answer: str, effect: Effect, outcome: Outcome
    ) -> None:
        if turn.prompt != prompt:
            self.complain("lost turn", f"{turn.prompt!r} instead of {prompt!r}")
        if turn.status not in effect.ends:
            self.complain("wrong end", f"{turn.status}, {outcome.error}, {turn.text[:80]!r}")
        whole = turn.status == "completed"
        if whole and turn.text != answer:
            self.complain("wrong history", f"{turn.text!r} instead of {answer!r}")
        if not answer.startswith(turn.text):
            self.complain("wrong history", f"{turn.text!r} is no beginning of {answer!r}")
        if turn.status == "failed" and turn.text:
            self.complain("wrong history", f"a failed turn says {turn.text!r}")
        if not turn.text.startswith(outcome.shown.rstrip()):
            self.complain("lost words", f"{outcome.shown!r} was shown, {turn.text!r} is kept")
        good = turn.status in ("completed", "incomplete")
        if good and outcome.error and not effect.stop:
            self.complain("wrong end", f"{turn.status}, and yet {outcome.error}")
        if not good and not outcome.error:
            self.complain("wrong end", f"{turn.status} without an error: {turn}")

    def _check_error(self, outcome: Outcome, effect: Effect) -> None:
        if outcome.seconds > effect.stall + PATIENCE:
            self.complain("hang", f"{outcome.seconds:.1f} s, {effect.stall:.1f} s of it injected")
        if not outcome.error:
            return
        line = "".join(outcome.one_line)
        sound = outcome.clean and len(outcome.one_line) == 1 and "\n" not in line
        # A sentence, and no less: an error's name and a word say nothing of what to do.
        sound = sound and len(line.split()) >= 5 and not _UNCLEAN.search(line)
        if not sound:
            self.complain("unclean error", f"{outcome.error!r} shown as {outcome.one_line}")

    def _check_requests(
        self, before: Iterable[Said], prompt: str, requests: Sequence[Recorded], effect: Effect
    ) -> None:
        expected = [*lines(before), f"u: {prompt}"]
        for request in requests:
            if request.refusal and not _expected(request.refusal, effect):
                self.complain("refused request", f"{request.path}: {request.refusal}")
            if request.path != "/v1/responses" or not request.context:
                continue
            seen = [
                f"{str(item['role'])[0]}: {words(item)}"
                for item in request.context
                if item.get("role") in ("user", "assistant")
            ]
            if seen != expected:
                self.complain("wrong history", f"the model saw {_difference(seen, expected)}")


def lines(said: Iterable[Said]) -> list[str]:
    """Return what a model is to see of what was said."""
    found = []
    for one in said:
        if one.status == "failed":
            continue
        found.append(f"u: {one.prompt}")
        if one.status == "interrupted":
            found.append(f"a: {one.text}\n\n{MARK}" if one.text else f"a: {MARK}")
        elif one.text.strip():
            # The service's own count of words leaves out the blanks around them.
            found.append(f"a: {one.text.strip()}")
    return found


def same(said: Sequence[Said], turns: Iterable[Any]) -> bool:
    """Return whether turns that come from elsewhere are what was said."""
    return list(said) == [Said(turn.prompt, turn.text, turn.status) for turn in turns]


def _expected(refusal: str, effect: Effect) -> bool:
    code = refusal.partition(":")[0]
    # The service notices a moment later that nobody listens to the answer before.
    return code in effect.refusals or code == "conversation_locked"


def _is(kept: Sequence[Said], prompt: str) -> bool:
    return bool(kept) and kept[-1].prompt == prompt


def _last(said: Sequence[Said]) -> str:
    return f"{len(said)} turns, the last {said[-2:]}"


def _difference(seen: Sequence[str], expected: Sequence[str]) -> str:
    for number, (one, other) in enumerate(zip(seen, expected, strict=False)):
        if one != other:
            return f"at {number}: {one!r} instead of {other!r}"
    return f"{len(seen)} lines instead of {len(expected)}: {seen[-1:]}, {expected[-1:]}"
