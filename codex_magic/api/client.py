"""CodexClient and AsyncCodexClient: the API, without a notebook."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .arguments import account_headers, changed_options, changed_service, chosen_service, shown_key
from .auth import AsyncKeySource, KeySource, check_sync_key
from .calls import AsyncCaller, Caller, CallOptions, seconds_of
from .choosing import LoginChoice, ensure_login, log_in, stored_login
from .identity import OPENAI_ISSUER, Issuer
from .probing import Probes
from .responses import AsyncResponses, Responses
from .retries import RetryPolicy
from .transport import READ_TIMEOUT, AsyncHttpClient, AsyncTransport, HttpClient, Transport

if TYPE_CHECKING:
    from .conversations import AsyncConversations, Conversations
    from .models import AsyncModels, Models


class CodexClient:
    """
    A client of the Responses API.

    Args:
        api_key: The key, or a function that returns it (in ``AsyncCodexClient`` an async one,
            too) and is called before each try; None reads ``OPENAI_API_KEY``.
        base_url: The service's address; None reads ``OPENAI_BASE_URL``, or takes OpenAI.
        backend: The kind of service, where its address does not tell; without it, the service is
            asked for its models before the first question, unless ``http_client`` is given.
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
        check_sync_key(api_key)
        choice = LoginChoice(headless, no_browser, token_path, login_handler, issuer)
        self._login_choice = choice
        service = chosen_service(
            choice, api_key, base_url, backend, account_headers(organization, project)
        )
        ensure_login(service, choice)
        silence = seconds_of(timeout) or READ_TIMEOUT
        options = CallOptions(service, RetryPolicy(max_retries), silence, default_headers or {})
        self._transport = Transport(http_client)
        # Whoever brings connections sees no request on them that he did not make.
        self._probes = None if http_client else Probes()
        self._shared = False
        self._bind(Caller(self._transport, options, self._probes))

    def _bind(self, caller: Caller) -> None:
        self._caller = caller
        self.responses = Responses(caller)

    @cached_property
    def conversations(self) -> Conversations:
        """The calls under ``/conversations``."""
        from .conversations import Conversations  # Few clients keep what is said there.

        return Conversations(self._caller)

    @cached_property
    def models(self) -> Models:
        """The calls under ``/models``."""
        from .models import Models  # As above.

        return Models(self._caller)

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

        Args:
            api_key: Another key. At another address it must be given: a key stays with its own.
            base_url: Another address.
            backend: Another kind of service.
            organization: Sent as ``OpenAI-Organization``.
            project: Sent as ``OpenAI-Project``.
            timeout: Seconds of silence after which the service counts as gone.
            max_retries: Tries after the first one.
            default_headers: Added to those that are sent already.
            http_client: Another HTTP client, whose connections are its owner's.

        Raises:
            ConfigError: The address is none, or the kind of service is not known.
        """
        check_sync_key(api_key)
        account = account_headers(organization, project)
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
        client._probes = None if http_client else self._probes
        client._transport = Transport(http_client) if http_client else self._transport
        client._bind(Caller(client._transport, options, client._probes))
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
        api_key: AsyncKeySource | None = None,
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
        service = chosen_service(
            choice, api_key, base_url, backend, account_headers(organization, project)
        )
        silence = seconds_of(timeout) or READ_TIMEOUT
        options = CallOptions(service, RetryPolicy(max_retries), silence, default_headers or {})
        self._transport = AsyncTransport(http_client)
        self._probes = None if http_client else Probes()
        self._shared = False
        self._bind(AsyncCaller(self._transport, options, self._probes))

    @classmethod
    def from_options(cls, transport: AsyncTransport, options: CallOptions) -> Self:
        """Return a client on connections that others use too, of a service whose kind is settled."""
        client = cls.__new__(cls)
        client._login_choice = LoginChoice()
        client._probes = None
        client._shared = False
        client._transport = transport
        client._bind(AsyncCaller(transport, options))
        return client

    def _bind(self, caller: AsyncCaller) -> None:
        self._caller = caller
        self.responses = AsyncResponses(caller)

    @cached_property
    def conversations(self) -> AsyncConversations:
        """The calls under ``/conversations``."""
        from .conversations import AsyncConversations  # Few clients keep what is said there.

        return AsyncConversations(self._caller)

    @cached_property
    def models(self) -> AsyncModels:
        """The calls under ``/models``."""
        from .models import AsyncModels  # As above.

        return AsyncModels(self._caller)

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
        api_key: AsyncKeySource | None = None,
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

        Args:
            api_key: Another key. At another address it must be given: a key stays with its own.
            base_url: Another address.
            backend: Another kind of service.
            organization: Sent as ``OpenAI-Organization``.
            project: Sent as ``OpenAI-Project``.
            timeout: Seconds of silence after which the service counts as gone.
            max_retries: Tries after the first one.
            default_headers: Added to those that are sent already.
            http_client: Another HTTP client, whose connections are its owner's.

        Raises:
            ConfigError: The address is none, or the kind of service is not known.
        """
        account = account_headers(organization, project)
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
        client._probes = None if http_client else self._probes
        client._transport = AsyncTransport(http_client) if http_client else self._transport
        client._bind(AsyncCaller(client._transport, options, client._probes))
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


OpenAI = CodexClient
AsyncOpenAI = AsyncCodexClient
