"""From what a user writes to a question that is ready to go: who answers, what goes along, where."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from .api.backends import LOCAL, UNKNOWN, Backend
from .api.calls import CallOptions
from .api.retries import RetryPolicy
from .asking import Options, parameters, store_for, unasked, with_form, with_tools
from .attaching import Attached, attach, sees, wanted_by
from .config import SUCCESSORS, Codex
from .context.recorder import Recorder
from .context.redact import Redactor
from .context.wanted import Fetch, Scene, defined_names
from .conversation.editing import Again
from .conversation.questions import Question
from .conversation.toolbox import ToolBox
from .conversation.turns import Conversation
from .display.progress import plural
from .display.reply import Reply
from .errors import ConfigError, ParseError
from .joining import joined, looked_at, namesakes
from .kernel_tools import kernel_tools
from .local import running
from .memory import Memory, digest_of
from .notebook import NotebookFinder, runs_scripts_in_markdown
from .records import dataclass
from .services import Choice, Services
from .spending import Cap, cap_of, check, month_of
from .templates import filled

if TYPE_CHECKING:
    from .api.schema import Target


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that is ready to go: what, to whom, and in which conversation."""

    question: Question
    choice: Choice
    conversation: Conversation
    options: CallOptions
    attached: Attached
    box: ToolBox = field(default_factory=ToolBox)


