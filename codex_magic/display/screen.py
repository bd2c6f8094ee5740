"""Where a growing reply is drawn: a notebook cell, a terminal, or nowhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from ..api.items import Json
from .calls import call_line
from .progress import printable
from .reply import Reply
from .wrapping import Wrapping

if TYPE_CHECKING:
    from .markdown import GrowingMarkdown

# Seconds between two drawings: few at first, more where the open piece is long and costs more.
_FASTEST, _SLOWEST = 0.1, 1.0
_CHARACTERS_PER_SECOND = 20_000
# Seconds without a word after which a line says that, and for how long.
_SILENCE = 1.0
# A chunk of this many characters is closed at the next block and not drawn again; in a long
# answer it is an eighth of it, so that a cell stays below the 50 outputs that JupyterLab draws.
_CHUNK, _SHARE = 3_000, 8
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class Screen(Protocol):
    """What an assistant draws on."""

    def draw(self, reply: Reply) -> None:
        """Show what is new, if it is time to."""

    def pause(self) -> float:
        """Return the seconds in which nothing is to be drawn, whatever comes."""

    def finish(self, reply: Reply) -> None:
        """Show the reply as it stays."""


class QuietScreen:
    """Shows nothing."""

    def draw(self, reply: Reply) -> None:
        """Show nothing."""

    def pause(self) -> float:
        """Return how often an interrupt is looked for."""
        return _FASTEST

    def finish(self, reply: Reply) -> None:
        """Show nothing."""


class Screens:
    """
    Several screens at once; there may be more while the answer grows.

    Args:
        screens: Those that there are from the beginning.
    """

    def __init__(self, screens: Sequence[Screen]) -> None:
        self._screens = list(screens)
        self._lock = threading.RLock()
        self._finished: Reply | None = None

    def add(self, screen: Screen) -> None:
        """Draw on one more, all that there is so far and what comes."""
        with self._lock:
            self._screens.append(screen)
            if self._finished is not None:
                screen.finish(self._finished)

    def draw(self, reply: Reply) -> None:
        """Show what is new wherever it is time to."""
        for screen in list(self._screens):
            screen.draw(reply)

    def pause(self) -> float:
        """Return the seconds until one of them draws again."""
        return min(screen.pause() for screen in list(self._screens))

    def finish(self, reply: Reply) -> None:
        """Show the reply as it stays."""
        with self._lock:
            self._finished = reply
            for screen in self._screens:
                screen.finish(reply)


class CellScreen:
    """
    A notebook cell.

    While the answer grows there is a header (stage, seconds, reasoning) and a display for each
    chunk; a chunk that is closed is not sent again. In the end one output takes their place.

    Args:
        shell: The IPython shell whose cell it is.
        ours: Whether the whole cell is ours, so that its outputs may be cleared.
    """

    def __init__(self, shell: Any, *, ours: bool) -> None:
        self._shell = shell
        self._ours = ours
        self._header = _Display(shell)
        self._chunk: _Display | None = None
        self._growing: GrowingMarkdown | None = None
        self._position = 0
        self._due = 0.0
        self._silent = False
        self._silent_since = time.monotonic()

    def draw(self, reply: Reply) -> None:
        """Show what is new, if it is time to; for the first words it is."""
        if _is_captured(self._shell):
            return
        first = self._growing is None and not reply.form and bool(reply.text)
        if time.monotonic() < self._due and not first:
            return
        fresh, self._position = reply.text_after(self._position)
        self._silent = not fresh and not reply.reasoning
        if fresh:
            self._silent_since = time.monotonic()
        if fresh and not reply.form:
            open_characters = self._grow(reply, fresh)
        else:
            open_characters = self._wait(reply)
        seconds = max(_FASTEST, min(_SLOWEST, open_characters / _CHARACTERS_PER_SECOND))
        self._due = time.monotonic() + seconds

    def pause(self) -> float:
        """Return the seconds in which nothing is to be drawn, whatever comes: none before a word."""
        return 0.0 if self._silent else max(0.0, self._due - time.monotonic())

    def finish(self, reply: Reply) -> None:
        """Show the reply as it stays: one output in a cell of ours, the chunks elsewhere."""
        shown = _has_words(reply)
        if _is_captured(self._shell):
            if shown:
                reply.show(self._shell)
            return
        if not self._ours:
            self._close(reply)
            return
        if not shown and not self._header.shown:
            return
        self._catch_up(reply)
        # With ``wait`` the front end clears when the next output comes, so that nothing jumps.
        self._shell.display_pub.clear_output(wait=shown)
        if shown:
            reply.show(self._shell)

    def _grow(self, reply: Reply, fresh: str) -> int:
        """Draw the open chunk with new words; return how much of it is drawn again next time."""
        from .markdown import GrowingMarkdown  # Heavy: not before there are words.

        if self._growing is None:
            self._growing = GrowingMarkdown()
            self._open_header(reply)
        growing = self._growing
        growing.feed(fresh)
        growing.advance()
        if growing.settled_chars >= max(_CHUNK, self._position // _SHARE):
            self._last_chunk().show(growing.freeze())
            self._chunk = None
        html = growing.settled_html + growing.open_html()
        if html:
            self._last_chunk().show(html)
        return len(html)

    def _catch_up(self, reply: Reply) -> None:
        """Show the last words of a long answer: to draw it whole takes a moment."""
        fresh, self._position = reply.text_after(self._position)
        if fresh and self._growing is not None and self._position > _CHUNK:
            self._grow(reply, fresh)

    def _open_header(self, reply: Reply) -> None:
        """Fold the reasoning above the words; from here on they speak."""
        from .page import opening_html

        self._header.show(opening_html(reply))

    def _wait(self, reply: Reply) -> int:
        """Say what is going on while there are no words."""
        from .waiting import progress_html

        if self._header.shown:
            # By now the request is on its way, and the words that will come need this.
            from . import page  # noqa: F401
        silence = time.monotonic() - self._silent_since
        if self._growing is None:
            self._header.show(progress_html(reply, silence))
        elif silence > _SILENCE:
            words = self._growing.settled_html + self._growing.open_html()
            self._last_chunk().show(words + progress_html(reply, silence))
        return min(len(reply.reasoning), _CHARACTERS_PER_SECOND)

    def _last_chunk(self) -> _Display:
        if self._chunk is None:
            self._chunk = _Display(self._shell)
        return self._chunk

    def _close(self, reply: Reply) -> None:
        from .page import answer_html, closing_html

        fresh, self._position = reply.text_after(self._position)
        if (fresh or reply.text) and not reply.form:
            self._grow(reply, fresh)
        self._open_header(reply)
        if _has_words(reply):
            words = self._growing.settled_html + self._growing.open_html() if self._growing else ""
            words = answer_html(reply) if reply.form else words
            self._last_chunk().show(words + closing_html(reply), reply.metadata())


class _Display:
    """One output that is shown again when it has changed."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._name = f"codex-{time.monotonic_ns():x}-{id(self):x}"
        self._html: str | None = None

    @property
    def shown(self) -> bool:
        return self._html is not None

    def show(self, html: str, metadata: Json | None = None) -> None:
        if html == (self._html or ""):
            return
        self._shell.display_pub.publish(
            {"text/html": html, "text/plain": ""},
            metadata or {},
            transient={"display_id": self._name},
            update=self._html is not None,
        )
        self._html = html


