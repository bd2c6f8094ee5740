"""Arguments become the body that the service gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_magic import (
    FunctionTool,
    InputImage,
    InputMessage,
    InputText,
    InvalidRequestError,
    Reasoning,
    ResponseFormatJsonObject,
    TextConfig,
)
from codex_magic.api.items import Json, parse_item
from codex_magic.api.requests import encode, join_body, response_body
from tests.fake_service import FakeService

from .clients import QUESTION, connect


def body(stream: bool = False, **params: Any) -> Json:
    """Return the decoded body for some arguments."""
    found: Json = json.loads(response_body(params, stream=stream))
    return found


def test_what_is_not_given_is_not_sent() -> None:
    """Strict services refuse a null; only ``stream`` is always said."""
    assert {"model": "m", "stream": False} == body(model="m", instructions=None, temperature=None)
    assert {"stream": True} == body(stream=True)


def test_what_is_false_or_zero_is_sent() -> None:
    """It is not the same as nothing."""
    given: Json = {
        "store": False,
        "temperature": 0,
        "tools": [],
        "metadata": {},
        "instructions": "",
    }

    assert {**given, "stream": False} == body(**given)


CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
MESSAGE = {"type": "message", "role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Hi", "Hi"),
        ("", ""),
        ([], []),
        (InputMessage("user", "Hi"), [MESSAGE]),
        (MESSAGE, [MESSAGE]),
        ([MESSAGE, InputMessage("user", "Hi")], [MESSAGE, MESSAGE]),
        ((encode(MESSAGE), MESSAGE), [MESSAGE, MESSAGE]),
        ([parse_item({**CALL, "new": 1})], [{**CALL, "new": 1}]),
        (
            [InputMessage("user", [InputText("Look"), InputImage("data:,x")])],
            [
                {
                    "type": "message",
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "Look"},
                        {"type": "input_image", "image_url": "data:,x", "detail": "auto"},
                    ],
                }
            ],
        ),
    ],
)
def test_input_is_a_text_or_a_list(given: Any, sent: Any) -> None:
    """A single item is wrapped, as no service takes it bare; bytes are items already encoded."""
    assert sent == body(model="m", input=given)["input"]


def test_typed_values_become_json() -> None:
    """Views and JSON can be mixed."""
    nothing: Json = {"type": "object", "properties": {}, "required": []}
    tool = FunctionTool("f", "Does it.", {**nothing, "additionalProperties": False})
    sent = body(
        instructions="Answer in JSON.",
        tools=[tool, {"type": "web_search"}],
        reasoning=Reasoning("low", "none"),
        text=TextConfig(ResponseFormatJsonObject()),
    )

    assert {"effort": "low"} == sent["reasoning"]
    assert {"format": {"type": "json_object"}} == sent["text"]
    assert [tool.to_dict(), {"type": "web_search"}] == sent["tools"]


def test_what_is_for_the_client_is_not_sent() -> None:
    """Timeout and headers stay; ``extra_body`` is merged, and wins."""
    sent = body(
        model="m",
        timeout=3,
        extra_headers={"X-A": "1"},
        extra_body={"model": "other", "new": [1], "stream": True},
    )

    assert {"model": "other", "stream": True, "new": [1]} == sent


def test_two_states_exclude_each_other() -> None:
    """The service would refuse them together, so they are not sent."""
    with pytest.raises(InvalidRequestError, match="exclude each other"):
        body(conversation="conv_1", previous_response_id="resp_1")


@pytest.mark.parametrize(
    "text",
    ["3 × 4 = 12", "\u2028\u2029\x00\x1b", '"\\', "👩‍👩‍👧", "\ufeff", "line\r\nline"],
)
def test_any_text_arrives_as_it_is(service: FakeService, text: str) -> None:
    """As a value and as a member of an item, through JSON, bytes and the connection."""
    with connect(service) as client:
        client.responses.create(model=QUESTION["model"], input=text, instructions=text)

    sent = service.requests[0].body or {}
    assert (text, text) == (sent["input"], sent["instructions"])


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("\ud83d\ude00", "😀"),
        ("a\ud83d", "a\ufffd"),
        ("\ude00b", "\ufffdb"),
        ("\ud83dx\ude00", None),
    ],
)
def test_halves_of_a_character_do_not_break_the_request(text: str, sent: str | None) -> None:
    """Services cut emoji in two: halves that meet are joined, a lone one is replaced."""
    expected = sent or "\ufffdx\ufffd"

    assert expected == json.loads(encode(text))
    assert expected == json.loads(join_body({"model": text}, [MESSAGE]))["model"]


def test_a_body_can_be_nothing_but_input() -> None:
    """The join knows when there is nothing before it."""
    assert b'{"input":"Hi"}' == join_body({}, "Hi")
    assert b"{}" == join_body({}, None)


def test_an_encoded_item_is_not_encoded_again() -> None:
    """Its very bytes go out: a turn costs its own size, however long the history."""
    item = b'{ "type":"message", "role":"user","content":"\\u00d7" }'

    assert item in join_body({"model": "m"}, [item, MESSAGE])


def test_headers_are_the_users(service: FakeService) -> None:
    """Those of the call win over those of the client, and these over our own."""
    defaults = {"User-Agent": "mine", "X-A": "1", "X-B": "1"}
    with connect(service, default_headers=defaults, organization="org-1", project="p-1") as client:
        client.responses.create(**QUESTION, extra_headers={"X-B": "2"})

    sent = service.requests[0].headers
    assert ("mine", "1", "2") == (sent["user-agent"], sent["x-a"], sent["x-b"])
    assert ("org-1", "p-1") == (sent["openai-organization"], sent["openai-project"])
    assert "application/json" == sent["content-type"]
