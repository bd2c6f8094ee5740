"""A token is found in the file, renewed, or asked of a person: in this order."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_magic import APIError, AuthError
from codex_magic.api.chatgpt import ChatGPTCredentials
from codex_magic.api.login import (
    get_token,
    refresh,
    sign_in,
)
from codex_magic.api.tokens import read_tokens
from tests.fake_identity import (
    FakeIdentity,
    callback_of,
    cli_document,
    write_document,
)


@pytest.fixture
def identity() -> Iterator[FakeIdentity]:
    """A fresh identity server."""
    with FakeIdentity() as identity:
        yield identity


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the login file is."""
    return tmp_path / "auth.json"


def told_by(error: BaseException) -> str:
    """Return all that a traceback and a curious program see of an error."""
    return "".join(traceback.format_exception(error)) + repr(vars(error))


def never(url: str) -> str:
    """Be a person whom nobody should have asked."""
    raise AssertionError(f"A login was asked for at {url}")


def test_a_token_from_the_file(identity: FakeIdentity, path: Path) -> None:
    """A login that is good is used as it is."""
    tokens = identity.new_login()
    write_document(path, {"tokens": tokens})

    found = get_token(token_path=path, login_handler=never, issuer=identity.issuer)

    assert tokens["access_token"] == found
    assert [] == identity.requests


def test_a_token_of_a_renewed_login(identity: FakeIdentity, path: Path) -> None:
    """A login that has ended is renewed without a person."""
    write_document(path, {"tokens": identity.new_login(lifetime=-5)})

    found = get_token(token_path=path, login_handler=never, issuer=identity.issuer)

    assert found == json.loads(path.read_text())["tokens"]["access_token"]
    assert 1 == identity.renewals


@pytest.mark.parametrize("case", ["no file", "expired", "no refresh token"])
def test_a_token_of_a_new_login(identity: FakeIdentity, path: Path, case: str) -> None:
    """A person logs in where only that helps."""
    tokens = identity.new_login(lifetime=-5)
    identity.expire(tokens["refresh_token"])
    if "no refresh token" == case:
        del tokens["refresh_token"]
    if "no file" != case:
        write_document(path, {"tokens": tokens})

    found = get_token(
        token_path=path,
        login_handler=lambda url: callback_of(identity, url),
        issuer=identity.issuer,
    )

    assert found == json.loads(path.read_text())["tokens"]["access_token"]


@pytest.mark.parametrize("answer", [(500, b""), (403, b"<html>"), (429, b"{}"), (200, b"")])
def test_a_person_is_not_bothered_where_a_login_does_not_help(
    identity: FakeIdentity, path: Path, answer: tuple[int, bytes]
) -> None:
    """A server that fails, or a proxy that is in the way, is an error."""
    write_document(path, {"tokens": identity.new_login(lifetime=-5)})
    identity.enqueue(*answer)

    with pytest.raises(APIError):
        get_token(token_path=path, login_handler=never, issuer=identity.issuer)


def test_a_new_login_is_used_at_once(identity: FakeIdentity, path: Path) -> None:
    """Credentials whose login has died take over the one that a person makes."""
    tokens = identity.new_login(lifetime=-5)
    identity.revoke(tokens["refresh_token"])
    write_document(path, {"tokens": tokens})
    credentials = ChatGPTCredentials(path, issuer=identity.issuer)

    made = sign_in(credentials, login_handler=lambda url: callback_of(identity, url))

    assert f"Bearer {made.access_token}" == credentials.headers()["Authorization"]
    assert made.same_login(credentials.stored())


def test_a_refresh_token_is_renewed(identity: FakeIdentity, path: Path) -> None:
    """The new login is returned, and saved where the file held that refresh token."""
    tokens = identity.new_login()
    write_document(path, cli_document(tokens))

    renewed = refresh(tokens["refresh_token"], path, issuer=identity.issuer)

    stored = read_tokens(path)
    assert renewed.saved
    assert renewed.same_login(stored)
    assert tokens["refresh_token"] != renewed.refresh_token


def test_a_refresh_token_from_elsewhere_does_not_replace_a_login(
    identity: FakeIdentity, path: Path
) -> None:
    """The CLI's file keeps its own, and the caller is told that theirs was not saved."""
    write_document(path, cli_document(identity.new_login()))
    before = path.read_bytes()
    other = identity.new_login(account="acc-2")

    renewed = refresh(other["refresh_token"], path, issuer=identity.issuer)

    assert "acc-2" == renewed.account_id
    assert not renewed.saved
    assert before == path.read_bytes()


def test_a_refresh_without_a_file_makes_one(identity: FakeIdentity, path: Path) -> None:
    """As codex-open-client does."""
    renewed = refresh(identity.new_login()["refresh_token"], path, issuer=identity.issuer)

    assert renewed.same_login(read_tokens(path))


def test_a_used_refresh_token_is_an_error(identity: FakeIdentity, path: Path) -> None:
    """With its reason, and without the token."""
    tokens = identity.new_login()
    identity.renew_elsewhere(tokens["refresh_token"])

    with pytest.raises(AuthError, match="used before") as caught:
        refresh(tokens["refresh_token"], path, issuer=identity.issuer)

    assert "refresh_token_reused" == caught.value.code
    assert 401 == caught.value.status_code
    assert [] == [secret for secret in identity.issued if secret in told_by(caught.value)]


def test_the_cli_home_is_the_default(
    identity: FakeIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a path, ``CODEX_HOME`` says where, at the time of the call."""
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    tokens: dict[str, Any] = identity.new_login()
    write_document(tmp_path / "auth.json", cli_document(tokens))

    assert tokens["access_token"] == get_token(issuer=identity.issuer, login_handler=never)
