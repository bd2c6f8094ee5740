"""Connections are kept, and what goes wrong with them is an error of this package."""

from __future__ import annotations

import asyncio
import socket
import threading

import httpx
import pytest

from codex_magic import (
    APIConnectionError,
    APITimeoutError,
    AsyncCodexClient,
    CodexClient,
    CodexError,
)
from codex_magic.api.transport import Answer, AsyncTransport, Request, Transport
from tests import fake_service as fake
from tests.fake_service import API_KEY, FakeService
from tests.fake_service.asking import SAY

from .clients import QUESTION, SILENCE, aconnect, connect, play

BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@BOTH
def test_calls_share_a_connection(service: FakeService, asynchronous: bool) -> None:
    """A repeated call opens no new one, and neither does one after a stream."""
    play(service, 3, asynchronous=asynchronous, streamed=False)
    assert 1 == service.connections

    play(service, 3, asynchronous=asynchronous)
    assert 2 == service.connections


def test_streams_and_calls_share_a_connection(service: FakeService) -> None:
    """In turn, also after errors, other resources, and streams that end in any way."""
    service.enqueue(
        fake.text(SAY).with_done(),
        fake.failed("server_error", "No."),
        fake.incomplete("Half"),
        fake.error(400, None, "No."),
        fake.text(SAY).with_comments(),
    )
    with connect(service) as client:
        for streamed in (True, True, True, False, True, False):
            try:
                answer = client.responses.create(**QUESTION, stream=streamed)
                answer if not streamed else answer.get_final_response()  # type: ignore[union-attr]
            except CodexError:
                pass
        client.models.list()

    assert 7 == len(service.requests)
    assert 1 == service.connections


def test_streams_and_calls_share_a_connection_async(service: FakeService) -> None:
    """The asynchronous client does so too."""

    async def ask() -> None:
        async with aconnect(service) as client:
            for _ in range(3):
                stream = await client.responses.create(**QUESTION, stream=True)
                await stream.get_final_response()
                await client.responses.create(**QUESTION)

    asyncio.run(ask())

    assert 6 == len(service.requests)
    assert 1 == service.connections


def test_a_connection_that_the_service_closed_is_replaced(service: FakeService) -> None:
    """It may have been idle for long: the next call opens another, without an error."""
    service.enqueue(fake.text(SAY).cut_after(10**6))

    with connect(service) as client, client.responses.stream(**QUESTION) as stream:
        assert SAY == stream.get_final_response().output_text
        assert client.responses.create(**QUESTION).id

    assert 2 == service.connections


def refused_port() -> int:
    """Return a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@BOTH
@pytest.mark.parametrize("streamed", [True, False])
def test_nobody_is_there(service: FakeService, streamed: bool, asynchronous: bool) -> None:
    """The error names the host and what to look at, and holds the cause."""
    service.close()

    outcome = play(service, asynchronous=asynchronous, streamed=streamed)[0]

    assert outcome.error
    assert "APIConnectionError" == outcome.error[0]
    assert "No connection to 127.0.0.1: " in outcome.error[1]
    assert "Check the network and the address." in outcome.error[1]


def test_the_cause_is_kept() -> None:
    """For who has to look below."""
    client = CodexClient(base_url=f"http://127.0.0.1:{refused_port()}/v1", max_retries=0)

    with client, pytest.raises(APIConnectionError) as caught:
        client.responses.create(**QUESTION)

    assert isinstance(caught.value.cause, httpx.ConnectError)
    assert caught.value.__cause__ is caught.value.cause


@BOTH
def test_silence_before_an_answer_is_a_timeout(service: FakeService, asynchronous: bool) -> None:
    """After the seconds that the call gives, not the client."""
    service.enqueue(fake.text(SAY).hold(after=-1))

    outcome = play(service, asynchronous=asynchronous, streamed=False, timeout=0.2)[0]

    told = "127.0.0.1 did not answer within 0.2 s"
    assert (APITimeoutError.__name__, told, None) == outcome.error


@BOTH
def test_what_is_no_http_is_an_error(asynchronous: bool) -> None:
    """A wrong port may speak another language, or hang up."""
    for said in (b"SSH-2.0-OpenSSH_9.6\r\n", b""):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=answer_once, args=[listener, said])
            thread.start()
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1 broke off: .+"):
                ask_at(address, asynchronous)
            thread.join()


def answer_once(listener: socket.socket, said: bytes) -> None:
    """Take one connection, hear the request, say something and hang up."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(SILENCE)
        heard = b""
        while not heard.endswith(b"}"):
            heard += connection.recv(65536)
        connection.sendall(said)


def ask_at(address: str, asynchronous: bool) -> None:
    """Ask at an address, once."""

    async def ask() -> None:
        async with AsyncCodexClient(base_url=address, backend="unknown", max_retries=0) as client:
            await client.responses.create(**QUESTION)

    if asynchronous:
        asyncio.run(ask())
    else:
        with CodexClient(base_url=address, backend="unknown", max_retries=0) as client:
            client.responses.create(**QUESTION)


def test_a_client_of_the_user_is_used_and_left_open(service: FakeService) -> None:
    """Its owner closes it; ours is closed with the client."""
    with httpx.Client(headers={"x-mine": "1"}) as own:
        with connect(service, http_client=own) as client:
            client.responses.create(**QUESTION)
        assert not own.is_closed

    assert "1" == service.requests[0].headers["x-mine"]
    with pytest.raises(RuntimeError, match="closed"):
        closed_client(service).responses.create(**QUESTION)


def closed_client(service: FakeService) -> CodexClient:
    """Return a client that was closed."""
    client = connect(service)
    client.close()
    return client


def test_a_client_of_the_user_is_used_and_left_open_async(service: FakeService) -> None:
    """The asynchronous client does so too."""

    async def ask() -> bool:
        async with httpx.AsyncClient(headers={"x-mine": "1"}) as own:
            async with aconnect(service, http_client=own) as client:
                await client.responses.create(**QUESTION)
            return own.is_closed

    assert not asyncio.run(ask())
    assert "1" == service.requests[0].headers["x-mine"]


def test_an_address_that_breaks_later_is_an_error(service: FakeService) -> None:
    """A transport may be used with any address; its error is one of ours."""
    for url in ("http://[::1/v1", "http://h:port/", "gopher://h/", "http://\udce4/"):
        with pytest.raises(APIConnectionError):
            Transport().send(Request("GET", url, {}))
        with pytest.raises(APIConnectionError):
            asyncio.run(AsyncTransport().send(Request("GET", url, {})))


def test_an_answer_knows_whether_it_is_one() -> None:
    """Two hundred and up to three hundred."""
    statuses = (199, 200, 204, 299, 300, 404, 500)

    assert [False, True, True, True, False, False, False] == [
        Answer(status, {}, b"").ok for status in statuses
    ]
    assert API_KEY not in repr(Answer(200, {}, API_KEY.encode()))
