"""``%codex config``, ``status`` and ``usage``, what an answer costs, and what a month may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from codex_magic import cost
from codex_magic.config import Codex
from codex_magic.conversation.store_reading import Spent
from codex_magic.errors import ConfigError
from codex_magic.spending import Cap, check, month_of, sums, total
from tests.fake_service import FakeService, function_call, text
from tests.shells import Shell, connected_shell

priced = pytest.mark.skipif(not cost.available(), reason="the price list is not installed")
SPENT = Spent("gpt-5.4-mini", "openai https://api.openai.com/v1", 1, 1000, 500, 1500, 0, 0, 0)


@pytest.fixture
def shell(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell that is connected to the service."""
    with connected_shell(service, monkeypatch) as shell:
        yield shell


@priced
def test_an_answer_says_what_it_cost(shell: Shell, service: FakeService) -> None:
    """By estimate, for the tokens that the service counted, the cached ones at their price."""
    said = shell.run("%codex ask Why?")
    reply = shell.assistant.replies[-1]

    assert reply.usage is not None
    expected = cost.price(
        "gpt-5.4-mini",
        "openai",
        read=reply.usage.input_tokens,
        written=reply.usage.output_tokens,
        cached=reply.usage.cached_tokens,
    )
    assert expected == reply.cost
    assert cost.dollars(expected) in said


def test_what_nobody_knows_costs_nothing_in_words(shell: Shell, service: FakeService) -> None:
    """A service of another kind has no price, and the footer has no dollar."""
    shell.run("%codex config backend=vllm")

    assert "$" not in shell.run("%codex ask Why?")
    assert "$" not in shell.run("%codex status")


@priced
def test_rounds_of_calls_are_in_the_price(shell: Shell, service: FakeService) -> None:
    """Two requests cost more than the last of them."""
    service.enqueue(function_call("answer", of=1), text("42"))
    shell.run("def answer(of: int) -> int:\n    'Answer.'\n    return 42")
    shell.run("%codex ask -q -t answer --yes What?")
    two = shell.assistant.replies[-1]
    last = two.response.usage if two.response else None

    assert two.usage is not None
    assert last is not None
    assert two.usage.total_tokens > last.total_tokens
    assert two.cost == cost.cost_of(two.usage, two.model, "openai", requests=2)


@priced
def test_usage_by_span_and_model(shell: Shell, service: FakeService) -> None:
    """The last answer, this kernel and this month; what was taken back, or asked once, counts."""
    shell.run("%codex ask -q One")
    shell.run("%codex ask -q --once -m gpt-5.1 Two")
    shell.run("%codex undo")
    rows = shell.run("%codex usage").splitlines()

    assert "Money is an estimate" in rows[0]
    named = [(row[:15].strip(), row.split()[-7:-6]) for row in rows[2:]]
    assert [f"{datetime.now():%B}", "the last answer", "this kernel"] == sorted(
        {n for n, _ in named}
    )
    assert 2 == sum(row.startswith("this kernel") for row in rows)
    assert 2 == sum(row.startswith(f"{datetime.now():%B}") for row in rows)
    assert "≈ $" in rows[-1] or "< $" in rows[-1]


def test_a_month_begins_on_its_first_day() -> None:
    """At midnight, where the user is."""
    moment = datetime(2026, 11, 28, 7, 30)

    assert datetime(2026, 11, 1).timestamp() == month_of(moment)


def test_tokens_are_capped(shell: Shell, service: FakeService) -> None:
    """The question that goes over the cap is answered; the next one is not sent."""
    shell.run("%codex config budget_tokens=10")
    shell.run("%codex ask -q One")
    line = shell.fails("%codex ask Two")

    assert line.startswith("ConfigError: This month's budget is used up: ")
    assert "budget_tokens=N" in line
    assert "Nothing was sent" in line
    assert 1 == len(service.requests)


