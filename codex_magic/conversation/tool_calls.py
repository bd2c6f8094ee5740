"""The calls of an answer, asked about and answered, so that the model can go on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from ..api.items import Json, to_json
from ..records import dataclass
from .approvals import (
    Approve,
    Call,
    CallLimits,
    CallRecord,
    Decision,
    Outcome,
    Run,
    Status,
    run_here,
)
from .tool_results import Output, failed, fitted, presented, text_in

if TYPE_CHECKING:
    from .tools import Tool

INTERRUPTED = "The user interrupted this call before it ended."
DECLINED = "The user declined this call."
_REQUEST = "mcp_approval_request"


@dataclass(slots=True)
class Calls:
    """
    The calls of one answer, and how each was answered; each has an answer at any time.

    Attributes:
        calls: The items that want an answer, in their order.
    """

    calls: Sequence[Json]
    _answers: dict[int, tuple[Output, Status]] = field(default_factory=dict)
    _records: dict[int, CallRecord] = field(default_factory=dict)

    @property
    def items(self) -> list[Json]:
        """What goes into the next request; a call that has not ended is told as interrupted."""
        return [
            _answer_item(item, *self._answers.get(index, (INTERRUPTED, "interrupted")))
            for index, item in enumerate(self.calls)
        ]

    @property
    def records(self) -> list[CallRecord]:
        """The calls as the user sees them."""
        return [self.record(index) for index in range(len(self.calls))]

    def record(self, index: int) -> CallRecord:
        """Return one call as the user sees it."""
        if index in self._records:
            return self._records[index]
        item = self.calls[index]
        return CallRecord(_name(item), _arguments(item), INTERRUPTED, 0.0, "interrupted")

    def answer(
        self, index: int, output: Output, status: Status, *, sent: str = "", seconds: float = 0.0
    ) -> None:
        """Keep how a call was answered."""
        item = self.calls[index]
        self._answers[index] = (output, status)
        self._records[index] = CallRecord(
            _name(item), sent or _arguments(item), text_in(output), seconds, status
        )


def calls_in(items: Iterable[Any]) -> Calls:
    """
    Return the calls among an answer's items that wait for an answer.

    >>> call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    >>> calls_in([{"type": "message"}, call]).items
    [{'type': 'function_call_output', 'call_id': 'c', 'output': 'The user interrupted this call before it ended.'}]
    """
    found = [item for each in items if isinstance(item := to_json(each), dict)]
    return Calls([item for item in found if _waits(item)])


@dataclass(frozen=True, slots=True)
class Answering:
    """
    How the calls of a question are answered.

    Attributes:
        tools: The functions, by name.
        approve: Asks the user.
        run: Runs a call.
        limits: How far calls may go.
        present: Makes text or parts of a result.
        clean: Takes secrets out of text.
        images: Whether the service takes images from a tool.
        tell: Hears of each call that was answered.
    """

    tools: Mapping[str, Tool[..., Any]]
    approve: Approve
    run: Run = run_here
    limits: CallLimits = field(default_factory=CallLimits)
    present: Callable[[str, Any], Output] = presented
    clean: Callable[[str], str] = str
    images: bool = False
    tell: Callable[[CallRecord], None] | None = None

    async def answer(self, calls: Calls, round: int = 1) -> Calls:
        """
        Ask about each call, run what was approved, and keep what the model is told.

        Every call is asked about before the first one runs; functions run in the model's order,
        those that are async beside each other. Where an interrupt ends this, ``calls`` says of
        the rest that it was interrupted: its items keep a history valid at any time.

        Args:
            calls: The calls, from ``calls_in``.
            round: Which round of calls of this question it is, from 1.

        Returns:
            ``calls``, for its ``items`` and ``records``.
        """
        answering = _Round(self, calls)
        if round > self.limits.rounds:
            answering.stop(self.limits.rounds)
            return calls
        wanted = [
            (index, call)
            for index, item in enumerate(calls.calls)
            if (call := answering.read(index, item)) is not None
        ]
        approved = [
            (index, agreed)
            for index, call in wanted
            if (agreed := await answering.agreed(index, call)) is not None
        ]
        for batch in _batches(approved):
            await _together([answering.finish(index, call) for index, call in batch])
        return calls


@dataclass(frozen=True, slots=True)
class _Round:
    """The calls of one answer on their way to their answers."""

    by: Answering
    calls: Calls

    def stop(self, rounds: int) -> None:
        """Answer every call with the end of the rounds."""
        said = (
            f"Not run: the limit of {rounds} rounds of calls is reached. Answer with what is known."
        )
        for index in range(len(self.calls.calls)):
            self.end(index, said, "limit")

    def read(self, index: int, item: Json) -> Call | None:
        """Return a call as it can be run, or answer what is wrong with it."""
        if item["type"] == _REQUEST:
            return _server_call(item)
        tool = self.by.tools.get(item["name"])
        if tool is None:
            known = ", ".join(self.by.tools) or "none"
            self.end(
                index,
                f"There is no function {item['name']!r}. The functions are: {known}.",
                "unknown",
            )
            return None
        call = Call(item["call_id"], tool.name, {}, tool)
        return self.valid(index, call, _arguments(item))

    def valid(self, index: int, call: Call, arguments: str) -> Call | None:
        """Return a call with its values, or answer what is wrong with its arguments."""
        from .tool_signatures import InvalidArguments, decoded_arguments  # Few answers call.

        assert call.tool is not None  # A server reads its own.
        try:
            given = decoded_arguments(arguments)
            values = call.tool.parameters.values(given)
        except InvalidArguments as exc:
            self.end(index, f"Invalid arguments for {call.name}: {exc}.", "invalid", sent=arguments)
            return None
        return replace(call, arguments=given, values=values)

    async def agreed(self, index: int, call: Call) -> Call | None:
        """Return a call that may run, with the user's arguments, or answer that it may not."""
        decision = await self.by.approve(call)
        if not decision.approved:
            said = f"{DECLINED} {decision.reason}".strip()
            self.end(index, said, "declined")
            return None
        edited = decision.arguments not in (None, call.arguments)
        if call.tool is None:
            self.approved_server(index, decision if edited else None)
            return None
        if not edited:
            return call
        return self.valid(index, replace(call, edited=True), json.dumps(decision.arguments))

    def approved_server(self, index: int, edited: Decision | None) -> None:
        """Approve a server's call; one with other arguments has to come from the model."""
        if edited is None:
            self.end(index, "Approved.", "done")
            return
        wanted = json.dumps(edited.arguments, ensure_ascii=False)
        self.end(index, f"{DECLINED} Call it with these arguments: {wanted}", "declined")

    async def finish(self, index: int, call: Call) -> None:
        """Run a call and answer it."""
        assert call.tool is not None  # A server's call is answered by the approval.
        started = time.monotonic()
        seconds = call.tool.timeout or self.by.limits.seconds
        output: Output
        status: Status
        try:
            async with asyncio.timeout(seconds) as limit:
                outcome = await self.by.run(call)
        except TimeoutError as exc:
            outcome = Outcome(error=exc)
        # The function's, where a port lets it through.
        except Exception as exc:
            outcome = Outcome(error=exc)
        if limit.expired():
            output, status = f"Given up after {seconds:g} seconds.", "timeout"
        else:
            output, status = self.told(call, outcome)
        sent = json.dumps(call.arguments, ensure_ascii=False)
        if call.edited:
            output = _beside(output, f"The user changed the arguments to {sent}.")
        self.end(index, output, status, sent=sent, seconds=time.monotonic() - started)

    def told(self, call: Call, outcome: Outcome) -> tuple[Output, Status]:
        """Return what a model is told of a call that ran."""
        printed = f"It printed:\n{outcome.printed}" if outcome.printed.strip() else ""
        if outcome.error is not None:
            return "\n".join(filter(None, (failed(outcome.error), printed))), "failed"
        try:
            output = outcome.output
            if output is None:
                output = self.by.present(call.name, outcome.result)
        # Presenting calls methods of the user's object.
        except Exception as exc:
            return f"It ran, but its result cannot be shown: {failed(exc)}", "failed"
        if not printed:
            return output, "done"
        return printed if outcome.result is None else _beside(output, printed), "done"

    def end(
        self, index: int, output: Output, status: Status, *, sent: str = "", seconds: float = 0.0
    ) -> None:
        """Keep an answer, cut and cleaned, and tell of it."""
        ready = fitted(output, self.by.limits.output, images=self.by.images, clean=self.by.clean)
        self.calls.answer(index, ready, status, sent=sent, seconds=seconds)
        if self.by.tell is not None:
            self.by.tell(self.calls.record(index))


