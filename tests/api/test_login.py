"""A person logs in to ChatGPT in a browser, by copy and paste, or through a program of theirs."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import pytest

from codex_magic import APIConnectionError, AuthError, ConfigError
from codex_magic.api.identity import OPENAI_ISSUER, challenge
from codex_magic.api.login import (
    build_headers,
    finish_login,
    get_account_id,
    login,
    start_login,
)
from codex_magic.api.tokens import read_tokens
from tests.fake_identity import (
    ACCOUNT,
    CLIENT_ID,
    TIMEOUT,
    FakeIdentity,
    browse,
    callback_of,
    cli_document,
    write_document,
)

CALLBACK = "http://localhost:1455/auth/callback"


@pytest.fixture
def identity() -> Iterator[FakeIdentity]:
    """A fresh identity server."""
    with FakeIdentity() as identity:
        yield identity


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the login file is."""
    return tmp_path / "auth.json"


class Person(io.StringIO):
    """Reads a screen, opens the address on it, and types what they are asked for."""

    def __init__(self, visit: Callable[[str], str]) -> None:
        super().__init__()
        self._visit = visit
        self.pages: list[str] = []
        self.visits: list[threading.Thread] = []

    def write(self, text: str) -> int:
        """See an address, and open it."""
        found = [word for word in text.split() if "/oauth/authorize?" in word]
        for url in found:
            self.visits.append(threading.Thread(target=self._open, args=[url]))
            self.visits[-1].start()
        return super().write(text)

    # mypy takes the text stream for one of bytes, its distant ancestor.
    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        """Paste the address at which the browser ended."""
        self.wait()
        return f"  {self.pages[-1]} \n"

    def wait(self) -> None:
        """Wait for the browser."""
        for visit in self.visits:
            visit.join(TIMEOUT)

    def _open(self, url: str) -> None:
        self.pages.append(self._visit(url))


def seat(monkeypatch: pytest.MonkeyPatch, visit: Callable[[str], str]) -> Person:
    """Let a person sit before the screen."""
    person = Person(visit)
    monkeypatch.setattr(sys, "stdout", person)
    monkeypatch.setattr(sys, "stdin", person)
    return person


def told_by(error: BaseException) -> str:
    """Return all that a traceback and a curious program see of an error."""
    return "".join(traceback.format_exception(error)) + repr(vars(error))


def test_the_address_to_open_is_the_one_that_the_cli_opens() -> None:
    """The real server, the CLI's id, PKCE with S256, and a state."""
    pending = start_login()

    url = urlsplit(pending.url)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert "https://auth.openai.com/oauth/authorize" == f"{url.scheme}://{url.netloc}{url.path}"
    assert {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "openid profile email offline_access",
        "code_challenge": challenge(pending._verifier),
        "code_challenge_method": "S256",
        "id_token_add_organizations": "true",
        "codex_cli_simplified_flow": "true",
        "state": pending._state,
    } == query


def test_each_login_has_its_own_secrets() -> None:
    """They are long enough for the standard, and a repr does not show them."""
    first, second = start_login(), start_login()

    assert first._verifier != second._verifier
    assert first._state != second._state
    assert 43 <= len(first._verifier) <= 128
    assert first._verifier not in repr(first)


def test_a_login_in_two_steps(identity: FakeIdentity, path: Path) -> None:
    """The address goes out, the callback comes in; the file is one that the CLI reads."""
    pending = start_login(issuer=identity.issuer)

    tokens = finish_login(
        pending, callback_url=callback_of(identity, pending.url), token_path=str(path)
    )

    stored = json.loads(path.read_text())
    assert tokens.access_token == stored["tokens"]["access_token"]
    assert {"id_token", "access_token", "refresh_token", "account_id"} == set(stored["tokens"])
    assert ACCOUNT == tokens.account_id == stored["tokens"]["account_id"]
    assert tokens.saved
    assert not tokens.is_expired()


def test_a_login_replaces_the_one_in_the_file_and_nothing_else(
    identity: FakeIdentity, path: Path
) -> None:
    """Another account's tokens go; what is not a token stays."""
    old = identity.new_login(account="acc-old")
    write_document(path, cli_document(old, OPENAI_API_KEY="sk-kept"))

    login(
        token_path=path,
        issuer=identity.issuer,
        login_handler=lambda url: callback_of(identity, url),
    )

    stored = json.loads(path.read_text())
    assert ("sk-kept", {"kept": True}) == (stored["OPENAI_API_KEY"], stored["agent_identity"])
    assert ACCOUNT == stored["tokens"]["account_id"]
    assert old["id_token"] != stored["tokens"]["id_token"]


