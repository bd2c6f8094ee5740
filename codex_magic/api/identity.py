"""What is asked of the identity server, and what its answers mean."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

from ..errors import AuthError, StreamError
from ..patterns import late
from ..records import dataclass
from .failures import error_of
from .items import Json
from .retries import retry_after
from .tokens import TokenData, account_of, expiry
from .transport import Answer, Request, Transport

AGAIN = "Run `codex login`, or call login()."
REUSED = "refresh_token_reused"
_REASONS = {
    REUSED: "its refresh token was used before, by another program or a copy of the file",
    "refresh_token_expired": "its refresh token has expired",
    "refresh_token_invalidated": "it was ended, by a logout or a new password",
    "invalid_grant": "its refresh token or code is not valid, or no longer",
}
# Long enough to be a secret of any kind, as a server may quote what it was sent; but not a code
# in words, like refresh_token_expired.
_SECRET = late(r"(?![a-z_]+(?![A-Za-z0-9_\-.~+/=]))[A-Za-z0-9_\-.~+/=]{16,}")


@dataclass(frozen=True, slots=True)
class Issuer:
    """
    The identity server, and how we are known there.

    Attributes:
        base_url: Where it is.
        client_id: The Codex CLI's: a login is a login of the CLI.
        scope: What is asked for.
        redirect_uri: Where the browser ends after a login; a port 0 takes any free one.
        timeout: Seconds of silence after which it counts as gone.
    """

    base_url: str = "https://auth.openai.com"
    client_id: str = "app_EMoamEEZ73f0CkXaXp7hrann"
    scope: str = "openid profile email offline_access"
    redirect_uri: str = "http://localhost:1455/auth/callback"
    timeout: float = 30.0

    def authorize_url(self, verifier: str, state: str) -> str:
        """Return the address where a person logs in."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            "id_token_add_organizations": "true",
            "codex_cli_simplified_flow": "true",
            "state": state,
        }
        return f"{self.base_url}/oauth/authorize?{urlencode(query)}"

    def code_request(self, code: str, verifier: str) -> Request:
        """Return the request that turns a code into tokens."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        return self._request("application/x-www-form-urlencoded", urlencode(form).encode())

    def refresh_request(self, refresh_token: str) -> Request:
        """Return the request that turns a refresh token into new tokens."""
        asked = {
            "client_id": self.client_id,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        return self._request("application/json", json.dumps(asked).encode())

    def _request(self, kind: str, content: bytes) -> Request:
        headers = {"Content-Type": kind, "Accept": "application/json"}
        return Request("POST", f"{self.base_url}/oauth/token", headers, content, self.timeout)


OPENAI_ISSUER = Issuer()


def challenge(verifier: str) -> str:
    """
    Return the S256 challenge of a verifier.

    https://datatracker.ietf.org/doc/html/rfc7636#appendix-B

    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def exchange(request: Request, previous: TokenData | None = None) -> TokenData:
    """
    Send a request for tokens, on a connection of its own, and return them.

    It is sent once: who asks twice with a refresh token has used it twice.

    Raises:
        AuthError: The server says no.
        APIError: It could not be asked, or gave no tokens.
    """
    with closing(Transport()) as transport:
        return granted(transport.send(request), previous)


def granted(answer: Answer, previous: TokenData | None = None) -> TokenData:
    """
    Return the tokens in an answer; what it leaves out stays as it was.

    Raises:
        AuthError: The server says no.
        APIError: It failed, or its answer holds no tokens.
    """
    found = _decoded(answer.body)
    if not answer.ok:
        raise _refusal(answer, found)
    access_token = _text(found.get("access_token"))
    if access_token is None:
        raise StreamError("The identity server's answer holds no access token. Try again.")
    before = previous or TokenData(access_token)
    id_token = _text(found.get("id_token")) or before.id_token
    now = time.time()
    return TokenData(
        access_token,
        _text(found.get("refresh_token")) or before.refresh_token,
        expiry(access_token) or _end(now, found.get("expires_in")),
        _text(found.get("token_type")) or before.token_type,
        id_token,
        _text(found.get("scope")) or before.scope,
        before.account_id if previous else account_of(id_token) or account_of(access_token),
        now,
    )


def needs_login(error: AuthError) -> bool:
    """Whether only a new login helps."""
    return error.status_code in (None, 400, 401)


def readable(text: str) -> str:
    """
    Return a server's words without what could be a secret.

    >>> readable("code ac_0123456789abcdefghij is used")
    'code … is used'
    >>> readable("missing_codex_entitlement")
    'missing_codex_entitlement'
    """
    words = "".join(mark if mark.isprintable() else " " for mark in text)
    return " ".join(_SECRET.sub("…", words).split())[:200]


def _refusal(answer: Answer, body: Json) -> Exception:
    code = _code(body)
    details: dict[str, Any] = {"code": code, "request_id": answer.headers.get("x-request-id")}
    if answer.status in (400, 401, 403):
        reason = _REASONS.get(code or "") or _description(body) or f"HTTP {answer.status}"
        message = f"The ChatGPT login was refused: {reason}. {AGAIN}"
        return AuthError(message, status_code=answer.status, **details)
    reason = _description(body) or "no reason was given"
    message = f"The identity server failed (HTTP {answer.status}): {reason}"
    return error_of(answer.status, message, retry_after=retry_after(answer.headers), **details)


def _code(body: Json) -> str | None:
    """Return the error's code, which stands in one of three places."""
    error = body.get("error")
    found = error.get("code") or error.get("type") if isinstance(error, dict) else error
    text = _text(found) or _text(body.get("code"))
    return readable(text) if text else None


def _description(body: Json) -> str | None:
    error = body.get("error")
    nested = error.get("message") if isinstance(error, dict) else None
    text = _text(nested) or _text(body.get("error_description")) or _code(body)
    return readable(text).rstrip(".") if text else None


def _decoded(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _end(now: float, lifetime: object) -> float | None:
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float):
        return None
    return now + lifetime if 0 < lifetime < 1e10 else None


def _text(value: object) -> str | None:
    return value or None if isinstance(value, str) else None
