"""Asking from Python and from a terminal, looking before asking, and closing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import DEFAULT_MODEL, Codex
from codex_magic.conversation.turns import State
from codex_magic.display.reply import Reply
from codex_magic.display.screen import QuietScreen, TextScreen
from codex_magic.errors import APIError, CodexError, ConfigError
from codex_magic.functions import aask, ask_in_terminal, current_assistant, screen_for
from codex_magic.functions import ask as ask_in_python
from tests.fake_service import FakeService, error, failed, incomplete, text

from .asking import MODEL, STATES, ask, sent, users


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


def test_aask_does_not_block(assistant: Assistant, service: FakeService) -> None:
    """Others run on the caller's loop while the answer comes; two at once take turns."""
    ticks: list[int] = []

    async def both() -> list[Reply]:
        service.enqueue(text("First.").hold(after=2), text("Second."))
        one = asyncio.create_task(assistant.aask("One", Options()))
        while not service.requests:
            await asyncio.sleep(0)
            ticks.append(1)
        two = asyncio.create_task(assistant.aask("Two", Options()))
        await asyncio.sleep(0)
        service.release()
        return list(await asyncio.gather(one, two))

    first, second = asyncio.run(both())

    assert ["First.", "Second."] == [first.text, second.text]
    assert ticks
    assert ["One", "Two"] == users(service)


def test_code_is_asked_for_and_given(assistant: Assistant, service: FakeService) -> None:
    """The model is told so; the reply has the code alone, and none of half an answer."""
    service.enqueue(
        text("So:\n\n```python\nx = 1\n```\n\nThen."), incomplete("```python\nx = 2\n```")
    )

    whole = ask_in_python("Set x", code=True, instructions="Be kind.", model=MODEL, once=True)
    half = asyncio.run(aask("Set x", code=True, model=MODEL, once=True))

    assert ("x = 1", "") == (whole.code, half.code)
    assert all("Answer with code for this notebook." in b["instructions"] for b in sent(service))
    assert sent(service)[0]["instructions"].startswith("Be kind.\n\n")
    with pytest.raises(ConfigError, match="schema and json ask for an object"):
        ask_in_python("Set x", code=True, json=True)


def test_a_cancelled_aask_keeps_what_arrived(assistant: Assistant, service: FakeService) -> None:
    """The connection is closed, and the next question goes on from the words."""
    service.enqueue(text("Some words of an answer.").hold(after=7))

    async def stop() -> None:
        task = asyncio.create_task(assistant.aask("One", Options()))
        while not (service.requests and service.requests[0].status == 200):
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop())
    service.wait_until(lambda: service.requests[0].disconnected)
    ask(assistant, "Two")

    assert ["interrupted", "completed"] == [turn.status for turn in assistant.conversation.turns]
    assert "interrupted" == assistant.replies[0].status
    assert ["One", "Two"] == users(service)


def test_aask_raises_what_ask_raises(assistant: Assistant, service: FakeService) -> None:
    """An error of the service, and one of the settings."""
    service.enqueue(failed("invalid_prompt", "No."))
    with pytest.raises(APIError, match=r"No\."):
        asyncio.run(assistant.aask("One", Options()))
    with pytest.raises(ConfigError, match="'nowhere' is no service"):
        asyncio.run(assistant.aask("Two", Options(backend="nowhere")))

    assert ["One"] == [turn.prompt for turn in assistant.conversation.turns]


@pytest.mark.parametrize("state", STATES)
def test_the_preview_is_what_is_sent(
    assistant: Assistant, service: FakeService, state: State
) -> None:
    """To the last field, after everything that was learned of the service; nothing is sent for it."""
    assistant.config.model = DEFAULT_MODEL
    for prompt in ("One", "Two"):
        ask(assistant, prompt, state=state)
    before = len(service.requests)
    preview = assistant.preview("Three", Options(state=state, effort="low"))
    unsent = len(service.requests)
    ask(assistant, "Three", state=state, effort="low")

    assert f"{service.base_url}/responses" == preview.address
    assert (before, sent(service)[-1]) == (unsent, preview.body)
    assert "sk-" not in str(preview)


