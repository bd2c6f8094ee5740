"""Tools in a real kernel: asked about through the front end's prompt, and run in the main thread."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest

from tests.fake_service import (
    FakeService,
    calls,
    cited,
    function_call,
    mcp_approval,
    mcp_call,
    page,
    text,
    together,
)
from tests.kernels import Executed, Kernel, Message, connected, running_kernel
from tests.sending import footer

DEFINED = """
import asyncio, threading, time
from codex_magic import ask, aask
from codex_magic.conversation.tools import tool
ran = []

@tool
def add(a: int, b: int = 1) -> int:
    "Add two numbers."
    ran.append((a, b, threading.current_thread() is threading.main_thread()))
    return a + b

@tool
async def double(a: int) -> int:
    "Double a number."
    ran.append(a)
    return 2 * a

def tell(word: str):
    "Print a word."
    print("told", word)

def fail(word: str):
    "Fail."
    raise KeyError(word)

def sleep():
    "Sleep."
    ran.append("asleep")
    display("snoring")
    time.sleep(60)
    ran.append("awake")
"""
SHOWING = """
import functools
import matplotlib.pyplot as plt
import pandas as pd

class Shop:
    def __init__(self): self.prices = [2, 3]
    def total(self, start: int = 0) -> int:
        "Sum up."
        return start + sum(self.prices)

shop = Shop()

def multiplied(x: int, by: int) -> int:
    "Multiply."
    return x * by

scaled = functools.partial(multiplied, by=10)

def table():
    "A table."
    return pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"]})

def plot():
    "A plot."
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot([1, 2])
    plt.close(figure)
    return figure

async def plot_later():
    "A plot."
    await asyncio.sleep(0)
    return plot()
"""
CALL = function_call("add", a=1, b=2)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService) -> Kernel:
    """The kernel, with the extension loaded anew, connected to the service, and some functions."""
    assert "ok" == ran(running, connected(service)).status
    assert "ok" == ran(running, DEFINED).status
    return running


class User:
    """Somebody who answers prompts, one after the other."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> str | None:
        """Answer."""
        self.asked.append(prompt)
        return self._answers.pop(0) if self._answers else None


def ran(kernel: Kernel, code: str, answer: Callable[[str], str | None] | None = None) -> Executed:
    """Run a cell; ipykernel 6 aborts what comes within a moment of an error."""
    done = kernel.run(code, answer=answer)
    while "aborted" == done.status:
        done = kernel.run(code, answer=answer)
    return done


def told(service: FakeService) -> list[Any]:
    """What the model was told of its calls in the last request."""
    body = service.requests[-1].body or {}
    return [item["output"] for item in body["input"] if item["type"] == "function_call_output"]


def printed(kernel: Kernel, code: str) -> str:
    """What a cell prints."""
    return ran(kernel, f"print({code})").stdout.strip()


def lines(executed: Executed) -> list[str]:
    """The folded lines of calls."""
    parts = executed.html.split('class="codex-call"><summary><small>')[1:]
    return [unescape(part.partition("</small>")[0]) for part in parts]


def test_a_call_is_approved_in_the_cell(kernel: Kernel, service: FakeService) -> None:
    """The prompt shows the call; the function runs in the main thread; a line tells of it."""
    service.enqueue(CALL, text("Three."))
    user = User("y")

    done = ran(kernel, "%%codex -t add\nHow much?", user)

    assert "ok" == done.status, done.traceback
    [asked] = user.asked
    assert asked.startswith("The model wants to call add(a=1, b=2)\nRun it? [y]es")
    assert ["3"] == told(service)
    assert "[(1, 2, True)]" == printed(kernel, "ran")
    [line] = lines(done)
    assert line.startswith("add(a=1, b=2) → 3")
    assert "Three." in done.html
    assert 1 == len(done.outputs)
    assert "sent: the prompt, 1 tool" in footer(done)[-1]


def test_a_servers_call_is_approved_in_the_cell(kernel: Kernel, service: FakeService) -> None:
    """The same prompt names the server; what came of the call is a line, and what it cites a link."""
    words = "Sixteen hours."
    service.enqueue(
        mcp_approval("docs", "ask", q="cats"),
        together(
            mcp_call("docs", "ask", "16 hours", q="cats"),
            cited(words, page(words, words, "https://docs.example/cats", "Cats")),
        ),
    )
    user = User("y")

    done = ran(kernel, "%%codex -t mcp:https://mcp.docs.com\nHow long?", user)

    assert "ok" == done.status, done.traceback
    [asked] = user.asked
    assert asked.startswith("The model wants to call docs.ask(q=\"cats\") on the server 'docs'\n")
    assert ['docs.ask(q="cats") → 16 hours'] == lines(done)
    assert 'href="https://docs.example/cats"' in done.html


