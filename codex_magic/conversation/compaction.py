"""A long conversation made short: its turns become one summary, by the service or by the model."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from ..api.items import Json
from ..errors import AnswerError, ConfigError, ContextWindowError, InvalidRequestError
from ..records import dataclass
from .answers import BREAK, spoken, words_in
from .editing import fork, free_name
from .endings import item_json
from .questions import Emit, Question
from .session import Session
from .turns import Conversation, Turn

SUMMARISE = (
    "Sum up our conversation so far, for yourself: it will stand in the place of what was said. "
    "Keep every fact, name, number, decision and piece of code that later questions may need, and "
    "what is still open. Write the summary and nothing else."
)
# Services with an endpoint for it; another one is asked for a summary in words.
_SERVICES = frozenset({"openai", "azure", "litellm"})
# What of a question's fields says how to think; the others are about its answer.
_KEPT = ("reasoning", "service_tier")


@dataclass(frozen=True, slots=True)
class Compacted:
    """
    What became of a conversation.

    Attributes:
        summary: The turn that stands for the others, first in the conversation.
        replaced: How many it stands for.
        before: The conversation as it was: keep it under its name.
    """

    summary: Turn
    replaced: int
    before: Conversation


async def compact(
    session: Session,
    conversation: Conversation,
    question: Question,
    emit: Emit,
    taken: Collection[str] = (),
) -> Compacted:
    """
    Put a summary in the place of all turns but those that are pinned, hidden or failed.

    If anything goes wrong, nothing is changed.

    Args:
        session: The service that sums up.
        conversation: What is summed up.
        question: How to ask: its model and parameters; what it asks is not read.
        emit: Is told how it goes.
        taken: Names of conversations that there are already.

    Raises:
        ConfigError: There is nothing to sum up.
        CodexError: The service gave no summary.
    """
    async with conversation.turn:
        turns = [turn for turn in conversation.turns if turn.counts and not turn.pinned]
        if not any(turn.kind == "turn" for turn in turns):
            raise ConfigError("There is nothing to compact: no turn that is not pinned or hidden.")
        summary = await _by_service(session, turns, question, emit)
        if summary is None:
            summary = await _by_model(session, conversation, turns, question, emit)
        name = free_name(f"{conversation.name} before compact", taken)
        kept = fork(conversation, name)
        conversation.sum_up(summary, [turn.id for turn in turns])
    return Compacted(summary, len(turns), kept)


async def _by_service(
    session: Session, turns: Sequence[Turn], question: Question, emit: Emit
) -> Turn | None:
    """Return what the service's endpoint makes of some turns, or None where it makes nothing."""
    service = session.service
    if service.backend.name not in _SERVICES:
        return None
    model = session.model_for(question)
    sealed = session.unseals
    pieces = (t.encoded(service.backend, model, service.identity, sealed=sealed) for t in turns)
    try:
        made = await session.client(emit).responses.compact(
            model=model, input=[piece for piece in pieces if piece]
        )
    except InvalidRequestError:
        # No such endpoint, a model that it does not have, or too long even for it.
        return None
    items = tuple(item_json(item) for item in made.output)
    summary = Turn(
        f"(summary of {len(turns)} turns)",
        items,
        text=_transcript(turns),
        model=model,
        service=service.identity,
        usage=made.usage,
        kind="summary",
    )
    return summary if summary.sealed else None


async def _by_model(
    session: Session,
    conversation: Conversation,
    turns: Sequence[Turn],
    question: Question,
    emit: Emit,
) -> Turn:
    """Return what the model says that some turns come to."""
    asked = replace(
        question,
        prompt=SUMMARISE,
        input=({"type": "message", "role": "user", "content": SUMMARISE},),
        params={name: question.params[name] for name in _KEPT if name in question.params},
        state="stateless",
        store=None,
        once=False,
        key="",
        replaces=(),
    )
    words = await _summed_up(session, conversation, turns, asked, emit)
    told, said = spoken(words)
    return Turn(
        f"(summary of {len(turns)} turns)",
        (told,),
        (said,),
        text=words,
        model=session.model_for(question),
        service=session.service.identity,
        kind="summary",
    )


async def _summed_up(
    session: Session,
    conversation: Conversation,
    turns: Sequence[Turn],
    asked: Question,
    emit: Emit,
) -> str:
    ended = await session.run(Conversation(conversation.name, turns=turns), asked, emit)
    if isinstance(ended.error, ContextWindowError):
        return await _in_parts(session, conversation, turns, asked, emit)
    if ended.error:
        raise ended.error
    if ended.turn.status == "interrupted":
        raise asyncio.CancelledError
    if ended.turn.status != "completed" or not ended.turn.text:
        raise AnswerError("The model gave no whole summary: nothing was changed. Try again.")
    return ended.turn.text


async def _in_parts(
    session: Session,
    conversation: Conversation,
    turns: Sequence[Turn],
    asked: Question,
    emit: Emit,
) -> str:
    """Sum up halves of what is too long for one request."""
    if len(turns) == 1:
        number = conversation.turns.index(turns[0]) + 1
        raise ContextWindowError(
            f"Turn {number} alone does not fit into the model's context window: "
            f"%codex hide {number} leaves it out; then compact again."
        )
    half = len(turns) // 2
    first = await _summed_up(session, conversation, turns[:half], asked, emit)
    return BREAK.join((first, await _summed_up(session, conversation, turns[half:], asked, emit)))


def _transcript(turns: Sequence[Turn]) -> str:
    """Return turns in words, for a service that cannot read what another one made of them."""
    return BREAK.join(line for turn in turns for line in _lines(turn))


def _lines(turn: Turn) -> list[str]:
    if turn.kind == "summary":
        return [turn.text]
    messages: list[Json] = [item for item in turn.input if item.get("role") != "assistant"]
    said = [f"User: {words_in(messages)}"]
    return [*said, f"Assistant: {turn.text}"] if turn.text else said
