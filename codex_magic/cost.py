"""What an answer costs, as an estimate: absent rather than wrong."""

from __future__ import annotations

import threading
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec

from .api.items import Usage

# The price list's name for a service of ours; others have prices of their own, or none.
_PROVIDERS = {"openai": "openai", "azure": "azure", "openrouter": "openrouter"}


def available() -> bool:
    """Whether the price list is installed: ``pip install "codex-magic[cost]"``."""
    return find_spec("genai_prices") is not None


def warm_up(backend: str) -> None:
    """Load the price list on a thread of its own, where an answer will have a price."""
    if backend in _PROVIDERS and available():
        threading.Thread(target=_listed, name="codex-magic-prices", daemon=True).start()


def _listed() -> None:
    price("gpt-5", "openai", read=1)


def cost_of(
    usage: Usage | None, model: str, service: str, *, requests: int = 1, tier: str | None = None
) -> Decimal | None:
    """
    Return about how many US dollars an answer cost; None where nobody knows.

    Args:
        usage: What it took; None where the service does not count.
        model: The model that was asked.
        service: The identity of the service.
        requests: In how many requests: long ones cost more a token.
        tier: The service tier.
    """
    if usage is None:
        return None
    one = price(
        model,
        service.partition(" ")[0],
        read=usage.input_tokens // requests,
        written=usage.output_tokens // requests,
        cached=min(usage.cached_tokens, usage.input_tokens) // requests,
        tier=tier,
    )
    return None if one is None else one * requests


@lru_cache(maxsize=16_384)
def price(
    model: str,
    backend: str,
    *,
    read: int,
    written: int = 0,
    cached: int = 0,
    tier: str | None = None,
) -> Decimal | None:
    """
    Return about how many US dollars tokens cost; None where nobody knows.

    Args:
        model: The model that was asked.
        backend: The service's name in our table.
        read: Input tokens, the cached ones among them.
        written: Output tokens, the reasoning ones among them.
        cached: Input tokens that the service had read before.
        tier: The service tier; None for the usual one.
    """
    provider = _PROVIDERS.get(backend)
    if provider is None or not available():
        return None
    from genai_prices import Usage, calc_price  # A quarter of a second.

    usage = Usage(input_tokens=read, output_tokens=written, cache_read_tokens=cached)
    context = {"service_tier": tier} if tier not in (None, "auto", "default") else None
    try:
        found = calc_price(usage, model, provider_id=provider, price_context=context)
    except (LookupError, ValueError):
        return None
    return found.total_price


def dollars(amount: Decimal | None) -> str:
    """
    Return an estimate in words; empty where there is none.

    >>> dollars(Decimal("0.000123")), dollars(Decimal("1.5")), dollars(None)
    ('≈ $0.0001', '≈ $1.50', '')
    """
    if amount is None:
        return ""
    if amount <= Decimal("0.00005"):
        return "≈ $0.0000" if not amount else "< $0.0001"
    return f"≈ ${amount:.4f}" if amount < 1 else f"≈ ${amount:.2f}"
