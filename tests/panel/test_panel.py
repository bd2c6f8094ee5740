"""The panel's widgets without a page: what goes over the comms, and what they say."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import comm
import ipykernel.ipkernel  # noqa: F401  It puts its own comms into place when it is imported.
import pytest
from ipywidgets.widgets.widget import _instances

from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.conversation.approvals import Call
from codex_magic.conversation.turns import Plan, Turn
from codex_magic.display.reply import Reply
from codex_magic.panel import ChatPanel, actions
from codex_magic.panel.growing import GrowingTurn
from codex_magic.panel.messages import failed_html, note_html, turn_html
from codex_magic.panel.widgets import Shared
from tests.asking import MODEL
from tests.fake_service import FakeService, text
from tests.jupyterlab import until

HOSTILE = sorted((Path(__file__).parent.parent / "fixtures" / "hostile").glob("*.md"))
ANSWER = "\n\n".join(
    f"Paragraph {n} says **this** and `that`, and goes on for a while about nothing at all.\n\n"
    f"```python\nvalue_{n} = compute({n}, 'a string', factor=0.5)\nprint(value_{n})\n```"
    for n in range(30)
)[:5_000]


class Wire(comm.base_comm.BaseComm):
    """A comm that counts what it would send."""

    sent = 0

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **more: Any,
    ) -> None:
        content = {"comm_id": self.comm_id, "data": data or {}, **more}
        Wire.sent += len(json.dumps(content)) + len(json.dumps(metadata or {}))


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> type[Wire]:
    """The wire that all widgets of a test send on."""
    manager = comm.base_comm.CommManager()
    monkeypatch.setattr(comm, "create_comm", Wire)
    monkeypatch.setattr(comm, "get_comm_manager", lambda: manager)
    Wire.sent = 0
    return Wire


@pytest.fixture
def assistant(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Assistant]:
    """Yield an assistant that asks the fake service."""
    monkeypatch.setenv("OPENAI_API_KEY", str(service.api_key))
    monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
    assistant = Assistant(Codex(model=MODEL))
    yield assistant
    assistant.close()


def html_of(widget: Any) -> str:
    """Return all HTML in a widget."""
    inner = "".join(html_of(child) for child in getattr(widget, "children", ()))
    return inner + str(getattr(widget, "value", ""))


def with_turns(assistant: Assistant, count: int) -> None:
    """Put turns into an assistant's conversation."""
    for n in range(count):
        turn = Turn(f"Question {n}?", (), text=ANSWER[:1_700], model=MODEL)
        assistant.conversation.record(turn, Plan("stateless"))


def test_a_long_answer_in_a_long_conversation_sends_little(
    assistant: Assistant, service: FakeService, wire: type[Wire]
) -> None:
    """200 messages are there, of which the last 50 are drawn; 5,000 characters more take under 200 kB."""
    with_turns(assistant, 100)
    panel = ChatPanel(assistant)
    opened = wire.sent
    service.enqueue(text(ANSWER).pause(0.02))

    panel.ask("Tell me.")
    until(lambda: len(assistant.conversation.turns) == 101, "the answer")
    until(lambda: "codex-growing" not in str([w._dom_classes for w in _turns(panel)]), "its end")
    panel.close()

    assert "Show earlier turns (76)" in str(panel.children[2].children[0].description)
    assert opened < 1_000_000
    assert 5_000 < wire.sent - opened < 200_000


def test_a_panel_keeps_no_widget_that_it_does_not_show(
    assistant: Assistant, service: FakeService
) -> None:
    """However many answers there were, and whatever was typed; a closed panel leaves none."""
    before = len(_instances)
    panel = ChatPanel(assistant)
    counts = []
    for number in range(70):
        service.enqueue(text(f"Answer {number}."))
        panel.ask(f"Question {number}?")
        until(lambda: not panel._desk.busy, "the answer")
        panel._composer.text.value = "/co"
        panel._composer.text.value = ""
        counts.append(len(_instances))
    panel.close()

    assert counts[30] == counts[-1] < before + 100
    assert before == len(_instances)


