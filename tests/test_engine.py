"""The private event loop: work is submitted, listened to, stopped, and survives a fork."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from codex_magic.engine import Engine, Job

PATIENCE = 5.0
Emit = Callable[[str], None]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.stop()


async def speak(emit: Emit) -> str:
    """Say two words and end."""
    emit("one")
    emit("two")
    return "done"


async def wait(emit: Emit) -> str:
    """Say that it has begun, and wait until it is cancelled."""
    emit("begun")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        emit("cancelled")
        return "stopped"
    return "never"


def begun(engine: Engine) -> Job[str, str]:
    """A job that waits."""
    job: Job[str, str] = engine.submit(wait)
    assert ["begun"] == job.take(PATIENCE)
    return job


def ended(job: Job[str, str]) -> Job[str, str]:
    job.rest(PATIENCE)
    assert job.done
    return job


def test_a_job_tells_and_ends(engine: Engine) -> None:
    """Every signal can be taken once, in order, and the result is the future's."""
    job = ended(engine.submit(speak))

    assert ["one", "two"] == job.take(0)
    assert [] == job.take(0)
    assert "done" == job.future.result(0)


def test_take_waits_for_news_and_no_longer(engine: Engine) -> None:
    """It returns what there is, waits where there is nothing, and gives up in time."""
    job = begun(engine)
    began = time.monotonic()
    nothing = job.take(0.05)
    waited = time.monotonic() - began
    threading.Timer(0.05, job.cancel).start()
    news = job.take(PATIENCE)

    assert [] == nothing
    assert 0.04 < waited < PATIENCE
    assert ["cancelled"] == news


def test_take_does_not_wait_for_a_job_that_has_ended(engine: Engine) -> None:
    """There is no more news to wait for."""
    job = ended(engine.submit(speak))
    job.take(0)
    began = time.monotonic()

    assert [] == job.take(PATIENCE)
    assert time.monotonic() - began < PATIENCE


def test_rest_ends_with_the_job_or_in_time(engine: Engine) -> None:
    """Signals do not end it, the end of the job does."""
    job = begun(engine)
    began = time.monotonic()
    job.rest(0.05)
    waited = time.monotonic() - began
    threading.Timer(0.05, job.cancel).start()
    job.rest(PATIENCE)

    assert 0.04 < waited < PATIENCE
    assert job.done
    assert time.monotonic() - began < PATIENCE


@pytest.fixture
def talkative(engine: Engine) -> Iterator[tuple[Job[str, str], threading.Event]]:
    """A job that has told two thousand things, and ends when the event is set."""
    told, may_end = threading.Event(), threading.Event()

    async def tell_a_lot(emit: Emit) -> str:
        for number in range(2_000):
            emit(str(number))
        told.set()
        while not may_end.is_set():
            await asyncio.sleep(0.01)
        return "told"

    job = engine.submit(tell_a_lot)
    assert told.wait(60)
    yield job, may_end
    may_end.set()


def test_a_pause_ends_where_a_great_deal_was_told(
    talkative: tuple[Job[str, str], threading.Event],
) -> None:
    """What waits is to be taken, or it piles up in memory."""
    job, _ = talkative
    pausing = threading.Thread(target=job.pause, args=[600], daemon=True)
    pausing.start()
    pausing.join(60)

    assert not pausing.is_alive()
    assert not job.done
    assert [str(number) for number in range(2_000)] == job.take()


def test_a_rest_ends_with_the_job_whatever_was_told(
    talkative: tuple[Job[str, str], threading.Event],
) -> None:
    """Who takes nothing does not wait in a circle, and who cancelled a job hears how it ended."""
    job, may_end = talkative
    seen: list[bool] = []

    def rest() -> None:
        job.rest(60)
        seen.append(job.done)

    resting = threading.Thread(target=rest, daemon=True)
    resting.start()
    may_end.set()
    resting.join(60)

    assert [True] == seen


def test_a_cancelled_job_says_how_it_ended(engine: Engine) -> None:
    """The work hears of the cancellation and has the last word."""
    job = begun(engine)
    job.cancel()

    assert "stopped" == ended(job).future.result(0)
    assert ["cancelled"] == job.take(0)


def test_a_job_may_be_cancelled_before_it_has_begun(engine: Engine) -> None:
    """However early, the work runs as far as its first wait, and hears of it there."""
    busy = threading.Event()
    blocked: Job[str, str] = engine.submit(lambda emit: block(busy))
    job: Job[str, str] = engine.submit(wait)
    job.cancel()
    busy.set()
    ended(blocked)

    assert "stopped" == ended(job).future.result(0)
    assert ["begun", "cancelled"] == job.take(0)


async def block(busy: threading.Event) -> str:
    """Hold the whole loop up."""
    assert busy.wait(PATIENCE)
    return "free"


def test_a_job_may_be_cancelled_twice_and_after_its_end(engine: Engine) -> None:
    """An impatient user breaks nothing."""
    job = begun(engine)
    job.cancel()
    job.cancel()
    ended(job)
    job.cancel()

    assert "stopped" == job.future.result(0)


def test_work_that_does_not_heed_its_cancellation_is_cancelled(engine: Engine) -> None:
    """Then the future says so."""

    async def careless(emit: Emit) -> str:
        emit("begun")
        await asyncio.Event().wait()
        return "never"

    job: Job[str, str] = engine.submit(careless)
    assert ["begun"] == job.take(PATIENCE)
    job.cancel()

    assert ended(job).future.cancelled()


