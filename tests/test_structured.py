"""Structured answers: read as what was asked for, corrected once, kept, and never half of one."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal, TypedDict

import pytest
from pydantic import BaseModel, field_validator

from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.conversation.saved import from_json, to_json
from codex_magic.conversation.turns import State
from codex_magic.display.reply import Reply
from codex_magic.display.screen import TextScreen
from codex_magic.errors import (
    AnswerInterrupted,
    APIError,
    ConfigError,
    IncompleteError,
    ParseError,
    RefusalError,
    SchemaError,
)
from tests.fake_service import (
    FakeService,
    error,
    function_call,
    incomplete,
    refusal,
    text,
)

from .asking import MODEL, STATES, Stopping, ask, sent, users


class Curve(BaseModel):
    """A curve of the plot."""

    name: str
    saturates_at: float | None = None


class Verdict(TypedDict):
    curve: Literal["red", "blue"]
    sure: bool


@dataclasses.dataclass
class Point:
    x: int
    on: date


RED = '{"name": "red", "saturates_at": 0.5}'
WRONG = '{"name": "red", "saturates_at": "soon"}'
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


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


@pytest.mark.parametrize(
    ("schema", "answer", "parsed"),
    [
        (Curve, RED, Curve(name="red", saturates_at=0.5)),
        (Curve, '{"name": "red", "saturates_at": null}', Curve(name="red")),
        (list[Curve], f'{{"value": [{RED}]}}', [Curve(name="red", saturates_at=0.5)]),
        (Verdict, '{"curve": "red", "sure": true}', {"curve": "red", "sure": True}),
        (Point, '{"x": 1, "on": "2026-11-28"}', Point(1, date(2026, 11, 28))),
        (SCHEMA, '{"n": 3}', {"n": 3}),
        (int, '{"value": 3}', 3),
        ("list[int] | None", '{"value": [1, 2]}', [1, 2]),
    ],
)
def test_an_answer_becomes_what_was_asked_for(
    assistant: Assistant, service: FakeService, schema: Any, answer: str, parsed: object
) -> None:
    """The reply has the object and the JSON that it was made of; the service got the schema."""
    service.enqueue(text(answer))

    reply = ask(assistant, "Which?", schema=schema)

    assert parsed == reply.parsed
    assert type(parsed) is type(reply.parsed)
    assert answer == reply.text == assistant.conversation.turns[0].text
    form = sent(service)[0]["text"]["format"]
    assert ("json_schema", True) == (form["type"], form["strict"])
    assert [] == reply.notices


def test_free_json_is_parsed(assistant: Assistant, service: FakeService) -> None:
    """JSON mode has no schema, and wants the word in what is sent."""
    service.enqueue(text('{"a": [1, 2]}'))

    reply = ask(assistant, "Some numbers", json=True)

    assert {"a": [1, 2]} == reply.parsed
    body = sent(service)[0]
    assert {"type": "json_object"} == body["text"]["format"]
    assert "JSON" in body["instructions"]


@pytest.mark.parametrize("state", STATES)
def test_an_invalid_answer_is_asked_for_once_more(
    assistant: Assistant, service: FakeService, state: State
) -> None:
    """The model hears what is wrong; the user hears that it was; the next question knows both."""
    service.enqueue(text(WRONG), text(RED), text("Yes."))

    reply = ask(assistant, "Which?", schema=Curve, state=state)
    ask(assistant, "Sure?", state=state)

    assert Curve(name="red", saturates_at=0.5) == reply.parsed
    assert RED == reply.text
    assert reply.notices[0].startswith("The answer is not a valid Curve: saturates_at: ")
    assert reply.notices[0].endswith("It was asked for once more.")
    [asked, corrected, after] = users(service)
    assert ("Which?", "Sure?") == (asked, after)
    assert corrected.startswith("The answer is not a valid Curve: saturates_at: ")
    assert all(body["text"].get("format") for body in sent(service)[:2])
    assert [] == [r.status for r in service.requests if r.status >= 400]
    assert 2 == len(assistant.conversation.turns)
    assert reply.usage is not None


def test_a_second_invalid_answer_is_an_error(assistant: Assistant, service: FakeService) -> None:
    """It names what is wrong; the text is kept in the reply, the error and the conversation."""
    service.enqueue(text(WRONG), text('{"name": 7}'))

    with pytest.raises(ParseError, match="not a valid Curve: name: ") as caught:
        ask(assistant, "Which?", schema=Curve)

    assert 2 == len(sent(service))
    assert '{"name": 7}' == caught.value.text == assistant.replies[0].text
    assert None is assistant.replies[0].parsed
    turn = assistant.conversation.turns[0]
    assert ("completed", '{"name": 7}') == (turn.status, turn.text)
    assert str(caught.value) == turn.error


def test_a_refusal_is_not_asked_for_again(assistant: Assistant, service: FakeService) -> None:
    """The model's words are the error, and stay in the conversation."""
    service.enqueue(refusal("I cannot help with that."))

    with pytest.raises(RefusalError, match="The model declined: I cannot help with that"):
        ask(assistant, "Which?", schema=Curve)

    assert 1 == len(sent(service))
    assert "I cannot help with that." == assistant.replies[0].text