def test_a_closed_chunk_is_not_sent_again(wire: type[Wire]) -> None:
    """Drawn after every word, an answer costs a bounded part of itself at a time."""
    reply = Reply("Why?", model=MODEL)
    growing = GrowingTurn(Shared(), reply, lambda reply: None)
    costs = []
    for start in range(0, len(ANSWER), 50):
        reply._text.add(ANSWER[start : start + 50], ())
        before = wire.sent
        growing._due = 0.0
        growing.draw(reply)
        costs.append(wire.sent - before)

    half = len(costs) // 2
    assert sum(costs[half:]) < 1.6 * sum(costs[:half])


def test_a_turn_says_why_it_broke_off() -> None:
    """Once, whether its reply is known still or comes from the disk; one that was stopped needs none."""
    why = "The connection broke off: reset."
    broken = Turn("Why?", (), text="Be", model=MODEL, status="interrupted", error=why)
    known = Reply("Why?", model=MODEL)

    for reply in (known, Reply.of_turn(broken)):
        page = turn_html(1, broken, reply)
        assert (1, 1, 0) == tuple(map(page.count, (why, "Broken off.", "Stopped.")))
    stopped = Turn("Why?", (), text="Be", model=MODEL, status="interrupted")
    assert "Stopped. What arrived is kept" in turn_html(1, stopped, known)


def test_nothing_of_an_attack_survives_in_a_turn() -> None:
    """Names, questions, answers and errors are text, whoever wrote them."""
    attack = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
    for path in HOSTILE:
        answer = path.read_bytes().decode()
        turn = Turn(attack, (), text=answer, model=attack, sent=attack, error=attack)
        page = turn_html(1, turn, Reply.of_turn(turn))
        assert [] == _dangers(page), path.stem
    failed = failed_html(attack, attack) + note_html(attack, attack, attack)
    assert [] == _dangers(failed)
    assert ["<script>", "onerror", "http://a"] == _dangers(
        "<script></script><p onerror=x></p><img src=http://a>"
    )


def test_what_is_asked_elsewhere_appears(assistant: Assistant, service: FakeService) -> None:
    """A question of a cell is in the panel, and the panel's is in the conversation of the cells."""
    from tests.asking import ask

    panel = ChatPanel(assistant)
    service.enqueue(text("From a cell."), text("From the panel."))
    ask(assistant, "Cell?")
    panel.ask("Panel?")
    until(lambda: "From the panel." in html_of(panel), "the answer")
    shown = html_of(panel)
    panel.close()

    assert "From a cell." in shown
    assert ["Cell?", "Panel?"] == [turn.prompt for turn in assistant.conversation.turns]


def test_a_call_can_be_edited_before_it_runs(assistant: Assistant) -> None:
    """Only JSON is taken; the decision carries it."""
    import asyncio

    panel = ChatPanel(assistant)
    call = Call("c", "add", {"a": 1})

    async def decide() -> Any:
        waiting = asyncio.ensure_future(assistant.watchers.decision(call))
        await asyncio.sleep(0)
        card = panel._cards.widget.children[0]
        press = _buttons(card)
        press["Edit"]()
        card.children[1].value = "no JSON"
        press["Approve"]()
        wrong = html_of(card)
        card.children[1].value = '{"a": 2}'
        press["Approve"]()
        return wrong, await waiting

    wrong, decision = asyncio.run(decide())
    left = panel._cards.widget.children
    panel.close()

    assert "That is no JSON" in wrong
    assert (True, {"a": 2}) == (decision.approved, decision.arguments)
    assert () == left


