"""Where a key may be besides the environment: a file, Colab's secrets, the keyring of the system."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping
from importlib import import_module
from pathlib import Path

from ..errors import ConfigError

KEYRING = "codex_magic"
NO_KEYRING = 'The keyring of the system needs a package: pip install "codex-magic[keyring]".'

# The variables that belong together, by how they begin, and those of them that hold a key.
_KEY_VARIABLES = {
    "OPENAI_": ("OPENAI_API_KEY",),
    "AZURE_OPENAI_": ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
}
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse_env(text: str) -> dict[str, str]:
    """
    Return the variables of a ``.env`` file.

    >>> parse_env("# mine\\nexport A=1 # one\\nB='x # y'\\nC=\\"two\\\\nlines\\"")
    {'A': '1', 'B': 'x # y', 'C': 'two\\nlines'}
    """
    lines = iter(text.removeprefix("\ufeff").splitlines())
    found: dict[str, str] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match and not line.lstrip().startswith("#"):
            value = match[2].strip()
            # A quote that is not closed goes on in the next line.
            while value[:1] in ("'", '"') and _end(value) is None:
                more = next(lines, None)
                if more is None:
                    break
                value = f"{value}\n{more}"
            found[match[1]] = _value(value)
    return found


def load_env_file(
    path: str | Path = ".env",
    *,
    environ: MutableMapping[str, str] = os.environ,
    override: bool = False,
) -> tuple[str, ...]:
    """
    Put the variables of a file into the environment; return their names, and never their values.

    Args:
        path: The file; nothing is read unless somebody asks.
        environ: Where they go.
        override: Whether a variable that is set already is replaced.

    Raises:
        ConfigError: The file cannot be read.
    """
    found = read_env_file(path)
    taken = [name for name in found if override or not environ.get(name, "").strip()]
    environ.update({name: found[name] for name in taken})
    return tuple(taken)


def read_env_file(path: str | Path) -> dict[str, str]:
    """
    Return the variables of a ``.env`` file; they go nowhere else.

    Raises:
        ConfigError: The file cannot be read.
    """
    place = Path(path).expanduser()
    try:
        return parse_env(place.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no UTF-8 text"
        # Not `from exc`: a decoding error holds the file, and with it the keys.
        raise ConfigError(f"{str(place)!r} cannot be read: {reason}.") from None


def env_file_beside(path: str | Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """
    Return the environment and what a file adds to it; a variable that is set already stays.

    Of a service whose key the environment has, the file says nothing: it could send that key to
    another address.

    Args:
        path: The file.
        environ: The environment; it is not changed.

    Raises:
        ConfigError: The file cannot be read.
    """
    found = read_env_file(path)
    for prefix, keys in _KEY_VARIABLES.items():
        if any(environ.get(name, "").strip() for name in keys):
            found = {name: found[name] for name in found if not name.startswith(prefix)}
    given = {name: value for name, value in environ.items() if value.strip()}
    return {**environ, **found, **given}


def key_elsewhere(name: str) -> tuple[str | None, str]:
    """Return a key that is not in the environment, and where it comes from, in words."""
    if key := colab_key(name):
        return key, f"{name} in Colab's secrets"
    if key := keyring_key(name):
        return key, f"{name} in the keyring"
    return None, "no key"


def colab_key(name: str) -> str | None:
    """Return a secret of Google Colab, or None elsewhere, and where access was not given."""
    try:
        # Only in Colab is there such a module.
        userdata = import_module("google.colab.userdata")
    except ImportError:
        return None
    try:
        return _stripped(userdata.get(name))
    # Colab's own errors: there is no such secret, or this notebook may not read it.
    except Exception:
        return None


def keyring_key(name: str) -> str | None:
    """Return a key that was saved in the keyring of the system, or None."""
    try:
        # An extra, and slow to import.
        keyring = import_module("keyring")
    except ImportError:
        return None
    try:
        return _stripped(keyring.get_password(KEYRING, name))
    # A keyring that is locked, or none at all, is no key.
    except Exception:
        return None


def save_key(name: str, key: str) -> None:
    """
    Save a key in the keyring of the system.

    Raises:
        ConfigError: There is no keyring, or it refuses.
    """
    try:
        # An extra, and slow to import.
        keyring = import_module("keyring")
    except ImportError:
        raise ConfigError(NO_KEYRING) from None
    try:
        keyring.set_password(KEYRING, name, key.strip())
    except Exception as exc:
        # Not `from exc`: nobody knows what it says of the key.
        raise ConfigError(f"The keyring refuses {name}: {type(exc).__name__}.") from None


def forget_key(name: str) -> bool:
    """Take a key out of the keyring of the system; return whether it was there."""
    try:
        # An extra, and slow to import.
        keyring = import_module("keyring")
    except ImportError:
        return False
    try:
        keyring.delete_password(KEYRING, name)
    # There is no such key, or no keyring.
    except Exception:
        return False
    return True


def _stripped(key: object) -> str | None:
    return key.strip() or None if isinstance(key, str) else None


def _end(value: str) -> int | None:
    """Return where a quoted value ends, or None where it does not."""
    quote, position = value[0], 1
    while position < len(value):
        if value[position] == "\\" and quote == '"':
            position += 1
        elif value[position] == quote:
            return position
        position += 1
    return None


def _value(text: str) -> str:
    if text[:1] in ("'", '"'):
        end = _end(text)
        inner = text[1:] if end is None else text[1:end]
        if text[0] == "'":
            return inner
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), inner)
    return re.split(r"\s#", f" {text}", maxsplit=1)[0].strip()
