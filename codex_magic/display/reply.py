"""A Reply: what the model says to one question, which knows how to show itself."""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..api.calls import Retry
from ..api.events import (
    OtherEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputTextDeltaEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseReasoningTextDeltaEvent,
    ResponseRefusalDeltaEvent,
    UnknownEvent,
)
from ..api.items import (
    Json,
    OutputItem,
    Response,
    Usage,
    to_json,
)
from ..api.wire import objects
from ..conversation.approvals import CallRecord
from ..conversation.errands import Errand
from ..conversation.session import Asking, Ended, Notice, Signal
from ..conversation.turns import BREAK, Plan, Turn, words_of
from ..cost import cost_of
from ..errors import CodexError, ParseError
from .calls import call_line, records_of
from .hosted import APPROVED, record_of
from .progress import footer, plural, printable
from .wrapping import Wrapping

if TYPE_CHECKING:
    from ..api.schema import Value

Bundle = dict[str, str]


class Reply:
    """
    The answer to one question, growing while it streams.

    Attributes:
        prompt: The question.
        model: The model that answers.
        status: running, completed, incomplete, interrupted or failed.
        text: The answer, in Markdown, unchanged.
        reasoning: The reasoning summary, in Markdown; empty where there is none.
        form: What the answer is to be, by name, where that is JSON; empty for Markdown.
        value: What a structured answer stands for: its JSON, and the object; None without one.
        usage: Tokens, once they are known.
        cost: About how many US dollars these are; None where nobody knows.
        response: The response, once it has ended; a cut one as far as it came.
        turn: What the conversation keeps of it.
        error: Why it failed or broke off.
        notices: What the user should know before the answer, a line each.
        remarks: What the user should know after it.
        seconds: How long it took so far.
        attached: What the question names, in words.
        sent: All that went with the question, in words.
        calls: The calls of tools, the service's own among them, in the order in which they ended.
    """

    def __init__(self, prompt: str, *, model: str) -> None:
        self.prompt = prompt
        self.model = model
        self.status = "running"
        self.stage = "sending"
        self.form = ""
        self.value: Value[Any] | None = None
        self.usage: Usage | None = None
        self.cost: Decimal | None = None
        self.response: Response | None = None
        self.turn: Turn | None = None
        self.error: CodexError | None = None
        self.notices: list[str] = []
        self.remarks: list[str] = []
        self.calls: list[CallRecord] = []
        # Published as Markdown where the front end has formulas and colours in no other form.
        self.as_markdown = False
        self.attached = ""
        # What its turn will be called by in the conversation.
        self.turn_id = ""
        self.sent = ""
        # The number of the cell execution that has shown it already, so that a reply which is
        # also the cell's last value is not shown twice.
        self.shown_by: int | None = None
        self._text = _Growing()
        self._reasoning = _Growing()
        self._round = 1
        # Which items of the service's own tools are among the calls; what a void try has told.
        self._hosted: set[str] = set()
        self._before_calls = 0
        self._before = ("", "")
        self._began = time.monotonic()
        self._ended: float | None = None

    @classmethod
    def of_turn(cls, turn: Turn) -> Reply:
        """Return the reply that a turn of a conversation stands for."""
        reply = cls(turn.prompt, model=turn.model)
        reply.turn, reply.usage = turn, turn.usage
        reply.cost = cost_of(turn.usage, turn.model, turn.service)
        reply.status = reply.stage = turn.status
        reply.sent = turn.sent
        reply._text.settle(turn.text)
        reply._reasoning.settle(_reasoning_of(turn))
        reply.calls = records_of(turn.output)
        reply.form = turn.form
        if turn.form and turn.status == "completed" and not turn.error:
            reply.value = saved_value(turn.text)
        if turn.error:
            reply.remarks.append(turn.error)
        reply._ended = reply._began + turn.seconds
        return reply

    @property
    def text(self) -> str:
        """The answer as far as it has arrived."""
        return self._text.whole()

    @property
    def parsed(self) -> Any:
        """The object of a structured answer, or None; of a saved one, its JSON."""
        return self.value.parsed if self.value else None

    @property
    def code(self) -> str:
        """The code blocks of a whole answer as one piece; empty where there are none."""
        if self.status != "completed":
            return ""
        from ..code.blocks import blocks, joined  # Only for this.

        return joined([block for block in blocks(self.text) if block.kind == "code"])

    @property
    def frame(self) -> Any:
        """
        The list of a structured answer as a pandas DataFrame, a row for each of its objects.

        Raises:
            ConfigError: It is no list, or pandas is not installed.
        """
        from .frames import frame_of  # pandas is heavy.

        return frame_of(self.parsed)

    @property
    def items(self) -> tuple[Json, ...]:
        """Every item of the answer as it came, once it has ended."""
        return self.turn.output if self.turn else ()

    @property
    def reasoning(self) -> str:
        """The reasoning summary as far as it has arrived."""
        return self._reasoning.whole()

    @property
    def seconds(self) -> float:
        """From the question to now, or to the answer's end."""
        return (self._ended or time.monotonic()) - self._began

    def text_after(self, position: int) -> tuple[str, int]:
        """Return the text that came after ``position``, and the position after it."""
        return self._text.after(position)

    def reasoning_after(self, position: int) -> tuple[str, int]:
        """Return the reasoning that came after ``position``, and the position after it."""
        return self._reasoning.after(position)

    def apply(self, signal: Signal) -> None:
        """Take the next thing that happened: the one way in which a reply changes."""
        match signal:
            case ResponseOutputTextDeltaEvent() | ResponseRefusalDeltaEvent():
                self.stage = "answering"
                self._text.add(signal.delta, _part(signal.raw))
            case ResponseReasoningSummaryTextDeltaEvent():
                self.stage = "reasoning"
                self._reasoning.add(signal.delta, _part(signal.raw, "summary_index"))
            case ResponseReasoningTextDeltaEvent():
                self.stage = "reasoning"
                self._reasoning.add(signal.delta, _part(signal.raw, "content_index"))
            case ResponseFunctionCallArgumentsDeltaEvent():
                self.stage = "calling a function"
            case ResponseOutputItemAddedEvent():
                self.stage = _stage_of(signal.item, self.stage)
            case ResponseOutputItemDoneEvent():
                self._note_hosted(to_json(signal.item))
            case UnknownEvent() | OtherEvent():
                self.stage = _stage_of_unknown(signal.type, self.stage)
            case Asking():
                self._ask(signal)
            case Retry():
                self.stage = f"waiting {signal.seconds:.0f} s to try again ({signal.error.message})"
            case CallRecord():
                self.calls.append(signal)
                self.stage = "waiting"
            case Errand():
                self.stage = signal.stage
            case Notice():
                self.notices.append(signal.text)
            case Ended():
                self._end(signal)
            case _:
                pass

    def _ask(self, asking: Asking) -> None:
        self.model, self.stage = asking.model, "waiting"
        self.sent = _sent(asking.plan, self.attached)
        if asking.round != self._round:
            before = "" if asking.corrects else self.text
            self._round, self._before = asking.round, (before, self.reasoning)
            self._before_calls = len(self.calls)
        del self.calls[self._before_calls :]
        # An earlier try showed nothing that counts; the rounds before it stay.
        self._text, self._reasoning = (_Growing(words) for words in self._before)

    def _note_hosted(self, item: Json) -> None:
        """Take what a tool of the service's own did; a server's call follows its approval."""
        record, known = record_of(item), str(item.get("id") or item)
        if record is None or known in self._hosted:
            return
        self._hosted.add(known)
        asked = [call for call in self.calls if (call.name, call.result) == (record.name, APPROVED)]
        if item.get("type") == "mcp_call" and asked:
            self.calls.remove(asked[0])
        self.calls.append(record)

    def _end(self, ended: Ended) -> None:
        self._ended = time.monotonic()
        self.turn, self.response, self.error = ended.turn, ended.response, ended.error
        self.status, self.stage = ended.turn.status, ended.turn.status
        self.value = ended.value
        for item in ended.turn.output:
            # Some services send no events of theirs.
            self._note_hosted(item)
        if ended.response is not None:
            self.usage = ended.turn.usage or ended.response.usage
            self.cost = cost_of(
                self.usage,
                ended.turn.model,
                ended.turn.service,
                requests=self._round,
                tier=ended.response.service_tier,
            )
            self.model = ended.response.model or self.model
            self._text.settle(ended.turn.text or words_of(ended.response))
            summary = ended.response.reasoning_summary if self._round == 1 else None
            self._reasoning.settle(summary or _reasoning_of(ended.turn) or self.reasoning)
            self.remarks.extend(_remarks(ended.response, self.text))

    def mime_bundle(self) -> Bundle:
        """Return what a front end shows: safe HTML or Markdown, and the Markdown as plain text."""
        from .page import reply_html  # Markdown and its sanitizer are heavy.
        from .sanitize import well_formed

        html = reply_html(self)
        if self.as_markdown and self.value is None:
            from .as_markdown import markdown_bundle

            return markdown_bundle(self.text, html)
        return {"text/html": html, "text/plain": well_formed(self.plain())}

    def plain(self) -> str:
        """Return the answer as plain text: its Markdown, or what it stands for as a table or tree."""
        if self.value is None:
            return self.text
        from .values import value_text  # Few answers have a form.

        return value_text(self.value.json)

    def metadata(self) -> Json:
        """Return where the answer comes from, for the saved notebook."""
        known = {
            "model": self.model,
            "response_id": self.response.id if self.response else None,
            "turn": self.turn.id if self.turn else None,
        }
        return {"codex_magic": {name: value for name, value in known.items() if value}}

    def footer(self) -> str:
        """Return what the answer took, in one line."""
        return footer(self)

    def show(self, shell: Any) -> None:
        """Show it in the running cell of a shell, or print it where there is only text."""
        if is_notebook(shell):
            shell.display_pub.publish(self.mime_bundle(), self.metadata())
        else:
            from .sources import source_lines  # Markdown is heavy.

            calls = "".join(f"{call_line(call)}\n" for call in self.calls)
            cited = "".join(f"{line}\n" for line in source_lines(self.items))
            words = printable(self.plain())
            if sys.stdout.isatty() and self.value is None:
                words = Wrapping().feed(words)
            print(f"{printable(calls)}{words}\n\n{printable(cited + self.footer())}")

    def _ipython_display_(self) -> None:
        from IPython import get_ipython

        shell = get_ipython()
        if self.shown_by is None or shell.execution_count != self.shown_by:
            self.show(shell)
        elif not is_notebook(shell):
            # A terminal has written "Out[3]: " already, and the answer above it.
            print("the reply; its text is _.text")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        start = self.text if len(self.text) <= 60 else f"{self.text[:57]}…"
        return f"Reply({self.status}, {start!r})"


