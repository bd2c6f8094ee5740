"""What the cells of this kernel do, written down while they run."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .executions import Execution, Output
from .hooks import Hooks
from .images import ImageStore
from .quietly import Quietly
from .recording import Record, bounded, has_pixels, output_of, without_colours
from .taps import Taps

if TYPE_CHECKING:
    from .open_figures import OpenFigures
    from .tracebacks import LastError

# Loaded with the extension: nothing heavy.

_MOST_EXECUTIONS = 1_000
_MOST_CHARACTERS = 16_000_000
_MOST_NAMES = 2_000
# What codex_magic itself displays has this in its metadata, or starts its display ids like that.
OWN = "codex_magic"
OWN_DISPLAYS = "codex-"
_STREAMS = ("stdout", "stderr")


class Recorder:
    """
    Writes down what each cell was and what it put out, and keeps its images.

    It stands in the way of everything that is displayed, so whatever goes wrong in here goes wrong
    silently: a cell and its outputs never depend on it.

    Args:
        shell: The IPython shell.

    Attributes:
        images: What the cells displayed, as it was displayed.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.images = ImageStore()
        self._records: deque[Record] = deque()
        self._by_message: dict[str, Record] = {}
        self._running: list[Record] = []
        self._named: dict[str, list[tuple[Record, Output]]] = {}
        self._lock = threading.RLock()
        self._quietly = Quietly(self._lock)
        self._taps: Taps | None = None
        self._hooks = Hooks()
        self._writes = Hooks()
        self._streams: dict[str, tuple[Any, Any]] = {}
        self._publisher: Any = None
        self._errors: LastError | None = None
        self._figures: OpenFigures | None = None

    def attach(self, info: Any = None) -> None:
        """
        Start to write down; of what was before, only the cell that runs is known.

        Args:
            info: The cell that is about to run, where one is.
        """
        if self._taps is not None:
            return
        self._taps = taps = Taps(self)
        shell, hook = self._shell, self._shell.displayhook
        shell.events.register("pre_run_cell", self._began)
        shell.events.register("post_run_cell", self._ended)
        self._hooks.put(hook, "write_format_data", taps.result(hook))
        self._hooks.put(hook, "write_output_prompt", taps.prompt)
        self._hooks.put(shell.display_formatter, "format", taps.format)
        self._hooks.put(shell, "_showtraceback", taps.error)
        self._follow()
        with self._quietly:
            if info is None:
                self._adopt()
            else:
                self._begin(info.raw_cell, getattr(info, "cell_id", None))

    def detach(self) -> None:
        """Take everything back, and forget what was written down."""
        if self._taps is None:
            return
        # Where somebody put a function before ours, ours only passes calls on from here.
        self._taps.recorder = None
        self._taps = None
        for event, function in (("pre_run_cell", self._began), ("post_run_cell", self._ended)):
            try:
                self._shell.events.unregister(event, function)
            except ValueError:
                pass
        self._hooks.take_off()
        self._writes.take_off()
        for stream, function in self._streams.values():
            _in_thread_of(stream, stream.unregister_hook, function)
        self._streams.clear()
        self._publisher = None
        with self._lock:
            self._records.clear()
            self._by_message.clear()
            self._running.clear()
            self._named.clear()
        self.images.clear()
        self._errors = self._figures = None

    @property
    def executions(self) -> list[Execution]:
        """The runs of cells, in order, the ones that are still running, too."""
        self._flush()
        with self._lock:
            return [self._settled(record) for record in self._records]

    @property
    def current(self) -> Execution | None:
        """The cell that runs; None between cells."""
        self._flush()
        with self._lock:
            return self._settled(self._running[-1]) if self._running else None

    @property
    def last_error(self) -> LastError:
        """The last error of the user's code: ``last_error.last()``."""
        if self._errors is None:
            from .tracebacks import LastError  # Needs what a question needs: not while loading.

            self._errors = LastError()
        return self._errors

    @property
    def figures(self) -> OpenFigures:
        """The figures that are open, and the cells that opened them."""
        if self._figures is None:
            from .open_figures import OpenFigures  # Only where there are figures.

            self._figures = OpenFigures()
        return self._figures

    def _settled(self, record: Record) -> Execution:
        record.fold()
        execution = record.execution
        if execution.running and not execution.count:
            # In IPython 9 the shell counts before a cell runs, in IPython 8 after it.
            result = getattr(self._shell.displayhook, "exec_result", None)
            if result is not None and record is self._running[-1]:
                execution.count = result.execution_count or 0
        return execution

    def _began(self, info: Any) -> None:
        try:
            with self._quietly:
                self._begin(info.raw_cell, getattr(info, "cell_id", None))
        except KeyboardInterrupt:
            from ..interrupts import come_again  # Few interrupts come just here.

            come_again()

    def _ended(self, result: Any) -> None:
        try:
            with self._quietly:
                self._end(result)
        except KeyboardInterrupt:
            # The cell has ended: there is nothing left to interrupt.
            pass

    def _adopt(self) -> None:
        """Take in the cell that loads us: it began before we were told."""
        result = getattr(self._shell.displayhook, "exec_result", None)
        if result is None or not result.info.store_history:
            return
        self._begin(result.info.raw_cell, getattr(result.info, "cell_id", None))
        self._running[-1].execution.count = result.execution_count or 0

    def _begin(self, source: str, cell_id: str | None) -> None:
        self._follow()
        parent = _parent(self._shell)
        outer = self.record_of(parent.get("header"))
        if outer is not None and outer in self._running:
            outer.depth += 1
            return
        message_id = str((parent.get("header") or {}).get("msg_id") or "")
        execution = Execution(
            source,
            cell_id=cell_id_of(parent) or cell_id or "",
            message_id=message_id,
            ours="%codex" in source and _is_ours(source),
            started=time.time(),
        )
        record = Record(execution, time.monotonic())
        self._records.append(record)
        self._running.append(record)
        if message_id:
            self._by_message[message_id] = record
        self._tap_streams(record)

    def _end(self, result: Any) -> None:
        record = self.record_of(_parent(self._shell).get("header"))
        if record is None or record not in self._running:
            return
        if record.depth:
            record.depth -= 1
            return
        self._writes.take_off()
        self._finish(record, result)
        self._running.remove(record)
        self._forget_old()
        self._remember_error(result)
        if "matplotlib._pylab_helpers" in sys.modules:
            self.figures.note(record.execution)

    def _finish(self, record: Record, result: Any) -> None:
        self._settled(record)
        execution = record.execution
        execution.running = False
        execution.seconds = time.monotonic() - record.began
        # An interrupt may end a cell without a result.
        execution.failed = result is None or not result.success
        if result is not None:
            stored = getattr(result.info, "store_history", True)
            execution.count = (result.execution_count or 0) if stored else 0

    def _remember_error(self, result: Any) -> None:
        if result is None:
            return
        error = result.error_before_exec or result.error_in_exec
        if error is not None or self._errors is not None:
            self.last_error.remember(error)

    def _forget_old(self) -> None:
        total = sum(record.size for record in self._records)
        while len(self._records) > 1 and (
            len(self._records) > _MOST_EXECUTIONS or total > _MOST_CHARACTERS
        ):
            old = self._records.popleft()
            total -= old.size
            self._by_message.pop(old.execution.message_id, None)
        while len(self._named) > _MOST_NAMES:
            del self._named[next(iter(self._named))]

    def _follow(self) -> None:
        """Follow the streams and the publisher, which anybody may replace for good."""
        taps, publisher = self._taps, self._shell.display_pub
        if taps is None:
            return
        for name in _STREAMS:
            stream = getattr(sys, name)
            if name not in self._streams and hasattr(stream, "register_hook"):
                self._streams[name] = stream, (hook := taps.stream(name))
                _in_thread_of(stream, stream.register_hook, hook)
        # What %%capture puts in its place is not displayed.
        if publisher is not self._publisher and not hasattr(publisher, "outputs"):
            self._hooks.release(self._publisher)
            self._publisher = publisher
            self._hooks.put(publisher, "publish", taps.display(publisher))
            self._hooks.put(publisher, "clear_output", taps.clear(publisher))

    def _tap_streams(self, record: Record) -> None:
        """Read along what a cell prints, where no kernel makes messages of it."""
        for name in _STREAMS:
            stream = getattr(sys, name)
            if self._taps and name not in self._streams and not isinstance(stream, io.StringIO):
                # For one cell: IPython does the same around each, and must find its own again.
                self._writes.put(stream, "write", self._taps.write(name, record))

    def _flush(self) -> None:
        """Let the kernel's thread write down what was printed; never while we hold the lock."""
        for stream, _ in list(self._streams.values()):
            try:
                stream.flush()
            except Exception:
                # A stream that is closed, or a process that was forked.
                pass

    def record_of(self, header: Any) -> Record | None:
        """
        Return where outputs go.

        Args:
            header: The header of the message that they answer; without one, they go to the cell
                that runs.
        """
        message_id = header.get("msg_id") if header else None
        if message_id:
            return self._by_message.get(message_id)
        return self._running[-1] if self._running else None

    def printed(self, name: str, text: str, header: Any) -> None:
        """Write down what was printed, as the answer to a message."""
        record = self.record_of(header)
        if record is not None:
            record.pending.append((name, text))
            if record.crowded(text):
                self.fold(record)

    def fold(self, record: Record) -> None:
        """Make outputs of what a cell printed, if nobody else is at it: printing never waits."""
        if self._lock.acquire(blocking=False):
            try:
                record.fold()
            finally:
                self._lock.release()

    def displayed(self, kind: str, holder: Any, bundle: Any, metadata: Any, more: Any) -> None:
        """Write down what was displayed, through the publisher or the display hook."""
        if kind == "result":
            # A publisher does so itself before it sends; the display hook will, a moment later.
            self._flush()
        with self._quietly:
            display_id = str((more.get("transient") or {}).get("display_id") or "")
            if OWN in (metadata or {}) or display_id.startswith(OWN_DISPLAYS):
                return
            if more.get("update"):
                self._update(display_id, bundle)
            else:
                self._display(kind, holder, bundle, display_id)

    def formatted(self, shown: Any, formatted: Any) -> None:
        """Look at something that is about to be displayed, as object and as bundle."""
        if "matplotlib.figure" not in sys.modules:
            return
        try:
            # Rendering takes long: others may print meanwhile.
            self.figures.formatted(shown, formatted[0], self.images)
        except Exception:
            # What cannot be rendered is displayed as before.
            pass

    def failed(self, kind: type[BaseException], traceback: list[str]) -> None:
        """Write down an error, as it was shown."""
        with self._quietly:
            record = self.record_of(getattr(self._shell.displayhook, "parent_header", None))
            if record is not None:
                text, cut = bounded(without_colours("\n".join(traceback)))
                record.add(Output("error", name=kind.__name__, text=text, cut=cut))

    def cleared(self, holder: Any, *, wait: bool) -> None:
        """Take back what the cell put out, as the front end does; no terminal can do that."""
        with self._quietly:
            record = self.record_of(getattr(holder, "parent_header", None))
            if record is not None and hasattr(holder, "parent_header"):
                record.clear(wait=wait)

    def _display(self, kind: str, holder: Any, bundle: Any, display_id: str) -> None:
        record = self.record_of(getattr(holder, "parent_header", None))
        if record is None:
            return
        output = self._output(kind, bundle, display_id)
        record.add(output)
        if display_id:
            self._named.setdefault(display_id, []).append((record, output))

    def _output(self, kind: str, bundle: Mapping[str, Any], display_id: str) -> Output:
        output = output_of(kind, bundle, self.images, display_id=display_id)
        if self._figures is not None and not has_pixels(bundle):
            output.image = self._figures.pixels(bundle) or output.image
        return output

    def _update(self, display_id: str, bundle: Mapping[str, Any]) -> None:
        for record, output in self._named.get(display_id, ()):
            fresh = self._output("display", bundle, display_id)
            for name in ("text", "html", "image", "mimes", "cut"):
                setattr(output, name, getattr(fresh, name))
            record.recount()


def _in_thread_of(stream: Any, work: Any, argument: Any) -> None:
    """Do something in the thread that sends a stream's messages: its hooks are that thread's."""
    thread = getattr(stream, "pub_thread", None)
    if thread is not None:
        thread.schedule(lambda: work(argument))


def _parent(shell: Any) -> dict[str, Any]:
    """Return the message that the shell answers; empty in a terminal."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    return parent if isinstance(parent, dict) else {}


def cell_id_of(parent: Mapping[str, Any]) -> str:
    """Return the notebook's id of the cell that a message runs, in Jupyter's or Colab's way."""
    metadata = parent.get("metadata") or {}
    found = metadata.get("cellId") or (metadata.get("colab") or {}).get("cell_id")
    return found if isinstance(found, str) else ""


def _is_ours(source: str) -> bool:
    from .overlay import is_ours  # Only for cells that speak of us.

    return is_ours(source)
