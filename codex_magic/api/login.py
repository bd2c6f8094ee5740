"""Log in to ChatGPT as the Codex CLI does: in a browser, or by copy and paste."""

from __future__ import annotations

import os
import secrets
import sys
import warnings
import webbrowser
from collections.abc import Callable
from dataclasses import field, replace
from pathlib import Path

from ..errors import AuthError, ConfigError
from ..records import dataclass
from .callback import callback_server, code_in
from .chatgpt import ORIGINATOR, ChatGPTCredentials, login_headers, save, unsaved
from .filelock import file_lock
from .identity import OPENAI_ISSUER, Issuer, exchange, needs_login
from .tokens import TokenData, account_of, login_path, read_tokens

# Is given the address to open, and returns the one at which the browser ended.
LoginHandler = Callable[[str], str]

# As long as a person may take to find a password and a second factor.
_PATIENCE = 300.0
_LOCK_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """
    A login that a person has yet to finish.

    Attributes:
        url: The address where they do.
    """

    url: str
    _verifier: str = field(repr=False)
    _state: str = field(repr=False)
    _issuer: Issuer = field(default=OPENAI_ISSUER, repr=False)


def start_login(*, issuer: Issuer = OPENAI_ISSUER) -> PendingLogin:
    """Begin a login in two steps: show its ``url``, then call ``finish_login``."""
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
    return PendingLogin(issuer.authorize_url(verifier, state), verifier, state, issuer)


def finish_login(
    pending: PendingLogin, *, callback_url: str, token_path: str | Path | None = None
) -> TokenData:
    """
    Finish a login, and put it into the login file.

    Args:
        pending: What ``start_login`` returned.
        callback_url: The whole address at which the browser ended.
        token_path: The login file; None is the Codex CLI's.

    Raises:
        AuthError: The address is not this login's, or the server refuses it.
        ConfigError: The login file is damaged; it stays as it is.
    """
    path = login_path(token_path)
    code = code_in(callback_url, pending._state)
    # A damaged file is found before the code, which is good for once, is used.
    read_tokens(path)
    tokens = exchange(pending._issuer.code_request(code, pending._verifier))
    with file_lock(path, timeout=_LOCK_TIMEOUT):
        return _told(path, save(path, tokens))


def login(
    *,
    headless: bool = False,
    no_browser: bool = False,
    token_path: str | Path | None = None,
    login_handler: LoginHandler | None = None,
    issuer: Issuer = OPENAI_ISSUER,
    timeout: float = _PATIENCE,
) -> TokenData:
    """
    Log in to ChatGPT, and put the login into the login file.

    Args:
        headless: Show the address, and ask for the one at which the browser ended: for a kernel
            on another machine than the browser.
        no_browser: Show the address instead of opening it.
        token_path: The login file; None is the Codex CLI's.
        login_handler: Is given the address, and returns the one at which the browser ended.
        issuer: The identity server.
        timeout: Seconds that the person may take.

    Raises:
        AuthError: The person did not log in, or may not.
        ConfigError: The login file is damaged, or the port is taken.
    """
    read_tokens(login_path(token_path))
    if login_handler is not None or headless:
        pending = start_login(issuer=issuer)
        ended = (login_handler or _paste)(pending.url)
    else:
        pending, ended = _browse(issuer, no_browser, timeout)
    return finish_login(pending, callback_url=ended, token_path=token_path)


def refresh(
    refresh_token: str,
    token_path: str | Path | None = None,
    *,
    issuer: Issuer = OPENAI_ISSUER,
) -> TokenData:
    """
    Return the login that follows a refresh token, which is used up by this.

    It is saved where the file holds that refresh token, or no login; another login stays.

    Args:
        refresh_token: That of a login; the next one is in what is returned.
        token_path: The login file; None is the Codex CLI's.
        issuer: The identity server.

    Raises:
        AuthError: Only a new login helps.
        APIError: The identity server could not be asked.
    """
    path = login_path(token_path)
    with file_lock(path, timeout=_LOCK_TIMEOUT):
        stored = read_tokens(path)
        is_its_own = stored is not None and stored.refresh_token == refresh_token
        renewed = exchange(issuer.refresh_request(refresh_token), stored if is_its_own else None)
        tokens = replace(renewed, refresh_token=renewed.refresh_token or refresh_token)
        if stored is None or is_its_own:
            return _told(path, save(path, tokens))
    return replace(tokens, saved=False)


