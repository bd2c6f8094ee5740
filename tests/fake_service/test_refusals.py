"""The fake service refuses what the real one refuses, in the same words."""

from collections.abc import Iterator

import httpx
import pytest

from tests import fake_service as fake

from . import FakeService
from .asking import KEEP, THINK, ask, connect, output, refused, user, without
from .errors import Json

# What one request alone can get wrong: its fields, and (code, param, words) of the answer.
WRONG_FIELDS: list[tuple[Json, str | None, str | None, str]] = [
    ({"colour": "red"}, "unknown_parameter", "colour", "Unknown parameter: 'colour'."),
    ({"input": user("Hello")}, "invalid_type", "input", "but got an object instead"),
    ({"input": []}, "missing_required_parameter", "input", "must be provided"),
    ({"model": "gpt-5.1-codex-mini"}, "model_not_found", "model", "does not exist or you do not"),
    ({"max_output_tokens": 8}, "integer_below_min_value", "max_output_tokens", ">= 16, but got 8"),
    ({"temperature": 0.5}, "unsupported_parameter", "temperature", "not supported with this model"),
    ({"reasoning": {"effort": "minimal"}}, "unsupported_value", "reasoning.effort", "'minimal'"),
    ({"reasoning": {"summary": "none"}}, "invalid_value", "reasoning.summary", "'auto', 'concise'"),
    ({"reasoning": {"depth": 3}}, "unknown_parameter", "reasoning.depth", "Unknown parameter"),
    ({"include": ["all"]}, "invalid_value", "include", "'all'"),
    ({"stream": "yes"}, "invalid_type", "stream", "expected a boolean"),
    ({"metadata": {"a": 1}}, "invalid_type", "metadata.a", "expected a string"),
    (
        {"tools": [{"type": "function", "function": {}}]},
        "missing_required_parameter",
        "tools[0].name",
        "tools[0].name",
    ),
    ({"tool_choice": "required"}, None, "tool_choice", "must be specified with 'tools'"),
    ({"tool_choice": "any"}, "invalid_value", "tool_choice", "'none', 'auto', and 'required'"),
    ({"stream_options": {}}, None, "stream_options", "only allowed when 'stream'"),
    (
        {"previous_response_id": "resp_x"},
        "previous_response_not_found",
        "previous_response_id",
        "'resp_x' not found.",
    ),
    (
        {"previous_response_id": "r", "conversation": "c"},
        "mutually_exclusive_parameters",
        "previous_response_id",
        "exclusive",
    ),
    ({"conversation": "conv_x"}, None, None, "Conversation with id 'conv_x' not found."),
]

