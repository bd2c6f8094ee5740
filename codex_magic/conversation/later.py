"""An answer that a service made in its own time: what it came to, and that it is not left there."""

from __future__ import annotations

import time
from dataclasses import replace

from ..api.client import AsyncCodexClient
from ..api.items import Response
from ..errors import APIError
from .endings import cut, failure, item_json, status
from .turns import Conversation, Turn, words_of

CANCELLED = "It was cancelled."


def came_of(turn: Turn, response: Response) -> Turn:
    """
    Return a question whose place was kept, with what came of it.

    Args:
        turn: The question.
        response: It has come to its end, whatever that is.
    """
    error = failure(response)
    cancelled = response.status == "cancelled"
    return replace(
        turn,
        output=tuple(item_json(item) for item in response.output),
        status=cut(response) if error else status(response),
        text=words_of(response),
        usage=response.usage,
        seconds=time.time() - turn.started,
        error=CANCELLED if cancelled else str(error) if error else None,
        digest="" if error else turn.digest,
    )


async def take_home(client: AsyncCodexClient, conversation: Conversation, turn: Turn) -> str:
    """
    Delete an answer from the service that had to keep it for a while.

    Returns:
        What the user should know, in one line; empty for nothing.
    """
    try:
        await client.responses.delete(turn.response_id or "")
    except APIError as error:
        return f"The service may keep the answer {turn.response_id}: {error.message}"
    try:
        conversation.amend(turn.id, stored=False)
    except KeyError:
        # It was taken back meanwhile.
        pass
    return ""
