"""A conversation or a response that lives on a service, taken over as a conversation of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from ..api.auth import Service
from ..api.client import AsyncCodexClient
from ..api.items import Json, Response
from ..errors import ConfigError, InvalidRequestError, NotFoundError
from ..records import dataclass
from .answers import words_in
from .endings import item_json
from .plans import Held, Link, next_lineage, shape_of
from .turns import Conversation, Status, Turn

_ELSEWHERE = "(asked elsewhere)"
_CUT = "The service no longer lists what was said before: the transcript begins later than it does."
_UNLISTED = "The service does not list what it was asked: the transcript has its answers only."


@dataclass(frozen=True, slots=True)
class Adopted:
    """
    What was taken over.

    Attributes:
        conversation: With its turns; the next question goes on at the service, if it is asked in
            the conversation's ``state``.
        notices: What the user should know, a line each.
    """

    conversation: Conversation
    notices: tuple[str, ...] = ()


@dataclass(slots=True)
class _Exchange:
    """What was asked together, what came of it, and the response that ended it."""

    asked: list[Json] = field(default_factory=list)
    came: list[Json] = field(default_factory=list)
    response: Response | None = None


async def adopt(client: AsyncCodexClient, service: Service, found_id: str, name: str) -> Adopted:
    """
    Return what lives under an id on a service as a conversation.

    Args:
        client: Of the service.
        service: Where it lives.
        found_id: ``conv_…`` or ``resp_…``.
        name: What the conversation is to be called.

    Raises:
        ConfigError: It is no such id, or the service keeps nothing of the kind.
        APIError: The service does not have it, or cannot be reached.
    """
    kind = found_id.partition("_")[0]
    if kind not in ("conv", "resp"):
        raise ConfigError(f"{found_id!r} is no id of a service: it begins with conv_ or resp_.")
    backend = service.backend
    if (backend.conversations if kind == "conv" else backend.chains) == "no":
        raise ConfigError(f"{backend.title} keeps no conversations, so {found_id} is not there.")
    try:
        if kind == "conv":
            return await _conversation(client, service, found_id, name)
        return await _response(client, service, found_id, name)
    except NotFoundError as error:
        error.message = (
            f"{error.message} Check the id, and that the key is of the project that it was made in."
        )
        raise


async def _conversation(
    client: AsyncCodexClient, service: Service, conversation_id: str, name: str
) -> Adopted:
    listed = client.conversations.items.list(conversation_id, order="asc", limit=100)
    exchanges: list[_Exchange] = []
    _sort([item_json(item) async for item in listed], exchanges)
    turns = _turns(exchanges, service.identity)
    conversation = Conversation(name, turns=turns)
    conversation.state = "conversation"
    # A call that nobody answered blocks it: then the next question begins a new one.
    if not any(turn.pending for turn in turns):
        held = tuple(Held(turn.id, shape_of((*turn.input, *turn.output))) for turn in turns)
        conversation.link = Link(conversation_id, service.identity, held, doubted=False)
    return Adopted(conversation)


async def _response(
    client: AsyncCodexClient, service: Service, response_id: str, name: str
) -> Adopted:
    last = await client.responses.retrieve(response_id)
    if last.status in ("queued", "in_progress"):
        raise ConfigError(f"{response_id} is still {last.status}: resume it when it has ended.")
    joined = (last.conversation or {}).get("id")
    if joined:
        # It is part of a conversation: that is what goes on.
        return await _conversation(client, service, joined, name)
    chain, notices = await _chain(client, last)
    exchanges: list[_Exchange] = []
    seen: set[str] = set()
    for response in chain:
        listed = await _listed(client, response.id)
        if listed is None:
            notices = [*notices, _UNLISTED]
            exchanges.append(_Exchange())
        fresh = [item for item in listed or () if item.get("id") not in seen]
        came = [item_json(item) for item in response.output]
        # Some services list the whole history of a response, others what was new in it.
        seen.update(str(item["id"]) for item in (*fresh, *came) if item.get("id"))
        _sort([*fresh, *came], exchanges)
        exchanges[-1:] = [_ended(exchanges[-1:], response)]
    conversation = Conversation(
        name,
        instructions=last.instructions if isinstance(last.instructions, str) else "",
        turns=_turns(exchanges, service.identity),
    )
    conversation.state = "previous_response_id"
    return Adopted(conversation, tuple(dict.fromkeys(notices)))


async def _chain(client: AsyncCodexClient, last: Response) -> tuple[list[Response], list[str]]:
    """Return a response and all those that it followed, oldest first, as far as they are there."""
    chain, known = [last], {last.id}
    while (earlier := chain[-1].previous_response_id) and earlier not in known:
        try:
            chain.append(await client.responses.retrieve(earlier))
        except InvalidRequestError:
            return chain[::-1], [_CUT]
        known.add(earlier)
    return chain[::-1], []


async def _listed(client: AsyncCodexClient, response_id: str) -> list[Json] | None:
    """Return what a response was made from, or None where the service does not list it."""
    listed = client.responses.input_items.list(response_id, order="asc", limit=100)
    try:
        return [item_json(item) async for item in listed]
    except InvalidRequestError:
        return None


def _sort(items: Sequence[Json], exchanges: list[_Exchange]) -> None:
    """Put items to the exchanges that they belong to; a question after an answer begins a new one."""
    for item in items:
        is_question = bool(item.get("role")) and item.get("role") != "assistant"
        if not exchanges or (is_question and exchanges[-1].came):
            exchanges.append(_Exchange())
        current = exchanges[-1]
        (current.asked if is_question else current.came).append(item)


def _ended(last: Sequence[_Exchange], response: Response) -> _Exchange:
    exchange = last[0] if last else _Exchange()
    exchange.response = response
    return exchange


def _turns(exchanges: Sequence[_Exchange], service: str) -> list[Turn]:
    """Return exchanges as turns, each with the number of those up to it."""
    turns: list[Turn] = []
    number = 0
    for exchange in exchanges:
        turn = _turn(exchange, service)
        number = next_lineage(number, turn.id)
        turns.append(replace(turn, lineage=number))
    return turns


def _turn(exchange: _Exchange, service: str) -> Turn:
    response = exchange.response
    turn = Turn(
        words_in(exchange.asked) or _ELSEWHERE,
        tuple(exchange.asked),
        tuple(exchange.came),
        _status(exchange),
        text=words_in([item for item in exchange.came if item.get("role") == "assistant"]),
        service=service,
        stored=True,
    )
    if response is None:
        return turn
    return replace(
        turn,
        model=response.model or "",
        response_id=response.id,
        usage=response.usage,
        started=response.created_at or turn.started,
    )


def _status(exchange: _Exchange) -> Status:
    response = exchange.response
    if response is not None and response.status in ("failed", "cancelled"):
        return "interrupted" if exchange.came else "failed"
    whole = response is None or response.status == "completed"
    return "completed" if whole and exchange.came else "incomplete"