class _Growing:
    """Text that comes in pieces of parts; parts are set apart by a blank line."""

    def __init__(self, before: str = "") -> None:
        self._pieces: list[str] = [before] if before else []
        self._part: tuple[Any, ...] | None = () if before else None
        self._joined = ""
        self._settled: str | None = None

    def add(self, delta: str, part: tuple[Any, ...]) -> None:
        if self._part is not None and part != self._part:
            self._pieces.append(BREAK)
        self._part = part
        self._pieces.append(delta)

    def settle(self, text: str) -> None:
        # The pieces are not looked at any more.
        self._settled, self._pieces = text, []

    def whole(self) -> str:
        if self._settled is not None:
            return self._settled
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def after(self, position: int) -> tuple[str, int]:
        text = self.whole()
        return text[position:], len(text)


def saved_value(text: str) -> Value[Any] | None:
    """Return what a saved answer stands for, without the type that it once had."""
    from ..api.schema import Value, any_json  # Few answers have a form.

    try:
        found = any_json().read(text, lenient=True).json
    except ParseError:
        return None
    if isinstance(found, dict) and [*found] == ["value"]:
        # An object that was only there because an answer has to be one.
        found = found["value"]
    return Value(found, found, text)


def response_bundle(response: Response, shell: Any, *, as_markdown: bool = False) -> Bundle:
    """Return what a shell shows of a bare response: as safe as a reply."""
    if not is_notebook(shell):
        return {"text/plain": printable(words_of(response))}
    from .page import response_html  # Markdown and its sanitizer are heavy.
    from .sanitize import well_formed

    html = response_html(response)
    if as_markdown:
        from .as_markdown import markdown_bundle

        return markdown_bundle(words_of(response), html)
    return {"text/html": html, "text/plain": well_formed(words_of(response))}


