"""What the service keeps: responses, conversations, and what the model saw in each turn."""

import copy
import hashlib
import itertools
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import errors
from .checks import check_body
from .errors import Json
from .items import item_type
from .models import PLAIN, check_model, live_models
from .profiles import Profile, check_profile
from .replay import check_approvals, check_calls, check_pairs, check_seal, seal

_ACCOUNTS = itertools.count(1)


@dataclass
class Turn:
    """A request that passed validation, on its way to an answer."""

    body: Json
    response_id: str
    items: list[Json]
    context: list[Json]
    conversation_id: str | None = None
    created_at: int = field(default_factory=lambda: int(time.time()))

    @property
    def store(self) -> bool:
        """Whether the response is kept; it is, unless the client says no."""
        return self.body.get("store") is not False


class Account:
    """One organisation's data at the service, and the rules about them."""

    def __init__(
        self,
        profile: Profile,
        *,
        models: Iterable[str | Json] | None = None,
        strict: bool = True,
        verified: bool = True,
    ) -> None:
        self.profile = profile
        self.models = live_models(models, profile.owner)
        self.plain_models = set(PLAIN)
        self.strict = strict
        self.verified = verified
        self.responses: dict[str, Json] = {}
        self.conversations: dict[str, Json] = {}
        self.steps: list[str] = ["in_progress"]
        self.pending: dict[str, list[str]] = {}
        self.events: dict[str, list[Json]] = {}
        self.input_items: dict[str, list[Json]] = {}
        self._contexts: dict[str, list[Json]] = {}
        self._stored_items: dict[str, Json] = {}
        self._reasoning_of: dict[str, str] = {}
        self._locked: set[str] = set()
        self._prompts: list[str] = []
        self._name = f"account {next(_ACCOUNTS)}"
        self._ids = itertools.count(1)

    def new_id(self, prefix: str) -> str:
        """An id that was not given out before, unless this service repeats its ids."""
        if self.profile.constant_ids and prefix in ("resp", "rs", "msg"):
            return f"{prefix}_424242"
        digest = hashlib.sha256(f"{self._name}, {next(self._ids)}".encode()).hexdigest()
        return f"{prefix}_{digest[:24] if prefix == 'call' else digest[:48]}"

    def seal(self, item_id: str, model: str) -> str:
        """The encrypted content of a reasoning item of this account."""
        return seal(self._name.encode(), item_id, model)

    def begin(self, body: Json) -> Turn:
        """
        The turn that this request begins, or a ServiceError.

        Its conversation is locked until `end`.
        """
        self._check(body)
        conversation_id = self._conversation_id(body)
        history = self._history(body, conversation_id)
        given = input_items(body)
        items = self._resolved(given, body)
        if self.profile.rules == "openai" and self.strict:
            self._check_seals(given, body["model"])
            check_pairs(items, history, self._reasoning_of)
            check_calls([*history, *items])
            check_approvals([*history, *items])
        if conversation_id is not None:
            self._locked.add(conversation_id)
        response_id = self.new_id("resp")
        return Turn(body, response_id, items, [*history, *items], conversation_id)

    def commit(self, turn: Turn, response: Json) -> None:
        """Keep a response that has come to its end."""
        response_id = response.get("id", turn.response_id)
        if not self.profile.stored:
            return
        self._remember_pairs(response["output"])
        if turn.store:
            given = [{"id": self.new_id("msg"), **item} for item in turn.items]
            self.responses[response_id] = response
            self.input_items[response_id] = given
            self._keep_items([*given, *response["output"]])
        if response["status"] == "failed":
            return
        if turn.store:
            self._contexts[response_id] = [*turn.context, *response["output"]]
        if turn.conversation_id in self.conversations:
            self.append(turn.conversation_id, [*turn.items, *response["output"]])

    def end(self, turn: Turn) -> None:
        """Let the next turn of the conversation begin."""
        self._locked.discard(turn.conversation_id or "")

    def append(self, conversation_id: str, items: Iterable[Json]) -> list[Json]:
        """Add items to a conversation, each with an id."""
        added = [{"id": self.new_id("msg"), **copy.deepcopy(item)} for item in items]
        self.conversations[conversation_id]["items"].extend(added)
        self._keep_items(added)
        return added

    def usage(self, turn: Turn, output: list[Json]) -> Json:
        """A plausible count of tokens: four characters each, a repeated prefix being cached."""
        prompt = _prompt(turn.context, turn.body)
        cached = max((_common(prompt, earlier) for earlier in self._prompts), default=0)
        self._prompts.append(prompt)
        thought = 64 * sum(item["type"] == "reasoning" for item in output)
        said = sum(len(_spoken(item)) for item in output)
        tokens_in, tokens_out = max(len(prompt) // 4, 1), said // 4 + thought + 1
        return {
            "input_tokens": tokens_in,
            "input_tokens_details": {"cached_tokens": min(cached // 4, tokens_in)},
            "output_tokens": tokens_out,
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": tokens_in + tokens_out,
        }

    def count_tokens(self, body: Json) -> int:
        """The input tokens that this request would cost."""
        history = self._history(body, self._conversation_id(body))
        return max(len(_prompt([*history, *input_items(body)], body)) // 4, 1)

    def drop_response(self, response_id: str) -> None:
        """Forget a stored response."""
        del self.responses[response_id]
        self._contexts.pop(response_id, None)

    def _check(self, body: Json) -> None:
        check_profile(body, self.profile)
        if self.profile.rules == "openai" and self.strict:
            check_body(body)
        if not (self.profile.any_model and body.get("model") not in self.models):
            check_model(body, self.models, self.plain_models, verified=self.verified)

    def _conversation_id(self, body: Json) -> str | None:
        named = body.get("conversation")
        if not named or not self.profile.stored:
            return None
        conversation_id: str = named["id"] if isinstance(named, dict) else named
        if conversation_id not in self.conversations:
            raise errors.not_found("Conversation", conversation_id)
        if conversation_id in self._locked:
            raise errors.conversation_locked()
        return conversation_id

    def _history(self, body: Json, conversation_id: str | None) -> list[Json]:
        if conversation_id is not None:
            return list(self.conversations[conversation_id]["items"])
        previous = body.get("previous_response_id")
        if not previous or self.profile.previous_response_id == "ignores":
            return []
        if previous not in self._contexts:
            raise errors.previous_response_not_found(previous)
        return list(self._contexts[previous])

    def _resolved(self, items: list[Json], body: Json) -> list[Json]:
        """The items, with what is stored here in the place of what is only named."""
        if self.profile.rules != "openai":
            return items
        return [self._resolve(item, body) for item in items]

    def _resolve(self, item: Json, body: Json) -> Json:
        kind = item_type(item)
        if kind == "reasoning" and item.get("encrypted_content") is not None:
            return item
        if kind not in ("reasoning", "item_reference"):
            return item
        if item["id"] not in self._stored_items:
            raise errors.item_not_found(item["id"], store=body.get("store") is not False)
        return self._stored_items[item["id"]]

    def _check_seals(self, items: list[Json], model: str) -> None:
        for item in items:
            content = item.get("encrypted_content")
            if item_type(item) == "reasoning" and content is not None:
                check_seal(self._name.encode(), content, item["id"], model)

    def _remember_pairs(self, output: list[Json]) -> None:
        reasoning_id = None
        for item in output:
            if item["type"] == "reasoning":
                reasoning_id = item.get("id")
            elif reasoning_id is not None and "id" in item:
                self._reasoning_of[item["id"]] = reasoning_id

    def _keep_items(self, items: Iterable[Json]) -> None:
        self._stored_items.update({item["id"]: item for item in items if "id" in item})


def input_items(body: Json) -> list[Json]:
    """The input of a request as items; a string is one message of the user."""
    given = body.get("input") or []
    if isinstance(given, str):
        parts = [{"type": "input_text", "text": given}]
        return [{"type": "message", "role": "user", "content": parts}]
    return copy.deepcopy(given)


def _prompt(context: list[Json], body: Json) -> str:
    head = [body.get("instructions"), body.get("tools")]
    # Images do not cost what their base64 would.
    return json.dumps([head, [_without_data(item) for item in context]], ensure_ascii=False)


def _without_data(item: Json) -> Json:
    content = item.get("content")
    if not isinstance(content, list):
        return item
    parts = [{**part, "image_url": "·" * 1000} if "image_url" in part else part for part in content]
    return {**item, "content": parts}


def _spoken(item: Json) -> str:
    if item["type"] == "function_call":
        return str(item["name"]) + str(item["arguments"])
    parts = item.get("content") or []
    return "".join(part.get("text") or part.get("refusal") or "" for part in parts)


def _common(one: str, other: str) -> int:
    """The length of the prefix that two strings share."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
