"""CodexClient and AsyncCodexClient: the API, without a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from ..errors import ConfigError
from .auth import KeySource, Service, environment_address, environment_service, service_at
from .calls import AsyncCaller, Caller, CallOptions
from .conversations import AsyncConversations, Conversations
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


class CodexClient:
    """
    A client of the Responses API.

    Args:
        api_key: The key, or a callable that returns it; None reads ``OPENAI_API_KEY``.
        base_url: The service's address; None reads ``OPENAI_BASE_URL``, or takes OpenAI.
        backend: The kind of service, where its address does not tell.
        organization: Sent as ``OpenAI-Organization``.
        project: Sent as ``OpenAI-Project``.
        timeout: Seconds of silence after which the service counts as gone.
        max_retries: Tries after the first one.
        default_headers: Sent with every request.
        http_client: An ``httpx.Client`` to use instead of a new one.

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
        timeout: float = READ_TIMEOUT,
        max_retries: int = 2,
        default_headers: Mapping[str, str] | None = None,
        http_client: HttpClient | None = None,
    ) -> None:
        service = find_service(api_key, base_url, backend, _account(organization, project))
        options = CallOptions(service, RetryPolicy(max_retries), timeout, default_headers or {})
        self._transport = Transport(http_client)
        self._bind(Caller(self._transport, options))

    def _bind(self, caller: Caller) -> None:
        self._caller = caller
        self.responses = Responses(caller)
        self.conversations = Conversations(caller)
        self.models = Models(caller)

    def close(self) -> None:
        """Close the connections."""
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
        timeout: float = READ_TIMEOUT,
        max_retries: int = 2,
        default_headers: Mapping[str, str] | None = None,
        http_client: AsyncHttpClient | None = None,
    ) -> None:
        service = find_service(api_key, base_url, backend, _account(organization, project))
        options = CallOptions(service, RetryPolicy(max_retries), timeout, default_headers or {})
        self._transport = AsyncTransport(http_client)
        self._bind(AsyncCaller(self._transport, options))

    @classmethod
    def from_options(cls, transport: AsyncTransport, options: CallOptions) -> Self:
        """Return a client on connections that others use too."""
        client = cls.__new__(cls)
        client._transport = transport
        client._bind(AsyncCaller(transport, options))
        return client

    def _bind(self, caller: AsyncCaller) -> None:
        self._caller = caller
        self.responses = AsyncResponses(caller)
        self.conversations = AsyncConversations(caller)
        self.models = AsyncModels(caller)

    async def close(self) -> None:
        """Close the connections."""
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


def _account(organization: str | None, project: str | None) -> dict[str, str]:
    named = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return {name: value for name, value in named.items() if value}
