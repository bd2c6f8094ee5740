"""The fake service keeps the rules of the real one."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import fake_service as fake
from tests.fake_service import Answer, FakeService
from tests.fake_service.answers import Chunking
from tests.fake_service.asking import (
    KEEP,
    MODEL,
    SAY,
    THINK,
    ask,
    connect,
    parsed,
    refused,
    said,
    stream,
    types,
    user,
)

STREAMS = sorted((Path(__file__).parent / "fixtures" / "streams").glob("*.sse"))


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


def test_models_are_listed(client: httpx.Client) -> None:
    """The live models have a date of shutdown, or none; the retired one is gone."""
    models = {model["id"]: model for model in client.get("/models").json()["data"]}

    assert models["gpt-5.1"]["shutdown_date"] == "2027-04-01"
    assert models["gpt-5.4-mini"] == client.get("/models/gpt-5.4-mini").json()
    assert client.get("/models/gpt-5.1-codex-mini").status_code == 404


@pytest.mark.parametrize("mode", ["replay", "previous_response_id", "conversation"])
def test_a_thread_is_kept(service: FakeService, client: httpx.Client, mode: str) -> None:
    """In each of the three ways, the second answer knows of the first turn."""
    if mode == "replay":
        first = ask(client, "One", **KEEP)
        second = ask(client, [user("One"), *first["output"], user("Two")], **KEEP)
    elif mode == "conversation":
        conversation = client.post("/conversations", json={}).json()["id"]
        first = ask(client, "One", conversation=conversation)
        second = ask(client, "Two", conversation={"id": conversation})
        assert {"id": conversation} == second["conversation"]
        assert len(service.conversations[conversation]["items"]) == 6
    else:
        first = ask(client, "One")
        second = ask(client, "Two", previous_response_id=first["id"])

    assert said(second).startswith("Seen 2 user messages. First: 'One'. Last: 'Two'. Assistant: ")
    assert len(service.requests[-1].context) == 4
    assert second["usage"]["input_tokens_details"]["cached_tokens"] > 0


def test_the_other_endpoints(client: httpx.Client) -> None:
    """Responses, their input, token counts, and conversations can be looked up."""
    response = ask(client, background=True)
    cancelled = client.post(f"/responses/{response['id']}/cancel").json()
    items = client.get(f"/responses/{response['id']}/input_items").json()
    count = client.post("/responses/input_tokens", json={"model": MODEL, "input": "Hello"})
    held = client.post("/conversations", json={"items": [user(str(n)) for n in range(3)]}).json()
    path = f"/conversations/{held['id']}"
    page = client.get(f"{path}/items", params={"limit": 2}).json()
    rest = client.get(f"{path}/items", params={"after": page["last_id"]}).json()

    assert (response["status"], cancelled["status"]) == ("queued", "cancelled")
    assert items["data"][0]["content"][0]["text"] == "Hello"
    assert count.json()["input_tokens"] > 0
    assert [[i["content"] for i in p["data"]] for p in (page, rest)] == [["2", "1"], ["0"]]
    assert (page["has_more"], rest["has_more"]) == (True, False)
    item = f"{path}/items/{rest['last_id']}"
    assert [client.request(m, item).status_code for m in ("GET", "DELETE", "GET")] == [
        200,
        200,
        404,
    ]
    assert client.post(path, json={"metadata": {"a": "b"}}).json()["metadata"] == {"a": "b"}
    assert client.delete(path).json()["deleted"]
    assert [client.get(path).status_code, client.get("/hologram").status_code] == [404, 404]
    assert client.post("/responses", content=b"{").status_code == 400


def test_events_come_in_the_real_order(client: httpx.Client, service: FakeService) -> None:
    """From created to completed, numbered, with everything in the end what the deltas said."""
    service.enqueue(fake.text("Hello there", reasoning="Hm"))
    events = stream(client, reasoning={"summary": "auto"}, **KEEP)
    final = events[-1]["response"]

    assert list(range(len(events))) == [event["sequence_number"] for event in events]
    assert types(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    done = [event["item"] for event in events if event["type"].endswith("item.done")]
    assert done == final["output"]
    assert events[2]["item"]["encrypted_content"] != done[0]["encrypted_content"]
    assert final["usage"]["output_tokens_details"]["reasoning_tokens"] == 64
    assert [events[2]["output_index"], events[-2]["output_index"]] == [0, 1]


ENDS: list[tuple[Answer, str]] = [
    (fake.failed("server_error", "No."), "failed"),
    (fake.incomplete("Half a"), "incomplete"),
    (fake.refusal("I would rather not."), "completed"),
    (fake.in_stream_error("nested"), "error"),
    (fake.in_stream_error("flat"), "error"),
    (fake.in_stream_error("bare"), "None"),
    # What has come to its end, and is not kept, would be lost without a word.
    (fake.in_stream_error("nested", after=99), "error"),
    (fake.events([{"type": "response.new"}]), "new"),
    (fake.text("Hello").eof_after(5), "output_text.delta"),
]


@pytest.mark.parametrize(("answer", "last"), ENDS)
def test_a_stream_ends_as_scripted(
    client: httpx.Client, service: FakeService, answer: Answer, last: str
) -> None:
    """Only what came to its end can be continued from."""
    service.enqueue(answer)

    assert last == types(stream(client))[-1]
    assert service.requests[0].finished
    assert (last in ("completed", "incomplete", "failed")) == bool(service.responses)


@pytest.mark.parametrize("size", [1, 7, "random", None])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_stream_can_be_cut_anywhere(
    client: httpx.Client, service: FakeService, size: Chunking, ending: str
) -> None:
    """The pieces change with the size, the events never."""
    service.enqueue(fake.text(SAY, reasoning=THINK).chunking(size).line_ending(ending))
    body = {"model": MODEL, "input": "Hello", "stream": True}
    with client.stream("POST", "/responses", json=body) as answer:
        pieces = list(answer.iter_raw())

    assert said(parsed(b"".join(pieces))[-1]["response"]) == SAY
    assert size != 1 or {1} == {len(piece) for piece in pieces}
    assert size != "random" or any(piece[-1] > 127 for piece in pieces)


def test_a_stream_can_be_dressed(client: httpx.Client, service: FakeService) -> None:
    """Comments, keepalives, bare data lines and [DONE] change nothing but the bytes."""
    service.enqueue(fake.text("Hi").with_comments().with_keepalives().with_done())
    service.enqueue(fake.text("Hi").without_event_lines().empty_output().without_usage())
    body = {"model": MODEL, "input": "Hello", "stream": True}
    dressed, bare = (client.post("/responses", json=body).content for _ in range(2))

    assert b": ping\n\n" in dressed
    assert b"event: keepalive\n\n" in dressed
    assert dressed.endswith(b"data: [DONE]\n\n")
    assert list(range(13)) == [event["sequence_number"] for event in parsed(dressed)]
    assert b"event:" not in bare
    final = parsed(bare)[-1]["response"]
    assert (final["output"], final["usage"]) == ([], None)


@pytest.mark.parametrize(
    "answer", [fake.text(SAY).cut_after(5), fake.text(SAY).cut_after_bytes(99)]
)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_connection_can_be_reset(
    client: httpx.Client, service: FakeService, answer: Answer, streamed: bool
) -> None:
    """The client sees an error in the middle of the body, and the next request works."""
    service.enqueue(answer)
    body = {"model": MODEL, "input": "Hello", "stream": streamed}
    with (
        client.stream("POST", "/responses", json=body) as reply,
        pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)),
    ):
        reply.read()

    assert not service.requests[0].finished
    ask(client)
    assert service.connections == 2


@pytest.mark.parametrize("slow", [fake.text(SAY).hold(after=5), fake.text(SAY).pause(5)])
def test_a_client_that_leaves_is_noticed(
    client: httpx.Client, service: FakeService, slow: Answer
) -> None:
    """Nothing of that turn is kept, and its conversation is open again."""
    service.enqueue(slow)
    conversation = client.post("/conversations", json={}).json()["id"]
    body = {"model": MODEL, "input": "Hello", "stream": True, "conversation": conversation}
    with client.stream("POST", "/responses", json=body) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        locked = refused(client, conversation=conversation)
    service.wait_until(lambda: service.requests[1].disconnected)

    assert (locked["status"], locked["param"]) == (400, "conversation")
    assert locked["code"] == "conversation_locked"
    assert (service.responses, service.conversations[conversation]["items"]) == ({}, [])
    ask(client, conversation=conversation)


def test_a_held_answer_goes_on_when_released(client: httpx.Client, service: FakeService) -> None:
    """Both a stream and a whole answer wait for the test."""
    for streamed, after in ((True, 3), (False, 0), (True, -1)):
        service.enqueue(fake.text("Hello").hold(after=after))
        service.release()
        client.post("/responses", json={"model": MODEL, "input": "Hello", "stream": streamed})

    assert [request.finished for request in service.requests] == [True, True, True]


def test_connections_are_kept_alive(client: httpx.Client, service: FakeService) -> None:
    """One connection serves streams, whole answers and errors in turn."""
    stream(client)
    ask(client)
    refused(client, colour="red")
    ask(client)

    assert service.connections == 1
    assert [request.status for request in service.requests] == [200, 200, 400, 200]
    assert service.wait_for_request(4) is service.requests[3]


def test_other_http_answers(client: httpx.Client, service: FakeService) -> None:
    """Errors with headers, pages, and any bytes can be scripted."""
    slow = fake.error(429, "rate_limit_exceeded", "Slow down.", headers={"retry-after": "1"})
    service.enqueue(slow, fake.error(400, None, "", body={"detail": "No."}))
    service.enqueue(fake.html(502, "<h1>Bad gateway</h1>"), fake.raw(b"data: {}\n\n"))
    body = {"model": MODEL, "input": "Hello"}
    limited, detail, page, data = (client.post("/responses", json=body) for _ in range(4))

    assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
    assert detail.json() == {"detail": "No."}
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert data.content == b"data: {}\n\n"


def test_llama_cpp_has_its_own_shape() -> None:
    """No numbers or indices, raw reasoning text, integer codes, no history."""
    with FakeService("llama.cpp", api_key=None) as service, connect(service) as client:
        service.enqueue(fake.text(SAY, reasoning=THINK))
        events = stream(client, model="any", store=True)
        chained = refused(client, previous_response_id="resp_1")
        untyped = refused(client, [{"role": "assistant", "content": "Hi"}])

    assert not {"sequence_number", "output_index", "content_index"} & {k for e in events for k in e}
    assert {"id", "object", "status"} == set(events[0]["response"])
    assert "reasoning_text.delta" in types(events)
    assert types(events)[-2:] == ["output_item.done", "completed"]
    assert (chained["code"], untyped["code"]) == (400, 400)
    assert untyped["message"] == "Cannot determine type of 'item'"


def test_ollama_forgets_in_silence() -> None:
    """The previous response is ignored, and ids repeat."""
    with FakeService("ollama", api_key=None) as service, connect(service) as client:
        first, second = ask(client, "One"), ask(client, "Two", previous_response_id="resp_424242")
        service.enqueue(fake.text(SAY, reasoning=THINK))
        events = stream(client)

    assert first["id"] == second["id"]
    assert said(second) == "Seen 1 user messages. First: 'Two'. Last: 'Two'."
    assert "reasoning_summary_part.added" not in types(events)
    assert "reasoning_summary_text.delta" in types(events)


def test_openrouter_keeps_nothing() -> None:
    """No state is accepted, comments keep streams alive, failures hide in a 200 answer."""
    with FakeService("openrouter") as service, connect(service) as client:
        service.enqueue(fake.failed("server_error", "Provider error."), fake.text("Hi"))
        body = {"model": "openai/gpt-5.1", "input": "Hello", "stream": True}
        failure, answer = (client.post("/responses", json=body) for _ in range(2))

        assert [
            refused(client, store=True)["code"],
            refused(client, previous_response_id="r")["code"],
        ] == [400, 400]
    assert (*(failure.status_code, failure.json()),) == (
        200,
        {"error": {"code": 502, "message": "Provider error."}},
    )
    assert answer.text.startswith(": OPENROUTER PROCESSING\n\n")


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_stream_files_are_readable(path: Path) -> None:
    """Every data line is JSON, and the file is in the README."""
    stream = path.read_bytes()
    broken = path.stem == "truncated"
    events = parsed(stream[: stream.rindex(b"event: ")] if broken else stream)

    # ChatGPT says first how much of a plan is used.
    assert "response.created" in [event["type"] for event in events[:2]]
    assert broken == (not stream.endswith(b"\n\n"))
    assert f"`{path.name}`" in (path.parent / "README.md").read_text(encoding="utf-8")


PLAIN = [
    "reasoning_then_text",
    "llama_cpp",
    "ollama",
    "litellm",
    "vllm",
    "azure",
    "openrouter",
    "lmstudio",
    "transformers",
    "keepalive",
    "unknown_events",
]


@pytest.mark.parametrize("name", PLAIN)
def test_the_variants_tell_the_same(name: str) -> None:
    """Each service says the plain case in its own shape."""
    path = next(path for path in STREAMS if path.stem == name)
    events = parsed(path.read_bytes())
    spoken = "".join(e["delta"] for e in events if e.get("type") == "response.output_text.delta")
    final = events[-1]["response"]
    thought = final["output"][0]

    assert (spoken, said(final)) == (SAY, SAY)
    assert (thought["summary"] or thought["content"])[0]["text"] == THINK


def test_odd_text_is_odd() -> None:
    """The characters that break line splitters are there as they are."""
    path = next(path for path in STREAMS if path.stem == "odd_text")
    raw = path.read_bytes()

    assert all(char.encode() in raw for char in "\u2028\u2029\u0085")
    assert b"\\u0000" in raw
    assert "\n\ndata: " in said(parsed(raw)[-1]["response"])


def test_nothing_is_left_behind() -> None:
    """Closing ends every thread, even while a client still waits."""
    before = threading.active_count()
    with FakeService() as service, connect(service) as client:
        service.enqueue(fake.text("Hello").hold())
        body = {"model": MODEL, "input": "Hello", "stream": True}
        with client.stream("POST", "/responses", json=body):
            service.close()

    assert before == threading.active_count()
    assert service.requests[0].disconnected


def test_it_runs_standalone() -> None:
    """The first line it prints is its base URL; a demonstration is answered richly."""
    command = [sys.executable, "-m", "tests.fake_service", "--pause", "0"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url, key = (process.stdout.readline().strip() for _ in range(2))
        headers = {"authorization": f"Bearer {key}"}
        with httpx.Client(base_url=base_url, headers=headers, trust_env=False) as client:
            answer = ask(client, "Show me a demo, please")
        process.terminate()

    assert all(part in said(answer) for part in ("## ", "**", "| ", "```python", r"\(", r"\["))
