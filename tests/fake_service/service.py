"""The service itself: a server on a loopback socket, a queue of answers, a record of requests."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from . import errors
from .answers import Answer, Chunking, text
from .errors import Json, ServiceError
from .exchange import Exchange, Recorded
from .profiles import PROFILES
from .routes import route
from .semantics import Account, Turn
from .summary import summarise
from .wire import Connection, Disconnected, HttpRequest, as_json

API_KEY = "sk-fake-0123456789abcdef"
TIMEOUT = 20.0


def default_answer(context: list[Json], body: Json) -> Answer:
    """What the model says when nothing was scripted: what it saw, after some thought."""
    return text(summarise(context), reasoning="**Counting** what was said so far.")


class FakeService:
    """
    The Responses API over a real socket, for as long as the `with` block lasts.

    >>> with FakeService() as service:
    ...     service.base_url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        profile: str = "openai",
        models: Iterable[str | Json] | None = None,
        strict: bool = True,
        cut: Chunking = "random",
        *,
        api_key: str | None = API_KEY,
        verified: bool = True,
        answer: Callable[[list[Json], Json], Answer] = default_answer,
        port: int = 0,
    ) -> None:
        self.profile = PROFILES[profile]
        self.api_key = api_key
        self.requests: list[Recorded] = []
        # Those that only ask what this is, as they say of themselves: no test counts them.
        self.probes: list[Recorded] = []
        self.connections = 0
        self._account = Account(self.profile, models=models, strict=strict, verified=verified)
        self._cut = cut
        self._answer = answer
        self.forgetful = False
        self._models_body: bytes | None = None
        self._queue: deque[tuple[Answer, str]] = deque()
        self._resumptions: deque[Answer] = deque()
        self._changed = threading.Condition()
        self._released = threading.Semaphore(0)
        self._address = ("127.0.0.1", port)
        self._listener: socket.socket | None = None
        self._open: dict[Connection, threading.Thread] = {}
        self._closing = False
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """The address of the API, for `OPENAI_BASE_URL`."""
        return f"http://{self._address[0]}:{self._address[1]}/v1"

    @property
    def responses(self) -> dict[str, Json]:
        """The stored responses by their id."""
        return self._account.responses

    @property
    def conversations(self) -> dict[str, Json]:
        """The conversations by their id, each with its "items"."""
        return self._account.conversations

    @property
    def models(self) -> dict[str, Json]:
        """The entries of GET /models by their id."""
        return self._account.models

    @property
    def plain_models(self) -> set[str]:
        """The models that do not reason, and refuse every parameter about reasoning."""
        return self._account.plain_models

    def enqueue(self, *answers: Answer, to: str = "") -> None:
        """
        Script the next answers, first in first out.

        Args:
            answers: What the next requests get.
            to: What such a request says; one without it, as a late one, gets an ordinary answer.
        """
        with self._changed:
            self._queue.extend((answer, to) for answer in answers)

    def forget_queue(self) -> None:
        """Forget the scripted answers that nobody has asked for, and what was released unheld."""
        with self._changed:
            self._queue.clear()
        while self._released.acquire(blocking=False):
            pass

    def forget_all(self) -> None:
        """Lose every response and conversation that was kept, as if they had expired."""
        with self._changed:
            for response_id in list(self._account.responses):
                self._account.drop_response(response_id)
            self._account.conversations.clear()

    def enqueue_resumed(self, *answers: Answer) -> None:
        """
        Script how the next streams that are taken up again are delivered.

        With `forgetful`, they begin at the first event, whatever was asked for.
        """
        with self._changed:
            self._resumptions.extend(answers)

    def answer_models(self, body: bytes) -> None:
        """Answer GET /models with these bytes, as services of other kinds do."""
        self._models_body = body

    @property
    def steps(self) -> list[str]:
        """What a background response is, each time that somebody looks, before it ends."""
        return self._account.steps

    def release(self, count: int = 1) -> None:
        """Let so many held answers go on; one that is yet to be held does not wait then."""
        self._released.release(count)

    def wait_for_request(self, count: int = 1, timeout: float = TIMEOUT) -> Recorded:
        """Block until so many requests have arrived, and return the last of these."""
        self.wait_until(lambda: len(self.requests) >= count, timeout)
        return self.requests[count - 1]

    def wait_until(self, condition: Callable[[], bool], timeout: float = TIMEOUT) -> None:
        """Block until a condition on what is recorded holds."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise TimeoutError(f"Not within {timeout} s; {len(self.requests)} requests came.")

    def start(self) -> None:
        """Begin to accept connections."""
        self._listener = socket.create_server(self._address)
        self._address = self._listener.getsockname()
        self._acceptor.start()

    def close(self) -> None:
        """Close every socket and wait for every thread."""
        if self._listener is None:
            return
        self._closing = True
        # The accepting thread waits for a connection, so it gets one.
        with socket.create_connection(self._address):
            self._acceptor.join()
        self._listener.close()
        self._listener = None
        with self._changed:
            still_open = dict(self._open)
        for connection, thread in still_open.items():
            connection.shutdown()
            thread.join()

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            accepted, _ = self._listener.accept()
            if self._closing:
                accepted.close()
                return
            connection = Connection(accepted)
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            with self._changed:
                self.connections += 1
                self._open[connection] = thread
                self._changed.notify_all()
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            while (request := connection.read_request()) is not None:
                if not self._handle(connection, request):
                    break
        except Disconnected:
            pass
        finally:
            connection.close()
            with self._changed:
                del self._open[connection]

    def _handle(self, connection: Connection, request: HttpRequest) -> bool:
        """Answer one request; False when the connection was broken off."""
        record = self._record(request)
        exchange = self._exchange(connection, record)
        try:
            url = urlsplit(request.target)
            if url.path == "/" and self.profile.greeting:
                return exchange.send(200, self.profile.greeting.encode(), "text/plain")
            self._check_key(request)
            if (request.method, url.path) == ("POST", "/v1/responses"):
                return self._respond(exchange, record)
            query = dict(parse_qsl(url.query))
            if request.method == "GET" and query.get("stream") == "true":
                return self._resume(exchange, url.path, query)
            with self._changed:
                found = self._route(request.method, url.path, query, record)
                payload = as_json(found)
                if url.path == "/v1/models" and self._models_body is not None:
                    payload = self._models_body
            return exchange.send(200, payload)
        except ServiceError as error:
            record.refusal = f"{error.code}: {error.message}"
            return exchange.send(error.status, as_json(self.profile.error_body(error)))
        except Disconnected:
            with self._changed:
                record.disconnected = True
                record.finished = False
                self._changed.notify_all()
            raise

    def _record(self, request: HttpRequest) -> Recorded:
        try:
            body = json.loads(request.raw) if request.raw else None
        except ValueError:
            body = None
        url = urlsplit(request.target)
        record = Recorded(request.method, url.path, request.headers, body, request.raw, url.query)
        with self._changed:
            probe = request.headers.get("user-agent", "").endswith("(probe)")
            (self.probes if probe else self.requests).append(record)
            self._changed.notify_all()
        return record

    def _check_key(self, request: HttpRequest) -> None:
        if self.api_key is None:
            return
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            raise errors.no_key()
        if given != self.api_key:
            raise errors.wrong_key(given)

    def _route(self, method: str, path: str, query: Mapping[str, str], record: Recorded) -> Json:
        if not path.startswith("/v1/"):
            raise errors.no_route(method, path)
        return route(method, path.removeprefix("/v1"), self._account, query, record.body or {})

    def _respond(self, exchange: Exchange, record: Recorded) -> bool:
        """Answer POST /responses: validate, take the next answer, deliver it."""
        if not isinstance(record.body, dict):
            raise errors.not_json()
        with self._changed:
            turn = self._account.begin(record.body)
            record.context = list(turn.context)
            answer = self._next(turn)
        try:
            return exchange.respond(turn, answer)
        finally:
            with self._changed:
                self._account.end(turn)
                self._changed.notify_all()

    def _resume(self, exchange: Exchange, path: str, query: Mapping[str, str]) -> bool:
        """Answer GET /responses/{id}?stream=true: what was said after an event."""
        after = -1 if self.forgetful else int(query.get("starting_after", -1))
        with self._changed:
            answer = self._resumptions.popleft() if self._resumptions else Answer()
        if answer.http is not None:
            return exchange.send_http(answer)
        return exchange.resume(path.rsplit("/", 1)[-1], after, answer)

    def _next(self, turn: Turn) -> Answer:
        if self._queue:
            answer, to = self._queue[0]
            if not to or to in json.dumps(turn.body):
                self._queue.popleft()
                return answer
        return self._answer(turn.context, turn.body)

    def _exchange(self, connection: Connection, record: Recorded) -> Exchange:
        return Exchange(connection, record, self._account, self._changed, self._released, self._cut)
