"""Where the code of an answer is to go, as the options of a question say it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .assistant import Assistant
from .records import dataclass

if TYPE_CHECKING:
    from .placing import Target


@dataclass(frozen=True, slots=True)
class Landing:
    """
    Where the code of an answer is to go.

    Attributes:
        code: Into new cells below.
        replace: Into this cell.
        run: Through the scan and the user's hands; then it is run here, too.
        into: Into another cell, as ``--replace`` names it.
        target: That cell, once it was found.
    """

    code: bool = False
    replace: bool = False
    run: bool = False
    into: str = ""
    target: Target | None = None

    @classmethod
    def taken(cls, given: dict[str, Any]) -> Landing:
        """Return what the options of a line say of it, and take that out of them."""
        replaces = given.pop("replace", ())
        into = replaces[-1] if replaces else ""
        code, run = bool(given.pop("code", False)), bool(given.pop("run", False))
        return cls(code, bool(replaces) and not into, run, into)

    def aimed(self, assistant: Assistant) -> Landing:
        """
        Return the same with the cell that it names.

        Raises:
            ConfigError: Nobody can write into it.
            ContextError: There is none.
        """
        if not self.into:
            return self
        from .placing import target_of  # Talks to the page: few questions name a cell.

        return replace(self, target=target_of(assistant, self.into))

    def __bool__(self) -> bool:
        """Whether code is wanted at all."""
        return self.code or self.replace or self.run or bool(self.into)
