"""Everything that was said, on disk: conversations with their turns, what they took, what was learned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from . import store_reading as reading
from . import store_writing as writing
from .store_file import StoreFile
from .store_guard import Guard
from .store_owners import Owners
from .store_reading import Chat, Found, Spent
from .store_turns import Packed, pack, to_bytes, to_json
from .turns import Change, Conversation, Edited, Recorded, Removed, Reordered, Turn

if TYPE_CHECKING:
    from sqlite3 import Connection

_UNREADABLE = (
    "Turns that cannot be read in the store, and are left out: {} of the conversation {!r}."
)

_NO_JSON = "An answer holds something that is no JSON: it is not kept on disk."

__all__ = ["Chat", "Found", "Spent", "Store"]


class Store:
    """
    Keeps conversations in one SQLite file, for any thread of any number of kernels.

    Nothing here raises because of the disk: what cannot be written is not, what cannot be read
    is empty, and ``trouble`` says why. A write has returned True when it is durable.

    Args:
        path: The file; it and its folder are made when they are first needed.
        limit_mb: How much it may hold; beyond that the oldest conversations lose first their
            files and then all, but never those that a kernel has open.
    """

    def __init__(self, path: Path, *, limit_mb: int = 512) -> None:
        self._file = StoreFile(path, limit_mb << 20)
        self._guard = Guard(self._file)
        self._owners = Owners(self._file.path.with_name(f"{self._file.path.name}-kernels"))
        # Conversations that this kernel has open.
        self._open: set[str] = set()

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._file.path

    @property
    def trouble(self) -> str:
        """What is wrong and what to do, in one line; empty where nothing is."""
        return self._guard.failure or self._file.notice

    @property
    def begun(self) -> int:
        """How many files were opened: after another number, what the one before held is gone."""
        return self._file.begun

    def complain(self, line: str) -> None:
        """Let ``trouble`` say something until the next thing is written or read."""
        self._guard.failure = line

    def size(self) -> int:
        """Return how many bytes lie on the disk."""
        return self._file.size()

    def close(self) -> None:
        """Close the file; another call opens it again."""
        self._file.close()

    def begin(self, conversation: Conversation, turn: Turn) -> bool:
        """
        Keep a question that goes out now; if the kernel dies, ``load`` finds it as interrupted.

        Args:
            conversation: Where it is asked.
            turn: The question, with the id that the recorded turn will have.
        """

        def write(connection: Connection, packed: Packed) -> None:
            self._put(connection, conversation)
            writing.put_turn(connection, conversation.id, turn, packed, owner=self._owners.me)

        return self._write_turn(turn, write)

    def grow(self, turn_id: str, text: str) -> bool:
        """Keep the words that an answer has so far; they are replaced when it is recorded."""

        def write(connection: Connection) -> None:
            connection.execute(
                "UPDATE growing SET text = ? WHERE turn = ?", (to_bytes(text), turn_id)
            )

        return self._guard.write(write)

    def record(self, conversation: Conversation, turn: Turn, replaced: Iterable[str] = ()) -> bool:
        """
        Keep a turn as the last one of its conversation.

        Args:
            conversation: Where it is.
            turn: What was asked, and what came of it.
            replaced: The turns in whose place it comes.
        """

        def write(connection: Connection, packed: Packed) -> None:
            self._put(connection, conversation)
            writing.drop_turns(connection, conversation.id, replaced, keep=packed.blobs)
            writing.put_turn(connection, conversation.id, turn, packed)

        self._trim()
        return self._write_turn(turn, write) and self._trim()

    def edit(self, conversation: Conversation, turn: Turn) -> bool:
        """Keep a turn that was changed; it stays where it is."""

        def write(connection: Connection, packed: Packed) -> None:
            self._put(connection, conversation)
            position = writing.position_of(connection, conversation.id, turn.id)
            writing.put_turn(connection, conversation.id, turn, packed, position=position)

        return self._write_turn(turn, write)

    def remove(self, conversation: Conversation, turn_ids: Iterable[str]) -> bool:
        """Forget turns."""

        def write(connection: Connection) -> None:
            self._put(connection, conversation)
            writing.drop_turns(connection, conversation.id, turn_ids)

        return self._guard.write(write)

    def reorder(self, conversation: Conversation, turn_ids: Iterable[str]) -> bool:
        """Keep the order of the turns; those that are not named come before them."""
        order = tuple(turn_ids)

        def write(connection: Connection) -> None:
            self._put(connection, conversation)
            writing.reorder(connection, conversation.id, order)

        return self._guard.write(write)

    def apply(self, conversation: Conversation, change: Change) -> bool:
        """Keep a change of a conversation."""
        match change:
            case Recorded(turn, replaced):
                return self.record(conversation, turn, replaced)
            case Removed(turn_ids):
                return self.remove(conversation, turn_ids)
            case Edited(turn):
                return self.edit(conversation, turn)
            case Reordered(turn_ids):
                return self.reorder(conversation, turn_ids)
            case _:
                assert_never(change)

    def keep(self, conversation: Conversation) -> bool:
        """Keep what a conversation is: its name, instructions, notebook, link and state."""
        return self._guard.write(lambda connection: self._put(connection, conversation))

    def save(self, conversation: Conversation, gone: Iterable[str] = ()) -> bool:
        """
        Keep a whole conversation, whatever of it is there already.

        Args:
            conversation: With all its turns.
            gone: Turns that it had.
        """

        packed = [(turn, self._packed(turn)) for turn in conversation.turns]

        def write(connection: Connection) -> None:
            self._put(connection, conversation)
            writing.drop_turns(connection, conversation.id, gone)
            for turn, ready in packed:
                if ready is not None:
                    writing.put_turn(connection, conversation.id, turn, ready)

        self._trim()
        if not self._guard.write(write):
            return False
        self._trim()
        if any(ready is None for _, ready in packed):
            self.complain(_NO_JSON)
        return True

    def delete(self, conversation_id: str) -> bool:
        """Forget a conversation; return whether it was there."""
        found = self._guard.written(lambda c: writing.drop_conversation(c, conversation_id))
        self._open.discard(conversation_id)
        return bool(found) and self._give_back()

    def rename(self, conversation_id: str, name: str) -> bool:
        """Call a conversation by another name; return whether it was there."""

        def write(connection: Connection) -> bool:
            found = connection.execute(
                "UPDATE conversations SET name = ? WHERE id = ?", (to_bytes(name), conversation_id)
            )
            return bool(found.rowcount)

        return bool(self._guard.written(write))

    # Reading.

    def chats(self, notebook: str | None = None) -> list[Chat]:
        """Return the conversations, or those of one notebook, the latest first."""
        return self._guard.read(lambda c: reading.list_chats(c, notebook)) or []

    def load(self, conversation_id: str) -> Conversation | None:
        """
        Return a conversation, or None where it is not there.

        A question whose kernel died is in it as an interrupted turn, with the words that had
        arrived; one that another kernel is answering now is not.
        """
        adopted: list[Turn] = []
        missing: list[int] = []

        def read(connection: Connection) -> Conversation | None:
            adopted.clear()
            rows = [
                row
                for row in reading.read_rows(connection, conversation_id)
                if row.owner is None or not self._owners.alive(row.owner)
            ]
            whole = []
            for row, turn in reading.unpack_rows(connection, rows):
                if turn is not None and row.owner is not None:
                    turn = reading.broken_off(connection, turn)
                    adopted.append(turn)
                if turn is not None:
                    whole.append(turn)
            missing.append(len(rows) - len(whole))
            return reading.read_conversation(connection, conversation_id, whole)

        found = self._guard.read(read)
        if found is not None:
            self._open.add(conversation_id)
            for turn in adopted:
                self._adopt(found, turn)
            if missing[-1]:
                self._guard.failure = _UNREADABLE.format(missing[-1], found.name)
        return found

    def load_latest(self, notebook: str) -> Conversation | None:
        """Return the conversation of a notebook that was changed last, or None."""
        latest = next(iter(self.chats(notebook)), None)
        return self.load(latest.id) if latest else None

    def search(self, text: str, limit: int = 50) -> list[Found]:
        """Return the turns in which every word occurs, in any case, the latest first."""

        def read(connection: Connection) -> list[Found]:
            found = reading.find_rows(connection, text, limit)
            turns = reading.unpack_rows(connection, [row for _, _, row in found])
            return [
                Found(place, name, turn)
                for (place, name, _), (_, turn) in zip(found, turns, strict=True)
                if turn is not None
            ]

        return self._guard.read(read) or []

    def running(self) -> list[Found]:
        """Return the questions that services work on, and that no other living kernel follows."""

        def read(connection: Connection) -> list[Found]:
            found = []
            owners = reading.owners(connection)
            for place, name, row in reading.find_running(connection):
                owner = owners.get(place)
                others = owner != self._owners.me and owner is not None
                turn = next((turn for _, turn in reading.unpack_rows(connection, [row])), None)
                if turn is not None and not (others and self._owners.alive(owner)):
                    found.append(Found(place, name, turn))
            return found

        return self._guard.read(read) or []

    def find(self, digest: str) -> Turn | None:
        """Return the last whole answer to what has this digest, or None."""
        if not digest:
            return None

        def read(connection: Connection) -> Turn | None:
            rows = reading.find_digest(connection, digest)
            return next((turn for _, turn in reading.unpack_rows(connection, rows)), None)

        return self._guard.read(read)

    def usage_since(self, timestamp: float) -> list[Spent]:
        """Return what was spent since then, by model and service, the most first."""
        return self._guard.read(lambda c: reading.sum_usage(c, timestamp)) or []

    def turns_since(self, timestamp: float) -> list[Spent]:
        """Return what each turn since then took, the first one first."""
        return self._guard.read(lambda c: reading.list_usage(c, timestamp)) or []

    def remember(self, key: str, value: Any, seconds: float) -> bool:
        """Keep something that was learned, as JSON, for some time."""

        def write(connection: Connection) -> None:
            now = time.time()
            connection.execute("DELETE FROM experience WHERE expires <= ?", (now,))
            connection.execute(
                "INSERT OR REPLACE INTO experience (key, value, expires) VALUES (?, ?, ?)",
                (to_bytes(key), to_bytes([value]), now + seconds),
            )

        return self._guard.write(write)

    def recall(self, key: str) -> Any:
        """Return what was remembered, or None where its time is over."""

        def read(connection: Connection) -> Any:
            row = connection.execute(
                "SELECT value FROM experience WHERE key = ? AND expires > ?",
                (to_bytes(key), time.time()),
            ).fetchone()
            return to_json(row[0])[0] if row else None

        return self._guard.read(read)

    def _put(self, connection: Connection, conversation: Conversation) -> None:
        self._open.add(conversation.id)
        writing.put_conversation(connection, conversation, self._owners.me)

    def _write_turn(self, turn: Turn, write: Callable[[Connection, Packed], None]) -> bool:
        packed = self._packed(turn)
        return packed is not None and self._guard.write(lambda c: write(c, packed))

    def _packed(self, turn: Turn) -> Packed | None:
        try:
            return pack(turn)
        except (TypeError, ValueError, RecursionError):
            self.complain(_NO_JSON)
            return None

    def _adopt(self, conversation: Conversation, turn: Turn) -> None:
        """Keep a turn whose kernel died, as it was found, unless another kernel just did."""

        def write(connection: Connection) -> None:
            for row in reading.read_rows(connection, conversation.id, turn.id):
                if row.owner is not None and not self._owners.alive(row.owner):
                    place = writing.position_of(connection, conversation.id, turn.id)
                    writing.put_turn(connection, conversation.id, turn, pack(turn), position=place)

        self._guard.write(write)

    def _trim(self) -> bool:
        """Keep to the limit; what cannot be dropped is no reason to fail."""
        if (self._guard.read(writing.held) or 0) > self._file.limit:

            def write(connection: Connection) -> None:
                owners = reading.owners(connection)
                live = {id for id, owner in owners.items() if self._owners.alive(owner)}
                writing.make_room(connection, self._file.limit, self._open | live)

            if self._guard.write(write):
                self._give_back()
        return True

    def _give_back(self) -> bool:
        """Shrink the file, so that what was deleted is gone from the disk."""
        self._file.shrink()
        return True
