"""``ask`` and ``aask``: the assistant for Python code, in a notebook and outside of one."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, Unpack

from .api.items import Json
from .asking import AskOptions, Options
from .assistant import Assistant
from .display.reply import Reply
from .display.screen import CellScreen, QuietScreen, Screen, TextScreen


def current_assistant() -> Assistant:
    """Return the assistant of the running shell, or one without a shell."""
    from IPython import get_ipython

    shell = get_ipython()
    magic = shell.find_line_magic("codex") if shell else None
    found = getattr(getattr(magic, "__self__", None), "assistant", None)
    return found if isinstance(found, Assistant) else _without_magics()


@lru_cache(maxsize=1)
def _without_magics() -> Assistant:
    return Assistant()


def screen_for(assistant: Assistant, *, ours: bool, quiet: bool, raw: bool) -> Screen:
    """
    Return where an answer is drawn.

    Args:
        assistant: Whose shell it is.
        ours: Whether the whole cell is ours.
        quiet: Show nothing.
        raw: Show the Markdown source.
    """
    if quiet:
        return QuietScreen()
    if raw:
        return TextScreen(sys.stdout, raw=True)
    if getattr(assistant.shell, "kernel", None) is not None:
        return CellScreen(assistant.shell, ours=ours)
    return TextScreen(sys.stdout, sys.stdout)


def is_whole_cell(shell: Any) -> bool:
    """Whether the running cell is one ``%codex`` line and nothing else, so that it is ours."""
    request: Json = getattr(shell, "get_parent", dict)() or {}
    code = str(request.get("content", {}).get("code", "")).strip()
    return code.startswith("%codex") and "\n" not in code


def ask(prompt: str, *, quiet: bool = True, **options: Unpack[AskOptions]) -> Reply:
    """
    Ask in the kernel's conversation, as ``%%codex`` does, and return the reply.

    Args:
        prompt: The question, in Markdown.
        quiet: Show nothing while the answer comes; the reply shows itself as a cell's last value.
        options: Those of ``%%codex``, by their long names.

    Raises:
        CodexError: There is no answer; the message says what to do.

    >>> reply = ask("Why?", model="gpt-5.6-terra", effort="low")  # doctest: +SKIP
    >>> reply.text, reply.usage  # doctest: +SKIP
    """
    assistant = current_assistant()
    screen = screen_for(assistant, ours=False, quiet=quiet, raw=False)
    reply = assistant.ask(prompt, Options(**options), screen)
    if not quiet and assistant.shell is not None:
        reply.shown_by = assistant.shell.execution_count
    return reply


async def aask(prompt: str, **options: Unpack[AskOptions]) -> Reply:
    """
    Ask as ``ask`` does, without blocking the event loop.

    Args:
        prompt: The question, in Markdown.
        options: Those of ``%%codex``, by their long names.

    Raises:
        CodexError: There is no answer; the message says what to do.
    """
    return await current_assistant().aask(prompt, Options(**options))


def ask_in_terminal(prompt: str, *, model: str | None, backend: str | None) -> int:
    """Ask once, print the answer, and return the exit code; notes go to standard error."""
    assistant = Assistant()
    try:
        options = Options(model=model, backend=backend)
        assistant.ask(prompt, options, TextScreen(sys.stdout, sys.stderr))
    finally:
        assistant.close()
    return 0