def test_a_declined_call_is_not_run(kernel: Kernel, service: FakeService) -> None:
    """The model is told so, with the reason that was given."""
    service.enqueue(CALL, text("Fine."))

    done = ran(kernel, "%%codex -t add\nHow much?", User("what?", "n use the other one"))

    assert ["The user declined this call. use the other one"] == told(service)
    assert "[]" == printed(kernel, "ran")
    assert "declined" in lines(done)[0]


def test_always_asks_once(kernel: Kernel, service: FakeService) -> None:
    """Later calls of the tool run unasked, and the command tells of it, and takes it back."""
    service.enqueue(CALL, CALL, text("Three."), CALL, text("Three."))
    user = User("a")

    ran(kernel, "%%codex -t add\nHow much?", user)
    ran(kernel, "%%codex -t add\nAgain?", user)
    listed = ran(kernel, "%codex tools").stdout
    after = ran(kernel, "%codex tools reset").stdout

    assert 1 == len(user.asked)
    assert "[(1, 2, True), (1, 2, True), (1, 2, True)]" == printed(kernel, "ran")
    assert listed.rstrip().endswith("approved always:\n  add")
    assert "  double               Double a number." in listed
    assert "none: every call is asked about" in after


def test_arguments_are_edited(kernel: Kernel, service: FakeService) -> None:
    """The function gets the user's, and the model is told which they were."""
    service.enqueue(CALL, text("Five."))
    user = User("e", "no json", "e", '{"a": 2, "b": 3}')

    ran(kernel, "%%codex -t add\nHow much?", user)

    assert ['5\nThe user changed the arguments to {"a": 2, "b": 3}.'] == told(service)


def test_nobody_there_declines(kernel: Kernel, service: FakeService) -> None:
    """As in nbclient: the call is not run, and both the model and the page are told."""
    service.enqueue(CALL, text("Fine."))

    done = ran(kernel, "%%codex -t add\nHow much?")

    assert ["The user declined this call. Nobody is there to approve this call."] == told(service)
    assert "[]" == printed(kernel, "ran")
    assert "Nobody is there" in lines(done)[0]


def test_yes_runs_without_asking(kernel: Kernel, service: FakeService) -> None:
    """Sync, async, printing and failing functions, in parallel; each is told as it went."""
    wanted: list[tuple[str, dict[str, Any]]] = [
        ("add", {"a": 1}),
        ("double", {"a": 2}),
        ("double", {"a": 3}),
    ]
    wanted += [("tell", {"word": "x"}), ("fail", {"word": "y"}), ("nothing", {})]
    service.enqueue(calls(wanted), text("Done."))

    done = ran(kernel, "%%codex -t add double tell fail --yes\nGo.")

    assert "ok" == done.status, done.traceback
    said = told(service)
    assert ["2", "4", "6", "It printed:\ntold x\n"] == said[:4]
    assert "KeyError" in said[4]
    assert said[5].startswith("There is no function 'nothing'")
    assert "" == done.stdout
    assert 6 == len(lines(done))
    assert "after\n" == ran(kernel, "print('after')").stdout


def test_methods_frames_and_images(kernel: Kernel, service: FakeService) -> None:
    """A method, a partial, and what is no text: the model reads a summary, and sees a figure."""
    ran(kernel, SHOWING)
    wanted: list[tuple[str, dict[str, Any]]] = [
        ("total", {"start": 1}),
        ("scaled", {"x": 3}),
        ("table", {}),
        ("plot", {}),
        ("plot_later", {}),
    ]
    service.enqueue(calls(wanted), text("Seen."))

    done = ran(kernel, "%%codex -t shop.total scaled table plot plot_later --yes\nGo.")

    assert "ok" == done.status, done.traceback
    total, scaled, table, plot, later = told(service)
    assert ("6", "30") == (total, scaled)
    assert "3 rows × 2 columns" in table
    for image in (plot, later):
        [part] = [part for part in image if part["type"] == "input_image"]
        assert part["image_url"].startswith("data:image/png;base64,")
    assert 1 == len(done.outputs)


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt there is an event")
def test_the_interrupt_stops_a_tool(kernel: Kernel, service: FakeService) -> None:
    """The cell fails in one line, and the next question goes on from a valid history."""
    service.enqueue(calls([("sleep", {}), ("add", {"a": 1})]), text("Fine."))

    def press(message: Message) -> None:
        if "snoring" in message.text:
            kernel.interrupt()

    done = kernel.run("%%codex -t sleep add --yes\nGo.", press)
    after = ran(kernel, "%codex And now?")

    assert "error" == done.status
    assert 1 == len(done.traceback)
    assert "Interrupted" in done.traceback[0]
    assert "ok" == after.status, after.traceback
    assert "['asleep']" == printed(kernel, "ran")
    assert 2 == len(told(service))
    assert "interrupted" in str(told(service))


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt there is an event")
def test_a_tool_has_a_time_limit(kernel: Kernel, service: FakeService) -> None:
    """A sleeping function is stopped, the model is told, and the question goes on."""
    service.enqueue(function_call("nap"), text("Fine."))
    ran(kernel, "@tool(timeout=0.3)\ndef nap():\n    'Nap.'\n    time.sleep(60)")

    done = ran(kernel, "%%codex -t nap --yes\nGo.")
    after = ran(kernel, "time.sleep(0.1); print('fine')")

    assert "ok" == done.status, done.traceback
    assert ["Given up after 0.3 seconds."] == told(service)
    assert "fine\n" == after.stdout


