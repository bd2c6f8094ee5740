"""The login file of the Codex CLI is read in both shapes, and kept as it is."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from codex_magic import ConfigError
from codex_magic.api.tokens import (
    TokenData,
    account_of,
    claims,
    expiry,
    login_path,
    read_tokens,
    tokens_in,
    updated,
    write_tokens,
)
from tests.fake_identity import ACCOUNT, FakeIdentity, cli_document, write_document

MAKER = FakeIdentity()
END = 4_000_000_000.0
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")


def flat_document(**changes: Any) -> dict[str, Any]:
    """Return what codex-open-client writes."""
    return {
        "access_token": "opaque-1",
        "refresh_token": "rt-1",
        "expires_at": END,
        "token_type": "Bearer",
        "mine": {"kept": 1},
        **changes,
    }


def test_the_cli_shape_is_read() -> None:
    """Tokens, their end from the token itself, the account, and the last renewal."""
    access_token = MAKER.jwt(exp=END, account="acc-other")
    document = cli_document(
        {"access_token": access_token, "refresh_token": "rt-1"},
        last_refresh="2026-11-20T08:00:00.123456789Z",
    )

    found = tokens_in(document)

    assert found
    assert (access_token, "rt-1", END) == (
        found.access_token,
        found.refresh_token,
        found.expires_at,
    )
    assert ACCOUNT == found.account_id
    assert 1795161600.123456 == found.last_refresh


def test_the_flat_shape_is_read() -> None:
    """An opaque token's end comes from the file."""
    found = tokens_in(flat_document())

    assert found
    assert ("opaque-1", "rt-1", END) == (found.access_token, found.refresh_token, found.expires_at)
    assert not found.is_due()


def test_the_token_knows_its_end_better_than_the_file() -> None:
    """A file that another program renewed by half says the old time."""
    found = tokens_in(flat_document(access_token=MAKER.jwt(exp=END), expires_at=1.0))

    assert found
    assert END == found.expires_at


@pytest.mark.parametrize("token", ["id_token", "access_token"])
def test_the_account_is_found_in_a_token(token: str) -> None:
    """Where the file does not name it, either token does."""
    tokens = {"access_token": "opaque", "id_token": "opaque"} | {token: MAKER.jwt(account="acc-9")}

    found = tokens_in({"tokens": tokens})

    assert found
    assert "acc-9" == found.account_id


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"OPENAI_API_KEY": "sk-1", "tokens": None},
        {"auth_mode": "apikey", "OPENAI_API_KEY": "sk-1"},
        {"tokens": {}},
        {"tokens": {"access_token": " "}},
        {"tokens": {"access_token": 7}},
        {"tokens": ["access_token"]},
    ],
)
def test_a_file_may_hold_no_login(document: dict[str, Any]) -> None:
    """An API key alone is none."""
    assert tokens_in(document) is None


def test_tokens_of_another_program_are_not_ours_to_renew() -> None:
    """The CLI marks what a host program handed to it."""
    tokens = {"access_token": MAKER.jwt(exp=1.0), "refresh_token": "rt-1"}

    found = tokens_in(cli_document(tokens, auth_mode="chatgptAuthTokens"))

    assert found
    assert found.refresh_token is None


@pytest.mark.parametrize(
    "end", [True, "4000000000", float("nan"), float("inf"), -1, 0, 10**400, None, [1]]
)
def test_an_end_that_is_no_time_is_not_known(end: Any) -> None:
    """Nothing in a file can stop the clock, or break it."""
    found = tokens_in(flat_document(expires_at=end))

    assert found
    assert found.expires_at is None
    assert not found.is_expired()


@pytest.mark.parametrize(
    "token", [None, "", "a.b", "a.!!!.c", "a.bm8.c", "a.W10.c", "a.\xff.c", "e30.eyJleHAiOiIxIn0.x"]
)
def test_what_is_no_web_token_says_nothing(token: str | None) -> None:
    """Neither its end nor its account, and no error."""
    assert expiry(token) is None
    assert account_of(token) is None
    assert isinstance(claims(token), dict)


@pytest.mark.parametrize(
    ("seconds_left", "days_since", "due"),
    [
        (3600, 1, False),
        (61, 1, False),
        (50, 1, True),
        (-5, 1, True),
        (3600, 7.9, False),
        (3600, 8.1, True),
        (None, None, False),
        (None, 9, True),
    ],
)
def test_when_a_login_is_due(
    seconds_left: float | None, days_since: float | None, due: bool
) -> None:
    """A minute before its end, and after eight days."""
    now = time.time()
    tokens = TokenData(
        "a",
        "r",
        None if seconds_left is None else now + seconds_left,
        last_refresh=None if days_since is None else now - days_since * 86400,
    )

    assert due == tokens.is_due()


def test_an_old_login_that_cannot_be_renewed_is_used_to_its_end() -> None:
    """Eight days are no end."""
    assert not TokenData("a", None, END, last_refresh=1.0).is_due()


@pytest.mark.parametrize("text", ["", " ", "never", "2026-13-45T00:00:00Z", 12, None])
def test_a_renewal_at_no_time_is_not_known(text: Any) -> None:
    """A login is not renewed because of a date that none can read."""
    tokens = {"access_token": "opaque", "refresh_token": "rt"}

    found = tokens_in({"tokens": tokens, "last_refresh": text})

    assert found
    assert not found.is_due()


