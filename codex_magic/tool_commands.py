"""``%codex tools``: what a model may call, and what runs without asking."""

from __future__ import annotations

from typing import Any

from .assistant import Assistant
from .command_words import cut
from .context.wanted import defined_names
from .conversation.hosted_tools import FORMS
from .conversation.tool_finding import marked_tools
from .conversation.tools import Tool
from .errors import ConfigError
from .options import KERNEL_TOOLS

_RESET = "reset"


def tools(assistant: Assistant, rest: str) -> None:
    """tools [reset]: functions a model may call, and what is approved always; reset: ask again"""
    if rest not in ("", _RESET):
        raise ConfigError(f"%codex tools takes {_RESET!r} or nothing, not {rest!r}.")
    settled = assistant.tools.settled
    if rest == _RESET:
        settled.clear()
    marked = marked_tools(defined_names(assistant.shell))
    print("functions marked with @tool (-t NAME; -t all names these):")
    print("\n".join(map(_line, marked)) if marked else "  none; -t NAME takes any function")
    print("of this kernel (-t NAME; run_python asks each time):")
    print(f"  {', '.join(KERNEL_TOOLS)}")
    print("run by the service (-t NAME):")
    print(f"  {', '.join(FORMS)}")
    print("approved always:")
    print(f"  {', '.join(sorted(settled)) or 'none: every call is asked about'}")


def _line(tool: Tool[..., Any]) -> str:
    asks = {True: "", False: " (runs without asking)", "always": " (asks each time)"}[tool.approve]
    return f"  {tool.name:<20} {cut(str(tool.description or tool.__doc__ or ''), 60)}{asks}"