# What one input item alone can get wrong.
WRONG_ITEMS: list[tuple[Json, str | None, str | None, str]] = [
    ({"role": "tool", "content": "7"}, "invalid_value", "input[0].role", "Invalid value: 'tool'. Supported values are: 'assistant', 'system', 'developer', and 'user'."),
    ({**user("Hi"), "tool_calls": []}, "unknown_parameter", "input[0].tool_calls", "Unknown parameter: 'input[0].tool_calls'."),
    ({"type": "hologram"}, "invalid_value", "input[0]", "Invalid value: 'hologram'."),
    ({"role": "assistant", "content": [{"type": "input_text", "text": "a"}]}, "invalid_value", "input[0].content[0]", "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'."),
    ({"role": "user", "content": [{"type": "output_text", "text": "a"}]}, "invalid_value", "input[0].content[0]", "Supported values are: 'input_text'"),
    ({**user("Hi"), "id": ""}, "invalid_value", "input[0].id", "Invalid 'input[0].id': ''. Expected an ID that begins with 'msg'."),
    ({"type": "reasoning", "id": "rs_1"}, "missing_required_parameter", "input[0].summary", "Missing required parameter: 'input[0].summary'."),
    ({"type": "reasoning", "summary": []}, "missing_required_parameter", "input[0].id", "'input[0].id'"),
    ({"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "x"}]}, "array_above_max_length", "input[0].content", "array too long"),
    ({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAforeign"}, "invalid_encrypted_content", None, "could not be verified"),
    ({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": ""}, "invalid_encrypted_content", None, "could not be decrypted or parsed"),
    ({"type": "reasoning", "id": "rs_1", "summary": []}, None, "input", "Items are not persisted when `store` is set to false."),
    ({"type": "item_reference", "id": "msg_1"}, None, "input", "Item with id 'msg_1' not found."),
    (output("call_1"), None, "input", "No tool call found for function call output with call_id call_1."),
    (output("c" * 65), "string_above_max_length", "input[0].call_id", "maximum length 64"),
    ({"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}, None, "input", "No tool output found for function call call_1."),
    ({"role": "user", "content": [{"type": "input_image", "image_url": "plot.png"}]}, "invalid_image_url", "input[0].content[0].image_url", "not a valid URL"),
    ({"role": "user", "content": [{"type": "input_image", "image_url": "data:image/svg+xml;base64,AAAA"}]}, "unsupported_image_media_type", "input[0].content[0].image_url", "image/svg+xml"),
]  # fmt: skip


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A fresh service, in the profile of api.openai.com."""
    with FakeService() as service:
        yield service


@pytest.fixture
def client(service: FakeService) -> Iterator[httpx.Client]:
    """A client with the right key."""
    with connect(service) as client:
        yield client


@pytest.mark.parametrize(("fields", "code", "param", "words"), WRONG_FIELDS)
def test_a_wrong_field_is_refused(
    client: httpx.Client, fields: Json, code: str | None, param: str | None, words: str
) -> None:
    """Each field is checked, and the refusal has the real code, param and text."""
    error = refused(client, **{"input": "Hello", **fields})

    assert (code, param or error["param"]) == (error["code"], error["param"])
    assert words in error["message"]


@pytest.mark.parametrize(("item", "code", "param", "words"), WRONG_ITEMS)
def test_a_wrong_item_is_refused(
    client: httpx.Client, item: Json, code: str | None, param: str | None, words: str
) -> None:
    """Each input item is checked by the rules of its type."""
    error = refused(client, [item], store=False)

    assert (code, param) == (error["code"], error["param"])
    assert words in error["message"]


def test_a_schema_that_is_not_strict_is_refused(client: httpx.Client) -> None:
    """Strict functions and formats need closed objects with all keys required."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    tool = {"type": "function", "name": "f", "parameters": schema, "strict": True}
    layout = {"type": "json_schema", "name": "f", "schema": schema, "strict": True}

    assert refused(client, tools=[tool])["code"] == "invalid_function_parameters"
    assert refused(client, text={"format": layout})["code"] == "invalid_json_schema"
    ask(client, tools=[{**tool, "strict": False}])
    ask(client, tools=[{**tool, "parameters": {**schema, "additionalProperties": False}}])


def test_the_key_is_demanded(service: FakeService) -> None:
    """A wrong key and a missing one get their 401; other services take none."""
    with httpx.Client(base_url=service.base_url, trust_env=False) as client:
        missing = client.get("/models")
        wrong = client.get("/models", headers={"authorization": "Bearer sk-fake-wrong-key"})
    with FakeService(api_key=None) as keyless, connect(keyless) as client:
        ask(client)
        sent = "authorization" in keyless.requests[0].headers

    assert (missing.status_code, wrong.status_code, sent) == (401, 401, False)
    assert wrong.json()["error"]["code"] == "invalid_api_key"
    assert "Incorrect API key provided: sk-fak*" in wrong.text
    assert wrong.headers["x-request-id"].startswith("req_")


def test_models_refuse_what_they_cannot_do(service: FakeService, client: httpx.Client) -> None:
    """A plain model knows nothing about reasoning; an unverified account gets no summaries."""
    service.plain_models.add("gpt-5.6-luna")
    plain = {"model": "gpt-5.6-luna"}
    effort = refused(client, **plain, reasoning={"effort": "low"})
    sealed = refused(client, **plain, include=["reasoning.encrypted_content"])
    ask(client, **plain, temperature=0.5)
    with FakeService(verified=False, models=["m"]) as other, connect(other) as stranger:
        summary = refused(stranger, model="m", reasoning={"summary": "auto"})

    assert (effort["code"], effort["param"]) == ("unsupported_parameter", "reasoning.effort")
    assert sealed["param"] == "include"
    assert (summary["code"], summary["param"]) == ("unsupported_value", "reasoning.summary")


def test_reasoning_is_replayed_as_it_was_given(client: httpx.Client, service: FakeService) -> None:
    """Reasoning and what followed it belong together; ids and encrypted content are ours."""
    service.enqueue(fake.text("Hi", reasoning=THINK), fake.text("Hi", reasoning=THINK))
    thought, message = ask(client, **KEEP)["output"]
    bare, _ = ask(client, store=False, include=[])["output"]
    named = without(thought, "encrypted_content")
    start, end = user("One"), user("Two")

    cases: list[tuple[str, list[Json]]] = [
        ("required following item", [start, thought, end]),
        ("required following item", [start, thought]),
        ("required 'reasoning' item: 'rs_", [start, message, end]),
        ("Duplicate item found with id msg_", [start, thought, message, message, end]),
        ("could not be verified", [start, {**thought, "id": bare["id"]}, message, end]),
        ("Items are not persisted", [start, named, message, end]),
    ]
    for words, items in cases:
        assert words in refused(client, items, store=False)["message"]
    other_model = refused(client, [start, thought, message, end], model="gpt-5.1", store=False)
    assert other_model["code"] == "invalid_encrypted_content"
    ask(client, [start, thought, {**message, "status": "completed"}, end], **KEEP)
    ask(client, [start, without(message, "id"), end], **KEEP)


def test_stored_items_can_be_named(client: httpx.Client, service: FakeService) -> None:
    """With store, reasoning by its id alone and references are resolved, but not twice."""
    first = ask(client)
    thought, message = first["output"]
    reference = {"type": "item_reference", "id": message["id"]}
    ask(client, [user("One"), thought, reference, user("Two")])
    twice = refused(client, [thought, message], previous_response_id=first["id"])

    assert message == service.requests[1].context[2]
    assert "Duplicate item" in twice["message"]


def test_calls_have_to_be_answered(client: httpx.Client, service: FakeService) -> None:
    """Every call of the previous response needs its output, and no other."""
    service.enqueue(fake.calls([("add", {"a": 3}), ("add", {"a": 4})], reasoning=THINK))
    first = ask(client, tools=[{"type": "function", "name": "add", "parameters": {}}])
    one, two = [item["call_id"] for item in first["output"][1:]]
    chained = {"previous_response_id": first["id"]}

    assert f"No tool output found for function call {two}." in str(
        refused(client, [output(one)], **chained)
    )
    assert "No tool call found" in str(refused(client, [output("call_0")], **chained))
    ask(client, [output(two), output(one)], **chained)


def test_what_is_not_stored_cannot_be_continued(client: httpx.Client) -> None:
    """Neither a response with store=false, nor a deleted one."""
    private, public = ask(client, store=False)["id"], ask(client)["id"]
    assert client.delete(f"/responses/{public}").json()["deleted"]

    for response_id in (private, public):
        error = refused(client, previous_response_id=response_id)
        assert (error["status"], error["code"]) == (400, "previous_response_not_found")
        assert client.get(f"/responses/{response_id}").status_code == 404
