"""Error bodies become typed errors, whatever shape a service gives them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_magic import (
    APIStatusError,
    AuthError,
    ContextWindowError,
    InvalidRequestError,
    NotFoundError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from codex_magic.api.failures import (
    error_from_answer,
    error_of,
    hide_keys,
    is_model_missing,
    secrets_of,
)
from tests import fake_service as fake
from tests.fake_service import FakeService

from .clients import QUESTION, connect

PAGE = "<html><title>502</title>\n<h1>Bad   gateway</h1></html>"


def openai(code: Any, message: str = "No.", kind: str | None = "invalid_request_error") -> Any:
    """Return an error body as OpenAI has it."""
    return {"error": {"message": message, "type": kind, "param": "input", "code": code}}


def error(status: int, body: Any = b"", **headers: str) -> APIStatusError:
    """Return the error for an answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_from_answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, data
    )


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (400, openai("invalid_value"), InvalidRequestError, "invalid_value"),
        (401, openai("invalid_api_key"), AuthError, "invalid_api_key"),
        (402, openai(402), QuotaExceededError, "invalid_request_error"),
        (403, openai("unsupported_country_region_territory"), AuthError, None),
        (404, openai("model_not_found"), NotFoundError, "model_not_found"),
        (400, openai("model_not_found"), NotFoundError, "model_not_found"),
        (409, openai(None), APIStatusError, "invalid_request_error"),
        (413, b"", InvalidRequestError, None),
        (422, {"detail": [{"loc": ["body"], "msg": "bad"}]}, InvalidRequestError, None),
        (429, openai("rate_limit_exceeded"), RateLimitError, "rate_limit_exceeded"),
        (429, openai(None, kind="insufficient_quota"), QuotaExceededError, "insufficient_quota"),
        (429, openai("x", kind="insufficient_quota"), QuotaExceededError, "x"),
        (429, {"detail": {"error": {"type": "usage_limit_reached"}}}, QuotaExceededError, None),
        (500, openai("server_error"), ServerError, "server_error"),
        (503, openai("slow_down"), RateLimitError, "slow_down"),
        (500, openai(500, kind="server_error"), ServerError, "server_error"),
        (500, openai("500", kind="server_error"), ServerError, "server_error"),
        (400, openai("context_length_exceeded"), ContextWindowError, "context_length_exceeded"),
        (400, openai(400, kind="exceed_context_size_error"), ContextWindowError, None),
        (400, openai(400, "This model's maximum context length is 9."), ContextWindowError, None),
        (500, openai(500, "the maximum context length"), ServerError, None),
        (302, b"", APIStatusError, None),
    ],
)
def test_status_and_code_make_the_type(
    status: int, body: Any, expected: type[APIStatusError], code: str | None
) -> None:
    """The code counts where the status does not tell; a number for a code is none."""
    found = error(status, body)

    assert expected is type(found)
    assert status == found.status_code
    assert code is None or code == found.code


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (openai("c", "The words."), "The words."),
        ({"error": "The words."}, "The words."),
        ({"message": "The words."}, "The words."),
        ({"detail": "The words."}, "The words."),
        ({"detail": {"message": "The words."}}, "The words."),
        ({"detail": {"error": {"message": "The words."}}}, "The words."),
        ({"detail": [1]}, "[1]"),
        ({"error": {"code": 5}}, 'HTTP 400: {"error": {"code": 5}}'),
        ({"detail": None}, 'HTTP 400: {"detail": null}'),
        (["The words."], 'HTTP 400: ["The words."]'),
        (PAGE.encode(), "HTTP 400: 502 Bad gateway"),
        (b"", "HTTP 400 with an empty body"),
        (b" \n ", "HTTP 400 with an empty body"),
        (b"\xff\xfe", "HTTP 400: \ufffd\ufffd"),
        (b"x" * 999, f"HTTP 400: {'x' * 200}"),
    ],
)
def test_the_words_of_the_service_are_kept(body: Any, message: str) -> None:
    """None of the shapes loses them, and a page is no wall of tags."""
    assert message == error(400, body).message


def test_what_the_service_told_is_kept() -> None:
    """Parameter, body, and what its support asks for."""
    body = openai("c")
    found = error(429, body, x_request_id="req_1", retry_after="7")

    assert ("input", body, "req_1") == (found.param, found.body, found.request_id)
    assert isinstance(found, RateLimitError)
    assert 7 == found.retry_after
    assert "No. (request id req_1)" == str(found)
    assert ["RateLimitError: No. (request id req_1)"] == found._render_traceback_()


@pytest.mark.parametrize("name", ["x_request_id", "apim_request_id", "x_oai_request_id", "cf_ray"])
def test_the_request_id_has_many_names(name: str) -> None:
    """Azure, ChatGPT and Cloudflare have their own."""
    assert "id-1" == error(500, b"", **{name: "id-1"}).request_id


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: {}. You can find …",
        '{{"error": "{}"}}',
        "Authorization: Bearer {}",
        "key={}&x=1",
    ],
)
@pytest.mark.parametrize("key", ["sk-proj-abcdefghijklmnop_-12", "sk-ab12cd34ef56gh78"])
def test_keys_are_masked(text: str, key: str) -> None:
    """Services quote a wrong key; enough is left to tell which one it was."""
    shown = hide_keys(text.format(key))

    assert key not in shown
    assert key[7:] not in shown
    assert shown.startswith(text.partition("{}")[0].format()[:5])


