"""A stream whose answer becomes a value, and answers as values at services that enforce nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from codex_magic import CodexClient, IncompleteError, ParsedResponse, ParseError, RefusalError
from codex_magic.api.backends import BACKENDS
from codex_magic.api.parsed_streams import AsyncParsedResponseStream, ParsedResponseStream
from codex_magic.api.requests import CodexWarning
from codex_magic.api.streams import AsyncResponseStream, ResponseStream
from codex_magic.errors import APIStatusError, CodexError, StreamError
from tests import fake_service as fake
from tests.fake_service import Answer, FakeService

from .clients import QUESTION, aconnect, connect

ADA = '{"name":"Ada","age":36}'
FENCED = f"<think>A person? {{}}</think>Here it is:\n```json\n{ADA}\n```"
BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


class City(BaseModel):
    """Somewhere."""

    city: str


@dataclass
class Point:
    """A place on a plane."""

    x: int
    y: int


@dataclass(frozen=True)
class Heard:
    """What came of a stream: the types of its events, twice, and the response at its end."""

    kinds: list[str]
    again: list[str]
    final: ParsedResponse[Any]


def listen(
    service: FakeService, asynchronous: bool, text_format: Any = Person, **options: Any
) -> Heard:
    """Ask for an answer that is a ``text_format``, and listen to it twice."""
    if asynchronous:
        return asyncio.run(_alisten(service, text_format, options))
    with (
        connect(service, **options) as client,
        client.responses.stream(**QUESTION, text_format=text_format) as stream,
    ):
        assert isinstance(stream, ParsedResponseStream)
        kinds, again = ([event.type for event in stream] for _ in range(2))
        return Heard(kinds, again, stream.get_final_response())


async def _alisten(service: FakeService, text_format: Any, options: dict[str, Any]) -> Heard:
    async with (
        aconnect(service, **options) as client,
        client.responses.stream(**QUESTION, text_format=text_format) as stream,
    ):
        assert isinstance(stream, AsyncParsedResponseStream)
        kinds, again = [[event.type async for event in stream] for _ in range(2)]
        return Heard(kinds, again, await stream.get_final_response())


@contextmanager
def at(name: str) -> Iterator[tuple[FakeService, CodexClient]]:
    """Give a service of a kind, and a client that knows of which."""
    with FakeService(name) as service, connect(service, backend=name) as client:
        yield service, client


def body_of(service: FakeService) -> dict[str, Any]:
    """Return the body of the latest request."""
    body = service.requests[-1].body
    assert body is not None
    return body


@BOTH
def test_the_end_of_a_stream_has_the_value(service: FakeService, asynchronous: bool) -> None:
    """Its events are those of any stream, also from the cache; its schema went with the request."""
    service.enqueue(fake.text(ADA, reasoning="**Who?**"), fake.text(ADA, reasoning="**Who?**"))

    heard = listen(service, asynchronous)
    with connect(service) as client, client.responses.stream(**QUESTION) as plain:
        expected = [event.type for event in plain]

    assert Person(name="Ada", age=36) == heard.final.output_parsed
    assert ADA == heard.final.output_text
    assert expected == heard.kinds == heard.again
    assert "completed" == heard.final.status
    sent = service.requests[0].body
    assert sent is not None
    assert ("json_schema", "Person", True) == tuple(
        sent["text"]["format"][name] for name in ("type", "name", "strict")
    )
    assert True is sent["stream"]


@BOTH
@pytest.mark.parametrize(
    ("text_format", "answer", "value"),
    [
        (Point, '{"x":1,"y":2}', Point(1, 2)),
        (list[Point], '{"value":[{"x":1,"y":2}]}', [Point(1, 2)]),
        (Person | City, '{"value":{"city":"Rome"}}', City(city="Rome")),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, '{"a":1}', {"a": 1}),
    ],
    ids=["dataclass", "list", "union", "schema"],
)
def test_all_that_parse_takes_can_be_streamed(
    service: FakeService, asynchronous: bool, text_format: Any, answer: str, value: Any
) -> None:
    """And ``parse`` gives the same value."""
    service.enqueue(fake.text(answer), fake.text(answer))

    streamed = listen(service, asynchronous, text_format).final
    with connect(service) as client:
        whole = client.responses.parse(**QUESTION, text_format=text_format)

    assert value == streamed.output_parsed == whole.output_parsed
    first, second = (request.body for request in service.requests)
    assert first is not None
    assert second is not None
    assert first["text"] == second["text"]


@BOTH
@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (fake.refusal("I would rather not."), RefusalError, "I would rather not"),
        (fake.incomplete('{"name":'), IncompleteError, "max_output_tokens"),
        (fake.text('{"name":"Ada"}'), ParseError, "age"),
        (fake.failed("server_error", "It broke."), APIStatusError, "It broke"),
    ],
    ids=["refusal", "incomplete", "invalid", "failed"],
)
def test_a_stream_without_a_value_is_an_error(
    service: FakeService, asynchronous: bool, answer: Answer, error: type[CodexError], words: str
) -> None:
    """The same as that of ``parse``, and in one line."""
    service.enqueue(answer, answer)

    with pytest.raises(error, match=words) as streamed:
        listen(service, asynchronous)
    with connect(service) as client, pytest.raises(CodexError) as whole:
        client.responses.parse(**QUESTION, text_format=Person)

    assert (type(whole.value), str(whole.value)) == (type(streamed.value), str(streamed.value))
    assert "\n" not in str(streamed.value)


@BOTH
def test_a_broken_stream_has_no_value(service: FakeService, asynchronous: bool) -> None:
    """Though all of the text had come, and would be one; the error has it."""
    service.enqueue(fake.text(ADA, chunks=1).eof_after(6))

    with pytest.raises(StreamError) as caught:
        listen(service, asynchronous)

    assert caught.value.partial is not None
    assert ADA == caught.value.partial.output_text


@BOTH
def test_calls_instead_of_an_answer_give_no_value(service: FakeService, asynchronous: bool) -> None:
    """The caller runs them and asks again."""
    service.enqueue(fake.function_call("look", at="Ada"))

    final = listen(service, asynchronous).final

    assert final.output_parsed is None
    assert ["look"] == [call.name for call in final.tool_calls]


def test_a_format_and_a_text_format_exclude_each_other(service: FakeService) -> None:
    """That is said at once, also by the twin, and nothing is sent."""
    text = {"format": {"type": "json_object"}}
    client, twin = connect(service), aconnect(service)

    with client, pytest.raises(TypeError, match=r"text_format sets text\.format"):
        client.responses.stream(**QUESTION, text_format=Person, text=text)
    with pytest.raises(TypeError, match=r"text_format sets text\.format"):
        twin.responses.stream(**QUESTION, text_format=Person, text=text)
    with connect(service) as third, pytest.raises(TypeError, match=r"use stream\(text_format="):
        third.responses.parse(**{**QUESTION, "stream": True}, text_format=Person)
    asyncio.run(twin.close())

    assert [] == service.requests


def test_a_verbosity_stays_beside_a_text_format(service: FakeService) -> None:
    """Only the format is taken."""
    service.enqueue(fake.text(ADA))

    with (
        connect(service) as client,
        client.responses.stream(
            **QUESTION, text_format=Person, text={"verbosity": "low"}
        ) as stream,
    ):
        stream.until_done()

    assert "low" == body_of(service)["text"]["verbosity"]


def test_no_text_format_is_a_plain_stream(service: FakeService) -> None:
    """Code written for other clients may hand on a None."""
    service.enqueue(fake.text(ADA), fake.text(ADA))

    async def ask() -> bool:
        async with (
            aconnect(service) as client,
            client.responses.stream(**QUESTION, text_format=None) as stream,
        ):
            await stream.until_done()
            return type(stream) is AsyncResponseStream

    with (
        connect(service) as client,
        client.responses.stream(**QUESTION, text_format=None) as stream,
    ):
        stream.until_done()

    assert ResponseStream is type(stream)
    assert asyncio.run(ask())
    assert "text" not in body_of(service)


def test_a_parsed_stream_can_be_awaited(service: FakeService) -> None:
    """As any stream of the twin."""
    service.enqueue(fake.text(ADA))

    async def ask() -> Person | None:
        async with aconnect(service) as client:
            stream = await client.responses.stream(
                model=QUESTION["model"], input="Who?", text_format=Person
            )
            return (await stream.get_final_response()).output_parsed

    assert Person(name="Ada", age=36) == asyncio.run(ask())


def test_a_background_answer_is_taken_up_as_a_value(service: FakeService) -> None:
    """By its id: nothing is asked then, and the value is there all the same."""
    service.enqueue(fake.text(ADA))
    with connect(service) as client:
        with client.responses.stream(**QUESTION, background=True) as first:
            response_id = first.get_final_response().id
        with client.responses.stream(response_id=response_id, text_format=Person) as stream:
            parsed = stream.get_final_response()

    assert Person(name="Ada", age=36) == parsed.output_parsed
    assert ["POST", "GET"] == [request.method for request in service.requests]


def test_where_nothing_is_enforced_the_schema_is_in_the_instructions() -> None:
    """After the user's own; what comes is read through its thoughts and its fence."""
    with at("transformers") as (service, client):
        service.enqueue(fake.text(FENCED), fake.text(FENCED))
        asked = {**QUESTION, "instructions": "Be brief.", "text_format": Person}
        with pytest.warns(CodexWarning, match=r"does not enforce text\.format") as told:
            whole = client.responses.parse(**asked)
        with (
            pytest.warns(CodexWarning, match=r"does not enforce text\.format"),
            client.responses.stream(**asked) as stream,
        ):
            streamed = stream.get_final_response()

    assert Person(name="Ada", age=36) == whole.output_parsed == streamed.output_parsed
    assert 1 == len(told)
    for request in service.requests:
        assert request.body is not None
        assert "text" not in request.body
        said, asked_for = request.body["instructions"].split("\n\n")
        assert "Be brief." == said
        assert asked_for.startswith("Answer with JSON only")
        schema = json.loads(asked_for[asked_for.index("{") :])
        assert {"name", "age"} == set(schema["properties"])


