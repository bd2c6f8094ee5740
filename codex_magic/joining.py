"""Which conversation a question joins."""

from __future__ import annotations

from .asking import Options
from .conversation.turns import Conversation
from .memory import Memory


def looked_at(memory: Memory, options: Options) -> Conversation:
    """Return the conversation that a question would join; none is begun."""
    if options.new:
        return Conversation("")
    name = options.chat or memory.current
    return memory.conversations.get(name) or Conversation(name)


def namesakes(memory: Memory, options: Options) -> list[str]:
    """Return a word on a conversation on disk that has the name of one which begins now."""
    name = options.chat
    if not name or options.once or name in memory.conversations:
        return []
    found = next((chat for chat in memory.kept() if chat.name == name), None)
    if found is None:
        return []
    # Its id, because the name is that of the new one from now on.
    return [
        f"A new conversation {name!r} begins; an earlier one of that name is on disk: "
        f"%codex resume {found.id} goes on with it."
    ]


def joined(memory: Memory, options: Options) -> Conversation:
    """Return the conversation that a question joins, which is the current one from now on."""
    if options.once:
        return memory.conversation
    if options.new:
        return memory.new(options.chat)
    if options.chat:
        return memory.switch(options.chat)
    return memory.conversation
