"""Secrets do not leave the notebook, and what only looks like one does."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from urllib.parse import quote

import pytest

from codex_magic.context.redact import Redactor
from tests.context.corpus import Case, cases
from tests.counts import count
from tests.telling import Tell

PASSWORD = "kV9-tulip+lane"
# Each of these, a million characters of it, has to be read in linear time.
HOSTILE = (
    "sk-",
    "sk-a1",
    "eyJhbGciOiJ.",
    "a.",
    ".",
    "://a:b",
    "-----BEGIN PRIVATE KEY-----",
    "key=",
    "api_key=api_key,",
    "password: ",
    "password = '",
    "password='abcdefg1' ",
    "authorization=",
    "Bearer aaaaaaaaaaaaaaaaaa1 ",
    "curl -u a:",
    "sig=",
    "AKIA" + "ABCDEFGHIJKLMNOP ",
    "sntrys_yourAAAAAAAAAAAA=",
    "=ops_eyJaaaaaaaaaaaa",
    "1:AA",
    "\\n",
    "\x1b[1m",
    "[secret 1: key]",
)


def _left(case: Case) -> bool:
    """Say whether a redacted text still has a line of its secret."""
    text, replaced = Redactor({}).redact(case.text)
    lines = case.secret.replace("\\n", "\n").split("\n")
    return not replaced or any(line in text for line in lines if line)


def test_every_fake_secret_is_replaced_and_look_alikes_stay(
    tell: Tell,
) -> None:
    """Recall over the corpus is whole, whatever the tokens; at most two look-alikes go."""
    rounds = count(100)
    secrets = [case for seed in range(rounds) for case in cases("secrets", seed)]
    alikes = [case for seed in range(rounds) for case in cases("look_alikes", seed)]

    missed = [case.line for case in secrets if _left(case)]
    alarms = [case.line for case in alikes if Redactor({}).redact(case.text)[1]]

    recall = 100 * (1 - len(missed) / len(secrets))
    tell(
        f"redaction, {rounds} draws: recall {recall:.2f} % of {len(secrets) // rounds} secrets, "
        f"{len(set(alarms))} false alarms in {len(alikes) // rounds} look-alikes"
    )
    assert 60 * rounds <= min(len(secrets), len(alikes))
    assert [] == missed
    assert 2 >= len(set(alarms)), alarms


def test_the_corpus_holds_no_token() -> None:
    """What is stored would not be taken for a secret, by ourselves for one."""
    tokens = [case.line for case in cases("secrets") if "{" not in case.line]

    assert [] == tokens


def test_the_same_secret_has_the_same_placeholder() -> None:
    """A model can refer to a secret from one cell in the next; another secret has another number."""
    redactor = Redactor({})
    first, second = _token(1), _token(2)

    one, one_count = redactor.redact(f"a = {first!r}")
    two, two_count = redactor.redact(f"print({second!r}, {first!r}, {first!r})")

    assert ("a = '[secret 1: GitHub token]'", 1) == (one, one_count)
    assert 2 == two_count
    assert (
        "print('[secret 2: GitHub token]', '[secret 1: GitHub token]', '[secret 1: GitHub token]')"
        == two
    )
    assert 2 == redactor.count


@pytest.mark.parametrize("seed", range(3))
def test_redacted_text_is_stable(seed: int) -> None:
    """Redacting what was redacted changes nothing, in the same kernel or in another one."""
    redactor = Redactor({"DB_PASSWORD": PASSWORD})
    text = "\n".join(case.text for case in cases("secrets", seed))

    once, replaced = redactor.redact(text)
    twice, again = redactor.redact(once)
    elsewhere, found = Redactor({}).redact(once)

    assert 60 < replaced
    assert (once, 0) == (twice, again)
    assert (once, 0) == (elsewhere, found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", PASSWORD),
        ("PGPASSWORD", "pa ss wörd 1"),
        ("MY_API_KEY", "abcdefghij"),
        ("JUPYTER_TOKEN", "0123456789abcdef"),
        ("APP_SECRET", 'quo"te\\back'),
        ("AZURE_CREDENTIALS", "line one\nline two"),
        ("password_of_db", "12345678"),
        ("AWS_SECRET_ACCESS_KEY", "/a8Zk3q0T90vBnM1zX/kV9tulip7lane22abcdEF"),
    ],
)
def test_values_of_the_environment_are_replaced(name: str, value: str) -> None:
    """What the environment calls a secret is one, as it is, in an address and in JSON."""
    redactor = Redactor({name: value})
    forms = [value, quote(value, safe=""), json.dumps(value)[1:-1], repr(value)[1:-1]]

    text, replaced = redactor.redact("\n".join(f"<{form}>" for form in forms))

    assert 1 == replaced
    assert "\n".join([f"<[secret 1: {name}]>"] * 4) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/someone/keys/project.json"),
        ("SSH_KEY", "~/.ssh/id_ed25519"),
        ("SHORT_TOKEN", "abc1234"),
        ("USE_TOKEN", "true"),
        ("DB_PASSWORD", "password"),
        ("API_KEY", "your-key-here"),
        ("SERVICE_TOKEN", "https://example.org/token"),
        ("SORT_KEY_COLUMN", "customer_id"),
        ("TOKENIZERS_PARALLELISM", "false-or-true"),
        ("PWD", "/home/someone/work"),
    ],
)
def test_paths_switches_and_words_of_the_environment_stay(name: str, value: str) -> None:
    """A path to a key is not the key."""
    text = f"It says {value} here."

    assert (text, 0) == Redactor({name: value}).redact(text)


def test_variables_with_a_secret_name_are_replaced() -> None:
    """The user's variables count as they are at that moment; columns and model tokens do not."""
    names: dict[str, object] = {
        "db_password": "winter42storm",
        "eos_token": "<|endoftext99|>",
        "primary_key": "customer_id_77",
        "token": 12345678,
        "raw_key": b"Zk3qT90vBnM1",
    }
    redactor = Redactor({}, names)
    text = "winter42storm <|endoftext99|> customer_id_77 12345678 Zk3qT90vBnM1 later-7Qx9Zk3"

    before, _ = redactor.redact(text)
    names["session_secret"] = "later-7Qx9Zk3"
    after, _ = redactor.redact(text)

    kept = "<|endoftext99|> customer_id_77 12345678"
    assert f"[secret 1: db_password] {kept} [secret 2: raw_key] later-7Qx9Zk3" == before
    assert f"[secret 1: db_password] {kept} [secret 2: raw_key] [secret 3: session_secret]" == after


