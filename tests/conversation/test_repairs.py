"""A request that is refused is asked in another way where that makes sense, once, and that is learned."""

from __future__ import annotations

import pytest

from codex_magic.config import DEFAULT_MODEL, SUCCESSORS
from codex_magic.conversation.turns import State
from tests.fake_service import Answer, FakeService, error, events, failed, in_stream_error
from tests.fake_service.asking import connect
from tests.fake_service.errors import Json
from tests.fake_service.exchange import Recorded
from tests.fake_service.service import default_answer

from .talking import MODEL, OURS, STATES, Talk, asked, at, body, kinds, refusals, seen

LOST = "The service no longer has the conversation: the history was sent instead."
STATELESS = "The service keeps no state: the history was sent instead."
UNSEALED = "The service could not read its earlier reasoning: asked again without it."
NO_SUMMARY = "No reasoning summary: the service refuses it here."
BAD_SEAL = error(400, "invalid_encrypted_content", "The encrypted content could not be verified.")


def test_a_summary_that_is_refused_is_left_out(talk: Talk) -> None:
    """An organisation that is not verified gets its answers all the same, and one notice."""
    with FakeService(verified=False) as service:
        first, second = (talk.ask(service, prompt) for prompt in ("One", "Two"))

    assert ([NO_SUMMARY], []) == (first.notices, second.notices)
    assert "completed" == second.turn.status
    assert 3 == len(asked(service))
    assert "reasoning" not in body(service)
    assert ["reasoning.encrypted_content"] == body(service)["include"]


def test_a_summary_that_the_user_asked_for_is_not_left_out(talk: Talk) -> None:
    """What somebody wants and cannot have is an error, not a silence."""
    with FakeService(verified=False) as service:
        found = talk.ask(service, ours=OURS - {"reasoning.summary"})

    assert found.error is not None
    assert "must be verified" in found.error
    assert 1 == len(asked(service))


@pytest.mark.parametrize("state", STATES)
def test_a_model_that_does_not_reason(talk: Talk, service: FakeService, state: State) -> None:
    """Its refusals are learned, for it alone."""
    for prompt in ("One", "Two"):
        assert None is talk.ask(service, prompt, model="gpt-4.1", state=state).error
    before = len(refusals(service))
    talk.ask(service, "Three", model="gpt-4.1", state=state)
    plain = body(service)
    talk.ask(service, "Four", state=state)

    assert before == len(refusals(service)) <= 2
    assert {"reasoning", "include"}.isdisjoint(plain)
    assert {"summary": "auto"} == body(service)["reasoning"]
    users = [said for said in seen(service) if said[0] == "u"]
    assert ["u: One", "u: Two", "u: Three", "u: Four"] == users


def test_other_fields_beside_a_refused_one_stay(talk: Talk) -> None:
    """Only the field that is refused goes."""
    params = {"reasoning": {"summary": "auto", "effort": "low"}}
    with FakeService(verified=False) as service:
        talk.ask(service, params=params)

    assert {"effort": "low"} == body(service)["reasoning"]


@pytest.mark.parametrize(
    ("message", "param", "gone"),
    [
        ("Unknown parameter: 'store'.", "store", {"store"}),
        ("Unsupported parameter: store", None, {"store"}),
        ("Unexpected fields in the request: {'store', 'include'}", None, {"store", "include"}),
        ("Items are not persisted when `store` is set to false.", "input", set()),
        ("Unknown parameter: 'vector_store'.", "vector_store", set()),
        ("Please include a question.", "input", set()),
    ],
)
def test_only_the_field_that_is_meant_goes(
    talk: Talk, service: FakeService, message: str, param: str | None, gone: set[str]
) -> None:
    """A word in an error is no refusal of the field; ``store`` above all must not be lost so."""
    refused = error(400, "invalid", message, param=param)
    service.enqueue(*[refused] * max(len(gone), 1))
    found = talk.ask(service)

    assert (not gone) == (found.error is not None)
    assert gone == {"store", "include"} - set(body(service))
    assert [] == found.notices


def forget(service: FakeService) -> None:
    """Delete every response that a service has stored."""
    with connect(service) as client:
        for response_id in list(service.responses):
            assert client.delete(f"/responses/{response_id}").is_success


@pytest.mark.parametrize("code", ["previous_response_not_found", None])
def test_a_lost_response_is_replayed(talk: Talk, service: FakeService, code: str | None) -> None:
    """What the service no longer has is sent again, once, with a notice."""
    talk.ask(service, "One", state="previous_response_id")
    talk.ask(service, "Two", state="previous_response_id")
    if code:
        forget(service)
    else:
        zdr = "Previous response cannot be used for this organization due to Zero Data Retention."
        service.enqueue(error(400, None, zdr))
    third = talk.ask(service, "Three", state="previous_response_id")
    fourth = talk.ask(service, "Four", state="previous_response_id")

    assert (None, [LOST], []) == (third.error, third.notices, fourth.notices)
    users = [said for said in seen(service) if said[0] == "u"]
    assert ["u: One", "u: Two", "u: Three", "u: Four"] == users
    assert 1 == len(refusals(service))


