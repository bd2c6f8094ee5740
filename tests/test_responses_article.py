"""What the article on the Responses API shows works, with only the import changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from codex_magic import AsyncOpenAI, InvalidRequestError, OpenAI
from tests.fake_service import FakeService, Recorded, function_call, text

MODEL = "gpt-5.1-codex-mini"
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


@pytest.fixture
def api() -> Iterator[FakeService]:
    """Yield a service that still has the article's model."""
    with FakeService(models=[MODEL]) as running:
        yield running


@pytest.fixture
def client(api: FakeService) -> Iterator[OpenAI]:
    """Yield a client under the name that the official SDK gives it."""
    with OpenAI(api_key=str(api.api_key), base_url=api.base_url) as running:
        yield running


def body(request: Recorded) -> dict[str, Any]:
    """Return the body of a request that has one."""
    assert request.body is not None
    return request.body


def statuses(api: FakeService) -> set[int]:
    """Return the statuses of all answers."""
    return {found.status for found in api.requests}


def test_one_message_as_a_dict(api: FakeService, client: OpenAI) -> None:
    """The service wants a list, so one dict alone is put into one."""
    api.enqueue(text("A loop repeats."))

    response = client.responses.create(
        model=MODEL,
        input={"role": "user", "content": "What is a loop?"},
        max_output_tokens=512,
        store=True,
    )

    assert "A loop repeats." == response.output_text
    assert [{"role": "user", "content": "What is a loop?", "type": "message"}] == [
        {"type": "message", **item} for item in body(api.requests[0])["input"]
    ]


def test_a_chain_of_responses(api: FakeService, client: OpenAI) -> None:
    """The second question knows the first through the id alone, which the response repeats."""
    first = client.responses.create(
        model=MODEL, input=[{"role": "user", "content": "What is a tree?"}], store=True
    )

    second = client.responses.create(
        model=MODEL,
        previous_response_id=first.id,
        input=[{"role": "user", "content": "And in Python?"}],
        store=True,
    )

    assert "Seen 2 user messages" in second.output_text
    assert first.id == second.previous_response_id


def test_a_conversation_over_two_turns(api: FakeService, client: OpenAI) -> None:
    """Turns of one conversation know each other."""
    conversation = client.conversations.create()
    client.responses.create(
        model=MODEL, conversation=conversation.id, input={"role": "user", "content": "One"}
    )

    second = client.responses.create(
        model=MODEL, conversation=conversation.id, input={"role": "user", "content": "Two"}
    )

    assert "Seen 2 user messages" in second.output_text
    assert {"id": conversation.id} == second.conversation


def test_id_and_conversation_exclude_each_other(api: FakeService, client: OpenAI) -> None:
    """Both at once are refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="exclude each other"):
        client.responses.create(
            model=MODEL, input="Hi", conversation="conv_1", previous_response_id="resp_1"
        )

    assert [] == api.requests


def test_output_added_to_the_inputs(api: FakeService, client: OpenAI) -> None:
    """``inputs += response.output`` carries the conversation, reasoning included."""
    inputs: list[Any] = [{"role": "user", "content": "One"}]
    first = client.responses.create(
        model=MODEL, input=inputs, store=False, include=["reasoning.encrypted_content"]
    )

    inputs += first.output
    inputs.append({"role": "user", "content": "Two"})
    second = client.responses.create(model=MODEL, input=inputs, store=False)

    assert "Seen 2 user messages" in second.output_text
    assert {200} == statuses(api)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"name": "get_weather", "result": {"sky": "rain"}}),
        "rain",
    ],
)
def test_the_weather_in_three_turns(api: FakeService, client: OpenAI, content: str) -> None:
    """A tool's result in the role of a tool is paired with the call that waits for it."""
    api.enqueue(function_call("get_weather", city="Seattle"))
    first = client.responses.create(
        model=MODEL,
        input=[{"role": "user", "content": "An umbrella in Seattle?"}],
        tools=[WEATHER],
        store=True,
    )
    call_id = first.tool_calls[0].call_id

    second = client.responses.create(
        model=MODEL,
        previous_response_id=first.id,
        input=[{"role": "tool", "tool_call_id": call_id, "content": content}],
        store=True,
    )
    third = client.responses.create(
        model=MODEL,
        previous_response_id=second.id,
        input=[{"role": "user", "content": "And tomorrow?"}],
        store=True,
    )

    assert "completed" == second.status
    assert "Seen 2 user messages" in third.output_text
    assert {200} == statuses(api)


def test_the_same_in_async_python(api: FakeService) -> None:
    """The article's Node calls are the asynchronous client's."""

    async def ask() -> str:
        async with AsyncOpenAI(api_key=str(api.api_key), base_url=api.base_url) as client:
            first = await client.responses.create(
                model=MODEL,
                input={"role": "user", "content": "One"},
                max_output_tokens=512,
                store=True,
            )
            second = await client.responses.create(
                model=MODEL, previous_response_id=first.id, input="Two"
            )
            return second.output_text

    assert "Seen 2 user messages" in asyncio.run(ask())