def test_an_error_reaches_who_asks_for_the_result(engine: Engine) -> None:
    """It is raised there, and the loop goes on."""

    async def fail(emit: Emit) -> str:
        emit("before")
        raise LookupError("nothing there")

    job: Job[str, str] = engine.submit(fail)
    ended(job)

    assert ["before"] == job.take(0)
    with pytest.raises(LookupError, match="nothing there"):
        job.future.result(0)
    assert "done" == ended(engine.submit(speak)).future.result(0)


def test_jobs_run_side_by_side_on_one_loop(engine: Engine) -> None:
    """One that waits holds up no other, and all share the loop, and so its connections."""

    async def where(emit: Emit) -> int:
        return id(asyncio.get_running_loop())

    waiting = begun(engine)
    jobs: list[Job[str, int]] = [engine.submit(where) for _ in range(3)]
    loops = {job.future.result(PATIENCE) for job in jobs}

    assert 1 == len(loops)
    assert not waiting.done


def test_all_can_be_cancelled_at_once(engine: Engine) -> None:
    """Each says how it ended before the engine goes on."""
    jobs = [begun(engine) for _ in range(3)]
    engine.cancel(PATIENCE)

    assert ["stopped"] * 3 == [job.future.result(0) for job in jobs]
    assert "done" == ended(engine.submit(speak)).future.result(0)


def test_work_that_nobody_holds_goes_on(engine: Engine) -> None:
    """The engine keeps it, as the loop does not."""
    heard = threading.Event()

    async def listen(emit: Emit) -> str:
        try:
            emit("begun")
            await asyncio.Event().wait()
        finally:
            heard.set()
        return "never"

    job: Job[str, str] = engine.submit(listen)
    assert ["begun"] == job.take(PATIENCE)
    del job
    gc.collect()
    alive = not heard.is_set()
    engine.cancel(PATIENCE)

    assert alive
    assert heard.wait(PATIENCE)


def test_stop_cancels_what_runs(engine: Engine) -> None:
    """Nobody waits for ever for a job of a loop that has ended."""
    job = begun(engine)
    engine.stop()

    assert "stopped" == ended(job).future.result(0)


def test_stop_cancels_what_was_submitted_a_moment_before(engine: Engine) -> None:
    """Work that the loop had not begun yet begins, and hears of its end."""
    begun(engine)
    jobs: list[Job[str, str]] = [engine.submit(wait) for _ in range(20)]
    engine.stop()

    assert {"stopped"} == {ended(job).future.result(0) for job in jobs}


def test_a_stopped_engine_begins_again(engine: Engine) -> None:
    """Its thread ends; the next job gets a new one."""
    engine.stop()
    old = begun(engine)
    thread = next(t for t in threading.enumerate() if t.name == "codex-engine")
    engine.stop()
    engine.stop()
    thread.join(PATIENCE)
    old.cancel()

    assert not thread.is_alive()
    assert "done" == ended(engine.submit(speak)).future.result(0)


def test_the_thread_does_not_keep_the_process_alive() -> None:
    """A kernel with an answer on its way can exit."""
    script = """
import asyncio
from codex_magic.engine import Engine
async def wait(emit):
    emit(1)
    await asyncio.Event().wait()
job = Engine().submit(wait)
assert job.take(5)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], timeout=20, capture_output=True, text=True
    )

    assert 0 == done.returncode, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_an_engine_of_its_own() -> None:
    """It has the parent's loop but not its thread: it begins a new one, and leaves the old alone."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK],
        timeout=30,
        capture_output=True,
        text=True,
    )

    assert (0, "child 2 True\nparent 1 False\n", "") == (done.returncode, done.stdout, done.stderr)


FORK = """
import asyncio, os, sys
from codex_magic.engine import Engine

engine = Engine()

async def wait(emit):
    emit("begun")
    await asyncio.Event().wait()

async def answer(emit, number):
    return number

waiting = engine.submit(wait)
assert waiting.take(5) == ["begun"]
child = os.fork()
name = "parent" if child else "child"
if child:
    _, status = os.waitpid(child, 0)
    assert status == 0
job = engine.submit(lambda emit: answer(emit, 1 if child else 2))
number = job.future.result(5)
if not child:
    engine.stop()
    fresh = engine.submit(lambda emit: answer(emit, 3))
    assert fresh.future.result(5) == 3
print(name, number, not child, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("waits", [Job.wait, Job.rest])
def test_an_interrupt_anywhere_in_a_wait_stops_nobody_else(
    waits: Callable[[Job[str, str], float], None],
) -> None:
    """The loop of all questions must not wait for a lock that an interrupt has left taken."""
    for place in range(1, 500):
        job: Job[str, str] = Job()
        if not interrupted(place, partial(waits, job, 0.001)):
            break
        speaking = threading.Thread(target=job.emit, args=["word"], daemon=True)
        speaking.start()
        speaking.join(PATIENCE)
        assert not speaking.is_alive(), f"an interrupt at line {place} of the wait"
        assert ["word"] == job.take()
    assert 3 < place < 499


def interrupted(place: int, work: Callable[[], None]) -> bool:
    """Interrupt work at the n-th line of Python that it comes to; return whether it has so many."""
    lines = iter(range(1, place))

    def trace(frame: Any, event: str, argument: object) -> Any:
        if event == "line" and next(lines, None) is None:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False
