"""Names and values: what a secret is called, and which values under such a name are one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from ..patterns import late
from .secret_forms import made_up

_WORD = late(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase", "passcode", "passwort"})
_SECRETS = frozenset(
    [
        "secret",
        "token",
        "apikey",
        "accesskey",
        "secretkey",
        "privatekey",
        "authtoken",
        "accesstoken",
        "credential",
        "creds",
        "jwt",
        "authkey",
        "authkey",
        "pat",
    ]
)
# What comes after the name proper: DB_PASSWORD_PROD, TOKEN_2.
_AFTER = frozenset(
    [
        "prod",
        "production",
        "dev",
        "staging",
        "test",
        "value",
        "str",
        "string",
        "env",
        "main",
        "default",
        "old",
        "new",
        "live",
        "raw",
    ]
)
# Keys of data and of models, not to a door.
_NO_KEYS = frozenset(
    [
        "primary",
        "foreign",
        "sort",
        "sorting",
        "partition",
        "group",
        "grouping",
        "dict",
        "index",
        "join",
        "dedup",
        "idempotency",
        "row",
        "object",
        "lookup",
        "composite",
        "natural",
        "surrogate",
        "merge",
        "order",
        "color",
        "colour",
        "feature",
        "public",
        "cache",
        "hash",
        "column",
        "col",
        "field",
        "label",
        "config",
        "state",
        "dataset",
        "data",
        "json",
        "yaml",
        "map",
        "cfg",
        "search",
        "query",
        "translation",
        "random",
        "rng",
        "prng",
        "jax",
        "sub",
        "split",
        "hot",
        "short",
        "routing",
        "unique",
        "s3",
        "file",
        "image",
        "figure",
        "legend",
        "bucket",
        "id",
        "answer",
        "input",
        "output",
        "text",
        "target",
        "item",
        "word",
        "node",
        "edge",
        "time",
        "date",
        "date",
        "parent",
        "child",
        "kv",
        "first",
        "last",
    ]
)
_NO_TOKENS = frozenset(
    [
        "eos",
        "bos",
        "pad",
        "unk",
        "mask",
        "sep",
        "cls",
        "special",
        "next",
        "prev",
        "previous",
        "first",
        "last",
        "image",
        "stop",
        "start",
        "end",
        "word",
        "audio",
        "video",
        "new",
        "added",
        "text",
        "page",
        "continuation",
        "input",
        "output",
        "begin",
        "begins",
        "current",
    ]
)
_COMMON = frozenset(
    [
        "password",
        "passwort",
        "passphrase",
        "username",
        "required",
        "optional",
        "incorrect",
        "invalid",
        "disabled",
        "enabled",
        "unknown",
        "missing",
        "encrypted",
        "protected",
        "postgres",
        "undefined",
        "localhost",
        "anything",
        "something",
        "anonymous",
        "administrator",
        "development",
        "production",
        "not-needed",
        "lm-studio",
    ]
)
# user_password, my-secret-name, text-embedding-3-small, col_2021: words, not chance.
_WORDY = late(r"(?:[A-Za-z]+[0-9]{0,3}|[0-9]{1,4})(?:[-_.:/ ](?:[A-Za-z]+[0-9]{0,3}|[0-9]{1,4}))+")
# transformer2: a word of a text, or of a column.
_NUMBERED = late(r"[A-Z]?[a-z]{4,14}[0-9]{1,3}")
_SEPARATOR = late("[-_.:/ ]")
_CASE_CHANGE = late("[a-z](?=[A-Z])|[A-Z](?=[a-z])")
_TEMPLATE = late(r"\{[^}]*\}|<[^>]*>|\$\{|\$\(|\A\$[A-Za-z_]|%\(|\A%s|\.\.\.|\*{3}|\A\[")
_FILE = late(
    r"\.(?:json|ya?ml|pem|key|txt|toml|ini|env|p12|pfx|crt|cer|csv|parquet|py|ipynb|pkl|db|conf|cfg)$",
    re.IGNORECASE,
)
_PATH = late(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\](?:[\w.@ -]+[/\\])*[\w.@ -]*", re.ASCII)
_ADDRESS = late(r"[A-Za-z][A-Za-z0-9+.-]*://|[\w.+-]+@[\w-]+\.[\w.]+\Z")
SHORTEST, _LONGEST = 8, 8_192


def kind(name: str) -> str:
    """
    Say what the value under a name would be: ``password``, ``token``, ``key``, or nothing secret.

    >>> [kind(name) for name in ("DB_PASSWORD", "hfToken", "api_key", "eos_token", "sort_key", "x")]
    ['password', 'token', 'key', '', '', '']
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if any(word in _PASSWORDS for word in words[-2:]) and words[-1] in _PASSWORDS | _AFTER:
        return "password"
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _AFTER):
        words.pop()
    if not words:
        return ""
    last, before = words[-1].removesuffix("s"), words[-2] if len(words) > 1 else ""
    if last in _PASSWORDS or (last == "pas" and before):
        return "password"
    if last in _SECRETS:
        return "" if last == "token" and before in _NO_TOKENS else "token"
    return "key" if last == "key" and before and before not in _NO_KEYS else ""


