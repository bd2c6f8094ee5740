"""The Codex CLI's login file: read, kept, written."""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..records import dataclass
from .items import Json

# The CLI itself renews a login that it has not renewed for so long.
LONGEST_UNREFRESHED = 8 * 86400.0
_CLAIM = "https://api.openai.com/auth"
# The CLI writes in place: a reader may see half a file, for a moment.
_READING_PAUSES = (0.05, 0.15)
_MOVING_PAUSES = (0.02, 0.05, 0.1)
_NESTED = ("id_token", "access_token", "refresh_token", "account_id")
_FLAT = ("access_token", "refresh_token", "expires_at", "id_token")
_FLAT_IF_THERE = ("token_type", "scope", "account_id")


@dataclass(frozen=True, slots=True)
class TokenData:
    """
    What a login gives; a repr shows no token.

    Attributes:
        access_token: Goes with every request.
        refresh_token: Good for one renewal.
        expires_at: When the access token ends, in seconds since 1970, if that is known.
        token_type: Bearer.
        id_token: Who logged in.
        scope: What was allowed, if the server said so.
        account_id: The ChatGPT account.
        last_refresh: When the login was last renewed, in seconds since 1970.
        saved: Whether the login file holds these tokens.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    token_type: str = "Bearer"
    id_token: str | None = field(default=None, repr=False)
    scope: str | None = None
    account_id: str | None = field(default=None, repr=False)
    last_refresh: float | None = None
    saved: bool = True

    def is_expired(self, margin_seconds: float = 60) -> bool:
        """Whether the access token has ended, or will within the margin."""
        return self.expires_at is not None and time.time() >= self.expires_at - margin_seconds

    def is_due(self) -> bool:
        """Whether it is time to renew it."""
        if self.is_expired():
            return True
        return (
            self.last_refresh is not None
            and time.time() - self.last_refresh > LONGEST_UNREFRESHED
            and self.refresh_token is not None
        )

    def same_login(self, other: TokenData | None) -> bool:
        """Whether the other holds the same two tokens."""
        return other is not None and (self.access_token, self.refresh_token) == (
            other.access_token,
            other.refresh_token,
        )


def login_path(
    token_path: str | Path | None = None, environ: Mapping[str, str] = os.environ
) -> Path:
    """
    Return the login file: the one given, or the CLI's.

    >>> login_path("/tmp/tokens.json").name, login_path(None, {"CODEX_HOME": "/srv"}).name
    ('tokens.json', 'auth.json')

    Raises:
        ConfigError: There is no home directory that ``~`` could mean.
    """
    home = environ.get("CODEX_HOME", "").strip() or "~/.codex"
    try:
        return Path(token_path or Path(home) / "auth.json").expanduser()
    except RuntimeError as exc:
        raise ConfigError(f"There is no home directory: {exc} Pass token_path=.") from exc


def read_tokens(path: Path) -> TokenData | None:
    """
    Return the login that a file holds, or None where there is no file or no login in it.

    Raises:
        ConfigError: The file cannot be read, or is no login file.
    """
    document = _read(path)
    return None if document is None else tokens_in(document)


def write_tokens(path: Path, tokens: TokenData) -> None:
    """
    Put a login into a file, all at once; the file keeps its shape and all else that it holds.

    Raises:
        ConfigError: What is there is no login file; it stays as it is.
        OSError: The file cannot be written; it stays as it is.
    """
    # A link stays a link: what it points to is replaced.
    target = path.resolve()
    document = updated(_read(target), tokens)
    # Replacing would get around the mark: whoever set it means it.
    if target.exists() and not _is_writable(target):
        raise PermissionError(f"{target} is read-only")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _replace(target, json.dumps(document, indent=2).encode() + b"\n")


def tokens_in(document: Json) -> TokenData | None:
    """Return the login in a document of either shape: the CLI's nested one, or a flat one."""
    nested = document.get("tokens")
    stored = nested if isinstance(nested, dict) else document
    access_token = _text(stored, "access_token")
    if access_token is None:
        return None
    id_token = _text(stored, "id_token")
    # Tokens that another program hands to the CLI are that program's to renew.
    foreign = document.get("auth_mode") == "chatgptAuthTokens"
    return TokenData(
        access_token,
        None if foreign else _text(stored, "refresh_token"),
        expiry(access_token) or _seconds(stored.get("expires_at")),
        _text(stored, "token_type") or "Bearer",
        id_token,
        _text(stored, "scope"),
        _text(stored, "account_id") or account_of(id_token) or account_of(access_token),
        _moment(document.get("last_refresh")),
    )


