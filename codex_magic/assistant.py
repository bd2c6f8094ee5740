"""The kernel's one assistant: settings, service, conversations, and the way from a question to a reply."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from . import cost
from .api.backends import LOCAL
from .api.calls import CallOptions, join_url
from .api.items import Json
from .api.requests import join_body
from .asking import Options
from .attaching import Attached
from .bridge import Bridge
from .config import Codex
from .connections import Connections
from .context.recorder import Recorder
from .conversation.approvals import Approve
from .conversation.editing import Again
from .conversation.repairs import Experience
from .conversation.session import (
    Ended,
    Notice,
    Session,
    Signal,
    model_for,
    plan_for,
    request_body,
)
from .conversation.tool_calls import Answering
from .conversation.turns import Conversation, Plan, Turn
from .display.reply import Reply
from .display.screen import QuietScreen, Screen
from .engine import Job
from .errors import ConfigError
from .following import PATIENCE, applied, checked, follow, hands, shown
from .interrupts import Interrupts
from .jobs import BackgroundJob, Jobs
from .joining import looked_at
from .logbook import Logbook
from .memory import Memory
from .policy import policy_for
from .preparing import Ask, Preparing, takes_images
from .records import dataclass
from .services import Choice, Services
from .tool_running import ToolRunning, prints_kept, running
from .watching import Watchers

if TYPE_CHECKING:
    from .api.client import AsyncCodexClient
    from .api.models import ModelPage
    from .conversation.adopting import Adopted
    from .conversation.compaction import Compacted

# Replies that are kept as they came, with all that they say; turns keep the words of every one.
_REPLIES = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Preview:
    """
    What would be sent.

    Attributes:
        address: Where to.
        body: The request, with all of its input.
        attached: The question, and what goes along with it.
        choice: Who would answer.
        plan: How the conversation goes along.
    """

    address: str
    body: Json
    attached: Attached
    choice: Choice
    plan: Plan


class Assistant:
    """
    Asks questions in the conversations of this kernel.

    Args:
        config: The settings.
        shell: The IPython shell, or None outside of one.
        recorder: What the cells of that shell did; None where nobody looks.
    """

    def __init__(
        self, config: Codex | None = None, shell: Any = None, recorder: Recorder | None = None
    ) -> None:
        self.config = config or Codex()
        self.shell = shell
        self.policy = policy_for(shell)
        self.policy.hold(self.config)
        self._connections = Connections()
        self.services = Services(self.config, self.policy, self._connections.probed)
        self.memory = Memory(self.config, shell)
        self.preparing = Preparing(
            self.config, self.services, self.memory, shell, recorder, self._connections.fetch
        )
        self.bridge = Bridge(shell)
        # A cell that is not saved yet can be sent, too.
        self.preparing.notebook.pushed = self.bridge.cells
        self.replies: list[Reply] = []
        self.watchers = Watchers()
        self._experience = Experience()
        self._told: set[str] = set()
        self.tools = ToolRunning(shell)
        self.jobs = Jobs()
        # Models of the last list that was asked for.
        self.listed: tuple[str, ...] = ()

    @property
    def conversation(self) -> Conversation:
        """The conversation that the next question joins."""
        return self.memory.conversation

    def ask(
        self, prompt: str, options: Options, screen: Screen, again: Again | None = None
    ) -> Reply:
        """
        Ask, draw the answer as it comes, and return it.

        Args:
            prompt: The question.
            options: What it asks for.
            screen: Where the answer is drawn.
            again: An earlier question that is asked again, or gone on with.

        Raises:
            CodexError: There is no answer, or only a part of it; the part is on the screen and in
                the conversation.
            AnswerInterrupted: The user interrupted it; what arrived is kept as well.
        """
        _check_place(options)
        helping = hands.get()
        reply = self.preparing.begun(prompt, options)
        # What no cell asks goes in no cell's place.
        key = again.key if again else "" if helping else self.memory.key()
        digest = self.preparing.digest(reply, options, key)
        if kept := self.preparing.kept(digest, options, key):
            return self._shown_again(kept, screen)
        watched = self.watchers.watched(screen, reply, options)
        # Around all: what a panel begins to show it also ends, whenever an interrupt comes.
        with Interrupts() as interrupts, watched as screen, shown(reply, screen):
            with interrupts.listening():
                if not helping and not again:
                    self.preparing.foresee(options, reply)
                choice = self.preparing.chosen(options, reply, lambda: screen.draw(reply))
                prepare = partial(
                    self.preparing.prepare,
                    *(reply, options, choice),
                    again=again,
                    key=key,
                    digest=digest,
                )
                ask = helping.gather(prepare) if helping else prepare()
            try:
                with prints_kept() if ask.box.functions else nullcontext():
                    job = self._start(ask, reply, options)
                    if helping:
                        helping.begun(job)
                    if options.background:
                        self._follow_later(job, reply, ask, interrupts)
                    else:
                        follow(job, reply, screen, interrupts, self.memory.grow)
            finally:
                self._tell_of_trouble(reply)
        # What the service works on fails no cell, however soon it ends: its line says so.
        return reply if options.background else checked(reply)

    async def aask(self, prompt: str, options: Options) -> Reply:
        """
        Ask without blocking the caller's event loop, show nothing, and return the answer.

        Nobody is asked about calls: those that need an approval are declined, unless ``yes``.
        """
        _check_place(options)
        reply = self.preparing.begun(prompt, options)
        key = self.memory.key()
        digest = self.preparing.digest(reply, options, key)
        if kept := self.preparing.kept(digest, options, key):
            return self._shown_again(kept, QuietScreen())
        choice = await asyncio.to_thread(self.preparing.chosen, options, reply, lambda: None)
        # On this thread, because figures may be drawn.
        ask = self.preparing.prepare(reply, options, choice, key=key, digest=digest)
        job = self._start(ask, reply, options, asks=False)
        try:
            # Shielded: a cancelled question still says how it ended, to the conversation.
            waiting = asyncio.shield(asyncio.wrap_future(job.future))
            with prints_kept() if ask.box.functions else nullcontext():
                # An interrupt does not wake an idle loop of ipykernel's: it looks up now and then.
                while not (await asyncio.wait([waiting], timeout=PATIENCE))[0]:
                    for errand in applied(job, reply):
                        errand.run()
            ended = waiting.result()
        except (asyncio.CancelledError, KeyboardInterrupt):
            job.cancel()
            applied(job, reply)
            reply.status = "interrupted"
            raise
        applied(job, reply)
        reply.apply(ended)
        await asyncio.to_thread(self._tell_of_trouble, reply)
        self.watchers.tell()
        return checked(reply)

    def preview(self, prompt: str, options: Options) -> Preview:
        """Return where a question would go and what it would become; nothing is sent."""
        # The conversation is named, and not begun: this is only a look.
        look = replace(options, new=False, chat=None)
        reply = self.preparing.begun(prompt, options)
        ask = self.preparing.prepare(reply, look, self.preparing.chosen(look, reply, None))
        question, service = ask.question, ask.choice.service
        model = model_for(question, service, self._experience)
        conversation = looked_at(self.memory, options)
        plan = plan_for(conversation, question, model, service, self._experience)
        if plan.conversation_id == "":
            plan = replace(plan, conversation_id="(made when this is asked)")
        body = request_body(question, plan, model, service, self._experience)
        encoded = join_body({**body, "stream": True}, [*plan.history, *question.input])
        address = join_url(service.base_url, "/responses")
        return Preview(address, json.loads(encoded), ask.attached, ask.choice, plan)

    def compact(self, options: Options) -> Compacted:
        """Put a summary in the place of what was said in the current conversation."""
        from .conversation.compaction import compact  # Few conversations are compacted.

        reply = self.preparing.begun("Sum up.", options)
        choice = self.preparing.chosen(options, reply, lambda: None)
        ask = self.preparing.prepare(reply, options, choice, again=Again("Sum up.", ()))

        async def run(emit: Callable[[Signal], None]) -> Compacted:
            session = self._session(choice, ask.options)
            taken = self.memory.conversations
            return await compact(session, ask.conversation, ask.question, emit, taken)

        done = self._connections.wait_for(run)
        self.memory.put_aside(done.before)
        self.memory.settle()
        return done

    def adopt(self, found_id: str) -> Adopted:
        """Take over what lives under an id on the service, ``conv_…`` or ``resp_…``."""
        from .conversation.adopting import Adopted, adopt  # As above.

        for known in self.memory.conversations.values():
            if known.link and known.link.conversation_id == found_id:
                # Two conversations of ours for one of the service's would drift apart.
                self.memory.switch(known.name)
                return Adopted(known)
        options = Options()
        choice = self.preparing.chosen(options, Reply("", model=""), lambda: None, spends=False)
        calls = self.preparing.calls(choice, options)

        async def run(emit: Callable[[Signal], None]) -> Adopted:
            session = self._session(choice, calls)
            return await adopt(session.client(emit), choice.service, found_id, found_id)

        adopted = self._connections.wait_for(run)
        self.memory.adopt(adopted.conversation, whole=True)
        self.memory.settle()
        return adopted

    def models(self, backend: str | None = None) -> tuple[Choice, ModelPage]:
        """Return who answers, and the models that it has; of the embedded one nothing is asked."""
        from .api.models import Model, ModelPage

        look = self.services.choose(backend=backend, start=False)
        if look.service.backend is LOCAL:
            return look, ModelPage([Model(look.model, look.model)])
        options = Options(backend=backend)
        choice = self.preparing.chosen(options, Reply("", model=""), lambda: None, spends=False)

        async def listed(client: AsyncCodexClient) -> ModelPage:
            return await client.models.list()

        page = self.call(choice, listed)
        self.listed = tuple(model.id for model in page.data)
        return choice, page

    def call(self, choice: Choice, work: Callable[[AsyncCodexClient], Coroutine[Any, Any, T]]) -> T:
        """Return what calls of a service's API come to."""
        calls = self.preparing.calls(choice, Options())

        async def run(emit: Callable[[Signal], None]) -> T:
            session = self._session(choice, calls)
            return await work(session.client(emit))

        return self._connections.wait_for(run)

    def _session(self, choice: Choice, calls: CallOptions) -> Session:
        return Session(choice.service, self._connections.pool(), calls, self._experience)

    def warm_up(self) -> None:
        """Build what the first question needs, so that it need not wait for it."""
        self._connections.warm_up()
        self.memory.place(self.preparing.notebook.path())

    def close(self) -> None:
        """Cancel what is on its way, close the connections and end the engine."""
        self._connections.cancel()
        self.bridge.close()
        self.tools.close()
        self.memory.close()
        self._connections.close()

    def _start(
        self, ask: Ask, reply: Reply, options: Options, *, asks: bool = True
    ) -> Job[Signal, Ended]:
        """Send a question; the job tells how it goes, and what is to be done for it here."""
        self._keep(reply)
        for notice in (ask.choice.notice, *ask.box.notices):
            if notice and notice not in self._told:
                self._told.add(notice)
                reply.notices.append(notice)

        self._recall(ask.choice)
        self._note_beginning(ask)
        helping = hands.get()
        answering = partial(
            self._answering, ask, options, asks=asks, approve=helping.approve if helping else None
        )

        logged = self._logged(ask.choice)

        async def run(tell: Callable[[Signal], None]) -> Ended:
            session = self._session(ask.choice, ask.options)
            emit = partial(logged, tell)
            ended = await session.run(ask.conversation, ask.question, emit, answering(emit))
            self.memory.took(ended.turn, kept=self.config.persist and not ask.question.once)
            logged(lambda signal: None, ended)
            self._remember(ask)
            if ask.question.background:
                await self._take_home(ask, ended, options, session.client(emit), emit)
            return ended

        job = self._connections.submit(run)
        cost.warm_up(ask.choice.service.backend.name)
        if not ask.question.once:
            # While the service thinks: a Jupyter server may be asked.
            self.memory.hold(ask.conversation, self.preparing.notebook.path())
        return job

    def _logged(self, choice: Choice) -> Callable[[Callable[[Signal], None], Signal], None]:
        """Return what passes a signal on, and writes it down where the user wants that."""
        redactor, path = self.preparing.redactor, self.config.log
        log = Logbook(path, lambda text: redactor.redact(text)[0]) if path else None

        def passed_on(tell: Callable[[Signal], None], signal: Signal) -> None:
            tell(signal)
            said = log.note(signal, choice.service.identity) if log else ""
            if said and said not in self._told:
                self._told.add(said)
                tell(Notice(said))

        return passed_on

    def _follow_later(
        self, job: Job[Signal, Ended], reply: Reply, ask: Ask, interrupts: Interrupts
    ) -> None:
        """Return as soon as the service has a question; its line below the cell goes on."""
        follower = BackgroundJob(
            len(self.jobs.all) + 1, job, reply, ask.conversation, ask.choice, self.shell
        )
        follower.begin(interrupts)
        self.jobs.all.append(follower)
        follower.draw()

        async def watch(emit: Callable[[Signal], None]) -> None:
            ended = asyncio.wrap_future(job.future)
            while not follower.done:
                await asyncio.wait([ended], timeout=follower.pause())
                await asyncio.to_thread(follower.draw)
            await asyncio.to_thread(self._tell_of_trouble, reply)
            await asyncio.to_thread(follower.draw)
            self.watchers.tell()

        self._connections.submit(watch)

    async def _take_home(
        self,
        ask: Ask,
        ended: Ended,
        options: Options,
        client: AsyncCodexClient,
        emit: Callable[[Signal], None],
    ) -> None:
        """Leave nothing at the service of an answer that it only kept to be fetched."""
        asked = options.store is not None or self.config.store != "auto"
        if asked or ask.question.state != "stateless" or ended.turn.status != "completed":
            return
        # Not before it is on our own disk, if it is to be there.
        if not await asyncio.to_thread(self.memory.settle):
            from .conversation.later import take_home

            said = await take_home(client, ask.conversation, ended.turn)
            if said:
                emit(Notice(said))

    def _answering(
        self,
        ask: Ask,
        options: Options,
        emit: Callable[[Signal], None],
        *,
        asks: bool,
        approve: Approve | None,
    ) -> Answering | None:
        """Return how the calls of a question are answered; None where it has no tools."""
        if not ask.box.forms:
            return None
        return self.tools.answering(
            ask.box,
            emit,
            asks=asks,
            approve=approve,
            yes=options.yes,
            rounds=options.max_rounds,
            clean=self.preparing.without_secrets,
            images=takes_images(ask.choice.model, ask.choice.service.backend),
        )

    def _recall(self, choice: Choice) -> None:
        """Take over which model stands for the retired default, if another kernel knows."""
        known, place = self._experience.successor, (choice.service.identity, choice.model)
        if choice.named or place in known:
            return
        if (found := self.memory.successor(*place)) and self.policy.allows_model(found):
            known[place] = found

    def _remember(self, ask: Ask) -> None:
        """Keep for a day which model stands for the retired default."""
        place = (ask.choice.service.identity, ask.question.model)
        if ask.question.successors and (found := self._experience.successor.get(place)):
            self.memory.note_successor(*place, found)

    def _tell_of_trouble(self, reply: Reply) -> None:
        """Wait until the turn is on disk; say it once where it is not."""
        trouble = self.memory.settle()
        if trouble and trouble not in self._told:
            self._told.add(trouble)
            reply.remarks.append(trouble)

    def _shown_again(self, reply: Reply, screen: Screen) -> Reply:
        """Show an answer that was given before, and return it."""
        reply.notices.append("Kept from an earlier run: nothing was sent.")
        self._keep(reply)
        self._tell_of_trouble(reply)
        screen.finish(reply)
        return reply

    def _keep(self, reply: Reply) -> None:
        """Keep a reply to be shown again, and let go of one that came long ago."""
        self.replies.append(reply)
        del self.replies[:-_REPLIES]

    def _note_beginning(self, ask: Ask) -> None:
        """Keep the question on disk while it is on its way."""
        question, journal = ask.question, self.memory.journal
        if journal is None or question.once:
            return
        turn = Turn(
            prompt=question.prompt,
            input=question.input,
            status="interrupted",
            model=question.model,
            service=ask.choice.service.identity,
            key=question.key,
            sent=question.sent,
            form=question.target.name if question.target else "",
            id=question.turn_id,
        )
        journal.begin(ask.conversation, turn)


def _check_place(options: Options) -> None:
    """Refuse what could never be answered: the question before it waits for this code."""
    if running() and not options.once:
        raise ConfigError(
            "A tool is asking in the conversation that waits for it: ask with once=True there."
        )
