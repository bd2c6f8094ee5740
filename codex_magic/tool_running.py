"""Where calls are approved and run: on the thread that asked, with what they print kept for the model."""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import field
from functools import partial
from typing import Any

from .api.items import Json
from .conversation.approvals import Approvals, Approve, Call, CallLimits, Decision, Outcome
from .conversation.errands import Errand
from .conversation.questions import Emit
from .conversation.tool_calls import Answering
from .conversation.tool_results import Output, presented
from .conversation.toolbox import ToolBox
from .engine import Engine, Job
from .kernel_tools import is_python, warning
from .records import dataclass

CHOICES = "[y]es, [n]o, [a]lways, [e]dit"
NOBODY = "Nobody is there to approve this call."
_EDIT = "The arguments as JSON (empty: as they are): "
_printed: ContextVar[io.StringIO | None] = ContextVar("codex_magic_printed", default=None)


@dataclass(slots=True)
class ToolRunning:
    """
    Answers the calls of one kernel's questions.

    Attributes:
        shell: The IPython shell, or None outside of one.
        settled: The names of the tools that were approved for good.
    """

    shell: Any = None
    settled: set[str] = field(default_factory=set)
    _async: Engine = field(default_factory=partial(Engine, "codex-tools"))

    def answering(
        self,
        box: ToolBox,
        emit: Emit,
        *,
        asks: bool,
        approve: Approve | None = None,
        yes: bool,
        rounds: int | None,
        clean: Callable[[str], str],
        images: bool,
    ) -> Answering:
        """
        Return how the calls of a question are answered.

        Args:
            box: The question's tools.
            emit: Tells the thread that asked what is to be done there.
            asks: Whether somebody may be there to approve calls.
            approve: Asks them; without it, a line of the cell does.
            yes: Whether every call is approved.
            rounds: The most rounds; None for the usual.
            clean: Takes secrets out of text.
            images: Whether the service takes images from a tool.
        """
        port = _Port(self, emit)
        limits = CallLimits(rounds=rounds) if rounds else CallLimits()
        ask = (approve or port.approve) if asks else None
        return Answering(
            box.functions,
            _Asking(Approvals(ask, yes, self.settled), Approvals(ask)),
            port.run,
            limits,
            clean=clean,
            images=images,
            tell=emit,
        )

    def close(self) -> None:
        """End what runs."""
        self._async.cancel(0)
        self._async.stop()

    def start(self, work: Awaitable[Any]) -> Job[Any, Outcome]:
        """Run what an async function gave on a loop of its own: one that blocks stops nothing."""
        return self._async.submit(lambda emit: _awaited(work))


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks about calls; about Python each time, whatever was said before."""

    usual: Approvals
    strict: Approvals

    async def __call__(self, call: Call) -> Decision:
        return await (self.strict if is_python(call) else self.usual)(call)


@dataclass(frozen=True, slots=True)
class _Port:
    """What one question asks of the thread that asked it."""

    by: ToolRunning
    emit: Emit

    async def approve(self, call: Call) -> Decision:
        """Ask the user about a call."""
        ask = partial(approved, self.by.shell, call)
        errand = Errand(f"approve {call.name}?", ask)
        self.emit(errand)
        return await errand.result()

    async def run(self, call: Call) -> Outcome:
        """Run a call."""
        errand: Errand[Outcome] = Errand(f"running {call.name}", partial(_called, call))
        self.emit(errand)
        outcome = await errand.result()
        if outcome.error is not None or not inspect.isawaitable(outcome.result):
            return outcome
        job = self.by.start(outcome.result)
        try:
            # Shielded: the job itself says when it has ended.
            waited = await asyncio.shield(asyncio.wrap_future(job.future))
        except asyncio.CancelledError:
            job.cancel()
            raise
        printed = outcome.printed + waited.printed
        if waited.error is not None:
            return Outcome(error=waited.error, printed=printed)
        # What a figure is drawn with belongs to the user's thread.
        showing = Errand(f"running {call.name}", partial(_presented, call.name, waited.result))
        self.emit(showing)
        return Outcome(waited.result, printed=printed, output=await showing.result())


def approved(shell: Any, call: Call) -> Decision:
    """
    Ask the user about a call, and return what they say.

    Args:
        shell: The IPython shell, or None.
        call: What the model wants.
    """
    read = reader(shell)
    if read is None:
        return Decision(False, reason=NOBODY)
    asked = "\n".join(filter(None, (shown(call), warning(call))))
    try:
        while True:
            decision = _decision(read(f"{asked}\nRun it? {CHOICES}: "), call, read)
            if decision is not None:
                return decision
    except _nobody():
        return Decision(False, reason=NOBODY)


def reader(shell: Any) -> Callable[[str], str] | None:
    """Return what asks the user for a line, or None where nobody can answer."""
    if threading.current_thread() is not threading.main_thread():
        return None
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        read: Callable[[str], str] = kernel.raw_input
        return read
    is_terminal = sys.stdin is not None and sys.stdin.isatty()
    return input if is_terminal else None


def shown(call: Call) -> str:
    """
    Return a call as its reader has to see it: all of it, and nothing in it that hides.

    >>> shown(Call("c", "add", {"a": 1, "b": "x" + chr(0x202E)}))
    'The model wants to call add(a=1, b="x\\\\u202e")'
    """
    given = [f"{name}={_readable(value)}" for name, value in call.arguments.items()]
    where = f" on the server {call.server!r}" if call.server else ""
    line = f"The model wants to call {call.name}({', '.join(given)}){where}"
    if len(line) <= 100:
        return line
    return f"The model wants to call {call.name}{where} with\n" + "\n".join(
        f"  {each}" for each in given
    )


def running() -> bool:
    """Whether this code is part of a tool that a model called."""
    return isinstance(_printed.get(), _OfTool)


@contextmanager
def printed() -> Iterator[io.StringIO]:
    """A context in which what this thread prints goes into the text that it gives, and nowhere."""
    with prints_kept(), _into(io.StringIO()) as kept:
        yield kept


@contextmanager
def prints_kept() -> Iterator[None]:
    """A context in which what tools print goes to the model, and what others print where it did."""
    _streams.install()
    try:
        yield
    finally:
        _streams.remove()


def _readable(value: Any) -> str:
    if isinstance(value, str) and "\n" in value:
        # Code is read line by line.
        return "\n" + "\n".join(f"    {_visible(line)}" for line in value.splitlines())
    return _visible(json.dumps(value, ensure_ascii=False))


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _decision(answer: str, call: Call, read: Callable[[str], str]) -> Decision | None:
    """Return what a line says, or None where it says nothing that is understood."""
    word, _, reason = answer.strip().partition(" ")
    match word.lower().rstrip(".,:;"):
        case "y" | "yes":
            return Decision(True)
        case "a" | "always":
            return Decision(True, always=True)
        case "n" | "no" | "":
            return Decision(False, reason=reason.strip())
        case "e" | "edit":
            return _edited(call, read)
        case _:
            return None


def _edited(call: Call, read: Callable[[str], str]) -> Decision | None:
    """Return a call's approval with other arguments; None where these are no JSON."""
    line = read(f"{json.dumps(call.arguments, ensure_ascii=False)}\n{_EDIT}").strip()
    if not line:
        return Decision(True)
    try:
        given: Json = json.loads(line)
    except ValueError:
        return None
    return Decision(True, arguments=given) if isinstance(given, dict) else None


