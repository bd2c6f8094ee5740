"""What a question is asked with: the conversation, the model, the effort, the context."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import ipywidgets

from ..api.calls import Caller
from ..api.models import Models
from ..api.transport import Transport
from ..asking import Options
from ..assistant import Assistant
from ..command_words import cut
from ..config import CONTEXTS, EFFORTS
from ..display.reply import Reply
from .widgets import Shared

_NEW = "new"
# Conversations on disk that are offered; %codex chats lists them all.
_KEPT = 20
_CONTEXTS = {"none": "what I attach", "recent": "+ recent cells", "above": "+ cells above"}


class Conversations:
    """
    Which conversation it is: those of this kernel, and the last ones on disk.

    Args:
        shared: Makes the widgets.
        assistant: Whose conversations they are.
        switched: Is called when the user has chosen another one.
    """

    def __init__(
        self, shared: Shared, assistant: Assistant, switched: Callable[[], object]
    ) -> None:
        self._memory, self._switched = assistant.memory, switched
        self._refreshing = False
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
        memory = self._memory
        here = {known.id: name for name, known in memory.conversations.items()}
        kept = [chat for chat in self._kept if chat.id not in here][:_KEPT]
        options = [(name, id_) for id_, name in here.items()]
        options += [(f"{cut(chat.name, 30)} ({_moment(chat.updated)})", chat.id) for chat in kept]
        options.append(("＋ New conversation", _NEW))
        self._refreshing = True
        try:
            if self.widget.options != tuple(options):
                self.widget.options = options
            self.widget.value = memory.conversation.id
        finally:
            self._refreshing = False

    def _chosen(self, change: Any) -> None:
        if self._refreshing or change["new"] is None:
            return
        if change["new"] == _NEW:
            self._memory.new()
        else:
            self._memory.adopt(self._memory.named(change["new"]))
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
        for picker in (self.model, self.effort, self.context):
            picker.observe(lambda _: changed(), "value")

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


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
