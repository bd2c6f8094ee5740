"""Every answer of an identity server is a login, or an error that tells no secret."""

from __future__ import annotations

import json
import time

import pytest

from codex_magic import APIError, AuthError
from codex_magic.api.identity import granted
from codex_magic.api.tokens import TokenData
from codex_magic.api.transport import Answer
from codex_magic.errors import ServerError, StreamError


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", StreamError),
        (200, b"[]", StreamError),
        (200, b'{"access_token": 7}', StreamError),
        (400, b'{"error":"invalid_grant","error_description":"Gone."}', AuthError),
        (401, b'{"error":{"code":"refresh_token_expired"}}', AuthError),
        (401, b'{"code":"refresh_token_expired"}', AuthError),
        (403, b"<html>Attention required</html>", AuthError),
        (429, b'{"error":"slow_down"}', APIError),
        (500, b"\xff", ServerError),
    ],
)
def test_each_answer_has_its_error(status: int, body: bytes, kind: type[APIError]) -> None:
    """Whatever a server answers, it is one of ours."""
    with pytest.raises(kind):
        granted(Answer(status, {}, body))


def test_what_a_server_quotes_is_not_repeated() -> None:
    """Its words are shown, but not what looks like a secret, nor what a terminal would obey."""
    text = "The token rt_A1b2C3d4E5f6G7h8 of \x1b[2Jada is bad: missing_codex_entitlement"
    body = json.dumps({"error": "weird", "error_description": text}).encode()

    with pytest.raises(AuthError) as caught:
        granted(Answer(401, {}, body))

    assert "rt_A1" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "missing_codex_entitlement" in str(caught.value)


@pytest.mark.parametrize(
    ("lifetime", "known"),
    [(60, True), (0.5, True), (True, False), ("60", False), (-1, False), (None, False)],
)
def test_an_opaque_token_ends_when_the_answer_says(lifetime: object, known: bool) -> None:
    """Seconds from now; what is no number of seconds says nothing."""
    body = json.dumps({"access_token": "opaque", "expires_in": lifetime}).encode()
    before = time.time()

    found = granted(Answer(200, {}, body))

    assert known == (found.expires_at is not None)
    assert not known or before < (found.expires_at or 0) <= time.time() + 60


def test_what_an_answer_leaves_out_stays() -> None:
    """A server that does not rotate the refresh token leaves the one there is good."""
    before = TokenData("a", "r", 1.0, id_token="i", account_id="acc")

    found = granted(Answer(200, {}, b'{"access_token": "b"}'), before)

    assert ("b", "r", "i", "acc") == (
        found.access_token,
        found.refresh_token,
        found.id_token,
        found.account_id,
    )
    assert found.expires_at is None