def _nobody() -> tuple[type[Exception], ...]:
    """Return the errors that say that nobody can answer."""
    from IPython.core.error import StdinNotImplementedError  # Not for a plain terminal.

    return (StdinNotImplementedError, EOFError)


def _called(call: Call) -> Outcome:
    """Run a call on this thread, up to its result or to what has to be waited for."""
    assert call.tool is not None
    with _kept() as kept:
        try:
            result = call.tool.run(call.values)
            if inspect.isawaitable(result):
                return Outcome(result, printed=kept.getvalue())
            output = _presented(call.name, result)
            return Outcome(result, printed=kept.getvalue(), output=output)
        # The function is the user's; ``exit()`` in it must not end the kernel.
        except (Exception, SystemExit) as error:
            return Outcome(error=error, printed=kept.getvalue())


async def _awaited(work: Awaitable[Any]) -> Outcome:
    with _kept() as kept:
        try:
            return Outcome(await work, printed=kept.getvalue())
        # Nothing of the user's may end the loop.
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            return Outcome(error=error, printed=kept.getvalue())


def _presented(name: str, result: Any) -> Output | None:
    """Return a result as it is told, or None where that fails: then the model is told so."""
    try:
        return presented(name, result)
    # Presenting calls methods of the user's object.
    except Exception:
        return None


class _OfTool(io.StringIO):
    """What a tool prints."""


def _kept() -> AbstractContextManager[io.StringIO]:
    return _into(_OfTool())


@contextmanager
def _into(kept: io.StringIO) -> Iterator[io.StringIO]:
    token = _printed.set(kept)
    try:
        yield kept
    finally:
        _printed.reset(token)


class _Stream(io.TextIOBase):
    """A stream that keeps what a tool writes, and lets everything else through."""

    def __init__(self, beneath: Any) -> None:
        self.beneath = beneath

    def write(self, text: str) -> int:
        kept = _printed.get()
        return int((self.beneath if kept is None else kept).write(text) or 0)

    def flush(self) -> None:
        if _printed.get() is None:
            self.beneath.flush()

    def isatty(self) -> bool:
        return bool(self.beneath.isatty())

    def fileno(self) -> int:
        return int(self.beneath.fileno())

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return str(self.beneath.encoding)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


class _Streams:
    """stdout and stderr while questions with tools are on their way; several may be."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def install(self) -> None:
        with self._lock:
            self._count += 1
            if self._count == 1:
                sys.stdout, sys.stderr = _Stream(sys.stdout), _Stream(sys.stderr)

    def remove(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                # What somebody else has put there since is theirs.
                if isinstance(sys.stdout, _Stream):
                    sys.stdout = sys.stdout.beneath
                if isinstance(sys.stderr, _Stream):
                    sys.stderr = sys.stderr.beneath


_streams = _Streams()