class TextScreen:
    """
    Plain text: a terminal, or the Markdown source in a cell.

    Args:
        out: Where the words go.
        notes: Where what is not the answer goes, or None for nowhere.
        raw: Whether a structured answer stays the JSON that it is.
    """

    def __init__(self, out: TextIO, notes: TextIO | None = None, *, raw: bool = False) -> None:
        self._out = out
        self._notes = notes
        self._raw = raw
        self._words = None if raw or not out.isatty() else Wrapping()
        self._thoughts = Wrapping() if notes is not None and notes.isatty() else None
        self._position = 0
        self._thought = 0
        self._noticed = 0
        self._called = 0
        self._due = 0.0

    def draw(self, reply: Reply) -> None:
        """Write the words that are new."""
        if time.monotonic() < self._due:
            return
        self._write(reply)
        self._due = time.monotonic() + _FASTEST

    def pause(self) -> float:
        """Return the seconds in which nothing is to be written, whatever comes."""
        return max(0.0, self._due - time.monotonic())

    def finish(self, reply: Reply) -> None:
        """Write the rest, what it cites, and what the answer took."""
        from .sources import source_lines  # Markdown is heavy.

        self._write(reply)
        if reply.form:
            # It is written when it is whole: what grows may be asked for anew.
            self._out.write(printable(reply.text if self._raw else reply.plain()))
            self._position = len(reply.text)
        if self._position and not reply.text.endswith("\n"):
            self._out.write("\n")
        self._out.flush()
        if _has_words(reply):
            for line in (*source_lines(reply.items), *reply.remarks, reply.footer()):
                self._note(f"{line}\n")

    def _write(self, reply: Reply) -> None:
        for notice in reply.notices[self._noticed :]:
            self._note(f"{notice}\n")
        self._noticed = len(reply.notices)
        for call in reply.calls[self._called :]:
            self._note(f"{call_line(call)}\n")
        self._called = len(reply.calls)
        thought, self._thought = reply.reasoning_after(self._thought)
        if thought and not self._position:
            self._note(self._thoughts.feed(printable(thought)) if self._thoughts else thought)
        if reply.form:
            return
        fresh, position = reply.text_after(self._position)
        if fresh:
            if self._thought and not self._position:
                self._note("\n\n")
            fresh = printable(fresh)
            self._out.write(self._words.feed(fresh) if self._words else fresh)
            self._out.flush()
        self._position = position

    def _note(self, text: str) -> None:
        if self._notes is None:
            return
        text = printable(text)
        self._notes.write(f"{_DIM}{text}{_PLAIN}" if self._notes.isatty() else text)
        self._notes.flush()


def _is_captured(shell: Any) -> bool:
    """Whether outputs are kept for later, as ``%%capture`` does: nobody watches them grow."""
    from IPython.core.displaypub import CapturingDisplayPublisher  # Not for a plain terminal.

    return isinstance(shell.display_pub, CapturingDisplayPublisher)


def _has_words(reply: Reply) -> bool:
    """Whether there is anything to keep on screen; an error without an answer is one line."""
    return bool(reply.text or reply.reasoning or reply.error is None)