def test_a_password_from_code_is_known_in_its_output() -> None:
    """What an assignment gave away is replaced where it stands alone, then and later."""
    redactor = Redactor({})

    cell, _ = redactor.redact('password = "winter42storm"\nprint(password)')
    output, replaced = redactor.redact("winter42storm\nwinter42storms are not it")

    assert 'password = "[secret 1: password]"\nprint(password)' == cell
    assert "[secret 1: password]\nwinter42storms are not it" == output
    assert 1 == replaced


def test_a_placeholder_holds_nothing_of_its_secret() -> None:
    """Not even where the name of a variable is its value's beginning."""
    redactor = Redactor({"MYTOKEN1_TOKEN": "MYTOKEN1"})

    text, _ = redactor.redact("(MYTOKEN1)")

    assert "([secret 1: hidden])" == text


def test_what_only_imitates_a_placeholder_hides_nothing() -> None:
    """A text cannot smuggle a token out by writing a placeholder around it."""
    token = _token(3)

    text, replaced = Redactor({}).redact(f"[secret 1: {token}]")

    assert (1, "[secret 1: [secret 1: GitHub token]]") == (replaced, text)


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """Four times as much takes about four times as long; what is quadratic takes sixteen times."""
    small, large = (_seconds(piece, length) for length in (count(1_000_000), count(4_000_000)))

    assert large < 9 * small + 2, (small, large)


def test_empty_broken_and_foreign_text_is_left_as_it_is() -> None:
    """Positions hold in any script, also beside lone surrogates."""
    token = _token(4)
    redactor = Redactor({})

    assert ("", 0) == redactor.redact("")
    assert ("日本語\ud800 İ", 0) == redactor.redact("日本語\ud800 İ")
    assert (
        "日本語\ud800 İ😀[secret 1: GitHub token]😀"
        == redactor.redact(f"日本語\ud800 İ😀{token}😀")[0]
    )


def test_redaction_imports_nothing_heavy() -> None:
    """A first question does not wait for libraries because of it."""
    code = (
        "import sys, codex_magic.context.redact\n"
        "print(sorted({'httpx', 'pydantic', 'IPython', 'pandas', 'numpy'} & set(sys.modules)))"
    )

    shown = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert "[]" == shown.strip()


def _token(seed: int) -> str:
    """Return a token as GitHub makes them, that is not one."""
    letters = "ABCDEFGHabcdefgh01234567"
    return "ghp_" + "".join(random.Random(seed).choices(letters, k=36))


def _seconds(piece: str, length: int) -> float:
    text = (piece * (length // len(piece) + 1))[:length]
    started = time.process_time()
    Redactor({"DB_PASSWORD": PASSWORD}).redact(text)
    return time.process_time() - started


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password  'kV9-tulip-in-…' (40 characters)", "kV9-tulip"),
        ("a frame cell: kV9-tulip-in-sprin...", "kV9-tulip"),
        ("the end of it: …ring-in-holland", "holland"),
        ("key: ghp_" + "aB3dE5fG…", "ghp_aB3"),
        ("key: sk-proj-" + "aB3dE5fG7…", "sk-proj-aB3"),
    ],
)
def test_half_a_secret_is_one(text: str, left: str) -> None:
    """What a summary has cut is replaced, too: its beginning and its end say enough."""
    redactor = Redactor({"DB_PASSWORD": "kV9-tulip-in-spring-in-holland"})

    cleaned, count = redactor.redact(text)

    assert 1 == count
    assert left not in cleaned
    assert "[secret 1: " in cleaned


def test_an_ellipsis_alone_is_no_secret() -> None:
    """Neither are ordinary words before it."""
    redactor = Redactor({"DB_PASSWORD": "kV9-tulip-in-spring-in-holland"})
    text = "loading… task-list… sk-learn… eyJ… a column_name_that_is_long… and so on..."

    assert (text, 0) == redactor.redact(text)
