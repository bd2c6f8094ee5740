"""Every known error of a service, in its own words, and what becomes of it."""

from __future__ import annotations

import pytest

from codex_magic.conversation.turns import State, Turn
from tests.fake_service import Answer, FakeService, error, failed, html, text
from tests.fake_service.errors import Json

from .talking import MODEL, STATES, Talk, asked, at, body, kinds, refusals, seen

UNSEALED = "The service could not read its earlier reasoning: asked again without it."
GAP = "The service's record has a gap: the history was sent instead."
LOST = "The service no longer has the conversation: the history was sent instead."


@pytest.mark.parametrize(
    "refused",
    [
        error(
            404,
            None,
            "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. "
            "Try again with `store` set to true, or remove this item from your input.",
        ),
        error(
            400,
            None,
            "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        ),
        error(
            400,
            None,
            "Item 'msg_1' of type 'message' was provided without its required 'reasoning' item: "
            "'rs_1'.",
        ),
        error(
            400,
            "invalid_encrypted_content",
            "The encrypted content gAAA could not be verified. Reason: Encrypted content could "
            "not be decrypted or parsed.",
        ),
        error(
            400,
            "missing_required_parameter",
            "Missing required parameter: 'input[1].summary'.",
            param="input[1].summary",
        ),
        error(400, None, "Invalid 'input[1].id': ''. Expected an ID that begins with 'rs'."),
        error(
            400,
            "array_above_max_length",
            "Invalid 'input[1].content': array too long. Expected an array with maximum length "
            "0, but got an array with length 1 instead.",
        ),
    ],
)
def test_reasoning_that_is_refused_is_left_out(
    talk: Talk, service: FakeService, refused: Answer
) -> None:
    """Whatever the service has against it: asked once more without, and said."""
    talk.ask(service, "One")
    service.enqueue(refused)
    second = talk.ask(service, "Two")

    assert (None, [UNSEALED]) == (second.error, second.notices)
    assert ("reasoning" in kinds(body(service, 1)["input"])) > (
        "reasoning" in kinds(body(service)["input"])
    )
    assert 3 == len(asked(service))


@pytest.mark.parametrize("state", STATES[1:])
@pytest.mark.parametrize(
    "message",
    [
        "No tool output found for function call call_1.",
        "No tool call found for function call output with call_id call_1.",
        "Duplicate item found with id rs_1. Remove duplicate items from your input and try again.",
    ],
)
def test_a_gap_in_what_the_service_keeps(
    talk: Talk, service: FakeService, state: State, message: str
) -> None:
    """The local transcript is whole, so it is sent instead, once."""
    talk.ask(service, "One", state=state)
    service.enqueue(error(400, None, message))
    second = talk.ask(service, "Two", state=state)
    third = talk.ask(service, "Three", state=state)

    assert (None, [GAP], None) == (second.error, second.notices, third.error)
    users = [said for said in seen(service) if said[0] == "u"]
    assert ["u: One", "u: Two", "u: Three"] == users


def test_what_was_never_answered_is_answered(talk: Talk, service: FakeService) -> None:
    """A call without an output gets one from us, so the service does not refuse it."""
    call = {"type": "function_call", "call_id": "call_" + "x" * 90, "name": "f", "arguments": "{}"}
    question: Json = {"type": "message", "role": "user", "content": "One"}
    turn = Turn("One", (question,), (call,), model=MODEL, service=at(service).identity)
    talk.conversation.record(turn, talk.conversation.plan("stateless", at(service).backend, "", ""))
    found = talk.ask(service, "Two")

    assert None is found.error
    sent = body(service)["input"]
    assert ["message", "function_call", "function_call_output", "message"] == kinds(sent)
    assert sent[1]["call_id"] == sent[2]["call_id"]
    assert len(sent[1]["call_id"]) <= 64


def test_an_output_without_its_call_is_left_out(talk: Talk, service: FakeService) -> None:
    """A history that was trimmed is no reason to be refused."""
    orphan = {"type": "function_call_output", "call_id": "call_1", "output": "7"}
    message = {"type": "message", "role": "user", "content": "One"}
    turn = Turn("One", (orphan, message), (), model=MODEL, service=at(service).identity)
    talk.conversation.record(turn, talk.conversation.plan("stateless", at(service).backend, "", ""))
    found = talk.ask(service, "Two")

    assert None is found.error
    assert ["message", "message"] == kinds(body(service)["input"])


def test_a_huge_output_is_cut(talk: Talk, service: FakeService) -> None:
    """The API takes ten megabytes: the middle goes."""
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "é" * 10_500_000}
    turn = Turn("One", (), (call, output), model=MODEL, service=at(service).identity)
    talk.conversation.record(turn, talk.conversation.plan("stateless", at(service).backend, "", ""))
    found = talk.ask(service, "Two")

    assert None is found.error
    assert 10_485_760 >= len(body(service)["input"][1]["output"]) > 10_000_000


