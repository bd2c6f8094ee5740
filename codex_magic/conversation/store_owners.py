"""
Which of the processes that write to a store are alive.

Each has a number and holds a lock on the byte of that number in one file, which the system lets go
when the process ends, however it ends. A process id would not do: it is given out again, and says
nothing to another container that shares the home directory.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import field
from pathlib import Path

from ..records import dataclass

# Where the system has no such locks: nobody is known to be alive.
NOBODY = 0


class Owners:
    """
    The processes that write to one store.

    Args:
        path: The file of locks; it is made when it is first needed, and stays empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def me(self) -> int:
        """The number of this process; the same for every store in this file."""
        held = _registry.held(self._path)
        return held.owner if held else NOBODY

    def alive(self, owner: int | None) -> bool:
        """Whether a process still runs; this one does."""
        held = _registry.held(self._path)
        if not owner or held is None:
            return False
        return owner == held.owner or _is_locked(held.file, owner)


@dataclass(frozen=True, slots=True)
class _Held:
    file: int
    owner: int


@dataclass(frozen=True)
class _Registry:
    """The files of locks that this process has open: closing one would let go of all its locks."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    files: dict[str, _Held] = field(default_factory=dict)

    def held(self, path: Path) -> _Held | None:
        with self.lock:
            try:
                held = self.files.get(str(path))
                if held is None or not _is_at(path, held.file):
                    held = _hold(path, held)
                    self.files[str(path)] = held
            except OSError:
                return None
            return held


def _is_at(path: Path, file: int) -> bool:
    """Whether an open file is the one of this name: somebody may have tidied up."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    opened = os.fstat(file)
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)


def _hold(path: Path, earlier: _Held | None) -> _Held:
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    if earlier is not None and _lock(file, earlier.owner):
        return _Held(file, earlier.owner)
    for _ in range(100):
        owner = int.from_bytes(os.urandom(4), "big") // 4 + 1
        if _lock(file, owner):
            return _Held(file, owner)
    os.close(file)
    raise OSError("no lock is free")


def _is_locked(file: int, owner: int) -> bool:
    if not _lock(file, owner):
        return True
    _unlock(file, owner)
    return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int, owner: int) -> bool:
        os.lseek(file, owner, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: int, owner: int) -> None:
        os.lseek(file, owner, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(file: int, owner: int) -> bool:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, owner, os.SEEK_SET)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(file: int, owner: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, owner, os.SEEK_SET)


def _after_fork() -> None:
    """Forget the parent's numbers in a forked child: it has none of its locks."""
    global _registry
    for held in _registry.files.values():
        os.close(held.file)
    _registry = _Registry()


_registry = _Registry()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
