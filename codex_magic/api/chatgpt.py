"""The ChatGPT login as credentials: renewed when it is time, once among all processes."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TypeVar

from ..errors import APIError, AuthError, ConfigError
from ..records import dataclass
from .filelock import file_lock
from .identity import AGAIN, OPENAI_ISSUER, REUSED, Issuer, exchange
from .tokens import TokenData, account_of, login_path, read_tokens, write_tokens

T = TypeVar("T")

# Ours, and not the CLI's name: whether to present as the CLI is for the user to decide.
ORIGINATOR = "codex_magic"
# After a renewal, or one that failed while the old token is still good.
_REST = 60.0
_LOCK_TIMEOUT = 60.0
# How long the CLI, which takes no lock, may need to write what it was given.
_SETTLING = (0.0, 0.2, 0.5, 1.0)
# Short enough that an interrupt is answered at once where nothing else wakes a wait.
_SLICE = 0.2


@dataclass(frozen=True, slots=True)
class Held:
    """
    The login that this process uses, beside the one in the file.

    Attributes:
        seen: What the file held when it was last read or written.
        current: What is used; it differs from ``seen`` where the file could not be written.
    """

    seen: TokenData | None = None
    current: TokenData | None = None

    def after(self, stored: TokenData | None, path: Path) -> Held:
        """
        Return what holds after another look at the file: a newer login in it wins.

        Raises:
            AuthError: There is no login (any more), or it is another account's.
        """
        if stored is not None and not stored.same_login(self.seen):
            self._check_account(stored, path)
            return Held(stored, stored)
        if self.current is None:
            raise AuthError(f"There is no ChatGPT login in {path}. {AGAIN}")
        if stored is None and self.seen is not None:
            raise AuthError(f"The ChatGPT login in {path} was ended by a logout. {AGAIN}")
        return self

    def _check_account(self, stored: TokenData, path: Path) -> None:
        known = self.current.account_id if self.current else None
        if known and stored.account_id and known != stored.account_id:
            raise AuthError(
                f"The login in {path} is another account's than the one this client began with. "
                "Make a new client to use it."
            )


class ChatGPTCredentials:
    """
    Signs requests to ChatGPT with the login in a file, and renews it.

    Safe among threads, tasks, forks and processes: the file and its lock are the one truth. A
    renewal runs in a thread of its own, because an interrupt in its middle would lose the only
    copy of the next refresh token.

    Args:
        token_path: The login file; None is the Codex CLI's.
        issuer: The identity server.
        originator: The program that requests come from, as they say; services may filter on it.
        notify: Is told once when a renewed login could not be saved.
    """

    def __init__(
        self,
        token_path: str | Path | None = None,
        *,
        issuer: Issuer = OPENAI_ISSUER,
        originator: str = ORIGINATOR,
        notify: Callable[[str], None] = warnings.warn,
    ) -> None:
        self.path = login_path(token_path)
        self.issuer = issuer
        self.originator = originator
        self._notify = notify
        self._held = Held()
        self._rest_until = 0.0
        self._told: TokenData | None = None

    def tokens(self, refused: str | None = None) -> TokenData:
        """
        Return a login that is good, renewed if need be.

        Args:
            refused: An access token that the service has refused.

        Raises:
            AuthError: Only a new login helps.
            APIError: The renewal failed, and the login is not good without it.
            ConfigError: The login file is damaged.
        """
        return self._tell(self._good(refused) or _result(_begin(lambda: self._renew(refused))))

    async def atokens(self, refused: str | None = None) -> TokenData:
        """Do as ``tokens``, and let the event loop go on."""
        good = self._good(refused)
        if good is None:
            good = await asyncio.wrap_future(_begin(lambda: self._renew(refused)))
        return self._tell(good)

    def headers(self, refused: Mapping[str, str] | None = None) -> dict[str, str]:
        """
        Return what a request must say.

        Args:
            refused: The headers of a request that was answered with 401.

        Raises:
            AuthError: Only a new login helps.
        """
        return self._sign(self.tokens(_token_in(refused)))

    async def aheaders(self, refused: Mapping[str, str] | None = None) -> dict[str, str]:
        """Do as ``headers``, and let the event loop go on."""
        return self._sign(await self.atokens(_token_in(refused)))

    def stored(self) -> TokenData | None:
        """Return the login as it is, without renewing it."""
        return self._held.current or read_tokens(self.path)

    def adopt(self, tokens: TokenData) -> None:
        """Use a new login, which a person has just made."""
        seen = tokens if tokens.saved else read_tokens(self.path)
        self._held = Held(seen, tokens)
        self._rest_until = time.monotonic() + _REST

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def _sign(self, tokens: TokenData) -> dict[str, str]:
        return login_headers(tokens.access_token, tokens.account_id, self.originator)

    def _good(self, refused: str | None) -> TokenData | None:
        current = self._held.current
        return None if current is None or self._is_due(current, refused) else current

    def _is_due(self, tokens: TokenData, refused: str | None) -> bool:
        if refused is not None:
            return tokens.access_token == refused
        # A clock that is wrong would have every request renew what was renewed just now.
        return time.monotonic() >= self._rest_until and tokens.is_due()

    def _renew(self, refused: str | None) -> TokenData:
        with file_lock(self.path, timeout=_LOCK_TIMEOUT):
            # Another process may have done it meanwhile.
            self._held = self._held.after(read_tokens(self.path), self.path)
            current = self._held.current
            assert current is not None  # after() has seen to it
            if self._is_due(current, refused):
                self._held = self._renewed(current, refused)
                # Last: until then, others must wait for the new login instead of using the old.
                self._rest_until = time.monotonic() + _REST
        assert self._held.current is not None
        return self._held.current

    def _renewed(self, current: TokenData, refused: str | None) -> Held:
        try:
            return self._saved(renew(self.issuer, current))
        except APIError as error:
            newer = self._written_by_another(error)
            if newer is not None:
                return newer
            if refused is None and not current.is_expired(0):
                return self._held
            raise

    def _saved(self, tokens: TokenData) -> Held:
        tokens = save(self.path, tokens)
        return Held(tokens if tokens.saved else self._held.seen, tokens)

    def _written_by_another(self, error: APIError) -> Held | None:
        """Return what the CLI has written, where it was faster than we."""
        for pause in _SETTLING if error.code == REUSED else ():
            time.sleep(pause)
            held = self._held.after(read_tokens(self.path), self.path)
            if held is not self._held:
                return held
        return None

    def _tell(self, tokens: TokenData) -> TokenData:
        if not tokens.saved and self._told is None:
            self._told = tokens
            self._notify(unsaved(self.path))
        return tokens


def renew(issuer: Issuer, current: TokenData) -> TokenData:
    """
    Return the login that follows another; its refresh token is used up.

    Raises:
        AuthError: Only a new login helps.
        APIError: The identity server could not be asked.
    """
    if current.refresh_token is None:
        raise AuthError(f"The ChatGPT login has ended, and cannot be renewed from here. {AGAIN}")
    return exchange(issuer.refresh_request(current.refresh_token), current)


def save(path: Path, tokens: TokenData) -> TokenData:
    """
    Write a login into its file, and return it with ``saved`` as it turned out.

    The login is good in any case, so what is wrong with the file does not lose it.
    """
    try:
        write_tokens(path, tokens)
    except (OSError, ConfigError):
        return replace(tokens, saved=False)
    return replace(tokens, saved=True)


def unsaved(path: Path) -> str:
    """Return what a person must know when a login could not be saved."""
    return (
        f"The renewed ChatGPT login could not be saved to {path}: it is good for this process "
        "only, and the one in the file is used up. See to the file, then run `codex login`."
    )


def login_headers(
    token: str, account_id: str | None = None, originator: str = ORIGINATOR
) -> dict[str, str]:
    """
    Return the headers of a request to ChatGPT.

    >>> login_headers("t", "acc")["ChatGPT-Account-ID"]
    'acc'
    """
    account = account_id or account_of(token)
    return {
        "Authorization": f"Bearer {token}",
        "OpenAI-Beta": "responses=experimental",
        "originator": originator,
        **({"ChatGPT-Account-ID": account} if account else {}),
    }


def _token_in(headers: Mapping[str, str] | None) -> str | None:
    return headers["Authorization"].removeprefix("Bearer ") if headers else None


def _begin(work: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()
    Thread(target=_run, args=(work, future), name="codex-login").start()
    return future


def _run(work: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)


def _result(future: Future[T]) -> T:
    while not future.done():
        wait([future], timeout=_SLICE)
    return future.result()
