"""The kernel's one assistant: settings, service, conversations, and the way from a question to a reply."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Unpack

from .api.calls import CallOptions, join_url
from .api.items import Json
from .api.requests import join_body
from .api.retries import RetryPolicy
from .api.transport import AsyncTransport
from .asking import AskOptions, Options, parameters, store_for, unasked
from .config import SUCCESSORS, Codex
from .conversation.repairs import Experience
from .conversation.session import (
    Ended,
    Question,
    Session,
    Signal,
    model_for,
    plan_for,
    request_body,
)
from .conversation.turns import Conversation
from .display.reply import Reply
from .display.screen import CellScreen, QuietScreen, Screen, TextScreen
from .engine import Engine, Job
from .errors import AnswerInterrupted, APIError, CodexError, ConfigError
from .interrupts import Interrupts
from .services import Choice, Services

MAIN = "main"
# Seconds that a cancelled question may take to say how it ended.
_FAREWELL = 2.0
_PATIENCE = 0.1
_KEPT = "What arrived is kept in the conversation."


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that is ready to go: what, to whom, and in which conversation."""

    question: Question
    choice: Choice
    conversation: Conversation
    options: CallOptions


class Assistant:
    """
    Asks questions in the conversations of this kernel.

    Args:
        config: The settings.
        shell: The IPython shell, or None outside of one.
    """

    def __init__(self, config: Codex | None = None, shell: Any = None) -> None:
        self.config = config or Codex()
        self.shell = shell
        self.services = Services(self.config)
        self.conversations: dict[str, Conversation] = {MAIN: Conversation(MAIN)}
        self.current = MAIN
        self.replies: list[Reply] = []
        self._experience = Experience()
        self._told: set[str] = set()
        self._engine = Engine()
        self._pools: dict[asyncio.AbstractEventLoop, AsyncTransport] = {}

    @property
    def conversation(self) -> Conversation:
        """The conversation that the next question joins."""
        return self.conversations[self.current]

    def new(self, name: str | None = None) -> Conversation:
        """
        Begin a conversation and make it the current one; the one before it keeps its name.

        Raises:
            ConfigError: There is one of that name already.
        """
        if name and name in self.conversations and self.conversations[name].turns:
            raise ConfigError(f"There is a conversation {name!r} already: choose another name.")
        return self.switch(name or self._free_name())

    def switch(self, name: str) -> Conversation:
        """Make the conversation of a name the current one; a new one is begun."""
        self.current = name
        return self.conversations.setdefault(name, Conversation(name))

    def _free_name(self) -> str:
        if not self.conversation.turns:
            return self.current
        return next(
            name
            for number in range(2, len(self.conversations) + 3)
            if (name := f"{MAIN}-{number}") not in self.conversations
        )

    def ask(self, prompt: str, options: Options, screen: Screen) -> Reply:
        """
        Ask, draw the answer as it comes, and return it.

        Raises:
            CodexError: There is no answer, or only a part of it; the part is on the screen and in
                the conversation.
            AnswerInterrupted: The user interrupted it; what arrived is kept as well.
        """
        reply = Reply(prompt.strip("\n"), model=options.model or self.config.model)
        with Interrupts() as interrupts, _shown(reply, screen):
            with interrupts.listening():
                ask = self._prepare(reply, options, lambda: screen.draw(reply))
            self._follow(self._start(ask, reply), reply, screen, interrupts)
        return _checked(reply)

    async def aask(self, prompt: str, options: Options) -> Reply:
        """Ask without blocking the caller's event loop, show nothing, and return the answer."""
        reply = Reply(prompt.strip("\n"), model=options.model or self.config.model)
        ask = await asyncio.to_thread(self._prepare, reply, options, lambda: None)
        job = self._start(ask, reply)
        try:
            # Shielded: a cancelled question still says how it ended, to the conversation.
            waiting = asyncio.shield(asyncio.wrap_future(job.future))
            # An interrupt does not wake an idle loop of ipykernel's: it looks up now and then.
            while not (await asyncio.wait([waiting], timeout=_PATIENCE))[0]:
                pass
            ended = waiting.result()
        except (asyncio.CancelledError, KeyboardInterrupt):
            job.cancel()
            for signal in job.take(0):
                reply.apply(signal)
            reply.status = "interrupted"
            raise
        for signal in (*job.take(0), ended):
            reply.apply(signal)
        return _checked(reply)

    def preview(self, prompt: str, options: Options) -> tuple[str, Json]:
        """Return where a question would go and what it would become; nothing is sent."""
        # The conversation is named, and not begun: this is only a look.
        look = replace(options, new=False, chat=None)
        ask = self._prepare(Reply(prompt.strip("\n"), model=""), look, None)
        question, service = ask.question, ask.choice.service
        model = model_for(question, service, self._experience)
        conversation = self._looked_at(options)
        plan = plan_for(conversation, question, model, service, self._experience)
        if plan.conversation_id == "":
            plan = replace(plan, conversation_id="(made when this is asked)")
        body = request_body(question, plan, model, service, self._experience)
        encoded = join_body({**body, "stream": True}, [*plan.history, *question.input])
        return join_url(service.base_url, "/responses"), json.loads(encoded)

    def warm_up(self) -> None:
        """Build what the first question needs, so that it need not wait for it."""

        async def connect(emit: Callable[[Signal], None]) -> None:
            await self._pool().warm_up()

        self._engine.submit(connect)

    def close(self) -> None:
        """Cancel what is on its way, close the connections and end the engine."""

        async def disconnect(emit: Callable[[Signal], None]) -> None:
            while self._pools:
                await self._pools.popitem()[1].close()

        self._engine.cancel(_FAREWELL)
        if self._pools:
            self._engine.submit(disconnect).rest(_FAREWELL)
        self._engine.stop()

    def _prepare(self, reply: Reply, options: Options, drawn: Callable[[], None] | None) -> Ask:
        """Return the question that a reply is for, ready to go; without ``drawn``, for a look."""
        if not reply.prompt.strip():
            raise ConfigError("There is no question: write one below %%codex, or after %codex ask.")
        # Without a history there is nothing that a service could keep.
        state = "stateless" if options.once else options.state or self.config.state
        store = store_for(options, self.config, state)

        def progress(line: str) -> None:
            reply.stage = line
            if drawn:
                drawn()

        choice = self.services.choose(
            backend=options.backend,
            model=options.model,
            progress=progress,
            start=drawn is not None,
        )
        reply.model = choice.model
        question = Question(
            prompt=reply.prompt,
            input=({"type": "message", "role": "user", "content": reply.prompt},),
            model=choice.model,
            params=parameters(options, self.config),
            ours=unasked(options),
            state=state,
            store=store,
            successors=() if choice.named else SUCCESSORS,
            once=options.once,
        )
        timeout = options.timeout or self.config.timeout
        calls = CallOptions(choice.service, RetryPolicy(self.config.max_retries), timeout, {})
        return Ask(question, choice, self._joined(options), calls)

    def _joined(self, options: Options) -> Conversation:
        """Return the conversation that a question joins, which is the current one from now on."""
        if options.once:
            return self.conversation
        if options.new:
            return self.new(options.chat)
        return self.switch(options.chat) if options.chat else self.conversation

    def _looked_at(self, options: Options) -> Conversation:
        """Return the conversation that a question would join; none is begun."""
        if options.new:
            return Conversation("")
        name = options.chat or self.current
        return self.conversations.get(name) or Conversation(name)

    def _start(self, ask: Ask, reply: Reply) -> Job[Signal, Ended]:
        """Send a question; the job tells how it goes."""
        self.replies.append(reply)
        if ask.choice.notice and ask.choice.notice not in self._told:
            self._told.add(ask.choice.notice)
            reply.notices.append(ask.choice.notice)

        async def run(emit: Callable[[Signal], None]) -> Ended:
            session = Session(ask.choice.service, self._pool(), ask.options, self._experience)
            return await session.run(ask.conversation, ask.question, emit)

        return self._engine.submit(run)

    def _pool(self) -> AsyncTransport:
        """Return the connections of the running loop: one pool for the kernel's life."""
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            self._pools[loop] = AsyncTransport()
        return self._pools[loop]

    def _follow(
        self, job: Job[Signal, Ended], reply: Reply, screen: Screen, interrupts: Interrupts
    ) -> None:
        """Draw what a job tells until it has ended; an interrupt ends it."""
        try:
            while True:
                done = job.done
                with interrupts.listening():
                    job.wait(_PATIENCE)
                for signal in job.take():
                    reply.apply(signal)
                if done:
                    break
                screen.draw(reply)
                with interrupts.listening():
                    job.rest(screen.pause())
        except KeyboardInterrupt:
            job.cancel()
            job.rest(_FAREWELL)
            if job.done:
                reply.apply(job.future.result())
            raise
        # An error that is none of the API is a mistake of ours, or of the settings.
        reply.apply(job.future.result())


