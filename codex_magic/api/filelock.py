"""A lock between processes, held on a file."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import APITimeoutError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_SLICE = 0.02


@contextmanager
def file_lock(path: Path, *, timeout: float) -> Iterator[None]:
    """
    Hold the lock that belongs to a file, against other processes and other threads.

    The system drops it when its holder dies, so it cannot go stale. A file ``.lock`` stays beside
    the file: to delete it would let two hold the lock.

    Raises:
        APITimeoutError: Another holds it for all of that time.
    """
    descriptor = _open(path.resolve())
    if descriptor is None:
        # Neither the folder nor the temporary one can be written: there is nothing to lock.
        yield
        return
    try:
        _acquire(descriptor, path, time.monotonic() + timeout)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int | None:
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    beside = path.with_name(f"{path.name}.lock")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    for candidate in (beside, Path(tempfile.gettempdir(), f"codex_magic-{name}.lock")):
        try:
            return os.open(candidate, flags, 0o600)
        except OSError:
            # A read-only folder: those who share it meet in the temporary one.
            continue
    return None


def _acquire(descriptor: int, path: Path, end: float) -> None:
    while not _try_lock(descriptor):
        if time.monotonic() > end:
            raise APITimeoutError(f"Another process is renewing the login in {path}. Try again.")
        time.sleep(_SLICE)


if sys.platform == "win32":

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # A file system without locks: there is nothing to wait for.
            return True
        return True

    def _unlock(descriptor: int) -> None:
        # Said, and not left to close: a child that was forked meanwhile holds the file open too.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
