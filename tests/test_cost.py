"""Tests of what an answer costs: an estimate, or nothing at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from codex_magic.cost import available, dollars, price

priced = pytest.mark.skipif(not available(), reason="the price list is not installed")


@priced
def test_tokens_have_a_price() -> None:
    """Read and written ones add up; cached ones cost less."""
    read = price("gpt-4o-mini", "openai", read=1_000_000)
    both = price("gpt-4o-mini", "openai", read=1_000_000, written=1_000_000)
    cached = price("gpt-4o-mini", "openai", read=1_000_000, cached=1_000_000)

    assert read is not None
    assert both is not None
    assert cached is not None
    assert 0 < cached < read < both


@priced
def test_no_tokens_cost_nothing() -> None:
    """Which is another thing than a price that nobody knows."""
    assert 0 == price("gpt-4o-mini", "openai", read=0)


@pytest.mark.parametrize(
    ("model", "backend"),
    [
        ("model-of-tomorrow", "openai"),
        ("gpt-4o-mini", "ollama"),
        ("gpt-4o-mini", "local"),
        ("gpt-4o-mini", "chatgpt"),
        ("gpt-4o-mini", "service-of-tomorrow"),
    ],
)
def test_what_nobody_knows_has_no_price(model: str, backend: str) -> None:
    """A subscription, a service of one's own and a new model are absent rather than wrong."""
    assert price(model, backend, read=1_000) is None


@priced
@pytest.mark.parametrize("tier", [None, "auto", "default", "flex", "priority", "tier-of-tomorrow"])
def test_every_tier_is_taken(tier: str | None) -> None:
    """The usual ones are the usual price; no name is an error."""
    usual = price("gpt-5-mini", "openai", read=1_000_000)

    found = price("gpt-5-mini", "openai", read=1_000_000, tier=tier)

    if tier in (None, "auto", "default"):
        assert usual == found
    else:
        assert found is None or found > 0


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", "≈ $0.0000"),
        ("0.00001", "< $0.0001"),
        ("0.00005", "< $0.0001"),
        ("0.00006", "≈ $0.0001"),
        ("0.1234567", "≈ $0.1235"),
        ("0.99999", "≈ $1.0000"),
        ("12.346", "≈ $12.35"),
    ],
)
def test_an_amount_in_words(amount: str, expected: str) -> None:
    """Four places below a dollar, two above; what is less than all of them is no zero."""
    assert expected == dollars(Decimal(amount))


def test_no_amount_is_no_words() -> None:
    """Nothing stands where a price would."""
    assert "" == dollars(None)
