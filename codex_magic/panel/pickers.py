"""What a question is asked with: the conversation, the model, the effort, the context."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import ipywidgets

from ..api.calls import Caller
from ..api.models import Models
from ..api.transport import Transport
from ..asking import Options
from ..assistant import Assistant
from ..command_words import cut
from ..config import CONTEXTS, EFFORTS
from ..display.progress import plural
from ..display.reply import Reply
from ..errors import CodexError
from .widgets import Shared

_NEW = "new"
# Conversations that are offered, the latest ones; %codex chats lists them all.
_OFFERED = 25
_CONTEXTS = {"none": "what I attach", "recent": "+ recent cells", "above": "+ cells above"}
_MINUTE, _HOUR, _DAY, _WEEK = 60, 3_600, 86_400, 604_800


class Conversations:
    """
    Which conversation it is: the current one, then the latest of this kernel and on disk.

    Args:
        shared: Makes the widgets.
        assistant: Whose conversations they are.
        switched: Is called when the user has chosen another one.
        failed: Is called with the reason where that cannot be.
    """

    def __init__(
        self,
        shared: Shared,
        assistant: Assistant,
        switched: Callable[[], object],
        failed: Callable[[str], object],
    ) -> None:
        self._memory, self._switched, self._failed = assistant.memory, switched, failed
        self._lock = threading.RLock()
        self._refreshing = 0
        self._kept: Sequence[Any] = ()
        self.widget = ipywidgets.Dropdown(
            description="Conversation", layout=shared.layout, _dom_classes=("codex-conversation",)
        )
        self.widget.observe(self._chosen, "value")

    def look(self) -> None:
        """Look which conversations are on disk, and offer them, too."""
        self._kept = self._memory.kept()
        self.refresh()

    def refresh(self) -> None:
        """Offer those that there are, with the current one chosen."""
        options = (*self._offered(), ("＋ New conversation", _NEW))
        # What is set here is no choice of the user's, who may choose on another thread meanwhile.
        with self._lock:
            self._refreshing = threading.get_ident()
            try:
                if self.widget.options != options:
                    self.widget.options = options
                self.widget.value = self._memory.conversation.id
            finally:
                self._refreshing = 0

    def _offered(self) -> list[tuple[str, str]]:
        """Return what stands for each conversation, and its id: the current one, then the latest."""
        memory, now = self._memory, time.time()
        here = list(memory.conversations.values())
        known = {one.id for one in here}
        found = [(chat.updated, _title(chat.name, chat.last_prompt), chat) for chat in self._kept]
        dated = [(when, title, chat.id) for when, title, chat in found if chat.id not in known]
        for one in here:
            last = one.turns[-1] if one.turns else None
            title = _title(one.name, last.prompt if last else "")
            dated.append((last.started if last else now, title, one.id))
        current = memory.conversation.id
        dated.sort(key=lambda one: (one[2] != current, -one[0]))
        return [
            (title if id_ == current else f"{title} · {ago(now - when)}", id_)
            for when, title, id_ in dated[:_OFFERED]
        ]

    def _chosen(self, change: Any) -> None:
        if self._refreshing == threading.get_ident() or change["new"] is None:
            return
        try:
            if change["new"] == _NEW:
                self._memory.new()
            else:
                self._memory.adopt(self._memory.named(change["new"]))
        except CodexError as error:
            # Another kernel may have deleted it.
            self._failed(str(error))
        self._switched()


class Settings:
    """
    The model, the effort and the context of the next question.

    Args:
        shared: Makes the widgets.
        assistant: Who is asked.
        ask_models: Is called when the user wants to know the service's models.
        changed: Is called when something else was chosen.
    """

    def __init__(
        self,
        shared: Shared,
        assistant: Assistant,
        ask_models: Callable[[], object],
        changed: Callable[[], None],
    ) -> None:
        self._assistant = assistant
        self.model = ipywidgets.Combobox(
            placeholder=assistant.services.model(),
            description="Model",
            ensure_option=False,
            continuous_update=False,
            layout=shared.layout,
            _dom_classes=("codex-model",),
        )
        self.effort = ipywidgets.Dropdown(
            options=[("the model's own", ""), *((level, level) for level in EFFORTS)],
            value=assistant.config.effort,
            description="Effort",
            layout=shared.layout,
        )
        self.context = ipywidgets.Dropdown(
            options=[(_CONTEXTS[name], name) for name in CONTEXTS],
            value=assistant.config.context,
            description="Sees",
            layout=shared.layout,
        )
        hint = "Ask the service which models it has"
        self._list = shared.button("List", ask_models, "codex-list", hint=hint)
        self.widget = shared.row(
            (self.model, self._list, self.effort, self.context), "codex-settings"
        )
        self._set = (assistant.config.model, assistant.config.backend)
        self._known = {"effort": self.effort.value, "context": self.context.value}
        for picker in (self.model, self.effort, self.context):
            picker.observe(lambda _: changed(), "value")

    def refresh(self) -> None:
        """Follow the settings, but where the user has chosen something else."""
        config = self._assistant.config
        if (set_now := (config.model, config.backend)) != self._set:
            # Which service there is may be asked of the keyring: not after every cell.
            self._set, self.model.placeholder = set_now, self._assistant.services.model()
        for name, picker in (("effort", self.effort), ("context", self.context)):
            before, self._known[name] = self._known[name], getattr(config, name)
            if picker.value == before:
                picker.value = self._known[name]

    def chosen(self) -> dict[str, Any]:
        """Return the options that stand for what is chosen; settings stay settings."""
        config = self._assistant.config
        context = self.context.value
        return {
            "model": self.model.value.strip() or None,
            "effort": self.effort.value if self.effort.value != config.effort else None,
            "context": context if context != config.context else None,
        }

    def line(self) -> str:
        """Return the model and the effort as ``%codex retry`` takes them."""
        chosen = self.chosen()
        model, effort = chosen["model"], chosen["effort"]
        return f"{f'-m {shlex.quote(model)}' if model else ''} {f'-e {effort}' if effort else ''}"

    def fetch(self) -> None:
        """Ask the service for its models and offer them; not on a thread that must not wait."""
        options = Options()
        preparing = self._assistant.preparing
        choice = preparing.chosen(options, Reply("", model=""), lambda: None)
        transport = Transport()
        try:
            found = Models(Caller(transport, preparing.calls(choice, options))).list()
        finally:
            transport.close()
        today = date.today()
        self.model.options = [model.slug for model in found.data if model.is_live(today)]


def ago(seconds: float) -> str:
    """
    Return how long ago something was, as one would say it.

    >>> ago(20), ago(300), ago(7_300), ago(90_000), ago(400_000)
    ('now', '5 min ago', '2 h ago', '1 day ago', '4 days ago')
    """
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    if seconds < _WEEK:
        return f"{plural(int(seconds // _DAY), 'day')} ago"
    return date.fromtimestamp(time.time() - seconds).isoformat()


def _title(name: str, prompt: str) -> str:
    """Return what a conversation is looked for by: its name, and what was asked last."""
    name = cut(name, 30)
    return f"{name}: {cut(prompt, 40)}" if prompt.strip() else name
