"""The options of ``%%codex``: one table, from which the parser and the help are made."""

from __future__ import annotations

import argparse
import difflib
import json
import keyword
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from .config import EFFORTS, STATES, SUMMARIES, VERBOSITIES
from .errors import ConfigError


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
    """

    flags: tuple[str, ...]
    help: str
    group: str
    metavar: str = ""
    kind: type = str
    choices: tuple[str, ...] = ()
    dest: str = ""
    value: bool = True

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
    Option(("-n", "--new"), "start a new conversation first", "conversation"),
    Option(("--chat",), "use, or begin, a named conversation", "conversation", "NAME"),
    Option(("--once",), "send no history and record nothing", "conversation"),
    Option(("--state",), "who keeps the conversation", "conversation", "MODE", choices=STATES),
    Option(("--store",), "let the service keep the answer", "conversation"),
    Option(("--no-store",), "do not let it", "conversation", dest="store", value=False),
    Option(("-o", "--out"), "put the answer's text into this variable", "what comes back", "NAME"),
    Option(("-q", "--quiet"), "show nothing", "what comes back"),
    Option(("--raw",), "show the Markdown source", "what comes back"),
    Option(("--dry-run",), "show what would be sent; send nothing", "other"),
    Option(("--debug",), "full tracebacks and the raw request", "other"),
)

_BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}
# One word, or one in quotes, with what follows it.
_WORD = re.compile(
    r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)"""
)
_FLAG = re.compile(r"\s*(--?[A-Za-z][\w-]*)(?:=|(?=\s)|$)")


def parse_line(line: str) -> tuple[dict[str, Any], str]:
    """
    Return the options that a line begins with, and the rest of it, which is the prompt.

    The rest is not touched: quotes, braces and dollars in it are plain text.

    >>> parse_line("-m gpt-5.4 --once What's {this}?")
    ({'model': 'gpt-5.4', 'once': True}, "What's {this}?")

    Raises:
        ConfigError: An option is not known, or cannot have this value.
    """
    words, rest = _split(line)
    found = vars(_parser().parse_args(words))
    if "param" in found:
        found["param"] = dict(_parameter(text) for text in found["param"])
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


def _split(line: str) -> tuple[list[str], str]:
    """Return the words that belong to options, and the rest of the line."""
    words: list[str] = []
    position = 0
    while found := _FLAG.match(line, position):
        option = _known(found[1])
        position = found.end()
        if option.metavar:
            value, position = _value(line, position, option, found[1])
            words.append(f"{option.flags[-1]}={value}")
        elif found[0].endswith("="):
            raise ConfigError(f"{found[1]} takes no value.")
        else:
            words.append(found[1])
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
            action="append" if option.name == "param" else "store",
        )
    return parser