def is_notebook(shell: Any) -> bool:
    """Whether a shell shows HTML: it belongs to a kernel, and is no terminal."""
    return getattr(shell, "kernel", None) is not None


def _reasoning_of(turn: Turn) -> str:
    """Return the reasoning summary that a turn's items hold."""
    thoughts = [item for item in turn.output if item.get("type") == "reasoning"]
    parts = [part for item in thoughts for part in objects(item.get("summary"))]
    return BREAK.join(text for part in parts if (text := str(part.get("text") or "")))


def _part(event: Json, index: str = "") -> tuple[Any, ...]:
    """Return which part of the answer a piece belongs to."""
    return (event.get("item_id") or event.get("output_index"), event.get(index) or 0)


def _sent(plan: Plan, attached: str) -> str:
    words = [attached or "the prompt"]
    if plan.turns:
        words.append(plural(plan.turns, "earlier turn"))
    if plan.previous_response_id:
        words.append("the id of the last response")
    if plan.conversation_id:
        words.append("the conversation's id")
    return ", ".join(words)


def _remarks(response: Response, text: str) -> list[str]:
    """Return what an answer that arrived still leaves to say."""
    remarks = []
    reason = (response.incomplete_details or {}).get("reason")
    if response.status == "incomplete" and reason == "max_output_tokens":
        spent = "" if text else " All of them went into reasoning."
        remarks.append(f"The answer ends at the limit of --max-output-tokens.{spent}")
    elif response.status == "incomplete":
        remarks.append(f"The answer is incomplete: {reason or 'the service does not say why'}.")
    names = ", ".join(dict.fromkeys(call.name for call in response.tool_calls))
    if names:
        remarks.append(f"The model asked to call {names}; nothing was run.")
    return remarks


def _stage_of(item: OutputItem, stage: str) -> str:
    kind = item.get("type") if isinstance(item, dict) else item.type
    match kind:
        case "reasoning":
            return "reasoning"
        case "message":
            return "answering"
        case "function_call":
            return "calling a function"
        case _:
            return str(kind).removesuffix("_call").replace("_", " ") if kind else stage


def _stage_of_unknown(kind: str, stage: str) -> str:
    """Name the work of a hosted tool: response.web_search_call.searching is "web search"."""
    middle = kind.split(".")[1] if kind.count(".") >= 2 else ""
    return middle.removesuffix("_call").replace("_", " ") if middle.endswith("_call") else stage
