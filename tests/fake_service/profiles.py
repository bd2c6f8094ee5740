"""The services that the fake can be: a table of how they differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from . import errors
from .errors import Json, ServiceError

Chaining = Literal["chains", "refuses", "ignores"]
Encryption = Literal["sealed", "empty", "plain"]


@dataclass(frozen=True, slots=True)
class Profile:
    """
    How a service behaves.

    Attributes:
        rules: Whose demands on input items hold ("openai", "llama.cpp", "loose").
        previous_response_id: What becomes of it; "ignores" answers without memory.
        stored: Responses and conversations are kept, and their endpoints exist.
        refuses_store: `store: true` is answered with a 400.
        any_model: A model that is not in the list is served as well.
        encrypted_content: What a reasoning item carries.
        stream: The shape of its events, by name (see `shapes.py`).
        constant_ids: Ids repeat from response to response.
        int_codes: The `code` of an error is the HTTP status.
        comments: Comment lines keep the stream alive.
        failures_in_body: A failed response is a JSON error in a 200 answer.
        allowed: The only fields that it takes; another is a 422 or a 400, see `details`.
        details: Errors are `{"detail": …}`.
        chatgpt: The demands of ChatGPT hold.
        owner: Who its models are owned by, as it says.
        headers: What goes with every answer that is no stream.
        greeting: What it says at the root of its address.
    """

    name: str
    rules: Literal["openai", "llama.cpp", "loose"] = "openai"
    previous_response_id: Chaining = "chains"
    stored: bool = True
    refuses_store: bool = False
    any_model: bool = False
    encrypted_content: Encryption = "sealed"
    stream: Literal["openai", "llama.cpp", "ollama", "chatgpt", "transformers", "vllm"] = "openai"
    constant_ids: bool = False
    int_codes: bool = False
    comments: str | None = None
    failures_in_body: bool = False
    allowed: frozenset[str] | None = None
    details: bool = False
    chatgpt: bool = False
    owner: str = "system"
    headers: Mapping[str, str] = field(default_factory=dict)
    greeting: str | None = None

    def error_body(self, error: ServiceError) -> Json:
        """The error as this service words it."""
        if self.details:
            return {"detail": error.message}
        if not self.int_codes:
            return error.body()
        return {"error": {"code": error.status, "message": error.message, "type": error.type}}


_CHATGPT = frozenset(
    {
        *("model", "input", "instructions", "stream", "store", "include", "tools", "tool_choice"),
        *("parallel_tool_calls", "reasoning", "text", "service_tier", "prompt_cache_key"),
    }
)
# What it does not use it takes all the same, if the API had it when it was made.
_TRANSFORMERS = _CHATGPT | {
    *("max_output_tokens", "temperature", "top_p", "metadata", "previous_response_id"),
    *("conversation", "background", "truncation", "user", "generation_config", "seed"),
}

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("openai"),
        Profile(
            "llama.cpp",
            rules="llama.cpp",
            previous_response_id="refuses",
            stored=False,
            any_model=True,
            encrypted_content="empty",
            stream="llama.cpp",
            int_codes=True,
            owner="llamacpp",
            headers={"server": "llama.cpp"},
        ),
        Profile(
            "ollama",
            rules="loose",
            previous_response_id="ignores",
            stored=False,
            any_model=True,
            encrypted_content="plain",
            stream="ollama",
            constant_ids=True,
            owner="library",
            greeting="Ollama is running",
        ),
        Profile(
            "openrouter",
            previous_response_id="refuses",
            stored=False,
            refuses_store=True,
            any_model=True,
            int_codes=True,
            comments=": OPENROUTER PROCESSING",
            failures_in_body=True,
        ),
        Profile("azure"),
        Profile("litellm", any_model=True, headers={"x-litellm-version": "1.109.1"}),
        Profile(
            "lmstudio",
            rules="loose",
            any_model=True,
            encrypted_content="empty",
            owner="organization_owner",
        ),
        Profile(
            "vllm",
            rules="loose",
            any_model=True,
            encrypted_content="empty",
            stream="vllm",
            int_codes=True,
            owner="vllm",
        ),
        Profile(
            "transformers",
            rules="loose",
            previous_response_id="ignores",
            stored=False,
            any_model=True,
            encrypted_content="empty",
            stream="transformers",
            allowed=_TRANSFORMERS,
            details=True,
        ),
        Profile(
            "chatgpt",
            previous_response_id="refuses",
            stored=False,
            stream="chatgpt",
            allowed=_CHATGPT,
            details=True,
            chatgpt=True,
        ),
    )
}


def check_profile(body: Json, profile: Profile) -> None:
    """Refuse what this service has no use for, in its own words."""
    _check_allowed(body, profile)
    if profile.chatgpt:
        _check_chatgpt(body)
    if not isinstance(body.get("input"), str | list) and profile.rules != "openai":
        raise ServiceError(400, "input must be a string or array", param="input")
    if profile.previous_response_id == "refuses" and body.get("previous_response_id"):
        message = f"{profile.name} does not support 'previous_response_id'."
        raise ServiceError(400, message, param="previous_response_id")
    if profile.refuses_store and body.get("store"):
        raise ServiceError(400, "Invalid Responses API request: store must be false", param="store")
    if profile.rules == "llama.cpp" and isinstance(body["input"], list):
        for item in body["input"]:
            _check_llama_item(item)
    if profile.rules == "loose" and isinstance(body["input"], list):
        _check_parts(body["input"])


def _check_allowed(body: Json, profile: Profile) -> None:
    unknown = [name for name in body if profile.allowed is not None and name not in profile.allowed]
    if not unknown:
        return
    if profile.chatgpt:
        raise ServiceError(400, f"Unsupported parameter: {unknown[0]}")
    listed = ", ".join(f"'{name}'" for name in unknown)
    raise ServiceError(422, f"Unexpected fields in the request: {{{listed}}}")


def _check_chatgpt(body: Json) -> None:
    if not body.get("instructions"):
        raise ServiceError(400, "Instructions are required")
    if body.get("store") is not False:
        raise ServiceError(400, "Store must be set to false")
    if body.get("stream") is not True:
        raise ServiceError(400, "Stream must be set to true")
    if not isinstance(body.get("input"), list):
        raise ServiceError(400, "Input must be a list")
    if any(item.get("role") == "system" for item in body["input"]):
        raise ServiceError(400, "System messages are not allowed")


def _check_llama_item(item: Json) -> None:
    kind, role = item.get("type"), item.get("role")
    known = kind in ("function_call", "function_call_output", "reasoning")
    spoken = role in ("user", "system", "developer") or (kind == "message" and role == "assistant")
    if not (known or spoken):
        raise ServiceError(400, "Cannot determine type of 'item'")
    if kind == "reasoning" and not (item.get("content") or [{}])[0].get("text"):
        raise ServiceError(400, "item['content'] is empty")


def _check_parts(items: list[Json]) -> None:
    for item in items:
        content = item.get("content")
        for part in content if isinstance(content, list) else []:
            if part.get("type") not in ("input_text", "input_image", "output_text"):
                raise errors.ServiceError(400, f"unknown content type: {part.get('type')!r}")
