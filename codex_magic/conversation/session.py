"""One question: sent, streamed, repaired where the service refuses it, and recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
from ..api.items import Response
from ..api.streams import AsyncResponseStream
from ..api.transport import AsyncTransport
from ..errors import (
    AnswerError,
    APIConnectionError,
    APIError,
    CodexError,
    ContextWindowError,
    StreamError,
)
from .endings import cut, failure, forgotten, is_refusal, status
from .overruns import explained
from .questions import (
    Asking,
    Emit,
    Ended,
    Notice,
    Question,
    Signal,
    fitted_request,
    model_for,
    plan_for,
    request_body,
    stores,
)
from .repairs import Experience, IgnoredStateError, Repairs
from .rounds import Rounds
from .serverside import bring_in_line
from .tool_calls import Answering, calls_in
from .turns import Conversation, Plan, Status, Turn

if TYPE_CHECKING:
    from ..api.schema import Value

__all__ = [
    "Asking",
    "Emit",
    "Ended",
    "Notice",
    "Question",
    "Session",
    "Signal",
    "fitted_request",
    "model_for",
    "plan_for",
    "request_body",
]

_VISIBLE = (
    ResponseOutputTextDeltaEvent,
    ResponseRefusalDeltaEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseReasoningTextDeltaEvent,
)


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

    @property
    def service(self) -> Service:
        """Who is asked."""
        return self._service

    @property
    def unseals(self) -> bool:
        """Whether the service reads what it sealed, as far as is known."""
        return self._service.identity not in self._experience.unsealing

    def model_for(self, question: Question) -> str:
        """Return the model that answers a question here."""
        return model_for(question, self._service, self._experience)

    def client(self, emit: Emit) -> AsyncCodexClient:
        """Return a client of the service; ``emit`` is told of requests that are sent again."""
        options = replace(self._options, on_retry=emit)
        return AsyncCodexClient.from_options(self._transport, options)

    async def run(
        self,
        conversation: Conversation,
        question: Question,
        emit: Emit,
        answering: Answering | None = None,
    ) -> Ended:
        """
        Ask, and return how it ended; an error is part of that, and so is a cancellation.

        Args:
            conversation: Where the question belongs.
            question: What is asked.
            emit: Is told how it goes.
            answering: Answers the model's calls; without it they are not answered.
        """
        client = self.client(lambda signal: attempt.heard(signal))
        attempt = _Attempt(
            self._service, self._experience, conversation, question, client, emit, answering
        )
        if question.once:
            return await attempt.run()
        return await self._in_turn(conversation, attempt, emit)

    async def _in_turn(self, conversation: Conversation, attempt: _Attempt, emit: Emit) -> Ended:
        """Ask when the question before it in the conversation has been answered."""
        if conversation.turn.locked():
            emit(Notice("The question before it in this conversation goes first."))
        try:
            await conversation.turn.acquire()
        except asyncio.CancelledError:
            return attempt.cancelled()
        attempt.enter(conversation.turn.release)
        try:
            return await attempt.run()
        finally:
            attempt.leave()


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
        answering: Answering | None,
    ) -> None:
        self._answering = answering
        self._rounds = Rounds()
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
        self._plan = Plan(question.state, replaced=question.replaces)
        # How this round is carried, and what it then held on to.
        self._step = self._plan
        self._standing: object = None
        self._sent = False
        self._on_its_way = False
        self._partial: Response | None = None
        self._seen = False
        self._corrects = False
        self._told: set[str] = set()
        # The turn that keeps the place of an answer in the background.
        self._place: Turn | None = None
        self._leave: Callable[[], None] | None = None
        self._began = time.time()

    def enter(self, leave: Callable[[], None]) -> None:
        """Take the conversation until ``leave`` is called."""
        self._leave = leave

    def leave(self) -> None:
        """Let the next question of the conversation go; once is enough."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def cancelled(self) -> Ended:
        """Return the end of a question that was cancelled, with what had arrived."""
        if self._place is not None:
            # The service goes on: what it comes to is fetched by whoever asks for it next.
            return Ended(self._place, self._partial)
        for record in self._rounds.unanswered():
            self._emit(record)
        arrived = self._partial
        # A cancellation between the last event and the end of the answer takes nothing away.
        whole = arrived is not None and arrived.status in ("completed", "incomplete")
        whole = whole and not (self._answering and arrived and calls_in(arrived.output).calls)
        return self._end(arrived, status(arrived) if whole else "interrupted")

    def heard(self, signal: Signal) -> None:
        """
        Tell of a request that is about to be sent again.

        Raises:
            APIError: What went wrong, if the service may have kept the question in its
                conversation: that is looked at before it is asked again.
        """
        joins = self._on_its_way and self._step.conversation_id
        if not isinstance(signal, Retry) or not joins or is_refusal(signal.error):
            self._emit(signal)
            return
        self._standing = None
        if self._repairs.doubts(signal.seconds):
            self._emit(signal)
        raise signal.error

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
            return self._end(None, self._cut(None), error)

    async def _try(self) -> Ended | None:
        """Ask once; None says that another try makes sense."""
        response: Response | None
        error: APIError | None
        try:
            response = await self._ask()
            error = failure(response)
        except APIError as exc:
            response, error = self._arrived(exc), exc
        if error is None and response is not None and await self._answers(response):
            return None
        if error is None:
            self._tell(forgotten(self._service, self._plan, self._question, response))
            return await self._whole(response)
        # What the service took nothing of may as well not have been sent.
        self._sent = self._sent and not (is_refusal(error) and self._rounds.number == 1)
        repair = await self._repair(error)
        if repair is None:
            self._explain(error)
            return self._end(response, self._cut(response), error)
        if repair:
            self._emit(Notice(repair))
        await asyncio.sleep(self._repairs.pause)
        return None

    async def _ask(self) -> Response:
        self._partial, self._seen = None, False
        service, experience = self._service, self._experience
        self._model = model_for(self._question, service, experience)
        self._plan = await self._planned()
        self._step = self._rounds.plan(self._plan)
        sealed = service.identity not in experience.unsealing
        question = self._rounds.question(self._question, service.backend, sealed=sealed)
        fitted = fitted_request(question, self._step, self._model, service, experience)
        if fitted.refused:
            raise fitted.refused
        self._tell(fitted.notices)
        asked = {**fitted.body, "input": question.input}
        self._emit(Asking(self._model, self._plan, self._rounds.number, self._corrects, asked))
        self._corrects = False
        params: Any = {**fitted.body, "input": [*self._step.history, *question.input]}
        params.pop("stream", None)
        self._sent = self._on_its_way = True
        try:
            stream = await self._client.responses.stream(**params)
        finally:
            self._on_its_way = False
        try:
            return await self._follow(stream)
        except (APIConnectionError, StreamError):
            if self._place is None or self._place.response_id is None:
                raise
            # The service makes the answer whether anybody listens or not.
            return await self._client.responses.wait(self._place.response_id)

    def _keep_place(self, response_id: str) -> None:
        """Keep the place of an answer that comes in the background; others may ask now."""
        question = self._question
        place = Turn(
            prompt=question.prompt,
            input=question.input,
            status="running",
            model=self._model,
            service=self._service.identity,
            response_id=response_id,
            stored=bool(stores(question, self._plan)),
            started=self._began,
            key=question.key,
            sent=question.sent,
            digest=question.digest,
            id=question.turn_id,
        )
        known = self._place is not None and self._conversation.settle(place)
        self._place = known or self._conversation.record(place, self._plan)
        self.leave()

    async def _answers(self, response: Response) -> bool:
        """Answer the calls of a response; return whether the model is to hear of it."""
        calls = calls_in(response.output)
        by, rounds = self._answering, self._rounds
        if by is None or not calls.calls or rounds.last or response.status == "incomplete":
            return False
        rounds.begin(response, calls, self._plan)
        # From here on the rounds keep it.
        self._partial = None
        await by.answer(calls, rounds.number)
        last = rounds.number > by.limits.rounds
        if last:
            self._tell([f"No more calls: --max-rounds {by.limits.rounds} is reached."])
        rounds.answered(last=last)
        return True

    async def _whole(self, response: Response | None) -> Ended | None:
        """End with an answer, read as what was asked for; None asks once more for a valid one."""
        target, backend = self._question.target, self._service.backend
        if target is None or response is None:
            return self._end(response, status(response))
        from .reading import correction, is_correctable, read  # Few questions have a form.

        try:
            value = await read(response, target, self._emit)
        except AnswerError as error:
            if self._rounds.corrected or not is_correctable(error, response):
                return self._end(response, status(response), error)
            self._emit(Notice(f"{str(error).rstrip('.')}. It was asked for once more."))
            self._rounds.correct(response, correction(error, target, backend), self._plan)
            self._partial, self._corrects = None, True
            return None
        return self._end(response, status(response), value=value)

    def _cut(self, response: Response | None) -> Status:
        """Return how a question ended that an error ended: calls that ran are not forgotten."""
        return "interrupted" if self._rounds.number > 1 else cut(response)

    def _stands(self) -> object:
        """Return what changes where the service no longer goes on from what it was told."""
        return (self._conversation.link, self._service.identity in self._experience.forgetful)

    async def _planned(self) -> Plan:
        """Return how the conversation is carried; the service's own holds what the plan says."""
        if self._rounds.is_held and self._standing == self._stands():
            return self._plan
        self._rounds.start_over()
        plan = await self._planned_anew()
        self._standing = self._stands()
        return plan

    async def _planned_anew(self) -> Plan:
        question, known = self._question, (self._service, self._experience)
        plan = plan_for(self._conversation, question, self._model, *known)
        # Whoever changes the conversation meanwhile is heard.
        while plan.outdated:
            said = await bring_in_line(self._client, self._conversation, plan)
            self._tell([said] if said else [])
            plan = plan_for(self._conversation, question, self._model, *known)
        if plan.conversation_id == "":
            made = await self._client.conversations.create()
            plan = replace(plan, conversation_id=made.id)
        return plan

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
                        if self._question.background and isinstance(event, ResponseCreatedEvent):
                            self._keep_place(event.response.id)
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
        backend, step = self._service.backend, self._step
        if step.conversation_id:
            return step.conversation_id if backend.conversations == "unsure" else None
        return step.previous_response_id if backend.chains == "unsure" else None

    async def _repair(self, error: APIError) -> str | None:
        """Return what was changed so that another try makes sense, or None."""
        # Words that were shown are not asked for twice.
        return None if self._seen else await self._repairs.repair(error, self._model, self._step)

    def _explain(self, error: APIError) -> None:
        """Say what helps, where the conversation has grown too long."""
        if isinstance(error, ContextWindowError):
            replaced = self._plan.replaced
            read = [t.id for t in self._conversation.turns if t.counts and t.id not in replaced]
            known = () if self._question.once else read
            error.message = explained(error, self._conversation, known, self._question.input)

    def _arrived(self, error: APIError) -> Response | None:
        partial = getattr(error, "partial", None)
        return partial if isinstance(partial, Response) else self._partial

    def _end(
        self,
        response: Response | None,
        status: Status,
        error: CodexError | None = None,
        value: Value[Any] | None = None,
    ) -> Ended:
        rounds, target = self._rounds, self._question.target
        last = response or rounds.response
        turn = Turn(
            prompt=self._question.prompt,
            input=self._question.input,
            output=rounds.items(response),
            status=status,
            # What was said on the way to a value is no part of it.
            text=value.text if value else rounds.words(response),
            model=self._model,
            service=self._service.identity,
            response_id=last.id or None if last else None,
            stored=bool(stores(self._question, self._plan)),
            usage=rounds.usage(response),
            seconds=time.time() - self._began,
            started=self._began,
            error=str(error) if error else None,
            key=self._question.key,
            sent=self._question.sent,
            # An answer that cannot be read is not shown again by --keep.
            digest="" if error else self._question.digest,
            form=target.name if target else "",
            id=self._question.turn_id,
        )
        if self._place is not None:
            turn = self._conversation.settle(turn, self._plan.replaced) or turn
        elif not self._question.once:
            turn = self._conversation.record(turn, self._plan, refused=not self._sent)
        return Ended(turn, last, error, value)
