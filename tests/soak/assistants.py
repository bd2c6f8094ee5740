"""Questions of assistants in this process: many of them, whatever happens around each."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Conversation
from codex_magic.display.screen import QuietScreen
from codex_magic.errors import AnswerInterrupted, CodexError, ConfigError
from tests.asking import MODEL, STATES
from tests.fake_service import FakeService

from . import disk
from .faults import FAULTS, Effect, Fault, Scene, answer_of
from .held import Held, check_held
from .network import Network
from .oracle import PATIENCE, Oracle, Outcome, same
from .pulse import Pulse
from .tally import Tally

PLACE = "assistants of a process"
TURNS = 60
_EPOCHS = ("shared", "shared", "shared", "full", "quota", "locked", "gone", "read-only", "spoiled")
_NAMES = {
    "full": "no room on the disk",
    "quota": "a quota on the size of files",
    "locked": "the store locked by another program",
    "gone": "the store deleted while it is open",
    "read-only": "a home that cannot be written",
    "spoiled": "a store that is spoiled, cut, foreign or gone at the start",
}


class Noise:
    """What Python says of errors that nobody took."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        sys.unraisablehook = lambda found: self._hear(found.exc_value, found.object)
        threading.excepthook = lambda found: self._hear(found.exc_value, found.thread)

    def handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what an event loop tells."""
        self._hear(context.get("exception"), context.get("message"))

    def _hear(self, error: object, where: object) -> None:
        self.heard.append(f"{error!r} in {where!r}")


@dataclass
class Talk:
    """A conversation, and what the test knows of it."""

    conversation: Conversation
    oracle: Oracle


class Epoch:
    """
    The life of a kernel: an assistant, a service, a network and a disk.

    Args:
        seed: Decides everything but time.
        kind: What is done to the disk.
        folder: An empty folder.
        shared: The folder of a store that others use, too.
        tally: Takes what happens.
        pulse: Measures how long things take.
    """

    def __init__(
        self, seed: str, kind: str, folder: Path, shared: Path, tally: Tally, pulse: Pulse
    ) -> None:
        self.seed, self.kind, self.tally, self.pulse = seed, kind, tally, pulse
        self.chance = random.Random(seed)
        self.folder, self.shared = folder, shared
        self.number = self.chance.randrange(10_000)
        self.talks: dict[str, Talk] = {}
        self._lost_ids = False

    def run(self, turns: int) -> None:
        """Ask so many questions, and start the kernel anew in the end."""
        with ExitStack() as stack:
            service = stack.enter_context(FakeService())
            network = stack.enter_context(Network(int(service.base_url.split(":")[2][:-3])))
            self.scene = Scene(self.chance, service, network)
            data = stack.enter_context(self._data())
            if data is None:
                return
            self.data = data
            self.config = Codex(
                model=MODEL,
                backend="openai",
                base_url=network.base_url,
                data_dir=str(data),
                state=self.chance.choice(STATES),
            )
            os.environ["OPENAI_API_KEY"] = str(service.api_key)
            os.environ["OPENAI_BASE_URL"] = network.base_url
            self.assistant = self._started()
            for _ in range(turns):
                self._use_the_memory()
                self._turn(self._choice())
            self._check_connections()
            self._start_again()
            self.assistant.close()

    @contextmanager
    def _data(self) -> Iterator[Path | None]:
        match self.kind:
            case "shared":
                yield self.shared
            case "full":
                with disk.small_disk(self.folder / "disk") as found:
                    yield found
            case "read-only":
                with disk.small_disk(self.folder / "disk", writable=False) as found:
                    yield found / "data" if found else None
            case _:
                yield self.folder / "data"

    @property
    def _store(self) -> Path:
        return Path(self.config.data_dir) / "conversations.sqlite"

    def _started(self) -> Assistant:
        self.talks = {}
        return Assistant(self.config)

    def _talk(self) -> Talk:
        current = self.assistant.conversation
        if current.id not in self.talks:
            self.talks[current.id] = Talk(current, Oracle())
        return self.talks[current.id]

    def _choice(self) -> Fault:
        return self.chance.choices(FAULTS, [one.weight for one in FAULTS])[0]

    def _use_the_memory(self) -> None:
        """Now and then, take something back, or talk of something else."""
        memory, dice = self.assistant.memory, self.chance.random()
        if dice < 0.04:
            talk, count = self._talk(), self.chance.randint(1, 2)
            talk.conversation.undo(count)
            talk.oracle.said = talk.oracle.said[: max(len(talk.oracle.said) - count, 0)]
        elif dice < 0.07:
            memory.new()
        elif dice < 0.12:
            memory.switch(self.chance.choice(list(memory.conversations)))

    def _turn(self, fault: Fault) -> None:
        self.number += 1
        talk, service, network = self._talk(), self.scene.service, self.scene.network
        prompt, answer = f"Question {self.number}?", answer_of(self.chance, self.number)
        scene = Scene(self.chance, service, network, self.number)
        effect = fault.act(scene, answer)
        self.config.max_retries = effect.retries
        before = len(service.requests)
        service.enqueue(*effect.answers, to=prompt)
        stall, undo = self._hurt_the_disk()
        outcome = self._ask(prompt, effect)
        network.heal()
        service.forget_queue()
        undo()
        requests = [one for one in service.requests[before:] if prompt.encode() in one.raw]
        service.wait_until(
            lambda: all(one.status or one.disconnected for one in requests), 12 * PATIENCE
        )
        told = answer.output[-1]["text"]
        self._lost_ids |= bool(effect.refusals)
        # The next kernel does not know yet that the service has lost what it kept.
        lost = ("previous_response_not_found", "None") if self._lost_ids else ()
        longer = replace(effect, stall=effect.stall + stall, refusals=lost)
        turns = talk.conversation.turns
        end = talk.oracle.take(prompt, told, longer, outcome, turns, requests)
        self.tally.count(PLACE, fault.layer, fault.name, end)
        if self.kind in _NAMES and (stall or self.kind == "read-only"):
            self.tally.event("disk", _NAMES[self.kind])
        self._check_disk(talk, whole=self.kind not in ("read-only", "gone", "spoiled"))
        self._tell(talk.oracle, f"{fault.name}; {prompt}")

    def _hurt_the_disk(self) -> tuple[float, Callable[[], object]]:
        """Do to the disk what this epoch is about; return the seconds that it may cost."""
        path = self._store
        if not path.exists() or self.chance.random() > 0.3:
            return 0.0, lambda: None
        match self.kind:
            case "full":
                return 2.0, disk.fill(path.parent)
            case "quota":
                wal = Path(f"{path}-wal")
                size = wal.stat().st_size if wal.exists() else 0
                return 2.0, disk.limit_files(size + self.chance.choice((0, 100, 5_000)))
            case "locked":
                return 3.0, disk.lock(path, self.chance.choice((0.05, 0.5, 2.5)))
            case "gone":
                for side in ("", "-wal", "-shm"):
                    Path(f"{path}{side}").unlink(missing_ok=True)
                return 0.1, lambda: None
        return 0.0, lambda: None

    def _ask(self, prompt: str, effect: Effect) -> Outcome:
        """Ask as a cell would, or as ``aask`` does."""
        options = Options(timeout=effect.timeout)
        apart = not effect.stop and self.chance.random() < 0.1
        assistant = self.assistant
        last = next(reversed(assistant.replies), None)
        began, outcome = self.pulse.now(), Outcome()
        # Whatever hangs is let go a little later than is allowed.
        guard = threading.Timer(effect.stall + PATIENCE + 1, self.scene.service.release, [9])
        guard.start()
        faulthandler.dump_traceback_later(120, exit=True)
        button = Button(effect.stop)
        try:
            try:
                button.heard = True
                button.begin()
                with jumping(effect.clock), names(effect.names):
                    if apart:
                        asyncio.run(assistant.aask(prompt, options))
                    else:
                        assistant.ask(prompt, options, QuietScreen())
            finally:
                button.heard = False
        except BaseException as error:
            outcome = outcome_of(error)
        finally:
            button.release()
            guard.cancel()
            faulthandler.cancel_dump_traceback_later()
        outcome.seconds = self.pulse.since(began)
        latest = next(reversed(assistant.replies), None)
        outcome.shown = latest.text if latest is not None and latest is not last else ""
        return outcome

    def _check_disk(self, talk: Talk, *, whole: bool) -> None:
        """See that what was said is on the disk; it may come a moment after a fault has gone."""
        if self.number % 5 and self.kind == "shared":
            return
        memory = self.assistant.memory
        trouble = memory.settle()
        if not whole:
            return
        began = self.pulse.now()
        while not self._is_kept(talk):
            trouble = memory.settle()
            if self.pulse.since(began) > PATIENCE + 3:
                talk.oracle.complain("lost turn", f"not on the disk; trouble: {trouble!r}")
                return

    def _is_kept(self, talk: Talk) -> bool:
        store = Store(self._store)
        try:
            found = store.load(talk.conversation.id)
            return same(talk.oracle.said, found.turns if found else ())
        finally:
            store.close()

    def _start_again(self) -> None:
        """End this kernel and let another one go on with what is on the disk."""
        if self.kind == "read-only":
            self.config.data_dir = str(self.folder / "elsewhere")
            self._turn(FAULTS[0])
        talk = self._talk()
        self._check_disk(talk, whole=True)
        self.assistant.close()
        if self.kind == "spoiled":
            if self._store.exists():
                disk.spoil(self._store, self.chance)
            self.assistant = self._started()
            for _ in range(6):
                self._turn(self._choice())
            self.tally.event("disk", _NAMES[self.kind])
            self._check_disk(self._talk(), whole=True)
            return
        self.assistant = Assistant(self.config)
        if talk.oracle.said:
            self._go_on(talk)
            self.tally.event("process", "a kernel that goes on with what another one said")

    def _go_on(self, talk: Talk) -> None:
        """Find a conversation on the disk, as another kernel left it, and ask in it."""
        memory = self.assistant.memory
        try:
            found = memory.named(talk.conversation.id)
        except ConfigError as error:
            talk.oracle.complain("lost turn", f"after a restart: {error} {memory.trouble}")
            self._tell(talk.oracle, "a restart")
            return
        memory.adopt(found)
        talk.conversation = found
        if not same(talk.oracle.said, found.turns):
            talk.oracle.complain("lost turn", f"after a restart: {found.turns[-2:]}")
        self._turn(FAULTS[0])

    def _check_connections(self) -> None:
        """One question at a time needs one connection, and a retry no more."""
        self.scene.network.heal()
        if self.scene.network.open > 2:
            self.tally.wrong.append(
                ("leak", f"{self.scene.network.open} connections open, {self.seed}")
            )

    def _tell(self, oracle: Oracle, where: str) -> None:
        self.tally.take(oracle, lambda text: f"{where} [{self.seed}, {self.kind}]: {text}")


def outcome_of(error: BaseException) -> Outcome:
    """Return what a user sees of an error."""
    clean = isinstance(error, CodexError | AnswerInterrupted)
    shown = error._render_traceback_() if isinstance(error, CodexError | AnswerInterrupted) else []
    if isinstance(error, KeyboardInterrupt) and not clean:
        # The button was pressed before or after the question: Python's own, in the cell.
        return Outcome("KeyboardInterrupt", ["KeyboardInterrupt: before or after the question."])
    return Outcome(f"{type(error).__name__}: {error}", shown, clean)


class Button:
    """
    The interrupt button, which is pressed at some moments.

    Attributes:
        heard: Whether a press is an interrupt; set and cleared without a call, as Python lets
            interrupts in where something is called or jumps back.
    """

    def __init__(self, moments: tuple[float, ...]) -> None:
        self.heard = False
        self._moments = moments
        self._done, self._gone = threading.Event(), threading.Event()
        if moments:
            signal.signal(signal.SIGINT, self._hear)

    def begin(self) -> None:
        """Press from now on; the first press may come before this returns."""
        if self._moments:
            threading.Thread(target=self._press, args=[time.monotonic()]).start()

    def release(self) -> None:
        """Press no more; what is pressed is not heard by now."""
        self._done.set()
        if self._moments:
            self._gone.wait()

    def _press(self, began: float) -> None:
        for moment in self._moments:
            if self._done.wait(max(began + moment - time.monotonic(), 0)):
                break
            os.kill(os.getpid(), signal.SIGINT)
        self._gone.set()

    def _hear(self, number: int, frame: object) -> None:
        if self.heard:
            raise KeyboardInterrupt


@contextmanager
def jumping(seconds: float) -> Iterator[None]:
    """Let the clock jump a moment after the block began."""
    real, began = time.time, time.monotonic()
    if seconds:
        time.time = lambda: real() + (seconds if time.monotonic() - began > 0.05 else 0.0)
    try:
        yield
    finally:
        time.time = real


@contextmanager
def names(how: str) -> Iterator[None]:
    """Let the name of the service not be found: never, or not at first."""
    real, asked = socket.getaddrinfo, [0]

    def look_up(host: Any, *more: Any, **options: Any) -> Any:
        ours = host in ("localhost", b"localhost")
        asked[0] += ours
        if ours and (how == "never" or asked[0] == 1):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *more, **options)

    if how:
        socket.getaddrinfo = look_up
    try:
        yield
    finally:
        socket.getaddrinfo = real


def work(seed: str, seconds: float, folder: Path, shared: Path) -> Tally:
    """Let one kernel live after the other until the time is over."""
    tally, noise, chance, pulse = Tally(), Noise(), random.Random(seed), Pulse()
    asyncio.set_event_loop_policy(_Heard(noise))
    first: Held | None = None
    early = 0
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        kind = _EPOCHS[number % len(_EPOCHS)] if seconds > 60 else chance.choice(_EPOCHS)
        name = f"{seed}.{number}"
        Epoch(name, kind, folder / name, shared, tally, pulse).run(TURNS if seconds > 60 else 20)
        number += 1
        # Not before everything has been used: what is imported late is no leak.
        if first is None and end - time.monotonic() < seconds * 2 / 3 and seconds > 60:
            first, early = Held.now(), sum(tally.turns.values())
    last = Held.now()
    check_held(first, last, tally, early)
    tally.wrong += [("unclean error", f"unheard: {text}") for text in noise.heard]
    return tally


class _Heard(asyncio.DefaultEventLoopPolicy):
    """Event loops that tell of errors that nobody took."""

    def __init__(self, noise: Noise) -> None:
        super().__init__()
        self._noise = noise

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        loop.set_exception_handler(self._noise.handle)
        return loop
