"""The ``%codex`` commands, one function each."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from . import (
    code_commands,
    conversation_commands,
    doctor_commands,
    job_commands,
    login_commands,
    model_commands,
    settings_commands,
)
from .assistant import Assistant
from .bridge_commands import connect
from .command_help import help_of, whole_help
from .command_words import number
from .conversation import editing
from .conversation.editing import Again
from .display.reply import Reply
from .errors import CodexError, ConfigError
from .functions import is_whole_cell
from .options import parse_line
from .panel_commands import panel, transcript
from .questioning import is_name, question
from .tool_commands import tools


def run_line(assistant: Assistant, line: str) -> Reply | None:
    """Run a command, or ask what stands in a line."""
    line = line.strip()
    name, _, rest = line.partition(" ")
    command = COMMANDS.get(name or "status")
    if command:
        return command(assistant, rest.strip())
    options, prompt = parse_line(line, is_name(assistant))
    if not options and " " not in prompt and not prompt.endswith("?"):
        raise ConfigError(_suggestion(prompt))
    return question(assistant, prompt, options, ours=is_whole_cell(assistant.shell))


def ask(assistant: Assistant, rest: str) -> Reply | None:
    """ask [options] PROMPT: ask the model"""
    options, prompt = parse_line(rest, is_name(assistant))
    return question(assistant, prompt, options, ours=is_whole_cell(assistant.shell))


def _ask_again(assistant: Assistant, options: dict[str, Any], again: Again) -> Reply | None:
    conversation, ours = assistant.conversation, is_whole_cell(assistant.shell)
    before = {turn.id for turn in conversation.turns}
    try:
        return question(assistant, again.prompt, options, ours=ours, again=again)
    except CodexError:
        if again.replaces:
            # What was to be replaced stays: a second turn of the same would be left over.
            failed = [turn.id for turn in conversation.turns if turn.status == "failed"]
            conversation.drop(set(failed) - before)
        raise


def _options_alone(assistant: Assistant, rest: str, command: str) -> dict[str, Any]:
    options, more = parse_line(rest, is_name(assistant))
    if more:
        raise ConfigError(f"%codex {command} takes options and no words: not {more!r}.")
    return options


def show(assistant: Assistant, rest: str) -> None:
    """show [N]: draw the last answer again, or the answer of turn N"""
    assistant.preparing.form(_shown_reply(assistant, rest)).show(assistant.shell)


def help_(assistant: Assistant, rest: str) -> None:
    """help [NAME]: the commands and the options, or one of them"""
    print(help_of(rest, COMMANDS) if rest else whole_help(COMMANDS))


def retry(assistant: Assistant, rest: str) -> Reply | None:
    """retry [options]: ask the last question again; the answer takes the old one's place"""
    again = editing.retry(assistant.conversation)
    return _ask_again(assistant, _options_alone(assistant, rest, "retry"), again)


def continue_(assistant: Assistant, rest: str) -> Reply | None:
    """continue [options]: go on with an answer that was interrupted or cut"""
    again = editing.continue_(assistant.conversation)
    options = _options_alone(assistant, rest, "continue")
    if wanted := {*options} & {"code", "replace", "run", "schema", "json"}:
        raise ConfigError(
            f"%codex continue gives the rest of an answer: for --{min(wanted)}, ask anew."
        )
    return _ask_again(assistant, options, again)


def edit(assistant: Assistant, rest: str) -> Reply | None:
    """edit N [options] PROMPT: ask turn N again in other words; what followed it is kept in a copy"""
    first, _, words = rest.partition(" ")
    options, prompt = parse_line(words, is_name(assistant))
    if not prompt:
        raise ConfigError("%codex edit N PROMPT: give the number of a turn and its new words.")
    conversation, names = assistant.conversation, assistant.memory.conversations
    clean = assistant.preparing.without_secrets(prompt)
    again = editing.edit(conversation, number(first, "edit"), clean, names)
    reply = _ask_again(assistant, options, again)
    # A dry run takes nothing away.
    gone = not {*again.replaces} & {turn.id for turn in conversation.turns}
    if again.before is not None and len(again.replaces) > 1 and gone:
        kept = assistant.memory.put_aside(again.before)
        print(f"What followed is kept in {kept.name!r}: %codex switch {kept.name}")
    return reply


COMMANDS: dict[str, Callable[[Assistant, str], Reply | None]] = {
    "ask": ask,
    "show": show,
    "retry": retry,
    "continue": continue_,
    "edit": edit,
    **code_commands.COMMANDS,
    **conversation_commands.COMMANDS,
    "tools": tools,
    "panel": panel,
    "transcript": transcript,
    "connect": connect,
    **job_commands.COMMANDS,
    **model_commands.COMMANDS,
    **login_commands.COMMANDS,
    **doctor_commands.COMMANDS,
    **settings_commands.COMMANDS,
    "help": help_,
}


def _shown_reply(assistant: Assistant, rest: str) -> Reply:
    replies = assistant.replies
    if not rest:
        # A question that got no answer does not hide the answer before it.
        last = next((reply for reply in reversed(replies) if reply.text), None)
        if last is None:
            raise ConfigError("There is no answer to show yet.")
        return last
    turns = assistant.conversation.turns
    place = number(rest, "show")
    if not 1 <= place <= len(turns):
        raise ConfigError(f"There is no turn {place}: this conversation has {len(turns)}.")
    wanted = turns[place - 1]
    known = (reply for reply in replies if reply.turn and reply.turn.id == wanted.id)
    return next(known, None) or Reply.of_turn(wanted)


def _suggestion(word: str) -> str:
    near = difflib.get_close_matches(word, COMMANDS, 1)
    hint = f"Did you mean %codex {near[0]}?" if near else "%codex help lists the commands."
    return f"There is no command {word!r}. {hint} To ask it, write %codex ask {word}."
