"""Items: typed for their reader, untouched on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from codex_magic.api.items import (
    FunctionCallOutput,
    FunctionTool,
    InputFile,
    InputImage,
    InputMessage,
    InputText,
    InputTokensDetails,
    Json,
    OutputRefusal,
    OutputText,
    OutputTokensDetails,
    Reasoning,
    ReasoningSummary,
    ResponseError,
    ResponseFormatJsonSchema,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
    TextConfig,
    Usage,
    parse_item,
    parse_response,
    to_json,
)
from codex_magic.api.parsed import ParsedResponse, answer_text

from .clients import STREAMS, recorded

SAID: Json = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "phase": "final_answer",
    "mood": "cheerful",
    "content": [
        {"type": "output_text", "text": "3 × 4", "annotations": [], "logprobs": [], "x": 1},
        {"type": "hologram", "frames": [1]},
        {"type": "output_text", "text": None},
        {"type": "refusal", "refusal": "No."},
    ],
}
THOUGHT: Json = {
    "type": "reasoning",
    "id": "rs_1",
    "encrypted_content": "sealed",
    "summary": [
        {"type": "summary_text", "text": "One."},
        {"type": "summary_image"},
        {"type": "summary_text", "text": "Two."},
    ],
    "content": [{"type": "reasoning_text", "text": "Hm."}],
}
CALL: Json = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "caller": 1}
NEW: Json = {"type": "hologram_call", "id": "hg_1", "frames": [1, 2]}


def response(*output: Json, **fields: Any) -> Json:
    """Return the JSON of a response."""
    return {"id": "resp_1", "model": "m", "status": "completed", "output": [*output], **fields}


@pytest.mark.parametrize("item", [SAID, THOUGHT, CALL, NEW, {}], ids=lambda item: item.get("type"))
def test_an_item_gives_back_the_json_it_was(item: Json) -> None:
    """No field is lost on the way through a typed view, also none that nobody knows yet."""
    assert item == to_json(parse_item(item))


@pytest.mark.parametrize("name", STREAMS)
def test_a_response_gives_back_the_json_it_was(name: str) -> None:
    """Every response of every recorded service survives the round trip, with all of its items."""
    found = [event["response"] for event in recorded(name) if "response" in event]

    assert found
    for whole in found:
        view = parse_response(whole)
        assert whole == view.to_dict()
        assert (whole.get("output") or []) == to_json(view.output)


def test_a_message_is_typed() -> None:
    """Known parts get a view, unknown ones stay JSON, and a null text is an empty one."""
    message = parse_item(SAID)

    assert isinstance(message, ResponseOutputMessage)
    assert "final_answer" == message.phase
    assert "3 × 4" == message.text
    text, hologram, empty, refusal = message.content
    assert OutputText("3 × 4", annotations=[]) == text
    assert {"type": "hologram", "frames": [1]} == hologram
    assert OutputText("") == empty
    assert OutputRefusal("No.") == refusal


def test_a_response_sums_up_its_items() -> None:
    """Text, reasoning summary and calls are read off the items, not off fields of the service."""
    whole = parse_response(response(THOUGHT, SAID, CALL, NEW, SAID, output_text="of the service"))

    assert "3 × 43 × 4" == whole.output_text
    assert "One.\nTwo." == whole.reasoning_summary
    assert ["f"] == [call.name for call in whole.tool_calls]
    assert NEW == whole.output[3]


@pytest.mark.parametrize("text", ["Hi", ""])
def test_a_message_may_be_a_plain_text(text: str) -> None:
    """Some services send no parts; the message shows one, and goes back as it came."""
    plain = {**SAID, "content": text}
    message = parse_item(plain)

    assert isinstance(message, ResponseOutputMessage)
    assert ([OutputText(text)], text) == (message.content, message.text)
    assert plain == message.to_dict()
    assert text == parse_response(response(plain)).output_text


def test_a_refusal_is_told() -> None:
    """A response has the words of all refusals, or None where there is none."""
    refused, spoken = parse_response(response(SAID, CALL, SAID)), parse_response(response(CALL))

    assert "No.\nNo." == refused.refusal
    assert None is spoken.refusal


def test_a_refusal_on_the_way_is_none_of_the_answer() -> None:
    """A commentary declines nothing; the final answer does, here and where it is parsed."""
    aside, final = {**SAID, "phase": "commentary"}, {**SAID, "phase": "final_answer"}
    plain = {**final, "content": [{"type": "output_text", "text": "{}"}]}
    went_on, declined = parse_response(response(aside, plain)), parse_response(response(final))

    assert (None, "No.") == (went_on.refusal, declined.refusal)
    for found in (went_on, declined):
        assert found.refusal == ParsedResponse(found, None).refusal
    assert "{}" == answer_text(went_on)


def test_reasoning_shows_what_an_open_model_thinks() -> None:
    """Its own words are beside the summary, and no summary of their own."""
    thought = parse_item({**THOUGHT, "status": "completed"})

    assert isinstance(thought, ResponseReasoningItem)
    assert [{"type": "reasoning_text", "text": "Hm."}] == thought.content
    assert "completed" == thought.status


def test_a_call_knows_its_namespace_and_caller() -> None:
    """What a later request needs beside the arguments can be read off the call."""
    call = parse_item({**CALL, "namespace": "crm", "caller": {"type": "direct"}})

    assert isinstance(call, ResponseFunctionToolCall)
    assert ("crm", {"type": "direct"}) == (call.namespace, call.caller)
    assert "crm" not in repr(call)


def test_an_empty_response_sums_up_to_nothing() -> None:
    """Without items there is no text, no summary and no call."""
    empty = parse_response({"id": "resp_1", "output": None})

    assert ("", None, []) == (empty.output_text, empty.reasoning_summary, empty.tool_calls)
    assert ("", None, None, None) == (empty.model, empty.status, empty.usage, empty.error)


def test_a_response_has_an_id() -> None:
    """What lacks it is no response."""
    with pytest.raises(TypeError):
        parse_response({"object": "list"})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": "server_error", "message": "No."}, ResponseError("server_error", "No.")),
        ({"code": 500, "message": "No."}, ResponseError("500", "No.")),
        ({"type": "overloaded"}, ResponseError("overloaded", "overloaded")),
        ({"message": "No."}, ResponseError("error", "No.")),
    ],
)
def test_a_failed_response_says_why(error: Json, expected: ResponseError) -> None:
    """Whatever part of the error a service leaves out, there is a code and a message."""
    failed = parse_response(response(status="failed", error=error))

    assert expected == failed.error
    assert error == to_json(failed.error)


@pytest.mark.parametrize(
    ("counts", "cached", "reasoning", "total"),
    [
        ({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, 0, 0, 7),
        ({"input_tokens": 3, "output_tokens": 4}, 0, 0, 7),
        ({"input_tokens": 3, "output_tokens": 4, "input_tokens_details": None}, 0, 0, 7),
        (
            {
                "input_tokens": 3,
                "input_tokens_details": {"cached_tokens": 2},
                "output_tokens": 4,
                "output_tokens_details": {"reasoning_tokens": 1},
                "total_tokens": 7,
            },
            2,
            1,
            7,
        ),
        ({"output_tokens": None}, 0, 0, 0),
    ],
)
def test_usage_counts_what_the_service_counts(
    counts: Json, cached: int, reasoning: int, total: int
) -> None:
    """Services leave out what they do not count."""
    usage = parse_response(response(usage=counts)).usage if counts else None

    assert usage is not None
    assert (cached, reasoning) == (usage.cached_tokens, usage.reasoning_tokens)
    assert InputTokensDetails(cached, 0) == usage.input_tokens_details
    assert OutputTokensDetails(reasoning) == usage.output_tokens_details
    assert total == usage.total_tokens
    assert counts == usage.to_dict()


def test_usage_counts_what_goes_into_the_cache() -> None:
    """Newer models bill it, so it is counted by itself."""
    details = {"cached_tokens": 2, "cache_write_tokens": 5}
    usage = parse_response(response(usage={"input_tokens_details": details})).usage

    assert usage is not None
    assert (2, 5) == (usage.cached_tokens, usage.cache_write_tokens)
    assert (2, 5) == (
        usage.input_tokens_details.cached_tokens,
        usage.input_tokens_details.cache_write_tokens,
    )


def test_usage_prints_as_it_is_documented() -> None:
    """The three counts that code written for codex-open-client prints, and no more."""
    shown = repr(Usage(1, 2, 3, cached_tokens=4, cache_write_tokens=5))

    assert "Usage(input_tokens=1, output_tokens=2, total_tokens=3)" == shown


def test_what_is_made_by_hand_has_its_own_fields() -> None:
    """A field that is None is left out, and members are JSON all the way down."""
    message = InputMessage(
        "user",
        [
            InputText("Hi"),
            InputImage("data:,", "low"),
            InputFile(file_id="file-1"),
            {"type": "new"},
        ],
    )

    assert {
        "role": "user",
        "type": "message",
        "content": [
            {"text": "Hi", "type": "input_text"},
            {"image_url": "data:,", "detail": "low", "type": "input_image"},
            {"file_id": "file-1", "type": "input_file"},
            {"type": "new"},
        ],
    } == to_json(message)


def test_positions_are_those_of_codex_open_client() -> None:
    """Code that gives fields by position means the same ones here."""
    assert {"call_id": "c", "output": "7", "type": "function_call_output"} == to_json(
        FunctionCallOutput("c", "7")
    )
    assert "Reply" == ResponseFormatJsonSchema("r", {}, "json_schema", "Reply", True).description
    assert ("i", "completed") == (
        ResponseFunctionToolCall("c", "f", "{}", "i", "completed").id,
        ResponseFunctionToolCall("c", "f", "{}", "i", "completed").status,
    )
    assert (
        "sealed" == ResponseReasoningItem("i", [ReasoningSummary("Hm")], "sealed").encrypted_content
    )
    assert ("m", "assistant") == (
        ResponseOutputMessage("m", [OutputText("Hi")]).id,
        ResponseOutputMessage("m", [OutputText("Hi")]).role,
    )


def test_a_tool_keeps_its_required_keys() -> None:
    """``parameters`` and ``strict`` are required by the API, also when they are null."""
    tool = FunctionTool("f", None, None, strict=None).to_dict()

    assert {"name": "f", "parameters": None, "strict": None, "type": "function"} == tool


@pytest.mark.parametrize(
    ("summary", "expected"),
    [("auto", {"effort": "low", "summary": "auto"}), ("none", {"effort": "low"}), (None, None)],
)
def test_no_summary_is_no_value_of_the_api(summary: str | None, expected: Json | None) -> None:
    """``none`` is what users of codex-open-client write; the API has no such word."""
    asked = to_json(Reasoning("low", summary))

    assert (expected or {"effort": "low"}) == asked


def test_views_nest() -> None:
    """A view within a view, a mapping or a sequence becomes JSON too; other values stay."""
    config = TextConfig(ResponseFormatJsonSchema("r", {"type": "object"}), "low")

    assert {
        "format": {"name": "r", "schema": {"type": "object"}, "type": "json_schema"},
        "verbosity": "low",
    } == to_json(config)
    assert {"1": [b"x", None, 2.5]} == to_json({1: (b"x", None, 2.5)})


def test_sealed_reasoning_is_not_shown() -> None:
    """Kilobytes of sealed content have no place in a cell."""
    assert "sealed" not in repr(parse_item(THOUGHT))