@pytest.mark.parametrize(
    "refused",
    [
        error(404, None, "Response with id 'resp_1' not found."),
        error(400, "previous_response_not_found", "Previous response with id 'resp_1' not found."),
        error(
            400,
            None,
            "Previous response cannot be used for this organization due to Zero Data Retention.",
        ),
    ],
)
def test_a_response_that_is_gone(talk: Talk, service: FakeService, refused: Answer) -> None:
    """The words of vLLM, of OpenAI, and of an organisation that lets nothing be kept."""
    talk.ask(service, "One", state="previous_response_id")
    service.enqueue(refused)
    second = talk.ask(service, "Two", state="previous_response_id")

    assert (None, [LOST]) == (second.error, second.notices)
    assert ["u: One", "u: Two"] == [said for said in seen(service) if said[0] == "u"]


@pytest.mark.parametrize(
    ("params", "left", "field"),
    [
        ({"temperature": 0.7}, {}, "temperature"),
        ({"top_p": 0.9, "metadata": {"a": "b"}}, {"metadata": {"a": "b"}}, "top_p"),
        ({"reasoning": {"effort": "minimal"}}, {}, "reasoning.effort"),
    ],
)
def test_a_users_option_that_the_model_refuses(
    talk: Talk, service: FakeService, params: Json, left: Json, field: str
) -> None:
    """It is dropped where the answer is one without it, and never in silence."""
    found = [talk.ask(service, prompt, params=params) for prompt in ("One", "Two")]

    notice = f"Left out, as {MODEL} does not take it: {field}."
    assert [(None, [notice])] * 2 == [(one.error, one.notices) for one in found]
    assert 3 == len(asked(service))
    sent = body(service)
    assert left == {name: sent[name] for name in ("metadata", "reasoning") if name in sent}


def test_a_users_option_that_matters_is_not_dropped(talk: Talk, service: FakeService) -> None:
    """Without it, the answer would be another one."""
    service.enqueue(
        error(400, "unsupported_parameter", "Unsupported parameter: 'tools'.", param="tools")
    )
    found = talk.ask(service, params={"tools": []})

    assert found.error is not None
    assert 1 == len(asked(service))


def test_a_schema_that_strict_mode_refuses(talk: Talk, service: FakeService) -> None:
    """It is sent as a wish and not as a rule, and that is said."""
    layout = {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}
    found = [talk.ask(service, "Hi", params={"text": {"format": layout}}) for _ in range(2)]

    notice = "The schema is sent with strict: false: strict was refused."
    assert [(None, [notice])] * 2 == [(one.error, one.notices) for one in found]
    assert (3, 1) == (len(asked(service)), len(refusals(service)))
    assert False is body(service)["text"]["format"]["strict"]


