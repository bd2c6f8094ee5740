"""What the arguments of a client come to: its service, and the options of its calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import ConfigError
from .auth import (
    AsyncKeySource,
    Service,
    environment_address,
    environment_service,
    named_backend,
    service_at,
)
from .calls import CallOptions, seconds_of
from .choosing import LoginChoice, login_service
from .retries import RetryPolicy

NO_KEY = (
    "No key for a service. Set OPENAI_API_KEY, or pass api_key= or base_url=. Without a key: "
    'pip install "codex-magic[local]", then "python -m codex_magic serve" gives an address '
    "with a small model behind it."
)


def chosen_service(
    choice: LoginChoice,
    api_key: AsyncKeySource | None,
    base_url: str | None,
    backend: str | None,
    account: Mapping[str, str],
) -> Service:
    """
    Return the service for a new client: ChatGPT's where a login was asked for, or the one found.

    Raises:
        ConfigError: There is no service to ask.
    """
    found = login_service(
        choice, api_key=api_key, base_url=base_url, backend=backend, headers=account
    )
    return found or find_service(api_key, base_url, backend, account)


def find_service(
    api_key: AsyncKeySource | None = None,
    base_url: str | None = None,
    backend: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Service:
    """
    Return the service for what a caller gives, and for the rest the environment.

    A key from the environment goes to the address from the environment (or to OpenAI), never to
    an address that the caller gives.

    Raises:
        ConfigError: There is no service to ask.
    """
    found = environment_service()
    if base_url is not None:
        if api_key is None and found and found.base_url == base_url.rstrip("/"):
            return service_at(
                base_url,
                backend=backend,
                key=found.key,
                source=found.source,
                headers={**found.headers, **(headers or {})},
            )
        source = "api_key=" if api_key else "no key"
        return service_at(base_url, backend=backend, key=api_key, source=source, headers=headers)
    if api_key is not None:
        address = environment_address()
        return service_at(address, backend=backend, key=api_key, source="api_key=", headers=headers)
    if found is None:
        raise ConfigError(NO_KEY)
    known = _named(found, backend) if backend else found
    return replace(known, headers={**found.headers, **(headers or {})})


def changed_service(
    service: Service,
    api_key: AsyncKeySource | None,
    base_url: str | None,
    backend: str | None,
    account: Mapping[str, str],
) -> Service:
    """
    Return a service that differs in what is given; a key never goes to another address.

    Raises:
        ConfigError: The address is none, or the kind is not known.
    """
    headers = {**service.headers, **account}
    if base_url is not None and base_url.strip().rstrip("/") != service.base_url:
        return find_service(api_key, base_url, backend, account)
    known = _named(service, backend) if backend else service
    if api_key is None:
        return replace(known, headers=headers)
    return replace(known, headers=headers, key=api_key, source="api_key=")


def changed_options(
    options: CallOptions,
    service: Service,
    timeout: float | None,
    max_retries: int | None,
    headers: Mapping[str, str] | None,
) -> CallOptions:
    """Return options that differ in what is given; headers are added."""
    retries = options.retries if max_retries is None else RetryPolicy(max_retries)
    return replace(
        options,
        service=service,
        retries=retries,
        timeout=seconds_of(timeout) or options.timeout,
        headers={**options.headers, **(headers or {})},
    )


def shown_key(service: Service) -> str | None:
    """Return the key, if it is there without asking for it."""
    return "" if callable(service.key) else service.key


def account_headers(organization: str | None, project: str | None) -> dict[str, str]:
    """Return the headers that name an account."""
    named = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return {name: value for name, value in named.items() if value}


def _named(service: Service, backend: str) -> Service:
    return replace(service, backend=named_backend(backend), settled=True)
