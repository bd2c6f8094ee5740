"""One request and its answer on the wire."""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from .answers import Answer, Chunking, HttpAnswer
from .composing import Composition, compose
from .delivery import CLOSE, RESET, Plan, Sender, Step, plan, whole_steps, with_keepalives
from .errors import Json, ServiceError
from .routes import unfinished
from .semantics import Account, Turn
from .shapes import reshape, reshape_response
from .wire import Connection, as_json

HOLD_STEP = 0.01
EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


@dataclass(eq=False)
class Recorded:
    """
    A request as it arrived, and what became of it.

    Attributes:
        headers: By their names in lower case.
        body: The decoded JSON, or None.
        query: What follows the question mark of the address, as it came.
        context: The items that the model saw; empty unless the request was accepted.
        status: The HTTP status that was answered, 0 before that.
        refusal: What the service has against the request itself; empty for nothing.
        disconnected: The client left before the end of the answer.
        finished: The answer was sent to its end.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Json | None
    raw: bytes
    query: str = ""
    context: list[Json] = field(default_factory=list)
    status: int = 0
    refusal: str = ""
    disconnected: bool = False
    finished: bool = False


@dataclass(frozen=True)
class Exchange:
    """Answers one request; every method says whether the connection can be used again."""

    connection: Connection
    record: Recorded
    account: Account
    changed: threading.Condition
    released: threading.Semaphore
    cut: Chunking

    def respond(self, turn: Turn, answer: Answer) -> bool:
        """Give this answer to POST /responses."""
        if answer.delivery.hold_after == -1:
            self._hold()
        if answer.http is not None:
            return self._send_http(answer.http, answer)
        with self.changed:
            composition = compose(turn, answer, self.account)
        failure = self._failure(turn, answer)
        if failure is not None:
            return self.send(*failure)
        if turn.body.get("stream"):
            return self._stream(turn, answer, composition)
        return self._answer_whole(turn, answer, composition)

    def send(self, status: int, body: bytes, content_type: str = "application/json") -> bool:
        """Send a whole body."""
        headers = {"content-type": content_type, **self.account.profile.headers}
        return self._send_whole(status, headers, body, Answer(), _nothing)

    def send_http(self, answer: Answer) -> bool:
        """Send an answer that is any bytes."""
        assert answer.http is not None
        return self._send_http(answer.http, answer)

    def _failure(self, turn: Turn, answer: Answer) -> tuple[int, bytes] | None:
        """What is sent instead of an answer that fails, where that is no stream."""
        failure = answer.stream_error
        profile = self.account.profile
        if profile.failures_in_body and (failure or answer.error):
            told = failure.message if failure else (answer.error or {})["message"]
            return 200, as_json({"error": {"code": 502, "message": told}})
        if failure is None or turn.body.get("stream"):
            return None
        error = {"message": failure.message, "type": "server_error", "param": None}
        return 500, as_json({"error": {**error, "code": failure.code}})

    def _answer_whole(self, turn: Turn, answer: Answer, composition: Composition) -> bool:
        response = composition.response or {}
        shown = reshape_response(response, self.account.profile) if response else {}
        if answer.delivery.empty_output:
            shown = {**shown, "output": []}
        if turn.body.get("background"):
            shown = unfinished(shown, "queued")
        headers = {"content-type": "application/json"}
        commit = partial(self._commit, turn, composition)
        return self._send_whole(200, headers, as_json(shown), answer, commit)

    def _send_http(self, http: HttpAnswer, answer: Answer) -> bool:
        given = {name.lower(): value for name, value in http.headers.items()}
        headers = {"content-type": http.content_type, **given}
        if http.content_type.startswith("text/event-stream"):
            steps = whole_steps(http.body, answer.delivery)
            return self._send_chunked(http.status, headers, steps, answer, _nothing)
        return self._send_whole(http.status, headers, http.body, answer, _nothing)

    def _stream(self, turn: Turn, answer: Answer, composition: Composition) -> bool:
        profile = self.account.profile
        events = reshape(composition.events, profile)
        if answer.delivery.keepalives:
            events = with_keepalives(events)
        steps = plan(events, answer.delivery, profile.comments)
        if not turn.body.get("background"):
            commit = partial(self._commit, turn, composition)
            return self._send_chunked(200, EVENT_STREAM, steps, answer, commit)
        # It goes on whoever listens, and can be listened to again.
        self._commit(turn, composition)
        with self.changed:
            self.account.events[turn.response_id] = events
        return self._send_chunked(200, EVENT_STREAM, steps, answer, _nothing)

    def resume(self, response_id: str, after: int, answer: Answer) -> bool:
        """Stream what a background response has said after an event; of `answer`, the delivery."""
        with self.changed:
            events = self.account.events.get(response_id)
        if events is None:
            message = "This response cannot be streamed because it has no background stream."
            raise ServiceError(400, message)
        rest = [event for event in events if event.get("sequence_number", after + 1) > after]
        steps = plan(rest, answer.delivery, self.account.profile.comments)
        return self._send_chunked(200, EVENT_STREAM, steps, answer, _nothing)

    def _send_whole(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        answer: Answer,
        commit: Callable[[], None],
    ) -> bool:
        """Send a body of known length; its last byte follows what is recorded about it."""
        self._head(status, {**headers, "content-length": str(len(body))})
        steps = whole_steps(body[:-1], answer.delivery)
        sender = Sender(self.connection, None, random.Random(0), commit, self._hold, framed=False)
        return self._end(sender.send(steps), body[-1:])

    def _send_chunked(
        self,
        status: int,
        headers: Mapping[str, str],
        steps: Plan,
        answer: Answer,
        commit: Callable[[], None],
    ) -> bool:
        self._head(status, {**headers, "transfer-encoding": "chunked"})
        chunking = answer.delivery.chunking
        rng = random.Random(answer.delivery.seed)
        size = self.cut if chunking == "service" else chunking
        sender = Sender(self.connection, size, rng, commit, self._hold)
        return self._end(sender.send(steps), b"0\r\n\r\n")

    def _end(self, end: Step | None, last: bytes) -> bool:
        """End the body in the way that its steps ended."""
        if end is RESET:
            self.connection.reset()
            return False
        if end is CLOSE:
            return False
        # Recorded before the client can have seen the end.
        with self.changed:
            self.record.finished = True
            self.changed.notify_all()
        self.connection.send(last)
        return True

    def _commit(self, turn: Turn, composition: Composition) -> None:
        if composition.response is None:
            return
        with self.changed:
            self.account.commit(turn, composition.response)
            self.account.end(turn)
            if turn.body.get("background"):
                self.account.pending[turn.response_id] = list(self.account.steps)

    def _hold(self) -> None:
        while not self.released.acquire(timeout=HOLD_STEP):
            self.connection.check()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        with self.changed:
            self.record.status = status
            self.changed.notify_all()
        usual = {
            "x-request-id": self.account.new_id("req"),
            "openai-version": "2020-10-01",
            "openai-processing-ms": "12",
        }
        self.connection.send_head(status, {**usual, **headers})


def _nothing() -> None:
    """There is nothing to keep of an answer that is no response."""
