"""The public API as a user would write it: read by the type checker, never run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_type

from codex_magic import (
    APIError,
    AsyncCodexClient,
    AsyncResponseStream,
    CodexClient,
    FunctionCallOutput,
    FunctionTool,
    InputImage,
    InputItem,
    InputMessage,
    InputText,
    ModelPage,
    OutputItem,
    ParsedResponse,
    RateLimitError,
    Reasoning,
    Reply,
    Response,
    ResponseCompletedEvent,
    ResponseFormatJsonSchema,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputTextDeltaEvent,
    ResponseReasoningItem,
    ResponseStream,
    ResponseStreamEvent,
    StreamError,
    TextConfig,
    UnknownEvent,
    Usage,
    aask,
    ask,
)


def whole(client: CodexClient) -> str:
    """Ask and read the answer."""
    response = client.responses.create(model="gpt-5.6-terra", input="Hello!")
    assert_type(response, Response)
    assert_type(response.usage, Usage | None)
    assert_type(response.output, Sequence[OutputItem])
    assert_type(response.reasoning_summary, str | None)
    return response.output_text


def streamed(client: CodexClient) -> Response:
    """Read the events as they come."""
    with client.responses.create(model="m", input="Hello!", stream=True) as stream:
        assert_type(stream, ResponseStream)
        for event in stream:
            assert_type(event, ResponseStreamEvent)
            if isinstance(event, ResponseOutputTextDeltaEvent):
                print(event.delta, end="")
            elif isinstance(event, ResponseCompletedEvent):
                print(event.response.id)
            elif isinstance(event, UnknownEvent):
                print(event.type, event.data)
        return stream.get_final_response()


def either(client: CodexClient, *, stream: bool) -> Response:
    """Let the caller choose."""
    answer = client.responses.create(model="m", input="Hello!", stream=stream)
    assert_type(answer, Response | ResponseStream)
    return answer if isinstance(answer, Response) else answer.get_final_response()


async def asynchronous() -> Response:
    """Do the same with the twin."""
    async with AsyncCodexClient(api_key=lambda: "sk-…", max_retries=0) as client:
        response = await client.responses.create(model="m", input="Hello!")
        assert_type(response, Response)
        async with await client.responses.create(model="m", input="Hi", stream=True) as stream:
            assert_type(stream, AsyncResponseStream)
            async for event in stream:
                assert_type(event, ResponseStreamEvent)
        assert_type(await client.models.list(), ModelPage)
        return await stream.get_final_response()


def everything(client: CodexClient) -> None:
    """Give many arguments, typed and as JSON."""
    tool = FunctionTool("add", "Adds.", {"type": "object", "properties": {}}, strict=False)
    items: list[InputItem] = [
        InputMessage("user", [InputText("Look"), InputImage("data:image/png;base64,…", "low")]),
        {"role": "user", "content": "Hi"},
        FunctionCallOutput("call_1", "7"),
    ]
    response = client.responses.create(
        model="m",
        input=items,
        instructions=None,
        tools=[tool, {"type": "web_search"}],
        tool_choice={"type": "function", "name": "add"},
        reasoning=Reasoning("low", "auto"),
        text=TextConfig(ResponseFormatJsonSchema("r", {"type": "object"}), "low"),
        include=["reasoning.encrypted_content"],
        metadata={"a": "b"},
        store=False,
        extra_body={"new": 1},
        extra_headers={"X-A": "1"},
        timeout=30,
    )
    for call in response.tool_calls:
        assert_type(call, ResponseFunctionToolCall)
        items.append(call)
        items.append(FunctionCallOutput(call.call_id, call.arguments))
    for item in response.output:
        if isinstance(item, ResponseOutputMessage):
            assert_type(item.text, str)
        elif isinstance(item, ResponseReasoningItem):
            assert_type(item.encrypted_content, str | None)
        items.append(item)
    client.responses.create(model="m", input=items, previous_response_id=response.id)


@dataclass
class Person:
    """What an answer is to become."""

    name: str


@dataclass
class City:
    """What else it may become."""

    name: str


def values(client: CodexClient) -> str:
    """Have answers as values; what no type checker can name is not checked."""
    parsed = client.responses.parse(model="m", input="Who?", text_format=Person)
    assert_type(parsed, ParsedResponse[Person])
    assert_type(
        client.responses.parse(input="?", text_format=list[Person]).output_parsed[0], Person
    )
    either = client.responses.parse(input="?", text_format=Person | City)
    assert_type(either, ParsedResponse[Any])
    by_schema = client.responses.parse(input="?", text_format={"type": "object"})
    assert_type(by_schema, ParsedResponse[Any])
    with client.responses.stream(input="?", text_format=Person | City) as some:
        assert_type(some.get_final_response(), ParsedResponse[Any | None])
    with client.responses.stream(model="m", input="Who?", text_format=Person) as stream:
        for event in stream:
            assert_type(event, ResponseStreamEvent)
        person = stream.get_final_response().output_parsed
        assert_type(person, Person | None)
    with client.responses.stream(input="?") as plain:
        assert_type(plain, ResponseStream)
    return person.name if person else parsed.output_parsed.name


async def asynchronous_values(client: AsyncCodexClient) -> None:
    """Do the same with the twin."""
    parsed = await client.responses.parse(input="Who?", text_format=Person)
    assert_type(parsed, ParsedResponse[Person])
    either = await client.responses.parse(input="?", text_format=Person | City)
    assert_type(either, ParsedResponse[Any])
    async with client.responses.stream(input="Who?", text_format=Person) as stream:
        assert_type((await stream.get_final_response()).output_parsed, Person | None)
    waited = await client.responses.stream(input="Who?", text_format=list[Person])
    assert_type((await waited.get_final_response()).output_parsed, list[Person] | None)
    assert_type(await client.responses.stream(input="?"), AsyncResponseStream)


def errors(client: CodexClient) -> float | None:
    """Handle what goes wrong."""
    try:
        whole(client)
    except RateLimitError as error:
        return error.retry_after
    except StreamError as error:
        print(error.partial)
    except APIError as error:
        assert_type(error.status_code, int | None)
        assert_type(error.code, str | None)
    return None


async def notebook() -> list[str]:
    """Ask in the conversation of the notebook."""
    reply = ask("Why?")
    assert_type(ask("Which?", schema=list[int], vars=["df"]).parsed, Any)
    assert_type(ask("Plot it.", code=True).code, str)
    assert_type(reply, Reply)
    return [reply.text, (await aask("And now?")).text]
