"""``%codex`` and ``%%codex``: a line or a cell becomes a question or a command."""

from __future__ import annotations

import atexit
import sys
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.magic import no_var_expand

if TYPE_CHECKING:
    from .assistant import Assistant
    from .command_help import Commands
    from .config import Codex
    from .context.recorder import Recorder
    from .transform import CodexLine

# Seconds after loading in which nothing else is imported: the next cell goes first.
_WARM_UP = 0.05
_SAFE_VIEWS = (("codex_magic.api.items", "Response"),)


class CodexMagics:
    """
    What ``%load_ext codex_magic`` adds to a shell, and takes away again.

    Args:
        shell: The IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._replaced = {kind: _registered(shell, kind) for kind in ("line", "cell")}
        self._config: Codex | None = None
        self._recorder: Recorder | None = None
        self._assistant: Assistant | None = None
        self._lock = threading.RLock()
        self._asked = False
        self._timer = threading.Timer(_WARM_UP, self._warm_up)
        self._timer.daemon = True

    @property
    def config(self) -> Codex:
        """The settings, made when they are asked for first: traits are half of what loading took."""
        with self._lock:
            if self._config is None:
                from .config import Codex  # Builds twenty traits: not while loading.

                self._config = Codex(parent=self._shell)
                self._shell.configurables.append(self._config)
            return self._config

    @property
    def assistant(self) -> Assistant:
        """The kernel's assistant, made when the first question is asked."""
        from .assistant import Assistant  # Imports httpx: not while loading.

        # The warm-up and the first question may come at the same moment; there is one assistant.
        with self._lock:
            if self._assistant is None:
                self._assistant = Assistant(self.config, self._shell, self.recorder)
                # A kernel that is shut down puts what was said on disk first.
                atexit.register(self._assistant.close)
            return self._assistant

    @property
    def recorder(self) -> Recorder:
        """What writes down what the cells do."""
        if self._recorder is None:
            from .context.recorder import (
                Recorder,
            )  # Not while loading: the next cell is soon enough.

            self._recorder = Recorder(self._shell)
        return self._recorder

    @property
    def commands(self) -> Commands:
        """The commands of ``%codex``, by name."""
        from .commands import COMMANDS  # Commands need the assistant: not while loading.

        return COMMANDS

    @no_var_expand
    def line(self, line: str) -> Any:
        """
        Talk to the assistant in one line.

        ``%codex why is this slow?`` asks. ``%codex`` alone shows the status; ``%codex help`` shows
        the commands and the options.
        """
        from .commands import run_line  # Commands need the assistant: not while loading.

        return run_line(self.assistant, line)

    @no_var_expand
    def cell(self, line: str, cell: str) -> Any:
        """
        Ask the model what stands in the cell.

        ``%%codex [options]``, then the prompt. ``%codex help`` lists the options.
        """
        self._asked = True
        from .questioning import run_cell  # As above; and no commands are needed for it.

        return run_cell(self.assistant, line, cell)

    def register(self) -> None:
        """Add the magics, the transformers and the safe views; the settings soon enough."""
        shell = self._shell
        follows = _more_follows(shell)
        if follows is not False or _has_settings(shell):
            # Before ``%config Codex…`` asks for them, and so that a wrong one is told of here.
            _ = self.config
        shell.register_magic_function(self.line, "line", "codex")
        shell.register_magic_function(self.cell, "cell", "codex")
        manager = shell.input_transformer_manager
        # Before IPython takes prompts like ">>>" away: in a prompt of ours they are text.
        manager.cleanup_transforms.insert(0, _codex_cell)
        manager.token_transformers.append(_CodexLine)
        for module, name in _SAFE_VIEWS:
            formatter = shell.display_formatter.mimebundle_formatter
            formatter.for_type_by_name(module, name, self._response_bundle)
        shell.events.register("pre_run_cell", self._begin)
        if shell.Completer is not None:
            shell.Completer.custom_matchers.append(self._completions)
        if follows:
            self.recorder.attach()
        self._warn_of_a_peer()
        self._timer.start()

    def unregister(self) -> None:
        """Take everything away again; another extension's magics come back."""
        self._timer.cancel()
        self._timer.join()
        shell = self._shell
        _forget_event(shell, self._begin)
        if shell.Completer is not None and self._completions in shell.Completer.custom_matchers:
            shell.Completer.custom_matchers.remove(self._completions)
        if self._recorder is not None:
            self._recorder.detach()
        for kind, replaced in self._replaced.items():
            magics = shell.magics_manager.magics[kind]
            magics.pop("codex", None)
            if replaced is not None:
                magics["codex"] = replaced
        if self._config is not None:
            shell.configurables.remove(self._config)
        manager = shell.input_transformer_manager
        manager.cleanup_transforms.remove(_codex_cell)
        manager.token_transformers.remove(_CodexLine)
        for module, name in _SAFE_VIEWS:
            _forget_view(shell.display_formatter.mimebundle_formatter, module, name)
        if self._assistant is not None:
            atexit.unregister(self._assistant.close)
            self._assistant.close()

    def _completions(self, context: Any) -> Any:
        """Complete what stands at the cursor, if it is ours."""
        if "%codex" not in context.full_text:
            return {"completions": []}
        from .completion import matched  # Needs the options: not while loading.

        return matched(context, self.assistant, self.commands)

    # IPython's second API of matchers; ours goes first, and may silence the others.
    _completions.matcher_api_version = 2  # type: ignore[attr-defined]
    _completions.matcher_priority = 1_000  # type: ignore[attr-defined]
    _completions.matcher_identifier = "codex_magic"  # type: ignore[attr-defined]

    def _begin(self, info: Any) -> None:
        """Have the settings, and write down what cells do, from the cell after ours on."""
        _forget_event(self._shell, self._begin)
        try:
            _ = self.config
            self.recorder.attach(info)
        except KeyboardInterrupt:
            from .interrupts import come_again  # Few interrupts come just here.

            if self._recorder is not None:
                # Half of it may be there.
                self._recorder.detach()
            self._shell.events.register("pre_run_cell", self._begin)
            come_again()

    def _response_bundle(self, response: Any) -> Any:
        from .display.reply import response_bundle  # Replies need the API: not while loading.
        from .notebook import runs_scripts_in_markdown

        # A look at a value fails for no setting: where that form is refused, it is HTML.
        wanted = self.config.mime == "markdown" and not runs_scripts_in_markdown(self._shell)
        return response_bundle(response, self._shell, as_markdown=wanted)

    def _warn_of_a_peer(self) -> None:
        for magic in self._replaced.values():
            if magic is not None:
                owner = getattr(magic, "__module__", None) or type(magic).__module__
                print(
                    f"codex_magic: %codex and %%codex were {owner}'s; they are ours until "
                    "%unload_ext codex_magic.",
                    file=sys.stderr,
                )
                return

    def _warm_up(self) -> None:
        """Import what the first question needs, while the user is still writing it."""
        from .errors import CodexError  # Twenty classes: not while loading.

        try:
            for step in (_for_a_request, self._connect, _for_an_answer, _for_commands):
                # A question that has come by now goes first, and imports what it needs itself.
                if self._asked:
                    return
                step()
        except (CodexError, ImportError, RuntimeError):
            # The first question says it, in its own cell.
            pass

    def _connect(self) -> None:
        self.assistant.warm_up()