def test_a_lost_conversation_begins_anew(talk: Talk, service: FakeService) -> None:
    """A conversation that was deleted is made again from the transcript, and goes on."""
    talk.ask(service, "One", state="conversation")
    service.conversations.clear()
    second = talk.ask(service, "Two", state="conversation")
    third = talk.ask(service, "Three", state="conversation")

    assert (None, [LOST], []) == (second.error, second.notices, third.notices)
    users = [said for said in seen(service) if said[0] == "u"]
    assert ["u: One", "u: Two", "u: Three"] == users
    assert (1, 1) == (len(service.conversations), len(body(service)["input"]))


@pytest.mark.parametrize("profile", ["llama.cpp", "ollama", "openrouter"])
@pytest.mark.parametrize("state", STATES)
def test_a_service_that_keeps_nothing(talk: Talk, profile: str, state: State) -> None:
    """Whether it refuses a mode or ignores it: no word is shown before the history was sent."""
    answer = without_echo if profile == "ollama" else default_answer
    with FakeService(profile, answer=answer) as service:
        there = at(service, "unknown")
        found = [talk.ask(there, prompt, state=state) for prompt in ("One", "Two", "Three")]
        lines = [said for said in seen(service) if said[0] == "u"]

    assert [None] * 3 == [one.error for one in found]
    assert ["u: One", "u: Two", "u: Three"] == lines
    notices = [notice for one in found for notice in one.notices]
    assert ([] if state == "stateless" else 1) in (notices, len(notices))
    assert set(notices) <= {STATELESS, LOST}
    assert [] == found[2].notices
    # Every word that was shown is a word of the answer that counts.
    assert all(one.turn.text.startswith("Seen") for one in found)


def without_echo(context: list[Json], body: Json) -> Answer:
    """
    The answer of a service that reads no ``previous_response_id``: it does not repeat it either.

    https://github.com/ollama/ollama/blob/main/openai/responses.go
    """
    said = default_answer(context, body).output[-1]["text"]
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress"}
    part = {"type": "output_text", "text": said, "annotations": []}
    response = {"id": "resp_1", "model": body["model"], "previous_response_id": None}
    whole = {**item, "status": "completed", "content": [part]}
    started = {**response, "status": "in_progress", "output": []}
    return events(
        [
            {"type": "response.created", "response": started},
            {"type": "response.output_item.added", "item": {**item, "content": []}},
            {"type": "response.output_text.delta", "item_id": "msg_1", "delta": said},
            {"type": "response.output_item.done", "item": whole},
            {
                "type": "response.completed",
                "response": {**response, "status": "completed", "output": [whole]},
            },
        ]
    )


@pytest.mark.parametrize("state", STATES)
def test_a_service_that_is_known_to_keep_nothing(talk: Talk, state: State) -> None:
    """llama.cpp gets the history from the start, and nothing that it does not know."""
    with FakeService("llama.cpp") as service:
        there = at(service, "llama.cpp")
        found = [talk.ask(there, prompt, state=state) for prompt in ("One", "Two", "Three")]

    assert [([], None)] * 3 == [(one.notices, one.error) for one in found]
    assert [] == refusals(service)
    assert ["u: One", "u: Two", "u: Three"] == [said for said in seen(service) if said[0] == "u"]
    omitted = {"store", "include", "reasoning", "previous_response_id", "conversation"}
    assert omitted.isdisjoint(body(service))
    assert "reasoning" in kinds(body(service)["input"])


def test_reasoning_that_cannot_be_read_is_left_out(talk: Talk, service: FakeService) -> None:
    """It is asked again without, and for the rest of the kernel's life none is sent."""
    talk.ask(service, "One")
    service.enqueue(BAD_SEAL)
    second = talk.ask(service, "Two")
    third = talk.ask(service, "Three")

    assert (None, [UNSEALED], []) == (second.error, second.notices, third.notices)
    assert "reasoning" in kinds(body(service, 1)["input"])
    assert "reasoning" not in kinds(body(service, 2)["input"])
    assert "reasoning" not in kinds(body(service, 3)["input"])
    assert 4 == len(asked(service))


def test_reasoning_is_not_left_out_for_ever(talk: Talk, service: FakeService) -> None:
    """A service that goes on complaining is believed: the user hears of it."""
    service.enqueue(*[BAD_SEAL] * 5)
    found = talk.ask(service)

    assert ("failed", 2) == (found.turn.status, len(asked(service)))


def test_a_chain_goes_on_where_reasoning_cannot_be_read(talk: Talk, service: FakeService) -> None:
    """What the service keeps is not lost because of what it cannot read."""
    talk.ask(service, "One")
    service.enqueue(BAD_SEAL)
    talk.ask(service, "Two", state="previous_response_id")
    talk.ask(service, "Three", state="previous_response_id")

    assert 1 == len(body(service)["input"])
    assert body(service)["previous_response_id"] == talk.conversation.turns[1].response_id


