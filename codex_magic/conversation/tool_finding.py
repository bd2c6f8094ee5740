"""The tools that a question names, found among the user's functions and the hosted ones."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import partial
from typing import Any

from ..api.items import Json, Wire
from ..errors import ConfigError, ToolError
from ..records import dataclass
from .hosted_tools import FORMS, hosted, is_hosted
from .toolbox import ToolBox
from .tools import Tool, tool_of

ALL = "all"
_NOTHING = object()


def tools_for(
    names: Iterable[Any],
    namespace: Mapping[str, Any],
    known: Mapping[str, Tool[..., Any]] | None = None,
) -> ToolBox:
    """
    Return the tools that were named.

    Args:
        names: Names in the namespace (also ``object.method``, and lists of functions), of
            ``known`` and of hosted tools; ``all`` for every ``@tool`` of the namespace. From
            Python also functions, tools, and tools in the API's form.
        namespace: The user's names; they come first.
        known: Tools that are there only when they are asked for by name.

    Raises:
        ConfigError: There is no tool of a name, or two have the same one.
        ToolError: What a name stands for cannot be a tool.
    """
    finding = _Finding(namespace, known or {})
    for name in names:
        finding.add(name)
    return finding.box()


def marked_tools(namespace: Mapping[str, Any]) -> list[Tool[..., Any]]:
    """Return the functions of a namespace that are marked with ``@tool``, each once."""
    found = [
        value
        for name, value in list(namespace.items())
        if isinstance(value, Tool) and not name.startswith("_")
    ]
    return list({id(tool): tool for tool in found}.values())


@dataclass(slots=True)
class _Finding:
    """Tools on the way to a box."""

    namespace: Mapping[str, Any]
    known: Mapping[str, Tool[..., Any]]
    functions: dict[str, Tool[..., Any]] = field(default_factory=dict)
    forms: list[Json] = field(default_factory=list)

    def box(self) -> ToolBox:
        """Return what was found."""
        notices = [notice for tool in self.functions.values() for notice in tool.notices]
        return ToolBox(self.functions, tuple(self.forms), tuple(notices))

    def add(self, given: Any) -> None:
        """Add a tool, by name or as it is."""
        if isinstance(given, str):
            self.add_name(given.strip())
        elif isinstance(given, Wire | Mapping):
            self.add_form(given.to_dict() if isinstance(given, Wire) else dict(given))
        elif isinstance(given, list | tuple | set):
            for each in given:
                self.add(each)
        else:
            self.add_function(tool_of(given))

    def add_name(self, name: str) -> None:
        """Add what a name stands for; the user's own names come first."""
        found = self.named(name)
        if found is not _NOTHING:
            self.add_object(name, found)
        elif name == ALL:
            self.add_all()
        elif name in self.known:
            self.add_function(self.known[name])
        elif is_hosted(name):
            labels = [form["server_label"] for form in self.forms if "server_label" in form]
            repeated = any(form.get("server_url") == name.partition(":")[2] for form in self.forms)
            if not repeated:
                self.add_form(hosted(name, labels))
        else:
            raise ConfigError(self.missing(name))

    def named(self, name: str) -> Any:
        """Return what a name stands for in the namespace, also as a tool's own name."""
        first, *rest = name.split(".")
        marked = {tool.name: tool for tool in marked_tools(self.namespace)}
        found = self.namespace.get(first, marked.get(name, _NOTHING))
        if inspect.ismodule(found) and not rest:
            return _NOTHING
        for part in rest:
            found = getattr(found, part, _NOTHING)
        return found

    def add_object(self, name: str, found: Any) -> None:
        """Add what the user calls ``name``."""
        if isinstance(found, list | tuple | set | Wire | Mapping):
            self.add(found)
            return
        own = name.rpartition(".")[2]
        self.add_function(
            found if isinstance(found, Tool) else tool_of(found, _tool_name(own, found))
        )

    def add_all(self) -> None:
        """Add every function that is marked."""
        marked = marked_tools(self.namespace)
        if not marked:
            raise ConfigError("No function is marked with @tool. Mark some, or name them: -t NAME.")
        for tool in marked:
            self.add_function(tool)

    def add_function(self, tool: Tool[..., Any]) -> None:
        """Add a function, once."""
        there = self.functions.get(tool.name)
        if there is None:
            self.forms.append(tool.form)
            self.functions[tool.name] = tool
        elif there.function != tool.function:
            raise ConfigError(
                f'Two tools have the name {tool.name!r}. Give one another: @tool(name="…").'
            )

    def add_form(self, form: Json) -> None:
        """Add a tool in the API's form, once."""
        if form.get("type") == "function":
            raise ToolError(
                f"{form.get('name')!r} has no function that could run. Name the function itself."
            )
        if form not in self.forms:
            self.forms.append(form)

    def missing(self, name: str) -> str:
        """Return what is said of a name that there is not."""
        candidates = [key for key, value in self.namespace.items() if _is_function(key, value)]
        near = difflib.get_close_matches(name, [*candidates, *self.known, *FORMS], 1)
        hint = f" Did you mean {near[0]}?" if near else f" Hosted tools: {', '.join(FORMS)}."
        return f"There is no function {name!r} to be a tool.{hint}"


def _tool_name(own: str, function: Any) -> str:
    """Return what a function is called as a tool: what the user calls it, where that can be."""
    is_valid = own.isascii() and own.isidentifier()
    return own if is_valid or isinstance(function, partial) else ""


def _is_function(name: str, value: Any) -> bool:
    return not name.startswith("_") and callable(value) and not isinstance(value, type)
