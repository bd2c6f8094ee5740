"""An answer is the value that was asked for, or an error that says why it is none."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pydantic import BaseModel

from codex_magic.api.items import Json, Response, parse_response
from codex_magic.api.parsed import ParsedResponse, answer_text, parsed_response
from codex_magic.api.schema import target_of
from codex_magic.errors import (
    AnswerError,
    APIStatusError,
    CodexError,
    IncompleteError,
    ParseError,
    RateLimitError,
    RefusalError,
)

CALL: Json = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
ADA = '{"name": "Ada"}'


class Person(BaseModel):
    """Somebody."""

    name: str


def said(text: str, phase: str | None = None) -> Json:
    """Return a message of the model."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "phase": phase,
        "content": content,
    }


def declined(text: str) -> Json:
    """Return a message in which the model declines."""
    content = [{"type": "refusal", "refusal": text}]
    return {"type": "message", "id": "msg_2", "role": "assistant", "content": content}


def response(*output: Json, status: str | None = "completed", **fields: Any) -> Response:
    """Return a response."""
    return parse_response(
        {"id": "resp_1", "model": "m", "status": status, "output": [*output], **fields}
    )


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ([said("a")], "a"),
        ([said("")], ""),
        ([said("I look first.", "commentary"), CALL, said("a", "final_answer")], "a"),
        ([said("a"), said("b")], "b"),
        ([said("a"), said("On I go.", "commentary")], "a"),
        ([CALL, said("a")], "a"),
    ],
)
@pytest.mark.parametrize("status", ["completed", None])
def test_the_last_final_message_is_the_answer(
    output: list[Json], text: str, status: str | None
) -> None:
    """A commentary is no part of it; a service that names no status has completed."""
    assert text == answer_text(response(*output, status=status))


def test_a_failed_response_is_an_error_of_the_service() -> None:
    """Its class is that of the code, as if it had failed at once."""
    error = {"code": "rate_limit_exceeded", "message": "Slow down."}
    failed = response(said(ADA), status="failed", error=error)

    with pytest.raises(RateLimitError, match="Slow down") as caught:
        answer_text(failed)

    assert "rate_limit_exceeded" == caught.value.code
    with pytest.raises(APIStatusError, match="does not say why"):
        answer_text(response(status="failed"))


@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_a_refusal_is_an_error_with_the_models_words(status: str) -> None:
    """Before all else that may be wrong with the answer."""
    found = response(said(ADA), declined("I cannot do that."), status=status)

    with pytest.raises(RefusalError, match="I cannot do that") as caught:
        answer_text(found)

    assert "I cannot do that." == caught.value.text == found.refusal
    assert found is caught.value.response


@pytest.mark.parametrize(
    ("status", "details", "words"),
    [
        ("incomplete", {"reason": "max_output_tokens"}, "raise max_output_tokens, which counts"),
        ("incomplete", {"reason": "content_filter"}, r"incomplete \(content_filter\)"),
        ("incomplete", None, "no reason given"),
        ("cancelled", None, "'cancelled'"),
        ("in_progress", None, "'in_progress'"),
    ],
)
def test_an_unfinished_answer_is_an_error(status: str, details: Any, words: str) -> None:
    """It names the reason; what there is of the text is kept, though it may be whole JSON."""
    found = response(said(ADA), status=status, incomplete_details=details)

    with pytest.raises(IncompleteError, match=words) as caught:
        answer_text(found)

    assert ADA == caught.value.text
    assert isinstance(caught.value, CodexError)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ([], "holds no message"),
        ([said("Hm.", "commentary")], "holds no message"),
        ([CALL], "calls look"),
    ],
)
def test_an_answer_without_a_message_is_an_error(output: list[Json], words: str) -> None:
    """There is nothing to parse, and the error says what there is instead."""
    with pytest.raises(ParseError, match=words):
        answer_text(response(*output))


def test_a_parsed_response_shows_all_of_the_response() -> None:
    """Every field and property of a Response is there, and the value beside them."""
    found = response(said(ADA), usage={"input_tokens": 1, "output_tokens": 2})

    parsed: ParsedResponse[Person] = parsed_response(found, target_of(Person))

    assert Person(name="Ada") == parsed.output_parsed
    assert "Ada" == parsed.output_parsed.name
    shown = [name for name in dir(Response) if not name.startswith("_") and name != "raw"]
    assert "reasoning_summary" in shown
    for name in shown:
        if name != "to_dict":
            assert getattr(found, name) == getattr(parsed, name), name
    assert found.to_dict() == parsed.to_dict()
    assert parsed.refusal is None
    assert not hasattr(parsed, "hologram")
    assert parsed == copy.deepcopy(parsed)
    assert parsed == pickle.loads(pickle.dumps(parsed))


@pytest.mark.parametrize("output", [[CALL], [said("I look.", "commentary"), CALL]])
def test_calls_instead_of_an_answer_are_no_error(output: list[Json]) -> None:
    """The caller runs the functions and asks again; there is no value yet."""
    parsed: ParsedResponse[Any] = parsed_response(response(*output), target_of(Person))

    assert parsed.output_parsed is None
    assert "look" == parsed.tool_calls[0].name


def test_calls_of_an_unfinished_answer_are_an_error() -> None:
    """Their arguments may be cut off."""
    with pytest.raises(IncompleteError):
        parsed_response(response(CALL, status="incomplete"), target_of(Person))


def test_a_wrong_answer_keeps_the_response() -> None:
    """What was paid for is not lost with the error."""
    found = response(said("No."))

    with pytest.raises(AnswerError) as caught:
        parsed_response(found, target_of(Person))

    assert found is caught.value.response
    assert "No." == caught.value.text


def test_where_nothing_is_enforced_json_is_searched_for() -> None:
    """A fence is taken away only there."""
    fenced = response(said(f"```json\n{ADA}\n```"))

    assert (
        Person(name="Ada") == parsed_response(fenced, target_of(Person), lenient=True).output_parsed
    )
    with pytest.raises(ParseError):
        parsed_response(fenced, target_of(Person))
