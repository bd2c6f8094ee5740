"""What is known of OpenAI's models that its list of them does not say."""

from __future__ import annotations

import re

_USUAL = "none low medium high xhigh"
# Which efforts a model takes; the first that fits.
# Source: https://platform.openai.com/docs/models
_EFFORTS = (
    (r"gpt-6-astra|gpt-6\.1-sol", "low medium high xhigh max"),
    (r"gpt-6|gpt-5\.6", f"{_USUAL} max"),
    (r"gpt-5\.5-pro", "medium high xhigh"),
    (r"gpt-5\.[2-9](-mini|-nano)?(-\d{4}|$)", _USUAL),
    (r"gpt-5\.3-codex|gpt-5\.2-codex|gpt-5\.1-codex-max", "low medium high xhigh"),
    (r"gpt-5(\.1)?-codex", "low medium high"),
    (r"gpt-5\.1(-\d{4}|$)", "none low medium high"),
    (r"gpt-5-pro", "high"),
    (r"gpt-5(-mini|-nano)?(-\d{4}|$)", "minimal low medium high"),
)


def efforts_of(model: str) -> tuple[str, ...]:
    """
    Return the reasoning efforts that a model takes; empty where nothing is known.

    >>> efforts_of("gpt-5.1")
    ('none', 'low', 'medium', 'high')
    >>> efforts_of("model-of-tomorrow")
    ()
    """
    known = (levels for pattern, levels in _EFFORTS if re.match(pattern, model))
    return tuple(next(known, "").split())
