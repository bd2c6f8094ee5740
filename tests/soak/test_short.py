"""A soak of seconds, and that it can fail: an oracle that finds nothing would be no use."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.counts import count
from tests.fake_service import FakeService, text

from .assistants import Button
from .faults import ANYHOW, FAULTS, WHOLE, Effect, Scene, answer_of
from .held import Held, check_held
from .network import Network
from .oracle import Oracle, Outcome, Said, lines
from .tally import KINDS, Tally

FULL = count(10) == 10
ROOT = Path(__file__).parent.parent.parent
EFFECT = Effect(WHOLE, ())


@dataclass
class Kept:
    """A turn as a conversation has it."""

    prompt: str
    text: str
    status: str = "completed"


@pytest.mark.skipif(sys.platform == "win32", reason="limits and signals of POSIX")
def test_nothing_goes_wrong_for_some_seconds() -> None:
    """
    In processes of their own: assistants and kernels, on one store.

    Every day what was said counts: no history is wrong, and no words are lost. What a busy machine
    can bring about as well (a hang, a thread that ends late) is printed, and counts in full runs.
    """
    command = [sys.executable, "-m", "tests.soak", "--minutes", "0.15", "--seed", "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    print(done.stdout, done.stderr)
    for kind in ("wrong history", "lost words", "wrong end"):
        assert f"| {kind} | 0 |" in done.stdout, done.stderr
    if FULL:
        assert (0, "") == (done.returncode, done.stderr), done.stderr
    for layer in ("network", "service", "stream", "user"):
        assert f"| {layer} |" in done.stdout


def take(
    oracle: Oracle, outcome: Outcome, *turns: Kept, effect: Effect = EFFECT, answer: str = "Yes."
) -> list[str]:
    """Let an oracle look at a turn, and return what it complains about."""
    oracle.take(turns[-1].prompt if turns else "?", answer, effect, outcome, turns, [])
    return [kind for kind, _ in oracle.wrong]


def test_the_oracle_is_content_with_what_is_right() -> None:
    """A whole answer, and a beginning of one with an error that says so."""
    error = "StreamError: The answer broke off: ask again."
    half = Outcome(error, [error], shown="Y")

    assert [] == take(Oracle(), Outcome(shown="Yes."), Kept("q", "Yes."))
    cut = replace(EFFECT, ends=ANYHOW)
    assert [] == take(Oracle(), half, Kept("q", "Ye", "interrupted"), effect=cut)


@pytest.mark.parametrize(
    ("kind", "outcome", "turns"),
    [
        ("lost turn", Outcome(), []),
        ("lost turn", Outcome(), [Kept("q", "Yes."), Kept("q", "Yes.")]),
        ("wrong history", Outcome(), [Kept("q", "Yes")]),
        ("wrong history", Outcome(), [Kept("q", "No.")]),
        ("wrong end", Outcome(), [Kept("q", "", "failed")]),
        ("wrong end", Outcome("A: b.", ["A: b c d e."]), [Kept("q", "Yes.")]),
        ("lost words", Outcome(shown="Yes. More"), [Kept("q", "Yes.")]),
        ("hang", Outcome(seconds=5.1), [Kept("q", "Yes.")]),
        ("unclean error", Outcome("A: b", ["A: b"], False), [Kept("q", "", "failed")]),
        ("unclean error", Outcome("A", ["a b c d e", "f"]), [Kept("q", "", "failed")]),
        ("unclean error", Outcome("A", ["E: at 0x7f00deadbeef of it"]), [Kept("q", "", "failed")]),
    ],
)
def test_the_oracle_sees_what_is_wrong(kind: str, outcome: Outcome, turns: list[Kept]) -> None:
    """Each kind of it."""
    assert kind in KINDS
    assert kind in take(Oracle(), outcome, *turns)


def test_the_oracle_knows_what_was_said_before() -> None:
    """A turn that changes later, or goes, is a wrong history."""
    for changed in ([Kept("a", "Other.")], []):
        oracle = Oracle([Said("a", "One.", "completed")])
        assert "wrong history" in take(oracle, Outcome(), *changed, Kept("q", "Yes."))


def test_a_model_sees_what_the_oracle_expects() -> None:
    """Failed questions are not sent; interrupted ones have a mark."""
    said = [
        Said("a", "One.", "completed"),
        Said("b", "", "failed"),
        Said("c", "Ha", "interrupted"),
        Said("d", "", "incomplete"),
    ]
    mark = "[The answer was interrupted here.]"

    assert ["u: a", "a: One.", "u: c", f"a: Ha\n\n{mark}", "u: d"] == lines(said)


def test_every_fault_can_be_injected() -> None:
    """Each says how a turn may end, and leaves an answer for it."""
    with FakeService() as service, Network(int(service.base_url.split(":")[2][:-3])) as network:
        scene = Scene(random.Random(1), service, network, 7)
        for fault in FAULTS:
            effect = fault.act(scene, answer_of(scene.chance, 3))
            network.heal()
            assert effect.ends <= {"completed", "interrupted", "failed", "incomplete"}
            assert effect.answers


def test_answers_differ() -> None:
    """No answer of a turn can be taken for another's."""
    chance = random.Random(3)
    answers = {str(answer_of(chance, number).output[-1]["text"]) for number in range(50)}

    assert 50 == len(answers)
    assert all(text(answer).output for answer in answers)


