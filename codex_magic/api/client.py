"""CodexClient and AsyncCodexClient: the API, without a notebook."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..errors import ConfigError
from .auth import (
    KeySource,
    Service,
    environment_address,
    environment_service,
    named_backend,
    service_at,
)
from .calls import AsyncCaller, Caller, CallOptions, seconds_of
from .choosing import LoginChoice, ensure_login, log_in, login_service, stored_login
from .conversations import AsyncConversations, Conversations
from .identity import OPENAI_ISSUER, Issuer
from .models import AsyncModels, Models
from .responses import AsyncResponses, Responses
from .retries import RetryPolicy
from .transport import READ_TIMEOUT, AsyncHttpClient, AsyncTransport, HttpClient, Transport

NO_KEY = (
    "No key for a service. Set OPENAI_API_KEY, or pass api_key= or base_url=. Without a key: "
    'pip install "codex-magic[local]", then "python -m codex_magic serve" gives an address '
    "with a small model behind it."
)


def find_service(
    api_key: KeySource | None = None,
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
    return service_at(
        found.base_url,
        backend=backend or found.backend.name,
        key=found.key,
        source=found.source,
        headers={**found.headers, **(headers or {})},
    )


def changed_service(
    service: Service,
    api_key: KeySource | None,
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
    kind = named_backend(backend) if backend else service.backend
    if api_key is None:
        return replace(service, backend=kind, headers=headers)
    return replace(service, backend=kind, headers=headers, key=api_key, source="api_key=")


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


class CodexClient:
    """
    A client of the Responses API.

    Args:
        api_key: The key, or a callable that returns it; None reads ``OPENAI_API_KEY``.
        base_url: The service's address; None reads ``OPENAI_BASE_URL``, or takes OpenAI.
        backend: The kind of service, where its address does not tell.
        organization: Sent as ``OpenAI-Organization``.
        project: Sent as ``OpenAI-Project``.
        timeout: Seconds of silence after which the service counts as gone; None means ten minutes.
        max_retries: Tries after the first one.
        default_headers: Sent with every request.
        http_client: An ``httpx.Client`` to use instead of a new one.
        headless: For a ChatGPT login: no browser can be opened on this machine.
        no_browser: The login's address is printed, and not opened.
        token_path: Where the login is kept; naming it asks for one.
        login_handler: Takes the address to visit, and returns the one it led to.
        issuer: The identity server.
        headless: For a ChatGPT login: nothing on this machine can open a browser.
        no_browser: The address of the login is printed instead of opened.
        token_path: Where the ChatGPT login is kept.
        login_handler: Takes the address to log in at, and returns the one it led to.

    Raises:
        ConfigError: There is no key, and no address that needs none.
    """

    def __init__(
        self,
        *,
        api_key: KeySource | None = None,
        base_url: str | None = None,
        backend: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        timeout: float | None = READ_TIMEOUT,
        max_retries: int = 2,
        default_headers: Mapping[str, str] | None = None,
        http_client: HttpClient | None = None,
        headless: bool = False,
        no_browser: bool = False,
        token_path: str | os.PathLike[str] | None = None,
        login_handler: Callable[[str], str] | None = None,
        issuer: Issuer = OPENAI_ISSUER,
    ) -> None:
        choice = LoginChoice(headless, no_browser, token_path, login_handler, issuer)
        self._login_choice = choice
        service = _service(choice, api_key, base_url, backend, _account(organization, project))
        ensure_login(service, choice)
        silence = seconds_of(timeout) or READ_TIMEOUT
        options = CallOptions(service, RetryPolicy(max_retries), silence, default_headers or {})
        self._transport = Transport(http_client)
        self._shared = False
        self._bind(Caller(self._transport, options))

    def _bind(self, caller: Caller) -> None:
        self._caller = caller
        self.responses = Responses(caller)
        self.conversations = Conversations(caller)
        self.models = Models(caller)

    @property
    def api_key(self) -> str | None:
        """The key; what a callable returns as key is not shown, as in the official SDK."""
        return shown_key(self._caller.options.service)

    @property
    def token(self) -> str | None:
        """The access token of a ChatGPT login, as it is kept."""
        found = stored_login(self._caller.options.service)
        return found.access_token if found else None

    @property
    def account_id(self) -> str | None:
        """The account of a ChatGPT login."""
        found = stored_login(self._caller.options.service)
        return found.account_id if found else None

    def login(self) -> None:
        """Have a person log in to ChatGPT anew."""
        log_in(self._caller.options.service, self._login_choice)

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._caller.options.service.base_url

    @property
    def timeout(self) -> float:
        """Seconds of silence after which the service counts as gone."""
        return self._caller.options.timeout

    @property
    def max_retries(self) -> int:
        """Tries after the first one."""
        return self._caller.options.retries.max_retries

    def with_options(
        self,
        *,
        api_key: KeySource | None = None,
        base_url: str | None = None,
        backend: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        http_client: HttpClient | None = None,
    ) -> Self:
        """
        Return a client that differs in what is given, and shares the connections of this one.

        Closing it leaves them open: they are closed with the client that made them.

        Raises:
            ConfigError: The address is none, or the kind of service is not known.
        """
        account = _account(organization, project)
        options = changed_options(
            self._caller.options,
            changed_service(self._caller.options.service, api_key, base_url, backend, account),
            timeout,
            max_retries,
            default_headers,
        )
        client = type(self).__new__(type(self))
        client._login_choice = self._login_choice
        client._shared = http_client is None
        client._transport = Transport(http_client) if http_client else self._transport
        client._bind(Caller(client._transport, options))
        return client

    copy = with_options

    def close(self) -> None:
        """Close the connections, if they are this client's own."""
        if not self._shared:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._caller.options.service.base_url!r})"