@contextmanager
def _shown(reply: Reply, screen: Screen) -> Iterator[None]:
    """See to it that what arrived stays on the screen, however a question ends."""
    try:
        yield
    except KeyboardInterrupt:
        reply.status = "interrupted"
        screen.finish(reply)
        kept = _KEPT if reply.text else "Nothing had arrived."
        raise AnswerInterrupted(f"the answer was stopped. {kept}", reply=reply) from None
    except BaseException as error:
        reply.error = error if isinstance(error, CodexError) else CodexError(repr(error))
        screen.finish(reply)
        raise
    screen.finish(reply)


def _checked(reply: Reply) -> Reply:
    """Return a reply that has an answer; raise the error of one that has none, or half of one."""
    if reply.error is not None:
        if reply.status == "interrupted" and isinstance(reply.error, APIError):
            reply.error.message = f"{reply.error.message} {_KEPT}"
        raise reply.error
    return reply


def current_assistant() -> Assistant:
    """Return the assistant of the running shell, or one without a shell."""
    from IPython import get_ipython

    shell = get_ipython()
    magic = shell.find_line_magic("codex") if shell else None
    found = getattr(getattr(magic, "__self__", None), "assistant", None)
    return found if isinstance(found, Assistant) else _without_magics()


@lru_cache(maxsize=1)
def _without_magics() -> Assistant:
    return Assistant()


