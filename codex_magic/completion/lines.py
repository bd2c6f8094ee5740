"""What fits in a line of options, in a command, in a prompt, and in the panel's input."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..command_help import Commands, form_of
from ..options import OPTIONS, Option
from . import words
from .completions import Completion, Completions, fitting, of_kind
from .words import Source

if TYPE_CHECKING:
    from ..assistant import Assistant

_BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}
_WORD = re.compile(r"\S*$")
_FLAG = re.compile(r"--?[a-z][\w-]*")
_GIVEN = re.compile(r"(--[a-z][\w-]*)=(\S*)$")
_MENTION = re.compile(
    r"""(?<![\w@.`/\\-])@(?:
        file:(?P<quote>["'])(?P<quoted>[^"']*)
      | file:(?P<path>\S*)
      | (?P<name>[\w\[\].-]*)
    )$""",
    re.X,
)
_SETTING = re.compile(r"(?P<name>\w+)=(?P<value>\S*)$")

# What the value of an option can be, where it has no list of choices.
_VALUES: Mapping[str, Source] = {
    "model": words.models,
    "backend": words.backends,
    "service_tier": lambda it, part: of_kind("value", ("auto", "default", "flex", "priority")),
    "instructions": words.instruction_files,
    "template": words.templates,
    "cells": words.cells,
    "vars": words.variables_or_all,
    "figures": words.figures,
    "images": words.images,
    "files": words.files,
    "chat": words.chats,
    "replace": words.cells,
    "schema": words.schemas,
    "out": words.variables,
    "tools": words.tools,
    "tool_choice": words.tool_choices,
    "param": words.parameters,
}
# What stands behind a command, beside its own options.
_ARGUMENTS: Mapping[str, Source] = {
    "config": words.settings,
    "switch": words.chats,
    "delete": words.chats,
    "resume": words.chats,
    "show": words.turns,
    "edit": words.turns,
    "hide": words.turns,
    "pin": words.turns,
    "backend": words.backends,
    "cancel": words.jobs,
    "explain": words.cells,
    "save": words.files,
    "load": words.files,
    "export": words.files,
    "tools": lambda it, part: of_kind("value", ("reset",)),
}


def in_line(before: str, assistant: Assistant, commands: Commands | None = None) -> Completions:
    """
    Return what fits behind ``%%codex``, or behind ``%codex`` if it is a command's place.

    Args:
        before: What stands between the magic and the cursor.
        assistant: Knows what there is.
        commands: The commands that may stand there; None where none may.
    """
    name, space, rest = before.lstrip().partition(" ")
    if commands is not None and not space:
        found = [*of_kind("command", commands), *(_flags() if name.startswith("-") else ())]
        return fitting(name, found) if not name.startswith("@") else in_prompt(before, assistant)
    if commands and name in commands:
        return _behind(name, rest, assistant, commands)
    return _in_options(before, assistant, _flags())


def in_prompt(before: str, assistant: Assistant) -> Completions:
    """Return what an ``@`` that stands before the cursor can name."""
    found = _MENTION.search(before)
    if found is None:
        return Completions("")
    if found["name"] is None:
        part, quote = found["quoted"] or found["path"] or "", found["quote"] or ""
        paths = fitting(part, words.files(assistant, part))
        return Completions(found[0], tuple(_mentioned(path, quote) for path in paths.found))
    return fitting(found[0], words.mentions(assistant))


def in_input(text: str, assistant: Assistant, commands: Commands) -> Completions:
    """
    Return what fits at the end of the panel's input, as it does in a cell.

    Args:
        text: What stands there: a question, or a command behind a stroke.
        assistant: Knows what there is.
        commands: The commands that may stand behind the stroke.
    """
    above, _, line = text.rpartition("\n")
    begun = line.lstrip()
    if above.strip() or begun[:1] != "/" or not (begun == "/" or begun[1].isalpha()):
        return in_prompt(line, assistant)
    return in_line(begun[1:], assistant, commands)


def _behind(name: str, rest: str, assistant: Assistant, commands: Commands) -> Completions:
    """Return what fits behind the name of a command."""
    form, _ = form_of(commands[name])
    takes_all = "[options]" in form
    flags = of_kind("option", _FLAG.findall(form.replace("[options]", "")))
    found = _in_options(rest, assistant, [*flags, *(_flags() if takes_all else ())])
    part = _last(rest)
    if name == "help":
        return fitting(part, [*of_kind("command", commands), *_flags()])
    if found.found or name not in _ARGUMENTS:
        return found
    if name == "config" and (setting := _SETTING.search(rest)):
        value = setting["value"]
        return fitting(value, words.setting_values(assistant, setting["name"], value))
    return fitting(part, _ARGUMENTS[name](assistant, part))


def _in_options(before: str, assistant: Assistant, flags: Iterable[Completion]) -> Completions:
    """Return what fits at the end of options, with a prompt behind them."""
    part = _last(before)
    if given := _GIVEN.search(before):
        option = _BY_FLAG.get(given[1])
        return _value(option, given[2], assistant) if option else Completions("")
    if part.startswith("-"):
        return fitting(part, flags)
    option = _open_option(before[: len(before) - len(part)].split(), assistant)
    if option is not None and (found := _value(option, part, assistant)).found:
        return found
    return in_prompt(before, assistant)


def _open_option(before: list[str], assistant: Assistant) -> Option | None:
    """Return the option whose value may stand behind some words; None where none does."""
    for place, word in enumerate(reversed(before)):
        option = _BY_FLAG.get(word)
        if option is not None:
            takes = option.metavar and (place == 0 or option.values == "many")
            return option if takes else None
        if word.rstrip(",") not in words.names(assistant):
            return None
    return None


def _value(option: Option, part: str, assistant: Assistant) -> Completions:
    """Return what fits as an option's value."""
    if option.values == "many" and "," in part:
        part = part.rpartition(",")[2]
    if option.choices:
        return fitting(part, of_kind("value", option.choices))
    source = _VALUES.get(option.name)
    return fitting(part, source(assistant, part)) if source else Completions(part)


def _flags() -> list[Completion]:
    return of_kind("option", [option.flags[-1] for option in OPTIONS] + _short())


def _short() -> list[str]:
    return [flag for option in OPTIONS for flag in option.flags[:-1]]


def _last(before: str) -> str:
    found = _WORD.search(before)
    return found[0] if found else ""


def _mentioned(path: Completion, quote: str) -> Completion:
    """Return a path as a prompt names it; what goes on behind a folder stands in its quotes, too."""
    quote = quote or ('"' if " " in path.text else "")
    end = "" if path.text.endswith("/") else quote
    return Completion(f"@file:{quote}{path.text}{end}", path.kind)
