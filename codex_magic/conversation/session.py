"""One question: sent, streamed, repaired where the service refuses it, and recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from ..api.auth import Service
from ..api.calls import CallOptions, Retry
from ..api.client import AsyncCodexClient
from ..api.events import (
    ResponseCompletedEvent,
    ResponseCreatedEvent,
    ResponseOutputTextDeltaEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseReasoningTextDeltaEvent,
    ResponseRefusalDeltaEvent,
    ResponseStreamEvent,
)
from ..api.failures import error_of
from ..api.fitting import Fitted, fit, wants_json
from ..api.input_checks import says_json
from ..api.items import Json, Response
from ..api.requests import encode
from ..api.streams import AsyncResponseStream
from ..api.transport import AsyncTransport
from ..errors import APIError, APIStatusError, CodexError
from .repairs import Experience, IgnoredStateError, Repairs
from .turns import Conversation, Plan, State, Status, Turn, words_of

_VISIBLE = (
    ResponseOutputTextDeltaEvent,
    ResponseRefusalDeltaEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseReasoningTextDeltaEvent,
)


@dataclass(frozen=True, slots=True)
class Question:
    """
    What is asked, and how.

    Attributes:
        prompt: As the user wrote it.
        input: The items that it became.
        model: The model to ask.
        params: Further fields of the request, as the API spells them.
        ours: Dotted names of those that the user did not ask for.
        state: Who keeps the conversation.
        store: Whether the service keeps the answer; None is what the state needs.
        successors: Models to ask, best first, where the service has none of that name; empty for
            a model that the user named.
        once: Whether nothing is sent of the conversation, and nothing recorded.
    """

    prompt: str
    input: tuple[Json, ...]
    model: str
    params: Json = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    state: State = "stateless"
    store: bool | None = None
    successors: tuple[str, ...] = ()
    once: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the user should know, in one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A request goes out now; what was shown of an earlier try is void."""

    model: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Ended:
    """The question is answered, or will not be."""

    turn: Turn
    response: Response | None
    error: CodexError | None = None


Signal = ResponseStreamEvent | Notice | Asking | Retry | Ended
Emit = Callable[[Signal], None]


def model_for(question: Question, service: Service, experience: Experience) -> str:
    """Return the model that is asked: the successor of a default that the service has retired."""
    if not question.successors:
        return question.model
    return experience.successor.get((service.identity, question.model), question.model)


def plan_for(
    conversation: Conversation,
    question: Question,
    model: str,
    service: Service,
    experience: Experience,
) -> Plan:
    """Return how a question carries the conversation, as far as the service is known."""
    if question.once:
        return Plan("stateless")
    identity = service.identity
    state = "stateless" if identity in experience.forgetful else question.state
    sealed = identity not in experience.unsealing
    return conversation.plan(state, service.backend, model, identity, sealed=sealed)


def request_body(
    question: Question, plan: Plan, model: str, service: Service, experience: Experience
) -> Json:
    """Return the body of a request, without its input; what the service does not take is left out."""
    return fitted_request(question, plan, model, service, experience).body


def fitted_request(
    question: Question, plan: Plan, model: str, service: Service, experience: Experience
) -> Fitted:
    """Return the body of a request, without its input, and what the user should know of it."""
    body = {
        "model": model,
        **question.params,
        "store": _store(question, plan),
        "previous_response_id": plan.previous_response_id,
        "conversation": plan.conversation_id,
    }
    if plan.state == "stateless":
        body.setdefault("include", ["reasoning.encrypted_content"])
    body, notices = experience.apply(body, service.identity, model, question.ours)
    said = not wants_json(body) or says_json([*plan.history, *question.input])
    fitted = fit(body, service.backend, ours=question.ours, says_json=said)
    return replace(fitted, notices=(*notices, *fitted.notices))


