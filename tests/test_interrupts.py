"""The interrupt that comes only where we wait."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import codex_magic
from codex_magic.interrupts import Interrupts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signal raises there")


@pytest.fixture(autouse=True)
def handler() -> Iterator[object]:
    """Python's own handler before and after every test."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_outside_is_remembered() -> None:
    """Nothing breaks where we do not listen; it comes as soon as we do."""
    reached = []

    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        reached.append("after the signal")
        with pytest.raises(KeyboardInterrupt), interrupts.listening():
            reached.append("never")

    assert ["after the signal"] == reached


def test_an_interrupt_comes_once() -> None:
    """While the first one is handled, others are no news."""
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt), interrupts.listening():
            signal.raise_signal(signal.SIGINT)
        for _ in range(5):
            signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)

    assert signal.default_int_handler is not signal.getsignal(signal.SIGINT)


def test_without_an_interrupt_all_is_as_before(handler: object) -> None:
    """The handler that was there comes back."""
    with Interrupts() as interrupts, interrupts.listening():
        inside = signal.getsignal(signal.SIGINT)

    assert handler is not inside
    assert handler is signal.getsignal(signal.SIGINT)


def test_where_interrupts_are_off_they_stay_off() -> None:
    """A kernel between two cells ignores them, and so do we."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    with Interrupts():
        inside = signal.getsignal(signal.SIGINT)

    assert signal.SIG_IGN == inside


def test_another_thread_has_no_interrupts() -> None:
    """A question that is asked on another thread changes no handler."""
    seen: list[object] = []

    def ask() -> None:
        with Interrupts() as interrupts, interrupts.listening():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert [signal.default_int_handler] == seen


def test_interrupted_questions_do_not_add_up(handler: object) -> None:
    """What takes a late press after one of them is not kept by the next, and still takes it."""
    asked = weakref.WeakSet[Interrupts]()
    for _ in range(100):
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt), interrupts.listening():
                pass
        with Interrupts():
            pass
        asked.add(interrupts)
        # The same impatient user.
        signal.raise_signal(signal.SIGINT)
    del interrupts
    gc.collect()

    assert 1 == len(asked)


def test_an_interrupt_while_an_object_dies_is_heard_a_moment_later() -> None:
    """There, Python would print it and forget it."""
    reached = []
    with Interrupts() as interrupts:
        with interrupts.listening():
            _hear_in_weakref(interrupts)
            reached.append("after it")
        with pytest.raises(KeyboardInterrupt), interrupts.listening():
            reached.append("never")

    assert ["after it"] == reached


def _hear_in_weakref(interrupts: Interrupts) -> None:
    """Let an interrupt come where what a dying object leaves is taken away."""
    code = compile("hear(2, sys._getframe())", weakref.__file__, "exec")
    exec(code, {"hear": interrupts._hear, "sys": sys})


@pytest.mark.parametrize("ours", [True, False])
def test_an_interrupt_in_an_import_of_ours_comes_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    """Half a module would stay; what the user's code imports is the user's."""
    name = f"codex_magic_interrupted_{ours}".lower()
    module = "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"
    (tmp_path / f"{name}.py").write_text(module)
    monkeypatch.syspath_prepend(str(tmp_path))
    place = Path(codex_magic.__file__).with_name("where.py") if ours else tmp_path / "cell.py"
    code, found = compile(f"import {name}", str(place), "exec"), dict[str, Any]()

    with Interrupts() as interrupts:
        with suppress(KeyboardInterrupt), interrupts.listening():
            exec(code, found)
        with pytest.raises(KeyboardInterrupt), interrupts.listening():
            pass

    assert ours == (name in found)
