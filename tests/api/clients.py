"""Both clients at a fake service, and what comes of a request, in a form that compares."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from codex_magic import APIError, AsyncCodexClient, CodexClient, Response, StreamError
from codex_magic.api.items import Json
from codex_magic.api.streams import EventReader
from codex_magic.api.transport import read_events
from tests.fake_service import FakeService
from tests.fake_service.asking import MODEL

# Long enough for a busy machine, and short enough to tell a hang from an answer.
SILENCE = 5.0
QUESTION: dict[str, Any] = {"model": MODEL, "input": "Hello"}
FOLDER = Path(__file__).parents[1] / "fixtures" / "streams"
STREAMS = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.sse"))}


# Nothing here is encrypted, and to read the system's certificates takes longer than most tests.
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class Outcome:
    """
    What came of a request.

    Attributes:
        events: The JSON of each event that was seen.
        response: The JSON of the response, if there was one.
        error: Type, message and code of the error, if there was one.
        partial: The text that an error says had arrived.
    """

    events: tuple[Json, ...] = ()
    response: Json | None = None
    error: tuple[str, str, str | None] | None = None
    partial: str | None = None

    @property
    def kinds(self) -> list[str]:
        """The types of the events, without the prefix that nearly all have."""
        return [str(event["type"]).removeprefix("response.") for event in self.events]


def connect(service: FakeService, **options: Any) -> CodexClient:
    """Return a client of a service that tries once and waits seconds, not minutes."""
    return CodexClient(**_options(service, options))


def aconnect(service: FakeService, **options: Any) -> AsyncCodexClient:
    """Return the asynchronous twin of ``connect``."""
    return AsyncCodexClient(**_options(service, options))


def play(
    service: FakeService,
    times: int = 1,
    *,
    asynchronous: bool = False,
    streamed: bool = True,
    max_retries: int = 0,
    **params: Any,
) -> list[Outcome]:
    """Ask a service so many times over one client, and return what came of each request."""
    asked = {**QUESTION, **params}
    if asynchronous:
        return asyncio.run(_aplay(service, times, streamed, max_retries, asked))
    with (
        httpx.Client(verify=_TLS) as connections,
        connect(service, max_retries=max_retries, http_client=connections) as client,
    ):
        return [_ask(client, streamed, asked) for _ in range(times)]


def read(pieces: Sequence[str]) -> Outcome:
    """Return what comes of the text of a stream, without any connection."""
    reader, events = EventReader(), []
    try:
        for name, text in read_events(iter(pieces)):
            event = reader.take(name, text)
            if event is not None:
                events.append(event.raw)
            if reader.error:
                raise reader.error
        return Outcome(tuple(events), reader.response().to_dict())
    except APIError as error:
        return failure(events, error)


def failure(events: Sequence[Json], error: APIError) -> Outcome:
    """Return what came of a request that failed after some events."""
    told = (type(error).__name__, error.message, error.code)
    partial = getattr(error, "partial", None)
    assert partial is None or isinstance(error, StreamError)
    return Outcome(tuple(events), None, told, partial.output_text if partial else None)


def spoken(events: Sequence[Json]) -> str:
    """Return the text of the deltas among some events."""
    deltas = [e["delta"] for e in events if e.get("type") == "response.output_text.delta"]
    return "".join(deltas)


def recorded(name: str) -> list[Json]:
    """Return the JSON of every event of a recorded stream; the end of a broken one is none."""
    lines = [line for line in STREAMS[name].split(b"\n") if line.startswith(b"data: {")]
    whole = lines[:-1] if name == "truncated" else lines
    return [json.loads(line.removeprefix(b"data: ")) for line in whole]


def pieces(text: str, size: int) -> list[str]:
    """Return a text in pieces of a size."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def _options(service: FakeService, options: dict[str, Any]) -> dict[str, Any]:
    usual = {"base_url": service.base_url, "api_key": service.api_key, "timeout": SILENCE}
    return {**usual, "max_retries": 0, **options}


def _ask(client: CodexClient, streamed: bool, params: dict[str, Any]) -> Outcome:
    events: list[Json] = []
    try:
        if not streamed:
            return _whole(client.responses.create(**params))
        with client.responses.stream(**params) as stream:
            for event in stream:
                events.append(event.raw)
            return Outcome(tuple(events), stream.get_final_response().to_dict())
    except APIError as error:
        return failure(events, error)


async def _aplay(
    service: FakeService, times: int, streamed: bool, max_retries: int, params: dict[str, Any]
) -> list[Outcome]:
    async with (
        httpx.AsyncClient(verify=_TLS) as connections,
        aconnect(service, max_retries=max_retries, http_client=connections) as client,
    ):
        return [await _aask(client, streamed, params) for _ in range(times)]


async def _aask(client: AsyncCodexClient, streamed: bool, params: dict[str, Any]) -> Outcome:
    events: list[Json] = []
    try:
        if not streamed:
            return _whole(await client.responses.create(**params))
        async with await client.responses.stream(**params) as stream:
            async for event in stream:
                events.append(event.raw)
            return Outcome(tuple(events), (await stream.get_final_response()).to_dict())
    except APIError as error:
        return failure(events, error)


def _whole(response: Response) -> Outcome:
    return Outcome((), response.to_dict())
