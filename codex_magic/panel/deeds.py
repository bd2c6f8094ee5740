"""What can be done with an answer: copy, into cells, retry, go on, fork, hide, pin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ..assistant import Assistant
from ..bridge import NewCell
from ..code.blocks import blocks, joined, labelled
from ..command_words import cut
from ..conversation import editing
from ..conversation.turns import Turn
from ..display.progress import plural
from ..errors import ConfigError
from ..placing import cells_of
from .desk import Desk
from .messages import code_html, note_html, small_html
from .slash import said

Deed = Literal["copy", "cells", "retry", "continue", "fork", "hide", "pin"]
NO_BRIDGE = "This page lets nobody write into its cells. Copy the code from here:"


class Deeds:
    """
    Does what the user wants with an answer of the current conversation.

    Args:
        assistant: Whose conversation it is.
        desk: Asks what has to be asked.
        show: Shows HTML below what was said.
        say: Says something in one line.
        changed: Is called when the conversation has changed.
        chosen: Returns the model and so on that the next question is asked with, as options.
    """

    def __init__(
        self,
        assistant: Assistant,
        desk: Desk,
        show: Callable[[str], None],
        say: Callable[[str], None],
        changed: Callable[[], None],
        chosen: Callable[[], str],
    ) -> None:
        self._chosen = chosen
        self._assistant, self._desk = assistant, desk
        self._show, self._say, self._changed = show, say, changed

    def do(self, deed: Deed, turn_id: str, *, below: str = "") -> None:
        """
        Do something with an answer.

        Args:
            deed: What.
            turn_id: Which.
            below: The cell below which code goes; empty for the end of the notebook.

        Raises:
            CodexError: It cannot be done.
        """
        turn = self.turn(turn_id)
        match deed:
            case "copy":
                self._show(note_html("The answer in Markdown", "") + code_html(turn.text))
            case "cells":
                self._into_cells(turn, below)
            case "retry":
                self._retry(turn)
            case "continue":
                self._command(f"continue {self._chosen()}")
            case "fork":
                self._fork(turn)
            case "hide" | "pin":
                self._toggle(deed, turn)

    def turn(self, turn_id: str) -> Turn:
        """
        Return a turn of the current conversation.

        Raises:
            ConfigError: It is gone.
        """
        turns = self._assistant.conversation.turns
        found = next((turn for turn in turns if turn.id == turn_id), None)
        if found is None:
            raise ConfigError("This answer is not in the conversation any more.")
        return found

    def put(self, code: str, turn_id: str, *, below: str) -> None:
        """Put one block of an answer into a cell."""
        turn = self.turn(turn_id)
        known = [block for block in blocks(turn.text) if block.kind == "code"]
        # What a shell runs gets its %%bash, and prompts are taken away.
        block = next((one for one in known if _bare(code) in _bare(one.source)), None)
        source = labelled(block.source if block else code.strip("\n"), _title(turn))
        self._write([NewCell(source)], source, below)

    def _into_cells(self, turn: Turn, below: str) -> None:
        answer = blocks(turn.text)
        cells = list(cells_of(answer, _title(turn)))
        if not cells:
            self._say("There is no code in this answer.")
            return
        self._write(cells, labelled(joined(answer), _title(turn)), below)

    def _write(self, cells: list[NewCell], source: str, below: str) -> None:
        def done(problem: str) -> None:
            if problem:
                self._show(small_html(f"Nothing was written: {problem}.") + code_html(source))
            else:
                self._say(f"{plural(len(cells), 'cell')} written into the notebook.")

        if not self._assistant.bridge.insert(cells, below=below, done=done):
            self._show(small_html(NO_BRIDGE) + code_html(source))

    def _retry(self, turn: Turn) -> None:
        asked = [one for one in self._assistant.conversation.turns if one.kind == "turn"]
        if asked and asked[-1].id == turn.id and not turn.hidden:
            self._command(f"retry {self._chosen()}")
        else:
            # Words of a question may look like options.
            self._command(f"edit {self._number(turn)} {self._chosen()} -- {turn.prompt}")

    def _fork(self, turn: Turn) -> None:
        memory = self._assistant.memory
        conversation = memory.conversation
        name = editing.free_name(f"{conversation.name} fork", memory.conversations)
        memory.adopt(editing.fork(conversation, name, upto=self._number(turn)), whole=True)
        self._say(f"A copy up to this answer: {name!r}. The other one keeps its name.")
        self._changed()

    def _toggle(self, deed: Literal["hide", "pin"], turn: Turn) -> None:
        change = {"hide": {"hidden": not turn.hidden}, "pin": {"pinned": not turn.pinned}}[deed]
        self._assistant.conversation.amend(turn.id, **change)
        self._changed()

    def _number(self, turn: Turn) -> int:
        return self._assistant.conversation.turns.index(turn) + 1

    def _command(self, command: str) -> None:
        """Run a command that asks; what it asks is shown as every question is."""

        def run() -> None:
            if page := said(self._assistant.shell, command):
                self._show(page)

        self._desk.begin(run, waits=False, tells=True)


def _title(turn: Turn) -> str:
    return f"codex: {cut(turn.prompt)}"


def _bare(code: str) -> str:
    return "".join(code.split())
