"""Panels in a real kernel, without a page: what is done in one is seen in the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_service import FakeService, function_call, text
from tests.jupyterlab import until
from tests.kernels import Kernel, connected, running_kernel

PANELS = """
from codex_magic.panel import ChatPanel
from codex_magic import tool

def html(widget):
    inner = "".join(html(child) for child in getattr(widget, "children", ()))
    words = getattr(widget, "description", "") if "button" in str(type(widget)).lower() else ""
    hidden = "codex-off" in getattr(widget, "_dom_classes", ())
    return "" if hidden else inner + words + str(getattr(widget, "value", ""))

def buttons(widget):
    inner = [each for child in getattr(widget, "children", ()) for each in buttons(child)]
    return inner + ([widget] if hasattr(widget, "click") else [])

def press(panel, words):
    next(one for one in buttons(panel) if one.description == words).click()

@tool
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b

one, two = ChatPanel(), ChatPanel()
"""


@pytest.fixture
def kernel(service: FakeService, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel with two panels."""
    with running_kernel(tmp_path) as kernel:
        kernel.run(connected(service))
        assert "ok" == kernel.run(PANELS).status
        yield kernel


def said(kernel: Kernel, code: str) -> str:
    """Return what a piece of code prints."""
    done = kernel.run(f"print({code})")
    assert "ok" == done.status, done.traceback
    return done.stdout.strip()


def shows(kernel: Kernel, panel: str, words: str) -> None:
    """Wait until a panel shows some words."""
    until(lambda: words in said(kernel, f"html({panel})"), f"{words!r} in panel {panel}")


def test_what_is_asked_in_one_streams_in_both(kernel: Kernel, service: FakeService) -> None:
    """Also in a third one that is opened in mid-answer, and each of them can stop it."""
    service.enqueue(text("One two three four five six seven eight.").hold(9))

    kernel.run("one.ask('Count.')")
    for panel in ("one", "two"):
        shows(kernel, panel, "One")
    kernel.run("three = ChatPanel()")
    shows(kernel, "three", "One")
    stops = [said(kernel, f"'Stop' in html({panel})") for panel in ("one", "two", "three")]
    kernel.run("press(three, 'Stop')")
    for panel in ("one", "two", "three"):
        shows(kernel, panel, "Stopped. What arrived is kept")
    after = [said(kernel, f"'Stop' in html({panel}).replace('Stopped', '')") for panel in ("two",)]

    assert ["True"] * 3 == stops
    assert ["False"] == after


def test_a_call_that_waits_is_settled_in_both(kernel: Kernel, service: FakeService) -> None:
    """It can be approved where it was not asked; then neither shows it."""
    service.enqueue(function_call("add", a=1, b=2), text("Three."))

    kernel.run(
        "from codex_magic.panel.chips import Chip; one._composer.chips.add(Chip('tool', 'add'))"
    )
    kernel.run("one.ask('Add.')")
    for panel in ("one", "two"):
        shows(kernel, panel, "Approve")
    kernel.run("press(two, 'Approve')")
    for panel in ("one", "two"):
        shows(kernel, panel, "Three.")

    assert ["False", "False"] == [said(kernel, f"'Approve' in html({p})") for p in ("one", "two")]


def test_what_is_done_to_turns_is_seen_in_both(kernel: Kernel, service: FakeService) -> None:
    """Hidden, pinned, forked, a new conversation, and what a command did."""
    service.enqueue(text("Yes."))
    kernel.run("one.ask('Is it?')")
    shows(kernel, "two", "Yes.")

    kernel.run("press(one, 'Hide')")
    hidden = said(kernel, "'Hidden: it is shown' in html(two)")
    kernel.run("press(two, 'Pin')")
    pinned = said(kernel, "'Pinned: it stays' in html(one)")
    kernel.run("press(one, 'Fork')")
    forked = said(kernel, "two._conversations.widget.label")
    kernel.run("two.ask('/new plots')")
    until(
        lambda: said(kernel, "one._conversations.widget.label").startswith("plots"), "the new one"
    )

    assert ["True", "True"] == [hidden, pinned]
    assert forked.startswith("main fork")
    assert "False" == said(kernel, "'Yes.' in html(one)")


def test_an_older_answer_is_retried_as_the_pickers_say(
    kernel: Kernel, service: FakeService
) -> None:
    """With the model and the effort that are chosen; words that look like options stay words."""
    service.enqueue(text("First."), text("Second."), text("Better."))
    kernel.run("one.ask('-v is what --run?')")
    shows(kernel, "one", "First.")
    kernel.run("one.ask('And then?')")
    shows(kernel, "one", "Second.")

    kernel.run("one._settings.model.value = 'gpt-5.1'; one._settings.effort.value = 'low'")
    kernel.run("one._actions._turn.value = one._actions._turn.options[0][1]; press(one, 'Retry')")
    shows(kernel, "two", "Better.")
    body = service.requests[-1].body or {}

    assert ("gpt-5.1", "low") == (body["model"], body["reasoning"]["effort"])
    assert ["-v is what --run?"] == [item["content"] for item in body["input"]]
