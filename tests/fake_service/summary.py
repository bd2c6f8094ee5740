"""What the default answer says: a deterministic account of what the model saw."""

from collections.abc import Sequence

from .errors import Json

SHOWN = 200


def summarise(context: Sequence[Json]) -> str:
    """
    How many user messages there were, the first and last of them, and our last words.

    >>> summarise([{"role": "user", "content": "Hello"}])
    "Seen 1 user messages. First: 'Hello'. Last: 'Hello'."
    """
    said = [_short(words(item)) for item in context if item.get("role") == "user"]
    ours = [_short(words(item)) for item in context if item.get("role") == "assistant"]
    told = f"Seen {len(said)} user messages."
    if said:
        told += f" First: '{said[0]}'. Last: '{said[-1]}'."
    if ours:
        told += f" Assistant: '{ours[-1]}'."
    return told


def words(item: Json) -> str:
    """The text of a message."""
    content = item.get("content") or ""
    if not isinstance(content, str):
        content = " ".join(part.get("text") or "" for part in content).strip()
    return content


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
