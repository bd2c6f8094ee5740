"""A conversation edited like a notebook: turns hidden, pinned and asked again; a copy under another name."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..api.items import Json
from ..errors import ConfigError
from ..records import dataclass
from .turns import Conversation, Turn

# In words that a model takes as an order to go on, after its own half of an answer.
CONTINUE = "Continue exactly where you stopped."
# Services that call an answer completed which ran into its limit: the user sees it better.
_SILENT = ("llama.cpp ", "local ", "vllm ")


@dataclass(frozen=True, slots=True)
class Again:
    """
    A question to ask: its fields go into a ``Question`` under the same names.

    Attributes:
        prompt: What is asked.
        input: The items that it becomes.
        replaces: The turns in whose place the answer goes; where nothing is answered, they stay.
        key: The cell that asked.
        before: The conversation as it was, where turns get lost: keep it under its name.
    """

    prompt: str
    input: tuple[Json, ...]
    replaces: tuple[str, ...] = ()
    key: str = ""
    before: Conversation | None = None


def turn_at(conversation: Conversation, number: int) -> Turn:
    """
    Return a turn by its number: 1 is the first, -1 the last.

    Raises:
        ConfigError: There is none.
    """
    turns = conversation.turns
    place = number - 1 if number > 0 else number + len(turns)
    if number == 0 or not 0 <= place < len(turns):
        known = f"its turns are 1 to {len(turns)}" if turns else "nothing was said in it yet"
        raise ConfigError(
            f"There is no turn {number} in {conversation.name!r}: {known} (%codex history)."
        )
    return turns[place]


def hide(conversation: Conversation, *numbers: int) -> tuple[Turn, ...]:
    """Leave turns out of what is sent; they are still shown."""
    return _amended(conversation, numbers, hidden=True)


def unhide(conversation: Conversation, *numbers: int) -> tuple[Turn, ...]:
    """Send turns again that were hidden."""
    return _amended(conversation, numbers, hidden=False)


def pin(conversation: Conversation, *numbers: int) -> tuple[Turn, ...]:
    """Let turns stay as they are when the conversation is compacted."""
    return _amended(conversation, numbers, pinned=True)


def unpin(conversation: Conversation, *numbers: int) -> tuple[Turn, ...]:
    """Let turns go into the summary when the conversation is compacted."""
    return _amended(conversation, numbers, pinned=False)


def before(conversation: Conversation, number: int) -> tuple[Turn, ...]:
    """Return the turns before one."""
    turns = conversation.turns
    return turns[: turns.index(turn_at(conversation, number))]


def fork(conversation: Conversation, name: str, *, upto: int | None = None) -> Conversation:
    """
    Return a conversation of the same turns under another name; each goes its own way from here.

    Args:
        conversation: The one that is copied.
        name: Of the copy.
        upto: The number of the last turn that it has; without it, it has all.
    """
    turns = conversation.turns
    if upto is not None:
        turns = (*before(conversation, upto), turn_at(conversation, upto))
    copy = Conversation(
        name,
        instructions=conversation.instructions,
        notebook=conversation.notebook,
        turns=turns,
    )
    # The service's conversation is the first one's; a copy begins its own.
    copy.state = conversation.state
    return copy


def edit(
    conversation: Conversation, number: int, prompt: str, taken: Collection[str] = ()
) -> Again:
    """
    Return the question that asks a turn again in other words.

    As in a chat, the answer goes in the place of the turn and of all that followed; these are
    still in ``before``, a conversation named "… before edit".

    Args:
        conversation: Where it was asked.
        number: Which turn.
        prompt: The new words; what else went along with the question still does.
        taken: Names of conversations that there are already.
    """
    turn = turn_at(conversation, number)
    if turn.kind == "summary":
        raise ConfigError(f"Turn {number} is a summary: only a question can be edited.")
    gone = conversation.turns[conversation.turns.index(turn) :]
    name = free_name(f"{conversation.name} before edit", taken)
    return Again(
        prompt,
        _reworded(turn, prompt),
        tuple(lost.id for lost in gone),
        turn.key,
        fork(conversation, name),
    )


def retry(conversation: Conversation) -> Again:
    """
    Return the last question, to be asked again: its new answer goes in the place of the old one.

    Raises:
        ConfigError: Nothing was asked.
    """
    asked = [turn for turn in conversation.turns if turn.kind == "turn" and not turn.hidden]
    if not asked:
        raise ConfigError("Nothing was asked in this conversation yet: there is nothing to retry.")
    last = asked[-1]
    return Again(last.prompt, last.input, (last.id,), last.key)


def continue_(conversation: Conversation) -> Again:
    """
    Return the question that goes on with an answer that was interrupted, or ran into a limit.

    Where nothing of the answer had arrived, its question is asked again.

    Raises:
        ConfigError: The last answer is whole, or still on its way.
    """
    shown = [turn for turn in conversation.turns if not turn.hidden]
    last = shown[-1] if shown else None
    if last is not None and last.status == "running":
        raise ConfigError(
            "The last answer is on its way in the background, so there is nothing to continue yet: "
            "%codex jobs says how it stands."
        )
    if last is None or (last.status == "completed" and not last.service.startswith(_SILENT)):
        raise ConfigError(
            "The last answer is whole, so there is nothing to continue: ask on with %%codex."
        )
    if not last.text:
        return retry(conversation)
    message: Json = {"type": "message", "role": "user", "content": CONTINUE}
    return Again(CONTINUE, (message,))


def free_name(name: str, taken: Collection[str]) -> str:
    """
    Return a name that nothing has yet.

    >>> free_name("main before edit", ["main", "main before edit"])
    'main before edit 2'
    """
    if name not in taken:
        return name
    numbers = range(2, len(taken) + 3)
    return next(free for number in numbers if (free := f"{name} {number}") not in taken)


def _amended(
    conversation: Conversation, numbers: Iterable[int], **changes: bool
) -> tuple[Turn, ...]:
    # All are looked up first: of two numbers of which one is wrong, none is changed.
    turns = [turn_at(conversation, number) for number in numbers]
    return tuple(conversation.amend(turn.id, **changes) for turn in turns)


def _reworded(turn: Turn, prompt: str) -> tuple[Json, ...]:
    """Return the input of a turn with another prompt in the place of the old one."""
    items = list(turn.input)
    for place in reversed(range(len(items))):
        content = _replaced(items[place], turn.prompt, prompt)
        if content is not None:
            items[place] = {**items[place], "content": content}
            return tuple(items)
    return ({"type": "message", "role": "user", "content": prompt},)


def _replaced(item: Json, old: str, new: str) -> str | list[Json] | None:
    """Return the content of a message that has the old prompt in it, with the new one; else None."""
    content = item.get("content")
    if item.get("role") != "user" or not old:
        return None
    if isinstance(content, str):
        return _swapped(content, old, new)
    parts = list(content or ())
    for place in reversed(range(len(parts))):
        text = _swapped(str(parts[place].get("text") or ""), old, new)
        if text is not None:
            return [*parts[:place], {**parts[place], "text": text}, *parts[place + 1 :]]
    return None


def _swapped(text: str, old: str, new: str) -> str | None:
    # The last one: what is sent along stands before the question.
    head, found, tail = text.rpartition(old)
    return f"{head}{new}{tail}" if found else None