@pytest.mark.parametrize(
    "refused",
    [
        error(400, "context_length_exceeded", "Your input exceeds the context window."),
        error(400, None, "…", body={"error": {"code": 400, "type": "exceed_context_size_error"}}),
        error(400, None, "This model's maximum context length is 9 tokens."),
        error(400, None, "The prompt exceeds the max_model_len of 9."),
        error(
            400,
            None,
            "…",
            body={
                "error": {"code": "invalid_prompt", "message": "No."},
                "error_type": "context_length_exceeded",
            },
        ),
        failed("context_length_exceeded", "Your input exceeds the context window."),
    ],
)
def test_what_is_too_long_is_never_asked_twice(
    talk: Talk, service: FakeService, refused: Answer
) -> None:
    """In the words of five services, as a status and in mid-stream: one request, one error."""
    service.enqueue(refused)
    found = talk.ask(service)

    assert "ContextWindowError" == type(found.ended.error).__name__
    assert (1, 0) == (len(asked(service)), found.retries)


@pytest.mark.parametrize(
    "code",
    [
        *("invalid_image_url", "image_too_large", "failed_to_download_image"),
        *("invalid_base64_image", "unsupported_image_media_type"),
    ],
)
def test_an_image_that_is_refused_is_told(talk: Talk, service: FakeService, code: str) -> None:
    """No second try makes another image of it."""
    service.enqueue(error(400, code, "The image cannot be used.", param="input[0].content[1]"))
    found = talk.ask(service)

    assert "The image cannot be used. (request id" == (found.error or "")[:37]
    assert 1 == len(asked(service))


@pytest.mark.parametrize(
    "refused",
    [
        error(403, "unsupported_country_region_territory", "Country not supported."),
        html(403, f"<html><style>a{{}}</style><h1>Just a moment…</h1>{'x ' * 900}</html>"),
    ],
)
def test_a_closed_door_is_told_once(talk: Talk, service: FakeService, refused: Answer) -> None:
    """Neither a country nor a gate-keeper's page opens at the second knock."""
    service.enqueue(refused)
    found = talk.ask(service)

    assert "AuthError" == type(found.ended.error).__name__
    assert len(found.error or "") < 300
    assert "a{}" not in (found.error or "")
    assert (1, 0) == (len(asked(service)), found.retries)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("profile", ["chatgpt", "transformers", "openrouter", "vllm", "ollama"])
def test_a_service_that_is_named_refuses_nothing(talk: Talk, profile: str, state: State) -> None:
    """All that it demands is in the table, so that nothing has to be learned from its errors."""
    with FakeService(profile) as service:
        there = at(service, profile)
        found = [talk.ask(there, prompt, state=state) for prompt in ("One", "Two", "Three")]
        lines = [said for said in seen(service) if said[0] == "u"]

        assert [None] * 3 == [one.error for one in found]
        assert [] == refusals(service)
        assert ["u: One", "u: Two", "u: Three"] == lines


def test_a_service_that_forgets_without_a_word(talk: Talk) -> None:
    """Ollama drops what does not fit: its own count tells, and so do we."""
    with FakeService("ollama") as service:
        there = at(service, "ollama")
        usage = {"input_tokens": 90, "output_tokens": 1, "total_tokens": 91}
        service.enqueue(text("One."), text("Two.", usage=usage))
        first = talk.ask(there, "A short one")
        second = talk.ask(there, "word " * 3000)

    assert [] == first.notices
    assert ["Ollama read only 90 tokens"] == [notice[:26] for notice in second.notices]


def test_an_option_that_a_service_lacks_is_named(talk: Talk) -> None:
    """Dropped, and said once for each question."""
    with FakeService("chatgpt") as service:
        params = {"temperature": 1, "metadata": {"a": "b"}, "service_tier": "fast"}
        found = talk.ask(at(service, "chatgpt"), params=params)
        tier = body(service)["service_tier"]

    expected = "Left out, as ChatGPT does not take it: temperature, metadata."
    assert (None, [expected], "priority") == (found.error, found.notices, tier)


def test_json_mode_gets_its_word(talk: Talk, service: FakeService) -> None:
    """The service refuses JSON mode where nobody says so: we do, and tell."""
    params = {"text": {"format": {"type": "json_object"}}}
    plain = talk.ask(service, "List three primes.", params=params)
    said = talk.ask(service, "List three primes as JSON.", params=params)

    assert (1, 0) == (len(plain.notices), len(said.notices))
    assert "Answer in JSON." == body(service, 0)["instructions"]
    assert "instructions" not in body(service)
