"""A call that a model wants, what the user says to it, and what came of it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..api.items import Json
from ..records import dataclass
from .tool_results import Output

if TYPE_CHECKING:
    from .tools import Tool

Status = Literal[
    "done", "failed", "declined", "invalid", "unknown", "timeout", "interrupted", "limit"
]


@dataclass(frozen=True, slots=True)
class Call:
    """
    A call that a model wants.

    Attributes:
        id: What its answer is paired by.
        name: The tool's name; a server's tool has the server's label before it.
        arguments: What the model gives, as JSON.
        tool: The tool; None where a server runs it.
        values: The arguments as Python values.
        server: The label of the MCP server that runs it; empty for a function.
        edited: Whether the arguments are the user's.
    """

    id: str
    name: str
    arguments: Json
    tool: Tool[..., Any] | None = None
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    server: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What the user says to a call.

    Attributes:
        approved: Whether it may run.
        always: Whether later calls of this tool may run without asking.
        arguments: Others to run it with, or None for the model's.
        reason: What the model is told where it may not.
    """

    approved: bool
    always: bool = False
    arguments: Json | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of a call that ran.

    Attributes:
        result: What the function returned.
        error: What it raised, or None.
        printed: What it wrote to stdout and stderr.
        output: The result as it is presented, where that is done beside the function; else the
            caller of the port presents ``result``, on its own thread.
    """

    result: Any = None
    error: BaseException | None = None
    printed: str = ""
    output: Output | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """
    A call as the user sees it: one folded line.

    Attributes:
        name: The tool's name.
        arguments: What it was called with, as JSON text.
        result: What the model was told.
        seconds: How long it ran.
        status: How it ended.
    """

    name: str
    arguments: str
    result: str = field(repr=False)
    seconds: float
    status: Status


@dataclass(frozen=True, slots=True)
class CallLimits:
    """
    How far calls may go.

    Attributes:
        rounds: The most rounds of one question.
        output: The most characters of one output.
        seconds: The most seconds of one call whose tool sets no limit; None for no limit.
    """

    rounds: int = 20
    output: int = 20_000
    seconds: float | None = None


class Approve(Protocol):
    """Asks the user about a call."""

    async def __call__(self, call: Call) -> Decision:
        """Return what the user says."""
        ...


class Run(Protocol):
    """Runs a call where the user's functions belong."""

    async def __call__(self, call: Call) -> Outcome:
        """Return what came of it; what the function raises is in the outcome, too."""
        ...


@dataclass(slots=True)
class Approvals:
    """
    Asks the user, but not where that was settled before.

    Attributes:
        ask: Who asks; None where nobody can answer.
        yes: Whether every call is approved without asking.
        settled: The names of the tools that were approved for good.
    """

    ask: Approve | None = None
    yes: bool = False
    settled: set[str] = field(default_factory=set)

    async def __call__(self, call: Call) -> Decision:
        """Return what the user says, or said before."""
        asks = True if call.tool is None else call.tool.approve
        if asks is False or self.yes or (asks is True and call.name in self.settled):
            return Decision(True)
        if self.ask is None:
            return Decision(False, reason="Nobody is there to approve this call.")
        decision = await self.ask(call)
        if decision.approved and decision.always and asks is True:
            self.settled.add(call.name)
        return decision


async def run_here(call: Call) -> Outcome:
    """Run a call on this event loop; what it raises is its outcome, but an interrupt is not."""
    if call.tool is None:
        return Outcome(error=RuntimeError(f"{call.name!r} is not run here."))
    try:
        result = call.tool.run(call.values)
        return Outcome(await result if inspect.isawaitable(result) else result)
    # The function is the user's; ``exit()`` in it must not end the kernel.
    except (Exception, SystemExit) as exc:
        return Outcome(error=exc)