def test_half_an_object_is_none(assistant: Assistant, service: FakeService) -> None:
    """An incomplete answer is an error even where what arrived happens to be valid."""
    service.enqueue(incomplete(RED))

    with pytest.raises(IncompleteError, match="max_output_tokens"):
        ask(assistant, "Which?", schema=Curve)

    assert None is assistant.replies[0].parsed
    assert ("incomplete", RED) == (assistant.replies[0].status, assistant.replies[0].text)


def test_an_interrupt_takes_the_object_away(assistant: Assistant, service: FakeService) -> None:
    """What arrived is kept as text; a valid beginning is no answer."""
    service.enqueue(text(RED).hold(after=9))
    screen = Stopping(lambda reply: bool(reply.text))

    with pytest.raises(AnswerInterrupted):
        assistant.ask("Which?", Options(schema=Curve), screen)

    assert None is assistant.replies[0].parsed
    assert "interrupted" == assistant.conversation.turns[0].status


def test_a_correction_that_fails_keeps_what_was_said(
    assistant: Assistant, service: FakeService
) -> None:
    """The service breaks down in between: the error is its own, and nothing is parsed."""
    service.enqueue(text(WRONG), error(400, "broken", "Broken"))

    with pytest.raises(APIError, match="Broken"):
        ask(assistant, "Which?", schema=Curve)

    assert None is assistant.replies[0].parsed
    assert WRONG in str(assistant.conversation.turns[0].output)