def _dangers(html: str) -> list[str]:
    """Return what of HTML could run, or ask a network without a click."""
    found: list[str] = []

    class Look(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag in ("script", "style", "iframe", "object", "embed", "form", "input", "svg"):
                found.append(f"<{tag}>")
            for name, value in attrs:
                if name.startswith("on") or name in ("srcset", "formaction", "xlink:href"):
                    found.append(name)
                if name == "src" and not str(value).startswith("data:image/"):
                    found.append(str(value))

    Look().feed(html)
    return found


def _buttons(card: Any) -> dict[str, Callable[[], None]]:
    return {button.description: button.click for button in card.children[3].children}


def _turns(panel: ChatPanel) -> list[Any]:
    return list(panel.children[2].children)


def test_conversations_are_found_by_what_was_asked(assistant: Assistant) -> None:
    """The current one first, then the latest; a name, the last question and how long ago it was."""
    began = time.time()
    for name, hours in (("plots", 50), ("main", 3), ("fits", 0.1)):
        conversation = assistant.memory.switch(name)
        turn = Turn(f"What of {name}?", (), text="Yes.", model=MODEL, started=began - 3600 * hours)
        conversation.record(turn, Plan("stateless"))
    assistant.memory.switch("main")
    panel = ChatPanel(assistant)
    offered = [label for label, _ in panel._conversations.widget.options]
    for n in range(40):
        assistant.memory.switch(f"more {n}")
    panel.changed()
    many = panel._conversations.widget.options
    panel.close()

    assert [
        "main: What of main?",
        "fits: What of fits? · 6 min ago",
        "plots: What of plots? · 2 days ago",
        "＋ New conversation",
    ] == offered
    assert (26, "more 39") == (len(many), many[0][0])


def test_a_conversation_that_is_gone_is_said(assistant: Assistant) -> None:
    """Another kernel deleted it: nothing is chosen, and the panel says so."""
    panel = ChatPanel(assistant)
    picker = panel._conversations.widget
    picker.options = (*picker.options, ("gone", "no-such-id"))
    picker.value = "no-such-id"
    shown, chosen = html_of(panel), picker.value
    panel.close()

    assert "There is no conversation" in shown
    assert assistant.conversation.id == chosen


def test_pickers_follow_the_settings_until_somebody_chooses(assistant: Assistant) -> None:
    """A setting that changes is shown, and what was chosen stays."""
    panel = ChatPanel(assistant)
    assistant.config.effort, assistant.config.model = "low", "gpt-5.1"
    panel.changed()
    followed = (panel._settings.effort.value, panel._settings.model.placeholder)
    panel._settings.effort.value = "high"
    assistant.config.effort = "medium"
    panel.changed()
    chosen = panel._settings.chosen()
    panel.close()

    assert ("low", "gpt-5.1") == followed
    assert ("high", None) == (chosen["effort"], chosen["model"])


def test_without_anywidget_it_is_a_plain_panel(
    assistant: Assistant, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says what is missing and how to get it; questions, lists and buttons work all the same."""
    monkeypatch.setitem(sys.modules, "anywidget", None)
    service.enqueue(text("Yes."))
    panel = ChatPanel(assistant)
    panel.ask("Is it?")
    until(lambda: "Yes." in html_of(panel), "the answer")
    panel._heard({"say": "copy", "turn": assistant.conversation.turns[0].id}, [])
    shown, kinds = html_of(panel), {type(child).__name__ for child in panel.children}
    panel.close()

    assert 1 == shown.count("pip install &quot;codex-magic[bridge]&quot;")
    assert {"HTML", "HBox", "VBox"} == kinds


def test_the_buttons_of_a_page_are_those_of_the_row() -> None:
    """An answer has the same, whoever draws them."""
    script = Path(actions.__file__).with_name("panel.js").read_text()
    tools = script.partition("TURN_TOOLS = [")[2].partition("];")[0]

    assert re.findall(r'\["(\w+)", "([^"]+)"', tools) == [one[:2] for one in actions.BUTTONS]


def test_a_panel_that_is_closed_draws_no_more(assistant: Assistant, service: FakeService) -> None:
    """In mid-answer: the answer comes, for who still looks, and no widget is left over."""
    service.enqueue(text(ANSWER).hold(20))
    before = set(_instances)
    panel, other = ChatPanel(assistant), ChatPanel(assistant)
    panel.ask("Tell me.")
    until(lambda: "Paragraph" in html_of(other), "its first words")
    panel.close()
    service.release()
    until(lambda: not (other._transcript.growing or panel._desk.busy), "the answer")
    other.close()

    assert ANSWER == assistant.conversation.turns[-1].text
    assert [] == [_instances[name] for name in {*_instances} - before]
