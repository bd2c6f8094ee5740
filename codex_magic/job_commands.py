"""``%codex jobs`` and ``%codex cancel``: what the service works on in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .api.background import is_unfinished
from .assistant import Assistant
from .command_words import cut
from .conversation.later import CANCELLED, came_of
from .conversation.store_reading import Found
from .conversation.turns import Turn
from .display.tables import show_table
from .errors import CodexError, ConfigError, NotFoundError
from .jobs import BackgroundJob

_GONE = "The service no longer has it."


def jobs(assistant: Assistant, rest: str) -> None:
    """jobs: what is answered in the background; what an ended kernel left there is fetched"""
    if rest:
        raise ConfigError(f"%codex jobs takes no words: not {rest!r}.")
    rows = []
    for job in assistant.jobs.all:
        job.draw()
        error = f": {job.reply.error}" if job.done and job.reply.error else ""
        how, what = cut(f"{job.words}{error}"), cut(job.reply.prompt, 40)
        rows.append((str(job.number), job.response_id, how, what))
    for found in _left_behind(assistant):
        try:
            how = _fetched(assistant, found)
        except CodexError as error:
            how = str(error)
        rows.append(("", found.turn.response_id or "", cut(how), cut(found.turn.prompt, 40)))
    if not rows:
        print("Nothing is asked in the background: %%codex --background does.")
        return
    show_table(assistant.shell, rows, head=("", "id", "status", "question"))


def cancel(assistant: Assistant, rest: str) -> None:
    """cancel [ID]: stop what is answered in the background, by its number or its id"""
    job = assistant.jobs.named(rest)
    if job is not None:
        print(_cancelled(assistant, job))
        return
    left = {found.turn.response_id: found for found in _left_behind(assistant)}
    found = left.get(rest) if rest else next(iter(left.values()), None)
    if found is None:
        what = f"Nothing is called {rest!r}" if rest else "Nothing runs"
        raise ConfigError(f"{what} in the background: %codex jobs lists what does.")
    response_id = found.turn.response_id or ""
    choice = assistant.services.choose(start=False)
    response = assistant.call(choice, lambda client: client.responses.cancel(response_id))
    _settled(assistant, found, came_of(found.turn, response))
    print(f"{response_id}: {response.status}.")


COMMANDS: dict[str, Callable[[Assistant, str], None]] = {"jobs": jobs, "cancel": cancel}


def _cancelled(assistant: Assistant, job: BackgroundJob) -> str:
    if job.done:
        return f"It has ended: {job.reply.status}."
    response = assistant.call(job.choice, lambda client: client.responses.cancel(job.response_id))
    if response.status != "cancelled":
        return f"It has ended: {response.status}."
    turn = next((t for t in job.conversation.turns if t.id == job.reply.turn_id), None)
    job.leave()
    if turn is not None:
        job.conversation.settle(came_of(turn, response))
    assistant.memory.settle()
    job.draw()
    return f"Cancelled: {cut(job.reply.prompt)}"


def _left_behind(assistant: Assistant) -> list[Found]:
    """Return the questions that an ended kernel asked, and whose answers nobody has fetched."""
    store = assistant.memory.store
    followed = {job.response_id for job in assistant.jobs.all}
    running = store.running() if store else []
    return [found for found in running if found.turn.response_id not in followed]


def _fetched(assistant: Assistant, found: Found) -> str:
    """Look at an answer, put it where it belongs if it is there; return how it stands."""
    turn, choice = found.turn, assistant.services.choose(start=False)
    if choice.service.identity != turn.service:
        return f"It is at {turn.service}: use that service, and look again."
    response_id = turn.response_id or ""
    try:
        response = assistant.call(choice, lambda client: client.responses.retrieve(response_id))
    except NotFoundError:
        _settled(assistant, found, replace(turn, status="failed", error=_GONE))
        return _GONE
    if is_unfinished(response):
        return str(response.status)
    ended = came_of(turn, response)
    name = _settled(assistant, found, ended)
    if ended.error and ended.error != CANCELLED:
        return ended.error
    return f"{ended.status}: %codex switch {name}, then %codex show"


def _settled(assistant: Assistant, found: Found, ended: Turn) -> str:
    """Put what came of a question into its conversation, and return that one's name."""
    memory = assistant.memory
    conversation = memory.named(found.conversation_id)
    memory.add(conversation)
    conversation.settle(ended)
    memory.took(ended, kept=True)
    memory.settle()
    return conversation.name