@pytest.mark.parametrize(
    "dress",
    [
        "{}",
        "  {}\n",
        '"{}"',
        "<{}>",
        "{}#fragment",
    ],
)
def test_an_address_may_be_pasted_with_its_surroundings(
    identity: FakeIdentity, path: Path, dress: str
) -> None:
    """Spaces, quotes and brackets are no part of it."""
    pending = start_login(issuer=identity.issuer)
    pasted = dress.format(callback_of(identity, pending.url))

    assert finish_login(pending, callback_url=pasted, token_path=path).saved


def test_a_foreign_code_is_not_even_tried(identity: FakeIdentity, path: Path) -> None:
    """The server is not asked, and nothing is written."""
    pending = start_login(issuer=identity.issuer)
    foreign = callback_of(identity, start_login(issuer=identity.issuer).url)

    with pytest.raises(AuthError, match="another login"):
        finish_login(pending, callback_url=foreign, token_path=path)

    assert [] == identity.requests
    assert not path.exists()


def test_a_code_is_good_for_once(identity: FakeIdentity, path: Path) -> None:
    """The second try is refused in clear words that hold neither code nor verifier."""
    pending = start_login(issuer=identity.issuer)
    callback_url = callback_of(identity, pending.url)
    finish_login(pending, callback_url=callback_url, token_path=path)
    before = path.read_bytes()

    with pytest.raises(AuthError, match="not valid, or no longer") as caught:
        finish_login(pending, callback_url=callback_url, token_path=path)

    assert before == path.read_bytes()
    assert [] == [secret for secret in identity.issued if secret in told_by(caught.value)]


def test_a_code_needs_the_verifier_it_was_made_for(identity: FakeIdentity, path: Path) -> None:
    """Who only saw the address cannot finish the login."""
    pending = start_login(issuer=identity.issuer)
    callback_url = callback_of(identity, pending.url)
    thief = replace(pending, _verifier=start_login()._verifier)

    with pytest.raises(AuthError, match="not valid"):
        finish_login(thief, callback_url=callback_url, token_path=path)

    assert not path.exists()


def test_a_damaged_file_is_found_before_the_person_logs_in(
    identity: FakeIdentity, path: Path
) -> None:
    """Nobody is asked for nothing, no code is used up, and the file stays."""
    path.write_text("{")
    asked: list[str] = []
    pending = start_login(issuer=identity.issuer)

    with pytest.raises(ConfigError, match="damaged"):
        login(token_path=path, issuer=identity.issuer, login_handler=lambda url: str(asked.append))
    with pytest.raises(ConfigError, match="damaged"):
        finish_login(pending, callback_url=callback_of(identity, pending.url), token_path=path)

    assert ([], []) == (asked, identity.requests)
    assert "{" == path.read_text()


def test_a_login_without_a_browser_of_ours(
    identity: FakeIdentity, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is shown, the person opens it, and the callback arrives by itself."""
    person = seat(monkeypatch, browse)

    tokens = login(no_browser=True, token_path=path, issuer=identity.issuer, timeout=TIMEOUT)

    person.wait()
    assert tokens.access_token == json.loads(path.read_text())["tokens"]["access_token"]
    assert "close this tab" in person.pages[0]
    assert [] == [secret for secret in identity.issued if secret in person.getvalue()]


def test_a_login_by_paste(
    identity: FakeIdentity, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server is started: the person copies the address of a page that does not load."""
    seat(monkeypatch, lambda url: callback_of(identity, url))

    tokens = login(headless=True, token_path=path, issuer=identity.issuer)

    assert tokens.same_login(read_tokens(path))


def test_nobody_can_paste_where_nothing_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the ways that are left."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with pytest.raises(ConfigError, match=r"start_login\(\)"):
        login(headless=True, token_path=path)

    assert not path.exists()


def test_a_browser_is_opened(identity: FakeIdentity, path: Path, tmp_path: Path) -> None:
    """A real process opens the person's browser, and the login needs no other step."""
    browser = tmp_path / "browser.py"
    browser.write_text("import sys, urllib.request\nurllib.request.urlopen(sys.argv[1]).read()\n")
    code = (
        "import sys\n"
        "from codex_magic.api.identity import Issuer\n"
        "from codex_magic.api.login import login\n"
        "issuer = Issuer(sys.argv[2], redirect_uri='http://localhost:0/auth/callback')\n"
        "print(repr(login(token_path=sys.argv[1], issuer=issuer, timeout=20)))\n"
    )
    command = [sys.executable, "-c", code, str(path), identity.issuer.base_url]
    environ = {**os.environ, "BROWSER": f"{sys.executable} {browser} %s"}

    found = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=30, check=True
    )

    assert found.stdout.startswith("TokenData(")
    assert "" == found.stderr
    assert read_tokens(path)
    assert [] == [secret for secret in identity.issued if secret in found.stdout]


