"""What to say where a conversation does not fit into the model's context window."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..api.items import Json
from ..api.requests import encode
from ..errors import ContextWindowError
from ..patterns import late
from .turns import Conversation, Turn

_NUMBER = r"(\d[\d,_]{2,})"
_LIMIT = late(
    r"(?:context (?:length|window|size)|max_model_len)(?: is| of|:)? ?\(?" + _NUMBER,
    re.IGNORECASE,
)
# An image is no text: what it costs has nothing to do with its length.
_DATA = late(rb"data:[a-z0-9.+/-]+;base64,[A-Za-z0-9+/=]*")
_BYTES_A_TOKEN = 4


def explained(
    error: ContextWindowError,
    conversation: Conversation,
    sent: Iterable[str],
    question: Sequence[Json],
) -> str:
    """
    Return an overrun in one line: by how much, and what helps.

    Args:
        error: What the service said.
        conversation: What was too long.
        sent: The ids of the turns that the model was to read.
        question: The items of the question.
    """
    known = set(sent)
    places = {turn.id: place for place, turn in enumerate(conversation.turns, start=1)}
    sizes = {turn.id: tokens_of(turn) for turn in conversation.turns if turn.id in known}
    asked, limit = _numbers(error)
    about = asked or sum(sizes.values()) + _tokens(encode(item) for item in question)
    much = f"about {about:,} tokens were to be read"
    if asked and limit:
        much = f"{asked:,} tokens are {asked - limit:,} more than the {limit:,} that fit"
    if not sizes:
        return f"{error.message} ({much}.) Send less with the question."
    largest = max(sizes, key=lambda turn_id: sizes[turn_id])
    return (
        f"{error.message} ({much}.) Nothing was left out: %codex compact sums up the "
        f"conversation, %codex hide {places[largest]} leaves out its largest turn "
        f"(about {sizes[largest]:,} tokens)."
    )


def tokens_of(turn: Turn) -> int:
    """Return about how many tokens a turn has."""
    return _tokens(encode(item) for item in (*turn.input, *turn.output))


def _tokens(pieces: Iterable[bytes]) -> int:
    return sum(len(_DATA.sub(b"", piece)) for piece in pieces) // _BYTES_A_TOKEN


def _numbers(error: ContextWindowError) -> tuple[int, int]:
    """Return how many tokens there were and how many fit, as far as the service says it; else 0."""
    found = error.body.get("error", error.body) if isinstance(error.body, dict) else {}
    if isinstance(found, dict) and isinstance(found.get("n_prompt_tokens"), int):
        asked, limit = found["n_prompt_tokens"], found.get("n_ctx")
        return (asked, limit) if isinstance(limit, int) and limit < asked else (asked, 0)
    stated = _LIMIT.search(error.message)
    if not stated:
        return 0, 0
    limit = _int(stated[1])
    asked = max((_int(number) for number in re.findall(_NUMBER, error.message)), default=0)
    return (asked, limit) if asked > limit else (0, 0)


def _int(number: str) -> int:
    return int(number.replace(",", "").replace("_", ""))
