"""The sync and the async client: the same requests, events, responses and errors."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import pytest

from codex_magic import (
    AsyncCodexClient,
    AsyncResponseStream,
    CodexClient,
    CodexError,
    ResponseStream,
)
from codex_magic.api.calls import AsyncCaller, Caller
from codex_magic.api.conversations import (
    AsyncConversationItems,
    AsyncConversations,
    ConversationItems,
    Conversations,
)
from codex_magic.api.items import Json, to_json
from codex_magic.api.models import AsyncModels, Models
from codex_magic.api.pages import AsyncPage, SyncPage
from codex_magic.api.response_inputs import (
    AsyncInputItems,
    AsyncInputTokens,
    InputItems,
    InputTokens,
)
from codex_magic.api.responses import AsyncResponses, Responses
from codex_magic.api.transport import AsyncIncoming, AsyncTransport, Incoming, Transport
from tests import fake_service as fake
from tests.fake_service import Answer, FakeService
from tests.fake_service.asking import SAY, THINK

from .clients import aconnect, connect, play

SOON = {"retry-after-ms": "1"}
WHOLE = fake.text(SAY, reasoning=THINK)
BUSY = fake.error(503, "server_is_overloaded", "Busy.", headers=SOON)
SCENARIOS: dict[str, list[Answer]] = {
    "plain": [WHOLE],
    "twice": [WHOLE, fake.text("Again.")],
    "default": [],
    "calls": [fake.calls([("add", {"a": 3}), ("city", {"name": "Zürich"})], reasoning=THINK)],
    "refusal": [fake.refusal("I would rather not.")],
    "incomplete": [fake.incomplete("Half a")],
    "incomplete and empty": [fake.incomplete("", reasoning=THINK)],
    "failed": [fake.failed("server_error", "No.", text="Let me")],
    "one retry": [BUSY, WHOLE],
    "a retry between": [WHOLE, BUSY, fake.text("Again.")],
    "given up": [BUSY, BUSY, BUSY],
    "quota": [fake.error(429, "insufficient_quota", "Pay.", headers=SOON)],
    "locked": [fake.error(400, "conversation_locked", "Wait.", headers=SOON), WHOLE],
    "detail": [fake.error(422, None, "", body={"detail": [{"msg": "bad"}]})],
    "empty error": [fake.error(400, None, "", body="")],
    "page": [fake.html(403, "<h1>No</h1>")],
    "page for an answer": [fake.html(200, "<h1>Hello</h1>")],
    "nested error": [fake.in_stream_error("nested", after=6)],
    "flat error": [fake.in_stream_error("flat", "rate_limit_exceeded", "Slow.", after=6)],
    "bare error": [fake.in_stream_error("bare", after=6)],
    "error in a success": [fake.raw(b'{"error":{"code":5,"message":"No."}}', "application/json")],
    "reset": [WHOLE.cut_after(12), WHOLE],
    "reset in an event": [WHOLE.cut_after_bytes(3000), WHOLE],
    "end": [WHOLE.eof_after(12), WHOLE],
    "no end": [WHOLE.hold(after=10**6)],
    "silence": [WHOLE.hold(after=-1), WHOLE],
    "silence between": [WHOLE.hold(after=12), WHOLE],
    "dressed": [WHOLE.with_comments().with_keepalives().with_done().line_ending("\r\n")],
    "bare": [WHOLE.without_event_lines().empty_output().without_usage().line_ending("\r")],
    "unknown": [fake.events([{"type": "response.new", "n": 1}])],
    "nothing": [fake.raw(b"")],
}
# What differs from one run of the service to the next: ids, seals, padding, and times.
CHANCE = re.compile(
    r"\b(?:resp|msg|rs|fc|call|conv|req|cmp)_[0-9a-f]{24,}|gAAAA[\w=-]+"
    r'|(?<="obfuscation": ")\w+|(?<=ed_at": )\d+|(?<=127\.0\.0\.1:)\d+'
    # The words of the operating system, which the libraries below pass on in their own way.
    r'|(?<= broke off: )[^"]+'
)


def drive(profile: str, answers: list[Answer], streamed: bool, asynchronous: bool) -> str:
    """Return what came of two requests, what the service saw, and over how many connections."""
    with FakeService(profile, cut=64) as service:
        service.enqueue(*answers)
        outcomes = play(
            service,
            2,
            asynchronous=asynchronous,
            streamed=streamed,
            max_retries=2,
            timeout=0.5,
            reasoning={"summary": "auto"},
            extra_headers={"X-A": "1"},
        )
        requests = [
            {"method": r.method, "path": r.path, "sent": r.raw.decode(), "headers": r.headers}
            for r in service.requests
        ]
        told = [asdict(outcome) for outcome in outcomes]
        return without_chance([told, requests, service.connections])


def without_chance(found: Json | list[Any]) -> str:
    """Return JSON as text in which what chance made is numbered in the order of appearance."""
    names: dict[str, str] = {}
    text = json.dumps(found, indent=1)

    def stable(chance: re.Match[str]) -> str:
        # Two moments may be the same one, or not.
        return "0" if chance[0].isdigit() else names.setdefault(chance[0], f"<{len(names)}>")

    return CHANCE.sub(stable, text)


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_both_clients_do_the_same(name: str, streamed: bool) -> None:
    """Through the same answers, each sends, sees and raises what the other does."""
    sync = drive("openai", SCENARIOS[name], streamed, False)

    assert sync == drive("openai", SCENARIOS[name], streamed, True)
    assert "response" in sync


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("profile", ["llama.cpp", "ollama", "openrouter"])
def test_both_clients_do_the_same_elsewhere(profile: str, streamed: bool) -> None:
    """At other services too."""
    answers = [WHOLE, fake.failed("server_error", "No.")]

    assert drive(profile, answers, streamed, False) == drive(profile, answers, streamed, True)


CALLS: list[Callable[[Any], Any]] = [
    lambda client: client.models.list(),
    lambda client: client.conversations.create(),
    lambda client: client.conversations.create(
        items=[{"type": "message", "role": "user", "content": "Hi"}], metadata={"a": "b"}
    ),
    lambda client: client.conversations.retrieve("conv_none"),
    lambda client: client.conversations.delete("conv_none"),
    lambda client: client.conversations.update("conv_none", metadata={"a": "b"}),
    lambda client: client.conversations.items.create("conv_none", items=[]),
    lambda client: client.conversations.items.list("conv_none", limit=3),
    lambda client: client.conversations.items.retrieve("msg_1", conversation_id="conv_none"),
    lambda client: client.conversations.items.delete("msg_1", conversation_id="conv_none"),
    lambda client: client.models.retrieve("gpt-5.1"),
    lambda client: client.models.retrieve("gpt-none", extra_query={"a": "b"}),
    lambda client: client.responses.retrieve("resp_none", include=["a"]),
    lambda client: client.responses.retrieve("resp_none", stream=True, starting_after=3),
    lambda client: client.responses.wait("resp_none"),
    lambda client: client.responses.cancel("resp_none"),
    lambda client: client.responses.delete("resp_none"),
    lambda client: client.responses.input_items.list("resp_none", order="asc"),
    lambda client: client.responses.input_tokens.count(input="Hello"),
    lambda client: client.responses.compact(model="gpt-5.1", input="Hello"),
]


@pytest.mark.parametrize("call", CALLS)
def test_the_other_resources_do_the_same(call: Callable[[Any], Any]) -> None:
    """Models and conversations, found and missing."""
    with FakeService() as service, connect(service) as client:
        told = answer(service, lambda: call(client))
    with FakeService() as service:
        assert told == answer(service, lambda: asyncio.run(asked(service, call)))


async def asked(service: FakeService, call: Callable[[Any], Awaitable[Any]]) -> Any:
    """Return what an asynchronous client gets."""
    async with aconnect(service) as client:
        return await call(client)


def answer(service: FakeService, call: Callable[[], Any]) -> str:
    """Return what a call gives or raises, and what the service saw of it."""
    try:
        found = to_json(call())
    except CodexError as error:
        found = repr(error)
    request = service.requests[0]
    sent = [request.method, request.path, request.query, request.raw.decode()]
    return without_chance([found, *sent])


# What the notebook's engine needs, which has one way: the asynchronous one.
ONLY_ASYNC = ("chunks", "from_options", "warm_up")
TWINS: list[tuple[type, type]] = [
    (CodexClient, AsyncCodexClient),
    (Responses, AsyncResponses),
    (Conversations, AsyncConversations),
    (ConversationItems, AsyncConversationItems),
    (InputItems, AsyncInputItems),
    (InputTokens, AsyncInputTokens),
    (Models, AsyncModels),
    (SyncPage, AsyncPage),
    (ResponseStream, AsyncResponseStream),
    (Caller, AsyncCaller),
    (Transport, AsyncTransport),
    (Incoming, AsyncIncoming),
]


@pytest.mark.parametrize(("sync", "twin"), TWINS, ids=lambda cls: cls.__name__)
def test_twins_have_the_same_methods(sync: type, twin: type) -> None:
    """The same names, with the same parameters and defaults."""
    assert methods(sync) == {
        name: parameters for name, parameters in methods(twin).items() if name not in ONLY_ASYNC
    }


def methods(cls: type) -> dict[str, list[tuple[str, Any]]]:
    """Return the public methods of a class, and what they take."""
    return {
        name: [(p.name, p.default) for p in inspect.signature(method).parameters.values()]
        for name, method in inspect.getmembers(cls, callable)
        if not name.startswith("_") or name == "__init__"
    }
