"""``%codex help``: the commands and the options, from the tables that run and parse them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .errors import ConfigError
from .options import OPTIONS, Option, usage
from .templates import template_names

Commands = Mapping[str, Callable[..., Any]]

# In which part of the help a command stands; what is not named here is in the last one.
_GROUPS: Sequence[tuple[str, str]] = (
    ("ask", "ask show retry continue edit fix explain"),
    (
        "conversation",
        "new chats switch history undo hide pin fork compact delete resume save load export",
    ),
    ("background", "jobs cancel"),
    ("tools and the page", "tools connect panel"),
    ("service and settings", "status models backend login logout config usage doctor help"),
)
_WIDTH = 44


def whole_help(commands: Commands) -> str:
    """Return a line for every command and every option."""
    lines = ["%codex COMMAND"]
    left = dict(commands)
    for title, names in _GROUPS:
        found = [left.pop(name) for name in names.split() if name in left]
        if found:
            lines += [f"\n{title}", *map(_line, found)]
    if left:
        lines += ["\nother", *map(_line, left.values())]
    lines.append(f"\n%codex PROMPT, or %%codex [options] and the prompt below it{usage()}")
    if templates := template_names():
        lines.append(f"\ntemplates (--template NAME)\n  {', '.join(templates)}")
    lines.append("\n%codex help NAME says more of one command or option.")
    return "\n".join(lines)


def help_of(word: str, commands: Commands) -> str:
    """
    Return what is known of one command or option.

    Raises:
        ConfigError: There is neither of that name.
    """
    options = {flag: option for option in OPTIONS for flag in option.flags}
    said = list(_said(word, commands, options))
    if said:
        return "\n".join(said)
    known = [*commands, *options, *(flag.lstrip("-") for flag in options)]
    near = difflib.get_close_matches(word, known, 1)
    hint = f"Did you mean {near[0]}?" if near else "%codex help lists them."
    raise ConfigError(f"There is no command and no option {word!r}. {hint}")


def _said(word: str, commands: Commands, options: Mapping[str, Option]) -> Iterator[str]:
    if word in commands:
        form, meaning = form_of(commands[word])
        yield f"%codex {form}\n  {meaning}"
    for flag in dict.fromkeys((word, f"--{word}")):
        if flag in options:
            option = options[flag]
            yield f"%%codex {', '.join(option.flags)} {option.metavar}".rstrip()
            yield f"  {option.help}"
            if option.choices:
                yield f"  one of: {', '.join(option.choices)}"


def form_of(command: Callable[..., Any]) -> tuple[str, str]:
    """Return how a command is written, and what it does."""
    form, _, meaning = str(command.__doc__).strip().partition(": ")
    return form, meaning


def _line(command: Callable[..., Any]) -> str:
    form, meaning = form_of(command)
    return f"  {form:<{_WIDTH}} {meaning}"
