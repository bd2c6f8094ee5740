"""A ChatGPT login is renewed when it is due, once among all threads, tasks and processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from codex_magic import APIConnectionError, AuthError
from codex_magic.api.chatgpt import ChatGPTCredentials, login_headers
from codex_magic.api.filelock import file_lock
from codex_magic.api.identity import Issuer
from codex_magic.api.tokens import read_tokens
from codex_magic.errors import ServerError
from tests.fake_identity import (
    ACCOUNT,
    TIMEOUT,
    FakeIdentity,
    cli_document,
    write_document,
)

RENEWING = """
import sys
from codex_magic.api.chatgpt import ChatGPTCredentials
from codex_magic.api.identity import Issuer
credentials = ChatGPTCredentials(sys.argv[1], issuer=Issuer(sys.argv[2]))
print("ready", flush=True)
print(credentials.tokens().access_token, flush=True)
"""


@pytest.fixture
def identity() -> Iterator[FakeIdentity]:
    """A fresh identity server."""
    with FakeIdentity() as identity:
        yield identity


def stored_login(identity: FakeIdentity, path: Path, lifetime: float = 3600, **more: Any) -> Path:
    """Write a login as the CLI would, just now."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    document = cli_document(identity.new_login(lifetime=lifetime), **{"last_refresh": now, **more})
    return write_document(path, document)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the login file is."""
    return tmp_path / "auth.json"


@pytest.fixture
def good(identity: FakeIdentity, path: Path) -> ChatGPTCredentials:
    """A login that is good for an hour."""
    return ChatGPTCredentials(stored_login(identity, path), issuer=identity.issuer)


@pytest.fixture
def ended(identity: FakeIdentity, path: Path) -> ChatGPTCredentials:
    """A login whose access token has ended."""
    return ChatGPTCredentials(stored_login(identity, path, -5), issuer=identity.issuer)


def tokens_of(path: Path) -> dict[str, Any]:
    """Return the tokens in a file of the CLI's shape."""
    found: dict[str, Any] = json.loads(path.read_text())["tokens"]
    return found


def test_a_request_says_who_asks(good: ChatGPTCredentials, path: Path) -> None:
    """The token, the account, and our own name: not the CLI's."""
    headers = good.headers()

    assert {
        "Authorization": f"Bearer {tokens_of(path)['access_token']}",
        "ChatGPT-Account-ID": ACCOUNT,
        "OpenAI-Beta": "responses=experimental",
        "originator": "codex_magic",
    } == headers


def test_the_originator_is_the_users_to_choose(good: ChatGPTCredentials) -> None:
    """Whether to present as another program is not for us to decide."""
    other = ChatGPTCredentials(good.path, originator="codex_cli_rs")

    assert "codex_cli_rs" == other.headers()["originator"]


def test_a_good_login_is_left_alone(
    identity: FakeIdentity, good: ChatGPTCredentials, path: Path
) -> None:
    """The server is not asked, and the file is not touched."""
    before = path.read_bytes()

    good.headers()
    good.headers()

    assert [] == identity.requests
    assert before == path.read_bytes()


def test_a_login_that_has_ended_is_renewed(
    identity: FakeIdentity, ended: ChatGPTCredentials, path: Path
) -> None:
    """The request says the new token, and the file holds both new ones in the same shape."""
    before = json.loads(path.read_text())

    headers = ended.headers()

    after = json.loads(path.read_text())
    assert f"Bearer {after['tokens']['access_token']}" == headers["Authorization"]
    assert before["tokens"]["refresh_token"] != after["tokens"]["refresh_token"]
    assert (before["agent_identity"], ["kept"]) == (
        after["agent_identity"],
        after["tokens"]["future"],
    )
    assert before["last_refresh"] != after["last_refresh"]
    assert 1 == identity.renewals


def test_every_renewal_uses_the_newest_refresh_token(
    identity: FakeIdentity, ended: ChatGPTCredentials
) -> None:
    """They rotate: three renewals in a row, none of them with a used one."""
    headers = ended.headers()
    for _ in range(2):
        headers = ended.headers(refused=headers)

    assert 3 == identity.renewals
    assert 3 == len({asked["refresh_token"] for asked in identity.requests})


def test_a_login_of_nine_days_is_renewed(identity: FakeIdentity, path: Path) -> None:
    """As the CLI does, though its token still lives."""
    stored_login(identity, path, last_refresh="2026-01-01T00:00:00Z")

    ChatGPTCredentials(path, issuer=identity.issuer).headers()

    assert 1 == identity.renewals


