"""Questions of the panel, asked as a page does: words into the input, clicks on Send and Stop."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from codex_magic.config import Codex
from tests.kernels import Executed, Kernel

from .faults import Effect
from .oracle import PATIENCE, Outcome, Said
from .pulse import Pulse

# What runs in the kernel: a panel, its places, and what can be seen of it.
_MADE = """
import json, time
from codex_magic.panel import ChatPanel
from ipywidgets.widgets.widget import _instances

soak_panel = ChatPanel()

def soak_within(widget):
    inner = [one for child in getattr(widget, "children", ()) for one in soak_within(child)]
    own = (widget, getattr(widget, "style", None), widget.layout)
    return [*inner, *(one.model_id for one in own if one is not None)]

def soak_wait(seconds):
    end = time.monotonic() + seconds
    while soak_panel._desk.busy and time.monotonic() < end:
        time.sleep(0.01)

def soak_seen():
    last = soak_panel._assistant.replies[-1] if soak_panel._assistant.replies else None
    error = last.error if last is not None else None
    return {
        "busy": soak_panel._desk.busy,
        "turns": [one.value for one in soak_panel._transcript.widget.children if hasattr(one, "value")],
        "growing": len(soak_panel._transcript.growing),
        "prompt": last.prompt if last is not None else "",
        "text": last.text if last is not None else "",
        "error": type(error).__name__ if error is not None else "",
        "line": str(error) if error is not None else "",
        "stray": sorted(
            type(_instances[one]).__name__
            for one in set(_instances) - set(soak_within(soak_panel)) - soak_own
        ),
    }

# What it has even where nothing of that kind is shown.
soak_shared = soak_panel._shared
soak_own = set(soak_within(soak_panel._transcript._earlier))
soak_own |= {one.model_id for one in (soak_shared._html, soak_shared._math, soak_shared._button)}
soak_composer = soak_panel._composer
soak_ids = [soak_composer.text, soak_composer._send_button, soak_composer._stop_button]
print(json.dumps([one.model_id for one in soak_ids]))
"""
_DRAWN = 25
# Words of an answer that no markup is made of, and no other part of a turn has.
_COUNTED = ("alpha", "数据", "🙂")
_MARKUP = re.compile(r"<[^>]*>")


@dataclass
class Panel:
    """
    A panel in a kernel.

    Args:
        kernel: Where it is.
        do: Runs a cell that has to work.
        pulse: Measures how long things take.
    """

    kernel: Kernel
    do: Callable[[str], Executed]
    pulse: Pulse

    def __post_init__(self) -> None:
        found = self.do(_MADE).stdout.splitlines()
        self._input, self._send, self._stop = json.loads(found[-1])
        self._stray: Counter[str] | None = None

    def ask(self, prompt: str, effect: Effect) -> tuple[Outcome, list[str]]:
        """Write a question, send it, press Stop as often as is wanted, and see what comes."""
        if effect.timeout:
            self.do(f"%codex config timeout={effect.timeout}")
        self.kernel.fill(self._input, {"value": prompt})
        began = self.pulse.now()
        start = time.monotonic()
        self._click(self._send)
        for moment in effect.stop:
            time.sleep(max(start + moment - time.monotonic(), 0))
            self._click(self._stop)
        self.do(f"soak_wait({effect.stall + 12 * PATIENCE})")
        seconds = self.pulse.since(began)
        if effect.timeout:
            self.do(f"%codex config timeout={Codex.timeout.default_value}")
        seen = self.seen()
        return self._outcome(seen, prompt, effect, seconds), self._odd(seen, prompt, effect)

    def seen(self) -> dict[str, Any]:
        """Return what can be seen of it."""
        found = self.do("print(json.dumps(soak_seen()))").stdout
        seen: dict[str, Any] = json.loads(found.splitlines()[-1])
        return seen

    def differences(self, said: Sequence[Said]) -> list[str]:
        """Return where the transcript is not what was said."""
        seen = self.seen()
        shown = [one for one in seen["turns"] if "data-turn=" in one]
        expected = list(said)[-len(shown) :] if shown else []
        wrong = [
            f"{one} is shown as {page[-600:]!r}"
            for one, page in zip(expected, shown, strict=True)
            if not _shows(page, one)
        ]
        if len(shown) < min(len(said), _DRAWN):
            wrong.append(f"{len(shown)} of {len(said)} turns are shown")
        if seen["growing"]:
            wrong.append(f"{seen['growing']} answers still grow")
        return wrong

    def leak(self) -> str:
        """Return what it holds on to that it did not hold at the first call; empty for nothing."""
        stray = Counter(self.seen()["stray"])
        if self._stray is None:
            self._stray = stray
        more = stray - self._stray
        return f"widgets that are in no panel: {more}, beside {self._stray}" if more else ""

    def _click(self, button: str) -> None:
        self.kernel.tell(button, {"event": "click"})

    def _outcome(
        self, seen: dict[str, Any], prompt: str, effect: Effect, seconds: float
    ) -> Outcome:
        if seen["prompt"] != prompt:
            # Stopped before there was anything to ask with.
            return Outcome(
                "AnswerInterrupted", ["The button was pressed before it."], seconds=seconds
            )
        if not seen["error"]:
            stopped = effect.stop and 'data-status="interrupted"' in (seen["turns"] or [""])[-1]
            error = "AnswerInterrupted" if stopped else ""
            lines = ["The answer was stopped by the button."] if stopped else []
            return Outcome(error, lines, shown=seen["text"], seconds=seconds)
        lines = [f"{seen['error']}: {seen['line']}"]
        return Outcome(lines[0], lines, shown=seen["text"], seconds=seconds)

    def _odd(self, seen: dict[str, Any], prompt: str, effect: Effect) -> list[str]:
        """Return what a user would wonder about."""
        if seen["busy"]:
            return ["Stop is still there"]
        if seen["prompt"] != prompt:
            return [] if effect.stop else ["nothing was asked"]
        # What a notebook is advised beyond it, a panel is not.
        told = " ".join(seen["line"].split())[:30]
        if told not in _plain("".join(seen["turns"][-1:])):
            return [f"{seen['line']!r} is not in {seen['turns'][-1:]}"]
        return []


def _shows(page: str, said: Said) -> bool:
    """Return whether a turn is shown as what was said, with each of its words."""
    text = _plain(page)
    whole = all(text.count(word) == said.text.count(word) for word in _COUNTED)
    return whole and said.prompt in text and f'data-status="{said.status}"' in page


def _plain(page: str) -> str:
    """Return the words of a page, without what may be between them."""
    return " ".join(unescape(_MARKUP.sub("", page)).split())
