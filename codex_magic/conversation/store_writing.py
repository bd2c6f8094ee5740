"""What is written into the store, inside of one transaction each."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .store_schema import pragma
from .store_turns import Packed, link_json, to_bytes
from .turns import Conversation, Turn

if TYPE_CHECKING:
    from sqlite3 import Connection

# What is made room for: so much of the limit is left over, so that not every turn makes room.
_TRIMMED = 0.9
# Seconds that what was spent is remembered for, where room is short.
_BOOKS = 400 * 86_400
_COUNTS = (
    *("input_tokens", "output_tokens", "total_tokens"),
    *("cached_tokens", "reasoning_tokens", "cache_write_tokens"),
)


def put_conversation(connection: Connection, conversation: Conversation, owner: int) -> None:
    """Write what a conversation is, without its turns."""
    body = to_bytes(
        {
            "instructions": conversation.instructions,
            "state": conversation.state,
            "link": link_json(conversation.link),
        }
    )
    now = time.time()
    name, notebook = to_bytes(conversation.name), to_bytes(conversation.notebook)
    # An INSERT OR REPLACE would delete the row first, and all turns with it.
    found = connection.execute(
        "UPDATE conversations SET name = ?, notebook = ?, updated = ?, owner = ?, body = ? WHERE id = ?",
        (name, notebook, now, owner, body, conversation.id),
    )
    if not found.rowcount:
        connection.execute(
            "INSERT INTO conversations (id, name, notebook, created, updated, owner, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (conversation.id, name, notebook, now, now, owner, body),
        )


def put_turn(
    connection: Connection,
    conversation_id: str,
    turn: Turn,
    packed: Packed,
    *,
    owner: int | None = None,
    position: int | None = None,
) -> None:
    """
    Write a turn in the place of one with its id.

    Args:
        connection: The store.
        conversation_id: Whose turn it is.
        turn: The turn.
        packed: The same, ready to be written.
        owner: Who answers it at this moment; None where it has ended.
        position: Its place; None is the last one.
    """
    if position is None:
        position = _last(connection, conversation_id, besides=turn.id) + 1
    earlier = drop_turns(connection, conversation_id, [turn.id], keep=packed.blobs)
    number = connection.execute(
        "INSERT INTO turns (number, conversation, id, position, owner, started, status, digest, "
        "prompt, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(next(iter(earlier), None), conversation_id, turn.id, position, owner),
            *(turn.started, turn.status, to_bytes(turn.digest), to_bytes(turn.prompt), packed.body),
        ),
    ).lastrowid
    connection.execute("INSERT INTO words (turn, said) VALUES (?, ?)", (number, packed.said))
    for digest, content in packed.blobs.items():
        connection.execute(
            "INSERT OR IGNORE INTO uses (turn, hash) VALUES (?, ?)", (number, digest)
        )
        known = connection.execute("SELECT 1 FROM blobs WHERE hash = ?", (digest,)).fetchone()
        if not known:
            connection.execute("INSERT INTO blobs (hash, bytes) VALUES (?, ?)", (digest, content))
    if owner is None:
        _spend(connection, turn)
    else:
        connection.execute("INSERT OR REPLACE INTO growing VALUES (?, ?)", (turn.id, b""))


def position_of(connection: Connection, conversation_id: str, turn_id: str) -> int | None:
    """Return the place of a turn, or None where it is not there."""
    row = connection.execute(
        "SELECT position FROM turns WHERE conversation = ? AND id = ?", (conversation_id, turn_id)
    ).fetchone()
    return int(row[0]) if row else None


def _last(connection: Connection, conversation_id: str, *, besides: str) -> int:
    row = connection.execute(
        "SELECT position FROM turns WHERE conversation = ? AND id != ? "
        "ORDER BY position DESC LIMIT 1",
        (conversation_id, besides),
    ).fetchone()
    return int(row[0]) if row else 0


def _spend(connection: Connection, turn: Turn) -> None:
    if turn.usage is None:
        return
    counts = [getattr(turn.usage, name) for name in _COUNTS]
    connection.execute(
        f"INSERT OR REPLACE INTO usage (turn, at, model, service, {', '.join(_COUNTS)}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (turn.id, turn.started, to_bytes(turn.model), to_bytes(turn.service), *counts),
    )


def drop_turns(
    connection: Connection,
    conversation_id: str,
    turn_ids: Iterable[str],
    *,
    keep: Collection[bytes] = (),
) -> list[int]:
    """Delete turns, and their files that no other turn has; return the numbers they had."""
    numbers: list[int] = []
    for turn_id in turn_ids:
        numbers += [
            number
            for (number,) in connection.execute(
                "SELECT number FROM turns WHERE conversation = ? AND id = ?",
                (conversation_id, turn_id),
            )
        ]
        connection.execute("DELETE FROM growing WHERE turn = ?", (turn_id,))
    files: set[bytes] = set()
    for number in numbers:
        found = connection.execute("SELECT hash FROM uses WHERE turn = ?", (number,))
        files.update(digest for (digest,) in found)
        connection.execute("DELETE FROM turns WHERE number = ?", (number,))
    _drop_files(connection, files.difference(keep))
    return numbers


def drop_conversation(connection: Connection, conversation_id: str) -> bool:
    """Delete a conversation with all it has; return whether it was there."""
    files = _files_of(connection, conversation_id)
    connection.execute(
        "DELETE FROM growing WHERE turn IN "
        "(SELECT id FROM turns WHERE conversation = ? AND owner IS NOT NULL)",
        (conversation_id,),
    )
    found = connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
    _drop_files(connection, files)
    return bool(found.rowcount)


def _files_of(connection: Connection, conversation_id: str) -> set[bytes]:
    found = connection.execute(
        "SELECT DISTINCT hash FROM uses JOIN turns ON number = turn WHERE conversation = ?",
        (conversation_id,),
    )
    return {digest for (digest,) in found}


def _drop_files(connection: Connection, files: Iterable[bytes]) -> None:
    for digest in files:
        connection.execute(
            "DELETE FROM blobs WHERE hash = ? AND NOT EXISTS "
            "(SELECT 1 FROM uses WHERE uses.hash = blobs.hash)",
            (digest,),
        )


def reorder(connection: Connection, conversation_id: str, turn_ids: Sequence[str]) -> None:
    """Put turns into an order; those that it does not name stay before them."""
    start = _last(connection, conversation_id, besides="")
    for position, turn_id in enumerate(turn_ids, start + 1):
        connection.execute(
            "UPDATE turns SET position = ? WHERE conversation = ? AND id = ?",
            (position, conversation_id, turn_id),
        )


def make_room(connection: Connection, limit: int, in_use: Collection[str]) -> None:
    """
    Drop the files of the oldest conversations, then the conversations, until the rest fits.

    Args:
        connection: The store.
        limit: How many bytes it may hold.
        in_use: Conversations that are left alone.
    """
    if held(connection) <= limit:
        return
    target = int(limit * _TRIMMED)
    connection.execute("DELETE FROM usage WHERE at < ?", (time.time() - _BOOKS,))
    for drop in (_drop_files_of, drop_conversation):
        for conversation_id in _oldest(connection, in_use):
            if held(connection) <= target:
                return
            drop(connection, conversation_id)


def _oldest(connection: Connection, in_use: Collection[str]) -> Iterator[str]:
    rows = connection.execute("SELECT id FROM conversations ORDER BY updated").fetchall()
    return (found for (found,) in rows if found not in in_use)


def _drop_files_of(connection: Connection, conversation_id: str) -> bool:
    files = _files_of(connection, conversation_id)
    connection.execute(
        "DELETE FROM uses WHERE turn IN (SELECT number FROM turns WHERE conversation = ?)",
        (conversation_id,),
    )
    _drop_files(connection, files)
    return bool(files)


def held(connection: Connection) -> int:
    """Return how many bytes the file holds, without its free pages."""
    pages = pragma(connection, "page_count") - pragma(connection, "freelist_count")
    return pages * pragma(connection, "page_size")
