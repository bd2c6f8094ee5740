"""The assistant: from a question to a reply, whatever happens on the way."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import weakref
from collections.abc import Iterator

import pytest

from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import DEFAULT_MODEL, SUCCESSORS, Codex
from codex_magic.conversation.turns import INTERRUPTED_MARK, State
from codex_magic.display.reply import Reply
from codex_magic.errors import AnswerInterrupted, APIError, CodexError, ConfigError
from tests.fake_service import FakeService, failed, incomplete, text
from tests.fake_service.summary import words

from .asking import MODEL, STATES, Stopping, ask, sent, users


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """A service that the environment names."""
    with FakeService() as service:
        monkeypatch.setenv("OPENAI_API_KEY", str(service.api_key))
        monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
        yield service


@pytest.fixture
def assistant(service: FakeService) -> Iterator[Assistant]:
    """An assistant without a shell."""
    assistant = Assistant(Codex(model=MODEL))
    yield assistant
    assistant.close()


def test_a_question_is_answered(assistant: Assistant, service: FakeService) -> None:
    """The reply has the words, the reasoning, the tokens and the turn."""
    service.enqueue(text("Four.", reasoning="**Adding**"))
    reply = ask(assistant, "\n2 + 2?\n")

    assert ("completed", "Four.", "**Adding**") == (reply.status, reply.text, reply.reasoning)
    assert (MODEL, "2 + 2?") == (reply.model, reply.prompt)
    assert reply.turn is assistant.conversation.turns[0]
    assert reply.usage is not None
    assert [reply] == assistant.replies
    assert reply.error is None


def test_an_assistant_lets_go_of_replies_that_came_long_ago(
    assistant: Assistant, service: FakeService
) -> None:
    """A turn keeps the words and the items; what else a reply holds is of the last ones only."""
    kept = weakref.WeakSet[Reply]()
    for number in range(110):
        service.enqueue(text(f"Answer {number}."))
        kept.add(ask(assistant, f"Question {number}?"))
    gc.collect()

    assert 100 == len(assistant.replies) == len(kept)
    assert "Answer 109." == assistant.replies[-1].text
    assert "Answer 0." == assistant.conversation.turns[0].text


def test_the_request_is_what_was_asked_for(assistant: Assistant, service: FakeService) -> None:
    """Options and settings reach the service, and nothing else does."""
    assistant.config.instructions = "Mine."
    ask(assistant, effort="low", max_output_tokens=50, param={"truncation": "auto"})

    expected = {
        "model": MODEL,
        "instructions": "Mine.",
        "reasoning": {"effort": "low", "summary": "auto"},
        "max_output_tokens": 50,
        "truncation": "auto",
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "stream": True,
        "input": [{"type": "message", "role": "user", "content": "Hello"}],
    }
    assert expected == sent(service)[0]


@pytest.mark.parametrize("state", STATES)
def test_the_setting_and_the_option_decide_the_mode(
    assistant: Assistant, service: FakeService, state: State
) -> None:
    """Three turns keep the thread in each."""
    assistant.config.state = state
    for prompt in ("One", "Two"):
        ask(assistant, prompt)
    ask(assistant, "Three", state="stateless")

    assert ["One", "Two", "Three"] == users(service)
    assert [state != "stateless", state != "stateless", False] == [
        b["store"] for b in sent(service)
    ]


@pytest.mark.parametrize("state", STATES[1:])
@pytest.mark.parametrize("setting", [True, False])
def test_no_store_with_a_chain_is_refused(
    assistant: Assistant, service: FakeService, state: State, setting: bool
) -> None:
    """Before anything is sent, and before anything is recorded; apart it is no contradiction."""
    if setting:
        assistant.config.store = "no"
    store = None if setting else False
    with pytest.raises(ConfigError, match="exclude each other"):
        ask(assistant, state=state, store=store)
    before, turns = list(service.requests), assistant.conversation.turns
    ask(assistant, state=state, store=store, once=True)

    assert ([], ()) == (before, turns)
    assert sent(service)[0]["store"] is False


@pytest.mark.parametrize("prompt", ["", "  ", "\n\n"])
def test_an_empty_question_is_an_error(
    assistant: Assistant, service: FakeService, prompt: str
) -> None:
    """It says where the question goes; nothing is sent."""
    with pytest.raises(ConfigError, match="There is no question"):
        ask(assistant, prompt)

    assert [] == service.requests


def test_once_knows_and_leaves_nothing(assistant: Assistant, service: FakeService) -> None:
    """No history is sent and nothing is recorded."""
    ask(assistant, "One")
    reply = ask(assistant, "Apart", once=True)
    alone = users(service)
    ask(assistant, "Two")

    assert ["Apart"] == alone
    assert ["One", "Two"] == users(service)
    assert "completed" == reply.status


def test_named_conversations(assistant: Assistant, service: FakeService) -> None:
    """They are begun, joined and gone back to by name, and know nothing of each other."""
    ask(assistant, "One")
    ask(assistant, "Side", chat="side")
    current = assistant.memory.current
    ask(assistant, "More")
    side = users(service)
    assistant.memory.switch("main")
    ask(assistant, "Two")

    assert ("side", ["Side", "More"]) == (current, side)
    assert ["One", "Two"] == users(service)


def test_new_conversations(assistant: Assistant, service: FakeService) -> None:
    """A new one gets a free name; an empty one is used; a name that is taken is not."""
    assert "main" == assistant.memory.new().name
    ask(assistant, "One")
    ask(assistant, "Two", new=True)
    second = (assistant.memory.current, users(service))
    ask(assistant, "Three", new=True, chat="mine")

    assert ("main-2", ["Two"]) == second
    assert ("mine", ["Three"]) == (assistant.memory.current, users(service))
    assert "main-3" == assistant.memory.new().name
    with pytest.raises(ConfigError, match="There is a conversation 'mine' already"):
        ask(assistant, "Four", new=True, chat="mine")
    assert 3 == len(sent(service))


def test_a_dead_default_is_said_once(assistant: Assistant, service: FakeService) -> None:
    """The answer comes from the successor, which is in the reply, with one line about it."""
    assistant.config.model = DEFAULT_MODEL
    first, second = ask(assistant, "One"), ask(assistant, "Two")

    notice = f"{DEFAULT_MODEL} is not served here any more: {SUCCESSORS[0]} answers."
    assert ([notice], []) == (first.notices, second.notices)
    assert (SUCCESSORS[0], SUCCESSORS[0]) == (first.model, second.model)
    with pytest.raises(CodexError, match="Live models: "):
        ask(assistant, "Three", model=DEFAULT_MODEL)


def test_an_error_is_one_line(assistant: Assistant, service: FakeService) -> None:
    """It is raised, it is in the reply, and the question is on record."""
    service.enqueue(failed("invalid_prompt", "The prompt is against the rules."))
    screen = Stopping(lambda reply: False)
    with pytest.raises(APIError) as caught:
        assistant.ask("Hello", Options(), screen)

    assert "The prompt is against the rules." == str(caught.value)
    assert "failed" == assistant.conversation.turns[0].status
    assert caught.value is assistant.replies[0].error
    assert [""] == screen.finished
    ask(assistant, "Two")
    assert ["Two"] == users(service)


def test_half_an_answer_is_an_error_that_keeps_it(
    assistant: Assistant, service: FakeService
) -> None:
    """The words stay, on the screen and in the history, and the error says so."""
    service.enqueue(text("Some words of an answer.").cut_after(8))
    screen = Stopping(lambda reply: False)
    with pytest.raises(CodexError, match="What arrived is kept in the conversation"):
        assistant.ask("One", Options(), screen)
    ask(assistant, "Two")

    kept = assistant.replies[0]
    assert ("interrupted", kept.text) == (kept.status, screen.finished[0])
    assert kept.text.startswith("Some words")
    history = [words(item) for item in service.requests[-1].context]
    assert ["One", f"{kept.text}\n\n{INTERRUPTED_MARK}", "Two"] == history


def test_an_incomplete_answer_is_an_answer(assistant: Assistant, service: FakeService) -> None:
    """It succeeds, and says why it ends."""
    service.enqueue(incomplete("Half of"))
    reply = ask(assistant)

    assert ("incomplete", "Half of") == (reply.status, reply.text)
    assert ["The answer ends at the limit of --max-output-tokens."] == reply.remarks


@pytest.mark.parametrize("state", STATES)
def test_an_interrupt_keeps_what_arrived(
    assistant: Assistant, service: FakeService, state: State
) -> None:
    """It is no error that ``except Exception`` would swallow; the next question knows the words."""
    service.enqueue(text("Some words of an answer.").hold(after=7))
    screen = Stopping(lambda reply: bool(reply.text))
    with pytest.raises(AnswerInterrupted, match="What arrived is kept") as caught:
        assistant.ask("One", Options(state=state), screen)
    ask(assistant, "Two", state=state)

    reply = caught.value.reply
    assert reply is assistant.replies[0]
    assert not isinstance(caught.value, Exception)
    assert ("interrupted", ["Some words of"]) == (reply.status, screen.finished)
    history = [words(item) for item in service.requests[-1].context]
    assert ["One", f"Some words of\n\n{INTERRUPTED_MARK}", "Two"] == history
    assert assistant.conversation.turns[0] is reply.turn


def test_an_interrupt_before_a_word(assistant: Assistant, service: FakeService) -> None:
    """It says that nothing had arrived."""
    service.enqueue(text("Never.").hold(after=0))
    screen = Stopping(lambda reply: bool(service.requests))
    with pytest.raises(AnswerInterrupted, match="Nothing had arrived"):
        assistant.ask("One", Options(), screen)

    assert ["interrupted"] == [turn.status for turn in assistant.conversation.turns]


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a thread are POSIX")
def test_a_real_interrupt(assistant: Assistant, service: FakeService) -> None:
    """Ctrl-C reaches the thread that waits, and the connection is closed."""
    service.enqueue(text("Some words of an answer.").hold(after=6))
    main = threading.main_thread().ident
    assert main is not None

    def press() -> None:
        service.wait_until(lambda: bool(service.requests) and service.requests[0].status == 200)
        signal.pthread_kill(main, signal.SIGINT)

    button = threading.Thread(target=press)
    button.start()
    with pytest.raises(AnswerInterrupted):
        ask(assistant, "One")
    button.join()

    service.wait_until(lambda: service.requests[0].disconnected)
    assert ["interrupted"] == [turn.status for turn in assistant.conversation.turns]
