"""An answer as the value that was asked for, or the error that says why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

from ..errors import IncompleteError, ParseError, RefusalError
from ..records import dataclass
from .failures import error_of
from .items import (
    Json,
    OutputItem,
    Response,
    ResponseError,
    ResponseFunctionToolCall,
    Usage,
    final_messages,
)
from .schema import Target

_T = TypeVar("_T")
# A response with a value is also one with a value or None.
_Value = TypeVar("_Value", covariant=True)


@dataclass(frozen=True, slots=True)
class ParsedResponse(Generic[_Value]):
    """
    A response, and the value that its text stands for.

    Attributes:
        response: What it is a view of.
        output_parsed: The value; None where the model calls functions instead of answering.
    """

    response: Response
    output_parsed: _Value

    @property
    def id(self) -> str:
        """What a later request calls it by."""
        return self.response.id

    @property
    def model(self) -> str:
        """The model that answered."""
        return self.response.model

    @property
    def output(self) -> Sequence[OutputItem]:
        """Its items, in order."""
        return self.response.output

    @property
    def status(self) -> str | None:
        """How it ended."""
        return self.response.status

    @property
    def usage(self) -> Usage | None:
        """Tokens, where the service counts them."""
        return self.response.usage

    @property
    def error(self) -> ResponseError | None:
        """Why it failed, or None."""
        return self.response.error

    @property
    def incomplete_details(self) -> Json | None:
        """Why it is incomplete, or None."""
        return self.response.incomplete_details

    @property
    def output_text(self) -> str:
        """The text of all messages, joined."""
        return self.response.output_text

    @property
    def reasoning_summary(self) -> str | None:
        """The reasoning summary, or None where there is none."""
        return self.response.reasoning_summary

    @property
    def tool_calls(self) -> list[ResponseFunctionToolCall]:
        """The calls of the caller's functions."""
        return self.response.tool_calls

    @property
    def refusal(self) -> str | None:
        """The words in which the model declined, or None."""
        return self.response.refusal

    def to_dict(self) -> Json:
        """Return the JSON of the response."""
        return self.response.to_dict()

    def __getattr__(self, name: str) -> Any:
        """Return any other field of the response."""
        # A copy is asked for these before it holds a response.
        if name.startswith("_") or name == "response":
            raise AttributeError(name)
        return getattr(self.response, name)


def parsed_response(
    response: Response, target: Target[_T], *, lenient: bool = False
) -> ParsedResponse[_T]:
    """
    Return a response with the value that its text stands for.

    Args:
        response: It has ended.
        target: What its text is to become.
        lenient: Whether the service enforces no schema, so that JSON between other words counts.

    Raises:
        AnswerError: There is no such value in it.
        APIStatusError: It failed.
    """
    # A type for the usual case, so that nobody must ask for None who gives no functions.
    return ParsedResponse(response, cast(_T, _value(response, target, lenient=lenient)))


def _value(response: Response, target: Target[_T], *, lenient: bool) -> _T | None:
    calls_only = response.tool_calls and not final_messages(response.output)
    if calls_only and response.status in (None, "completed"):
        return None
    text = answer_text(response)
    try:
        return target.parse(text, lenient=lenient)
    except ParseError as error:
        error.response = response
        raise


def answer_text(response: Response) -> str:
    """
    Return the text that an answer is, without what the model said on its way to it.

    Raises:
        APIStatusError: The response failed.
        RefusalError: The model declined.
        IncompleteError: It ended before it was whole.
        ParseError: It holds no message.
    """
    if response.status == "failed":
        error = response.error
        said = error.message if error else "the service does not say why"
        raise error_of(
            None,
            f"The response failed: {said}",
            code=error.code if error else None,
            body=response.raw,
        )
    if refused := response.refusal:
        raise RefusalError(f"The model declined: {refused}", text=refused, response=response)
    if response.status not in (None, "completed"):
        message = f"The answer is {_unfinished(response)}"
        raise IncompleteError(message, text=response.output_text, response=response)
    messages = final_messages(response.output)
    if not messages:
        raise ParseError(_no_message(response), response=response)
    return messages[-1].text


def _unfinished(response: Response) -> str:
    if response.status != "incomplete":
        return f"not there: its status is {response.status!r}."
    reason = (response.incomplete_details or {}).get("reason") or "no reason given"
    if reason == "max_output_tokens":
        return (
            "incomplete (max_output_tokens): raise max_output_tokens, which counts the tokens of "
            "the reasoning too, or ask for less effort."
        )
    return f"incomplete ({reason})."


def _no_message(response: Response) -> str:
    names = ", ".join(call.name for call in response.tool_calls)
    return f"The model calls {names} and says nothing." if names else "The answer holds no message."
