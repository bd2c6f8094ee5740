"""The ``%codex`` commands, one function each."""

from __future__ import annotations

import difflib
import json
import os
import shlex
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .asking import Options
from .assistant import Assistant, is_whole_cell, screen_for
from .conversation.turns import Turn
from .display.progress import plural, printable, short
from .display.reply import Reply
from .errors import CodexError, ConfigError
from .options import parse_line, usage

_SHOWN = 70
# What stands for the base64 of an image where a request is shown to a person.
_LONG = 2_000


def run_cell(assistant: Assistant, line: str, cell: str) -> None:
    """Ask what stands in a cell; words after the options on its first line belong to it."""
    options, rest = parse_line(line)
    prompt = "\n".join(part for part in (rest, cell.strip("\r\n")) if part.strip())
    _ask(assistant, prompt, options, ours=_is_our_cell(assistant.shell))


def run_line(assistant: Assistant, line: str) -> Reply | None:
    """Run a command, or ask what stands in a line."""
    line = line.strip()
    name, _, rest = line.partition(" ")
    command = COMMANDS.get(name or "status")
    if command:
        return command(assistant, rest.strip())
    options, prompt = parse_line(line)
    if not options and " " not in prompt and not prompt.endswith("?"):
        raise ConfigError(_suggestion(prompt))
    return _ask(assistant, prompt, options, ours=is_whole_cell(assistant.shell))


def ask(assistant: Assistant, rest: str) -> Reply | None:
    """ask [options] PROMPT: ask the model"""
    options, prompt = parse_line(rest)
    return _ask(assistant, prompt, options, ours=is_whole_cell(assistant.shell))


def new(assistant: Assistant, rest: str) -> None:
    """new [NAME]: start a new conversation"""
    conversation = assistant.new(rest or None)
    print(f"Conversation {conversation.name!r} begins. The others keep their names.")


def status(assistant: Assistant, rest: str) -> None:
    """status: the service, the model, the conversation"""
    service, source = assistant.services.describe()
    conversation, config = assistant.conversation, assistant.config
    turns = [turn for turn in conversation.turns if turn.usage]
    read = sum(turn.usage.input_tokens for turn in turns if turn.usage)
    written = sum(turn.usage.output_tokens for turn in turns if turn.usage)
    rows = [
        ("service", service),
        ("key", source),
        ("model", assistant.services.model()),
        ("effort", config.effort or "the model's own"),
        ("state", config.state),
        ("conversation", f"{conversation.name}, {plural(len(conversation.turns), 'turn')}"),
        ("tokens", f"{short(read)} in, {short(written)} out"),
    ]
    print("\n".join(f"{name:<13} {value}" for name, value in rows))


def config(assistant: Assistant, rest: str) -> None:
    """config [NAME=VALUE …]: show the settings, or change them"""
    named = []
    for word in _words(rest):
        name, equals, value = word.partition("=")
        if equals:
            assistant.config.assign(name, value)
        named.append(name)
    rows = assistant.config.rows()
    unknown = set(named) - {row[0] for row in rows}
    if unknown:
        raise ConfigError(f"{unknown.pop()!r} is no setting; %codex config lists them.")
    for name, value, default, meaning in rows:
        if not named or name in named:
            mark = " " if value == default else "*"
            print(f"{mark} {name:<12} {_cut(repr(value), 44):<45} {meaning}")


def history(assistant: Assistant, rest: str) -> None:
    """history [-n N]: what was said in this conversation"""
    turns = assistant.conversation.turns
    words = _words(rest)
    if words[:1] == ["-n"]:
        words = words[1:]
    count = _number(words[0], "history -n") if words else len(turns)
    if not turns:
        print(f"Nothing was said in {assistant.conversation.name!r} yet.")
    first = max(len(turns) - count, 0)
    for number, turn in enumerate(turns[first:], start=first + 1):
        print(_listed(number, turn))


def undo(assistant: Assistant, rest: str) -> None:
    """undo [N]: take back the last turn, or the last N"""
    taken = assistant.conversation.undo(_number(rest, "undo") if rest else 1)
    if not taken:
        print("There is nothing to take back.")
    for turn in taken:
        print(f"Taken back: {_cut(turn.prompt)}")


