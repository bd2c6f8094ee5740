"""The tables of the store, and how a file of an older version becomes one of this version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite3 import Connection

Migration = Callable[["Connection"], None]

# "Codx": tells our files from those of other programs. https://sqlite.org/pragma.html
APPLICATION = 0x436F6478
TABLES = frozenset(
    {"conversations", "turns", "words", "growing", "blobs", "uses", "usage", "experience"}
)


def create(connection: Connection) -> None:
    """
    Create the tables of version 1.

    Free text is in BLOB columns: what models and file systems write is not always valid Unicode.
    """
    for statement in _FIRST:
        connection.execute(statement)


MIGRATIONS: tuple[Migration, ...] = (create,)


def version_of(connection: Connection) -> int:
    """Return the version of a file's tables; 0 for a file without any."""
    return pragma(connection, "user_version")


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """
    Bring the tables up to the newest version; the caller has begun a transaction.

    Args:
        connection: The file.
        migrations: What leads from each version to the next one, beginning with version 0.
    """
    for number, step in enumerate(migrations[version_of(connection) :], version_of(connection)):
        step(connection)
        connection.execute(f"PRAGMA user_version = {number + 1}")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")


def tables_of(connection: Connection) -> set[str]:
    """Return the names of the tables that a file has."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(name) for (name,) in found}


def pragma(connection: Connection, name: str) -> int:
    """Return a number that SQLite says of a file."""
    row = connection.execute(f"PRAGMA {name}").fetchone()
    return int(row[0]) if row else 0


_FIRST = (
    """
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY NOT NULL,
        name BLOB NOT NULL,
        notebook BLOB NOT NULL,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        owner INTEGER NOT NULL,
        body BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX conversations_by_age ON conversations (updated)",
    # A fork has turns of the same ids. An owner answers this very moment, or died of it.
    """
    CREATE TABLE turns (
        number INTEGER PRIMARY KEY,
        conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        id TEXT NOT NULL,
        position INTEGER NOT NULL,
        owner INTEGER,
        started REAL NOT NULL,
        status TEXT NOT NULL,
        digest BLOB NOT NULL,
        prompt BLOB NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (conversation, id)
    )
    """,
    "CREATE INDEX turns_in_order ON turns (conversation, position)",
    "CREATE INDEX turns_by_digest ON turns (digest, started)",
    # Case folded, and apart from the rest, so that a search reads nothing else.
    """
    CREATE TABLE words (
        turn INTEGER PRIMARY KEY REFERENCES turns (number) ON DELETE CASCADE,
        said BLOB NOT NULL
    )
    """,
    "CREATE TABLE growing (turn TEXT PRIMARY KEY NOT NULL, text BLOB NOT NULL)",
    "CREATE TABLE blobs (number INTEGER PRIMARY KEY, hash BLOB UNIQUE NOT NULL, bytes BLOB NOT NULL)",
    """
    CREATE TABLE uses (
        turn INTEGER NOT NULL REFERENCES turns (number) ON DELETE CASCADE,
        hash BLOB NOT NULL,
        PRIMARY KEY (turn, hash)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX uses_of_blobs ON uses (hash)",
    # What was spent stays spent, whatever becomes of the turn.
    """
    CREATE TABLE usage (
        turn TEXT PRIMARY KEY NOT NULL,
        at REAL NOT NULL,
        model BLOB NOT NULL,
        service BLOB NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        total_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        cache_write_tokens INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX usage_by_time ON usage (at)",
    """
    CREATE TABLE experience (
        key BLOB PRIMARY KEY NOT NULL,
        value BLOB NOT NULL,
        expires REAL NOT NULL
    ) WITHOUT ROWID
    """,
)