def get_token(
    *,
    headless: bool = False,
    no_browser: bool = False,
    token_path: str | Path | None = None,
    login_handler: LoginHandler | None = None,
    issuer: Issuer = OPENAI_ISSUER,
) -> str:
    """
    Return an access token: the one in the login file, renewed, or that of a new login.

    Args:
        headless: For a new login: ask for the address at which the browser ended.
        no_browser: For a new login: show the address instead of opening it.
        token_path: The login file; None is the Codex CLI's.
        login_handler: Is given the address, and returns the one at which the browser ended.
        issuer: The identity server.

    Raises:
        AuthError: The person did not log in, or may not.
        ConfigError: The login file is damaged.
        APIError: The identity server could not be asked.
    """
    credentials = ChatGPTCredentials(token_path, issuer=issuer)
    signed_in = sign_in(
        credentials, headless=headless, no_browser=no_browser, login_handler=login_handler
    )
    return signed_in.access_token


def sign_in(
    credentials: ChatGPTCredentials,
    *,
    headless: bool = False,
    no_browser: bool = False,
    login_handler: LoginHandler | None = None,
) -> TokenData:
    """Return a good login for credentials, and let a person log in where only that helps."""
    try:
        return credentials.tokens()
    except AuthError as error:
        if not needs_login(error):
            raise
    tokens = login(
        headless=headless,
        no_browser=no_browser,
        token_path=credentials.path,
        login_handler=login_handler,
        issuer=credentials.issuer,
    )
    credentials.adopt(tokens)
    return tokens


def build_headers(token: str, *, originator: str = ORIGINATOR) -> dict[str, str]:
    """
    Return the headers of a request to ChatGPT.

    Args:
        token: The access token.
        originator: Which program asks.
    """
    return login_headers(token, originator=originator)


def get_account_id(token: str) -> str | None:
    """Return the ChatGPT account that a token names, or None."""
    return account_of(token)


def _browse(issuer: Issuer, no_browser: bool, timeout: float) -> tuple[PendingLogin, str]:
    pending = start_login(issuer=issuer)
    with callback_server(issuer.redirect_uri, pending._state) as server:
        # A port 0 is only known when it is open; the address must hold the real one.
        redirect = issuer.redirect_uri.replace("localhost:0/", f"localhost:{server.port}/")
        issuer = replace(issuer, redirect_uri=redirect)
        url = issuer.authorize_url(pending._verifier, pending._state)
        if no_browser or not _opened(url):
            print(f"Open this address in a browser on this machine, and log in:\n\n{url}\n")
        return replace(pending, url=url, _issuer=issuer), server.wait(timeout)


def _opened(url: str) -> bool:
    try:
        return _has_window() and webbrowser.open(url)
    except webbrowser.Error:
        return False


def _has_window() -> bool:
    # Without a screen, Python opens a browser for terminals, which would take over the kernel's.
    known = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform != "linux" or any(os.environ.get(name) for name in known)


def _paste(url: str) -> str:
    print(f"Open this address in a browser, and log in:\n\n{url}\n")
    print(
        "The browser ends at an address that begins with http://localhost. That page may not "
        "load; its address is what is needed."
    )
    try:
        return input("Paste the whole address here: ")
    except (EOFError, NotImplementedError) as exc:
        # NotImplementedError: a kernel whose front end cannot ask.
        raise ConfigError(
            "Nobody can answer here. Log in elsewhere with `codex login`, or use start_login() "
            "and finish_login()."
        ) from exc


def _told(path: Path, tokens: TokenData) -> TokenData:
    if not tokens.saved:
        warnings.warn(unsaved(path), stacklevel=3)
    return tokens
