"""A line becomes options and a prompt, as a person who knows IPython would expect."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from codex_magic.asking import AskOptions, Options
from codex_magic.config import CONTEXTS, DETAILS, EFFORTS, STATES, SUMMARIES, VERBOSITIES
from codex_magic.errors import ConfigError
from codex_magic.options import OPTIONS, parse_line, usage

NAMES = {"add", "sub", "thing"}.__contains__
FOR_COMMANDS = {"code", "replace", "run", "out", "quiet", "raw", "dry_run", "debug"}


@pytest.mark.parametrize(
    ("line", "options", "prompt"),
    [
        ("", {}, ""),
        ("   ", {}, ""),
        ("Why is this slow?", {}, "Why is this slow?"),
        ("-m gpt-5.4 Hello", {"model": "gpt-5.4"}, "Hello"),
        ("--model=gpt-5.4 Hello", {"model": "gpt-5.4"}, "Hello"),
        ("  --model   gpt-5.4   Hello  ", {"model": "gpt-5.4"}, "Hello"),
        ("-m gpt-5.4 -m gpt-5.6", {"model": "gpt-5.6"}, ""),
        ("-n -q Hello", {"new": True, "quiet": True}, "Hello"),
        ("-e low --once", {"effort": "low", "once": True}, ""),
        ("--store", {"store": True}, ""),
        ("--no-store", {"store": False}, ""),
        ("--store --no-store", {"store": False}, ""),
        ("--temperature -1.5", {"temperature": -1.5}, ""),
        ("--temperature=-1", {"temperature": -1.0}, ""),
        ("--top-p .5 --max-output-tokens 100", {"top_p": 0.5, "max_output_tokens": 100}, ""),
        ("--timeout 2.5 x", {"timeout": 2.5}, "x"),
        ("-o answer x", {"out": "answer"}, "x"),
        ("--dry-run --debug --raw", {"dry_run": True, "debug": True, "raw": True}, ""),
        # Quotes around a value are the user's; in the prompt they are text.
        ("--chat 'my notes' Hello", {"chat": "my notes"}, "Hello"),
        ('--chat "my notes" Hello', {"chat": "my notes"}, "Hello"),
        ('--chat=my" own "notes x', {"chat": 'my" own "notes'}, "x"),
        ('--instructions "Say \\"no\\"." x', {"instructions": 'Say "no".'}, "x"),
        ("--instructions 'Say \"no\".' x", {"instructions": 'Say "no".'}, "x"),
        ('--instructions "Don\'t chat." x', {"instructions": "Don't chat."}, "x"),
        ('--instructions ""', {"instructions": ""}, ""),
        ("--instructions @C:\\notes\\new.txt x", {"instructions": "@C:\\notes\\new.txt"}, "x"),
        ('--instructions "@C:\\my notes\\new.txt"', {"instructions": "@C:\\my notes\\new.txt"}, ""),
        ('--instructions "a\\\\b"', {"instructions": "a\\b"}, ""),
        ('--once What\'s "this"?', {"once": True}, 'What\'s "this"?'),
        ("It isn't {x} or $HOME or `ls`", {}, "It isn't {x} or $HOME or `ls`"),
        ("-q {a} $b !c %d ?e", {"quiet": True}, "{a} $b !c %d ?e"),
        ("a == b", {}, "a == b"),
        ("x --once is no option here", {}, "x --once is no option here"),
        ("- a list item", {}, "- a list item"),
        ("-5 apples", {}, "-5 apples"),
        ("--- a rule", {}, "--- a rule"),
        ("--once, I mean", {}, "--once, I mean"),
        ("--once 4 = 2 + 2", {"once": True}, "4 = 2 + 2"),
        ("-m gpt-5.4\tWhy\ttabs?", {"model": "gpt-5.4"}, "Why\ttabs?"),
        ("--chat Überblick Grüße 🎉", {"chat": "Überblick"}, "Grüße 🎉"),
        # Any other parameter of the API.
        ("--param truncation=auto x", {"param": {"truncation": "auto"}}, "x"),
        ("--param a=1 --param b=null", {"param": {"a": 1, "b": None}}, ""),
        ("--param a=true --param a=false", {"param": {"a": False}}, ""),
        ('--param metadata={"team":"a b"} x', {"param": {"metadata": {"team": "a b"}}}, "x"),
        ('--param \'metadata={"a": "b c"}\' x', {"param": {"metadata": {"a": "b c"}}}, "x"),
        ('--param "metadata={\\"a\\": 1}" x', {"param": {"metadata": {"a": 1}}}, "x"),
        ('--param include=["a","b"]', {"param": {"include": ["a", "b"]}}, ""),
        ("--param user=a=b", {"param": {"user": "a=b"}}, ""),
        ('--param user="12"', {"param": {"user": "12"}}, ""),
        ("--param user=", {"param": {"user": ""}}, ""),
    ],
)
def test_a_line_is_parsed(line: str, options: dict[str, Any], prompt: str) -> None:
    """The options come first; everything after them is the prompt, and is not touched."""
    assert (options, prompt) == parse_line(line)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--modle gpt-5.4 x", "There is no option --modle. Did you mean --model?"),
        ("--effrot low", "Did you mean --effort?"),
        ("-x", "There is no option -x"),
        ("--xyzzy", "%codex help lists them."),
        ("--mod gpt-5.4", "Did you mean --model?"),
        ("-m", "-m needs a value: -m NAME."),
        ("--param", "--param needs a value: --param KEY=JSON."),
        ("--once --chat   ", "--chat needs a value: --chat NAME."),
        ("-e hihg x", "hihg"),
        ("--state chain", "chain"),
        ("--max-output-tokens many", "many"),
        ("--temperature hot", "hot"),
        ("--param nothing", "write KEY=JSON"),
        ("--param =1", "write KEY=JSON"),
        ("--param metadata={team:a}", "--param metadata: that is no JSON"),
        ("--param include=[a]", "--param include: that is no JSON"),
        ("-o 2x", "'2x': that is no name of a variable"),
        ("-o my-answer", "'my-answer': that is no name of a variable"),
        ("-o class", "'class': that is no name of a variable"),
        ('-o ""', "'': that is no name of a variable"),
        ("--once=yes x", "--once takes no value"),
        ("--chat Anna's notes", "Put all of it in quotes"),
        ('--chat "Anna x', "--chat needs a value"),
        ('--chat "a"b x', "Put all of it in quotes"),
        ("--chat ends\\", "Put all of it in quotes"),
    ],
)
def test_what_cannot_be_parsed_is_said(line: str, said: str) -> None:
    """In one line that says what to write; nothing of it becomes a prompt by accident."""
    with pytest.raises(ConfigError) as caught:
        parse_line(line)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_option_sets_something() -> None:
    """A field of the question, or one of the few that say what becomes of the answer."""
    known = {field.name for field in fields(Options)}

    assert {option.name for option in OPTIONS} == known | FOR_COMMANDS


def test_the_keywords_of_ask_are_the_options() -> None:
    """``ask`` takes what the magic takes, with the same types."""
    assert get_type_hints(AskOptions) == get_type_hints(Options)


def test_the_choices_are_those_of_the_settings() -> None:
    """What a setting can be, an option can be."""
    choices = {option.name: option.choices for option in OPTIONS if option.choices}

    expected = {
        "effort": EFFORTS,
        "summary": SUMMARIES,
        "verbosity": VERBOSITIES,
        "state": STATES,
        "detail": DETAILS,
        "context": CONTEXTS,
    }
    assert expected == choices


def test_the_help_shows_every_option_in_its_group() -> None:
    """One line each, that fits a notebook."""
    text = usage()

    for option in OPTIONS:
        line = next(line for line in text.splitlines() if option.flags[-1] in line.split())
        assert option.help in line
    assert max(len(line) for line in text.splitlines()) <= 110


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flags[-1])
def test_every_flag_is_parsed(option: Any) -> None:
    """Under each of its names, with a value of its kind."""
    value = option.choices[0] if option.choices else {int: "3", float: "3.5"}.get(option.kind, "a")
    value = {"param": "a=1", "replace": "#2"}.get(option.name, value)
    expected = option.value if not option.metavar else option.kind(value)
    expected = (expected,) if option.values != "one" else expected
    for flag in option.flags:
        line = f"{flag} {value} x" if option.metavar else f"{flag} x"
        found, prompt = parse_line(line, lambda word: word == "a")
        assert "x" == prompt
        assert found[option.name] == ({"a": 1} if option.name == "param" else expected)


@pytest.mark.parametrize(
    ("line", "options", "prompt"),
    [
        ("-v df", {"vars": ("df",)}, ""),
        ("-v df,model Why?", {"vars": ("df", "model")}, "Why?"),
        ("-v df model", {"vars": ("df", "model")}, ""),
        ("-v df model -q", {"vars": ("df", "model"), "quiet": True}, ""),
        ("-v df model is what?", {"vars": ("df",)}, "model is what?"),
        ("-v df -v model x", {"vars": ("df", "model")}, "x"),
        ("-v all", {"vars": ("all",)}, ""),
        ("-f", {"figures": ("",)}, ""),
        ("-f What is this?", {"figures": ("",)}, "What is this?"),
        ("-f all What?", {"figures": ("all",)}, "What?"),
        ("-f 3 What?", {"figures": ("3",)}, "What?"),
        ("-f df What?", {"figures": ("df",)}, "What?"),
        ("--fig=axes What?", {"figures": ("axes",)}, "What?"),
        ("-f 3 -f 4 x", {"figures": ("3", "4")}, "x"),
        ("-f -q", {"figures": ("",), "quiet": True}, ""),
        ("--replace Sort it.", {"replace": ("",)}, "Sort it."),
        ("--replace df sorted", {"replace": ("",)}, "df sorted"),
        ("--replace -q 3 ways", {"replace": ("",), "quiet": True}, "3 ways"),
        ("--replace 3", {"replace": ("3",)}, ""),
        ("--replace '#2' Sort it.", {"replace": ("#2",)}, "Sort it."),
        ("--replace #2 --run Sort it.", {"replace": ("#2",), "run": True}, "Sort it."),
        ("--replace -1 Sort it.", {"replace": ("-1",)}, "Sort it."),
        ("-i a.png -i 'my b.png' x", {"images": ("a.png", "my b.png")}, "x"),
        ("--file data/a,b.csv x", {"files": ("data/a,b.csv",)}, "x"),
        ("-c 3,5-7 x", {"cells": "3,5-7"}, "x"),
        ("-c -2 x", {"cells": "-2"}, "x"),
        ("--cells=#3 --no-outputs x", {"cells": "#3", "outputs": False}, "x"),
        ("--error --locals x", {"error": True, "locals": True}, "x"),
    ],
)
def test_what_is_sent_is_named(line: str, options: dict[str, Any], prompt: str) -> None:
    """Names that exist are values; other words are the prompt, and none of it is lost."""
    assert (options, prompt) == parse_line(line, {"df", "model", "axes"}.__contains__)


@pytest.mark.parametrize(
    ("line", "tools", "prompt"),
    [
        ("-t add How much?", ("add",), "How much?"),
        ("-t add,sub How much?", ("add", "sub"), "How much?"),
        ("-t add sub", ("add", "sub"), ""),
        ("-t add sub How much?", ("add",), "sub How much?"),
        ("-t add, sub", ("add", "sub"), ""),
        ("-t thing.method add --yes x", ("thing.method", "add"), "x"),
        ("-t web_search -t add x", ("web_search", "add"), "x"),
        ("-t add web_search code_interpreter", ("add", "web_search", "code_interpreter"), ""),
        ("-t file_search:vs_1,vs_2 x", ("file_search:vs_1,vs_2",), "x"),
        ("-t mcp:https://example.com/mcp x", ("mcp:https://example.com/mcp",), "x"),
        ("-t all x", ("all",), "x"),
    ],
)
def test_tools_are_named(line: str, tools: tuple[str, ...], prompt: str) -> None:
    """One or several, of the namespace or the service's; an address and its ids stay whole."""
    options, rest = parse_line(line, NAMES)

    assert (tools, prompt) == (options["tools"], rest)
