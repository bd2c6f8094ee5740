"""Services that the user added by name: an address, and the variable that its key is in."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from .api.backends import BACKENDS
from .errors import ConfigError
from .own_files import config_folder
from .patterns import late
from .records import dataclass

_NAME = late(r"[A-Za-z][\w.-]{0,39}")
_VARIABLE = late(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class OwnBackend:
    """
    A service of the user's.

    Attributes:
        name: What ``--backend`` calls it.
        url: Its address.
        key_env: The environment variable that its key is in; empty for none. The key itself is
            kept nowhere.
    """

    name: str
    url: str
    key_env: str = ""


def own_backends() -> dict[str, OwnBackend]:
    """
    Return the services that were added, by name.

    Raises:
        ConfigError: Their file cannot be read.
    """
    path = _path()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: OwnBackend(**{**entry, "name": name}) for name, entry in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): mend it, or delete it.") from error


def add_backend(name: str, url: str, key_env: str = "") -> Path:
    """
    Keep a service under a name, and return the file that has it.

    Raises:
        ConfigError: One of the three is none.
    """
    own = OwnBackend(_checked_name(name), _checked_url(url), _checked_variable(key_env))
    known = {**own_backends(), name: own}
    entries = {each: _entry(one) for each, one in sorted(known.items())}
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: another kernel may read it at this moment.
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}.") from error
    return path


def _path() -> Path:
    return config_folder() / "backends.json"


def _entry(own: OwnBackend) -> dict[str, str]:
    return {field: value for field, value in asdict(own).items() if field != "name"}


def _checked_name(name: str) -> str:
    if name in BACKENDS or name in ("add", "auto"):
        raise ConfigError(f"{name!r} is the name of a known service: choose another one.")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name: letters, digits, dots and dashes.")
    return name


def _checked_url(url: str) -> str:
    try:
        found = urlsplit(url)
        sound = found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ConfigError("That is no address of a service. Write https://host/v1.")
    if found.username or found.password or found.query or found.fragment:
        # It may be a key: it is not repeated here.
        raise ConfigError("An address holds no key: write https://host/v1, and --key-env VARIABLE.")
    return url.rstrip("/")


def _checked_variable(name: str) -> str:
    if name and not _VARIABLE.fullmatch(name):
        # It may be a key: it is not repeated here.
        raise ConfigError("--key-env takes the name of an environment variable, not a key.")
    return name
