"""The functions that stand before the shell's own, and tell the recorder what goes through."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any

from .recording import LONG, MOST_PENDING, Record

if TYPE_CHECKING:
    from .recorder import Recorder

# Loaded with the extension: nothing heavy.

Make = Callable[..., Any]


class Taps:
    """
    Makes those functions.

    Each of them calls the shell's own first and returns what that returns. When the recorder is
    detached they do nothing else, also where somebody has put a function of his own before them.

    Args:
        recorder: Who is told.

    Attributes:
        recorder: Who is told; None for nobody.
    """

    __slots__ = ("_silent", "recorder")

    def __init__(self, recorder: Recorder) -> None:
        self.recorder: Recorder | None = recorder
        # The thread that prints what was told already: a terminal prints what it displays.
        self._silent: int | None = None

    def display(self, holder: Any) -> Make:
        """Tap a publisher's ``publish``."""

        def make(original: Make) -> Make:
            def publish(*arguments: Any, **more: Any) -> Any:
                published = self._silently(original, arguments, more)
                if self.recorder is not None:
                    bundle = arguments[0] if arguments else more.get("data")
                    metadata = arguments[1] if len(arguments) > 1 else more.get("metadata")
                    self.recorder.displayed("display", holder, bundle, metadata, more)
                return published

            return publish

        return make

    def result(self, holder: Any) -> Make:
        """Tap a display hook's ``write_format_data``."""

        def make(original: Make) -> Make:
            def write_format_data(*arguments: Any, **more: Any) -> Any:
                written = self._silently(original, arguments, more)
                if self.recorder is not None:
                    bundle = arguments[0] if arguments else more.get("format_dict")
                    metadata = arguments[1] if len(arguments) > 1 else more.get("md_dict")
                    self.recorder.displayed("result", holder, bundle, metadata, {})
                return written

            return write_format_data

        return make

    def prompt(self, original: Make) -> Make:
        """Tap ``write_output_prompt``: ``Out[3]:`` is not what a cell prints."""

        def write_output_prompt(*arguments: Any, **more: Any) -> Any:
            return self._silently(original, arguments, more)

        return write_output_prompt

    def format(self, original: Make) -> Make:
        """Tap a formatter's ``format``: the one moment at which object and bundle are known."""

        def format(*arguments: Any, **more: Any) -> Any:
            formatted = original(*arguments, **more)
            if self.recorder is not None:
                self.recorder.formatted(arguments[0] if arguments else None, formatted)
            return formatted

        return format

    def error(self, original: Make) -> Make:
        """Tap a shell's ``_showtraceback``."""

        def showtraceback(*arguments: Any, **more: Any) -> Any:
            shown = self._silently(original, arguments, more)
            if self.recorder is not None and len(arguments) == 3:
                self.recorder.failed(arguments[0], arguments[2])
            return shown

        return showtraceback

    def clear(self, holder: Any) -> Make:
        """Tap a publisher's ``clear_output``."""

        def make(original: Make) -> Make:
            def clear_output(*arguments: Any, **more: Any) -> Any:
                cleared = self._silently(original, arguments, more)
                if self.recorder is not None:
                    wait = arguments[0] if arguments else more.get("wait", False)
                    self.recorder.cleared(holder, wait=bool(wait))
                return cleared

            return clear_output

        return make

    def stream(self, name: str) -> Make:
        """Return what ipykernel calls with each message of a stream, in its own thread."""

        def pass_on(message: Any) -> Any:
            recorder = self.recorder
            try:
                if recorder is not None:
                    recorder.printed(name, message["content"]["text"], message["parent_header"])
            except Exception:
                # The message is sent, whatever goes wrong in here.
                pass
            return message

        return pass_on

    def write(self, name: str, record: Record) -> Make:
        """Tap a stream's ``write`` for one cell: called for every ``print``, it must be fast."""
        execution, pending = record.execution, record.pending

        def make(original: Make) -> Make:
            def write(*arguments: Any) -> Any:
                written = original(*arguments)
                recorder, silent = self.recorder, self._silent
                if (
                    recorder is None
                    or not execution.running
                    or (silent is not None and silent == get_ident())
                ):
                    return written
                try:
                    text = arguments[0]
                    pending.append((name, text))
                    if len(text) > LONG or len(pending) >= MOST_PENDING:
                        recorder.fold(record)
                except Exception:
                    # It is printed, whatever goes wrong in here.
                    pass
                return written

            return write

        return make

    def _silently(self, original: Make, arguments: Any, more: Any) -> Any:
        """Call a function whose prints are told otherwise."""
        before, self._silent = self._silent, get_ident()
        try:
            return original(*arguments, **more)
        finally:
            self._silent = before
