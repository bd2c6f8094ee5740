"""Where credentials come from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import ConfigError
from .backends import AZURE, BACKENDS, OPENAI, Backend, detect_backend

KeySource = str | Callable[[], str]


@dataclass(frozen=True, slots=True)
class Service:
    """
    A service, and the key that is meant for it and for nobody else.

    Attributes:
        backend: What it accepts and does differently.
        base_url: Where it is, without a slash at the end.
        key: The key, a callable that returns it, or None for a service that wants none.
        source: Where the key comes from, in words.
        headers: What goes with every request besides the key.
    """

    backend: Backend
    base_url: str
    key: KeySource | None = field(default=None, repr=False)
    source: str = "no key"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def identity(self) -> str:
        """What tells this service from another: sealed reasoning is bound to it."""
        return f"{self.backend.name} {self.base_url}"

    def auth_headers(self) -> dict[str, str]:
        """
        Return the header that carries the key, or none.

        Raises:
            ConfigError: The key cannot be the value of a header.
        """
        key = self.key() if callable(self.key) else self.key
        if not key:
            return {}
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ConfigError(
                f"The key from {self.source} holds characters that no key has. Copy it again."
            )
        if self.backend.key_header == "api-key":
            return {"api-key": key}
        return {"Authorization": f"Bearer {key}"}


def environment_service(environ: Mapping[str, str] = os.environ) -> Service | None:
    """
    Return the service that the environment names, or None.

    ``OPENAI_API_KEY`` goes to ``OPENAI_BASE_URL``, or to OpenAI; Azure's key to Azure's endpoint.
    An empty variable counts as unset.

    >>> environment_service({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": " "}).base_url
    'https://api.openai.com/v1'
    """
    key = _set(environ, "OPENAI_API_KEY")
    base_url = _set(environ, "OPENAI_BASE_URL")
    if key:
        return service_at(
            environment_address(environ),
            key=key,
            source="OPENAI_API_KEY",
            headers=_account_headers(environ),
        )
    azure_key, endpoint = _set(environ, "AZURE_OPENAI_API_KEY"), _azure_endpoint(environ)
    if azure_key and endpoint:
        return Service(AZURE, endpoint, azure_key, "AZURE_OPENAI_API_KEY")
    if base_url:
        # An address without a key: a server of the user's own.
        return service_at(base_url, source="no key, OPENAI_BASE_URL")
    return None


def environment_address(environ: Mapping[str, str] = os.environ) -> str:
    """Return the address that a key for OpenAI goes to: never Azure's, which has its own key."""
    return _set(environ, "OPENAI_BASE_URL") or OPENAI.base_url or ""


def service_at(
    base_url: str,
    *,
    backend: str | None = None,
    key: KeySource | None = None,
    source: str = "no key",
    headers: Mapping[str, str] | None = None,
) -> Service:
    """
    Return the service at an address.

    Args:
        base_url: With its path, as ``https://host/v1``.
        backend: Its kind, if the address does not tell.
        key: The key that is meant for this address.
        source: Where the key comes from.
        headers: What goes with every request.

    Raises:
        ConfigError: The address is none, or the kind is not known.
    """
    address = base_url.strip().rstrip("/")
    if not _is_address(address):
        raise ConfigError(f"{base_url!r} is no address of a service. Write https://host/v1.")
    kind = named_backend(backend) if backend else detect_backend(address)
    return Service(kind, address, key, source, headers or {})


def named_backend(name: str) -> Backend:
    """
    Return a kind of service by its name.

    Raises:
        ConfigError: There is none of that name; the message lists them.
    """
    if name not in BACKENDS:
        raise ConfigError(f"{name!r} is no service. Known: {', '.join(sorted(BACKENDS))}.")
    return BACKENDS[name]


def _is_address(text: str) -> bool:
    try:
        found = urlsplit(text)
        # The port is read when it is asked for.
        return found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:
        return False


def _account_headers(environ: Mapping[str, str]) -> dict[str, str]:
    named = {
        "OpenAI-Organization": _set(environ, "OPENAI_ORG_ID"),
        "OpenAI-Project": _set(environ, "OPENAI_PROJECT_ID"),
    }
    return {name: value for name, value in named.items() if value}


def _azure_endpoint(environ: Mapping[str, str]) -> str | None:
    endpoint = _set(environ, "AZURE_OPENAI_ENDPOINT")
    if not endpoint:
        return None
    endpoint = endpoint.rstrip("/")
    return endpoint if endpoint.endswith("/openai/v1") else f"{endpoint}/openai/v1"


def _set(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None
