"""Input as people write it becomes input as the API has it, or a clear error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_magic import FunctionTool, InvalidRequestError
from codex_magic.api.backends import BACKENDS, CHATGPT, LLAMA_CPP, OPENAI, TRANSFORMERS, Backend
from codex_magic.api.items import Json, parse_response, to_json
from codex_magic.api.requests import CodexWarning, response_body
from codex_magic.api.tolerance import tolerant_input
from tests import fake_service as fake
from tests.fake_service import FakeService
from tests.fake_service.asking import MODEL, THINK, connect

CALL: Json = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"}
OTHER: Json = {**CALL, "call_id": "c2", "name": "city"}
ASKED: Json = {"role": "user", "content": "Hi"}
PNG = "data:image/png;base64,iVBORw0KGgo="


def output(call_id: str, said: str) -> Json:
    """Return the output of a call."""
    return {"type": "function_call_output", "call_id": call_id, "output": said}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"tool_call_id": "c2", "content": "7"}, output("c2", "7")),
        ({"call_id": "c2", "content": "7"}, output("c2", "7")),
        ({"content": '{"name": "city", "result": {"a": 1}}'}, output("c2", '{"a": 1}')),
        ({"content": '{"name": "city", "result": "warm"}'}, output("c2", "warm")),
        ({"content": '{"name": "city", "x": 1}'}, output("c2", '{"name": "city", "x": 1}')),
        ({"name": "city", "content": "7"}, output("c2", "7")),
        ({"name": "city", "content": None}, output("c2", "")),
    ],
)
def test_a_tools_message_is_the_output_of_its_call(message: Json, said: Json) -> None:
    """By its id, or by the name in its JSON."""
    given = [ASKED, CALL, OTHER, {"role": "tool", **message}]

    assert [ASKED, CALL, OTHER, said] == tolerant_input(given, OPENAI)


def test_a_tools_message_answers_the_one_open_call() -> None:
    """A call that has its output is not open; nor does a name have to be known then."""
    given = [CALL, output("c1", "7"), OTHER, {"role": "tool", "content": "warm"}]

    assert output("c2", "warm") == tolerant_input(given, OPENAI)[-1]


def test_a_tools_message_may_answer_an_earlier_response() -> None:
    """Its calls are handed in, as they are not in the input; encoded items count, too."""
    message = {"role": "tool", "content": "7"}

    assert [output("c1", "7")] == tolerant_input([message], OPENAI, pending=[CALL])
    encoded = json.dumps(CALL).encode()
    assert [encoded, output("c1", "7")] == tolerant_input([encoded, message], OPENAI)


@pytest.mark.parametrize(
    "given",
    [
        [{"role": "tool", "content": "7"}],
        [CALL, OTHER, {"role": "tool", "content": "7"}],
        [CALL, {**CALL, "call_id": "c3"}, {"role": "tool", "content": '{"name": "add"}'}],
        [CALL, {"role": "tool", "content": '{"name": "nobody", "result": 1}'}],
    ],
)
def test_what_is_not_clear_is_refused(service: FakeService, given: list[Json]) -> None:
    """In one line that says what to write, and nothing is sent."""
    with pytest.raises(InvalidRequestError, match="function_call_output") as caught:
        response_body({"model": MODEL, "input": given}, stream=False)

    assert "\n" not in str(caught.value)


def test_calls_of_chat_are_calls() -> None:
    """A message with tool_calls becomes its words and its calls."""
    said = {
        "role": "assistant",
        "content": "Let me see.",
        "refusal": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
        ],
    }
    found = tolerant_input([ASKED, said, {"role": "tool", "tool_call_id": "c1", "content": "7"}])

    assert [
        ASKED,
        {"type": "message", "role": "assistant", "content": "Let me see."},
        CALL,
        output("c1", "7"),
    ] == found
    assert [CALL] == tolerant_input([{**said, "content": None}])


def test_parts_of_chat_are_parts() -> None:
    """Text, images and files; what an assistant said is output."""
    found = tolerant_input(
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
                    {"type": "image_url", "image_url": PNG},
                    {"type": "file", "file": {"file_id": "file-1"}},
                    "and say",
                ],
            },
            {"role": "assistant", "content": [{"type": "input_text", "text": "So"}]},
        ],
        OPENAI,
    )

    assert [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": PNG, "detail": "low"},
        {"type": "input_image", "image_url": PNG, "detail": "auto"},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_text", "text": "and say"},
    ] == found[0]["content"]  # type: ignore[index,call-overload]
    assert {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "So", "annotations": []}],
    } == found[1]


@pytest.mark.parametrize("form", ["response", "output", "dict", "nested", "json"])
@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("store", [False, True])
def test_the_output_of_a_response_can_be_sent_again(
    service: FakeService, form: str, filtered: bool, store: bool
) -> None:
    """With its reasoning or without: the ids go, and the seal stays where it is."""
    service.enqueue(fake.function_call("add", a=1, b=2))
    asked = {"model": MODEL, "store": store, "include": ["reasoning.encrypted_content"]}
    with connect(service) as http:
        first = parse_response(http.post("/responses", json={**asked, "input": "Add"}).json())
        made = [
            item for item in first.output if not filtered or to_json(item)["type"] != "reasoning"
        ]
        again: Any = {
            "response": [first],
            "output": made,
            "dict": to_json(made),
            "nested": [made],
            "json": [first.to_dict()],
        }[form]
        call = first.tool_calls[0]
        told = {"role": "tool", "content": json.dumps({"name": call.name, "result": 3})}
        body = response_body(
            {**asked, "input": [ASKED, *again, told]}, stream=False, backend=OPENAI
        )
        answer = http.post("/responses", content=body)

    assert 200 == answer.status_code, answer.text
    sent = json.loads(body)["input"]
    assert {"type": "function_call_output", "call_id": call.call_id, "output": "3"} == sent[-1]
    assert not [item for item in sent if "id" in item and item["type"] != "reasoning"]


def test_reasoning_keeps_its_seal(service: FakeService) -> None:
    """Or it is left out: an id alone means nothing to a service that did not store it."""
    service.enqueue(fake.text("Hello", reasoning=THINK))
    keep = {"model": MODEL, "store": False, "include": ["reasoning.encrypted_content"]}
    with connect(service) as http:
        items = http.post("/responses", json={**keep, "input": "Hi"}).json()["output"]
    unsealed = {**items[0], "encrypted_content": ""}

    kept = tolerant_input(items, OPENAI)
    assert ["reasoning", "message"] == [item["type"] for item in kept]  # type: ignore[index,call-overload]
    for backend in (LLAMA_CPP, BACKENDS["ollama"]):
        assert 1 == len(tolerant_input(items, backend))
    assert 1 == len(tolerant_input([unsealed, items[1]], OPENAI))
    assert [] == tolerant_input(items[:1], OPENAI)


@pytest.mark.parametrize(
    ("backend", "given", "sent"),
    [
        (CHATGPT, "Hi", [{"type": "message", "role": "user", "content": "Hi"}]),
        (CHATGPT, [{"role": "system", "content": "S"}], [{"role": "developer", "content": "S"}]),
        (
            LLAMA_CPP,
            [{"role": "assistant", "content": "A"}],
            [{"type": "message", "role": "assistant", "content": "A"}],
        ),
        (
            TRANSFORMERS,
            [CALL],
            [{"type": "message", "role": "system", "content": "Go on."}, CALL],
        ),
        (TRANSFORMERS, [ASKED], [ASKED]),
        (OPENAI, ["Hi"], [{"type": "message", "role": "user", "content": "Hi"}]),
    ],
)
def test_each_service_gets_its_form(backend: Backend, given: Any, sent: Any) -> None:
    """What one refuses is written in the way that it takes."""
    assert sent == tolerant_input(given, backend)


@pytest.mark.parametrize("given", [3, [None], [{"role": "robot", "content": "x"}]])
def test_what_is_no_input_is_refused(given: Any) -> None:
    """Before it is sent, with what is wrong with it."""
    with pytest.raises(InvalidRequestError, match=r"is no input|no role"):
        tolerant_input(given)


def test_what_is_given_is_not_changed() -> None:
    """The caller's items stay theirs."""
    given = [ASKED, {**CALL, "id": "fc_1"}, {"role": "tool", "content": "7"}]
    before = json.dumps(given)

    tolerant_input(given, LLAMA_CPP)

    assert before == json.dumps(given)