def show(assistant: Assistant, rest: str) -> None:
    """show [N]: draw the last answer again, or the answer of turn N"""
    _shown_reply(assistant, rest).show(assistant.shell)


def help_(assistant: Assistant, rest: str) -> None:
    """help: the commands and the options"""
    print("%codex COMMAND")
    for command in COMMANDS.values():
        form, _, meaning = str(command.__doc__).partition(": ")
        print(f"  {form:<28} {meaning}")
    print(f"\n%codex PROMPT, or %%codex [options] and the prompt below it{usage()}")


COMMANDS: dict[str, Callable[[Assistant, str], Reply | None]] = {
    "ask": ask,
    "show": show,
    "new": new,
    "history": history,
    "undo": undo,
    "status": status,
    "config": config,
    "help": help_,
}


def _ask(assistant: Assistant, prompt: str, given: dict[str, Any], *, ours: bool) -> Reply | None:
    """Ask as the options say, and put the answer where they say."""
    out = given.pop("out", None)
    quiet, raw = given.pop("quiet", False), given.pop("raw", False)
    dry_run, debug = given.pop("dry_run", False), given.pop("debug", False)
    options = Options(**{**given, **_read_instructions(given)})
    if dry_run or debug:
        print(_request_text(assistant, prompt, options))
    if dry_run:
        return None
    screen = screen_for(assistant, ours=ours and not debug, quiet=quiet, raw=raw)
    try:
        reply = assistant.ask(prompt, options, screen)
    except CodexError as error:
        if debug:
            print("".join(traceback.format_exception(error)))
        raise
    if out:
        assistant.shell.user_ns[out] = reply.text
    if not quiet:
        reply.shown_by = getattr(assistant.shell, "execution_count", None)
    return None if ours else reply


def _is_our_cell(shell: Any) -> bool:
    """Whether the running cell is a ``%%codex`` cell, and not one that calls the magic."""
    request: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    return str(request.get("content", {}).get("code", "")).lstrip().startswith("%%codex")


def _request_text(assistant: Assistant, prompt: str, options: Options) -> str:
    """Return the request that a question would become; the key is no part of it."""
    address, request = assistant.preview(prompt, options)
    return f"POST {address}\n{json.dumps(_shortened(request), indent=2, ensure_ascii=False)}"


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_shortened(member) for member in value]
    if isinstance(value, str) and value.startswith("data:") and len(value) > _LONG:
        return f"{value[:60]}… ({len(value):,} characters)"
    return value


def _read_instructions(given: dict[str, Any]) -> dict[str, str]:
    text = given.get("instructions", "")
    if not text.startswith("@"):
        return {}
    path = Path(os.path.expanduser(text[1:]))
    try:
        return {"instructions": path.read_text(encoding="utf-8")}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--instructions {text}: {error}.") from error


def _shown_reply(assistant: Assistant, rest: str) -> Reply:
    replies = assistant.replies
    if not rest:
        # A question that got no answer does not hide the answer before it.
        last = next((reply for reply in reversed(replies) if reply.text), None)
        if last is None:
            raise ConfigError("There is no answer to show yet.")
        return last
    turns = assistant.conversation.turns
    number = _number(rest, "show")
    if not 1 <= number <= len(turns):
        raise ConfigError(f"There is no turn {number}: this conversation has {len(turns)}.")
    wanted = turns[number - 1]
    known = (reply for reply in replies if reply.turn and reply.turn.id == wanted.id)
    return next(known, None) or Reply.of_turn(wanted)


def _listed(number: int, turn: Turn) -> str:
    mark = "" if turn.status == "completed" else f" ({turn.status})"
    answer = turn.text or turn.error or ""
    return f"{number:>3}  {_cut(turn.prompt)}\n     → {_cut(answer)}{mark}"


def _cut(text: str, size: int = _SHOWN) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= size else f"{text[: size - 1]}…"


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"{text!r}: {error}.") from error


def _number(text: str, command: str) -> int:
    if not text.isdigit():
        raise ConfigError(f"%codex {command} takes a number, not {text!r}.")
    return int(text)


def _suggestion(word: str) -> str:
    near = difflib.get_close_matches(word, COMMANDS, 1)
    hint = f"Did you mean %codex {near[0]}?" if near else "%codex help lists the commands."
    return f"There is no command {word!r}. {hint} To ask it, write %codex ask {word}."
