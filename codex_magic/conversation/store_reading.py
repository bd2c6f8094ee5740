"""What is read from the store, and in which form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..api.items import Json
from ..records import dataclass
from .store_turns import folded, hashes, link_of, to_json, to_text, unpack
from .turns import Conversation, Turn

if TYPE_CHECKING:
    from sqlite3 import Connection

_MANY = 500
_KILLED = "The kernel ended in the middle of the answer."


@dataclass(frozen=True, slots=True)
class Chat:
    """
    A conversation in a list.

    Attributes:
        id: What it is called by for ever.
        name: What the user calls it.
        notebook: Where it was begun.
        created: Seconds since 1970.
        updated: When something of it changed last.
        turns: How many there are.
        last_prompt: What was asked last; empty where nothing was.
    """

    id: str
    name: str
    notebook: str
    created: float
    updated: float
    turns: int
    last_prompt: str


@dataclass(frozen=True, slots=True)
class Found:
    """A turn that a search found, and the conversation that it is in."""

    conversation_id: str
    name: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Spent:
    """What the turns of a model of a service took, all in all."""

    model: str
    service: str
    turns: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cache_write_tokens: int


@dataclass(frozen=True, slots=True)
class Row:
    """
    A turn as it lies in the store.

    Attributes:
        id: The turn's id.
        owner: Who answered it when it was written; None where it had ended.
        body: Its fields.
    """

    id: str
    owner: int | None
    body: bytes


def list_chats(connection: Connection, notebook: str | None) -> list[Chat]:
    """Return the conversations, or those of one notebook, the latest first."""
    rows = connection.execute(
        """
        SELECT id, name, notebook, created, updated,
            (SELECT COUNT(*) FROM turns WHERE conversation = conversations.id),
            (SELECT prompt FROM turns WHERE conversation = conversations.id
                ORDER BY position DESC LIMIT 1)
        FROM conversations WHERE ? IS NULL OR notebook = ? ORDER BY updated DESC
        """,
        [None if notebook is None else notebook.encode("utf-8", "surrogatepass")] * 2,
    )
    return [
        Chat(id, to_text(name), to_text(place), created, updated, turns, to_text(last or b""))
        for id, name, place, created, updated, turns, last in rows
    ]


def read_rows(
    connection: Connection, conversation_id: str, turn_id: str | None = None
) -> list[Row]:
    """Return the turns of a conversation in their order, or the one with an id."""
    rows = connection.execute(
        "SELECT id, owner, body FROM turns WHERE conversation = ? AND (? IS NULL OR id = ?) "
        "ORDER BY position, number",
        (conversation_id, turn_id, turn_id),
    )
    return [Row(*row) for row in rows]


def owners(connection: Connection) -> dict[str, int]:
    """Return who wrote to each conversation last."""
    return dict(connection.execute("SELECT id, owner FROM conversations").fetchall())


def read_conversation(
    connection: Connection, conversation_id: str, turns: Iterable[Turn]
) -> Conversation | None:
    """Return a conversation with these turns, or None where it is not there."""
    row = connection.execute(
        "SELECT name, notebook, body FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    if row is None:
        return None
    name, notebook, body = to_text(row[0]), to_text(row[1]), to_json(row[2])
    found = Conversation(
        name,
        id=conversation_id,
        instructions=body["instructions"],
        notebook=notebook,
        turns=turns,
    )
    found.state = body.get("state")
    found.link = link_of(body)
    return found


def unpack_rows(connection: Connection, rows: Iterable[Row]) -> Iterator[tuple[Row, Turn | None]]:
    """Yield the turns of rows, with their files; None for one that cannot be read."""
    bodies = [(row, _body(row)) for row in rows]
    wanted = {digest for _, body in bodies if body for digest in _hashes(body)}
    blobs = _files(connection, wanted)
    for row, body in bodies:
        turn = None
        if body is not None:
            try:
                turn = unpack(body, blobs)
            except (ValueError, LookupError, TypeError, AttributeError):
                pass
        yield row, turn


def _body(row: Row) -> Json | None:
    try:
        body = to_json(row.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _hashes(body: Json) -> list[bytes]:
    try:
        return list(hashes(body))
    except (ValueError, LookupError, TypeError):
        return []


def _files(connection: Connection, digests: Collection[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    wanted = list(digests)
    for start in range(0, len(wanted), _MANY):
        some = wanted[start : start + _MANY]
        marks = ", ".join("?" * len(some))
        found.update(
            connection.execute(f"SELECT hash, bytes FROM blobs WHERE hash IN ({marks})", some)
        )
    return found


def broken_off(connection: Connection, turn: Turn) -> Turn:
    """Return a turn whose kernel died, with the words that had arrived."""
    row = connection.execute("SELECT text FROM growing WHERE turn = ?", (turn.id,)).fetchone()
    text = to_text(row[0]) if row else ""
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "role": "assistant", "status": "incomplete", "content": [part]}
    return replace(
        turn,
        status="interrupted",
        text=text,
        output=(*turn.output, message) if text else turn.output,
        error=turn.error or _KILLED,
    )


def find_rows(connection: Connection, text: str, limit: int) -> list[tuple[str, str, Row]]:
    """Return the turns in which every word of a text occurs, the latest first."""
    words = [folded(word) for word in text.split()]
    if not words:
        return []
    every = " AND ".join(["instr(said, ?)"] * len(words))
    rows = connection.execute(
        f"""
        SELECT conversation, name, turns.id, turns.owner, turns.body
        FROM turns JOIN conversations ON conversations.id = conversation
        WHERE number IN (
            SELECT number FROM words JOIN turns ON number = words.turn
            WHERE {every} ORDER BY started DESC LIMIT ?
        ) ORDER BY started DESC
        """,
        (*words, limit),
    )
    return [(place, to_text(name), Row(*row)) for place, name, *row in rows]


def find_running(connection: Connection) -> list[tuple[str, str, Row]]:
    """Return the turns whose answers services make in the background, the latest first."""
    rows = connection.execute(
        """
        SELECT conversation, name, turns.id, turns.owner, turns.body
        FROM turns JOIN conversations ON conversations.id = conversation
        WHERE status = 'running' ORDER BY started DESC
        """
    )
    return [(place, to_text(name), Row(*row)) for place, name, *row in rows]


def find_digest(connection: Connection, digest: str) -> list[Row]:
    """Return the last turn that answered what has this digest, if there is one."""
    rows = connection.execute(
        "SELECT id, owner, body FROM turns WHERE digest = ? AND status = 'completed' "
        "AND owner IS NULL ORDER BY started DESC LIMIT 1",
        (digest.encode("utf-8", "surrogatepass"),),
    )
    return [Row(*row) for row in rows]


def list_usage(connection: Connection, since: float) -> list[Spent]:
    """Return what each turn since a time took, the first one first."""
    rows = connection.execute(
        """
        SELECT model, service, 1, input_tokens, output_tokens, total_tokens,
            cached_tokens, reasoning_tokens, cache_write_tokens
        FROM usage WHERE at >= ? ORDER BY at
        """,
        (since,),
    )
    return [Spent(to_text(model), to_text(service), *counts) for model, service, *counts in rows]


def sum_usage(connection: Connection, since: float) -> list[Spent]:
    """Return what was spent since a time, by model and service, the most first."""
    rows = connection.execute(
        """
        SELECT model, service, COUNT(*), SUM(input_tokens), SUM(output_tokens), SUM(total_tokens),
            SUM(cached_tokens), SUM(reasoning_tokens), SUM(cache_write_tokens)
        FROM usage WHERE at >= ? GROUP BY model, service ORDER BY SUM(total_tokens) DESC
        """,
        (since,),
    )
    return [Spent(to_text(model), to_text(service), *counts) for model, service, *counts in rows]
