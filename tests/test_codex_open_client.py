"""Code written for codex-open-client runs with only its import changed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import codex_magic as codex_open_client
from tests.fake_service import FakeService, Recorded, calls, error, function_call, text

MODEL = "gpt-5.1-codex-mini"
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 40).decode()
WEATHER = codex_open_client.FunctionTool(
    name="get_weather",
    description="The weather in a city.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Its name"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """Yield a service that the environment names, and that still has the documents' model."""
    with FakeService(models=[MODEL]) as running:
        monkeypatch.setenv("OPENAI_API_KEY", str(running.api_key))
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        yield running


@pytest.fixture
def client(api: FakeService) -> Iterator[codex_open_client.CodexClient]:
    """Yield a client that finds its service in the environment."""
    with codex_open_client.CodexClient() as running:
        yield running


def body(request: Recorded) -> dict[str, Any]:
    """Return the body of a request that has one."""
    assert request.body is not None
    return request.body


def asked(api: FakeService) -> list[Any]:
    """Return the inputs of the questions, as they were sent."""
    return [body(found)["input"] for found in api.requests if found.path.endswith("/responses")]


def test_one_question(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """A question has a text and a usage that prints as three counts."""
    api.enqueue(text("Functions that wrap functions."))

    response = client.responses.create(
        model=MODEL, instructions="Be of help.", input="What are decorators?"
    )

    assert "Functions that wrap functions." == response.output_text
    usage = response.usage
    assert usage is not None
    counts = f"{usage.input_tokens}, output_tokens={usage.output_tokens}"
    expected = f"Usage(input_tokens={counts}, total_tokens={usage.total_tokens})"
    assert expected == repr(usage)


@pytest.mark.parametrize("filtered", [False, True])
def test_a_second_turn_with_the_output_as_input(
    api: FakeService, client: codex_open_client.CodexClient, filtered: bool
) -> None:
    """The first answer goes back as it came, with or without its reasoning, and is accepted."""
    api.enqueue(text("Hello, Alice.", reasoning="A name."), text("Alice."))
    first = client.responses.create(
        model=MODEL,
        instructions="Be of help.",
        input="My name is Alice.",
        reasoning=codex_open_client.Reasoning(summary="auto"),
    )
    output = [
        item
        for item in first.output
        if not (filtered and isinstance(item, codex_open_client.ResponseReasoningItem))
    ]

    second = client.responses.create(
        model=MODEL,
        instructions="Be of help.",
        input=[
            codex_open_client.InputMessage(role="user", content="My name is Alice."),
            *output,
            codex_open_client.InputMessage(role="user", content="What is my name?"),
        ],
    )

    assert "Alice." == second.output_text
    assert [200, 200] == [found.status for found in api.requests]


def test_messages_as_dicts(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """Plain dicts are messages too, also an assistant's."""
    api.enqueue(text("Well."))

    response = client.responses.create(
        model=MODEL,
        instructions="Be brief.",
        input=[
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi!"},
            {"role": "user", "content": "How are you?"},
        ],
    )

    assert "Well." == response.output_text
    assert ["user", "assistant", "user"] == [item["role"] for item in asked(api)[0]]


def test_reasoning(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """A summary that was asked for arrives; without one it is None."""
    api.enqueue(text("127.05", reasoning="Ten and five percent."), text("Hi."))

    thought = client.responses.create(
        model=MODEL,
        instructions="Think.",
        input="15% of 847?",
        reasoning=codex_open_client.Reasoning(effort="high", summary="auto"),
    )
    plain = client.responses.create(model=MODEL, instructions="Think.", input="Hi")

    assert "Ten and five percent." == thought.reasoning_summary
    assert "127.05" == thought.output_text
    assert plain.reasoning_summary is None


@pytest.mark.parametrize("detail", ["auto", "low", "high", "original"])
@pytest.mark.parametrize("source", ["address", "data"])
def test_an_image(
    api: FakeService,
    client: codex_open_client.CodexClient,
    tmp_path: Path,
    source: str,
    detail: Any,
) -> None:
    """An image goes by its address, or as a data URL made from a file, at each detail level."""
    file = tmp_path / "screenshot.png"
    file.write_bytes(base64.b64decode(PIXEL))
    encoded = base64.b64encode(file.read_bytes()).decode()
    image_url = {
        "address": "https://example.com/photo.jpg",
        "data": f"data:image/png;base64,{encoded}",
    }[source]
    api.enqueue(text("A photo."))

    response = client.responses.create(
        model=MODEL,
        instructions="Say what you see.",
        input=[
            codex_open_client.InputMessage(
                role="user",
                content=[
                    codex_open_client.InputText(text="What is in it?"),
                    codex_open_client.InputImage(image_url=image_url, detail=detail),
                ],
            )
        ],
    )

    image = asked(api)[0][0]["content"][1]
    assert "A photo." == response.output_text
    assert {"type": "input_image", "image_url": image_url, "detail": detail} == image


def test_a_stream(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """Deltas come one by one; a second pass gives the same events without a request."""
    api.enqueue(text("Why did the bug cross the road?", chunks=5))

    with client.responses.create(
        model=MODEL, instructions="Be funny.", input="A joke, please.", stream=True
    ) as stream:
        deltas = [
            event.delta
            for event in stream
            if isinstance(event, codex_open_client.ResponseOutputTextDeltaEvent)
        ]
        count = sum(1 for _ in stream)

    assert "Why did the bug cross the road?" == "".join(deltas)
    assert len(deltas) < count
    assert 1 == len(asked(api))


def test_the_final_response_of_a_stream(
    api: FakeService, client: codex_open_client.CodexClient
) -> None:
    """A stream can be read to its end in one call."""
    api.enqueue(text("Hello."))

    stream = client.responses.create(model=MODEL, instructions="Brief.", input="Hi", stream=True)

    assert "Hello." == stream.get_final_response().output_text


def test_the_tool_loop(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """A call, its output without the reasoning before it, and the answer: no id is left over."""
    api.enqueue(function_call("get_weather", reasoning="Look it up.", city="Tokyo"), text("Sunny."))
    response = client.responses.create(
        model=MODEL,
        instructions="Use tools.",
        input="The weather in Tokyo?",
        tools=[WEATHER],
        reasoning=codex_open_client.Reasoning(summary="auto"),
    )
    call = response.tool_calls[0]
    items: list[Any] = [
        item
        for item in response.output
        if not isinstance(item, codex_open_client.ResponseReasoningItem)
    ]
    result = {"city": json.loads(call.arguments)["city"], "sky": "clear"}
    items.append(
        codex_open_client.FunctionCallOutput(call_id=call.call_id, output=json.dumps(result))
    )

    final = client.responses.create(
        model=MODEL, instructions="Use tools.", input=items, tools=[WEATHER]
    )

    assert "Sunny." == final.output_text
    assert "get_weather" == call.name
    assert [200, 200] == [found.status for found in api.requests]


@pytest.mark.parametrize("choice", ["auto", "required", "none"])
def test_tool_choice(api: FakeService, client: codex_open_client.CodexClient, choice: str) -> None:
    """The choice goes out as it is, and tools may be dicts."""
    api.enqueue(text("Well."))

    client.responses.create(
        model=MODEL,
        instructions="Use tools.",
        input="The weather?",
        tools=[WEATHER.to_dict()],
        tool_choice=choice,
    )

    assert choice == body(api.requests[0])["tool_choice"]


def test_several_calls(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """Parallel calls are all there, in order."""
    api.enqueue(calls([("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Rome"})]))

    response = client.responses.create(
        model=MODEL, instructions="Use tools.", input="Both?", tools=[WEATHER]
    )

    cities = [json.loads(call.arguments)["city"] for call in response.tool_calls]
    assert ["Oslo", "Rome"] == cities


class Address(BaseModel):
    """A place."""

    city: str
    country: str


class Person(BaseModel):
    """Somebody, and where."""

    name: str
    address: Address


def test_a_parsed_answer(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """A Pydantic model comes back as an instance, with all that the response has."""
    answer = {"name": "Alice", "address": {"city": "Paris", "country": "France"}}
    api.enqueue(text(json.dumps(answer)))

    parsed = client.responses.parse(
        model=MODEL,
        instructions="Extract.",
        input="Alice lives in Paris.",
        text_format=Person,
        reasoning=codex_open_client.Reasoning(effort="high"),
        text=codex_open_client.TextConfig(verbosity="low"),
    )

    assert "Paris" == parsed.output_parsed.address.city
    assert "completed" == parsed.status
    assert [] == parsed.tool_calls
    sent = body(api.requests[0])["text"]
    assert ("low", "json_schema", True) == (
        sent["verbosity"],
        sent["format"]["type"],
        sent["format"]["strict"],
    )


def test_a_schema_by_hand(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """A JSON schema and free-form JSON are formats that one can write down."""
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer"}},
        "required": ["age"],
        "additionalProperties": False,
    }
    api.enqueue(text('{"age": 30}'), text('{"colors": []}'))
    by_schema = codex_open_client.ResponseFormatJsonSchema(
        name="person", schema=schema, strict=True
    )
    free = codex_open_client.ResponseFormatJsonObject()

    person = client.responses.create(
        model=MODEL,
        instructions="Extract.",
        input="John is 30.",
        text=codex_open_client.TextConfig(format=by_schema),
    )
    colors = client.responses.create(
        model=MODEL,
        instructions="Reply in JSON.",
        input="Three colors.",
        text=codex_open_client.TextConfig(format=free),
    )

    assert {"age": 30} == json.loads(person.output_text)
    assert {"colors": []} == json.loads(colors.output_text)


def test_models(api: FakeService, client: codex_open_client.CodexClient) -> None:
    """Models have a slug, and are asked for once in five minutes unless that is forced."""
    first = client.models.list()
    client.models.list()
    client.models.list(force_refresh=True)

    assert [MODEL] == [model.slug for model in first]
    assert 2 == len(api.requests)


def test_errors_have_their_names(api: FakeService) -> None:
    """Each kind of failure is caught by the name that the guide gives it."""
    kinds = {
        401: codex_open_client.AuthError,
        429: codex_open_client.RateLimitError,
        500: codex_open_client.ServerError,
        400: codex_open_client.InvalidRequestError,
    }
    with codex_open_client.CodexClient(max_retries=0, timeout=60.0) as client:
        for status, kind in kinds.items():
            api.enqueue(error(status, "some_code", "No.", headers={"retry-after": "7"}))
            with pytest.raises(codex_open_client.APIError) as caught:
                client.responses.create(model=MODEL, input="Hi", timeout=30.0)
            assert isinstance(caught.value, kind)
            assert status == caught.value.status_code
            assert "No." == caught.value.message
