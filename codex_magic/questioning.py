"""A cell or a line becomes a question, and its answer goes where the options say."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .asking import Options
from .assistant import Assistant
from .context.wanted import defined_names
from .display.reply import Reply, is_notebook
from .errors import AnswerInterrupted, CodexError, ConfigError
from .functions import screen_for
from .landing import Landing
from .options import parse_line

if TYPE_CHECKING:
    from .conversation.editing import Again


def run_cell(assistant: Assistant, line: str, cell: str) -> None:
    """Ask what stands in a cell; words after the options on its first line belong to it."""
    options, rest = parse_line(line, is_name(assistant))
    prompt = "\n".join(part for part in (rest, cell.strip("\r\n")) if part.strip())
    question(assistant, prompt, options, ours=_is_our_cell(assistant.shell))


def question(
    assistant: Assistant,
    prompt: str,
    given: dict[str, Any],
    *,
    ours: bool,
    again: Again | None = None,
) -> Reply | None:
    """Ask as the options say, and put the answer where they say."""
    out = given.pop("out", None)
    quiet, raw = given.pop("quiet", False), given.pop("raw", False)
    dry_run, debug = given.pop("dry_run", False), given.pop("debug", False)
    landing = Landing.taken(given).aimed(assistant)
    if given.get("background") and (landing or out or again):
        raise ConfigError("--background only asks: it goes without --code, --run and --out.")
    if "instructions" in given:
        from .command_words import instructions_of

        given["instructions"] = instructions_of(given["instructions"])
    if landing and {"schema", "json"} & {*given}:
        raise ConfigError("--schema and --json ask for an object, --code and --run for code.")
    options = Options(**given)
    if landing:
        from .inserting import asking_for_code  # Reads and writes code: few questions ask for any.

        options = asking_for_code(assistant, options, landing, ours=ours)
    if dry_run or debug:
        from .dry_run import show_request

        show_request(assistant, prompt, options)
    if dry_run:
        return None
    later = options.background
    screen = screen_for(assistant, ours=ours and not debug, quiet=quiet or later, raw=raw)
    try:
        reply = assistant.ask(prompt, options, screen, again)
    except CodexError as error:
        if debug:
            print("".join(traceback.format_exception(error)))
        _say_half(assistant, landing)
        raise
    except AnswerInterrupted:
        _say_half(assistant, landing)
        raise
    if later:
        _say_later(assistant, reply)
        return None
    if out:
        assistant.shell.user_ns[out] = reply.parsed if reply.form else reply.text
    if not quiet:
        reply.shown_by = getattr(assistant.shell, "execution_count", None)
    if landing:
        from .inserting import land

        land(assistant, reply, prompt, options, landing, quiet=quiet)
    return None if ours else reply


def _say_half(assistant: Assistant, landing: Landing) -> None:
    if landing:
        from .inserting import say_half

        say_half(assistant, landing)


def _say_later(assistant: Assistant, reply: Reply) -> None:
    """Say where an answer will be, where no line below the cell does."""
    if not is_notebook(assistant.shell):
        print(f"In the background: {reply.model}. %codex jobs shows it, %codex show its answer.")


def is_name(assistant: Assistant) -> Callable[[str], bool]:
    """Return whether a word is the name of a variable: it may then be the value of an option."""
    names = defined_names(assistant.shell)
    return names.__contains__


def _is_our_cell(shell: Any) -> bool:
    """Whether the running cell is a ``%%codex`` cell, and not one that calls the magic."""
    request: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    return str(request.get("content", {}).get("code", "")).lstrip().startswith("%%codex")
