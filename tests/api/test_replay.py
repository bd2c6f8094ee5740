"""What of an earlier item a later request may carry, and that the service takes it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from codex_magic.api.backends import AZURE, BACKENDS, LLAMA_CPP, OPENAI, UNKNOWN, Backend
from codex_magic.api.items import Json
from codex_magic.api.replay import replay
from tests import fake_service as fake
from tests.fake_service import FakeService
from tests.fake_service.asking import KEEP, SAY, THINK

from .clients import QUESTION, connect

USER: Json = {"type": "message", "role": "user", "content": "Hi", "id": "msg_0", "status": "x"}
SAID: Json = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "phase": "final_answer",
    "content": [
        {"type": "output_text", "text": "Hello", "annotations": [{"type": "x"}], "logprobs": []},
        {"type": "refusal", "refusal": "No.", "x": 1},
        {"type": "hologram"},
    ],
}
SEALED: Json = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "Hm."}],
    "encrypted_content": "sealed",
    "content": [{"type": "reasoning_text", "text": "Hm!"}],
    "status": "completed",
}
CALL: Json = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "c",
    "name": "f",
    "arguments": '{ "a":1}',
    "status": "completed",
    "parsed_arguments": {"a": 1},
}
OUTPUT: Json = {"type": "function_call_output", "id": "o", "call_id": "c", "output": "7"}
SEARCH: Json = {"type": "web_search_call", "id": "ws_1", "status": "completed", "created_by": "me"}
REFERENCE: Json = {"type": "item_reference", "id": "msg_9"}
COMPACTION: Json = {"type": "compaction", "id": "cmp_1", "encrypted_content": "sealed"}
BACKEND = pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)


def only(item: Json, *names: str) -> Json:
    """Return an item with these of its fields."""
    return {name: item[name] for name in ("type", *names)}


def test_a_message_of_the_user_goes_back_bare() -> None:
    """Only role and content, with the type that llama.cpp insists on, given or not."""
    untyped = {"role": "developer", "content": [{"type": "input_text", "text": "x"}]}

    assert [
        only(USER, "role", "content"),
        {"type": "message", **untyped},
    ] == replay([USER, untyped], OPENAI)


def test_an_answer_goes_back_without_its_ids() -> None:
    """Text and refusals stay, with the phase; what only an answer has does not."""
    (form,) = replay([SAID], OPENAI)

    assert {
        "type": "message",
        "role": "assistant",
        "phase": "final_answer",
        "content": [
            {"type": "output_text", "text": "Hello", "annotations": []},
            {"type": "refusal", "refusal": "No."},
        ],
    } == form


def test_an_answer_goes_back_as_plain_text_where_parts_are_trouble() -> None:
    """What an unknown service takes for sure is a string; a phase it may refuse."""
    assert [{"type": "message", "role": "assistant", "content": "HelloNo."}] == replay(
        [SAID], UNKNOWN
    )
    text = {"role": "assistant", "content": "Hello"}
    assert [{"type": "message", **text}] == replay([text], OPENAI)


def test_a_call_goes_back_with_its_output() -> None:
    """The arguments are the very text that the model wrote."""
    assert [
        only(CALL, "call_id", "name", "arguments"),
        only(OUTPUT, "call_id", "output"),
    ] == replay([CALL, OUTPUT], OPENAI)


def test_sealed_reasoning_goes_back_to_who_sealed_it() -> None:
    """With its id and summary, and without the content that the API refuses."""
    kept = only(SEALED, "id", "summary", "encrypted_content")

    assert kept == replay([SEALED, SAID], OPENAI)[0]
    assert kept == replay([SEALED, CALL, OUTPUT], AZURE)[0]
    assert 1 == len(replay([SEALED, SAID], OPENAI, same_model=False))


@pytest.mark.parametrize(
    "lack", [{"encrypted_content": ""}, {"encrypted_content": None}, {"id": None}]
)
def test_reasoning_without_its_seal_is_left_out(lack: Json) -> None:
    """An id that nobody stored means nothing to the service."""
    assert 1 == len(replay([{**SEALED, **lack}, SAID], OPENAI))


def test_plain_reasoning_goes_back_where_it_is_wanted() -> None:
    """llama.cpp takes the thoughts themselves, and refuses an item without any."""
    empty = {**SEALED, "content": [{"type": "reasoning_text", "text": ""}]}

    assert SEALED["content"] == replay([SEALED, SAID], LLAMA_CPP)[0]["content"]
    assert 1 == len(replay([empty, SAID], LLAMA_CPP))
    assert 1 == len(replay([{**SEALED, "content": None}, SAID], LLAMA_CPP))


def test_reasoning_is_dropped_where_nothing_is_known() -> None:
    """A backend may say so."""
    backend = Backend("plain", "a plain service", reasoning="drop")

    assert 1 == len(replay([SEALED, SAID], backend))


@pytest.mark.parametrize(
    "items", [[SEALED], [SEALED, USER], [SEALED, OUTPUT], [SEALED, SEALED, REFERENCE]]
)
def test_reasoning_alone_is_left_out(items: list[Json]) -> None:
    """The service refuses it without the message or the call that it led to."""
    assert "reasoning" not in [item["type"] for item in replay(items, OPENAI)]


def test_several_thoughts_may_lead_to_one_answer() -> None:
    """They all stay."""
    other = {**SEALED, "id": "rs_2"}

    assert ["rs_1", "rs_2"] == [i.get("id") for i in replay([SEALED, other, SAID], OPENAI)[:2]]


@BACKEND
def test_a_call_without_output_is_answered(backend: Backend) -> None:
    """An interrupt may have come between; parallel calls each get their own."""
    other = {**CALL, "call_id": "d"}
    forms = replay([CALL, other, OUTPUT], backend)

    pairs = [(item["type"], item["call_id"]) for item in forms]
    assert [
        ("function_call", "c"),
        ("function_call", "d"),
        ("function_call_output", "d"),
        ("function_call_output", "c"),
    ] == pairs
    assert "not run" in forms[2]["output"]


@BACKEND
def test_an_output_without_call_is_left_out(backend: Backend) -> None:
    """So is a reference to an item that only the service could know."""
    custom = {"type": "custom_tool_call_output", "call_id": "c", "output": "7"}

    assert [] == replay([OUTPUT, REFERENCE], backend)
    assert ["function_call", "function_call_output"] == [
        item["type"] for item in replay([CALL, custom, OUTPUT], backend)
    ]


def test_custom_tools_are_paired_too() -> None:
    """Their input is text instead of JSON."""
    call = {"type": "custom_tool_call", "id": "x", "call_id": "c", "name": "f", "input": "a b"}

    forms = replay([call], OPENAI)

    assert only(call, "call_id", "name", "input") == forms[0]
    assert ("custom_tool_call_output", "c") == (forms[1]["type"], forms[1]["call_id"])


def test_items_of_the_services_own_tools_go_back_to_it_alone() -> None:
    """To another service, or another model, they mean nothing."""
    assert [only(SEARCH, "id", "status"), COMPACTION] == replay([SEARCH, COMPACTION], OPENAI)
    assert [] == replay([SEARCH, COMPACTION], OPENAI, same_model=False)
    assert [] == replay([SEARCH, COMPACTION], LLAMA_CPP)


def test_what_is_replayed_is_not_changed() -> None:
    """The history stays what it was."""
    items = [USER, SEALED, SAID, CALL, OUTPUT, SEARCH]
    before = repr(items)

    replay(items, OPENAI)

    assert before == repr(items)


def turn(service: FakeService, **params: Any) -> list[Json]:
    """Return the items of a turn with reasoning, two calls, outputs, and an answer."""
    calls = fake.calls([("add", {"a": 3}), ("city", {"name": "Zürich"})], reasoning=THINK)
    service.enqueue(calls, fake.text(SAY, reasoning=THINK, phase="final_answer"))
    with connect(service) as client:
        asked = [{"role": "user", "content": "Hello"}]
        first = client.responses.create(**{**QUESTION, "input": asked}, **params).to_dict()
        outputs = [
            {"type": "function_call_output", "call_id": item["call_id"], "output": "7"}
            for item in first["output"]
            if item["type"] == "function_call"
        ]
        history = [*asked, *first["output"], *outputs]
        second = client.responses.create(**{**QUESTION, "input": history}, **params).to_dict()
    return [*history, *second["output"]]


@pytest.mark.parametrize("cut", range(8))
def test_the_service_takes_what_is_left_of_a_turn(service: FakeService, cut: int) -> None:
    """Wherever history is cut, at its head or its tail, the request is not refused."""
    items = turn(service, **KEEP)
    ends = [items[:cut], items[cut:]]

    with connect(service, backend="openai") as client:
        for history in ends:
            asked = [*replay(history, OPENAI), {"role": "user", "content": "And?"}]
            answer = client.responses.create(**{**QUESTION, **KEEP, "input": asked})
            assert "completed" == answer.status
            assert asked == (service.requests[-1].body or {})["input"]


def test_the_service_takes_what_is_left_when_any_two_items_are_gone(service: FakeService) -> None:
    """Hidden and deleted items leave no orphans."""
    items = turn(service, **KEEP)

    with connect(service, backend="openai") as client:
        for gone in combinations(range(len(items)), 2):
            left = [item for number, item in enumerate(items) if number not in gone]
            asked = [*replay(left, OPENAI), {"role": "user", "content": "And?"}]
            assert client.responses.create(**{**QUESTION, **KEEP, "input": asked}).id


@pytest.mark.parametrize("profile", ["llama.cpp", "ollama", "openrouter"])
@pytest.mark.parametrize("backend", [LLAMA_CPP, UNKNOWN], ids=["llama.cpp", "unknown"])
def test_other_services_take_it_too(profile: str, backend: Backend) -> None:
    """What one service answered can be carried on at another."""
    with FakeService() as openai:
        items = turn(openai, **KEEP)
    asked = [*replay(items, backend, same_model=False), {"role": "user", "content": "And?"}]

    with FakeService(profile) as service, connect(service) as client:
        answer = client.responses.create(**{**QUESTION, "input": asked}, store=False)

    assert "completed" == answer.status