def test_tools_of_chat_are_flat(service: FakeService) -> None:
    """So is the choice among them."""
    function = {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}
    chosen = {"type": "function", "function": {"name": "add"}}
    params = {
        "model": MODEL,
        "input": "Hi",
        "tools": [{"type": "function", "function": function}, {"type": "web_search"}],
        "tool_choice": chosen,
    }
    body = response_body(params, stream=False, backend=OPENAI)
    with connect(service) as http:
        assert 200 == http.post("/responses", content=body).status_code

    sent = json.loads(body)
    assert {"type": "function", **function, "strict": None} == sent["tools"][0]
    assert {"type": "function", "name": "add"} == sent["tool_choice"]
    named = response_body({**params, "tool_choice": FunctionTool("add", "", {})}, stream=False)
    assert sent["tool_choice"] == json.loads(named)["tool_choice"]


def test_a_strict_function_is_closed(service: FakeService) -> None:
    """The service would refuse the schema of codex-open-client's own example."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = [
        FunctionTool("weather", "Tells.", schema),
        FunctionTool("now", "Tells.", {"type": "object"}),
    ]
    body = response_body({"model": MODEL, "input": "Hi", "tools": tools}, stream=False)

    with connect(service) as http:
        assert 200 == http.post("/responses", content=body).status_code
    assert [True, True] == [tool["strict"] for tool in json.loads(body)["tools"]]


def test_a_function_that_cannot_be_strict_is_said_to_be_loose(service: FakeService) -> None:
    """One warning that names the place, and the call goes through."""
    schema = {"type": "object", "properties": {"any": {}}, "required": ["any"]}
    with pytest.warns(CodexWarning, match="strict: false. #/properties/any"):
        body = response_body(
            {"model": MODEL, "input": "Hi", "tools": [FunctionTool("f", "", schema)]}, stream=False
        )

    with connect(service) as http:
        assert 200 == http.post("/responses", content=body).status_code