@pytest.mark.parametrize("state", STATES)
def test_the_preview_of_another_conversation(
    assistant: Assistant, service: FakeService, state: State
) -> None:
    """A look at a new or a named one begins none, and shows its history, not this one's."""
    ask(assistant, "Side", chat="side", state=state)
    side = sent(service)[-1]
    ask(assistant, "Main", chat="main", state=state)
    looks = [
        assistant.preview("More", Options(state=state, **given)).body
        for given in ({"chat": "side"}, {"chat": "fresh"}, {"new": True}, {"once": True})
    ]

    assert ["main", "side"] == sorted(assistant.memory.conversations)
    assert "main" == assistant.memory.current
    assert "Main" not in str([look["input"] for look in looks])
    assert (state == "stateless") == ("Side" in str(looks[0]["input"]))
    assert [side["store"]] * 3 == [look["store"] for look in looks[:3]]
    assert looks[3]["store"] is False
    if state == "conversation":
        assert side["conversation"] == looks[0]["conversation"]
        assert "(made when this is asked)" == looks[1]["conversation"] == looks[2]["conversation"]


def test_closing_ends_what_is_on_its_way(assistant: Assistant, service: FakeService) -> None:
    """The connection is closed and the words are kept; the next question begins anew."""
    service.enqueue(text("Some words of an answer.").hold(after=7))
    errors: list[BaseException] = []

    def run() -> None:
        try:
            ask(assistant, "One")
        except CodexError as error:
            errors.append(error)

    asking = threading.Thread(target=run)
    asking.start()
    service.wait_until(lambda: bool(service.requests) and service.requests[0].status == 200)
    assistant.close()
    asking.join(5)
    service.wait_until(lambda: service.requests[0].disconnected)

    assert not asking.is_alive()
    assert [] == errors
    assert ["interrupted"] == [turn.status for turn in assistant.conversation.turns]
    assert "completed" == ask(assistant, "Two").status
    assert 1 == len([r for r in service.requests if r.body and "One" in str(r.body["input"][-1])])


def test_one_connection_for_many_questions(assistant: Assistant, service: FakeService) -> None:
    """It is kept between cells; a service whose kind is known is not asked for it."""
    assistant.config.backend, assistant.config.base_url = "openai", service.base_url
    assistant.warm_up()
    for _ in range(5):
        ask(assistant)

    assert 1 == service.connections


def test_retries_and_timeouts_are_settings(assistant: Assistant, service: FakeService) -> None:
    """``max_retries = 0`` asks once; a silent service counts as gone after the timeout."""
    assistant.config.max_retries = 0
    service.enqueue(error(500, "server_error", "It fell over."), text("Late.").hold(after=-1))
    with pytest.raises(CodexError, match="It fell over"):
        ask(assistant)
    with pytest.raises(CodexError, match=r"did not answer within 0\.1 s"):
        ask(assistant, timeout=0.1)

    assert 2 == len(sent(service))


def test_ask_in_python(service: FakeService) -> None:
    """``ask`` and ``aask`` take the options as keywords, and share one conversation."""
    try:
        service.enqueue(text("First."))
        first = ask_in_python("One", model=MODEL)
        second = asyncio.run(aask("Two", model=MODEL, effort="low"))
        assistant = current_assistant()
        loud = ask_in_python("Three", quiet=False, model=MODEL)
    finally:
        current_assistant().close()

    assert "First." == str(first)
    assert second.text.startswith("Seen 2 user messages")
    assert assistant is current_assistant()
    assert ["One", "Two", "Three"] == users(service)
    assert loud.text


def test_ask_in_python_refuses_what_it_does_not_know(service: FakeService) -> None:
    """A keyword with a typing error is not ignored."""
    with pytest.raises(TypeError, match="modle"):
        ask_in_python("One", modle="x")  # type: ignore[call-arg]

    assert [] == service.requests


def test_asking_in_a_terminal(service: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer goes to standard output, notes to standard error."""
    service.enqueue(text("First.", reasoning="**Hm**"))
    code = ask_in_terminal("One", model=MODEL, backend=None)
    out, err = capsys.readouterr()

    assert (0, "First.\n") == (code, out)
    assert MODEL in err


def test_screens(assistant: Assistant, capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet shows nothing, raw shows the source; without a kernel there is text."""
    quiet = screen_for(assistant, ours=True, quiet=True, raw=True)
    raw = screen_for(assistant, ours=True, quiet=False, raw=True)
    plain = screen_for(assistant, ours=True, quiet=False, raw=False)

    assert isinstance(quiet, QuietScreen)
    assert isinstance(raw, TextScreen)
    assert isinstance(plain, TextScreen)


def test_no_key_reaches_a_traceback(assistant: Assistant, service: FakeService) -> None:
    """Nor a repr of what a debugger would show of the assistant."""
    service.enqueue(error(400, "invalid_value", f"Bad key {service.api_key}."))
    with pytest.raises(CodexError) as caught:
        ask(assistant)

    key = str(service.api_key)
    assert key not in f"{caught.value} {caught.value!r}"
    choice = assistant.services.choose()
    assert key not in repr(choice)
    assert key not in repr(assistant.conversation.turns)