def _waits(item: Json) -> bool:
    """Whether an item can be answered: without an id nobody knows what an answer belongs to."""
    if item.get("type") == _REQUEST:
        return bool(item.get("id"))
    return item.get("type") == "function_call" and bool(item.get("call_id") and item.get("name"))


def _name(item: Json) -> str:
    label = item.get("server_label") if item.get("type") == _REQUEST else None
    return f"{label}.{item.get('name')}" if label else str(item.get("name"))


def _arguments(item: Json) -> str:
    given = item.get("arguments") or "{}"
    # Some local services send the object itself.
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def _beside(output: Output, note: str) -> Output:
    if isinstance(output, str):
        return f"{output}\n{note}"
    return [*output, {"type": "input_text", "text": note}]


def _server_call(item: Json) -> Call:
    try:
        arguments = json.loads(item.get("arguments") or "{}")
    except ValueError:
        arguments = {"arguments": item["arguments"]}
    given = arguments if isinstance(arguments, dict) else {"arguments": arguments}
    return Call(item["id"], _name(item), given, server=str(item.get("server_label") or ""))


def _answer_item(item: Json, output: Output, status: Status) -> Json:
    if item["type"] != _REQUEST:
        return {"type": "function_call_output", "call_id": item["call_id"], "output": output}
    answer = {"type": "mcp_approval_response", "approval_request_id": item["id"]}
    if status == "done":
        return {**answer, "approve": True}
    return {**answer, "approve": False, "reason": text_in(output)}


def _batches(calls: Sequence[tuple[int, Call]]) -> list[list[tuple[int, Call]]]:
    """Return calls in the groups that run beside each other: async ones that follow each other."""
    batches: list[list[tuple[int, Call]]] = []
    beside = False
    for index, call in calls:
        is_async = call.tool is not None and call.tool.is_async
        if is_async and beside:
            batches[-1].append((index, call))
        else:
            batches.append([(index, call)])
        beside = is_async
    return batches


async def _together(waiting: Sequence[Awaitable[None]]) -> None:
    """Wait for all; where one is interrupted, so are the others."""
    if len(waiting) == 1:
        await waiting[0]
        return
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