@pytest.mark.parametrize("answer", ['[{"x":1,"y":2}]', '```\n{"value":[{"x":1,"y":2}]}\n```'])
def test_the_wrapping_object_may_be_missing_where_nothing_is_enforced(answer: str) -> None:
    """A small model forgets it easily."""
    with at("transformers") as (service, client):
        service.enqueue(fake.text(answer))
        with pytest.warns(CodexWarning):
            parsed = client.responses.parse(**QUESTION, text_format=list[Point])

    assert [Point(1, 2)] == parsed.output_parsed


@pytest.mark.parametrize("name", ["litellm", "lmstudio", "openrouter"])
def test_where_it_is_not_sure_the_schema_goes_out_and_patience_comes_in(name: str) -> None:
    """What a gateway stands before may enforce a schema, or never have heard of one."""
    with at(name) as (service, client):
        service.enqueue(fake.text(FENCED))
        parsed = client.responses.parse(**QUESTION, text_format=Person)

    assert Person(name="Ada", age=36) == parsed.output_parsed
    assert "json_schema" == body_of(service)["text"]["format"]["type"]
    assert "instructions" not in body_of(service)


@pytest.mark.parametrize("name", ["openai", "llama.cpp", "vllm", "ollama"])
def test_where_a_schema_is_enforced_nothing_is_stripped(name: str) -> None:
    """A fence there is the model's own text, and an error to be told."""
    with at(name) as (service, client):
        service.enqueue(fake.text(FENCED))
        with pytest.raises(ParseError, match="it is no JSON"):
            client.responses.parse(**QUESTION, text_format=Person)


