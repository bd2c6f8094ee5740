"""The ChatGPT login that a client was asked for, and the service that it opens."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..records import dataclass
from .auth import Service
from .backends import CHATGPT
from .identity import OPENAI_ISSUER, Issuer

if TYPE_CHECKING:
    from .chatgpt import ChatGPTCredentials
    from .tokens import TokenData


@dataclass(frozen=True, slots=True)
class LoginChoice:
    """
    How a ChatGPT login goes about, under codex-open-client's names.

    Attributes:
        headless: Whether nothing on this machine can open a browser.
        no_browser: Whether the address is printed instead of opened.
        token_path: Where the login is kept.
        login_handler: Takes the address to visit, and returns the one it led to.
        issuer: The identity server.
    """

    headless: bool = False
    no_browser: bool = False
    token_path: str | os.PathLike[str] | None = None
    login_handler: Callable[[str], str] | None = None
    issuer: Issuer = OPENAI_ISSUER

    @property
    def asked(self) -> bool:
        """Whether a person may be asked to log in: only who names a place or a way wants that."""
        return self.token_path is not None or self.login_handler is not None


def login_service(
    choice: LoginChoice,
    *,
    api_key: object,
    base_url: str | None,
    backend: str | None,
    headers: Mapping[str, str],
) -> Service | None:
    """
    Return ChatGPT's service where a login was asked for, or None; nothing is sent.

    Raises:
        ConfigError: A key is given as well.
    """
    if not choice.asked and backend != CHATGPT.name:
        return None
    if api_key is not None:
        raise ConfigError("api_key= and a ChatGPT login exclude each other: give one of them.")
    from .chatgpt import ChatGPTCredentials  # Few log in.

    path = None if choice.token_path is None else os.fspath(choice.token_path)
    return Service(
        CHATGPT,
        (base_url or CHATGPT.base_url or "").rstrip("/"),
        source="the ChatGPT login",
        headers=headers,
        credentials=ChatGPTCredentials(path, issuer=choice.issuer),
    )


def ensure_login(service: Service, choice: LoginChoice) -> None:
    """
    See to it that there is a good login, with a person's help where that was asked for.

    Raises:
        AuthError: There is none.
    """
    credentials = credentials_of(service)
    if credentials is None:
        return
    if choice.asked:
        from .login import sign_in

        sign_in(
            credentials,
            headless=choice.headless,
            no_browser=choice.no_browser,
            login_handler=choice.login_handler,
        )
    else:
        credentials.tokens()


def log_in(service: Service, choice: LoginChoice) -> TokenData:
    """
    Have a person log in anew, and use that from now on.

    Raises:
        ConfigError: The service takes a key and no login.
    """
    credentials = credentials_of(service)
    if credentials is None:
        raise ConfigError("This client has a key. Make one with token_path= for a ChatGPT login.")
    from .login import login

    tokens = login(
        headless=choice.headless,
        no_browser=choice.no_browser,
        token_path=credentials.path,
        login_handler=choice.login_handler,
        issuer=credentials.issuer,
    )
    credentials.adopt(tokens)
    return tokens


def stored_login(service: Service) -> TokenData | None:
    """Return the login of a service as it is kept, without renewing it."""
    credentials = credentials_of(service)
    return credentials.stored() if credentials else None


def credentials_of(service: Service) -> ChatGPTCredentials | None:
    """Return what signs the requests to a service, where that is a ChatGPT login."""
    found = service.credentials
    if found is None:
        return None
    from .chatgpt import ChatGPTCredentials

    return found if isinstance(found, ChatGPTCredentials) else None


def chatgpt_service() -> Service:
    """Return ChatGPT's service with the login that the Codex CLI keeps."""
    made = login_service(
        replace(LoginChoice()), api_key=None, base_url=None, backend=CHATGPT.name, headers={}
    )
    assert made is not None
    return made