@pytest.mark.parametrize("answer", [(503, b"busy"), (401, b"{}"), (200, b"<html>")])
def test_a_login_that_still_lives_outlives_a_failed_renewal(
    identity: FakeIdentity, path: Path, answer: tuple[int, bytes]
) -> None:
    """It is used as it is, and the server is not asked again at every request."""
    stored_login(identity, path, last_refresh="2026-01-01T00:00:00Z")
    credentials = ChatGPTCredentials(path, issuer=identity.issuer)
    identity.enqueue(*answer)

    headers = [credentials.headers() for _ in range(3)]

    assert f"Bearer {tokens_of(path)['access_token']}" == headers[0]["Authorization"]
    assert 1 == len(identity.requests)


def test_a_refused_login_is_renewed_once(identity: FakeIdentity, good: ChatGPTCredentials) -> None:
    """Ten requests that were refused with the same token cause one renewal."""
    refused = good.headers()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: good.headers(refused=refused), range(10)))

    assert 1 == identity.renewals
    assert 1 == len({answer["Authorization"] for answer in answers})
    assert refused != answers[0]


async def _ask_ten_times(credentials: ChatGPTCredentials) -> list[dict[str, str]]:
    return await asyncio.gather(*(credentials.aheaders() for _ in range(10)))


def test_tasks_share_a_renewal(identity: FakeIdentity, ended: ChatGPTCredentials) -> None:
    """The asynchronous twin does the same, and tasks do not block each other."""
    answers = asyncio.run(_ask_ten_times(ended))

    assert 1 == identity.renewals
    assert 1 == len({answer["Authorization"] for answer in answers})
    assert answers[0] == ended.headers()


def test_a_wrong_clock_does_not_renew_at_every_request(
    identity: FakeIdentity, ended: ChatGPTCredentials
) -> None:
    """Where a fresh token looks ended, it is used; the service will say if it is not good."""
    identity.lifetime = -100

    for _ in range(5):
        ended.headers()

    assert 1 == identity.renewals


def test_processes_use_a_refresh_token_once(identity: FakeIdentity, path: Path) -> None:
    """Three real processes find the same ended login; one renews it, and all have the new one."""
    stored_login(identity, path, -5)
    identity.hold()
    command = [sys.executable, "-c", RENEWING, str(path), identity.issuer.base_url]

    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    ready = [child.stdout.readline() for child in children if child.stdout]
    identity.wait_until(lambda: len(identity.requests) == 1)
    # The other two wait for the lock: they do not ask, however long the first one takes.
    with pytest.raises(TimeoutError):
        identity.wait_until(lambda: len(identity.requests) > 1, timeout=0.5)
    identity.release()
    answers = {child.communicate(timeout=TIMEOUT)[0].strip() for child in children}

    assert ["ready\n"] * 3 == ready
    assert {tokens_of(path)["access_token"]} == answers
    assert 1 == len(identity.requests)


def test_an_interrupted_renewal_is_not_lost(
    identity: FakeIdentity, ended: ChatGPTCredentials, path: Path
) -> None:
    """The task that waited is cancelled; the new refresh token reaches the file all the same."""
    before = path.read_bytes()
    identity.hold()

    async def interrupt() -> None:
        task = asyncio.create_task(ended.aheaders())
        await asyncio.to_thread(identity.wait_until, lambda: bool(identity.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupt())
    identity.release()
    with file_lock(path, timeout=TIMEOUT):
        after = path.read_bytes()

    assert before != after
    assert f"Bearer {tokens_of(path)['access_token']}" == ended.headers()["Authorization"]
    assert 1 == identity.renewals


def test_an_interrupt_does_not_lose_the_renewal(
    identity: FakeIdentity, ended: ChatGPTCredentials, path: Path
) -> None:
    """The cell stops at once, and the new refresh token reaches the file all the same."""
    before = path.read_bytes()
    identity.hold()

    def interrupt() -> None:
        identity.wait_until(lambda: bool(identity.requests))
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        ended.headers()
    interrupting.join(TIMEOUT)
    untouched = path.read_bytes()
    identity.release()

    assert before == untouched
    assert f"Bearer {ended.tokens().access_token}" == ended.headers()["Authorization"]
    assert ended.tokens().same_login(read_tokens(path))
    assert 1 == identity.renewals


def test_threads_share_a_renewal(identity: FakeIdentity, ended: ChatGPTCredentials) -> None:
    """Who comes while it is under way waits for the new login."""
    identity.hold()

    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(ended.headers) for _ in range(10)]
        identity.wait_until(lambda: bool(identity.requests))
        assert not any(answer.done() for answer in asked)
        identity.release()

    assert 1 == len({answer.result()["Authorization"] for answer in asked})
    assert 1 == identity.renewals


