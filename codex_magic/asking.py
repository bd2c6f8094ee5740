"""What a question asks for besides its text, as options and as fields of the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, TypedDict

from .api.items import Json
from .config import CONTEXTS, DETAILS, STATES, Codex
from .conversation.toolbox import ToolBox
from .conversation.turns import State
from .errors import ConfigError
from .records import dataclass

# Names of variables, paths or numbers; or the things themselves, alone, in a list, or by name.
Named = Any
Cells = str | int | Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Options:
    """
    What one question asks for besides its text; None and empty are what the settings say.

    The names and meanings are those of the ``%%codex`` options.
    """

    model: str | None = None
    backend: str | None = None
    effort: str | None = None
    summary: str | None = None
    verbosity: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    service_tier: str | None = None
    timeout: float | None = None
    param: Json = field(default_factory=dict)
    instructions: str | None = None
    template: str | None = None
    cells: Cells = None
    outputs: bool = True
    vars: Named = ()
    figures: Named = ()
    images: Named = ()
    detail: str | None = None
    files: Named = ()
    error: bool | BaseException = False
    locals: bool = False
    context: str | None = None
    new: bool = False
    chat: str | None = None
    once: bool = False
    state: State | None = None
    store: bool | None = None
    keep: bool = False
    schema: Any = None
    json: bool = False
    tools: Named = ()
    tool_choice: str | None = None
    max_rounds: int | None = None
    yes: bool = False
    background: bool = False

    def __post_init__(self) -> None:
        """
        See to it that nothing contradicts itself, also where no parser has looked.

        Raises:
            ConfigError: An option cannot have this value.
        """
        if self.state and self.state not in STATES:
            raise ConfigError(f"There is no state {self.state!r}. Known: {', '.join(STATES)}.")
        if self.detail and self.detail not in DETAILS:
            raise ConfigError(f"There is no detail {self.detail!r}. Known: {', '.join(DETAILS)}.")
        if self.context and self.context not in CONTEXTS:
            raise ConfigError(
                f"There is no context {self.context!r}. Known: {', '.join(CONTEXTS)}."
            )
        if self.timeout is not None and not self.timeout > 0:
            raise ConfigError(f"--timeout {self.timeout:g}: seconds are more than 0.")
        if self.max_rounds is not None and self.max_rounds < 1:
            raise ConfigError(f"--max-rounds {self.max_rounds}: there is one round at least.")
        if self.json and self.schema is not None:
            raise ConfigError("--schema and --json exclude each other: a schema says which JSON.")
        if self.background and (self.once or self.json or self.schema is not None):
            raise ConfigError("--background goes with words, and not with --once or --schema.")
        for name in self.param:
            if name in _HAVE_OPTIONS:
                raise ConfigError(f"--param {name}: use {_HAVE_OPTIONS[name]} instead.")


# What --param cannot set, because more than the request depends on it.
_HAVE_OPTIONS = {
    "model": "--model",
    "input": "the prompt",
    "background": "--background",
    "store": "--store or --no-store",
    "previous_response_id": "--state previous_response_id",
    "conversation": "--state conversation",
}


class AskOptions(TypedDict, total=False):
    """The keywords of ``ask``: the fields of ``Options``."""

    model: str | None
    backend: str | None
    effort: str | None
    summary: str | None
    verbosity: str | None
    max_output_tokens: int | None
    temperature: float | None
    top_p: float | None
    service_tier: str | None
    timeout: float | None
    param: Json
    instructions: str | None
    template: str | None
    cells: Cells
    outputs: bool
    vars: Named
    figures: Named
    images: Named
    detail: str | None
    files: Named
    error: bool | BaseException
    locals: bool
    context: str | None
    new: bool
    chat: str | None
    once: bool
    state: State | None
    store: bool | None
    keep: bool
    schema: Any
    json: bool
    tools: Named
    tool_choice: str | None
    max_rounds: int | None
    yes: bool
    background: bool


def parameters(options: Options, config: Codex) -> Json:
    """Return the fields of the request that the options and the settings make."""
    summary = options.summary or config.summary
    params: Json = {
        "instructions": options.instructions or config.instructions,
        "reasoning": _given(
            {
                "effort": options.effort or config.effort,
                "summary": "" if summary == "off" else summary,
            }
        ),
        "text": _given({"verbosity": options.verbosity or config.verbosity}),
        "max_output_tokens": options.max_output_tokens,
        "temperature": options.temperature,
        "top_p": options.top_p,
        "service_tier": options.service_tier,
        "background": options.background or None,
    }
    return _merged(_given(params), options.param)


def with_tools(params: Json, box: ToolBox, choice: str | None) -> Json:
    """
    Return the fields of a request with its tools.

    Args:
        params: The fields without them; tools of ``--param`` stay.
        box: The tools that were named.
        choice: Which of them the model is to call: auto, none, required, or a name.

    Raises:
        ConfigError: There is no tool of that name.
    """
    if not box.forms and choice is None:
        return params
    tools = [*(params.get("tools") or ()), *box.forms]
    if not tools:
        raise ConfigError(f"--tool-choice {choice}: there are no tools. Name some with -t.")
    return _given({**params, "tools": tools, "tool_choice": _choice(tools, choice)})


def with_form(params: Json, form: Json) -> Json:
    """
    Return the fields of a request whose answer has a form.

    Raises:
        ConfigError: ``--param`` names another one.
    """
    text = params.get("text") or {}
    if text.get("format") is not None:
        raise ConfigError("--param text: leave out its format, which --schema or --json sets.")
    return {**params, "text": {**text, "format": form}}


def _choice(tools: Sequence[Json], choice: str | None) -> str | Json | None:
    if choice in (None, "auto", "none", "required"):
        return choice
    for tool in tools:
        kind, name = tool.get("type"), tool.get("name") or tool.get("server_label")
        if choice in (kind, name):
            naming = {"function": "name", "custom": "name", "mcp": "server_label"}.get(str(kind))
            return {"type": kind, naming: name} if naming else {"type": kind}
    raise ConfigError(
        f"--tool-choice {choice}: no such tool was named with -t. Also: auto, none, required."
    )


def store_for(options: Options, config: Codex, state: State) -> bool | None:
    """
    Return whether the service keeps the answer; None is what the state needs.

    Raises:
        ConfigError: The state needs what is refused.
    """
    configured = {"yes": True, "no": False}.get(config.store)
    store = configured if options.store is None else options.store
    if store is False and state != "stateless":
        raise ConfigError(
            f"--no-store and --state {state} exclude each other: the service can only go on "
            "from what it keeps. Use --state stateless, or leave out --no-store."
        )
    if options.background and options.store is False:
        raise ConfigError("--no-store and --background exclude each other: it is fetched later.")
    return True if options.background else store


def unasked(options: Options) -> frozenset[str]:
    """Return the fields that nobody asked for, and that may go if a service refuses them."""
    asked = {
        "reasoning.summary": options.summary or "summary" in _inner(options, "reasoning"),
        "text.verbosity": options.verbosity or "verbosity" in _inner(options, "text"),
        "include": "include" in options.param,
        "store": options.store is not None,
        "instructions": options.instructions is not None or "instructions" in options.param,
    }
    return frozenset(path for path, named in asked.items() if not named)


def _inner(options: Options, name: str) -> Json:
    found = options.param.get(name)
    return found if isinstance(found, dict) else {}


def _given(members: Json) -> Json:
    return {name: value for name, value in members.items() if value not in (None, "", {})}


def _merged(params: Json, more: Json) -> Json:
    """
    Return ``params`` with ``more`` in it; objects are merged, everything else is replaced.

    >>> _merged({"reasoning": {"summary": "auto"}}, {"reasoning": {"effort": "low"}})
    {'reasoning': {'summary': 'auto', 'effort': 'low'}}
    """
    merged = dict(params)
    for name, value in more.items():
        known = merged.get(name)
        both = isinstance(known, dict) and isinstance(value, dict)
        merged[name] = {**merged[name], **value} if both else value
    return merged
