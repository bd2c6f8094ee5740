"""``ask`` and ``aask``: the assistant for Python code, in a notebook and outside of one."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from typing import Any, Unpack

from .api.items import Json
from .asking import AskOptions, Options
from .assistant import Assistant
from .display.reply import Reply
from .display.screen import CellScreen, QuietScreen, Screen, TextScreen
from .errors import ConfigError
from .joining import looked_at

# What the model is told where its answer is to be code, after its other instructions.
FOR_CODE = (
    "Answer with code for this notebook. Put all of it into fenced code blocks that name their "
    "language, in the order in which they are to run. What stands outside of the blocks is shown "
    "and not run."
)


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


def for_code(assistant: Assistant, options: Options) -> str:
    """Return the instructions that hold for a question, and that its answer is to be code."""
    known = (
        options.instructions
        or looked_at(assistant.memory, options).instructions
        or assistant.config.instructions
    )
    return f"{known}\n\n{FOR_CODE}" if known else FOR_CODE


def _options(assistant: Assistant, given: AskOptions, *, code: bool) -> Options:
    options = Options(**given)
    if not code:
        return options
    if options.schema is not None or options.json:
        raise ConfigError("schema and json ask for an object, code for code.")
    return replace(options, instructions=for_code(assistant, options))


def ask(
    prompt: str, *, quiet: bool = True, code: bool = False, **options: Unpack[AskOptions]
) -> Reply:
    """
    Ask in the kernel's conversation, as ``%%codex`` does, and return the reply.

    Args:
        prompt: The question, in Markdown.
        quiet: Show nothing while the answer comes; the reply shows itself as a cell's last value.
        code: Reply with code: ``reply.code`` is all of it. Nothing is run, or put into a cell.
        options: Those of ``%%codex``, by their long names.

    Raises:
        CodexError: There is no answer; the message says what to do.

    >>> reply = ask("Why?", model="gpt-5.6-terra", effort="low")  # doctest: +SKIP
    >>> reply.text, reply.usage  # doctest: +SKIP
    """
    assistant = current_assistant()
    screen = screen_for(assistant, ours=False, quiet=quiet, raw=False)
    reply = assistant.ask(prompt, _options(assistant, options, code=code), screen)
    if not quiet and assistant.shell is not None:
        reply.shown_by = assistant.shell.execution_count
    return reply


async def aask(prompt: str, *, code: bool = False, **options: Unpack[AskOptions]) -> Reply:
    """
    Ask as ``ask`` does, without blocking the event loop.

    Args:
        prompt: The question, in Markdown.
        code: Reply with code: ``reply.code`` is all of it.
        options: Those of ``%%codex``, by their long names.

    Raises:
        CodexError: There is no answer; the message says what to do.
    """
    assistant = current_assistant()
    return await assistant.aask(prompt, _options(assistant, options, code=code))


def ask_in_terminal(prompt: str, *, model: str | None, backend: str | None) -> int:
    """Ask once, print the answer, and return the exit code; notes go to standard error."""
    assistant = Assistant()
    try:
        options = Options(model=model, backend=backend)
        assistant.ask(prompt, options, TextScreen(sys.stdout, sys.stderr))
    finally:
        assistant.close()
    return 0
