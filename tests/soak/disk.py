"""What can happen to the disk: full, closed, locked, spoiled, gone."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SMALL = "24m"
Undo = Callable[[], None]


@contextmanager
def small_disk(folder: Path, *, writable: bool = True) -> Iterator[Path | None]:
    """Mount a small file system; None where this user or this system cannot."""
    folder.mkdir(parents=True)
    options = f"size={_SMALL}" if writable else f"size={_SMALL},ro"
    mounted = sys.platform == "linux" and _ran(
        "mount", "-t", "tmpfs", "-o", options, "tmpfs", folder
    )
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            _ran("umount", "-l", folder)


def _ran(*command: str | Path) -> bool:
    if shutil.which(str(command[0])) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fill(folder: Path) -> Undo:
    """Leave no room on the file system of a folder."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(b"x")
    return filler.unlink


def limit_files(size: int) -> Undo:
    """Let no file of this process grow beyond a size, as a quota does."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def lock(store: Path, seconds: float) -> Undo:
    """Hold the store's file as another program would, for so long."""
    connection = sqlite3.connect(store, isolation_level=None, check_same_thread=False, timeout=5)
    connection.execute("BEGIN IMMEDIATE")

    def release() -> None:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        connection.close()

    timer = threading.Timer(seconds, release)
    timer.start()
    return timer.join


def spoil(store: Path, chance: random.Random) -> None:
    """Write over a store that nobody has open."""
    size = store.stat().st_size
    match chance.choice(("all", "head", "middle", "short", "empty", "other", "gone")):
        case "all":
            store.write_bytes(chance.randbytes(size))
        case "head":
            _overwrite(store, 0, chance.randbytes(4_096))
        case "middle":
            _overwrite(store, 4_096, chance.randbytes(16_384))
        case "short":
            os.truncate(store, size // 2)
        case "empty":
            os.truncate(store, 0)
        case "other":
            for side in ("", "-wal", "-shm"):
                Path(f"{store}{side}").unlink(missing_ok=True)
            other = sqlite3.connect(store)
            other.execute("CREATE TABLE recipes (name TEXT)")
            other.close()
        case _:
            store.unlink()


def _overwrite(store: Path, offset: int, data: bytes) -> None:
    with store.open("r+b") as file:
        file.seek(offset)
        file.write(data)