@pytest.mark.parametrize("streamed", [False, True])
def test_llama_cpp_has_the_schema_on_top(streamed: bool) -> None:
    """As ``response_format``, in the shape of Chat Completions, without what its grammar refuses."""
    schema = {
        "title": "Sizes",
        "type": "object",
        "properties": {"sizes": {"type": "array", "items": {"type": "integer"}, "default": [1]}},
        "required": ["sizes"],
        "additionalProperties": False,
    }
    with at("llama.cpp") as (service, client):
        service.enqueue(fake.text('{"sizes":[1]}'))
        if streamed:
            with client.responses.stream(**QUESTION, text_format=schema) as stream:
                parsed = stream.get_final_response()
        else:
            parsed = client.responses.parse(**QUESTION, text_format=schema)

    sent = body_of(service)
    assert {"sizes": [1]} == parsed.output_parsed
    assert "text" not in sent
    assert "json_schema" == sent["response_format"]["type"]
    inner = sent["response_format"]["json_schema"]
    assert ("Sizes", True) == (inner["name"], inner["strict"])
    assert {
        "type": "object",
        "properties": {"sizes": {"type": "array", "items": {"type": "integer"}}},
        "required": ["sizes"],
        "additionalProperties": False,
    } == inner["schema"]


def test_every_service_says_whether_it_enforces() -> None:
    """Only those of which it is known do; the cautious default is not sure."""
    found = {name: backend.enforces_schema for name, backend in BACKENDS.items()}

    assert ["transformers"] == [name for name, word in found.items() if word == "no"]
    assert {"openrouter", "litellm", "lmstudio", "unknown"} == {
        name for name, word in found.items() if word == "unsure"
    }
