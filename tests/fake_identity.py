"""A fake of OpenAI's identity server, over a real loopback socket, with the real one's rules."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

from codex_magic.api.identity import Issuer

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
ACCOUNT = "acc-0001"
TIMEOUT = 20.0
Json = dict[str, Any]


class Refusal(Exception):
    """An answer that says no."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.body: Json = {
            "error": {"message": message, "type": "invalid_request_error", "code": code}
        }


@dataclass
class Grant:
    """A login: who made it, and the chain of its refresh tokens."""

    account: str
    expired: bool = False
    revoked: bool = False


@dataclass
class FakeIdentity:
    """
    The identity server, for as long as the ``with`` block lasts.

    Attributes:
        account: Who logs in next.
        lifetime: Seconds that an access token lives.
        denied: The error with which a person leaves the login page, if they do.
        requests: The fields of all requests for tokens.
        renewals: How often a refresh token was turned into new tokens.
        issued: Every secret that was given out, or taken in.
    """

    account: str = ACCOUNT
    lifetime: float = 3600.0
    denied: str | None = None
    requests: list[Json] = field(default_factory=list)
    renewals: int = 0
    issued: set[str] = field(default_factory=set)
    _codes: dict[str, Json] = field(default_factory=dict)
    _live: dict[str, Grant] = field(default_factory=dict)
    _used: dict[str, Grant] = field(default_factory=dict)
    _faults: deque[tuple[int, bytes]] = field(default_factory=deque)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _open: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._open.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def issuer(self) -> Issuer:
        """How to reach it, with a callback at any free port."""
        return Issuer(
            f"http://127.0.0.1:{self._server.server_address[1]}",
            redirect_uri="http://localhost:0/auth/callback",
            timeout=TIMEOUT,
        )

    def new_login(self, *, lifetime: float | None = None, account: str | None = None) -> Json:
        """Return the tokens of somebody who has logged in, as the server sends them."""
        return self._tokens(Grant(account or self.account), lifetime)

    def renew_elsewhere(self, refresh_token: str) -> Json:
        """Return what another program gets for a refresh token."""
        return self._refresh({"refresh_token": refresh_token})

    def expire(self, refresh_token: str) -> None:
        """Let a refresh token grow too old."""
        self._live[refresh_token].expired = True

    def revoke(self, refresh_token: str) -> None:
        """End a login, as a logout everywhere does."""
        self._live[refresh_token].revoked = True

    def enqueue(self, status: int, body: bytes) -> None:
        """Answer the next request for tokens with this instead."""
        self._faults.append((status, body))

    def hold(self) -> None:
        """Let requests for tokens wait, until ``release``, with their answers made."""
        self._open.clear()

    def release(self) -> None:
        """Let them go on."""
        self._open.set()

    def wait_until(self, condition: Callable[[], bool], timeout: float = TIMEOUT) -> None:
        """Block until something holds of what was asked."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise TimeoutError(f"Not within {timeout} s; {len(self.requests)} requests came.")

    def authorize(self, query: Json) -> str:
        """Log the person in, and return where their browser goes."""
        wanted = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "code_challenge_method": "S256",
            "scope": "openid profile email offline_access",
        }
        if any(value != query.get(name) for name, value in wanted.items()):
            raise Refusal(400, "invalid_request")
        target = urlsplit(query["redirect_uri"])
        if ("localhost", "/auth/callback") != (target.hostname, target.path):
            raise Refusal(400, "invalid_request")
        if self.denied:
            answer = {"error": self.denied, "error_description": "Your workspace says no."}
        else:
            answer = {"code": self._secret("ac_")}
            self._codes[answer["code"]] = query
        return f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"

    def token(self, asked: Json) -> tuple[int, bytes]:
        """Answer a request for tokens."""
        with self._changed:
            self.requests.append(asked)
            self._changed.notify_all()
            status, body = self._faults.popleft() if self._faults else self._answer(asked)
        self._open.wait(TIMEOUT)
        return status, body

    def _answer(self, asked: Json) -> tuple[int, bytes]:
        kinds = {"authorization_code": self._exchange, "refresh_token": self._refresh}
        try:
            if CLIENT_ID != asked.get("client_id"):
                raise Refusal(401, "invalid_client")
            found = kinds[asked["grant_type"]](asked)
        except Refusal as refusal:
            return refusal.status, json.dumps(refusal.body).encode()
        return 200, json.dumps(found).encode()

    def _exchange(self, asked: Json) -> Json:
        # A code is good for one try, right or wrong.
        begun = self._codes.pop(asked["code"], None)
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if begun is None or challenge != begun["code_challenge"]:
            raise Refusal(400, "invalid_grant", f"The code {asked['code']} is not valid.")
        if asked["redirect_uri"] != begun["redirect_uri"]:
            raise Refusal(400, "invalid_grant")
        self.issued.add(asked["code_verifier"])
        return self._tokens(Grant(self.account), None)

    def _refresh(self, asked: Json) -> Json:
        token = asked["refresh_token"]
        if (used := self._used.get(token)) is not None:
            # Two have it, so one of them has stolen it: the whole login ends.
            used.revoked = True
            raise Refusal(401, "refresh_token_reused", f"{token} has already been used.")
        grant = self._live.get(token)
        if grant is None or grant.revoked:
            raise Refusal(401, "refresh_token_invalidated")
        if grant.expired:
            raise Refusal(401, "refresh_token_expired")
        self._used[token] = self._live.pop(token)
        self.renewals += 1
        return self._tokens(grant, None)

    def _tokens(self, grant: Grant, lifetime: float | None) -> Json:
        refresh_token = self._secret("rt_")
        self._live[refresh_token] = grant
        end = time.time() + (self.lifetime if lifetime is None else lifetime)
        return {
            "access_token": self.jwt(exp=end, account=grant.account),
            "id_token": self.jwt(account=grant.account, email="ada@example.org"),
            "refresh_token": refresh_token,
        }

    def jwt(self, *, account: str | None = None, **claims: Any) -> str:
        """Return a token that says these things."""
        if account:
            claims["https://api.openai.com/auth"] = {"chatgpt_account_id": account}
        claims["jti"] = secrets.token_hex(8)
        parts = [{"alg": "RS256", "typ": "JWT"}, claims]
        made = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
        token = ".".join([*(part.rstrip("=") for part in made), secrets.token_urlsafe(32)])
        self.issued.add(token)
        return token

    def _secret(self, prefix: str) -> str:
        made = prefix + secrets.token_urlsafe(24)
        self.issued.add(made)
        return made


def cli_document(tokens: Json, **changes: Any) -> Json:
    """Return the document that the Codex CLI writes for these tokens, renewed an hour ago."""
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    return {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": {**tokens, "account_id": ACCOUNT, "future": ["kept"]},
        "last_refresh": f"{an_hour_ago:%Y-%m-%dT%H:%M:%S}.123456789Z",
        "agent_identity": {"kept": True},
        **changes,
    }


def write_document(path: Path, document: Json) -> Path:
    """Write a login file, as a program would."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def browse(url: str) -> str:
    """Do as a person does in a browser: log in, and return the page at which it ends."""
    with urlopen(url, timeout=TIMEOUT) as page:
        text: str = page.read().decode()
    return text


def callback_of(identity: FakeIdentity, url: str) -> str:
    """Log in at an address, and return the one at which the browser ends without loading it."""
    return identity.authorize(dict(parse_qsl(urlsplit(url).query)))


def _handler(identity: FakeIdentity) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            try:
                if "/oauth/authorize" != url.path:
                    raise Refusal(404, "not_found")
                target = identity.authorize(dict(parse_qsl(url.query)))
            except Refusal as refusal:
                self._send(refusal.status, json.dumps(refusal.body).encode())
                return
            self._send(302, b"", Location=target)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_json = "application/json" == self.headers["Content-Type"]
            asked = json.loads(raw) if is_json else dict(parse_qsl(raw))
            self._send(*identity.token(asked))

        def _send(self, status: int, content: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
