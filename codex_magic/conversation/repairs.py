"""What to change when a service refuses a request that could be asked in another way."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import field, replace
from datetime import date

from ..api.client import AsyncCodexClient
from ..api.failures import is_model_missing
from ..api.fitting import value_at, without
from ..api.items import Json
from ..errors import (
    APIError,
    APIStatusError,
    ContextWindowError,
    InvalidRequestError,
    NotFoundError,
    StreamError,
)
from ..patterns import late
from ..records import dataclass
from .turns import Conversation, Plan

# Fields of ours that a model or a service may refuse; an answer without them is better than none.
_OURS = ("reasoning.summary", "include", "text.verbosity", "store")
# Fields of the user's that shape an answer and do not make it: asked again without, and said so.
_COSMETIC = (
    *("temperature", "top_p", "metadata", "user", "safety_identifier", "truncation"),
    *("prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "service_tier"),
    *("reasoning.effort", "text.verbosity"),
)
# Stands among refused fields for schemas that the service cannot enforce.
_STRICT = "strict"
_ZERO_RETENTION = "zero data retention"
_NO_CHAIN = ("previous_response", "previous response", _ZERO_RETENTION)
_BAD_SEAL = late(
    r"invalid_encrypted_content|encrypted content for item|item with id '|item '\w+' of type"
    r"|required following item|required 'reasoning' item|array too long.*maximum length 0"
    r"|input\[\d+\]\.(summary|id|encrypted_content|content)'|item\['content'\] is empty"
)
LOCKED = "Another kernel is asking in the service's conversation: its answer comes first."
_LOCKED_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
_BROKEN_CALLS = ("no tool output found", "no tool call found", "duplicate item found")
_BAD_SCHEMA = frozenset({"invalid_function_parameters", "invalid_json_schema"})
# Codes of a failure in mid-stream that may be gone a moment later; some send the HTTP status.
_PASSING = frozenset(
    {"server_error", "server_is_overloaded", "slow_down", "500", "502", "503", "504"}
)


class IgnoredStateError(APIError):
    """The service answered as if it had never heard of what it was to keep."""


@dataclass(slots=True)
class Experience:
    """
    What this kernel has learned of services, so that it errs once and not in every cell.

    Attributes:
        refused: Dotted fields that a model of a service does not take.
        forgetful: Services that ignore, or lost, what they were to keep.
        unsealing: Services that cannot read sealed reasoning.
        successor: By service and retired model, the model that stands for it.
    """

    refused: set[tuple[str, str, str]] = field(default_factory=set)
    forgetful: set[str] = field(default_factory=set)
    unsealing: set[str] = field(default_factory=set)
    successor: dict[tuple[str, str], str] = field(default_factory=dict)

    def apply(
        self, body: Json, service: str, model: str, ours: Collection[str]
    ) -> tuple[Json, list[str]]:
        """Return a body without what the model refuses, and what the user should know of it."""
        dropped: list[str] = []
        notices: list[str] = []
        for path in sorted(p for s, m, p in self.refused if (s, m) == (service, model)):
            if path == _STRICT:
                loose = _loosened(body)
                if loose != body:
                    notices.append("The schema is sent with strict: false: strict was refused.")
                body = loose
            elif path in ours:
                body = without(body, path)
            elif path in _COSMETIC and value_at(body, path) is not None:
                dropped.append(path)
                body = without(body, path)
        if dropped:
            notices.append(f"Left out, as {model} does not take it: {', '.join(dropped)}.")
        return body, notices


class Repairs:
    """
    The repairs of one question; each is tried once.

    A repair changes what the next try looks up (the experience, the conversation's link) and
    says so in one line, which is empty where the user need not know.
    """

    def __init__(
        self,
        service: str,
        experience: Experience,
        conversation: Conversation,
        client: AsyncCodexClient,
        ours: frozenset[str],
        successors: Sequence[str],
        asked: str,
    ) -> None:
        self._service = service
        self._experience = experience
        self._conversation = conversation
        self._client = client
        self._ours = ours
        self._successors = successors
        self._asked = asked
        self._tried: set[str] = set()
        self._waits = 0
        self._doubted: float | None = None
        self._resent = 0
        # Seconds to wait before the next try.
        self.pause = 0.0

    async def repair(self, error: APIError, model: str, plan: Plan) -> str | None:
        """Return what was changed so that another try makes sense, or None where nothing does."""
        self.pause = 0.0
        if self._doubted is not None:
            return self._ask_again(self._doubted)
        if error.code == "conversation_locked":
            return self._wait(error)
        for name, attempt in _REPAIRS.items():
            if name not in self._tried:
                said = await attempt(self, error, model, plan)
                if said is not None:
                    self._tried.add(name)
                    return said
        # Several fields may be refused, one after the other; each is refused once.
        return self._without_field(error, model)

    def doubts(self, seconds: float) -> bool:
        """Take note that the service may have kept what broke off; return whether to ask again."""
        if self._resent == self._client.max_retries:
            return False
        self._doubted = seconds
        return True

    def _ask_again(self, seconds: float) -> str:
        """Look at the service's conversation, or begin another, before the question goes again."""
        self.pause, self._doubted = seconds, None
        self._resent += 1
        self._doubt_link()
        return ""

    def _doubt_link(self) -> None:
        link = self._conversation.link
        if link:
            self._conversation.link = replace(link, doubted=True)

    def _wait(self, error: APIError) -> str | None:
        """Wait while another kernel is asking in the service's conversation."""
        if self._waits == len(_LOCKED_PAUSES):
            error.message = (
                f"{error.message} Another kernel is asking in it: run this again when that is "
                "answered, or with --state stateless."
            )
            return None
        self.pause, self._waits = _LOCKED_PAUSES[self._waits], self._waits + 1
        # It will hold what the other one said.
        self._doubt_link()
        return LOCKED if self._waits == 1 else ""

    async def _succeed(self, error: APIError, model: str, plan: Plan) -> str | None:
        """Ask the closest live successor of the default model where the service retired it."""
        if not isinstance(error, APIStatusError) or not is_model_missing(error, model):
            return None
        try:
            listed = await self._client.models.list()
        except APIError:
            return None
        today = date.today()
        live = [found.slug for found in listed if found.is_live(today) and found.slug != model]
        chosen = next((name for name in self._successors if name in live), None)
        if chosen is None and self._successors and len(live) == 1:
            chosen = live[0]
        if chosen is None:
            error.message = f"{error.message} {_name_models(live)}"
            return None
        self._experience.successor[self._service, self._asked] = chosen
        return f"{model} is not served here any more: {chosen} answers."

    async def _replay(self, error: APIError, model: str, plan: Plan) -> str | None:
        """Send the history where the service has lost, or never knew, what it was to keep."""
        missing = isinstance(error, APIStatusError) and is_model_missing(error, model)
        if plan.state == "stateless" or missing:
            return None
        if plan.conversation_id and isinstance(error, NotFoundError):
            self._conversation.link = None
            return "The service no longer has the conversation: the history was sent instead."
        text = f"{error.message}".lower()
        if isinstance(error, InvalidRequestError) and any(w in text for w in _BROKEN_CALLS):
            # The service's record of the calls is not ours: it gets ours.
            if plan.state == "conversation":
                self._conversation.link = None
            else:
                self._experience.forgetful.add(self._service)
            return "The service's record has a gap: the history was sent instead."
        if not _keeps_nothing(error, plan):
            return None
        self._experience.forgetful.add(self._service)
        if plan.previous_response_id and not isinstance(error, IgnoredStateError):
            return "The service no longer has the conversation: the history was sent instead."
        return "The service keeps no state: the history was sent instead."

    async def _unseal(self, error: APIError, model: str, plan: Plan) -> str | None:
        """Leave out reasoning that the service cannot read."""
        text = f"{error.code} {error.message}".lower()
        if not isinstance(error, InvalidRequestError) or not _BAD_SEAL.search(text):
            return None
        self._experience.unsealing.add(self._service)
        return "The service could not read its earlier reasoning: asked again without it."

    async def _loosen(self, error: APIError, model: str, plan: Plan) -> str | None:
        """Ask for what the schema says, where the service cannot bind the answer to it."""
        if not isinstance(error, APIStatusError) or error.code not in _BAD_SCHEMA:
            return None
        self._experience.refused.add((self._service, model, _STRICT))
        return ""

    async def _again(self, error: APIError, model: str, plan: Plan) -> str | None:
        """Ask again after a break, where the service kept nothing and nothing was shown."""
        passing = (
            isinstance(error, APIStatusError)
            and error.status_code is None
            and error.code in _PASSING
        )
        if plan.state != "stateless" or not (isinstance(error, StreamError) or passing):
            return None
        return "The connection broke off before the answer began: asked again."

    def _without_field(self, error: APIError, model: str) -> str | None:
        """Leave out a field that the service does not take, if the answer is one without it."""
        if not isinstance(error, InvalidRequestError) or isinstance(error, ContextWindowError):
            return None
        for path in _OURS:
            key = (self._service, model, path)
            if path in self._ours and key not in self._experience.refused and _names(path, error):
                self._experience.refused.add(key)
                told = "No reasoning summary: the service refuses it here."
                return told if path == "reasoning.summary" else ""
        for path in _COSMETIC:
            key = (self._service, model, path)
            # Said when it is left out: the next request tells.
            if key not in self._experience.refused and _refuses(path, error):
                self._experience.refused.add(key)
                return ""
        return None


_REPAIRS: dict[str, Callable[[Repairs, APIError, str, Plan], Awaitable[str | None]]] = {
    "model": Repairs._succeed,
    "replay": Repairs._replay,
    "seal": Repairs._unseal,
    "schema": Repairs._loosen,
    "again": Repairs._again,
}


def _keeps_nothing(error: APIError, plan: Plan) -> bool:
    """Whether an error says that the service has nothing to go on from, or will keep nothing."""
    text = f"{error.code} {error.message}".lower()
    if isinstance(error, IgnoredStateError) or _ZERO_RETENTION in text:
        return True
    if not isinstance(error, InvalidRequestError):
        return False
    # No conversation could be made: the service does not know how.
    if plan.state == "conversation" and not plan.conversation_id:
        return True
    if _names("store", error):
        return True
    lost = isinstance(error, NotFoundError) or any(words in text for words in _NO_CHAIN)
    return bool(plan.previous_response_id and lost)


def _names(path: str, error: APIError) -> bool:
    """
    Whether an error speaks of a field, by its name or by what it asks for.

    >>> _names("store", APIError("Unknown parameter: 'store'."))
    True
    >>> _names("store", APIError("Items are not persisted when `store` is set to false."))
    False
    """
    text = error.message.lower()
    if error.param == path or any(words in text for words in _ALIASES.get(path, ())):
        return True
    field_name = re.escape(path)
    return bool(re.search(rf"""['"]{field_name}['"]|parameters?:? {field_name}\b""", text))


def _refuses(path: str, error: APIError) -> bool:
    """Whether an error says that a field, or a value of it, is not known or not taken."""
    text = f"{error.code} {error.message}".lower()
    refused = any(word in text for word in ("unsupported", "unknown", "unexpected", "not support"))
    return refused and _names(path, error)


def _loosened(body: Json) -> Json:
    """Return a body whose schemas are not strict."""
    form = value_at(body, "text.format")
    if isinstance(form, dict) and form.get("strict"):
        body = {**body, "text": {**body["text"], "format": {**form, "strict": False}}}
    if any(tool.get("strict") for tool in body.get("tools") or ()):
        tools = [{**t, "strict": False} if t.get("strict") else t for t in body["tools"]]
        body = {**body, "tools": tools}
    return body


# What services say of a field without naming it.
_ALIASES = {
    "reasoning.summary": ("reasoning.summary", "reasoning summar"),
    "include": ("encrypted content is not supported",),
    "store": ("store must be",),
}


def _name_models(live: Sequence[str]) -> str:
    if not live:
        return "The service lists no models."
    more = f" and {len(live) - 12} more" if len(live) > 12 else ""
    return f"Live models: {', '.join(live[:12])}{more}."
