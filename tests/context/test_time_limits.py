"""A time limit stops what hangs, and leaves the user's own alarms alone."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest

from codex_magic.context.time_limits import within

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no alarms")


def spin() -> None:
    """Work for ten minutes, and catch what can be caught."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def test_quick_work_gives_its_value() -> None:
    """What is done in time is returned."""
    assert 3 == within(60, lambda: 3)


def test_slow_work_is_stopped() -> None:
    """It ends with TimeoutError, and the alarm is off afterwards."""
    before = signal.getsignal(signal.SIGALRM)

    with pytest.raises(TimeoutError):
        within(0.1, spin)

    assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_REAL)
    assert before == signal.getsignal(signal.SIGALRM)


def test_an_error_of_the_work_is_its_own() -> None:
    """It passes, and the alarm is off afterwards."""
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 // 0)

    assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_REAL)


def test_an_alarm_of_the_user_stays() -> None:
    """Where an alarm runs, there is no limit, and the alarm goes on."""
    signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        value = within(0.0001, lambda: 3)
        left, _ = signal.getitimer(signal.ITIMER_REAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

    assert 3 == value
    assert left > 100


def test_another_thread_has_no_limit() -> None:
    """Alarms are the main thread's: elsewhere the work is simply done."""
    values: list[int] = []

    thread = threading.Thread(target=lambda: values.append(within(0.0001, lambda: 3)))
    thread.start()
    thread.join(60)

    assert [3] == values
