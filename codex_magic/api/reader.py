"""Server-sent events in; typed events, and at the end a Response, out."""

from __future__ import annotations

from ..errors import APIError, StreamError
from .accumulate import Accumulator
from .events import ErrorEvent, ResponseStreamEvent, decode, parse_event
from .failures import error_of
from .items import Json, Response
from .transport import ServerSent

_END = "[DONE]"


class EventReader:
    """Server-sent events in; typed events, and at the end a Response, out. It does no I/O."""

    def __init__(self) -> None:
        self._accumulator = Accumulator()
        self.latest: ServerSent = ("", "")
        self.error: APIError | None = None
        self.ended = False
        self.response_id: str | None = None
        self.sequence: int | None = None
        self.resumed = False

    def take(self, name: str, text: str) -> ResponseStreamEvent | None:
        """
        Return the typed view of one server-sent event, or None for one that says nothing.

        Raises:
            StreamError: It is not what the API promises.
        """
        if text[:1] != "{" and text.strip() == _END:
            self.ended = True
            return None
        data = decode(name, text)
        if data is None or (self.resumed and self._has_seen(data)):
            return None
        self.latest = (name, text)
        return self.take_json(data)

    def take_json(self, data: Json) -> ResponseStreamEvent:
        """Return the typed view of one event that is JSON already."""
        try:
            event = parse_event(data)
            self._accumulator.apply(data)
        except (LookupError, TypeError, AttributeError, ValueError) as exc:
            kind = data.get("type")
            message = f"The service sent an event {kind!r} that is not as the API has it: {exc!r}"
            # What comes again would be as wrong.
            self.sequence = self.response_id = None
            raise StreamError(message, partial=self.snapshot()) from exc
        if isinstance(event, ErrorEvent):
            self.error = error_of(
                None, event.message, code=event.code, param=event.param, body=data
            )
        if self._accumulator.finished:
            self.ended = True
        self._note(data)
        return event

    def resume(self) -> None:
        """Expect the rest of the stream over another connection, with events seen before in it."""
        self.resumed, self.ended = True, False

    def _note(self, data: Json) -> None:
        """Remember how far the stream has come."""
        number = data.get("sequence_number")
        if isinstance(number, int) and (self.sequence is None or number > self.sequence):
            self.sequence = number
        if self.response_id is None and isinstance(data.get("response"), dict):
            self.response_id = data["response"].get("id")

    def _has_seen(self, data: Json) -> bool:
        number = data.get("sequence_number")
        return isinstance(number, int) and self.sequence is not None and number <= self.sequence

    def snapshot(self) -> Response | None:
        """Return the response as far as it has arrived, or None where that is nothing whole."""
        try:
            return self._accumulator.snapshot()
        except (LookupError, TypeError, AttributeError, ValueError):
            return None

    def broken(self, error: APIError) -> APIError:
        """Return ``error``, with what had arrived before it; the answer stays broken."""
        if isinstance(error, StreamError):
            error.partial = error.partial or self.snapshot()
        self.error = error
        return error

    def check_sound(self) -> None:
        """Raise the error that broke the answer off, if one did."""
        if self.error:
            raise self.error

    def check_end(self) -> None:
        """
        See to it that an answer has ended as answers do.

        Raises:
            StreamError: It has not.
        """
        if not self._accumulator.finished:
            message = "The answer broke off: the service ended it without saying that it is done."
            raise StreamError(message, partial=self.snapshot())

    def response(self) -> Response:
        """Return the whole response."""
        self.check_end()
        whole = self.snapshot()
        if whole is None:
            raise StreamError("The service ended its answer with something that is no response.")
        return whole
