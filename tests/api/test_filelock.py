"""The lock is one among threads and processes, and dies with its holder."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from codex_magic import APITimeoutError
from codex_magic.api.filelock import file_lock
from tests.fake_identity import (
    TIMEOUT,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the login file is."""
    return tmp_path / "auth.json"


def test_the_lock_is_held_against_threads_too(path: Path) -> None:
    """Who waits too long is told so; who waits long enough gets it."""
    entered = threading.Event()

    def enter() -> None:
        with file_lock(path, timeout=TIMEOUT):
            entered.set()

    with file_lock(path, timeout=1):
        with pytest.raises(APITimeoutError, match="Another process"), file_lock(path, timeout=0):
            pass
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.is_set()

    assert entered.wait(TIMEOUT)
    waiting.join(TIMEOUT)


def test_the_lock_dies_with_its_holder(path: Path) -> None:
    """A process that was killed does not lock the others out."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from codex_magic.api.filelock import file_lock\n"
        "with file_lock(Path(sys.argv[1]), timeout=1):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout
        assert "held\n" == child.stdout.readline()
        with pytest.raises(APITimeoutError), file_lock(path, timeout=0):
            pass
        child.kill()

    with file_lock(path, timeout=TIMEOUT):
        assert child.returncode
