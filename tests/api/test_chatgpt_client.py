"""A client with a ChatGPT login instead of a key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_magic import AsyncCodexClient, AuthError, CodexClient, ConfigError
from tests.fake_identity import FakeIdentity, callback_of, cli_document, write_document
from tests.fake_service import FakeService, error, text

MODEL = "gpt-5.6-terra"


@pytest.fixture
def identity() -> Iterator[FakeIdentity]:
    """Yield an identity server."""
    with FakeIdentity() as running:
        yield running


@pytest.fixture
def chatgpt() -> Iterator[FakeService]:
    """Yield ChatGPT's backend; it takes any login, and records it."""
    with FakeService(profile="chatgpt", api_key=None) as running:
        yield running


@pytest.fixture
def login(identity: FakeIdentity, tmp_path: Path) -> Path:
    """Return the file of a login that is good."""
    return write_document(tmp_path / "auth.json", cli_document(identity.new_login()))


def options(identity: FakeIdentity, chatgpt: FakeService, path: Path) -> dict[str, Any]:
    """Return the arguments of a client that uses a login file."""
    return {"token_path": path, "base_url": chatgpt.base_url, "issuer": identity.issuer}


def sent(chatgpt: FakeService) -> list[str]:
    """Return the tokens of all requests."""
    return [found.headers["authorization"] for found in chatgpt.requests]


def test_a_question_with_a_login(identity: FakeIdentity, chatgpt: FakeService, login: Path) -> None:
    """What that backend demands is there, though nobody wrote it down: a stream above all."""
    chatgpt.enqueue(text("Hello."))

    with CodexClient(**options(identity, chatgpt, login)) as client:
        response = client.responses.create(model=MODEL, input="Hi")
        token, account = client.token, client.account_id

    assert "Hello." == response.output_text
    assert [f"Bearer {token}"] == sent(chatgpt)
    assert account == chatgpt.requests[0].headers["chatgpt-account-id"]
    assert str(token) not in f"{client!r} {client._caller.options!r}"


def test_the_same_asynchronously(identity: FakeIdentity, chatgpt: FakeService, login: Path) -> None:
    """The twin signs its requests without blocking the loop."""
    chatgpt.enqueue(text("Hello."))

    async def ask() -> str:
        async with AsyncCodexClient(**options(identity, chatgpt, login)) as client:
            return (await client.responses.create(model=MODEL, input="Hi")).output_text

    assert "Hello." == asyncio.run(ask())
    assert sent(chatgpt)[0].startswith("Bearer ")


@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_login_is_renewed_once(
    identity: FakeIdentity, chatgpt: FakeService, login: Path, stream: bool
) -> None:
    """After a 401 the request goes out again with another token, and the user sees nothing."""
    chatgpt.enqueue(error(401, "token_expired", "Expired."), text("Hello."))

    with CodexClient(**options(identity, chatgpt, login)) as client:
        if stream:
            response = client.responses.stream(model=MODEL, input="Hi").get_final_response()
        else:
            response = client.responses.create(model=MODEL, input="Hi")

    first, second = sent(chatgpt)
    assert "Hello." == response.output_text
    assert first != second
    assert 1 == identity.renewals


def test_a_login_that_stays_refused_is_an_error(
    identity: FakeIdentity, chatgpt: FakeService, login: Path
) -> None:
    """One renewal, not an endless row of them; and no token in the error."""
    chatgpt.enqueue(*[error(401, "token_expired", "Expired.") for _ in range(3)])

    with (
        CodexClient(**options(identity, chatgpt, login)) as client,
        pytest.raises(AuthError) as caught,
    ):
        client.responses.create(model=MODEL, input="Hi")

    assert 2 == len(chatgpt.requests)
    assert sent(chatgpt)[1].removeprefix("Bearer ") not in f"{caught.value!r} {caught.value.body}"


def test_a_person_logs_in_where_that_was_asked_for(
    identity: FakeIdentity, chatgpt: FakeService, tmp_path: Path
) -> None:
    """A handler takes the address, and its answer becomes a login that is kept."""
    chatgpt.enqueue(text("Hello."))
    path = tmp_path / "new.json"

    with CodexClient(
        **options(identity, chatgpt, path), login_handler=lambda url: callback_of(identity, url)
    ) as client:
        response = client.responses.create(model=MODEL, input="Hi")

    assert "Hello." == response.output_text
    assert path.exists()


def test_a_key_and_a_login_exclude_each_other(tmp_path: Path) -> None:
    """Before anything is sent or opened."""
    with pytest.raises(ConfigError, match="exclude each other"):
        CodexClient(api_key="sk-mine", token_path=tmp_path / "auth.json")


def test_no_login_happens_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Naming the service alone uses the login that there is, or says what to do."""
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))

    with pytest.raises(AuthError, match="codex login"):
        CodexClient(backend="chatgpt")
