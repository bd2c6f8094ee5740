"""Where credentials come from."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..errors import ConfigError
from ..records import dataclass
from .backends import AZURE, BACKENDS, OPENAI, Backend, detect_backend
from .keys import key_elsewhere

KeySource = str | Callable[[], str]
# Only an asynchronous client can await the key.
AsyncKeySource = KeySource | Callable[[], Awaitable[str]]

ASYNC_KEY = (
    "The key comes from an async function, which only AsyncCodexClient can await. Use that client, "
    "or pass an ordinary function as api_key=."
)


class Credentials(Protocol):
    """What signs requests with a login that is renewed now and then."""

    def headers(self, refused: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what a request must say; ``refused`` are headers that were answered with 401."""

    async def aheaders(self, refused: Mapping[str, str] | None = None) -> dict[str, str]:
        """Do as ``headers``, and let the event loop go on."""


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
        credentials: A login that signs requests instead of a key.
        settled: Whether its kind was named, or asked for: then nobody asks (again).
    """

    backend: Backend
    base_url: str
    key: AsyncKeySource | None = field(default=None, repr=False)
    source: str = "no key"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: Credentials | None = field(default=None, repr=False)
    settled: bool = field(default=False, repr=False)

    @property
    def identity(self) -> str:
        """What tells this service from another: sealed reasoning is bound to it."""
        return f"{self.backend.name} {self.base_url}"

    def auth_headers(self) -> dict[str, str]:
        """
        Return the header that carries the key, or none.

        Raises:
            ConfigError: The key cannot be the value of a header, or has to be awaited.
        """
        found: Any = self.key() if callable(self.key) else self.key
        if inspect.isawaitable(found):
            if inspect.iscoroutine(found):
                # Nobody will await it, and Python would warn of that.
                found.close()
            raise ConfigError(ASYNC_KEY)
        return self._key_header(found)

    async def aauth_headers(self) -> dict[str, str]:
        """
        Return the header that carries the key, or none, and let the event loop go on.

        An ordinary function is called in a thread: a provider of tokens asks the network, or runs
        a command, when its token has expired.

        Raises:
            ConfigError: The key cannot be the value of a header.
        """
        found: Any = self.key
        if callable(found):
            found = found() if _is_async(found) else await asyncio.to_thread(found)
        return self._key_header(await found if inspect.isawaitable(found) else found)

    def _key_header(self, key: object) -> dict[str, str]:
        if not key:
            return {}
        if not isinstance(key, str):
            raise ConfigError(
                f"The key from {self.source} is no text, but of the type {type(key).__name__}. "
                "Have the function return the token itself."
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ConfigError(
                f"The key from {self.source} holds characters that no key has. Copy it again."
            )
        # A token of Entra expires, so it comes from a callable; or it is seen to be a JWT.
        token = callable(self.key) or key.startswith("eyJ")
        if self.backend.key_header == "api-key" and not token:
            return {"api-key": key}
        return {"Authorization": f"Bearer {key}"}


def check_sync_key(key: object) -> None:
    """
    See to it that a key is none that has to be awaited, as far as that shows.

    Raises:
        ConfigError: It comes from an async function.
    """
    if callable(key) and _is_async(key):
        raise ConfigError(ASYNC_KEY)


def _is_async(function: Callable[..., object]) -> bool:
    """Whether a function, or an object that is called like one, is declared with ``async``."""
    call = type(function).__call__
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def environment_service(environ: Mapping[str, str] | None = None) -> Service | None:
    """
    Return the service that the environment names, or None.

    ``OPENAI_API_KEY`` goes to ``OPENAI_BASE_URL``, or to OpenAI; Azure's key to Azure's endpoint.
    An empty variable counts as unset. Where there is no ``OPENAI_API_KEY``, one from Colab's
    secrets or the keyring of the system goes to OpenAI, and to nobody else.

    Args:
        environ: Variables to look at instead of the environment, and nowhere else.

    >>> environment_service({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": " "}).base_url
    'https://api.openai.com/v1'
    """
    variables = os.environ if environ is None else environ
    key, base_url = _set(variables, "OPENAI_API_KEY"), _set(variables, "OPENAI_BASE_URL")
    headers = _account_headers(variables)
    if key:
        address = environment_address(variables)
        return service_at(address, key=key, source="OPENAI_API_KEY", headers=headers)
    if environ is None and not base_url:
        found, source = key_elsewhere("OPENAI_API_KEY")
        if found:
            return Service(OPENAI, OPENAI.base_url or "", found, source, headers)
    return _azure_service(variables) or (
        # An address without a key: a server of the user's own.
        service_at(base_url, source="no key, OPENAI_BASE_URL") if base_url else None
    )


def named_service(backend: Backend, environ: Mapping[str, str] | None = None) -> Service | None:
    """
    Return the service of a kind that the user names, at its usual address, or None.

    Its own variable holds its key, which goes to that address alone.

    >>> from .backends import OPENROUTER
    >>> named_service(OPENROUTER, {"OPENROUTER_API_KEY": "sk-or-1"}).source
    'OPENROUTER_API_KEY'
    """
    variables = os.environ if environ is None else environ
    if backend is AZURE:
        return _azure_service(variables)
    if backend is OPENAI and _set(variables, "OPENAI_BASE_URL"):
        # The key beside it is for that address.
        return None
    address = _ollama_host(variables) if backend.name == "ollama" else None
    address = address or backend.base_url
    if address is None:
        return None
    key = _set(variables, backend.key_variable) if backend.key_variable else None
    source = backend.key_variable or "no key" if key else "no key"
    if key is None and environ is None and backend.key_variable and backend.key_required:
        key, source = key_elsewhere(backend.key_variable)
    if key is None and backend.key_required:
        return None
    headers = _account_headers(variables) if backend is OPENAI else {}
    return Service(backend, address, key, source if key else "no key", headers)


def _azure_service(environ: Mapping[str, str]) -> Service | None:
    endpoint = _set(environ, "AZURE_OPENAI_ENDPOINT")
    if not endpoint:
        return None
    address = _azure_address(endpoint)
    key, token = _set(environ, "AZURE_OPENAI_API_KEY"), _set(environ, "AZURE_OPENAI_AD_TOKEN")
    if key:
        return Service(AZURE, address, key, "AZURE_OPENAI_API_KEY")
    if token:
        # From a callable, so that it goes as a token whatever it looks like.
        return Service(AZURE, address, lambda: token, "AZURE_OPENAI_AD_TOKEN")
    return None


def _azure_address(endpoint: str) -> str:
    endpoint = endpoint.rstrip("/")
    return endpoint if endpoint.endswith("/openai/v1") else f"{endpoint}/openai/v1"


def _ollama_host(environ: Mapping[str, str]) -> str | None:
    """Return the address that ``OLLAMA_HOST`` names, with or without a scheme and a port."""
    host = _set(environ, "OLLAMA_HOST")
    if not host:
        return None
    address = host if "://" in host else f"http://{host}"
    # It says where the server listens; nobody can connect to "everywhere".
    address = address.replace("//0.0.0.0", "//localhost").rstrip("/")
    try:
        port = urlsplit(address).port
    except ValueError:
        return None
    address = address if port else f"{address}:11434"
    return address if address.endswith("/v1") else f"{address}/v1"


def environment_address(environ: Mapping[str, str] = os.environ) -> str:
    """Return the address that a key for OpenAI goes to: never Azure's, which has its own key."""
    return _set(environ, "OPENAI_BASE_URL") or OPENAI.base_url or ""


def service_at(
    base_url: str,
    *,
    backend: str | None = None,
    key: AsyncKeySource | None = None,
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
    return Service(kind, address, key, source, headers or {}, settled=backend is not None)


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
    given = {name: value for name, value in named.items() if value}
    return {**given, **_custom_headers(environ.get("OPENAI_CUSTOM_HEADERS", ""))}


def _custom_headers(text: str) -> dict[str, str]:
    """Return the headers of lines like ``Name: value``."""
    lines = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, colon, value in lines if colon and name.strip()}


def _set(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None
