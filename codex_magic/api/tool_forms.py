"""Tools and the choice among them as people write them → as the API has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Any

from ..records import dataclass
from .items import FunctionTool, Json, to_json


@dataclass(slots=True)
class Tools:
    """
    The tools of a request.

    Attributes:
        forms: What is sent.
        notices: What the user should know, one line each.
    """

    forms: list[Json] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def tools_of(given: Iterable[Any]) -> Tools:
    """
    Return tools in the API's form: Chat's nested functions become flat, strict ones are closed.

    >>> tools_of([{"type": "function", "function": {"name": "f"}}]).forms
    [{'parameters': None, 'strict': None, 'type': 'function', 'name': 'f'}]
    """
    tools = Tools()
    for tool in given:
        form = _flat(to_json(tool))
        tools.forms.append(_strict(form, tools.notices) if form.get("strict") else form)
    return tools


def tool_choice_of(choice: Any) -> Any:
    """
    Return the choice among tools in the API's form.

    >>> tool_choice_of({"type": "function", "function": {"name": "f"}})
    {'type': 'function', 'name': 'f'}
    """
    if isinstance(choice, FunctionTool):
        return {"type": "function", "name": choice.name}
    found = to_json(choice)
    if isinstance(found, dict) and isinstance(found.get("function"), dict):
        return {"type": "function", **found["function"]}
    return found


def _flat(tool: Json) -> Json:
    nested = tool.get("function")
    if tool.get("type", "function") != "function":
        return tool
    flat = {"type": "function", **nested} if isinstance(nested, dict) else tool
    # Both are required keys, also where they are null.
    return {"parameters": None, "strict": None, **flat} if "name" in flat else flat


def _strict(tool: Json, notices: list[str]) -> Json:
    """Return a strict function with the parameters that strict mode takes, or as not strict."""
    parameters = tool.get("parameters")
    if not isinstance(parameters, dict):
        return tool
    if parameters.get("type") == "object" and "properties" not in parameters:
        # A function without arguments.
        parameters = {**parameters, "properties": {}, "additionalProperties": False}
    from .strict import strict_schema  # Few questions have tools.

    try:
        found = strict_schema(parameters)
    except (TypeError, ValueError):
        return tool
    if found.strict and not found.wrapped:
        return {**tool, "parameters": found.schema}
    problem = found.problems[0] if found.problems else "#: it is no object"
    notices.append(f"{tool.get('name')} is sent with strict: false. {problem}")
    return {**tool, "strict": False}
