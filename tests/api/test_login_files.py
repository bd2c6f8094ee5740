"""What others do to the login file is seen, and what cannot be written to it is not lost."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from codex_magic import AuthError, ConfigError
from codex_magic.api.chatgpt import ChatGPTCredentials
from tests.fake_identity import (
    FakeIdentity,
    cli_document,
    write_document,
)


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


def test_what_another_process_renewed_is_used(
    identity: FakeIdentity, good: ChatGPTCredentials, path: Path
) -> None:
    """After a refusal the file is read first: the refresh token in hand may be used up."""
    refused = good.headers()
    newer = identity.renew_elsewhere(tokens_of(path)["refresh_token"])
    write_document(path, cli_document(newer))

    headers = good.headers(refused=refused)

    assert f"Bearer {newer['access_token']}" == headers["Authorization"]
    assert [] == identity.requests


def test_the_cli_may_be_faster(
    identity: FakeIdentity, ended: ChatGPTCredentials, path: Path
) -> None:
    """It takes no lock: where our refresh token turns out used, what it wrote is taken."""
    newer = identity.renew_elsewhere(tokens_of(path)["refresh_token"])
    identity.hold()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ended.headers)
        identity.wait_until(lambda: bool(identity.requests))
        write_document(path, cli_document(newer))
        identity.release()

    assert f"Bearer {newer['access_token']}" == answer.result()["Authorization"]


def test_a_logout_is_obeyed(good: ChatGPTCredentials, path: Path) -> None:
    """The file is gone: what is in memory is not used to get around that."""
    refused = good.headers()
    path.unlink()

    with pytest.raises(AuthError, match="logout"):
        good.headers(refused=refused)


def test_another_account_is_not_taken_in_silence(
    identity: FakeIdentity, good: ChatGPTCredentials, path: Path
) -> None:
    """A conversation does not move to somebody else's account."""
    refused = good.headers()
    document = cli_document(identity.new_login(account="acc-2"))
    document["tokens"]["account_id"] = "acc-2"
    write_document(path, document)

    with pytest.raises(AuthError, match="another account"):
        good.headers(refused=refused)


def test_a_damaged_file_stays(ended: ChatGPTCredentials, path: Path) -> None:
    """It is an error that says so, and nothing is written over it."""
    path.write_text('{"tokens": {"acc')

    with pytest.raises(ConfigError, match="damaged"):
        ended.headers()

    assert '{"tokens": {"acc' == path.read_text()


def test_a_file_that_is_damaged_meanwhile_does_not_lose_the_login(
    identity: FakeIdentity, ended: ChatGPTCredentials, path: Path
) -> None:
    """The new tokens serve this process, and the user is told."""
    identity.hold()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ended.tokens)
        identity.wait_until(lambda: bool(identity.requests))
        path.write_text("{")
        identity.release()
        with pytest.warns(UserWarning, match="could not be saved"):
            tokens = answer.result()

    assert not tokens.saved
    assert "{" == path.read_text()


@contextmanager
def unprivileged(folder: Path, mode: int) -> Iterator[None]:
    """Be a user to whom a folder has this mode; root may write anywhere."""
    if sys.platform == "win32":
        pytest.skip("Windows has other permissions")
    is_root = os.geteuid() == 0
    folder.chmod(mode)
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture(params=[0o555, 0o777])
def read_only(
    identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Path]:
    """A login file that is read-only, in a folder that is too, and in one that is not."""
    with tempfile.TemporaryDirectory() as name:
        home, scratch = Path(name, "home"), Path(name, "scratch")
        for folder, mode in ((Path(name), 0o755), (home, 0o755), (scratch, 0o777)):
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
        stored_login(identity, home / "auth.json", -5).chmod(0o444)
        monkeypatch.setattr(tempfile, "tempdir", str(scratch))
        with unprivileged(home, request.param):
            yield home / "auth.json"


def test_a_file_that_cannot_be_written(identity: FakeIdentity, read_only: Path) -> None:
    """The renewed login serves this process, renewal after renewal, and the user is told once."""
    told: list[str] = []
    before = read_only.read_bytes()
    credentials = ChatGPTCredentials(read_only, issuer=identity.issuer, notify=told.append)

    headers = credentials.headers()
    again = credentials.headers(refused=headers)

    assert headers != again
    assert 2 == identity.renewals
    assert before == read_only.read_bytes()
    assert {"auth.json"} >= {found.name for found in read_only.parent.iterdir()} - {
        "auth.json.lock"
    }
    assert 1 == len(told)
    assert "this process only" in told[0]
    assert [] == [secret for secret in identity.issued if secret in told[0]]
