"""The page at which a login ends is taken for what it is, and for whose it is."""

from __future__ import annotations

import socket
import sys
import traceback
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from codex_magic import AuthError
from codex_magic.api.callback import callback_server, code_in
from tests.fake_identity import (
    TIMEOUT,
)

CALLBACK = "http://localhost:1455/auth/callback"


def told_by(error: BaseException) -> str:
    """Return all that a traceback and a curious program see of an error."""
    return "".join(traceback.format_exception(error)) + repr(vars(error))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "begins with http://localhost"),
        ("hello", "begins with http://localhost"),
        (f"{CALLBACK}?code=stolen", "begins with http://localhost"),
        (f"{CALLBACK}?code=stolen&state=other", "another login"),
        (f"{CALLBACK}?code=stolen&state=", "begins with http://localhost"),
        (f"{CALLBACK}?code=stolen&state=é", "another login"),
        (f"{CALLBACK}?error=access_denied&state=other", "another login"),
        ("http://[bad?code=stolen&state=mine", "begins with http://localhost"),
        (f"{CALLBACK}?state=mine", "no code"),
        (f"{CALLBACK}?code=&state=mine", "no code"),
        (f"{CALLBACK}?error=access_denied&state=mine", "refused: access_denied"),
        (f"{CALLBACK}?error=x&error_description=Not+for+you.&state=mine", "Not for you"),
    ],
)
def test_an_address_that_is_not_this_logins_is_refused(address: str, message: str) -> None:
    """Above all one with another state: somebody else's code would log in as them."""
    with pytest.raises(AuthError, match=message) as caught:
        code_in(address, "mine")

    assert "stolen" not in told_by(caught.value)


def get(port: int, target: str) -> tuple[int, str]:
    """Ask the callback server for a page."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{target}", timeout=TIMEOUT) as page:
            return page.status, page.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 404),
        ("/favicon.ico", 404),
        ("/auth/callback", 400),
        ("/auth/callback?code=c", 400),
        ("/auth/callback?code=c&state=other", 400),
        ("/auth/callback?error=x&state=other", 400),
        ("/auth/callback?code=%3Cscript%3E&state=%3Cscript%3E", 400),
    ],
)
def test_a_page_of_another_login_does_not_end_the_wait(target: str, status: int) -> None:
    """Neither a tab that was left open nor a program that guesses; the right one is taken then."""
    with callback_server("http://localhost:0/auth/callback", "mine") as server:
        found = get(server.port, target)
        right = get(server.port, "/auth/callback?code=c&state=mine")
        address = server.wait(TIMEOUT)

    assert (status, 200) == (found[0], right[0])
    assert "<script>" not in found[1]
    assert "c" == code_in(address, "mine")


def test_a_silent_connection_does_not_block_the_callback() -> None:
    """Browsers open connections ahead, and send nothing over them."""
    with (
        callback_server("http://localhost:0/auth/callback", "mine") as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        found = get(server.port, "/auth/callback?code=c&state=mine")

        assert 200 == found[0]
        assert server.wait(TIMEOUT)


@pytest.mark.skipif(sys.platform != "linux", reason="has other addresses of its own to try")
def test_only_the_loopback_address_answers() -> None:
    """Not every address of this machine, one of which others may reach."""
    with (
        callback_server("http://localhost:0/auth/callback", "mine") as server,
        pytest.raises(OSError, match="refused"),
    ):
        socket.create_connection(("127.0.0.2", server.port), TIMEOUT)
