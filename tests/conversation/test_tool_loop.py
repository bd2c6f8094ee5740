"""Rounds of calls against a service that checks every request, with the client that sends them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest

from codex_magic.api.client import AsyncCodexClient
from codex_magic.api.items import Json
from codex_magic.conversation.approvals import CallLimits, CallRecord
from codex_magic.conversation.tool_calls import Answering, calls_in
from codex_magic.conversation.tool_finding import tools_for
from tests.fake_service import Answer, FakeService, calls, function_call, text

from .calling import Person, add, fail, in_time
from .test_tool_results import Drawing
from .tool_cases import FUNCTIONS

# One black pixel.
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


async def _talk(
    service: FakeService, *functions: Callable[..., Any], rounds: int = 5, images: bool = False
) -> tuple[str, list[CallRecord]]:
    """Ask a question, answer calls until there are none, and return the words and the calls."""
    box = tools_for(functions, {})
    limits = CallLimits(rounds=rounds)
    answering = Answering(box.functions, Person(), limits=limits, images=images)
    context: list[Json] = [{"type": "message", "role": "user", "content": "How much?"}]
    records: list[CallRecord] = []
    async with AsyncCodexClient(api_key=service.api_key, base_url=service.base_url) as client:
        for number in range(1, rounds + 2):
            response = await client.responses.create(
                model="gpt-5.4", input=context, tools=list(box.forms), store=False
            )
            answered = await answering.answer(calls_in(response.output), number)
            if not answered.items:
                return response.output_text, records
            context += [item.to_dict() for item in response.output]  # type: ignore[union-attr]
            context += answered.items
            records += answered.records
    return "", records


def _sent(service: FakeService) -> Json:
    body = service.requests[-1].body
    assert body is not None
    return body


def _statuses(records: list[CallRecord]) -> list[str]:
    return [record.status for record in records]


def test_a_model_corrects_itself(service: FakeService) -> None:
    """Malformed, unknown and failing calls go back to it as outputs that the service takes."""
    malformed = Answer(({"type": "function_call", "name": "add", "arguments": '{"a": '},))
    wrong = calls([("subtract", {"a": 1}), ("add", {"a": "one"}), ("fail", {"word": "x"})])
    service.enqueue(malformed, wrong, function_call("add", a=1, b=2), text("Three."))

    said, records = asyncio.run(in_time(_talk(service, add, fail)))

    assert "Three." == said
    assert ["invalid", "unknown", "invalid", "failed", "done"] == _statuses(records)
    assert "3" == _sent(service)["input"][-1]["output"]


def test_parallel_calls_go_back_together(service: FakeService) -> None:
    """Each output follows with its call's id, in the order of the calls."""
    service.enqueue(calls([("add", {"a": n}) for n in range(5)]), text("Done."))

    _, records = asyncio.run(in_time(_talk(service, add)))

    assert [str(n + 1) for n in range(5)] == [record.result for record in records]
    sent = _sent(service)["input"]
    asked = [item["call_id"] for item in sent if item["type"] == "function_call"]
    assert asked == [item["call_id"] for item in sent if item["type"] == "function_call_output"]


def test_a_model_that_never_ends_is_ended(service: FakeService) -> None:
    """After the last round it is told so, in a request that is as valid as the others."""
    service.enqueue(*[function_call("add", a=n) for n in range(4)])

    said, records = asyncio.run(in_time(_talk(service, add, rounds=3)))

    assert "" == said
    assert ["done", "done", "done", "limit"] == _statuses(records)


@pytest.mark.parametrize("images", [True, False])
def test_an_image_goes_back_where_the_service_takes_one(service: FakeService, images: bool) -> None:
    """Else the model reads that there was one."""

    def draw() -> Drawing:
        return Drawing(_PIXEL)

    service.enqueue(function_call("draw"), text("Nice."))

    said, _ = asyncio.run(in_time(_talk(service, draw, images=images)))

    assert "Nice." == said
    output = _sent(service)["input"][-1]["output"]
    assert isinstance(output, list) is images


def test_a_service_takes_all_the_signatures(service: FakeService) -> None:
    """A checker of another hand than ours finds nothing to refuse in any of the schemas."""
    named = {f"f{index}": case[0] for index, case in enumerate(FUNCTIONS)}
    service.enqueue(text("Hm."))
    forms = list(tools_for(named, named).forms)

    async def ask() -> str:
        async with AsyncCodexClient(api_key=service.api_key, base_url=service.base_url) as client:
            response = await client.responses.create(model="gpt-5.4", input="Hi", tools=forms)
            return response.output_text

    assert "Hm." == asyncio.run(in_time(ask()))
    assert forms == _sent(service)["tools"]