class Preparing:
    """
    Makes questions out of prompts and options; nothing is sent here.

    Args:
        config: The settings.
        services: Who can answer.
        memory: The conversations.
        shell: The IPython shell, or None outside of one.
        recorder: What its cells did; None where nobody looks.
        fetch: Returns what is at an address that the user wrote.
    """

    def __init__(
        self,
        config: Codex,
        services: Services,
        memory: Memory,
        shell: Any,
        recorder: Recorder | None,
        fetch: Fetch,
    ) -> None:
        self._config = config
        self._services = services
        self._memory = memory
        self._shell = shell
        self.recorder = recorder
        self._fetch = fetch
        self.notebook = NotebookFinder(shell)
        # Whoever else has a say in what a month may cost adds a cap.
        self.caps: list[Callable[[], Cap]] = [partial(cap_of, config), self._allowance]
        self.redactor = Redactor(os.environ, shell.user_ns if shell is not None else None)

    def begun(self, prompt: str, options: Options) -> Reply:
        """
        Return the reply that an answer will fill.

        Raises:
            ConfigError: There is no question, or answers cannot be shown as the settings have it.
        """
        if options.template:
            prompt = filled(options.template, prompt)
        prompt = prompt.strip("\n")
        if not prompt.strip():
            raise ConfigError("There is no question: write one below %%codex, or after %codex ask.")
        reply = Reply(prompt, model=options.model or self._config.model)
        self.form(reply)
        return reply

    def form(self, reply: Reply) -> Reply:
        """
        Let a reply be shown as the settings have it, and return it.

        Raises:
            ConfigError: They ask for Markdown where scripts in it would run.
        """
        reply.as_markdown = self._config.mime == "markdown"
        if reply.as_markdown and runs_scripts_in_markdown(self._shell):
            raise ConfigError(
                "mime = 'markdown' is for VS Code, Colab and nbconvert: JupyterLab and Notebook would "
                "run scripts in it. Set it back with %codex config mime=html."
            )
        return reply

    def chosen(
        self,
        options: Options,
        reply: Reply,
        drawn: Callable[[], None] | None,
        *,
        spends: bool = True,
    ) -> Choice:
        """
        Return who answers; without ``drawn``, for a look, nothing is started and no key is needed.

        Raises:
            ConfigError: There is nobody; or what it ``spends`` is more than this month's budget.
        """

        def progress(line: str) -> None:
            reply.stage = line
            if drawn:
                drawn()

        if drawn is not None and spends:
            self.check_budget(options)
        if options.background:
            self._check_background(options)
        choice = self._services.choose(
            backend=options.backend,
            model=options.model,
            progress=progress,
            start=drawn is not None,
            keyless=drawn is None,
        )
        reply.model = choice.model
        return choice

    def _check_background(self, options: Options) -> None:
        look = self._services.choose(backend=options.backend, model=options.model, start=False)
        service = look.service.backend
        if service.background in ("no", "ignored"):
            title = f"{service.title[:1].upper()}{service.title[1:]}"
            raise ConfigError(f"{title} answers nothing in the background: leave out --background.")

    def _allowance(self) -> Cap:
        """Return the cap that the administrator puts."""
        policy = self._services.policy
        return Cap(policy.budget, policy.budget_tokens, "ask the administrator of this machine")

    def foresee(self, options: Options, reply: Reply) -> None:
        """
        Look for what a question names before a model is fetched and started for it.

        Raises:
            ContextError: Something is not there.
        """
        if wanted_by(options, self._config) == wanted_by(Options(), self._config) or running():
            return
        look = self._services.choose(backend=options.backend, model=options.model, start=False)
        if look.service.backend is LOCAL:
            self._attached(reply, options, look.model, LOCAL, None)

    def check_budget(self, options: Options) -> None:
        """
        See to it that this month's budget has something left, where the answer costs anything.

        Raises:
            ConfigError: It has not; the line says what raises it.
        """
        caps = [cap for cap in (made() for made in self.caps) if cap.dollars or cap.tokens]
        if not caps:
            return
        look = self._services.choose(backend=options.backend, model=options.model, start=False)
        if look.service.backend is not LOCAL:
            check(caps, self._memory.spent(month_of(datetime.now())))

    def prepare(
        self,
        reply: Reply,
        options: Options,
        choice: Choice,
        *,
        again: Again | None = None,
        key: str = "",
        digest: str = "",
    ) -> Ask:
        """
        Return the question that a reply is for, with what it names.

        Args:
            reply: Its prompt is the question.
            options: What it asks for.
            choice: Who answers.
            again: An earlier question that is asked again, or gone on with.
            key: Which cell asks.
            digest: What the very same request has in common with it; empty where it is not kept.
        """
        box = self.box(options)
        if options.background and box.functions:
            raise ConfigError(
                "--background and functions of this kernel exclude each other: nobody waits for "
                "their calls. Tools that the service runs, as web_search, go with it."
            )
        params = with_tools(parameters(options, self._config), box, options.tool_choice)
        if params.get("tools"):
            self._services.policy.check_tools()
        if params.get("tools") and not choice.tools:
            raise ConfigError(
                f"The embedded model {choice.model} cannot call tools: its template has no place "
                "for them. Leave out -t, name another service, or set CODEX_MAGIC_LOCAL_MODEL to "
                "a GGUF file whose template has one."
            )
        target = self.target(options)
        if target is not None:
            params = with_form(params, self._cleaned(target.format))
            reply.form = target.name
            reply.notices.extend(filter(None, [target.warning]))
        attached = self._attached(reply, options, choice.model, choice.service.backend, again)
        if attached.instructions:
            params = {**params, "instructions": attached.instructions}
        reply.notices.extend(namesakes(self._memory, options))
        conversation = joined(self._memory, options)
        # Without a history there is nothing that a service could keep.
        state = options.state or conversation.state or self._config.state
        state = "stateless" if options.once else state
        if options.background and state == "conversation":
            # What is asked meanwhile would find the service's conversation locked.
            state = "stateless"
        question = Question(
            prompt=attached.prompt,
            input=again.input if again else attached.items(),
            model=choice.model,
            params=params,
            ours=unasked(options),
            state=state,
            store=store_for(options, self._config, state),
            successors=() if choice.named else self._successors(),
            once=options.once,
            key=key,
            replaces=again.replaces if again else self._memory.outlived(conversation, key),
            sent=_with_tools(attached.words, box),
            digest=digest,
            target=target,
        )
        reply.prompt, reply.attached = attached.prompt, question.sent
        reply.turn_id = question.turn_id
        reply.remarks.extend(attached.remarks)
        return Ask(question, choice, conversation, self.calls(choice, options), attached, box)

    def _successors(self) -> tuple[str, ...]:
        return tuple(filter(self._services.policy.allows_model, SUCCESSORS))

    def target(self, options: Options) -> Target[Any] | None:
        """
        Return what an answer is to become; None for words.

        Raises:
            ConfigError: There is no type of that name.
            SchemaError: What it names cannot describe an answer.
        """
        if options.schema is None and not options.json:
            return None
        from .forms import target_for  # Few questions have a form.

        return target_for(options.schema, getattr(self._shell, "user_ns", {}))

    def box(self, options: Options) -> ToolBox:
        """
        Return the tools that a question names; what they tell the model has no secrets in it.

        Raises:
            ConfigError: There is no tool of a name.
            ToolError: What was named cannot be a tool.
        """
        named = [options.tools] if isinstance(options.tools, str) else _listed(options.tools)
        if not named:
            return ToolBox()
        from .conversation.tool_finding import tools_for  # Few questions name a tool.

        box = tools_for(named, defined_names(self._shell), kernel_tools(self._scene))
        forms = tuple(
            self._cleaned(form) if form.get("type") == "function" else form for form in box.forms
        )
        return replace(box, forms=forms)

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.without_secrets(value)
        if isinstance(value, dict):
            return {name: self._cleaned(each) for name, each in value.items()}
        return [self._cleaned(each) for each in value] if isinstance(value, list) else value

    def calls(self, choice: Choice, options: Options) -> CallOptions:
        """Return how a service is called."""
        timeout = options.timeout or self._config.timeout
        return CallOptions(choice.service, RetryPolicy(self._config.max_retries), timeout, {})

    def without_secrets(self, text: str) -> str:
        """Return a text as it may be sent and kept."""
        return self.redactor.redact(text)[0] if self._config.redact else text

    def digest(self, reply: Reply, options: Options, key: str) -> str:
        """Return what the very same request has in common with this one; empty without --keep."""
        if not options.keep:
            return ""
        model = options.model or self._config.model
        attached = self._attached(reply, options, model, UNKNOWN, None)
        asked = [model, parameters(options, self._config)]
        if options.tools:
            box = self.box(options)
            asked.append(with_tools({}, box, options.tool_choice))
        if target := self.target(options):
            asked.append(target.format)
        return digest_of(attached, asked, looked_at(self._memory, options), key)

    def kept(self, digest: str, options: Options, key: str) -> Reply | None:
        """Return the answer that this very request had before; it is in the conversation, too."""
        turn = self._memory.answered(digest) if digest else None
        if turn is None:
            return None
        value, target = None, self.target(options)
        if target is not None:
            from .forms import value_of

            try:
                value = value_of(turn.text, target)
            except ParseError:
                # The type has become stricter since.
                return None
        if not options.once:
            turn = self._memory.repeat(turn, joined(self._memory, options), key)
        reply = Reply.of_turn(turn)
        reply.value = value
        return reply

    def _scene(self) -> Scene:
        return Scene(
            names=defined_names(self._shell),
            recorder=self.recorder,
            finder=self.notebook,
            shell=self._shell,
            fetch=self._fetch,
        )

    def _attached(
        self,
        reply: Reply,
        options: Options,
        model: str,
        backend: Backend,
        again: Again | None,
    ) -> Attached:
        instructions = options.instructions or self._config.instructions
        if again:
            # What went along the first time still does; nothing is looked for again.
            return Attached(again.prompt)
        return attach(
            reply.prompt,
            options,
            self._config,
            self._scene(),
            model=model,
            backend=backend,
            redactor=self.redactor,
            instructions=instructions,
        )


def takes_images(model: str, backend: Backend) -> bool:
    """Whether a tool's output may be an image."""
    return sees(model, backend) and not backend.bare_text


def _listed(tools: Any) -> list[Any]:
    """Return tools as a list: a function, or a tool in the API's form, may stand alone."""
    return list(tools) if isinstance(tools, list | tuple | set) else [tools]


def _with_tools(words: str, box: ToolBox) -> str:
    """Return what goes along, in words, with the tools."""
    if not box.forms:
        return words
    return f"{words or 'the prompt'}, {plural(len(box.forms), 'tool')}"