def updated(document: Json | None, tokens: TokenData) -> Json:
    """
    Return a document with a new login in it, in the shape that it had; a new one has the CLI's.

    >>> updated({"access_token": "a", "mine": 1}, TokenData("b"))
    {'access_token': 'b', 'mine': 1}
    """
    values = {name: getattr(tokens, name) for name in (*_FLAT, *_FLAT_IF_THERE)}
    if document is not None and "tokens" not in document and "access_token" in document:
        kept = _merged(document, {name: values[name] for name in _FLAT})
        changed = {name: values[name] for name in _FLAT_IF_THERE if name in document}
        if "last_refresh" in document:
            changed["last_refresh"] = _iso(tokens.last_refresh)
        return kept | changed
    whole = dict(document) if document is not None else _new_document()
    nested = whole.get("tokens")
    stored = nested if isinstance(nested, dict) else {}
    whole["tokens"] = _merged(stored, {name: values[name] for name in _NESTED})
    whole["last_refresh"] = _iso(tokens.last_refresh)
    return whole


def claims(token: str | None) -> Json:
    """
    Return what a JSON web token says, unverified; nothing if it is none.

    >>> claims("e30.eyJleHAiOjF9.x")
    {'exp': 1}
    """
    parts = (token or "").split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def account_of(token: str | None) -> str | None:
    """Return the ChatGPT account that a token names."""
    found = claims(token).get(_CLAIM)
    if not isinstance(found, dict):
        return None
    return _text(found, "chatgpt_account_id") or _text(found, "account_id")


def expiry(token: str | None) -> float | None:
    """Return when a token ends, in seconds since 1970, if it says so."""
    return _seconds(claims(token).get("exp"))


def _new_document() -> Json:
    return {"auth_mode": "chatgpt", "OPENAI_API_KEY": None}


def _merged(stored: Json, values: Json) -> Json:
    # What is not known is not added, but what it replaces must not stay.
    new = {name: value for name, value in values.items() if value is not None or name in stored}
    return stored | new


def _read(path: Path) -> Json | None:
    for pause in _READING_PAUSES:
        try:
            return _read_once(path)
        except ConfigError:
            time.sleep(pause)
    return _read_once(path)


def _read_once(path: Path) -> Json | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise ConfigError(f"The login file {path} cannot be read: {exc.strerror}.") from exc
    except (ValueError, RecursionError):
        # The error below would quote what it could not read.
        found = None
    if not isinstance(found, dict):
        raise ConfigError(
            f"The login file {path} is damaged: it is no JSON object. It was left as it is. "
            "Move it away and run `codex login`, or pass another token_path=."
        )
    return found


def _replace(target: Path, content: bytes) -> None:
    # mkstemp gives mode 0600.
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _keep_owner(name, target)
        _move(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _is_writable(target: Path) -> bool:
    return os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _keep_owner(name: str, target: Path) -> None:
    # Root in a container, and a user outside: the user's CLI must still be able to read it.
    if sys.platform != "win32" and os.geteuid() == 0 and target.exists():
        found = target.stat()
        os.chown(name, found.st_uid, found.st_gid)


def _move(name: str, target: Path) -> None:
    for pause in _MOVING_PAUSES:
        try:
            return os.replace(name, target)
        except PermissionError:
            # On Windows: somebody is reading it.
            time.sleep(pause)
    os.replace(name, target)


def _text(stored: Mapping[str, Any], name: str) -> str | None:
    found = stored.get(name)
    return found.strip() or None if isinstance(found, str) else None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # "NaN" and "Infinity" are numbers to Python's JSON, and not to a clock.
    return float(value) if 0 < value < 1e11 else None


def _moment(value: object) -> float | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
