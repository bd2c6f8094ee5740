"""The tools of a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ..api.items import Json
from ..records import dataclass

if TYPE_CHECKING:
    from .tools import Tool


@dataclass(frozen=True, slots=True)
class ToolBox:
    """
    The tools of a question.

    Attributes:
        functions: Those that run here, by the names that the model calls them.
        forms: All of them as a request carries them, in the order in which they were named.
        notices: What the user should know, one line each.
    """

    functions: Mapping[str, Tool[..., Any]] = field(default_factory=dict)
    forms: tuple[Json, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def hosted(self) -> list[Json]:
        """Those that the service runs."""
        return [form for form in self.forms if form.get("type") != "function"]