def screen_for(assistant: Assistant, *, ours: bool, quiet: bool, raw: bool) -> Screen:
    """
    Return where an answer is drawn.

    Args:
        assistant: Whose shell it is.
        ours: Whether the whole cell is ours.
        quiet: Show nothing.
        raw: Show the Markdown source.
    """
    if quiet:
        return QuietScreen()
    if raw:
        return TextScreen(sys.stdout)
    if getattr(assistant.shell, "kernel", None) is not None:
        return CellScreen(assistant.shell, ours=ours)
    return TextScreen(sys.stdout, sys.stdout)


def is_whole_cell(shell: Any) -> bool:
    """Whether the running cell is one ``%codex`` line and nothing else, so that it is ours."""
    request: Json = getattr(shell, "get_parent", dict)() or {}
    code = str(request.get("content", {}).get("code", "")).strip()
    return code.startswith("%codex") and "\n" not in code


def ask(prompt: str, *, quiet: bool = True, **options: Unpack[AskOptions]) -> Reply:
    """
    Ask in the kernel's conversation, as ``%%codex`` does, and return the reply.

    Args:
        prompt: The question, in Markdown.
        quiet: Show nothing while the answer comes; the reply shows itself as a cell's last value.
        options: Those of ``%%codex``, by their long names.

    Raises:
        CodexError: There is no answer; the message says what to do.

    >>> reply = ask("Why?", model="gpt-5.6-terra", effort="low")  # doctest: +SKIP
    >>> reply.text, reply.usage  # doctest: +SKIP
    """
    assistant = current_assistant()
    screen = screen_for(assistant, ours=False, quiet=quiet, raw=False)
    reply = assistant.ask(prompt, Options(**options), screen)
    if not quiet and assistant.shell is not None:
        reply.shown_by = assistant.shell.execution_count
    return reply


async def aask(prompt: str, **options: Unpack[AskOptions]) -> Reply:
    """Ask as ``ask`` does, without blocking the event loop."""
    return await current_assistant().aask(prompt, Options(**options))


def ask_in_terminal(prompt: str, *, model: str | None, backend: str | None) -> int:
    """Ask once, print the answer, and return the exit code; notes go to standard error."""
    assistant = Assistant()
    try:
        options = Options(model=model, backend=backend)
        assistant.ask(prompt, options, TextScreen(sys.stdout, sys.stderr))
    finally:
        assistant.close()
    return 0