def _for_a_request() -> None:
    from . import questioning, transform  # noqa: F401


def _for_an_answer() -> None:
    from .context import overlay  # noqa: F401  The recorder asks it what is ours.
    from .display import page  # noqa: F401  Markdown, its sanitizer and Pygments.


def _for_commands() -> None:
    from . import commands  # noqa: F401


class _CodexLine:
    """What IPython asks for lines of ours; the answer is imported with the first cell."""

    @staticmethod
    def find(tokens_by_line: Any) -> CodexLine | None:
        from .transform import CodexLine  # Patterns and a class of IPython's: not while loading.

        return CodexLine.find(tokens_by_line)


def _codex_cell(lines: list[str]) -> list[str]:
    if not any("%codex" in line for line in lines):
        return lines
    from .transform import codex_cell  # As above.

    return codex_cell(lines)


# IPython skips it when it asks whether a cell is complete: it must see the cell magic itself.
_codex_cell.has_side_effects = True  # type: ignore[attr-defined]


def _more_follows(shell: Any) -> bool | None:
    """
    Whether the cell that loads us goes on after that, or None where no cell is known to run.

    What it then shows belongs to the record, and it may change settings.
    """
    result = getattr(shell.displayhook, "exec_result", None)
    source = str(getattr(getattr(result, "info", None), "raw_cell", ""))
    _, loads, rest = source.rpartition("load_ext")
    return "\n" in rest.strip() if loads else None


def _has_settings(shell: Any) -> bool:
    return "Codex" in dict.keys(shell.config)


def _forget_event(shell: Any, function: Any) -> None:
    try:
        shell.events.unregister("pre_run_cell", function)
    except ValueError:
        # It was called before.
        pass


def _registered(shell: Any, kind: str) -> Any:
    return shell.magics_manager.magics[kind].get("codex")


def _forget_view(formatter: Any, module: str, name: str) -> None:
    """Take a view back, whether the formatter has met its class or only knows its name."""
    if (module, name) in formatter.deferred_printers:
        del formatter.deferred_printers[module, name]
    elif module in sys.modules:
        formatter.type_printers.pop(getattr(sys.modules[module], name), None)