def test_words_are_no_keys() -> None:
    """Only what looks like one is masked."""
    text = "The desk-lamp and the task-force ask-me; sk-1"

    assert text == hide_keys(text)


def test_no_error_shows_a_key(service: FakeService) -> None:
    """Neither as text, nor in a repr, nor in the one line of a notebook, nor in mid-stream."""
    key = fake.API_KEY
    told = f"Incorrect API key provided: {key}."
    service.enqueue(
        fake.error(401, "invalid_api_key", told),
        fake.error(401, None, "", body={"detail": {"keys": [key]}}),
        fake.html(403, f"<p>{key}</p>"),
        fake.in_stream_error("flat", "invalid_api_key", told),
        fake.raw(f'["{key}"]'.encode(), "application/json"),
    )

    with connect(service) as client:
        for _ in range(5):
            with pytest.raises(Exception, match=r".") as caught:
                client.responses.stream(**QUESTION).get_final_response()
            shown = [str(caught.value), repr(caught.value), *caught.value._render_traceback_()]  # type: ignore[attr-defined]
            assert key not in " ".join(shown)


def test_the_service_itself_is_understood(service: FakeService) -> None:
    """What the real one says about real mistakes comes out typed."""
    with connect(service) as client:
        with pytest.raises(NotFoundError) as missing:
            client.responses.create(model="gpt-5.1-codex-mini", input="Hi")
        with pytest.raises(InvalidRequestError) as wrong:
            client.responses.create(**QUESTION, temperature=9)
    with connect(service, api_key="sk-wrong-0123456789") as client, pytest.raises(AuthError):
        client.responses.create(**QUESTION)

    assert is_model_missing(missing.value, "gpt-5.1-codex-mini")
    assert "temperature" == wrong.value.param
    assert not is_model_missing(wrong.value, "gpt-5.1-codex-mini")


@pytest.mark.parametrize(
    ("code", "message", "missing"),
    [
        ("model_not_found", "x", True),
        ("model_deprecated", "x", True),
        (None, "The model `m-1` does not exist or you do not have access to it.", True),
        (None, "The 'M-1' model is not supported when using Codex with a ChatGPT account.", True),
        (None, "Item with id 'rs_1' not found.", False),
        (None, "The model m-1 is overloaded.", False),
    ],
)
def test_a_missing_model_is_recognised(code: str | None, message: str, missing: bool) -> None:
    """By its code, or by the words around its name."""
    assert missing == is_model_missing(error_of(404, message, code=code), "m-1")


HEX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "told",
    [
        {"error": {"message": f"Wrong key {HEX}.", "code": HEX}},
        {"detail": f"Wrong key {HEX}."},
        {"detail": [{"input": {"key": HEX}}]},
        {"error": f"Wrong key {HEX}."},
        f"<p>{HEX}</p>",
    ],
)
def test_the_key_of_the_request_is_nowhere(told: Any) -> None:
    """Whatever it looks like: neither in the message nor in the body of the error."""
    body = told.encode() if isinstance(told, str) else json.dumps(told).encode()
    secrets = secrets_of({"api-key": HEX, "Accept": "x"})
    found = error_from_answer(401, {}, body, secrets=secrets)

    assert HEX not in f"{found} {found!r} {found.body} {found.code}"


@pytest.mark.parametrize(
    "key", ["gsk_abcdefghijklmnop", "hf_abcdefghijklmnop", "eyJhbGciOi1.e30.x"]
)
def test_keys_of_other_services_are_masked(key: str) -> None:
    """By how they begin."""
    assert key[9:] not in hide_keys(f"Key {key}!")


def test_a_page_is_cut_to_its_words() -> None:
    """Scripts and styles are none, and nobody reads two megabytes of it."""
    page = "<head><title>Stop</title><style>a{}</style></head><script>x()</script>" + "y " * 9999
    found = error(403, page.encode())

    assert "HTTP 403: Stop y y" == found.message[:18]
    assert "x()" not in found.message
    assert len(found.message) <= 210
    assert len(found.body) <= 2000


def test_openrouter_tells_beside_the_error() -> None:
    """Its code says only that the prompt is invalid."""
    body = {"error": {"code": "invalid_prompt", "message": "No."}}
    kinds = [
        {**body, "error_type": "context_length_exceeded"},
        {"error": {**body["error"], "metadata": {"error_type": "context_length_exceeded"}}},
    ]

    assert [ContextWindowError] * 2 == [type(error(400, kind)) for kind in kinds]
    assert InvalidRequestError is type(error(400, body))


def test_chatgpt_tells_when_there_is_more() -> None:
    """As seconds, and not to be waited for."""
    body = {"error": {"type": "usage_limit_reached", "message": "No.", "resets_in_seconds": 90}}
    found = error(429, body)

    assert isinstance(found, QuotaExceededError)
    assert 90 == found.retry_after
