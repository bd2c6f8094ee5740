"""``client.models``: what the service can answer with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from .calls import AsyncCaller, Caller, decode_answer
from .items import Wire, view
from .transport import Answer

_PATH = "/models"


@dataclass(frozen=True, slots=True)
class Model(Wire):
    """
    A model of a service.

    Attributes:
        slug: What a request calls it.
        display_name: What a person calls it.
        context_window: Tokens that it can hold, where the service says so.
        shutdown_date: The day (``YYYY-MM-DD``) after which it no longer answers, if that is set.

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


class Models:
    """The calls under ``/models``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(self) -> list[Model]:
        """Return the models of the service."""
        return _parsed(self._caller.send(self._caller.options.request("GET", _PATH)))


class AsyncModels:
    """The asynchronous twin of ``Models``."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def list(self) -> list[Model]:
        """Return the models of the service."""
        return _parsed(await self._caller.send(self._caller.options.request("GET", _PATH)))


def _parsed(answer: Answer) -> list[Model]:
    found = decode_answer(answer).get("data") or []
    return [
        view(Model, model, slug=model["id"], display_name=model["id"])
        for model in found
        if isinstance(model, dict) and model.get("id")
    ]