def test_a_refusal_ends_the_wait(
    identity: FakeIdentity, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who may not log in hears why at once, in the server's words."""
    identity.denied = "access_denied"
    pages: list[int] = []

    def visit(url: str) -> str:
        with pytest.raises(HTTPError) as caught:
            browse(url)
        with caught.value:
            pages.append(caught.value.code)
        return ""

    person = seat(monkeypatch, visit)

    with pytest.raises(AuthError, match="Your workspace says no"):
        login(no_browser=True, token_path=path, issuer=identity.issuer, timeout=TIMEOUT)

    person.wait()
    assert [400] == pages
    assert not path.exists()


def test_nobody_logs_in(identity: FakeIdentity, path: Path) -> None:
    """The wait ends, and says what helps on a remote machine."""
    with pytest.raises(AuthError, match="headless=True"):
        login(no_browser=True, token_path=path, issuer=identity.issuer, timeout=0.05)


def test_a_port_that_is_taken_is_said(identity: FakeIdentity, path: Path) -> None:
    """With the way around it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        issuer = replace(identity.issuer, redirect_uri=f"http://localhost:{port}/auth/callback")

        with pytest.raises(ConfigError, match=rf"Port {port} .*headless=True"):
            login(no_browser=True, token_path=path, issuer=issuer)


def test_the_port_is_free_after_a_login(
    identity: FakeIdentity, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two logins in a row use the same one."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    issuer = replace(identity.issuer, redirect_uri=f"http://localhost:{port}/auth/callback")
    person = seat(monkeypatch, browse)

    for _ in range(2):
        login(no_browser=True, token_path=path, issuer=issuer, timeout=TIMEOUT)

    person.wait()
    assert 2 == len(person.pages)


def test_a_login_that_cannot_be_saved_is_returned(identity: FakeIdentity, path: Path) -> None:
    """With a warning: the person should not have to log in again in this process."""
    pending = start_login(issuer=identity.issuer)
    callback_url = callback_of(identity, pending.url)
    identity.hold()

    def take_its_place() -> None:
        identity.wait_until(lambda: bool(identity.requests))
        path.mkdir()
        identity.release()

    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(take_its_place)
        with pytest.warns(UserWarning, match="could not be saved"):
            tokens = finish_login(pending, callback_url=callback_url, token_path=path)

    assert taken.done()
    assert tokens.access_token
    assert not tokens.saved


def test_the_headers_of_a_request(identity: FakeIdentity) -> None:
    """A token alone is enough for them; the account is in it."""
    token = identity.jwt(account="acc-7")

    assert {
        "Authorization": f"Bearer {token}",
        "ChatGPT-Account-ID": "acc-7",
        "OpenAI-Beta": "responses=experimental",
        "originator": "mine",
    } == build_headers(token, originator="mine")
    assert ("acc-7", None) == (get_account_id(token), get_account_id("opaque"))


def test_no_server_is_a_connection_error(path: Path) -> None:
    """And not a failed login."""
    pending = start_login(issuer=replace(OPENAI_ISSUER, base_url="http://127.0.0.1:9"))
    callback_url = f"{CALLBACK}?code=ac_1&state={pending._state}"

    with pytest.raises(APIConnectionError) as caught:
        finish_login(pending, callback_url=callback_url, token_path=path)

    assert pending._verifier not in told_by(caught.value)
