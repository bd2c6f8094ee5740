"""Questions of cells in real kernels, two at once on one store; some are killed in mid-answer."""

from __future__ import annotations

import os
import random
import re
import signal
import threading
import time
from ast import literal_eval
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import codex_magic.errors
from codex_magic.conversation.saved import load
from codex_magic.errors import CodexError
from tests.asking import STATES
from tests.fake_service import FakeService, Recorded
from tests.kernels import MODEL, Executed, Message, running_kernel

from .faults import FAULTS, RETRIES, Effect, Fault, Scene, answer_of
from .network import Network
from .oracle import PATIENCE, Oracle, Outcome, Said
from .panels import Panel
from .pulse import Pulse
from .tally import Tally

PLACE, IN_PANEL = "cells of real kernels", "panels of real kernels"
TURNS = 60
_OURS = {
    name
    for name, found in vars(codex_magic.errors).items()
    if isinstance(found, type) and issubclass(found, CodexError)
} | {"AnswerInterrupted"}
_PACKAGE = f"{Path(codex_magic.__file__).parent}{os.sep}"
_ROOT = str(Path(__file__).parent.parent.parent)
_LEAPS = "import time; leap_real = time.time; time.time = lambda: leap_real() + {}"
_LANDS = "time.time = leap_real"
# Where it is, it tells when it is asked, whatever it does.
_TELLS = "import faulthandler, signal; faulthandler.register(signal.SIGUSR1, all_threads=True)"
_GARBLED = "what it sends is garbled"
# What is loaded once, whenever it is needed first; and IPython's coloured tracebacks keep the syntax
# trees of all files that they show, which are megabytes.
_WARM = """
%xmode Plain
from codex_magic.conversation.turns import Turn
from codex_magic.cost import price
from codex_magic.display.page import reply_html
from codex_magic.display.reply import Reply

price("gpt-5.4-mini", "openai", read=1)
len(reply_html(Reply.of_turn(Turn("?", (), text="**a** `b` $c$\\n\\n```python\\n1\\n```"))))
"""
# Seconds.
_ENDS = 14.0
_HOLDS = """
import gc, os, psutil, sys, threading
gc.collect()
sys.path.append(ROOT) if ROOT not in sys.path else None
from tests.soak.held import used
held = psutil.Process()
files = [os.readlink(f) for n in os.listdir("/proc/self/fd") if os.path.lexists(f := f"/proc/self/fd/{n}")]
# IPython writes the history of each cell, this one's, too, while it runs.
files = [name for name in files if "profile_default" not in name]
calls = [c for c in held.net_connections() if c.raddr and c.raddr.port == PORT]
print(threading.active_count(), len(files) - len(calls), used(held.memory_info().rss), len(calls), sep=chr(10))
print(sorted(t.name for t in threading.enumerate()))
print(sorted(files))
"""


class Lost(Exception):
    """
    The kernel runs no cell any more.

    An interrupt that hits ipykernel itself, between the end of a cell and the next one, can leave
    it so: it aborts every cell after one that failed, or says of none that it has ended. A bare
    ipykernel without this package does the same. None of our code is at work then.
    """