def plausible(kind: str, value: str) -> bool:
    """
    Say whether what is written under such a name looks like a secret.

    >>> plausible("password", "hunter2hunter"), plausible("password", "changeme")
    (True, False)
    >>> plausible("key", "customer_id"), plausible("key", "b7Kq93mZ1xWv")
    (False, True)
    """
    if not _possible(value) or made_up(value) or _TEMPLATE.search(value):
        return False
    if any(map(str.isspace, value)) or _FILE.search(value) or _ADDRESS.match(value):
        return False
    has_digit = any(map(str.isdigit, value))
    if _WORDY.fullmatch(value):
        # Three words are a name; four may be a pass phrase.
        return kind == "password" and (has_digit or len(_SEPARATOR.findall(value)) > 2)
    if value.isalpha():
        return kind == "password" or (len(value) >= 16 and _mixed(value))
    if kind == "password":
        return True
    return has_digit and any(map(str.isalpha, value)) and not _NUMBERED.fullmatch(value)


def _mixed(letters: str) -> bool:
    """Say whether letters change their case more often than words written together do."""
    return len(_CASE_CHANGE.findall(letters)) > 0.42 * len(letters)


def known(environ: Mapping[str, str], names: Mapping[str, object]) -> dict[str, str]:
    """
    Collect the secrets that are known by name.

    Args:
        environ: The environment's variables: what has a secret's name is one, but for paths and words.
        names: The user's variables: what has a secret's name, and looks like one.

    Returns:
        For each value the name that it goes by.
    """
    found: dict[str, str] = {}
    # os.environ decodes each value anew: only those are read that matter.
    for name in filter(_secret_variable, list(environ)):
        value = environ.get(name, "")
        if _possible(value) and not _made_of_words(name, value):
            found.setdefault(value, name)
    for name, value in _strings(names):
        called = kind(name)
        if called and plausible(called, value):
            found.setdefault(value, name)
    return found


def _strings(names: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the variables that are text; other types' methods are the user's, and not called."""
    for name, value in list(names.items()):
        if type(value) is str:
            yield name, value
        elif type(value) is bytes and len(value) <= _LONGEST and value.isascii():
            yield name, value.decode("ascii")


# The environment and the names of a notebook are looked through for every text.
@lru_cache(maxsize=4096)
def _secret_variable(name: str) -> bool:
    upper = name.upper()
    if "PASSWORD" in upper or "CREDENTIAL" in upper or "PASSPHRASE" in upper or kind(name):
        return True
    return upper.endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWD", "_PWD", "_PASS"))


def _made_of_words(name: str, value: str) -> bool:
    """Say whether an environment variable holds a switch, a path, an address or a stand-in."""
    return (
        made_up(value)
        or value.upper() == name.upper()
        or _ADDRESS.match(value) is not None
        or (value.startswith(("/", "~", ".", "\\")) and _FILE.search(value) is not None)
    )


def _possible(value: str) -> bool:
    """Say whether a value can be a secret at all."""
    if not SHORTEST <= len(value) <= _LONGEST or value.lower() in _COMMON:
        return False
    return not _PATH.fullmatch(value) or _random_part(value)


def _random_part(path: str) -> bool:
    """Say whether what looks like a path may be base64: a long part with all kinds of letters."""
    return any(
        len(part) >= 16
        and any(map(str.isdigit, part))
        and any(map(str.isupper, part))
        and any(map(str.islower, part))
        for part in re.split(r"[/\\]", path)
    )
