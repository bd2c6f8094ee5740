"""Tools by name: the user's functions, those that the kernel offers, and those of the service."""

from __future__ import annotations

import functools
import math
from typing import Any

import pytest

from codex_magic.api.items import FunctionTool
from codex_magic.conversation.hosted_tools import hosted
from codex_magic.conversation.tool_finding import marked_tools, tools_for
from codex_magic.conversation.toolbox import ToolBox
from codex_magic.conversation.tools import Tool, tool, tool_of
from codex_magic.errors import CodexError, ConfigError, ToolError

from .tool_functions import Thermometer, two, whole


@tool
def marked(n: int) -> int:
    """Be marked."""
    return n


@tool(name="renamed")
def other(n: int) -> int:
    """Have another name."""
    return n


_KNOWN = {"read_cell": tool_of(whole, "read_cell")}
_NAMESPACE: dict[str, Any] = {
    "two": two,
    "marked": marked,
    "other": other,
    "_hidden": marked,
    "again": marked,
    "ours": [two, marked],
    "half": functools.partial(two, 1),
    "square": lambda x: x,
    "math": math,
    "here": Thermometer(0.5),
    "web_store": {"type": "file_search", "vector_store_ids": ["vs_9"]},
    "number": 3,
}


def _found(*names: Any) -> ToolBox:
    return tools_for(names, _NAMESPACE, _KNOWN)


@pytest.mark.parametrize(
    ("names", "functions"),
    [
        (["two"], ["two"]),
        (["marked", "marked", "again"], ["marked"]),
        (["other"], ["renamed"]),
        (["renamed"], ["renamed"]),
        (["all"], ["marked", "renamed"]),
        (["ours"], ["two", "marked"]),
        (["half"], ["half"]),
        (["square"], ["square"]),
        (["here.read"], ["read"]),
        (["here"], ["here"]),
        (["read_cell"], ["read_cell"]),
        ([two, marked, [whole]], ["two", "marked", "whole"]),
        ([], []),
    ],
)
def test_names_lead_to_functions(names: list[Any], functions: list[str]) -> None:
    """Plain functions, methods, partials and lists of them are found, each once, in order."""
    box = _found(*names)

    assert functions == [*box.functions]
    assert functions == [form["name"] for form in box.forms]


@pytest.mark.parametrize(
    ("spec", "form"),
    [
        ("web_search", {"type": "web_search"}),
        ("image_generation", {"type": "image_generation"}),
        ("code_interpreter", {"type": "code_interpreter", "container": {"type": "auto"}}),
        ("file_search:vs_1", {"type": "file_search", "vector_store_ids": ["vs_1"]}),
        ("file_search: vs_1, vs_2", {"type": "file_search", "vector_store_ids": ["vs_1", "vs_2"]}),
        (
            "mcp:https://mcp.example.com/sse?x=1",
            {
                "type": "mcp",
                "server_label": "example",
                "server_url": "https://mcp.example.com/sse?x=1",
                "require_approval": "always",
            },
        ),
    ],
)
def test_hosted_tools_have_names(spec: str, form: dict[str, Any]) -> None:
    """What is sent is what the service documents; a server asks for approval each time."""
    assert form == hosted(spec)
    assert [form] == _found(spec, spec).hosted
    assert {} == _found(spec).functions


def test_two_servers_of_one_name_have_two_labels() -> None:
    """A call's label says which server it is."""
    box = _found("mcp:https://mcp.example.com/a", "mcp:https://mcp.example.com/b", "two")

    assert ["example", "example_2"] == [form["server_label"] for form in box.hosted]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("file_search", "Write -t file_search:vs_…"),
        ("file_search:my_files", "'my_files' is none"),
        ("mcp", "Write -t mcp:https://…"),
        ("mcp:", "Write -t mcp:https://…"),
        ("mcp:ftp://example.com", "not 'ftp://example.com'"),
        ("mcp:https://[::1", "Write -t mcp:https://…"),
        ("mcp:https://me:hunter2@example.com", "would be shown and kept"),
        ("web_search:news", "web_search takes nothing after a colon"),
    ],
)
def test_a_hosted_tool_that_is_not_whole_says_how_it_is_written(spec: str, told: str) -> None:
    """The error shows the form, and never a password."""
    with pytest.raises(ConfigError) as caught:
        _found(spec)

    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tow", "There is no function 'tow' to be a tool. Did you mean two?"),
        ("websearch", "Did you mean web_search?"),
        ("read_cells", "Did you mean read_cell?"),
        ("zzzzzz", "Hosted tools: web_search, "),
        ("here.missing", "There is no function 'here.missing'"),
        ("math", "There is no function 'math'"),
        ("number", "number is of type int"),
    ],
)
def test_a_name_that_is_no_tool_is_an_error_with_a_hint(name: str, told: str) -> None:
    """One line says what is near, or what there is."""
    with pytest.raises(CodexError) as caught:
        _found(name)

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_kind_that_there_is_not_is_said() -> None:
    """The error lists those that there are."""
    with pytest.raises(ConfigError, match="There are web_search, code_interpreter"):
        hosted("computer")


def test_all_needs_a_marked_function() -> None:
    """Tools of the kernel, and functions without the mark, are not meant by it."""
    with pytest.raises(ConfigError, match="No function is marked with @tool"):
        tools_for(["all"], {"two": two}, _KNOWN)


def test_the_user_s_own_names_come_first() -> None:
    """A function that is called like a hosted tool, or like one of the kernel's, is the user's."""
    own = {"web_search": two, "read_cell": two, "all": two}

    box = tools_for(["web_search", "read_cell", "all"], own, _KNOWN)

    assert ["web_search", "read_cell", "all"] == [*box.functions]


def test_two_functions_of_one_name_are_an_error() -> None:
    """The model could not say which it means."""
    clash = Tool(two, "marked")

    with pytest.raises(ConfigError, match="Two tools have the name 'marked'"):
        _found("marked", clash)


def test_tools_in_the_api_s_form_are_sent_as_they_are() -> None:
    """A function without code is none that could answer a call."""
    form = {"type": "web_search", "search_context_size": "low"}

    assert [form, _NAMESPACE["web_store"]] == _found(form, "web_store").hosted
    with pytest.raises(ToolError, match="has no function that could run"):
        _found(FunctionTool("f", None, None))


def test_marked_tools_are_listed_once_and_without_hidden_names() -> None:
    """That is what ``%codex tools`` lists."""
    assert [marked, other] == marked_tools(_NAMESPACE)


def test_what_the_user_should_know_of_the_schemas_is_gathered() -> None:
    """Each notice names its function."""
    assert () == _found("two").notices
    assert _found("square").notices[0].startswith("square is sent with strict: false.")
