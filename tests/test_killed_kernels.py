"""Kernels that end in the middle of an answer: what was said before is there afterwards."""

from __future__ import annotations

import random
import re
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.counts import count
from tests.fake_service import Answer, FakeService, text
from tests.kernels import Kernel, Message, connected
from tests.remembering import assert_sound, seen, started, turns

WORDS = 80

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signals")


class Watch:
    """Notes what was shown of an answer of numbered words, and when."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, int]] = []
        self.begun = threading.Event()

    def __call__(self, message: Message) -> None:
        found = [int(number) for number in re.findall(r"w(\d+)\b", message.text)]
        if found:
            self.shown.append((time.monotonic(), max(found)))
            self.begun.set()

    def until(self, moment: float) -> int:
        """How many words were shown by then."""
        return max((last for when, last in self.shown if when <= moment), default=0)


def counting() -> Answer:
    """An answer of four seconds."""
    return text(" ".join(f"w{number}" for number in range(1, WORDS + 1))).pause(0.05)


def ended(kernel: Kernel, watch: Watch, patience: float) -> None:
    """Run a cell whose kernel ends in the middle of it."""
    with pytest.raises(AssertionError, match="still runs"):
        kernel.run("%%codex\nCount on", watch, patience=patience)


def test_a_killed_kernel_loses_a_second_at_most(
    tmp_path: Path, service: FakeService, data_folder: Path
) -> None:
    """Whenever it is: every finished turn is there, and what was shown a second before."""
    chance = random.Random(5)
    finished, shown = 0, [0]
    for number in range(count(50) + 1):
        with started(tmp_path / str(number), data_folder) as kernel:
            kernel.run(connected(service))
            if number:
                assert "ok" == kernel.run("%codex resume").status
                known = turns(kernel)
                assert finished == sum(turn.status == "completed" for turn in known)
                assert number == sum(turn.status == "interrupted" for turn in known)
                assert shown[-1] <= len(known[-1].text.split())
            assert "ok" == kernel.run(f"%codex ask -q Finished {number}").status
            finished += 1
            service.enqueue(counting())
            watch, moment = Watch(), chance.uniform(0.2, 2.8)
            killer = threading.Timer(moment, kernel.signal, [signal.SIGKILL])
            killer.start()
            began = time.monotonic()
            ended(kernel, watch, moment + 0.2)
            shown.append(watch.until(began + moment - 1))
        assert_sound(data_folder)
    assert max(shown) > 0


def test_a_terminated_kernel_keeps_the_words(
    tmp_path: Path, service: FakeService, data_folder: Path
) -> None:
    """The service sees at once that nobody listens, and `continue` goes on from there."""
    with started(tmp_path / "one", data_folder) as kernel:
        kernel.run(connected(service))
        service.enqueue(text("Half of it w7 and the other half.", chunks=10).hold(after=8))
        watch, seconds = Watch(), []

        def terminate() -> None:
            assert watch.begun.wait(20)
            # What was shown a second before is kept, and no less.
            time.sleep(1.2)
            began = time.monotonic()
            kernel.signal(signal.SIGTERM)
            service.wait_until(lambda: service.requests[-1].disconnected)
            seconds.append(time.monotonic() - began)

        thread = threading.Thread(target=terminate)
        thread.start()
        ended(kernel, watch, 4.0)
        thread.join()
    with started(tmp_path / "two", data_folder) as kernel:
        kernel.run(connected(service))
        kernel.run("%codex resume")
        (turn,) = turns(kernel)
        kernel.run("%codex continue")

        assert seconds
        assert seconds[0] < 2
        assert "interrupted" == turn.status
        assert turn.text.startswith("Half of it w7")
        assert "Count on" == seen(service)[0]
        assert seen(service)[1].startswith("Half of it w7")
