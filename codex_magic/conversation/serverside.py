"""A conversation that a service keeps, brought in line with what is said here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..api.client import AsyncCodexClient
from ..api.items import Json
from ..errors import InvalidRequestError, NotFoundError
from .endings import item_json
from .plans import REASONING, Held, Link, Plan, shape_of
from .turns import Conversation

LOST = "The service no longer has the conversation: the history was sent instead."
ANEW = (
    "The service's conversation is not what was said here: a new one was begun there, "
    "with the whole history."
)
LONG = "Much was taken back: a new conversation was begun at the service, with the whole history."
# Each item is a request; beyond this many, a new conversation costs less.
_MOST = 60


async def bring_in_line(client: AsyncCodexClient, conversation: Conversation, plan: Plan) -> str:
    """
    Delete what the service's conversation holds and a plan does not; return what the user should know.

    Where the service's items are not those that it was told, the link is given up: a new
    conversation begins with the next plan.

    Raises:
        APIError: The service cannot be asked now; the conversation is looked at again later.
    """
    link = conversation.link
    if link is None:
        return ""
    # Until all is done, nobody knows what is there.
    conversation.link = replace(link, doubted=True)
    try:
        said = await _delete(client, link, plan)
    except NotFoundError:
        said = LOST
    except InvalidRequestError:
        said = ANEW
    held = replace(link, held=plan.held, doubted=False)
    conversation.link = None if said else held
    return said


async def _delete(client: AsyncCodexClient, link: Link, plan: Plan) -> str:
    """Delete the items of the turns that are not in a plan, or return why they are not."""
    items = client.conversations.items
    listed = [
        item_json(item) async for item in items.list(link.conversation_id, order="asc", limit=100)
    ]
    kept = {held.turn_id for held in plan.held}
    dead = dead_items(listed, link.held, kept)
    if dead is None:
        return ANEW
    if len(dead) > _MOST:
        return LONG
    for item_id in dead:
        await items.delete(item_id, conversation_id=link.conversation_id)
    return ""


def dead_items(
    listed: Iterable[Json], held: Sequence[Held], kept: Iterable[str]
) -> list[str] | None:
    """
    Return the ids of the items that belong to none of the turns that are kept.

    The items are told apart by their places; None says that they are not what was told.

    >>> question = {"type": "message", "role": "user", "content": "Why?", "id": "msg_1"}
    >>> held = [Held("one", shape_of([question]))]
    >>> dead_items([question], held, []), dead_items([question], held, ["one"])
    (['msg_1'], [])
    >>> dead_items([{**question, "content": "How?"}], held, []) is None
    True
    """
    # A service lists reasoning or not, as it likes: it goes with the item that follows it.
    words = [(h.turn_id, word) for h in held for word in h.shape if word != REASONING]
    alive, place = set(kept), 0
    dead: list[str] = []
    thoughts: list[str] = []
    for item in listed:
        (word,) = shape_of([item])
        if word == REASONING:
            thoughts.append(str(item.get("id")))
            continue
        if place == len(words) or words[place][1] != word:
            return None
        if words[place][0] not in alive:
            dead += [*thoughts, str(item.get("id"))]
        thoughts = []
        place += 1
    return dead if place == len(words) and not thoughts else None