def test_a_look_and_a_higher_cap_are_free(shell: Shell, service: FakeService) -> None:
    """--dry-run works beyond the budget, as do commands; raised, it lets questions through."""
    shell.run("%codex config budget_tokens=10")
    shell.run("%codex ask -q --once One")
    shell.run("%codex models")
    dry = shell.run("%codex ask --dry-run Two")
    line = shell.fails("%codex ask Two")
    shell.run("%codex config budget_tokens=1000000")
    shell.run("%codex ask -q Three")

    assert "Nothing is sent" in dry
    assert "of 10 tokens" in line
    assert "Three" in repr(service.requests[-1].body)


@priced
def test_dollars_are_capped(shell: Shell, service: FakeService) -> None:
    """By estimate; also for what another kernel has asked this month."""
    shell.run("%codex ask -q One")
    shell.run("%codex config budget=0.00001")
    line = shell.fails("%codex ask Two")

    assert "of $0.00" in line
    assert "budget=DOLLARS" in line


def test_dollars_need_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget that nobody can count is no budget: the line says what is missing."""
    monkeypatch.setattr("codex_magic.spending.available", lambda: False)

    with pytest.raises(ConfigError, match=r"codex-magic\[cost\]"):
        check([Cap(dollars=5.0)], [])


def test_several_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is used up refuses, in its own words; the embedded model costs nothing."""
    mine, theirs = Cap(tokens=10_000, remedy="mine"), Cap(tokens=1_000, remedy="ask Ada")

    check([mine, theirs], [replace(SPENT, service="local http://127.0.0.1:9/v1")])
    with pytest.raises(ConfigError, match="ask Ada"):
        check([mine, theirs], [SPENT])


@priced
def test_sums_say_what_they_leave_out() -> None:
    """A total of known and unknown prices says so; nothing known is nothing said."""
    unknown = replace(SPENT, model="model-of-tomorrow")

    assert "without 1 of unknown price" in total([SPENT, unknown]).words
    assert "" == total([unknown]).words
    assert {"gpt-5.4-mini": 2, "model-of-tomorrow": 1} == {
        model: took.turns for model, took in sums([SPENT, unknown, SPENT]).items()
    }


def test_status_is_a_card(shell: Shell, service: FakeService) -> None:
    """Service, key, model, effort, conversation, tokens, kernel, context; bare %codex is the same."""
    shell.run("%codex config effort=low")
    shell.run("%codex ask -q One")
    card = shell.run("%codex")

    assert card == shell.run("%codex status")
    names = [line.split("  ")[0] for line in card.splitlines()[1:]]
    expected = ["service", "key", "model", "effort", "state", "conversation", "tokens"]
    assert expected == names[: len(expected)]
    assert {"this kernel", "context"} <= set(names)
    assert str(service.api_key) not in card


def test_config_lists_what_each_setting_takes(shell: Shell) -> None:
    """Every setting, its value, its default, its values and its meaning; a changed one is marked."""
    shell.run("%codex config effort=high")
    lines = shell.run("%codex config").splitlines()

    for name, _, _, meaning in Codex().rows():
        [line] = [line for line in lines if line[1:].split()[:1] == [name]]
        assert line.endswith(meaning)
    [effort] = [line for line in lines if " effort " in line]
    assert effort.startswith("*")
    assert "'high'" in effort
    assert "none, minimal, low, medium, high, xhigh, max" in effort


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("modle=x", "Did you mean model?"),
        ("modle", "Did you mean model?"),
        ("wibble=1", "Known: "),
        ("effort=hihg", "did you mean high?"),
        ("state=statless", "did you mean stateless?"),
        ("persist=perhaps", "True, False"),
        ("store_mb=0", "a whole number, 1 or more"),
        ("timeout=soon", "a number, 0.1 or more"),
        ("budget=-1", "a number, 0 or more"),
    ],
)
def test_a_slip_names_what_was_meant(shell: Shell, word: str, said: str) -> None:
    """The name of a setting, or its value; nothing changes."""
    before = shell.assistant.config.rows()

    assert said in shell.fails(f"%codex config {word}")
    assert before == shell.assistant.config.rows()
