"""The words that are known: names, models, conversations, settings, cells, files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from types import GenericAlias, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias, is_typeddict

from traitlets import Bool, CaselessStrEnum, Enum

from ..api.backends import BACKENDS
from ..config import SUCCESSORS
from ..context.open_figures import is_figure
from ..context.wanted import defined_names
from ..conversation.hosted_tools import PLAIN, WITH_VALUE
from ..errors import ConfigError
from ..options import KERNEL_TOOLS
from ..own_backends import own_backends
from ..templates import template_names
from .completions import Completion, of_kind

if TYPE_CHECKING:
    from ..assistant import Assistant

# From what was typed so far, the words that may fit: those that cost something look at it.
Source: TypeAlias = "Callable[[Assistant, str], Iterable[Completion]]"

# Entries of a folder that are looked at, and executions of cells that are offered.
_MOST_FILES = 2_000
_MOST_CELLS = 50
_PARAMETERS = (
    "include",
    "metadata",
    "prompt_cache_key",
    "safety_identifier",
    "top_logprobs",
    "truncation",
)
_PATHS = ("data_dir", "env_file", "log")


def names(assistant: Assistant) -> Mapping[str, Any]:
    """Return what the user defined."""
    return defined_names(assistant.shell)


def variables(assistant: Assistant, part: str) -> Iterator[Completion]:
    """Yield what the user defined; modules are no data."""
    for name, value in names(assistant).items():
        if not isinstance(value, ModuleType):
            yield Completion(name, _kind(value))


def variables_or_all(assistant: Assistant, part: str) -> list[Completion]:
    """Return what ``--var`` takes."""
    return [*variables(assistant, part), Completion("all", "value")]


def models(assistant: Assistant, part: str) -> list[Completion]:
    """
    Return models that are known without asking.

    They are set, were used before, were in the last list that was asked for, or were live when this
    was written.
    """
    turns = (turn for one in assistant.memory.conversations.values() for turn in one.turns)
    used = [turn.model for turn in turns if turn.model]
    known = [assistant.config.model, *used, *assistant.listed, *SUCCESSORS]
    return of_kind("model", dict.fromkeys(known))


def backends(assistant: Assistant, part: str) -> list[Completion]:
    """Return the services that have a name."""
    known = [name for name in BACKENDS if name != "unknown"]
    try:
        return of_kind("backend", [*known, *own_backends()])
    except ConfigError:
        # Their file is broken: whoever names one of them is told.
        return of_kind("backend", known)


def templates(assistant: Assistant, part: str) -> list[Completion]:
    """Return what ``--template`` takes."""
    return of_kind("template", template_names())


def jobs(assistant: Assistant, part: str) -> list[Completion]:
    """Return the numbers and ids of what runs in the background, the last first."""
    running = [job for job in reversed(assistant.jobs.all) if not job.done]
    return of_kind("job", [*(job.number for job in running), *(job.response_id for job in running)])


def chats(assistant: Assistant, part: str) -> list[Completion]:
    """Return the conversations of this kernel, then those on disk."""
    memory = assistant.memory
    kept = (chat.name for chat in memory.kept())
    return of_kind("conversation", dict.fromkeys([*memory.conversations, *kept]))


def turns(assistant: Assistant, part: str) -> list[Completion]:
    """Return the numbers of the turns, the last first."""
    return of_kind("turn", range(len(assistant.conversation.turns), 0, -1))


def cells(assistant: Assistant, part: str) -> list[Completion]:
    """Return the numbers of cells that ran, the last first, and the words for more."""
    numbers = of_kind("cell", _counts(assistant))
    before, comma, _ = part.rpartition(",")
    found = [*numbers, *of_kind("value", ("above", "all"))]
    return [Completion(f"{before}{comma}{each.text}", each.kind) for each in found]


def figures(assistant: Assistant, part: str) -> list[Completion]:
    """Return the cells that showed figures, the variables that are some, and ``all``."""
    shown = of_kind("figure", _counts(assistant, with_image=True))
    named = of_kind("figure", (name for name, it in names(assistant).items() if _is_drawn(it)))
    return [Completion("all", "value"), *shown, *named]


def images(assistant: Assistant, part: str) -> list[Completion]:
    """Return variables that are images, and files."""
    named = of_kind("image", (name for name, it in names(assistant).items() if _is_drawn(it)))
    return [*named, *files(assistant, part)]


def files(assistant: Assistant, part: str) -> list[Completion]:
    """Return the files and folders that a path which is being written may go on with."""
    folder, name = os.path.split(part)
    found = []
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            for _, entry in zip(range(_MOST_FILES), entries, strict=False):
                if name.startswith(".") or not entry.name.startswith("."):
                    end = "/" if entry.is_dir() else ""
                    found.append(Completion(os.path.join(folder, entry.name) + end, "file"))
    except OSError:
        # There is no such folder, or it may not be read: nothing fits.
        return []
    return sorted(found, key=lambda file: file.text.lower())


def instruction_files(assistant: Assistant, part: str) -> list[Completion]:
    """Return what ``--instructions`` takes beside a text: ``@path``."""
    if not part.startswith("@"):
        return []
    return [Completion(f"@{each.text}", "file") for each in files(assistant, part[1:])]


def schemas(assistant: Assistant, part: str) -> Iterator[Completion]:
    """Yield the variables that can stand for the shape of an answer."""
    for name, value in names(assistant).items():
        if _is_shape(value):
            yield Completion(name, "schema")


def tools(assistant: Assistant, part: str) -> list[Completion]:
    """Return what ``--tools`` takes."""
    own = (
        name for name, it in names(assistant).items() if callable(it) and not isinstance(it, type)
    )
    hosted = (*PLAIN, *(f"{name}:" for name in WITH_VALUE))
    return [
        *of_kind("function", own),
        *of_kind("tool", (*KERNEL_TOOLS, *hosted)),
        Completion("all", "value"),
    ]


def tool_choices(assistant: Assistant, part: str) -> list[Completion]:
    """Return what ``--tool-choice`` takes."""
    return [*of_kind("value", ("auto", "none", "required")), *tools(assistant, part)]


def parameters(assistant: Assistant, part: str) -> list[Completion]:
    """Return parameters of the API that no option has."""
    return of_kind("parameter", (f"{name}=" for name in _PARAMETERS))


def settings(assistant: Assistant, part: str) -> list[Completion]:
    """Return the settings, each ready for its value."""
    return of_kind("setting", (f"{name}=" for name in assistant.config.trait_names(config=True)))


def setting_values(assistant: Assistant, name: str, part: str) -> list[Completion]:
    """Return the values that a setting can have, where they are known."""
    trait = assistant.config.traits(config=True).get(name)
    if isinstance(trait, Bool):
        return of_kind("value", (True, False))
    if isinstance(trait, Enum | CaselessStrEnum):
        return of_kind("value", (value for value in trait.values or () if value))
    if name == "model":
        return models(assistant, part)
    if name == "backend":
        return backends(assistant, part)
    return files(assistant, part) if name in _PATHS else []


def mentions(assistant: Assistant) -> Iterator[Completion]:
    """Yield what an ``@`` can name."""
    for found in variables(assistant, ""):
        yield Completion(f"@{found.text}", found.kind)
    yield from of_kind("mention", ("@fig", "@error", "@file:"))
    for count in _counts(assistant):
        yield from of_kind("cell", (f"@In[{count}]", f"@Out[{count}]", f"@cell[{count}]"))
    yield from of_kind("figure", (f"@fig[{n}]" for n in _counts(assistant, with_image=True)))


def _counts(assistant: Assistant, *, with_image: bool = False) -> list[int]:
    """Return the numbers of the cells that ran, the last first."""
    recorder = assistant.preparing.recorder
    if recorder is None:
        return []
    counts = [
        execution.count
        for execution in recorder.executions
        if execution.count and (not with_image or _shows_image(execution))
    ]
    return list(dict.fromkeys(reversed(counts)))[:_MOST_CELLS]


def _kind(value: Any) -> str:
    """Return what a variable is, in one word; nothing of it is called."""
    if isinstance(value, type | GenericAlias):
        return "class"
    return "function" if callable(value) else "variable"


def _shows_image(execution: Any) -> bool:
    return any(output.image for output in execution.outputs)


def _is_drawn(value: Any) -> bool:
    """Whether a value is a figure, axes or an image, by its type: nothing of it is called."""
    module, name = type(value).__module__, type(value).__name__
    return is_figure(value) or name.endswith("Axes") or module.startswith("PIL.")


def _is_shape(value: Any) -> bool:
    if isinstance(value, type):
        return is_dataclass(value) or is_typeddict(value) or hasattr(value, "model_json_schema")
    if isinstance(value, dict):
        return "properties" in value or "$defs" in value
    return isinstance(value, GenericAlias) and value.__origin__ is list