def test_ask_takes_functions(kernel: Kernel, service: FakeService) -> None:
    """In Python a function is given itself, and its calls are asked about as in a cell."""
    service.enqueue(CALL, text("Three."), CALL, text("Three."))
    user = User("y")

    done = ran(kernel, "r = ask('How much?', tools=[add]); print(r.calls[0].result, r.text)", user)
    ran(kernel, "r = await aask('How much?', tools=add)\nprint(r.calls[0].status)", user)
    status = printed(kernel, "r.calls[0].status")

    assert "3 Three.\n" == done.stdout
    assert 1 == len(user.asked)
    assert "declined" == status


def test_aask_runs_what_is_approved(kernel: Kernel, service: FakeService) -> None:
    """In the main thread, between other work of the caller's loop."""
    service.enqueue(calls([("add", {"a": 1}), ("double", {"a": 2})]), text("Three."))

    done = ran(kernel, "r = await aask('Go.', tools=[add, double], yes=True)\nprint(r.text, ran)")

    assert "Three. [(1, 1, True), 2]\n" == done.stdout, done.traceback
    assert ["2", "4"] == told(service)


def test_a_tool_that_asks_is_told_how(kernel: Kernel, service: FakeService) -> None:
    """The conversation waits for it: it would wait for ever."""
    service.enqueue(function_call("wonder"), text("Fine."))
    ran(kernel, "def wonder():\n    'Wonder.'\n    return ask('Why?').text")

    done = ran(kernel, "%%codex -t wonder --yes\nGo.")

    assert "ok" == done.status
    assert "once=True" in told(service)[0]


def test_a_call_is_shown_safely(kernel: Kernel, service: FakeService) -> None:
    """Neither arguments nor results of a call are HTML, nor formulas."""
    service.enqueue(function_call("tell", word="<img src=x> $x$"), text("Fine."))

    done = ran(kernel, "%%codex -t tell --yes\nGo.")

    assert "<img" not in done.html
    assert "&lt;img src=x&gt;" in done.html


def test_an_unknown_tool_is_an_error_of_one_line(kernel: Kernel, service: FakeService) -> None:
    """Nothing is sent."""
    done = ran(kernel, "%%codex -t ad\nGo.")

    assert "error" == done.status
    assert ["ConfigError: There is no function 'ad' to be a tool. Did you mean add?"] == (
        done.traceback
    )
    assert [] == service.requests


def test_kernel_tools_look_around(kernel: Kernel, service: FakeService) -> None:
    """By name only; each call is asked about like any other."""
    looks = [
        ("list_names", {}),
        ("read_variable", {"name": "price"}),
        ("read_cell", {"cells": "-1"}),
    ]
    wrong = [("read_variable", {"name": "nothing"})]
    service.enqueue(calls([*looks, *wrong]), text("Fine."))
    ran(kernel, "price = 42")

    user = User("y", "y", "y", "y")
    done = ran(kernel, "%%codex -t list_names read_variable read_cell\nGo.", user)

    assert "ok" == done.status, done.traceback
    assert 4 == len(user.asked)
    names, variable, cell, missing = told(service)
    assert "price" in names
    assert "42" in variable
    assert "price = 42" in cell
    assert "nothing" in missing
    assert ["list_names", "read_variable", "read_cell"] == [
        form["name"] for form in (service.requests[0].body or {})["tools"]
    ]


def test_python_is_always_asked_about(kernel: Kernel, service: FakeService) -> None:
    """Neither --yes nor an earlier answer settles it, and the prompt shows what was found."""
    code = "import os\nprint(os.getcwd())\nos.remove('x')"
    service.enqueue(
        function_call("run_python", code="a = 20\nprint('hi')\na + 1"),
        function_call("run_python", code=code),
        text("Fine."),
    )
    user = User("a", "n")

    done = ran(kernel, "%%codex -t run_python --yes\nGo.", user)

    assert "ok" == done.status, done.traceback
    assert 2 == len(user.asked)
    assert "    os.remove('x')" in user.asked[1]
    assert "line 3: os.remove" in user.asked[1]
    first, second = told(service)
    assert "21" in first
    assert "It printed:\nhi" in first
    assert second.startswith("The user declined")
    assert "20" == printed(kernel, "a")