class Cells:
    """
    One kernel after the other, in one notebook.

    Args:
        seed: Decides everything but time.
        folder: An empty folder.
        data: Where the kernels keep what is said; others do so, too.
        tally: Takes what happens.
        pulse: Measures how long things take.
    """

    def __init__(self, seed: str, folder: Path, data: Path, tally: Tally, pulse: Pulse) -> None:
        self.pulse = pulse
        self.seed, self.folder, self.data, self.tally = seed, folder, data, tally
        self.chance = random.Random(seed)
        self.number = self.chance.randrange(10_000)
        self.oracle = Oracle()
        self.chat = ""
        self.retries = RETRIES
        # The last question of a kernel that was killed, its answer, and whether it must be kept.
        self.half: tuple[str, str, bool] | None = None
        # By cell, the question that it asked last.
        self.cells: dict[str, str] = {}

    def run(self, seconds: float) -> None:
        """Let kernels live until the time is over."""
        end, life = time.monotonic() + seconds, 0
        with ExitStack() as stack:
            self.service = stack.enter_context(FakeService())
            self.network = stack.enter_context(
                Network(int(self.service.base_url.split(":")[2][:-3]))
            )
            while time.monotonic() < end:
                life += 1
                self._live(self.folder / str(life), end)

    def _live(self, folder: Path, end: float) -> None:
        environ = {
            "CODEX_MAGIC_DATA_DIR": str(self.data),
            "OPENAI_API_KEY": str(self.service.api_key),
            "OPENAI_BASE_URL": self.network.base_url,
        }
        with running_kernel(folder, environ) as kernel:
            self.kernel, self.pressed = kernel, False
            try:
                self._use(end)
            except ValueError:
                # An interrupt that hits ipykernel while it sends may let two threads send at once.
                if not self.pressed:
                    raise
                self.tally.event("process", f"a kernel that ipykernel lost to a button: {_GARBLED}")
                self.oracle = Oracle()
            except Lost as lost:
                self.tally.event("process", f"a kernel that ipykernel lost to a button: {lost}")
                self.oracle = Oracle()
            if "Traceback" in kernel.log:
                self._wrong("unclean error", f"the kernel's log: {kernel.log[-600:]}")

    def _use(self, end: float) -> None:
        self._do(_TELLS)
        self._do(_WARM)
        self._begin()
        held: list[str] = []
        for number in range(TURNS):
            if time.monotonic() > end:
                break
            self._turn(self._choice())
            # Not before everything has been used: what comes late, and once, is no leak.
            if number == 10 and end - time.monotonic() > 3 * _ENDS:
                held = self._held(lambda held: False)
                self.panel.leak()
        self._check_held(held)
        self._end(self.chance.choice((signal.SIGKILL, signal.SIGTERM, None)))

    def _begin(self) -> None:
        """Load the extension; go on with what the kernel before it has said."""
        settings = f"backend=openai base_url={self.network.base_url} model={MODEL}"
        self._do("%load_ext codex_magic")
        self._do(f"%codex config {settings} state={self.chance.choice(STATES)}")
        self.retries = RETRIES
        self.panel = Panel(self.kernel, self._do, self.pulse)
        self.tally.event("process", "one of two kernels at once, on one store")
        if self.chat and self.oracle.said:
            self._do(f"%codex resume {self.chat}")
            kept = [Said(turn.prompt, turn.text, turn.status) for turn in self._turns()]
            self._expect_half(kept)
            if kept != self.oracle.said:
                self._wrong("lost turn", f"after a restart: {kept[-2:]}, {self.oracle.said[-2:]}")
            self.tally.event("process", "a kernel that goes on with what another one said")
        else:
            self._talk_of_something_else()

    def _talk_of_something_else(self) -> None:
        self.chat, self.oracle, self.cells = f"chat-{self.seed}-{self.number}", Oracle(), {}
        self.half = None
        self._do(f"%codex new {self.chat}")

    def _do(self, code: str) -> Executed:
        """Run a cell that has to work; an interrupt that came late may hit it."""
        for _ in range(5):
            done = self._ran(code)
            if done.status == "ok":
                break
        else:
            if done.status == "aborted" and self.pressed:
                raise Lost("it aborts every cell")
            self._wrong("unclean error", f"{code}: {done.status} {done.traceback}")
        return done

    def _ran(self, code: str, **how: Any) -> Executed:
        """Run a cell; one that never ends is no fault of ours where none of our code runs."""
        try:
            return self.kernel.run(code, **how)
        except AssertionError as error:
            self.kernel.signal(signal.SIGUSR1)
            time.sleep(1)
            _, _, stack = self.kernel.log.rpartition("Current thread")
            if not self.pressed or _PACKAGE in stack:
                self._wrong("hang", f"{error} {self.kernel.log[-6_000:]}")
            raise Lost("no cell ends") from None

    def _turns(self) -> tuple[Any, ...]:
        self._do("%codex save turns.json --force")
        return load(self.kernel.folder / "work" / "turns.json").turns

    def _choice(self) -> Fault:
        known = [one for one in FAULTS if one.anywhere]
        return self.chance.choices(known, [one.weight for one in known])[0]

    def _turn(self, fault: Fault) -> None:
        self.number += 1
        if len(self.oracle.said) > 25:
            self._talk_of_something_else()
        prompt, answer = f"Question {self.number}?", answer_of(self.chance, self.number)
        effect = fault.act(Scene(self.chance, self.service, self.network, self.number), answer)
        in_panel = self.chance.random() < 0.35
        cell = "" if in_panel else self._cell(effect)
        again = self.cells.get(cell, "")
        before = len(self.service.requests)
        self.service.enqueue(*effect.answers, to=prompt)
        self._set_up(effect)
        outcome = self._ask_panel(prompt, effect) if in_panel else self._ask(prompt, cell, effect)
        if effect.clock:
            self._do(_LANDS)
        self.network.heal()
        self.service.forget_queue()
        requests = [one for one in self.service.requests[before:] if prompt.encode() in one.raw]
        self.service.wait_until(
            lambda: all(one.status or one.disconnected for one in requests), 12 * PATIENCE
        )
        told = answer.output[-1]["text"]
        # A repair in another kernel of this service may find its ids gone, too.
        lost = replace(effect, refusals=("previous_response_not_found", "None"))
        turns = self._turns()
        end = self.oracle.take(prompt, told, lost, outcome, turns, requests, again)
        if cell and self.oracle.said and self.oracle.said[-1].prompt == prompt:
            self.cells[cell] = prompt if end != "failed" or not again else again
        self.tally.count(IN_PANEL if in_panel else PLACE, fault.layer, fault.name, end)
        for line in self.panel.differences(self.oracle.said):
            self._wrong("wrong history", f"{fault.name}; {prompt}: in the panel, {line}")
        self.tally.take(
            self.oracle, lambda text: f"[{self.seed}, cells] {fault.name}; {prompt}: {text}"
        )

    def _cell(self, effect: Effect) -> str:
        """Return a new cell, or one that is run again."""
        # A failed re-run leaves two turns of one cell: the next run takes both away.
        if self.cells and self.chance.random() < 0.25 and effect.ends == {"completed"}:
            return self.chance.choice(list(self.cells))
        return f"cell-{self.number}"

    def _set_up(self, effect: Effect) -> None:
        """Do what a fault wants to be done in the kernel."""
        if effect.retries != self.retries:
            self._do(f"%codex config max_retries={effect.retries}")
            self.retries = effect.retries
        if effect.clock:
            self._do(_LEAPS.format(effect.clock))

    def _ask_panel(self, prompt: str, effect: Effect) -> Outcome:
        guard = threading.Timer(effect.stall + PATIENCE + 1, self.service.release, [9])
        guard.start()
        outcome, odd = self.panel.ask(prompt, effect)
        guard.cancel()
        for line in odd:
            self._wrong("wrong end", f"{prompt} in the panel: {line}")
        return outcome

    def _ask(self, prompt: str, cell: str, effect: Effect) -> Outcome:
        options = f" --timeout {effect.timeout}" if effect.timeout else ""
        timers = [threading.Timer(moment, self.kernel.interrupt) for moment in effect.stop]

        def press(message: Message) -> None:
            # Not before: an idle kernel hears no button.
            if message.type == "execute_input":
                for timer in timers:
                    timer.start()

        patience = effect.stall + 12 * PATIENCE
        guard = threading.Timer(effect.stall + PATIENCE + 1, self.service.release, [9])
        look = threading.Timer(effect.stall + PATIENCE - 0.5, self.kernel.signal, [signal.SIGUSR1])
        began = self.pulse.now()
        guard.start()
        look.start()
        code = f"%%codex{options}\n{prompt}"
        done = self._ran(code, on_message=press, cell_id=cell, patience=patience)
        seconds = self.pulse.since(began)
        guard.cancel()
        look.cancel()
        for timer in timers:
            timer.join()
        if timers:
            self.pressed = True
            if done.status == "lost":
                self.tally.event("process", "a cell whose end ipykernel did not tell: the button")
            self._do("pass")
        if timers and _is_swallowed(done):
            self.tally.event("process", "a button that IPython took for a callback's error")
            seconds = 0.0
        if seconds > effect.stall + PATIENCE and done.status != "lost":
            kinds = [(message.type, round(message.seconds, 2)) for message in done.messages]
            _, _, stack = self.kernel.log.rpartition("Current thread")
            self._wrong(
                "hang", f"{done.stdout} {done.stderr} {done.status} {kinds} {stack[:2_000]}"
            )
        return self._outcome(done, effect, 0.0 if done.status == "lost" else seconds)

    def _outcome(self, done: Executed, effect: Effect, seconds: float) -> Outcome:
        """Return what a user saw of a cell; what the notebook holds is one clean output."""
        if len(done.displays) > 1:
            self._wrong("wrong end", f"{len(done.displays)} outputs of a cell")
        if done.stderr and not effect.stop:
            self._wrong("unclean error", f"on stderr: {done.stderr}")
        shown = ""
        if done.displays and done.status == "ok":
            shown = str(done.displays[-1]["data"]["text/plain"])
        if done.status == "ok":
            return Outcome(shown=shown, seconds=seconds)
        name = str(done.error.get("ename", done.status))
        if effect.stop and name in ("KeyboardInterrupt", "lost", "aborted"):
            return Outcome(name, ["The button was pressed before or after it."], seconds=seconds)
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in done.traceback]
        return Outcome(f"{name}: {done.error.get('evalue')}", lines, name in _OURS, shown, seconds)

    def _end(self, how: signal.Signals | None) -> None:
        """End the kernel in the middle of an answer, or not."""
        if how is None:
            self.tally.event("process", "an orderly end")
            return
        self.number += 1
        prompt, answer = f"Question {self.number}?", answer_of(self.chance, self.number)
        self.service.enqueue(answer.hold(self.chance.randint(-1, 30)), to=prompt)
        self.kernel.send(f"%%codex\n{prompt}", f"cell-{self.number}")
        self.service.wait_until(lambda: self._asked(prompt) is not None, timeout=12 * PATIENCE)
        moment = self.chance.choice((0.0, 0.1, 0.7, 1.5))
        time.sleep(moment)
        self.kernel.signal(how)
        last = self._asked(prompt)
        assert last is not None
        self.service.wait_until(lambda: last.disconnected or last.finished, timeout=12 * PATIENCE)
        self.service.forget_queue()
        self.tally.event("process", f"{how.name} in the middle of an answer")
        # Nothing waits for the disk before an answer has come: half a second may be lost.
        self.half = (prompt, answer.output[-1]["text"], moment > 1)

    def _asked(self, prompt: str) -> Recorded | None:
        """Return the last request that asks this; others, as for a conversation, carry none."""
        found = [one for one in list(self.service.requests) if one.path == "/v1/responses"]
        return next((one for one in reversed(found) if prompt.encode() in one.raw), None)

    def _expect_half(self, kept: list[Said]) -> None:
        """See that a kernel finds the question that one was killed in, and a beginning."""
        if self.half is None:
            return
        (prompt, told, surely), self.half = self.half, None
        last = kept[-1] if kept else None
        if last is None or last.prompt != prompt:
            if surely:
                self._wrong("lost turn", f"{prompt} when the kernel was killed: {last}")
            return
        if last.status not in ("interrupted", "completed"):
            self._wrong("lost turn", f"{prompt} when the kernel was killed: {last}")
        if not told.startswith(last.text):
            self._wrong("wrong history", f"{last.text!r} is no beginning of {told!r}")
        self.oracle.said.append(last)

    def _held(self, enough: Callable[[list[str]], bool]) -> list[str]:
        """
        Return the least of what the kernel holds, within the time that ends take.

        A journal's thread ends some seconds after its last line. The socket with which a thread
        tells what it shows is closed by ipykernel, which looks every ten seconds which have ended.
        """
        code = _HOLDS.replace("PORT", str(self.network.port)).replace("ROOT", repr(_ROOT))
        end, least = time.monotonic() + _ENDS, self._do(code).stdout.splitlines()
        while time.monotonic() < end and not enough(least):
            time.sleep(0.5)
            held = self._do(code).stdout.splitlines()
            # Each for itself: at no moment has all ended that does.
            counts = [
                str(min(int(one), int(other)))
                for one, other in zip(least[:4], held[:4], strict=True)
            ]
            least = [*counts, *held[4:]]
        return least

    def _check_held(self, first: list[str]) -> None:
        if not first:
            return
        last = self._held(lambda held: all(int(held[n]) <= int(first[n]) for n in (0, 1)))
        # The first of many buttons leaves a bare ipykernel with one more eventfd, too.
        kinds = (("threads", 0), ("files", int(self.pressed)), ("bytes", 8 << 20))
        for (name, play), one, other in zip(kinds, first, last, strict=False):
            if int(other) > int(one) + play:
                more = [
                    Counter(literal_eval(last[n])) - Counter(literal_eval(first[n])) for n in (4, 5)
                ]
                self._wrong("leak", f"{name} of a kernel: {one}, then {other}; {more}")
        # One that waits for the next question, and one of a retry or of the panel.
        if int(last[3]) > 2:
            self._wrong("leak", f"{last[3]} connections of a kernel to the service")
        if said := self.panel.leak():
            self._wrong("leak", said)

    def _wrong(self, kind: str, text: str) -> None:
        self.tally.wrong.append((kind, f"[{self.seed}, cells] {text}"))


def _is_swallowed(done: Executed) -> bool:
    """Whether an interrupt hit what IPython or ipykernel calls before a cell, and went no further."""
    said = [message.text for message in done.published("stream")]
    return any("Error in callback" in one and "codex_magic" not in one for one in said)


def work(seed: str, seconds: float, folder: Path, shared: Path) -> Tally:
    """Let two kernels at once ask, on one store."""
    tallies, pulse = [Tally(), Tally()], Pulse()
    askers = [
        Cells(f"{seed}.{name}", folder / name, shared, tally, pulse)
        for name, tally in zip("AB", tallies, strict=True)
    ]
    threads = [threading.Thread(target=asker.run, args=[seconds]) for asker in askers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tallies[0].add(tallies[1])
    return tallies[0]