class Session:
    """Asks one service, on one event loop."""

    def __init__(
        self,
        service: Service,
        transport: AsyncTransport,
        options: CallOptions,
        experience: Experience,
    ) -> None:
        self._service = service
        self._transport = transport
        self._options = options
        self._experience = experience

    async def run(self, conversation: Conversation, question: Question, emit: Emit) -> Ended:
        """Ask, and return how it ended; an error is part of that, and so is a cancellation."""
        options = replace(self._options, on_retry=emit)
        client = AsyncCodexClient.from_options(self._transport, options)
        attempt = _Attempt(self._service, self._experience, conversation, question, client, emit)
        if question.once:
            return await attempt.run()
        return await self._in_turn(conversation, attempt, emit)

    async def _in_turn(self, conversation: Conversation, attempt: _Attempt, emit: Emit) -> Ended:
        """Ask when the question before it in the conversation has been answered."""
        if conversation.turn.locked():
            emit(Notice("Waited for the question before it in this conversation."))
        try:
            await conversation.turn.acquire()
        except asyncio.CancelledError:
            return attempt.cancelled()
        try:
            return await attempt.run()
        finally:
            conversation.turn.release()


class _Attempt:
    """One question on its way: what was tried, and what arrived."""

    def __init__(
        self,
        service: Service,
        experience: Experience,
        conversation: Conversation,
        question: Question,
        client: AsyncCodexClient,
        emit: Emit,
    ) -> None:
        self._service = service
        self._experience = experience
        self._conversation = conversation
        self._question = question
        self._client = client
        self._emit = emit
        self._model = question.model
        self._repairs = Repairs(
            service.identity,
            experience,
            conversation,
            client,
            question.ours,
            question.successors,
            question.model,
        )
        self._plan = Plan(question.state)
        self._partial: Response | None = None
        self._seen = False
        self._told: set[str] = set()
        self._began = time.time()

    def cancelled(self) -> Ended:
        """Return the end of a question that was cancelled, with what had arrived."""
        arrived = self._partial
        # A cancellation between the last event and the end of the answer takes nothing away.
        whole = arrived is not None and arrived.status in ("completed", "incomplete")
        return self._end(arrived, _status(arrived) if whole else "interrupted")

    async def run(self) -> Ended:
        """Ask until there is an answer, or an error that nothing repairs."""
        try:
            while True:
                ended = await self._try()
                if ended is not None:
                    return ended
        except asyncio.CancelledError:
            return self.cancelled()
        except CodexError as error:
            # Nothing was sent: a key, say, that cannot be one.
            return self._end(None, "failed", error)

    async def _try(self) -> Ended | None:
        """Ask once; None says that another try makes sense."""
        response: Response | None
        error: APIError | None
        try:
            response = await self._ask()
            error = _failure(response)
        except APIError as exc:
            response, error = self._arrived(exc), exc
        if error is None:
            self._tell(_forgotten(self._service, self._plan, self._question, response))
            return self._end(response, _status(response))
        repair = await self._repair(error)
        if repair is None:
            return self._end(response, _cut(response), error)
        if repair:
            self._emit(Notice(repair))
        return None

    async def _ask(self) -> Response:
        self._partial, self._seen = None, False
        service, experience = self._service, self._experience
        self._model = model_for(self._question, service, experience)
        self._plan = plan_for(self._conversation, self._question, self._model, service, experience)
        if self._plan.conversation_id == "":
            made = await self._client.conversations.create()
            self._plan = replace(self._plan, conversation_id=made.id)
        fitted = fitted_request(self._question, self._plan, self._model, service, experience)
        if fitted.refused:
            raise fitted.refused
        self._tell(fitted.notices)
        self._emit(Asking(self._model, self._plan))
        params: Any = {**fitted.body, "input": [*self._plan.history, *self._question.input]}
        params.pop("stream", None)
        stream = await self._client.responses.stream(**params)
        return await self._follow(stream)

    def _tell(self, notices: Iterable[str]) -> None:
        """Say each thing once, however often the question has to be asked."""
        for notice in notices:
            if notice not in self._told:
                self._told.add(notice)
                self._emit(Notice(notice))

    async def _follow(self, stream: AsyncResponseStream) -> Response:
        async with stream:
            try:
                async with aclosing(stream.events()) as events:
                    async for event in events:
                        self._check_echo(event)
                        self._seen = self._seen or isinstance(event, _VISIBLE)
                        self._emit(event)
            finally:
                self._partial = stream.snapshot()
            return await stream.get_final_response()

    def _check_echo(self, event: ResponseStreamEvent) -> None:
        """A service that does not know a field may ignore it: its echo tells, before any word."""
        asked = self._unsure_state()
        if not asked or self._seen:
            return
        if not isinstance(event, ResponseCreatedEvent | ResponseCompletedEvent):
            return
        echo = event.response.previous_response_id or (event.response.conversation or {}).get("id")
        if echo != asked:
            raise IgnoredStateError(f"The service ignores {asked!r}")

    def _unsure_state(self) -> str | None:
        """Return the id that the service was told, if it may be one that ignores it."""
        backend = self._service.backend
        if self._plan.conversation_id:
            return self._plan.conversation_id if backend.conversations == "unsure" else None
        return self._plan.previous_response_id if backend.chains == "unsure" else None

    async def _repair(self, error: APIError) -> str | None:
        """Return what was changed so that another try makes sense, or None."""
        # Words that were shown are not asked for twice.
        return None if self._seen else await self._repairs.repair(error, self._model, self._plan)

    def _arrived(self, error: APIError) -> Response | None:
        partial = getattr(error, "partial", None)
        return partial if isinstance(partial, Response) else self._partial

    def _end(
        self, response: Response | None, status: Status, error: CodexError | None = None
    ) -> Ended:
        items = tuple(_item_json(item) for item in response.output) if response else ()
        turn = Turn(
            prompt=self._question.prompt,
            input=self._question.input,
            output=items,
            status=status,
            text=words_of(response) if response else "",
            model=self._model,
            service=self._service.identity,
            response_id=response.id or None if response else None,
            stored=bool(_store(self._question, self._plan)),
            usage=response.usage if response else None,
            seconds=time.time() - self._began,
            started=self._began,
            error=str(error) if error else None,
        )
        if not self._question.once:
            turn = self._conversation.record(turn, self._plan, refused=_is_refusal(error))
        return Ended(turn, response, error)