class AsyncCodexClient:
    """The asynchronous twin of ``CodexClient``, with the same arguments."""

    def __init__(
        self,
        *,
        api_key: KeySource | None = None,
        base_url: str | None = None,
        backend: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        timeout: float | None = READ_TIMEOUT,
        max_retries: int = 2,
        default_headers: Mapping[str, str] | None = None,
        http_client: AsyncHttpClient | None = None,
        headless: bool = False,
        no_browser: bool = False,
        token_path: str | os.PathLike[str] | None = None,
        login_handler: Callable[[str], str] | None = None,
        issuer: Issuer = OPENAI_ISSUER,
    ) -> None:
        choice = LoginChoice(headless, no_browser, token_path, login_handler, issuer)
        self._login_choice = choice
        service = _service(choice, api_key, base_url, backend, _account(organization, project))
        silence = seconds_of(timeout) or READ_TIMEOUT
        options = CallOptions(service, RetryPolicy(max_retries), silence, default_headers or {})
        self._transport = AsyncTransport(http_client)
        self._shared = False
        self._bind(AsyncCaller(self._transport, options))

    @classmethod
    def from_options(cls, transport: AsyncTransport, options: CallOptions) -> Self:
        """Return a client on connections that others use too."""
        client = cls.__new__(cls)
        client._login_choice = LoginChoice()
        client._shared = False
        client._transport = transport
        client._bind(AsyncCaller(transport, options))
        return client

    def _bind(self, caller: AsyncCaller) -> None:
        self._caller = caller
        self.responses = AsyncResponses(caller)
        self.conversations = AsyncConversations(caller)
        self.models = AsyncModels(caller)

    @property
    def api_key(self) -> str | None:
        """The key; what a callable returns as key is not shown, as in the official SDK."""
        return shown_key(self._caller.options.service)

    @property
    def token(self) -> str | None:
        """The access token of a ChatGPT login, as it is kept."""
        found = stored_login(self._caller.options.service)
        return found.access_token if found else None

    @property
    def account_id(self) -> str | None:
        """The account of a ChatGPT login."""
        found = stored_login(self._caller.options.service)
        return found.account_id if found else None

    async def login(self) -> None:
        """Have a person log in to ChatGPT anew."""
        await asyncio.to_thread(log_in, self._caller.options.service, self._login_choice)

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._caller.options.service.base_url

    @property
    def timeout(self) -> float:
        """Seconds of silence after which the service counts as gone."""
        return self._caller.options.timeout

    @property
    def max_retries(self) -> int:
        """Tries after the first one."""
        return self._caller.options.retries.max_retries

    def with_options(
        self,
        *,
        api_key: KeySource | None = None,
        base_url: str | None = None,
        backend: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        http_client: AsyncHttpClient | None = None,
    ) -> Self:
        """
        Return a client that differs in what is given, and shares the connections of this one.

        Closing it leaves them open: they are closed with the client that made them.

        Raises:
            ConfigError: The address is none, or the kind of service is not known.
        """
        account = _account(organization, project)
        options = changed_options(
            self._caller.options,
            changed_service(self._caller.options.service, api_key, base_url, backend, account),
            timeout,
            max_retries,
            default_headers,
        )
        client = type(self).__new__(type(self))
        client._login_choice = self._login_choice
        client._shared = http_client is None
        client._transport = AsyncTransport(http_client) if http_client else self._transport
        client._bind(AsyncCaller(client._transport, options))
        return client

    copy = with_options

    async def close(self) -> None:
        """Close the connections, if they are this client's own."""
        if not self._shared:
            await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._caller.options.service.base_url!r})"


def _service(
    choice: LoginChoice,
    api_key: KeySource | None,
    base_url: str | None,
    backend: str | None,
    account: Mapping[str, str],
) -> Service:
    found = login_service(
        choice, api_key=api_key, base_url=base_url, backend=backend, headers=account
    )
    return found or find_service(api_key, base_url, backend, account)


def _account(organization: str | None, project: str | None) -> dict[str, str]:
    named = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return {name: value for name, value in named.items() if value}


OpenAI = CodexClient
AsyncOpenAI = AsyncCodexClient
