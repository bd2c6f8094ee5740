"""A Python function as a tool that a model may call."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, Generic, Literal, ParamSpec, TypeVar, cast, overload

from ..api.items import Json
from ..errors import ToolError
from ..records import dataclass
from .docstrings import Documentation, documentation_of
from .tool_signatures import Parameters, parameters_of, signature_of

_P = ParamSpec("_P")
_R = TypeVar("_R")

Asks = bool | Literal["always"]

# https://platform.openai.com/docs/api-reference/responses/create#responses_create-tools
_VALID_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(eq=False)
class Tool(Generic[_P, _R]):
    """
    A function that a model may call; called from Python, it is the function.

    Attributes:
        function: The function.
        name: What the model calls it.
        description: What the model is told of it; by default its docstring.
        approve: Whether the user is asked before a call: True, False, or "always", which no
            earlier "always yes" answers.
        timeout: After how many seconds a call is given up; None for the caller's limit.
    """

    function: Callable[_P, _R]
    name: str = ""
    description: str = ""
    approve: Asks = True
    timeout: float | None = None

    def __post_init__(self) -> None:
        self.name = self.name or name_of(self.function)
        if not _VALID_NAME.fullmatch(self.name):
            raise ToolError(
                f"{self.name!r} is no name for a tool: it has letters from a to z, digits, "
                'underscores and dashes, 64 at most. Give one: @tool(name="…").'
            )
        if self.timeout is not None and self.timeout <= 0:
            raise ToolError(f"timeout={self.timeout!r} of {self.name!r} is not above zero.")
        # What has no signature is found out where it is declared, and not in mid-conversation.
        signature_of(self.function, self.name)
        self.__doc__ = inspect.getdoc(self.function)
        self.__name__ = self.name
        self.__wrapped__ = self.function

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return self.function(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Tool[..., _R]:
        """Return the tool of an instance, where this one stands in its class."""
        bind = getattr(self.function, "__get__", None)
        if instance is None or bind is None:
            return self
        return Tool(bind(instance, owner), self.name, self.description, self.approve, self.timeout)

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"

    @property
    def is_async(self) -> bool:
        """Whether a call gives something to wait for."""
        function: Any = self.function
        while isinstance(function, partial):
            function = function.func
        called = function if inspect.isroutine(function) else type(function).__call__
        return any(
            inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each)
            for each in (function, called)
        )

    @property
    def parameters(self) -> Parameters:
        """
        What a model may give.

        Raises:
            ToolError: A parameter is of a type that no model can write.
            ConfigError: pydantic is not installed.
        """
        return self._parameters

    @property
    def form(self) -> Json:
        """The tool as a request carries it."""
        strictness = self.parameters.strictness
        return {
            "type": "function",
            "name": self.name,
            "description": self.description or self._documentation.description or None,
            "parameters": strictness.schema,
            "strict": strictness.strict,
        }

    @property
    def notices(self) -> list[str]:
        """What the user should know of the schema, one line each."""
        parameters = self.parameters
        said = [
            f"{self.name}: the model cannot give {name!r} ({reason})."
            for name, reason in parameters.omitted.items()
        ]
        if problems := parameters.strictness.problems:
            said.append(f"{self.name} is sent with strict: false. {problems[0]}")
        return said

    def run(self, values: Mapping[str, Any]) -> Any:
        """Call the function with what ``validate`` returned; a generator is run to its end."""
        bound = self.parameters.bound(values)
        call = cast(Callable[..., Any], self.function)
        result = call(*bound.args, **bound.kwargs)
        if inspect.isgenerator(result):
            return list(result)
        return _gathered(result) if inspect.isasyncgen(result) else result

    @cached_property
    def _documentation(self) -> Documentation:
        return documentation_of(_docstring(self.function))

    @cached_property
    def _parameters(self) -> Parameters:
        return parameters_of(self.function, self.name, self._documentation)


@overload
def tool(function: Callable[_P, _R], /) -> Tool[_P, _R]: ...
@overload
def tool(
    *,
    name: str = "",
    description: str = "",
    approve: Asks = True,
    timeout: float | None = None,
) -> Callable[[Callable[_P, _R]], Tool[_P, _R]]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str = "",
    description: str = "",
    approve: Asks = True,
    timeout: float | None = None,
) -> Any:
    """
    Mark a function as one that a model may call, when it is named with ``-t`` or ``tools=``.

    Args:
        function: The function, where the decorator is used without arguments.
        name: What the model calls it, by default the function's name.
        description: What the model is told of it, by default the docstring.
        approve: False for a function that may run without asking; "always" for one that asks
            each time, also after "always yes".
        timeout: After how many seconds a call is given up.

    Raises:
        ToolError: It cannot be a tool.

    >>> @tool
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> double, double(4)
    (Tool('double'), 8)
    """

    def made(function: Callable[..., Any]) -> Tool[..., Any]:
        return tool_of(function, name, description=description, approve=approve, timeout=timeout)

    return made if function is None else made(function)


def tool_of(
    function: Any,
    name: str = "",
    *,
    description: str = "",
    approve: Asks = True,
    timeout: float | None = None,
) -> Tool[..., Any]:
    """
    Return a function as a tool; a tool is itself.

    Args:
        function: A function, a method, a partial, or an object that can be called.
        name: What the model calls it.
        description: What the model is told of it.
        approve: Whether the user is asked before a call.
        timeout: After how many seconds a call is given up.

    Raises:
        ToolError: It cannot be a tool.
    """
    if isinstance(function, staticmethod | classmethod):
        raise ToolError("Put @staticmethod or @classmethod above @tool, not below it.")
    if isinstance(function, Tool):
        return function
    if inspect.isclass(function) or not callable(function):
        kind = "a class" if inspect.isclass(function) else f"of type {type(function).__name__}"
        shown = name or getattr(function, "__name__", "") or repr(function)[:60]
        raise ToolError(f"{shown} is {kind}. Name a function that the model may call.")
    return Tool(function, name, description, approve, timeout)


def validate(tool: Tool[..., Any], arguments: str | Mapping[str, Any]) -> dict[str, Any]:
    """
    Return a call's arguments as the Python values that the function takes.

    What the model leaves out, or gives as null where that only stands for the default, is missing.

    Args:
        tool: The tool that is called.
        arguments: JSON, or what it decodes to.

    Raises:
        InvalidArguments: They are not what the function takes; the text is for the model.

    >>> @tool_of
    ... def add(a: int, b: int = 3) -> int:
    ...     return a + b
    >>> validate(add, '{"a": 1, "b": null}')
    {'a': 1}
    """
    return tool.parameters.values(arguments)


def name_of(function: Any) -> str:
    """
    Return what a function is called, also below a partial; an object is called as its class.

    >>> name_of(partial(print, 1))
    'print'
    """
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", "") or type(function).__name__)


def _docstring(function: Any) -> str | None:
    while isinstance(function, partial):
        function = function.func
    if inspect.isroutine(function) or hasattr(function, "__wrapped__"):
        return inspect.getdoc(function)
    # An object that can be called: its class tells what it is, unless the call tells more.
    own = type(function).__call__.__doc__
    return own or type(function).__doc__


async def _gathered(generator: Any) -> list[Any]:
    return [each async for each in generator]