def _store(question: Question, plan: Plan) -> bool:
    if question.store is not None:
        return question.store
    return plan.state != "stateless"


def _is_refusal(error: CodexError | None) -> bool:
    """Whether the service took nothing of the request; a service that fails may have."""
    return isinstance(error, APIStatusError) and 400 <= (error.status_code or 0) < 500


def _cut(response: Response | None) -> Status:
    """Words that arrived are kept as an interrupted answer; a refused request has none."""
    return "interrupted" if response is not None and response.output else "failed"


def _status(response: Response | None) -> Status:
    return "incomplete" if response and response.status == "incomplete" else "completed"


def _failure(response: Response) -> APIError | None:
    """Return the error of a response that says that it failed."""
    if response.status not in ("failed", "cancelled"):
        return None
    if response.error is None:
        return error_of(None, f"The response is {response.status}.", body=response.to_dict())
    return error_of(None, response.error.message, code=response.error.code, body=response.to_dict())


def _forgotten(
    service: Service, plan: Plan, question: Question, response: Response | None
) -> Iterable[str]:
    """Yield a line where the service read far less than it was sent: it drops what does not fit."""
    usage = response.usage if response else None
    if not service.backend.truncates or usage is None or not usage.input_tokens:
        return
    sent = [*plan.history, *(encode(item) for item in question.input)]
    # Eight characters a token are more than any language has; an image has no such number.
    least = sum(len(piece) for piece in sent if b"data:image" not in piece) // 8
    # A short one tells nothing.
    if least > 500 and usage.input_tokens < least:
        yield (
            f"{service.backend.title} read only {usage.input_tokens:,} tokens of about "
            f"{2 * least:,}: what came first was left out. Raise its context length (num_ctx)."
        )


def _item_json(item: Any) -> Json:
    found: Json = item if isinstance(item, dict) else item.to_dict()
    return found
