"""Where a question is written: the text, what goes along, what it comes to, Send and Stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets

from ..completion import Completions
from .chips import Chip, Chips
from .messages import small_html
from .starters import Starter
from .widgets import Shared, shown

# Seconds after the last key after which what would be sent is looked at.
_PAUSE = 0.5
_MOST_SUGGESTED = 6
_HINT = 300
# What a completion ends in that is to be gone on with.
_OPEN = ("/", "=", ":")


class Composer:
    """
    The lower part of the panel.

    Args:
        shared: Makes the widgets.
        send: Is called with what was written.
        stop: Is called when Stop is pressed.
        estimate: Returns what the question would come to, in a line; called on any thread.
        completions: Returns what fits at the end of what stands in the input.
    """

    def __init__(
        self,
        shared: Shared,
        send: Callable[[str], None],
        stop: Callable[[], None],
        estimate: Callable[[str], str],
        completions: Callable[[str], Completions],
    ) -> None:
        self._shared, self._send, self._estimate = shared, send, estimate
        self._completions = completions
        self._timer: threading.Timer | None = None
        self._looks = 0
        self._asked: list[str] = []
        self._place = 0
        self.text = ipywidgets.Textarea(
            placeholder="Ask about this notebook. @name attaches, /command runs.",
            description="Message",
            rows=3,
            layout=shared.layout,
            _dom_classes=("codex-input",),
        )
        self.chips = Chips(shared, self.look)
        self._suggested = shared.row((), "codex-suggested", "codex-off")
        self._starters = shared.rows((), "codex-starters")
        self._send_button = shared.button(
            "Send", self.send, "codex-main", hint="Send (Shift+Enter)"
        )
        self._stop_button = shared.button("Stop", stop, "codex-stop", hint="Stop the answer")
        attach = shared.button("Attach", self._toggle, hint="Choose what goes along")
        self._line = shared.html("", "codex-line")
        self._news = shared.html("", "codex-news")
        buttons = (attach, self._line, self._stop_button, self._send_button)
        self.widget = shared.rows(
            (
                self._starters,
                self._news,
                self.chips.widget,
                self.chips.adding,
                self._suggested,
                self.text,
                shared.row(buttons, "codex-sending"),
            ),
            "codex-composer",
        )
        self.text.observe(lambda _: self._typed(), "value")
        self.busy(False)

    @property
    def attached(self) -> tuple[Chip, ...]:
        """What goes along with the next question."""
        return self.chips.chips

    def busy(self, working: bool) -> None:
        """Show Stop while something is on its way."""
        shown(self._stop_button, working)

    def say(self, words: str) -> None:
        """Say something in one line, until the next question."""
        self._news.value = small_html(words)

    def send(self, text: str | None = None) -> None:
        """Send what stands there, or a text; an empty one is none."""
        words = (self.text.value if text is None else text).strip()
        if not words:
            return
        if not self._asked or self._asked[-1] != words:
            self._asked.append(words)
        self._place = len(self._asked)
        self.text.value = ""
        self.say("")
        self._send(words)

    def recall(self, step: int) -> None:
        """Put an earlier question into the input, or a later one."""
        self._place = min(max(self._place + step, 0), len(self._asked))
        self.text.value = self._asked[self._place] if self._place < len(self._asked) else ""

    def complete(self) -> None:
        """Take the first word that is suggested."""
        if found := self._fitting():
            self._take(found[0])

    def offer(self, starters: Sequence[Starter]) -> None:
        """Offer questions to begin with; one that is chosen is written, and not sent."""
        buttons = [
            self._shared.button(
                one.name or one.prompt,
                partial(self._begin, one),
                "codex-starter",
                hint=one.prompt[:_HINT],
            )
            for one in starters
        ]
        self._shared.put(self._starters, buttons)

    def look(self) -> None:
        """Say soon what the question would come to."""
        if self._timer is not None:
            self._timer.cancel()
        self._looks += 1
        self._timer = threading.Timer(_PAUSE, self._look_now, (self._looks,))
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look_now(self, look: int) -> None:
        found = small_html(self._estimate(self.text.value.strip()))
        # One that took its time must not hide a later one.
        if look == self._looks:
            self._line.value = found

    def _begin(self, starter: Starter) -> None:
        if starter.chip:
            self.chips.add(starter.chip)
        self.text.value = starter.prompt
        self.text.focus()

    def _toggle(self) -> None:
        adding = self.chips.adding
        shown(adding, "codex-off" in adding._dom_classes)

    def _typed(self) -> None:
        found = self._fitting()
        buttons = [
            self._shared.button(word, partial(self._take, word), "codex-chip", hint=f"Write {word}")
            for word in found
        ]
        self._shared.put(self._suggested, buttons)
        shown(self._suggested, bool(found))
        self.look()

    def _fitting(self) -> list[str]:
        fits = self._completions(self.text.value)
        found = [each.text for each in fits.found if each.text != fits.fragment]
        return found[:_MOST_SUGGESTED]

    def _take(self, word: str) -> None:
        text = self.text.value
        before = text.removesuffix(self._completions(text).fragment)
        self.text.value = before + word + ("" if word.endswith(_OPEN) else " ")
