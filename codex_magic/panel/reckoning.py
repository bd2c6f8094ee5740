"""What a question would come to, and what a conversation came to so far."""

from __future__ import annotations

from collections.abc import Iterable

from ..asking import Options
from ..assistant import Assistant
from ..context.budget import encoded_tokens, text_tokens
from ..conversation.turns import Turn
from ..cost import dollars, price
from ..display.progress import DOT, plural, short
from ..errors import AnswerInterrupted, CodexError


def ahead(assistant: Assistant, prompt: str, options: Options) -> str:
    """Return who would answer, what would be sent and about how much that is; nothing is sent."""
    try:
        preview = assistant.preview(prompt or "…", options)
    except (CodexError, AnswerInterrupted) as error:
        return str(error)
    attached, plan = preview.attached, preview.plan
    tokens = attached.tokens + text_tokens(prompt) + sum(map(encoded_tokens, plan.history))
    tokens += text_tokens(str(preview.body.get("instructions") or ""))
    sent = [attached.words or "the prompt"]
    if plan.turns:
        sent.append(plural(plan.turns, "earlier turn"))
    backend = preview.choice.service.backend.name
    money = dollars(price(preview.choice.model, backend, read=tokens))
    words = [
        f"Will send: {', '.join(sent)}",
        f"≈ {short(tokens)} tokens",
        money,
        f"to {preview.choice.model}",
        *attached.remarks,
        preview.choice.notice,
    ]
    return DOT.join(filter(None, words))


def so_far(turns: Iterable[Turn]) -> str:
    """Return the tokens and the money that a conversation took; empty before it begins."""
    counted = [(turn, turn.usage) for turn in turns if turn.usage is not None]
    if not counted:
        return ""
    read = sum(usage.input_tokens for _, usage in counted)
    written = sum(usage.output_tokens for _, usage in counted)
    prices = [
        price(
            turn.model,
            turn.service.partition(" ")[0],
            read=usage.input_tokens,
            written=usage.output_tokens,
            cached=usage.cached_tokens,
        )
        for turn, usage in counted
    ]
    known = [amount for amount in prices if amount is not None]
    money = dollars(sum(known[1:], known[0])) if known else ""
    return DOT.join(filter(None, [f"{short(read)} in, {short(written)} out", money]))