def test_a_tally_passes_from_one_process_to_another() -> None:
    """With all that it counted."""
    tally = Tally()
    tally.count("cells", "network", "reset", "completed")
    tally.wrong.append(("leak", "here"))

    again = Tally.of(tally.to_json())

    assert tally == again
    assert "| leak | 1 |" in again.table()
    assert "| network | reset | 1 | completed 1 |" in again.table()


@pytest.mark.skipif(sys.platform == "win32", reason="limits and signals of POSIX")
def test_a_button_interrupts_a_question_and_nothing_after_it() -> None:
    """However often it is pressed, and even while the pressing begins."""
    before = signal.getsignal(signal.SIGINT)
    try:
        for moment in (0.0, 0.0, 0.001):
            button = Button((moment, moment, moment))
            with pytest.raises(KeyboardInterrupt):
                pressed_for_ever(button)
            button.release()
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def pressed_for_ever(button: Button) -> None:
    """Do nothing but hear a button."""
    try:
        button.heard = True
        button.begin()
        while True:
            pass
    finally:
        button.heard = False


def test_the_oracle_takes_a_stopped_question_that_is_told_of_late() -> None:
    """With the next turn, and only as one without an answer."""
    stopped = replace(EFFECT, ends=ANYHOW, stop=(0.0,))
    for words, wrong in (("", False), ("Y", True)):
        oracle = Oracle()
        oracle.take("a", "Yes.", stopped, Outcome("KeyboardInterrupt", ["a b c d e"]), [], [])
        late = [Kept("a", words, "interrupted"), Kept("q", "Yes.")]
        assert wrong == bool(take(oracle, Outcome(), *late))


def test_memory_that_turns_leave_in_use_is_a_leak() -> None:
    """A kilobyte each counts; what the allocator has free in pieces counts where it is much."""
    nothing = Held(("MainThread",), (), 0, 0)
    for used, resident, leaks in ((1 << 20, 20 << 20, 0), (4 << 20, 4 << 20, 1), (0, 70 << 20, 1)):
        tally = Tally()
        tally.turns["cells"] = 2_000
        check_held(nothing, Held(("MainThread",), (), used, resident), tally, 0)
        assert leaks == len(tally.wrong), tally.notes


def test_what_is_let_go_is_not_held() -> None:
    """Megabytes in use are seen, and gone when they are given back."""
    before = Held.now().used
    kept = [bytes(1_000) for _ in range(10_000)]
    during = Held.now().used
    kept.clear()

    assert 8 << 20 < during - before
    assert Held.now().used - before < 1 << 20
