"""
The store's file: opened, kept to one process, and begun anew where it is beyond reading.

WAL with ``synchronous=NORMAL``: a commit is in the operating system's hands when it returns, so
that a killed process loses none. A power cut may take the commits since the last checkpoint (a
few MB of them at most); it does not harm the file. https://sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from .store_schema import APPLICATION, MIGRATIONS, TABLES, migrate, pragma, tables_of, version_of

if TYPE_CHECKING:
    from sqlite3 import Connection

# Seconds to wait for another kernel that writes.
_PATIENCE = 5.0
_PAUSE = 0.05
# Bytes; with less than that the disk is full, and not the store.
_ROOM = 50_000_000
_SIDES = ("-wal", "-shm", "")
# From this version on, at the latest, closing a file that was moved or deleted writes and deletes
# nothing (databaseIsUnmoved in pager.c).
_SEES_MOVES = (3, 34, 0)

# SQLite's result codes. https://sqlite.org/rescode.html
_ERROR, _PERM, _BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT = 1, 3, 5, 6, 8, 10, 11
_FULL, _CANTOPEN, _CONSTRAINT, _NOTADB = 13, 14, 19, 26


class _CorruptError(Exception):
    """The file is ours, and cannot be read."""


class StoreFile:
    """
    One SQLite file, used by any thread of this process, and by others at the same time.

    Args:
        path: Where it is; the folder is made for it.
        limit: How many bytes it may hold.

    Attributes:
        notice: What became of an earlier file, in one line; empty for nothing.
        begun: How many files were opened: after a change of it, what one held is gone.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path = Path(os.path.realpath(path))
        self.limit = limit
        self.notice = ""
        self.begun = 0
        self._latest = (0, 0)
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._identity = (0, 0)
        self._readable_only = False

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[Connection]:
        """
        Hold a transaction: all of it is kept, or nothing.

        Raises:
            StoreError: It cannot be; the message says why, and what to do.
        """
        if self._process != os.getpid():
            # Another thread of the parent may have held the lock.
            self._forget()
        sqlite3 = _sqlite3()
        with self._lock:
            try:
                connection = self._open(write)
                connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    _roll_back(connection)
                    raise
            except (sqlite3.Error, OSError, _CorruptError) as error:
                raise self._translated(error) from error

    def size(self) -> int:
        """Return how many bytes lie in the file and beside it."""
        total = 0
        for side in _SIDES:
            with suppress(OSError):
                total += os.stat(f"{self.path}{side}").st_size
        return total

    def shrink(self) -> None:
        """Give free pages back to the file system, as far as nobody else is at work."""
        if self._process != os.getpid():
            self._forget()
        with self._lock, suppress(_sqlite3().Error):
            if self._connection is not None:
                # execute() would take one step of it: it gives back a page a step, and no rows.
                self._connection.executescript("PRAGMA incremental_vacuum")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file; the next transaction opens it again."""
        if self._process != os.getpid():
            self._forget()
        with self._lock:
            connection, self._connection = self._connection, None
            # SQLite deletes the WAL by its name when the last one closes: never another file's.
            moved = self._identity != _identity(self.path)
            if moved:
                # A new file may get the number of this one.
                self._latest = (0, 0)
            if connection is not None and (not moved or self._is_known_to_have_moved()):
                _close(connection)
                _open_files[str(self.path)] -= 1

    def _is_known_to_have_moved(self) -> bool:
        """Whether SQLite sees that its file is not the one of that name, and leaves that alone."""
        _, number = _identity(self.path)
        # It compares numbers of files, and no devices; Windows lets nobody move an open file.
        seen = number != self._identity[1] and _sqlite3().sqlite_version_info >= _SEES_MOVES
        return sys.platform != "win32" and seen

    def _open(self, write: bool) -> Connection:
        current = self._connection
        stale = self._identity != _identity(self.path) or (write and self._readable_only)
        if current is not None and not stale:
            if current.in_transaction:
                _roll_back(current)
            return current
        if str(self.path) in _inherited:
            raise StoreError(
                "This process was forked from one that has the store open, so that what is said in "
                "it is not kept on disk: start it by spawn (multiprocessing.get_context('spawn'))."
            )
        self.close()
        try:
            self._connection = self._opened()
            self._readable_only = False
        except Exception as error:
            if write or _is_beyond(error):
                raise
            self._connection = _opened_to_read(self.path)
            self._readable_only = True
            self._identity = _identity(self.path)
        _open_files[str(self.path)] += 1
        if self._latest != self._identity:
            self._latest = self._identity
            self.begun += 1
        return self._connection

    def _opened(self) -> Connection:
        if not self.path.parent.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_private(self.path)
        self._identity = _identity(self.path)
        end = time.monotonic() + _PATIENCE
        while True:
            connection = _connected(str(self.path))
            try:
                _prepare(connection)
                connection.execute(f"PRAGMA max_page_count = {self._most_pages(connection)}")
            except BaseException as error:
                _close(connection)
                # SQLite does not wait by itself where two make a file at the same time.
                if _code(error) not in (_BUSY, _LOCKED) or time.monotonic() > end:
                    raise
                time.sleep(_PAUSE)
            else:
                return connection

    def _most_pages(self, connection: Connection) -> int:
        """Return where the file stops growing: a quarter above what it is trimmed to."""
        return max(self.limit * 5 // 4 // pragma(connection, "page_size"), 1)

    def _translated(self, error: Exception) -> StoreError:
        """Return an error as a line that says what to do; what is beyond reading is put aside."""
        if isinstance(error, StoreError):
            return error
        code = _code(error)
        if self._is_corrupt(error, code):
            return self._put_aside()
        if code in (_BUSY, _LOCKED):
            return StoreError(
                f"{self.path} is locked by another program: close what has it open. Until then "
                "what is said is not kept on disk."
            )
        if code == _FULL:
            return StoreError(self._full())
        if isinstance(error, OSError) or code in (_PERM, _READONLY, _CANTOPEN):
            return StoreError(
                f"{self.path} cannot be written ({error}): make it a file that can be, or set "
                "persist = False. Until then what is said is not kept on disk."
            )
        return StoreError(
            f"What is said is not kept on disk ({error}): see to {self.path}, or set persist = False."
        )

    def _full(self) -> str:
        if shutil.disk_usage(self.path.parent).free > _ROOM:
            return (
                f"The conversations in use fill the store's {self.limit >> 20} MB: delete some "
                "(%codex delete NAME), or raise the limit. Until then they are not kept on disk."
            )
        return (
            f"The disk of {self.path} is full: make room on it. Until then what is said is not "
            "kept on disk."
        )

    def _is_corrupt(self, error: Exception, code: int) -> bool:
        if isinstance(error, _CorruptError) or code in (_CORRUPT, _NOTADB):
            return True
        # What is broken in the right place looks like a mistake of ours.
        if code not in (_ERROR, _CONSTRAINT) or self._connection is None:
            return False
        try:
            (found,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        except _sqlite3().Error:
            return True
        return bool(found != "ok")

    def _put_aside(self) -> StoreError:
        """Move a file that cannot be read out of the way, unless somebody else just did."""
        broken = self._identity
        self.close()
        aside = f"{self.path}.corrupt-{datetime.now():%Y%m%d-%H%M%S}"
        line = f"The store could not be read: it was moved to {aside}, and a new one was begun."
        try:
            if broken == _identity(self.path):
                for side in _SIDES:
                    if os.path.exists(f"{self.path}{side}"):
                        os.replace(f"{self.path}{side}", f"{aside}{side}")
        except OSError as error:
            return StoreError(f"{self.path} cannot be read, nor moved ({error}): delete it.")
        self.notice = line
        return StoreError(line, passing=True)


def _sqlite3() -> Any:
    # Imported here: nothing of a notebook needs it before the first question.
    try:
        import sqlite3
    except ImportError as error:
        raise StoreError(
            "This Python has no sqlite3, so that what is said is not kept on disk: install it "
            "(Linux: the package libsqlite3), or set persist = False."
        ) from error
    return sqlite3


def _connected(target: str, *, uri: bool = False) -> Connection:
    connection: Connection = _sqlite3().connect(
        target, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, uri=uri
    )
    connection.text_factory = _readable
    # Closed where that is right, and by nothing else: neither by a forked child, nor at the end
    # of Python, where the file may have been replaced.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
    return connection


def _close(connection: Connection) -> None:
    """Close a connection that ``_connected`` opened, and let go of it."""
    connection.close()
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(connection))


def _readable(text: bytes) -> str:
    """Return a column of ids, also where a byte of it was spoiled."""
    return text.decode("utf-8", "replace")


def _prepare(connection: Connection) -> None:
    """See that a file is ours, and has the tables of this version."""
    version, tables = version_of(connection), tables_of(connection)
    _check(connection, version, tables)
    if not tables:
        # It can give back what was deleted; that must be said before there is anything.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = FAST")
    if version < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrate(connection)
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise


def _check(connection: Connection, version: int, tables: set[str]) -> None:
    (path,) = [
        file for _, name, file in connection.execute("PRAGMA database_list") if name == "main"
    ]
    if tables and pragma(connection, "application_id") != APPLICATION:
        if tables >= TABLES:
            raise _CorruptError
        raise StoreError(
            f"{path} belongs to another program: move it away, or set persist = False. "
            "Until then what is said is not kept on disk."
        )
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path} was written by a newer codex_magic: update this one (pip install -U "
            "codex-magic), or move the file away. Until then what is said is not kept on disk."
        )
    if version < 0 or (version == len(MIGRATIONS) and not tables >= TABLES):
        raise _CorruptError


def _opened_to_read(path: Path) -> Connection:
    """Open a file that cannot be written; without a WAL it needs no other file beside it."""
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}")
    uri = f"{path.absolute().as_uri()}?mode=ro"
    alone = [] if Path(f"{path}-wal").exists() else [f"{uri}&immutable=1"]
    for target in (uri, *alone):
        connection = _connected(target, uri=True)
        try:
            _check(connection, version_of(connection), tables_of(connection))
        except BaseException as error:
            _close(connection)
            if target != uri or not alone or isinstance(error, StoreError):
                raise
        else:
            break
    return connection


def _make_private(path: Path) -> None:
    """See that the user alone can read a file; SQLite's other files follow it."""
    if os.path.lexists(path):
        with suppress(OSError):
            if path.is_file() and path.stat().st_mode & 0o077:
                path.chmod(0o600)
        return
    # By no connection yet: closing a file would let go of the locks that one has on it.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def _roll_back(connection: Connection) -> None:
    with suppress(_sqlite3().Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _code(error: BaseException) -> int:
    # Extended codes carry the plain one in their last byte.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _is_beyond(error: Exception) -> bool:
    """Whether a file cannot be read either."""
    beyond = isinstance(error, StoreError | _CorruptError)
    return beyond or _code(error) in (_BUSY, _LOCKED, _CORRUPT, _NOTADB)


def _after_fork() -> None:
    """Note what a forked child must not open: SQLite takes the parent's locks for its own there."""
    # https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_across_a_fork_
    _inherited.update(+_open_files)
    _open_files.clear()


# By path, how many connections this process has, and which its parent had when it was forked.
_open_files: Counter[str] = Counter()
_inherited: set[str] = set()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
