"""``client.models``: what the service can answer with."""

from __future__ import annotations

import builtins
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import field
from datetime import date
from typing import Any, Unpack

from ..errors import StreamError
from ..records import dataclass
from .calls import AsyncCaller, Caller, CallExtras, decode_answer
from .items import Json, Wire, view
from .transport import Answer, Request

_PATH = "/models"
CACHE_SECONDS = 300.0
# ChatGPT leaves out the models that are newer than this version of the Codex CLI (an entry says
# `minimal_client_version`). We are no version of it, so this is one that no model is newer than:
# the CLI's own begin with 0. Another goes as `extra_query={"client_version": "…"}`.
CLIENT_VERSION = "1.0.0"


@dataclass(frozen=True, slots=True)
class Model(Wire):
    """
    A model of a service.

    Attributes:
        slug: What a request calls it.
        display_name: What a person calls it.
        context_window: Tokens that it can hold, where the service says so.
        shutdown_date: The day (``YYYY-MM-DD``) after which it no longer answers, if that is set.
        created: Seconds since 1970.
        owned_by: Who made it.

    Source: https://platform.openai.com/docs/api-reference/models/object
    """

    slug: str
    display_name: str
    context_window: int | None = None
    reasoning_levels: Sequence[str] = ()
    input_modalities: Sequence[str] = ()
    supports_parallel_tool_calls: bool = False
    priority: int = 0
    shutdown_date: str | None = field(default=None, repr=False)
    created: int | None = field(default=None, repr=False)
    owned_by: str | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The slug, under the name that the API has for it."""
        return self.slug

    def is_live(self, today: date) -> bool:
        """Whether the model still answers on a day."""
        if not self.shutdown_date:
            return True
        try:
            return date.fromisoformat(self.shutdown_date[:10]) > today
        except ValueError:
            return True


class ModelPage(list[Model]):
    """The models of a service: a list, with what the official SDK's pages have besides."""

    object = "list"
    has_more = False

    def __init__(self, models: Iterable[Model] = ()) -> None:
        super().__init__(models)

    @property
    def data(self) -> builtins.list[Model]:
        """The models."""
        return self

    async def __aiter__(self) -> AsyncIterator[Model]:
        for model in self:
            yield model


class AsyncModelList:
    """What ``list()`` of an asynchronous client gives: await it, or iterate over it."""

    def __init__(self, ask: Callable[[], Awaitable[ModelPage]]) -> None:
        self._ask = ask

    def __await__(self) -> Generator[Any, None, ModelPage]:
        return self._ask().__await__()

    async def __aiter__(self) -> AsyncIterator[Model]:
        for model in await self:
            yield model


class _Cache:
    """The last list of models, for five minutes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: ModelPage | None = None
        self._since = 0.0

    def fresh(self, *, force_refresh: bool, extras: CallExtras) -> ModelPage | None:
        """Return the list, unless it is old or something else was asked for."""
        old = self._held is None or self._clock() - self._since >= CACHE_SECONDS
        return None if old or force_refresh or extras else ModelPage(self._held or ())

    def keep(self, answer: Answer, extras: CallExtras) -> ModelPage:
        """Remember the list in an answer, and return it."""
        models = ModelPage(_parsed(answer))
        if not extras:
            self._held, self._since = ModelPage(models), self._clock()
        return models


class Models:
    """The calls under ``/models``."""

    def __init__(self, caller: Caller, clock: Callable[[], float] = time.monotonic) -> None:
        self._caller = caller
        self._cache = _Cache(clock)

    def list(self, *, force_refresh: bool = False, **extras: Unpack[CallExtras]) -> ModelPage:
        """Return the models of the service; they are asked for every five minutes."""
        known = self._cache.fresh(force_refresh=force_refresh, extras=extras)
        if known is not None:
            return known
        return self._cache.keep(self._caller.send(_list(self._caller, extras)), extras)

    def retrieve(self, model: str, **extras: Unpack[CallExtras]) -> Model:
        """Return a model; a missing one is a ``NotFoundError``."""
        return _one(self._caller.send(_retrieve(self._caller, model, extras)))


class AsyncModels:
    """The asynchronous twin of ``Models``."""

    def __init__(self, caller: AsyncCaller, clock: Callable[[], float] = time.monotonic) -> None:
        self._caller = caller
        self._cache = _Cache(clock)

    def list(self, *, force_refresh: bool = False, **extras: Unpack[CallExtras]) -> AsyncModelList:
        """Return the models of the service; they are asked for every five minutes."""

        async def ask() -> ModelPage:
            known = self._cache.fresh(force_refresh=force_refresh, extras=extras)
            if known is not None:
                return known
            return self._cache.keep(await self._caller.send(_list(self._caller, extras)), extras)

        return AsyncModelList(ask)

    async def retrieve(self, model: str, **extras: Unpack[CallExtras]) -> Model:
        """Return a model; a missing one is a ``NotFoundError``."""
        return _one(await self._caller.send(_retrieve(self._caller, model, extras)))


def _list(caller: Caller | AsyncCaller, extras: CallExtras) -> Request:
    chatgpt = caller.options.service.backend.name == "chatgpt"
    query = {"client_version": CLIENT_VERSION} if chatgpt else {}
    return caller.options.call("GET", _PATH, query=query, extras=extras)


def _retrieve(caller: Caller | AsyncCaller, model: str, extras: CallExtras) -> Request:
    return caller.options.call("GET", f"{_PATH}/{{model}}", extras=extras, model=model)


def _parsed(answer: Answer) -> list[Model]:
    body = decode_answer(answer)
    # llama.cpp sends both, its "models" in a form of its own.
    found = body.get("data") or body.get("models") or []
    return [model for entry in found if isinstance(entry, dict) for model in _models(entry)]


def _one(answer: Answer) -> Model:
    for model in _models(decode_answer(answer)):
        return model
    raise StreamError("The service answered with something that is no model.")


def _models(entry: Json) -> list[Model]:
    """Return the model that an entry describes, or none where it has no name."""
    slug = entry.get("slug") or entry.get("id")
    if not isinstance(slug, str):
        return []
    levels = [_level(level) for level in entry.get("supported_reasoning_levels") or ()]
    return [
        view(
            Model,
            entry,
            slug=slug,
            display_name=entry.get("display_name") or slug,
            reasoning_levels=levels or entry.get("reasoning_levels") or (),
            input_modalities=entry.get("input_modalities") or (),
            priority=entry.get("priority") or 0,
        )
    ]


def _level(level: Any) -> str:
    return str(level.get("effort", "")) if isinstance(level, dict) else str(level)