def test_the_users_validators_run_in_the_users_thread(
    assistant: Assistant, service: FakeService
) -> None:
    """Their errors are the answer's, of whatever kind they are."""
    threads = []

    class Checked(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def known(cls, name: str) -> str:
            threads.append(threading.current_thread())
            return {"red": "RED"}[name]

    service.enqueue(text('{"name": "blue"}'), text('{"name": "red"}'))

    reply = ask(assistant, "Which?", schema=Checked)

    assert "RED" == reply.parsed.name
    assert {threading.main_thread()} == set(threads)
    assert "KeyError: 'blue'" in reply.notices[0]


@pytest.mark.parametrize("state", STATES)
def test_tools_come_first(assistant: Assistant, service: FakeService, state: State) -> None:
    """What is said beside a call is no part of the object; the answer after it is."""
    service.enqueue(function_call("add", a=1, b=2), text(WRONG), text(RED))

    def add(a: int, b: int) -> int:
        return a + b

    reply = ask(assistant, "Which?", schema=Curve, tools=[add], yes=True, state=state)

    assert Curve(name="red", saturates_at=0.5) == reply.parsed
    assert RED == reply.text
    assert [] == [r.status for r in service.requests if r.status >= 400]


def test_aask_has_the_object_too(assistant: Assistant, service: FakeService) -> None:
    """Without blocking the loop."""
    service.enqueue(text(WRONG), text(RED))

    reply = asyncio.run(assistant.aask("Which?", Options(schema=Curve)))

    assert Curve(name="red", saturates_at=0.5) == reply.parsed


@pytest.mark.parametrize("profile", ["llama.cpp", "transformers", "vllm", "ollama"])
def test_services_that_enforce_nothing(monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    """They get the schema in the way they read it, and are read with patience."""
    with FakeService(profile) as service:
        monkeypatch.setenv("OPENAI_API_KEY", str(service.api_key or "none"))
        monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
        service.enqueue(text("Sure!"), text(f"<think>Hm.</think>\n```json\n{RED}\n```"))
        assistant = Assistant(Codex(model=MODEL))

        reply = ask(assistant, "Which?", schema=Curve)

        assert Curve(name="red", saturates_at=0.5) == reply.parsed
        assert all("saturates_at" in json.dumps(body) for body in sent(service))
        assistant.close()


def test_keep_gives_the_object_again(assistant: Assistant, service: FakeService) -> None:
    """The kept text is read anew; another schema is another question."""
    service.enqueue(text(RED), text('{"value": 1}'))

    ask(assistant, "Which?", schema=Curve, keep=True)
    assistant.memory.new("again")
    again = ask(assistant, "Which?", schema=Curve, keep=True)
    assistant.memory.new("another")
    other = ask(assistant, "Which?", schema=int, keep=True)

    assert Curve(name="red", saturates_at=0.5) == again.parsed
    assert 1 == other.parsed
    assert 2 == len(sent(service))


def test_keep_keeps_no_invalid_answer(assistant: Assistant, service: FakeService) -> None:
    """It is asked for again."""
    service.enqueue(text("no"), text("no"), text(RED))
    with pytest.raises(ParseError):
        ask(assistant, "Which?", schema=Curve, keep=True)
    assistant.memory.new("again")

    assert "red" == ask(assistant, "Which?", schema=Curve, keep=True).parsed.name


def test_a_saved_turn_is_shown_as_a_table(assistant: Assistant, service: FakeService) -> None:
    """Its type is gone, its JSON is not; the wrapping object is not shown."""
    service.enqueue(text(f'{{"value": [{RED}, {RED}]}}'))
    ask(assistant, "Which?", schema=list[Curve])

    loaded = from_json(json.loads(json.dumps(to_json(assistant.conversation)))).turns[0]
    reply = Reply.of_turn(loaded)

    assert "list_Curve" == loaded.form
    assert [{"name": "red", "saturates_at": 0.5}] * 2 == reply.parsed
    page = reply.mime_bundle()["text/html"]
    assert 3 == page.count("<tr>")
    assert "2 rows × 2 columns" in page


def test_a_list_of_models_is_a_frame(assistant: Assistant, service: FakeService) -> None:
    """A row for each, with the values of the objects; what is no list says so."""
    service.enqueue(
        text('{"value": [{"x": 1, "on": "2026-11-28"}, {"x": 2, "on": "2026-11-29"}]}'), text(RED)
    )

    reply = ask(assistant, "Which?", schema=list[Point])
    one = ask(assistant, "Which?", schema=Curve)

    assert ["x", "on"] == list(reply.frame.columns)
    assert [date(2026, 11, 28), date(2026, 11, 29)] == list(reply.frame["on"])
    with pytest.raises(ConfigError, match="A Curve has no rows"):
        assert one.frame


def test_what_cannot_be_enforced_is_said(assistant: Assistant, service: FakeService) -> None:
    """The schema goes out as it is, and the answer is read with patience."""
    service.enqueue(text(f"Here: ```json\n{{}}\n```\n\n```json\n{json.dumps({'a': 1})}\n```"))

    reply = ask(assistant, "Which?", schema=dict[str, int])

    assert "is sent with strict: false" in reply.notices[0]


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"schema": "Nothing"}, ConfigError, "there is no 'Nothing'. Define it in a cell above."),
        ({"schema": "open('x')"}, ConfigError, "that is no type"),
        ({"schema": "list["}, ConfigError, "that is no type"),
        ({"schema": "int[str]"}, ConfigError, "TypeError"),
        ({"schema": 3}, SchemaError, "3 cannot describe an answer"),
        ({"schema": int, "json": True}, ConfigError, "exclude each other"),
        (
            {"schema": int, "param": {"text": {"format": {"type": "text"}}}},
            ConfigError,
            "leave out",
        ),
    ],
)
def test_what_makes_no_sense_is_said(
    assistant: Assistant, service: FakeService, options: Any, kind: type[Exception], said: str
) -> None:
    """In one line, before anything is sent."""
    with pytest.raises(kind) as caught:
        ask(assistant, "Which?", **options)

    assert said in str(caught.value)
    assert [] == service.requests


@pytest.mark.parametrize(
    ("raw", "shown"), [(False, "name: red\nsaturates_at: 0.5\n"), (True, f"{RED}\n")]
)
def test_a_terminal_shows_a_tree(
    assistant: Assistant, service: FakeService, raw: bool, shown: str
) -> None:
    """Once it is valid; or the source, where that is asked for."""
    service.enqueue(text(WRONG), text(RED))
    out = io.StringIO()

    assistant.ask("Which?", Options(schema=Curve), TextScreen(out, raw=raw))

    assert shown == out.getvalue()
