"""The border between the store and the disk: no error comes through, and one line says of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..errors import StoreError
from .store_file import StoreFile

if TYPE_CHECKING:
    from sqlite3 import Connection

T = TypeVar("T")
# Bytes that SQLite hands out and that are none of what was written.
_SPOILED = (ValueError, TypeError, LookupError, AttributeError)


class Guard:
    """
    Reads and writes a file as far as that is possible.

    Attributes:
        failure: Why the last try failed and what to do, in one line; empty where it did not.
    """

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self.failure = ""

    def read(self, action: Callable[[Connection], T]) -> T | None:
        """Return what an action reads in one transaction, or None where it cannot."""
        return self._done(action, write=False)

    def written(self, action: Callable[[Connection], T]) -> T | None:
        """Return what an action returns once all that it wrote is durable, or None."""
        return self._done(action, write=True)

    def write(self, action: Callable[[Connection], None]) -> bool:
        """Return whether what an action writes is durable."""

        def complete(connection: Connection) -> bool:
            action(connection)
            return True

        return bool(self.written(complete))

    def _done(self, action: Callable[[Connection], T], *, write: bool) -> T | None:
        for final in (False, True):
            try:
                with self._file.transaction(write=write) as connection:
                    found = action(connection)
            except _SPOILED as error:
                self.failure = (
                    f"A part of {self._file.path} cannot be read ({error!r}): delete the "
                    "conversation, or move the file away."
                )
                return None
            except StoreError as error:
                self.failure = str(error)
                # A file that was broken has made room for a new one.
                if final or not error.passing:
                    return None
            else:
                self.failure = ""
                return found
        return None
