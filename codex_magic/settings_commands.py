"""The ``%codex`` commands about settings, and about what was spent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from .assistant import Assistant
from .command_words import cut, words
from .context.budget import allowance
from .cost import available
from .display.progress import plural, short
from .display.tables import show_table
from .errors import ConfigError
from .spending import Sum, cap_of, month_of, spent_by, sums, total

_UNPRICED = 'no price: %pip install "codex-magic[cost]" estimates it'


def status(assistant: Assistant, rest: str) -> None:
    """status: the service, the model, the conversation, and what they took"""
    service, source = assistant.services.describe()
    conversation, config = assistant.conversation, assistant.config
    said = total(spent_by(conversation.turns))
    sent = f"{short(allowance(assistant.services.model(), config.context_budget))} tokens at most"
    rows = [
        ("service", service),
        ("key", source),
        ("model", assistant.services.model()),
        ("effort", config.effort or "the model's own"),
        ("state", config.state),
        ("conversation", f"{conversation.name}, {plural(len(conversation.turns), 'turn')}"),
        ("tokens", _tokens(said)),
        ("cost", said.words),
        ("this kernel", _took(total(assistant.memory.spent()))),
        ("context", f"{config.context}, {sent}"),
    ]
    show_table(assistant.shell, [row for row in rows if row[1]], title="%codex help: more")


def config(assistant: Assistant, rest: str) -> None:
    """config [NAME=VALUE …]: show the settings, or change them"""
    named = []
    for word in words(rest):
        name, equals, value = word.partition("=")
        if equals:
            assistant.config.assign(name, value)
        elif name not in assistant.config.traits(config=True):
            # The error of a slip says what was meant.
            assistant.config.assign(name, "")
        named.append(name)
    rows = assistant.config.rows()
    if named:
        for name, value, default, meaning in rows:
            if name in named:
                mark = " " if value == default else "*"
                print(f"{mark} {name:<14} {cut(repr(value), 44):<45} {meaning}")
        return
    table = [
        (
            "" if value == default else "*",
            name,
            cut(repr(value), 44),
            cut(repr(default), 28),
            assistant.config.valid(name),
            meaning,
        )
        for name, value, default, meaning in rows
    ]
    head = ("", "setting", "value", "default", "takes", "meaning")
    title = "%codex config NAME=VALUE changes one for this kernel; * was changed"
    show_table(assistant.shell, table, head=head, title=title)


def usage(assistant: Assistant, rest: str) -> None:
    """usage: what the last answer, this kernel and this month took, by model"""
    if rest:
        raise ConfigError(f"%codex usage takes no words: not {rest!r}.")
    memory = assistant.memory
    memory.settle()
    spans = {
        "the last answer": memory.spent()[-1:],
        "this kernel": memory.spent(),
        f"{datetime.now():%B}": memory.spent(month_of(datetime.now())),
    }
    rows = [
        (span, model, str(took.turns), _tokens(took), took.words)
        for span, spent in spans.items()
        for model, took in sums(spent).items()
    ]
    if not rows:
        print("Nothing was asked yet.")
        return
    head = ("", "model", "answers", "tokens", "cost")
    title = "Money is an estimate" if available() else _UNPRICED
    show_table(assistant.shell, rows, head=head, title=f"{title}{_cap(assistant)}")


COMMANDS: dict[str, Callable[[Assistant, str], None]] = {
    "status": status,
    "config": config,
    "usage": usage,
}


def _tokens(took: Sum) -> str:
    cached = f" ({short(took.cached)} cached)" if took.cached else ""
    return f"{short(took.read)} in{cached}, {short(took.written)} out"


def _took(took: Sum) -> str:
    words_ = [plural(took.turns, "answer"), _tokens(took), took.words]
    return " · ".join(filter(None, words_)) if took.turns else ""


def _cap(assistant: Assistant) -> str:
    """Return the month's budget in words; empty for none."""
    cap = cap_of(assistant.config)
    limits = [f"${cap.dollars:.2f}"] if cap.dollars else []
    limits += [f"{cap.tokens:,} tokens"] if cap.tokens else []
    return f" · budget: {' and '.join(limits)} a month" if limits else ""
