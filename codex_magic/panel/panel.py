"""The panel itself: its parts, put together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import ipywidgets

from ..asking import Options
from ..assistant import Assistant
from ..completion import Completions, in_input
from ..conversation.turns import Turn
from ..display.reply import Reply
from ..display.screen import QuietScreen, Screen
from ..errors import CodexError, ConfigError
from ..following import hands
from ..functions import current_assistant
from ..interrupts import Interrupts
from ..watching import Waiting
from .actions import Actions
from .approving import Cards
from .chips import options_of
from .composer import Composer
from .deeds import Deed, Deeds
from .desk import Desk
from .kernel_thread import KernelThread
from .keys import Keys
from .messages import error_html, small_html
from .pickers import Conversations, Settings
from .reckoning import ahead, so_far
from .slash import command_of, commands_of, said
from .starters import starters
from .transcript import Transcript
from .widgets import Shared


# ipywidgets has no types.
class ChatPanel(ipywidgets.VBox):  # type: ignore[misc]
    """
    A chat with the model that shares the kernel's conversations with the cells.

    ``%codex panel`` shows the kernel's one panel. Several views of it, and several panels, show
    the same.

    Args:
        assistant: Who is asked; by default, the assistant of the running shell.
    """

    def __init__(self, assistant: Assistant | None = None) -> None:
        self._assistant = assistant or current_assistant()
        self._shell = self._assistant.shell
        self._refreshing = threading.RLock()
        shared = self._shared = Shared()
        self._transcript = Transcript(shared, self._reply_of)
        self._cards = Cards(shared)
        watchers = self._assistant.watchers
        kernel = KernelThread(self._shell)
        self._desk = Desk(kernel, watchers.decision, self._fail, self._worked)
        self._conversations = Conversations(shared, self._assistant, watchers.tell, self._fail)
        self._settings = Settings(shared, self._assistant, self._list_models, self._look)
        self._deeds = Deeds(
            self._assistant,
            self._desk,
            self._transcript.note,
            self._say,
            watchers.tell,
            self._settings.line,
        )
        self._actions = Actions(shared, self._do)
        self._composer = Composer(shared, self._send, self.stop, self._estimate, self._completions)
        self._spent = shared.html("", "codex-spent")
        self._keys = Keys(shared, self._heard)
        super().__init__(children=self._parts(), _dom_classes=("codex-panel",))
        self._begin()

    def ask(self, prompt: str) -> None:
        """Ask as if it had been written into the input; the answer appears in the panel."""
        self._composer.send(prompt)

    def show(self) -> None:
        """Show it in the running cell: one more view of the same panel."""
        self._shell.display_pub.publish(self._repr_mimebundle_())

    def stop(self) -> None:
        """Stop what is on its way, wherever it was asked; what arrived is kept."""
        self._desk.stop()
        for growing in self._transcript.growing:
            growing.stopped = True

    def close(self) -> None:
        """Take the panel away; conversations stay."""
        self._assistant.watchers.remove(self)
        self._transcript.close()
        self._composer.close()
        if self._shell is not None and self._refresh_after in self._after_cells():
            self._shell.events.unregister("post_run_cell", self._refresh_after)
        for part in self.children:
            self._shared.close(part)
        self._shared.end()
        self.layout.close()
        super().close()

    def asked(self, reply: Reply, options: Options) -> Screen:
        """Show a question that is on its way, wherever it was asked."""
        if options.once:
            return QuietScreen()
        growing = self._transcript.begin(reply, of_cell=hands.get() is None)
        self._worked()
        return growing

    def changed(self) -> None:
        """Take note that a question has ended, or that another panel changed the conversation."""
        self._refresh()
        self._worked()
        self._look()

    def waits(self, waiting: Waiting) -> None:
        """Let the user say something to a call, wherever its question was asked."""
        self._cards.add(waiting)

    def settled(self, waiting: Waiting) -> None:
        """Take note that something was said to a call, here or elsewhere."""
        self._cards.remove(waiting)

    def _parts(self) -> list[Any]:
        shared = self._shared
        style = shared.html(f"<style>{_style()}</style>", "codex-style")
        head = shared.row((self._conversations.widget, self._spent), "codex-head")
        return [
            style,
            head,
            self._transcript.widget,
            self._actions.widget,
            self._cards.widget,
            self._composer.widget,
            self._settings.widget,
            self._keys.widget,
        ]

    def _begin(self) -> None:
        self._assistant.watchers.add(self)
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._refresh_after)
        with suppress(ConfigError):
            # Without it, code is shown to be copied.
            self._assistant.bridge.mount()
        self._conversations.look()
        self._refresh()
        recorder = self._assistant.preparing.recorder
        self._composer.offer(starters(self._shell, recorder) if self._transcript.empty else ())
        self._look()

    def _after_cells(self) -> Sequence[Any]:
        found: Sequence[Any] = self._shell.events.callbacks["post_run_cell"]
        return found

    def _refresh_after(self, result: Any) -> None:
        """Show what a cell made of the conversation."""
        # The interrupt button was meant for the cell: half a drawing helps nobody.
        with Interrupts():
            self._refresh()

    def _refresh(self) -> None:
        # Questions end on threads of their own, also two at the same moment.
        with self._refreshing:
            conversation = self._assistant.conversation
            self._transcript.show(conversation)
            self._actions.refresh(conversation.turns)
            self._conversations.refresh()
            self._settings.refresh()
            self._spent.value = small_html(so_far(conversation.turns))
            if not self._transcript.empty:
                self._composer.offer(())

    def _send(self, words: str) -> None:
        """Ask what was written, or run the command that it is."""
        self._composer.offer(())
        if command := command_of(words):
            self._desk.begin(partial(self._run, command), waits=True, tells=True)
            return
        options = self._options()
        self._composer.chips.clear()
        # What is the user's is looked at where it belongs; an @ may name such a thing.
        waits = bool(options.vars) or "@" in words
        self._desk.begin(partial(self._assistant.ask, words, options, QuietScreen()), waits=waits)

    def _run(self, command: str) -> None:
        page = said(self._shell, command)
        if page:
            self._transcript.note(page)
        self._assistant.watchers.tell()

    def _options(self) -> Options:
        return options_of(self._composer.attached, **self._settings.chosen())

    def _estimate(self, prompt: str) -> str:
        return "" if command_of(prompt) else ahead(self._assistant, prompt, self._options())

    def _completions(self, text: str) -> Completions:
        return in_input(text, self._assistant, commands_of(self._shell))

    def _do(self, deed: Deed, turn_id: str, below: str = "") -> None:
        with self._saying():
            self._deeds.do(deed, turn_id, below=below)

    def _heard(self, message: dict[str, Any], buffers: list[Any]) -> None:
        """Do what the page says."""
        turn = str(message.get("turn") or "")
        below = str(message.get("below") or "")
        match message.get("say"):
            case "send":
                self._composer.send(str(message.get("text") or ""))
            case "stop":
                self.stop()
            case "recall":
                self._composer.recall(1 if message.get("step") == 1 else -1)
            case "complete":
                self._composer.complete()
            case "image" if buffers:
                self._composer.chips.image(str(message.get("name") or ""), bytes(buffers[0]))
            case "copy":
                with self._saying():
                    self._keys.copy(str(message.get("view") or ""), self._deeds.turn(turn).text)
            case "insert":
                with self._saying():
                    self._deeds.put(str(message.get("code") or ""), turn, below=below)
            case "cells" | "retry" | "continue" | "fork" | "hide" | "pin" as deed:
                self._do(deed, turn, below)
            case _:
                pass

    @contextmanager
    def _saying(self) -> Iterator[None]:
        """A context of what the user wants: where it cannot be, the panel says why."""
        try:
            yield
        except CodexError as error:
            self._say(str(error))

    def _list_models(self) -> None:
        self._say("Asking the service for its models …")

        def fetch() -> None:
            self._settings.fetch()
            self._say(f"{len(self._settings.model.options)} models: choose one in the field.")

        self._desk.begin(fetch, waits=False, tells=True)

    def _reply_of(self, turn: Turn) -> Reply:
        replies = self._assistant.replies
        known = (one for one in reversed(replies) if one.turn and one.turn.id == turn.id)
        return next(known, None) or Reply.of_turn(turn)

    def _worked(self) -> None:
        self._composer.busy(self._desk.busy or bool(self._transcript.growing))

    def _look(self) -> None:
        self._composer.look()

    def _say(self, words: str) -> None:
        self._composer.say(words)

    def _fail(self, words: str) -> None:
        self._transcript.note(error_html(words))


@cache
def _style() -> str:
    return Path(__file__).with_name("panel.css").read_text(encoding="utf-8")
