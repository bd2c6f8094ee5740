"""Calls as models write them, and somebody who decides about them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from codex_magic.api.items import Json
from codex_magic.conversation.approvals import Call, Decision
from codex_magic.conversation.tool_calls import Answering, Calls, calls_in
from codex_magic.conversation.tools import tool_of

_PATIENCE = 60


@dataclass
class Person:
    """Somebody who decides about calls, and remembers what they were asked."""

    decision: Decision | Callable[[Call], Decision] = field(default_factory=lambda: Decision(True))
    asked: list[Call] = field(default_factory=list)

    async def __call__(self, call: Call) -> Decision:
        """Decide."""
        self.asked.append(call)
        return self.decision(call) if callable(self.decision) else self.decision


def a_call(name: str, arguments: str | Json, call_id: str = "call_1") -> Json:
    """Return an item that calls a function."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": text}


def a_request(arguments: str = '{"q": "cats"}') -> Json:
    """Return an item in which a server asks for approval."""
    return {
        "type": "mcp_approval_request",
        "id": "mcpr_1",
        "name": "search",
        "server_label": "docs",
        "arguments": arguments,
    }


def answering(*functions: Callable[..., Any], **given: Any) -> Answering:
    """Return the way in which calls of some functions are answered."""
    tools = {tool.name: tool for tool in map(tool_of, functions)}
    return replace(Answering(tools, Person()), **given)


def answered(answering: Answering, *items: Any, round: int = 1) -> Calls:
    """Return the calls among some items once they are answered."""
    calls = calls_in(items)
    asyncio.run(in_time(answering.answer(calls, round)))
    return calls


async def in_time(awaitable: Awaitable[Any]) -> Any:
    """Wait, but not for ever."""
    return await asyncio.wait_for(awaitable, _PATIENCE)


def outputs(calls: Calls) -> list[Any]:
    """Return what the model is told."""
    return [item["output"] for item in calls.items]


def statuses(calls: Calls) -> list[str]:
    """Return how each call ended."""
    return [record.status for record in calls.records]


def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


def fail(word: str) -> None:
    """Fail."""
    raise KeyError(word)
