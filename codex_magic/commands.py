"""The ``%codex`` commands, one function each."""

from __future__ import annotations

import difflib
import traceback
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
from .asking import Options
from .assistant import Assistant, Preview
from .bridge_commands import connect
from .command_help import help_of, whole_help
from .command_words import instructions_of, number
from .context.budget import encoded_tokens, text_tokens
from .context.gathering import defined_names
from .conversation import editing
from .conversation.editing import Again
from .cost import dollars, price
from .display.preview import preview_html, preview_text
from .display.progress import short
from .display.reply import Reply, is_notebook
from .display.sanitize import well_formed
from .errors import AnswerInterrupted, CodexError, ConfigError
from .functions import is_whole_cell, screen_for
from .inserting import Landing, asking_for_code, land, say_half
from .options import parse_line
from .panel_commands import panel, transcript
from .tool_commands import tools


def run_cell(assistant: Assistant, line: str, cell: str) -> None:
    """Ask what stands in a cell; words after the options on its first line belong to it."""
    options, rest = parse_line(line, _is_name(assistant))
    prompt = "\n".join(part for part in (rest, cell.strip("\r\n")) if part.strip())
    _ask(assistant, prompt, options, ours=_is_our_cell(assistant.shell))


def run_line(assistant: Assistant, line: str) -> Reply | None:
    """Run a command, or ask what stands in a line."""
    line = line.strip()
    name, _, rest = line.partition(" ")
    command = COMMANDS.get(name or "status")
    if command:
        return command(assistant, rest.strip())
    options, prompt = parse_line(line, _is_name(assistant))
    if not options and " " not in prompt and not prompt.endswith("?"):
        raise ConfigError(_suggestion(prompt))
    return _ask(assistant, prompt, options, ours=is_whole_cell(assistant.shell))


def ask(assistant: Assistant, rest: str) -> Reply | None:
    """ask [options] PROMPT: ask the model"""
    options, prompt = parse_line(rest, _is_name(assistant))
    return _ask(assistant, prompt, options, ours=is_whole_cell(assistant.shell))


def _ask_again(assistant: Assistant, options: dict[str, Any], again: Again) -> Reply | None:
    conversation, ours = assistant.conversation, is_whole_cell(assistant.shell)
    before = {turn.id for turn in conversation.turns}
    try:
        return _ask(assistant, again.prompt, options, ours=ours, again=again)
    except CodexError:
        if again.replaces:
            # What was to be replaced stays: a second turn of the same would be left over.
            failed = [turn.id for turn in conversation.turns if turn.status == "failed"]
            conversation.drop(set(failed) - before)
        raise


def _options_alone(assistant: Assistant, rest: str, command: str) -> dict[str, Any]:
    options, more = parse_line(rest, _is_name(assistant))
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
    options, prompt = parse_line(words, _is_name(assistant))
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


def _ask(
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
        given["instructions"] = instructions_of(given["instructions"])
    if landing and {"schema", "json"} & {*given}:
        raise ConfigError("--schema and --json ask for an object, --code and --run for code.")
    options = asking_for_code(assistant, Options(**given), landing, ours=ours)
    if dry_run or debug:
        _show_request(assistant, prompt, options)
    if dry_run:
        return None
    later = options.background
    screen = screen_for(assistant, ours=ours and not debug, quiet=quiet or later, raw=raw)
    try:
        reply = assistant.ask(prompt, options, screen, again)
    except CodexError as error:
        if debug:
            print("".join(traceback.format_exception(error)))
        say_half(assistant, landing)
        raise
    except AnswerInterrupted:
        say_half(assistant, landing)
        raise
    if later:
        _say_later(assistant, reply)
        return None
    if out:
        assistant.shell.user_ns[out] = reply.parsed if reply.form else reply.text
    if not quiet:
        reply.shown_by = getattr(assistant.shell, "execution_count", None)
    if landing:
        land(assistant, reply, prompt, options, landing, quiet=quiet)
    return None if ours else reply


def _say_later(assistant: Assistant, reply: Reply) -> None:
    """Say where an answer will be, where no line below the cell does."""
    if not is_notebook(assistant.shell):
        print(f"In the background: {reply.model}. %codex jobs shows it, %codex show its answer.")


def _is_name(assistant: Assistant) -> Callable[[str], bool]:
    """Return whether a word is the name of a variable: it may then be the value of an option."""
    names = defined_names(assistant.shell)
    return names.__contains__


def _is_our_cell(shell: Any) -> bool:
    """Whether the running cell is a ``%%codex`` cell, and not one that calls the magic."""
    request: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    return str(request.get("content", {}).get("code", "")).lstrip().startswith("%%codex")


def _show_request(assistant: Assistant, prompt: str, options: Options) -> None:
    """Show the request that a question would become; the key is no part of it."""
    preview = assistant.preview(prompt, options)
    summary = _in_total(preview)
    text = preview_text(preview.address, preview.body, summary)
    if not is_notebook(assistant.shell):
        print(text)
        return
    question = preview.attached.items()
    page = preview_html(preview.address, preview.body, question, summary)
    bundle = {"text/html": well_formed(page), "text/plain": well_formed(text)}
    assistant.shell.display_pub.publish(bundle, {"codex_magic": {"preview": True}})


def _in_total(preview: Preview) -> str:
    """Return what a request comes to: what goes along, tokens and money, as estimates."""
    attached = preview.attached
    history = sum(map(encoded_tokens, preview.plan.history))
    tokens = attached.tokens + text_tokens(attached.prompt) + history
    tokens += text_tokens(str(preview.body.get("instructions") or ""))
    backend = preview.choice.service.backend.name
    money = dollars(price(preview.choice.model, backend, read=tokens))
    words = ["Nothing is sent", f"≈ {short(tokens)} tokens", money, attached.words]
    lines = [*words, *attached.remarks, preview.choice.notice]
    return " · ".join(filter(None, lines))


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