@pytest.mark.parametrize(
    "refused",
    [
        error(429, "insufficient_quota", "You exceeded your quota.", type="insufficient_quota"),
        error(401, "invalid_api_key", "Incorrect API key provided."),
        error(400, "context_length_exceeded", "Your input exceeds the context window."),
        error(400, "invalid_value", "Something else is wrong.", param="input"),
        failed("insufficient_quota", "You exceeded your quota."),
    ],
)
@pytest.mark.parametrize("state", STATES)
def test_what_nothing_repairs_is_told_at_once(
    talk: Talk, service: FakeService, state: State, refused: object
) -> None:
    """One request, one line, no loss: the question is on record and the next one works."""
    talk.ask(service, "One", state=state)
    service.enqueue(refused)  # type: ignore[arg-type]
    second = talk.ask(service, "Two", state=state)
    before = len(asked(service))
    third = talk.ask(service, "Three", state=state)

    assert ("failed", 2, 0) == (second.turn.status, before, second.retries)
    assert second.turn.error
    assert ["One", "Two", "Three"] == [turn.prompt for turn in talk.conversation.turns]
    assert ["u: One", "u: Three"] == [said for said in seen(service) if said[0] == "u"]
    assert (None, []) == (third.error, third.notices)


def test_a_response_that_was_cancelled_is_no_answer(talk: Talk, service: FakeService) -> None:
    """Somebody stopped it at the service: that is said, and its words are kept."""
    part = {"type": "output_text", "text": "Half of", "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "content": [part]}
    response = {"id": "resp_1", "status": "cancelled", "output": [item]}
    service.enqueue(events([{"type": "response.cancelled", "response": response}]))
    found = talk.ask(service, "One")

    assert ("interrupted", "Half of") == (found.turn.status, found.turn.text)
    assert "The response is cancelled." == found.error


def test_a_key_that_cannot_be_one(talk: Talk, service: FakeService) -> None:
    """Nothing is sent, the error says where the key comes from, and the question is on record."""
    there = at(service)
    bad = type(there)(there.backend, there.base_url, "sk-two\nlines", "a test")
    found = talk.ask(bad, "One")
    second = talk.ask(service, "Two")

    assert found.error is not None
    assert "a test" in found.error
    assert "sk-two" not in found.error
    assert 1 == len(service.requests)
    assert ["One", "Two"] == [turn.prompt for turn in talk.conversation.turns]
    assert None is second.error


@pytest.mark.parametrize("state", STATES)
def test_a_conversation_that_is_locked_is_waited_for(
    talk: Talk, service: FakeService, state: State
) -> None:
    """Another process may hold it for a moment."""
    talk.ask(service, "One", state=state)
    locked = "Another process is currently operating on this conversation."
    service.enqueue(error(400, "conversation_locked", locked, param="conversation"))
    second = talk.ask(service, "Two", state=state)

    assert (None, 1, []) == (second.error, second.retries, second.notices)


@pytest.mark.parametrize("state", STATES)
def test_a_service_that_fails_may_have_taken_the_question(
    talk: Talk, service: FakeService, state: State
) -> None:
    """After a 500 nothing is known of what it keeps: its conversation is begun anew."""
    talk.ask(service, "One", state=state)
    service.enqueue(error(500, "server_error", "It fell over.", type="server_error"))
    second = talk.ask(service, "Two", state=state, retries=0)
    talk.ask(service, "Three", state=state)

    assert ("failed", "It fell over.") == (second.turn.status, (second.error or "")[:13])
    assert ["u: One", "u: Three"] == [said for said in seen(service) if said[0] == "u"]
    assert (2 if state == "conversation" else 0) == len(service.conversations)


def test_a_passing_failure_in_mid_stream(talk: Talk, service: FakeService) -> None:
    """Before the first word it is asked again, once."""
    service.enqueue(in_stream_error(code="server_error"), failed("server_is_overloaded", "Busy."))
    found = talk.ask(service, "One")

    assert ("failed", "Busy.", 2) == (found.turn.status, found.error, len(asked(service)))


def test_experience_is_of_one_service(talk: Talk) -> None:
    """What one service refuses is still sent to another."""
    with FakeService(verified=False) as one, FakeService() as other:
        talk.ask(one, "One")
        talk.ask(other, "Two")

    assert {"summary": "auto"} == body(other)["reasoning"]
    assert [] == refusals(other)
    assert MODEL == body(other)["model"]


def test_several_repairs_in_one_question(talk: Talk) -> None:
    """A retired model, and a service that refuses its summary and has lost the conversation."""
    with FakeService(verified=False) as service:
        given = {"model": DEFAULT_MODEL, "successors": SUCCESSORS, "state": "previous_response_id"}
        talk.ask(service, "One", model=MODEL, params={}, state="previous_response_id")
        forget(service)
        found = talk.ask(service, "Two", **given)

    assert None is found.error
    assert {LOST, NO_SUMMARY} <= set(found.notices)
    assert ["u: One", "u: Two"] == [said for said in seen(service) if said[0] == "u"]
    tried: list[Recorded] = asked(service)[1:]
    assert [404, 400, 400, 200] == [request.status for request in tried]
