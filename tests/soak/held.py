"""What a process holds on to: threads, files, and memory that is in use."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from .tally import Tally

# What Python's own allocator hands out is small; this is about the mean of it.
_BLOCK = 80


class _Allocated(ctypes.Structure):
    """What ``mallinfo2`` of glibc says, in bytes; free pieces of all arenas are in none of the two."""

    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


@dataclass(frozen=True)
class Held:
    """
    What this process holds on to.

    Attributes:
        threads: Their names.
        files: Where what is open leads to.
        used: Bytes that somebody has asked for and not given back.
        resident: Bytes that the process has of the system; with them what is free in pieces.
    """

    threads: tuple[str, ...]
    files: tuple[str, ...]
    used: int
    resident: int

    @classmethod
    def now(cls) -> Held:
        """Look, when everything that ends has ended."""
        end = time.monotonic() + 8
        # A journal's thread ends some seconds after its last line.
        while threading.active_count() > 2 and time.monotonic() < end:
            time.sleep(0.1)
        gc.collect()
        resident = psutil.Process().memory_info().rss
        names = tuple(sorted(thread.name for thread in threading.enumerate()))
        return cls(names, open_files(), used(resident), resident)


def used(resident: int) -> int:
    """Return the bytes in use; where nobody can be asked, those that are resident."""
    try:
        ask = ctypes.CDLL("libc.so.6").mallinfo2
    except (OSError, AttributeError):
        return resident
    ask.restype = _Allocated
    found = ask()
    return int(found.uordblks) + int(found.hblkhd) + _BLOCK * sys.getallocatedblocks()


def open_files() -> tuple[str, ...]:
    """
    Return what this process has open: files, sockets, and all else.

    One kind stays open for good reason: the file that says which kernels live, one for each folder
    that was used.
    """
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return tuple(str(number) for number in range(psutil.Process().num_fds()))
    found = []
    for one in folder.iterdir():
        try:
            name = os.readlink(one)
        except OSError:
            # The one that lists them.
            continue
        if not name.endswith(("-kernels", "-kernels (deleted)")):
            found.append(name)
    return tuple(sorted(found))


def check_held(first: Held | None, last: Held, tally: Tally, early: int) -> None:
    """See that nothing was held on to that was let go before."""
    if len(last.threads) > 2:
        tally.wrong.append(("leak", f"threads {last.threads}"))
    if first is None:
        return
    if len(last.files) > len(first.files):
        tally.wrong.append(("leak", f"files {last.files}, {first.files} at first"))
    turns = sum(tally.turns.values()) - early
    used, resident = (
        (after - before) / 2**20
        for before, after in ((first.used, last.used), (first.resident, last.resident))
    )
    tally.notes.append(
        f"{turns:,} turns of a process, after its first {early:,}, left {used:+.1f} MB in use "
        f"({resident:+.1f} MB resident, with what the allocator has free in pieces)."
    )
    # A kilobyte that a turn leaves would show. Early in a process's life, what is imported and
    # cached late outweighs it.
    if turns > 1_000 and used > 1 + turns / 1_000:
        tally.wrong.append(("leak", f"{used:.1f} MB in {turns} turns"))
    # What grows without being in use costs the user, too.
    if turns > 1_000 and resident > 64:
        tally.wrong.append(("leak", f"{resident:.1f} MB resident in {turns} turns"))