def test_the_cli_shape_is_kept(tmp_path: Path) -> None:
    """Only the tokens and the date change; every other key stays, in its order."""
    before = cli_document({"id_token": "i", "access_token": "a", "refresh_token": "r"})
    path = write_document(tmp_path / "auth.json", before)

    write_tokens(path, TokenData("a2", "r2", id_token="i2", account_id=ACCOUNT, last_refresh=1.5))

    after = json.loads(path.read_text())
    changed = {"id_token": "i2", "access_token": "a2", "refresh_token": "r2"}
    assert {
        **before,
        "tokens": {**before["tokens"], **changed},
        "last_refresh": "1970-01-01T00:00:01.500000Z",
    } == after
    assert list(before) == list(after)
    assert list(before["tokens"]) == list(after["tokens"])


def test_the_flat_shape_is_kept(tmp_path: Path) -> None:
    """No nested tokens, no date, no key of the CLI's."""
    before = flat_document()
    path = write_document(tmp_path / "tokens.json", before)

    write_tokens(path, TokenData("a2", "r2", END + 1, account_id="acc", last_refresh=1.0))

    changed = {"access_token": "a2", "refresh_token": "r2", "expires_at": END + 1}
    assert {**before, **changed} == json.loads(path.read_text())


def test_an_end_that_is_not_known_replaces_the_old_one() -> None:
    """A fresh token is not called expired because of the one before it."""
    assert updated(flat_document(expires_at=1.0), TokenData("a2"))["expires_at"] is None


def test_a_key_beside_the_login_stays() -> None:
    """A login does not change how the CLI pays."""
    before = {"auth_mode": "apikey", "OPENAI_API_KEY": "sk-1"}

    after = updated(before, TokenData("a", "r", last_refresh=1.0))

    assert before == {name: after[name] for name in before}
    assert {"access_token": "a", "refresh_token": "r"} == after["tokens"]


def test_a_new_file_has_the_shape_of_the_cli(tmp_path: Path) -> None:
    """In a folder that it makes, for its owner's eyes, and it is read back as it was written."""
    path = tmp_path / "new" / "home" / "auth.json"
    tokens = TokenData("a", "r", id_token="i", account_id="acc", last_refresh=2.0)

    write_tokens(path, tokens)

    assert tokens == read_tokens(path)
    assert ["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"] == list(
        json.loads(path.read_text())
    )


@posix_only
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Also where the file was open to all before, and the folder where it is new."""
    path = write_document(tmp_path / "auth.json", flat_document())
    path.chmod(0o666)

    write_tokens(path, TokenData("a"))
    write_tokens(tmp_path / "new" / "auth.json", TokenData("a"))

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE((tmp_path / "new").stat().st_mode)


@posix_only
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it points to is replaced."""
    target = write_document(tmp_path / "real.json", flat_document())
    link = tmp_path / "auth.json"
    link.symlink_to(target)

    write_tokens(link, TokenData("a2"))

    assert link.is_symlink()
    assert "a2" == json.loads(target.read_text())["access_token"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'"eyJ-secret"', b"\xff\xfe\x00", b"[" * 100_000]
)
def test_a_damaged_file_is_an_error_and_stays(tmp_path: Path, content: bytes) -> None:
    """The message names the file and the next step, and nothing of what is in it."""
    path = tmp_path / "auth.json"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"auth\.json is damaged.*codex login") as reading:
        read_tokens(path)
    with pytest.raises(ConfigError, match="damaged"):
        write_tokens(path, TokenData("a"))

    assert content == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())
    assert "secret" not in str(reading.value)
    assert reading.value.__context__ is None


def test_a_folder_is_no_login_file(tmp_path: Path) -> None:
    """The error says so, and does not ask for a login."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read_tokens(tmp_path)


@pytest.mark.parametrize("name", ["none.json", "none/auth.json", "file/auth.json"])
def test_no_file_is_no_login(tmp_path: Path, name: str) -> None:
    """The CLI may keep its login elsewhere: that is no error."""
    (tmp_path / "file").write_text("")

    assert read_tokens(tmp_path / name) is None


@posix_only
def test_a_file_that_is_being_written_is_read_again(tmp_path: Path) -> None:
    """The CLI writes in place: half a file is not a damaged one yet."""
    path, whole = tmp_path / "auth.json", json.dumps(flat_document())
    later = write_document(tmp_path / "later.json", flat_document())
    os.mkfifo(path)

    def write_in_two_steps() -> None:
        with path.open("w") as pipe:
            pipe.write(whole[:20])
            # Who reads again finds all of it.
            later.replace(path)

    writer = threading.Thread(target=write_in_two_steps, daemon=True)
    writer.start()
    found = read_tokens(path)
    writer.join(5)

    assert found
    assert "opaque-1" == found.access_token


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    """An editor on Windows leaves one."""
    path = tmp_path / "auth.json"
    path.write_text(json.dumps(flat_document()), encoding="utf-8-sig")

    assert read_tokens(path)


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        (None, {}, "~/.codex/auth.json"),
        (None, {"CODEX_HOME": " "}, "~/.codex/auth.json"),
        (None, {"CODEX_HOME": "~/c"}, "~/c/auth.json"),
        ("~/.myapp/tokens.json", {"CODEX_HOME": "/srv"}, "~/.myapp/tokens.json"),
        (Path("~/t.json"), {}, "~/t.json"),
        ("t.json", {}, "t.json"),
    ],
)
def test_where_the_file_is(
    given: str | Path | None, environ: dict[str, str], expected: str
) -> None:
    """The one that is named, or the CLI's; ``~`` is the home directory."""
    assert Path(os.path.expanduser(expected)) == login_path(given, environ)


def test_no_token_is_shown() -> None:
    """Neither in a repr nor in a message that holds one."""
    tokens = TokenData("SECRET1", "SECRET2", 1.0, id_token="SECRET3", account_id="SECRET4")

    assert "SECRET" not in f"{tokens!r} {tokens}"
    assert "expires_at=1.0" in repr(tokens)