def test_no_login_says_what_to_do(identity: FakeIdentity, path: Path) -> None:
    """And nothing is created."""
    with pytest.raises(AuthError, match=r"no ChatGPT login in .*codex login"):
        ChatGPTCredentials(path, issuer=identity.issuer).headers()

    assert not path.exists()


@pytest.mark.parametrize("case", ["expire", "revoke", "reuse", "none", "foreign"])
def test_a_login_that_cannot_be_renewed_says_what_to_do(
    identity: FakeIdentity, path: Path, case: str
) -> None:
    """A new login is asked for, the file stays as it was, and no secret is told."""
    mode = "chatgptAuthTokens" if "foreign" == case else "chatgpt"
    stored_login(identity, path, -5, auth_mode=mode)
    refresh_token = tokens_of(path)["refresh_token"]
    if "none" == case:
        document = json.loads(path.read_text())
        document["tokens"]["refresh_token"] = None
        write_document(path, document)
    elif "reuse" == case:
        identity.renew_elsewhere(refresh_token)
    elif "foreign" != case:
        getattr(identity, case)(refresh_token)
    before = path.read_bytes()

    with pytest.raises(AuthError, match="codex login") as caught:
        ChatGPTCredentials(path, issuer=identity.issuer).headers()

    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert before == path.read_bytes()
    assert [] == [secret for secret in identity.issued if secret in told]


def test_a_server_that_fails_is_no_end_of_the_login(
    identity: FakeIdentity, ended: ChatGPTCredentials
) -> None:
    """The next request tries again, and succeeds."""
    identity.enqueue(502, b"<html>Bad gateway</html>")

    with pytest.raises(ServerError, match="HTTP 502"):
        ended.headers()
    headers = ended.headers()

    assert "Bearer " in headers["Authorization"]
    assert 1 == identity.renewals


def test_a_server_that_is_not_there_is_a_connection_error(path: Path) -> None:
    """It is not mistaken for a refusal, so nobody is sent to log in again."""
    identity = FakeIdentity()
    stored_login(identity, path, -5)
    nowhere = Issuer("http://127.0.0.1:9", timeout=2)

    with pytest.raises(APIConnectionError) as caught:
        ChatGPTCredentials(path, issuer=nowhere).headers()

    told = "".join(traceback.format_exception(caught.value))
    assert [] == [secret for secret in identity.issued if secret in told]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_was_forked_renews_for_its_parent(
    identity: FakeIdentity, ended: ChatGPTCredentials, path: Path
) -> None:
    """Each has a copy of the login; the parent finds in the file what the child has renewed."""
    code = (
        "import os, sys\n"
        "from codex_magic.api.chatgpt import ChatGPTCredentials\n"
        "from codex_magic.api.identity import Issuer\n"
        "held = ChatGPTCredentials(sys.argv[1], issuer=Issuer(sys.argv[2]))\n"
        "first = held.headers()\n"
        "child = os.fork()\n"
        "new = held.headers(refused=first) if child == 0 else None\n"
        "if child == 0: os._exit(0)\n"
        "assert 0 == os.waitpid(child, 0)[1]\n"
        "print(held.headers(refused=first)['Authorization'])\n"
    )

    found = subprocess.run(
        [sys.executable, "-c", code, str(path), identity.issuer.base_url],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert f"Bearer {tokens_of(path)['access_token']}\n" == found.stdout
    assert 2 == identity.renewals


def test_nothing_is_shown(ended: ChatGPTCredentials, identity: FakeIdentity) -> None:
    """Neither by the credentials nor by what they hold."""
    ended.headers()

    shown = f"{ended!r} {ended.stored()!r} {ended._held!r}"
    assert [] == [secret for secret in identity.issued if secret in shown]


def test_a_token_names_its_account(identity: FakeIdentity) -> None:
    """Where the account is not given, and none where it is not known."""
    assert "acc-7" == login_headers(identity.jwt(account="acc-7"))["ChatGPT-Account-ID"]
    assert "ChatGPT-Account-ID" not in login_headers("opaque")
