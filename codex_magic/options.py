"""The options of ``%%codex``: one table, from which the parser and the help are made."""

from __future__ import annotations

import argparse
import difflib
import json
import keyword
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from .config import CONTEXTS, DETAILS, EFFORTS, STATES, SUMMARIES, VERBOSITIES
from .conversation.hosted_tools import is_hosted
from .errors import ConfigError
from .patterns import late
from .records import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """
    One option.

    Attributes:
        flags: Its names, the short one first.
        help: What it does, in one line.
        group: The part of the help that it stands in.
        metavar: What stands for its value; empty for a switch.
        kind: The type of its value.
        choices: The values that it can have; empty for any.
        dest: The name of what it sets, if that is not its long name.
        value: What a switch sets it to.
        values: How many it has: "one"; "many", over commas, over several words that are all names,
            and by repeating it; "maybe" for one that may be left out.
    """

    flags: tuple[str, ...]
    help: str
    group: str
    metavar: str = ""
    kind: type = str
    choices: tuple[str, ...] = ()
    dest: str = ""
    value: bool = True
    values: str = "one"

    @property
    def name(self) -> str:
        """The name of what it sets."""
        return self.dest or self.flags[-1].lstrip("-").replace("-", "_")


OPTIONS = (
    Option(("-m", "--model"), "the model that answers", "model", "NAME"),
    Option(("--backend",), "the service, for this cell", "model", "NAME"),
    Option(("-e", "--effort"), "reasoning effort", "model", "LEVEL", choices=EFFORTS),
    Option(("--summary",), "reasoning summary", "model", "MODE", choices=SUMMARIES),
    Option(("--verbosity",), "length of the answer", "model", "LEVEL", choices=VERBOSITIES),
    Option(("--max-output-tokens",), "the most that the model may write", "model", "N", int),
    Option(("--temperature",), "randomness, 0 to 2", "model", "X", float),
    Option(("--top-p",), "nucleus sampling, 0 to 1", "model", "X", float),
    Option(("--service-tier",), "auto, default, flex, priority, …", "model", "TIER"),
    Option(("--timeout",), "seconds of silence before giving up", "model", "S", float),
    Option(("--param",), "any other parameter of the API; may be repeated", "model", "KEY=JSON"),
    Option(
        ("--instructions",), "instead of the configured ones; @path reads a file", "model", "TEXT"
    ),
    Option(
        ("--template",),
        "a prompt from the configuration folder, with the text put in",
        "model",
        "NAME",
    ),
    Option(
        ("-c", "--cells"),
        "cells: 3, 5-7 by number, #3 by position, -2 the last two, above, all",
        "what is sent",
        "SPEC",
    ),
    Option(("--no-outputs",), "their source only", "what is sent", dest="outputs", value=False),
    Option(
        ("-v", "--var"),
        "a summary of variables; all: what is defined",
        "what is sent",
        "NAME…",
        dest="vars",
        values="many",
    ),
    Option(
        ("-f", "--fig"),
        "figures: the last one, all, a cell's number, or a variable",
        "what is sent",
        "[REF]",
        dest="figures",
        values="maybe",
    ),
    Option(
        ("-i", "--image"),
        "an image: a file, an address, or a variable",
        "what is sent",
        "REF",
        dest="images",
        values="many",
    ),
    Option(("--detail",), "how closely images are seen", "what is sent", "LEVEL", choices=DETAILS),
    Option(
        ("--file",),
        "a file: text, PDF, image, table or notebook",
        "what is sent",
        "PATH",
        dest="files",
        values="many",
    ),
    Option(("--error",), "the last error, with its source", "what is sent"),
    Option(("--locals",), "the last error, with local variables", "what is sent"),
    Option(("--context",), "what goes along unnamed", "what is sent", "MODE", choices=CONTEXTS),
    Option(("-n", "--new"), "start a new conversation first", "conversation"),
    Option(("--chat",), "use, or begin, a named conversation", "conversation", "NAME"),
    Option(("--once",), "send no history and record nothing", "conversation"),
    Option(("--state",), "who keeps the conversation", "conversation", "MODE", choices=STATES),
    Option(("--store",), "let the service keep the answer", "conversation"),
    Option(("--no-store",), "do not let it", "conversation", dest="store", value=False),
    Option(
        ("--keep",),
        "if this very request was answered before, show that answer; send nothing",
        "conversation",
    ),
    Option(("--code",), "reply with code, and put it into new cells below", "what comes back"),
    Option(
        ("--replace",),
        "put the code into this cell, below the prompt as comments; or into another one",
        "what comes back",
        "[CELL]",
        values="maybe",
    ),
    Option(("--run",), "--code; scan it, ask, and run it here, too", "what comes back"),
    Option(
        ("--schema",),
        "structured output: a model, dataclass, TypedDict, list[Model] or JSON schema",
        "what comes back",
        "NAME",
    ),
    Option(("--json",), "free-form JSON", "what comes back"),
    Option(
        ("-o", "--out"),
        "put the answer's text, or its object, into this variable",
        "what comes back",
        "NAME",
    ),
    Option(("-q", "--quiet"), "show nothing", "what comes back"),
    Option(("--raw",), "show the Markdown source", "what comes back"),
    Option(
        ("-t", "--tools"),
        "functions the model may call; web_search, mcp:URL, …; all: each @tool",
        "tools",
        "NAME…",
        values="many",
    ),
    Option(("--tool-choice",), "auto, none, required, or a tool's name", "tools", "X"),
    Option(("--max-rounds",), "how often the model may call, 20 by default", "tools", "N", int),
    Option(("--yes",), "run tools and code without asking, but for dangerous code", "tools"),
    Option(("--background",), "let the service work on it; %codex jobs shows and fetches", "other"),
    Option(("--dry-run",), "show what would be sent; send nothing", "other"),
    Option(("--debug",), "full tracebacks and the raw request", "other"),
)

_BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}
# One word, or one in quotes, with what follows it.
_WORD = late(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)""")
# Tools that let the model look around in the kernel, or run Python there.
KERNEL_TOOLS = ("list_names", "read_variable", "read_cell", "look_at_figure", "run_python")
# Stores that are searched together have commas between them.
_COMMAS = {"vars": re.compile(","), "tools": re.compile(r",(?!\s*vs_)")}
# What the value of an option looks like that may be left out: other words are the prompt.
_REFERENCES: dict[str, Callable[[str, Callable[[str], bool]], bool]] = {
    "figures": lambda word, is_name: (
        word == "all" or bool(re.fullmatch(r"-?\d+", word)) or is_name(word)
    ),
    "replace": lambda word, is_name: bool(re.fullmatch(r"#?\d+|-1", word)),
}
_FLAG = late(r"\s*(--?[A-Za-z][\w-]*)(?:=|(?=\s)|$)")
# What ends the options where the prompt begins like one.
_END = late(r"\s*--(?=\s|$)")


def parse_line(
    line: str, is_name: Callable[[str], bool] = lambda word: False
) -> tuple[dict[str, Any], str]:
    """
    Return the options that a line begins with, and the rest of it, which is the prompt.

    The rest is not touched: quotes, braces and dollars in it are plain text. Where it begins like an
    option, ``--`` stands before it.

    Args:
        line: What stands behind the magic.
        is_name: Whether a word is the name of something: where the value of an option may be left
            out, or more than one may follow, such words are values, and others the prompt.

    >>> parse_line("-m gpt-5.4 --once What's {this}?")
    ({'model': 'gpt-5.4', 'once': True}, "What's {this}?")
    >>> parse_line("--once -- -v is what?")
    ({'once': True}, '-v is what?')

    Raises:
        ConfigError: An option is not known, or cannot have this value.
    """
    words, rest = _split(line, is_name)
    found = vars(_parser().parse_args(words))
    if "param" in found:
        found["param"] = dict(_parameter(text) for text in found["param"])
    for option in OPTIONS:
        if option.values != "one" and option.name in found:
            found[option.name] = tuple(found[option.name])
    out = found.get("out", "_")
    if not out.isidentifier() or keyword.iskeyword(out):
        raise ConfigError(f"--out {out!r}: that is no name of a variable.")
    return found, rest


def usage() -> str:
    """Return the options as text, a line each, in their groups."""
    lines = []
    for group in dict.fromkeys(option.group for option in OPTIONS):
        lines.append(f"\n{group}")
        lines += [_usage_line(option) for option in OPTIONS if option.group == group]
    return "\n".join(lines)


def _usage_line(option: Option) -> str:
    flags = ", ".join(option.flags)
    left = f"{flags} {option.metavar}".rstrip()
    choices = f" ({', '.join(option.choices)})" if option.choices else ""
    return f"  {left:<28} {option.help}{choices}"


def _split(line: str, is_name: Callable[[str], bool]) -> tuple[list[str], str]:
    """Return the words that belong to options, and the rest of the line."""
    words: list[str] = []
    position = 0
    while found := _FLAG.match(line, position):
        option = _known(found[1])
        position = found.end()
        if option.values == "maybe" and not found[0].endswith("="):
            value, position = _reference(line, position, option, is_name)
            words.append(f"{option.flags[-1]}={value}")
        elif option.metavar:
            value, position = _value(line, position, option, found[1])
            values = [value] if option.values == "one" else _separated(value, option)
            if option.values == "many":
                known = is_name if option.name != "tools" else partial(_is_tool, is_name)
                more, position = _names(line, position, known)
                values += [name for word in more for name in _separated(word, option)]
            words += [f"{option.flags[-1]}={value}" for value in values]
        elif found[0].endswith("="):
            raise ConfigError(f"{found[1]} takes no value.")
        else:
            words.append(found[1])
    if found := _END.match(line, position):
        position = found.end()
    return words, line[position:].strip()


def _value(line: str, position: int, option: Option, flag: str) -> tuple[str, int]:
    """Return the value at a position, and the position after it."""
    found = _WORD.match(line, position)
    if found is None:
        raise ConfigError(f"{flag} needs a value: {flag} {option.metavar}.")
    end = found.end()
    if line[end : end + 1].strip():
        rest = line[found.start(1) :].partition(" ")[0]
        raise ConfigError(f"{flag} {rest}: a quote stands alone. Put all of it in quotes.")
    return _unquoted(found[1]), end


def _reference(
    line: str, position: int, option: Option, is_name: Callable[[str], bool]
) -> tuple[str, int]:
    """Return what a position names, if it is such a thing, and the position after it."""
    found = re.compile(r"\s*(\S+)").match(line, position)
    word = _unquoted(found[1]) if found else ""
    if found and _REFERENCES[option.name](word, is_name):
        return word, found.end()
    return "", position


def _separated(value: str, option: Option) -> list[str]:
    """Return the names between commas; a path or an address may have one itself."""
    between = _COMMAS.get(option.name)
    if between is None:
        return [value]
    return [name for name in (part.strip() for part in between.split(value)) if name]


def _is_tool(is_name: Callable[[str], bool], word: str) -> bool:
    """Whether a word, or each of those between its commas, stands for a tool."""
    return all(
        is_hosted(part) or part in KERNEL_TOOLS or is_name(part.partition(".")[0])
        for part in _COMMAS["tools"].split(word.rstrip(","))
    )


def _names(line: str, position: int, is_name: Callable[[str], bool]) -> tuple[list[str], int]:
    """Return the words up to the next option or the end of the line, if all of them are names."""
    words, end = [], position
    for found in re.compile(r"\s*(\S+)").finditer(line, position):
        if _FLAG.match(line, found.start()) or _END.match(line, found.start()):
            break
        if not is_name(found[1]):
            return [], position
        words.append(found[1])
        end = found.end()
    return words, end


def _known(flag: str) -> Option:
    if flag not in _BY_FLAG:
        near = difflib.get_close_matches(flag, _BY_FLAG, 1)
        hint = f" Did you mean {near[0]}?" if near else " %codex help lists them."
        raise ConfigError(f"There is no option {flag}.{hint}")
    return _BY_FLAG[flag]


def _unquoted(word: str) -> str:
    if word[0] == word[-1] and word[0] in "\"'" and len(word) > 1:
        return re.sub(r"\\([\"\\])", r"\1", word[1:-1]) if word[0] == '"' else word[1:-1]
    return word


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (equals and name):
        raise ConfigError(f'--param {text!r}: write KEY=JSON, as metadata={{"team":"a"}}.')
    try:
        return name, json.loads(value)
    except ValueError as error:
        if value[:1] in tuple('{["'):
            raise ConfigError(f"--param {name}: that is no JSON: {error}.") from error
        # A bare word is the string that it looks like.
        return name, value


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message[:1].upper()}{message[1:]}.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    for option in OPTIONS:
        if not option.metavar:
            action = "store_true" if option.value else "store_false"
            parser.add_argument(*option.flags, action=action, dest=option.name)
            continue
        parser.add_argument(
            *option.flags,
            dest=option.name,
            type=option.kind,
            choices=option.choices or None,
            action="append" if option.name == "param" or option.values != "one" else "store",
        )
    return parser
