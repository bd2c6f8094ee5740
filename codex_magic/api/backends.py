"""
What each service accepts, omits and does differently, as one table.

Every oddity of a service stands here and nowhere else. The facts are from the services' own
sources and documentation; where nothing is established, the cautious answer is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal
from urllib.parse import urlsplit

from ..records import dataclass

ReasoningPolicy = Literal["encrypted", "content", "drop"]
# "unsure": the service may ignore the field without a word.
Support = Literal["yes", "no", "unsure"]


@dataclass(frozen=True, slots=True)
class Backend:
    """
    One kind of service.

    Attributes:
        name: What a setting calls it.
        title: What a person calls it.
        hosts: Host names (or their endings, with a leading dot) that it is recognised by.
        base_url: Where it is, if nothing else is said.
        key_variable: The environment variable that its key is in.
        key_required: Whether it answers nobody without a key.
        key_header: The header that carries the key.
        omits: Dotted parameters that it ignores or refuses.
        accepts: All parameters that it does not refuse; None where it refuses none of the API's.
        untested: Parameters of which nothing is known here: only a user's own are sent.
        fixed: Parameters that it takes in one form only.
        chains: Whether ``previous_response_id`` works.
        conversations: Whether ``conversation`` works.
        background: Whether ``background`` works; "stored" only with ``store``, "no" is an error.
        reasoning: What of a reasoning item a later request may carry: its sealed content, its
            plain content, or nothing.
        phases: Whether a message's ``phase`` is understood.
        bare_text: Whether an earlier answer goes back as a plain string instead of parts.
        system_role: Whether a message may have the role "system".
        text_input: Whether the input may be a string.
        message_first: Whether the input has to begin with a message.
        needs_instructions: Whether there have to be instructions.
        vision: Whether it takes images; None where that depends on the model.
        image_urls: Whether it fetches images, or takes them as data only.
        files: Whether it takes ``input_file``.
        hosted_tools: The types of tools that it runs itself; None for all of the API's.
        tool_choice: Whether it reads it, and how a named function is written.
        tiers: The values of ``service_tier`` that it takes; None for all.
        enforces_schema: Whether an answer is bound to follow a schema; "unsure" sends the schema,
            and reads the answer with patience.
        json_mode: Whether ``json_object`` works.
        schema_field: Where the schema of the answer goes.
        truncates: Whether it drops the oldest messages without a word where all do not fit.
    """

    name: str
    title: str
    hosts: tuple[str, ...] = ()
    base_url: str | None = None
    key_variable: str | None = None
    key_required: bool = False
    key_header: Literal["Authorization", "api-key"] = "Authorization"
    omits: frozenset[str] = frozenset()
    accepts: frozenset[str] | None = None
    untested: frozenset[str] = frozenset()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    chains: Support = "unsure"
    conversations: Support = "unsure"
    background: Literal["yes", "stored", "ignored", "no"] = "yes"
    reasoning: ReasoningPolicy = "drop"
    phases: bool = False
    bare_text: bool = True
    system_role: bool = True
    text_input: bool = True
    message_first: bool = False
    needs_instructions: bool = False
    vision: bool | None = None
    image_urls: bool = True
    files: bool = True
    hosted_tools: frozenset[str] | None = None
    tool_choice: Literal["responses", "chat", "ignored"] = "responses"
    tiers: frozenset[str] | None = None
    enforces_schema: Support = "unsure"
    json_mode: bool = True
    schema_field: Literal["text.format", "response_format"] = "text.format"
    truncates: bool = False


_NONE: frozenset[str] = frozenset()
# What a server of one's own has no use for; what is left out would only mislead a reader.
_LOCAL_OMITS = frozenset(
    {
        *("store", "include", "reasoning.summary", "text.verbosity", "metadata", "service_tier"),
        *("truncation", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
        *("safety_identifier", "user", "context_management", "moderation", "prompt"),
        *("max_tool_calls", "stream_options"),
    }
)

OPENAI = Backend(
    name="openai",
    title="OpenAI",
    hosts=("api.openai.com", ".api.openai.com"),
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    key_required=True,
    chains="yes",
    conversations="yes",
    background="stored",
    reasoning="encrypted",
    phases=True,
    bare_text=False,
    enforces_schema="yes",
)

AZURE = Backend(
    name="azure",
    title="Azure OpenAI",
    hosts=(".openai.azure.com", ".services.ai.azure.com"),
    key_variable="AZURE_OPENAI_API_KEY",
    key_required=True,
    key_header="api-key",
    untested=frozenset({"context_management"}),
    chains="yes",
    conversations="unsure",
    background="stored",
    reasoning="encrypted",
    phases=True,
    bare_text=False,
    enforces_schema="yes",
)

# The login of the Codex CLI, which a user has to choose by name: it is for nobody else's programs.
CHATGPT = Backend(
    name="chatgpt",
    title="ChatGPT",
    hosts=("chatgpt.com",),
    base_url="https://chatgpt.com/backend-api/codex",
    key_required=True,
    accepts=frozenset(
        {
            *("model", "input", "instructions", "stream", "store", "include", "tools"),
            *("tool_choice", "parallel_tool_calls", "reasoning", "text", "service_tier"),
            "prompt_cache_key",
        }
    ),
    fixed={"store": False, "stream": True},
    chains="no",
    conversations="no",
    background="no",
    reasoning="encrypted",
    phases=True,
    bare_text=False,
    system_role=False,
    text_input=False,
    needs_instructions=True,
    hosted_tools=frozenset({"web_search", "image_generation"}),
    tiers=frozenset({"default", "priority"}),
    enforces_schema="yes",
)

OPENROUTER = Backend(
    name="openrouter",
    title="OpenRouter",
    hosts=("openrouter.ai",),
    base_url="https://openrouter.ai/api/v1",
    key_variable="OPENROUTER_API_KEY",
    key_required=True,
    untested=frozenset({"truncation", "context_management"}),
    fixed={"store": False},
    chains="no",
    conversations="no",
    background="no",
    # Its models are many; the seal is of those that are OpenAI's.
    reasoning="encrypted",
)

LITELLM = Backend(
    name="litellm",
    title="LiteLLM",
    base_url="http://localhost:4000/v1",
    key_variable="LITELLM_API_KEY",
    chains="unsure",
    conversations="unsure",
    reasoning="encrypted",
)

VLLM = Backend(
    name="vllm",
    title="vLLM",
    base_url="http://localhost:8000/v1",
    key_variable="VLLM_API_KEY",
    omits=frozenset(
        {
            *("include", "reasoning.summary", "text.verbosity", "prompt_cache_key"),
            *("safety_identifier", "user"),
        }
    ),
    chains="unsure",
    conversations="no",
    background="stored",
    reasoning="content",
    tiers=frozenset({"auto", "default", "flex", "scale", "priority"}),
    enforces_schema="yes",
    json_mode=False,
)

OLLAMA = Backend(
    name="ollama",
    title="Ollama",
    base_url="http://localhost:11434/v1",
    omits=_LOCAL_OMITS | {"parallel_tool_calls"},
    chains="no",
    conversations="no",
    background="ignored",
    # What it calls encrypted content is the plain thought; it reads it as one.
    reasoning="drop",
    image_urls=False,
    hosted_tools=_NONE,
    tool_choice="ignored",
    enforces_schema="yes",
    json_mode=False,
    truncates=True,
)

LM_STUDIO = Backend(
    name="lmstudio",
    title="LM Studio",
    base_url="http://localhost:1234/v1",
    omits=frozenset({"include", "text.verbosity", "prompt_cache_key", "safety_identifier", "user"}),
    untested=frozenset({"reasoning.summary"}),
    chains="yes",
    conversations="no",
    background="no",
    reasoning="drop",
    hosted_tools=frozenset({"mcp"}),
)

TRANSFORMERS = Backend(
    name="transformers",
    title="transformers serve",
    base_url="http://localhost:8000/v1",
    omits=_LOCAL_OMITS | {"parallel_tool_calls", "tool_choice"},
    # It answers 422 to a field that it has not heard of.
    accepts=frozenset(
        {
            *("model", "input", "instructions", "stream", "max_output_tokens", "temperature"),
            *("top_p", "tools", "reasoning", "text", "generation_config", "seed"),
        }
    ),
    chains="no",
    conversations="no",
    background="ignored",
    reasoning="content",
    message_first=True,
    hosted_tools=_NONE,
    tool_choice="ignored",
    enforces_schema="no",
    json_mode=False,
)

LLAMA_CPP = Backend(
    name="llama.cpp",
    title="llama.cpp",
    base_url="http://localhost:8080/v1",
    key_variable="LLAMA_API_KEY",
    omits=_LOCAL_OMITS,
    chains="no",
    conversations="no",
    background="ignored",
    reasoning="content",
    bare_text=False,
    files=False,
    hosted_tools=_NONE,
    tool_choice="chat",
    enforces_schema="yes",
    schema_field="response_format",
)

LOCAL = Backend(
    name="local",
    title="the embedded model",
    omits=_LOCAL_OMITS,
    chains="no",
    conversations="no",
    background="ignored",
    reasoning="content",
    bare_text=False,
    vision=False,
    files=False,
    hosted_tools=_NONE,
    tool_choice="chat",
    enforces_schema="yes",
    schema_field="response_format",
)

# A service that nobody described: what is sent is what every service takes; `store` goes out
# because a gateway may stand before a service that stores unless it is told not to.
UNKNOWN = Backend(name="unknown", title="an unknown service", reasoning="encrypted")

BACKENDS = {
    backend.name: backend
    for backend in (
        *(OPENAI, AZURE, CHATGPT, OPENROUTER, LITELLM, VLLM, OLLAMA, LM_STUDIO, TRANSFORMERS),
        *(LLAMA_CPP, LOCAL, UNKNOWN),
    )
}
# Who a model says it is owned by, and a server that it is: what a probe of `/models` tells.
_OWNERS = {
    "llamacpp": LLAMA_CPP,
    "vllm": VLLM,
    "library": OLLAMA,
    "organization_owner": LM_STUDIO,
}
_SERVERS = {"llama.cpp": LLAMA_CPP}
# A header that only one service sends.
_SIGNS = {"x-litellm-version": LITELLM}


def detect_backend(base_url: str) -> Backend:
    """
    Return the service that lives at an address.

    A port tells nothing: several services have the same one, and anything can be put there.

    >>> detect_backend("https://eu.api.openai.com/v1").name
    'openai'
    >>> detect_backend("http://127.0.0.1:9999/v1").name
    'unknown'
    """
    host = (urlsplit(base_url).hostname or "").lower()
    for backend in BACKENDS.values():
        if any(_is_host(host, known) for known in backend.hosts):
            return backend
    return UNKNOWN


def probed_backend(headers: Mapping[str, str], models: Any = None) -> Backend:
    """
    Return the service that answered ``GET /models``, or the unknown one.

    Args:
        headers: Of the answer.
        models: Its decoded body.

    >>> probed_backend({"Server": "llama.cpp"}).name
    'llama.cpp'
    >>> probed_backend({}, {"data": [{"id": "m", "owned_by": "vllm"}]}).name
    'vllm'
    """
    known = {name.lower(): value for name, value in headers.items()}
    server = known.get("server", "").lower()
    found = _SERVERS.get(server) or next((_SIGNS[name] for name in _SIGNS if name in known), None)
    return found or _owner(models) or UNKNOWN


def _owner(models: Any) -> Backend | None:
    listed = models.get("data") if isinstance(models, Mapping) else None
    entries = listed if isinstance(listed, list) else ()
    entries = [entry for entry in entries if isinstance(entry, Mapping)]
    owners = {str(entry.get("owned_by") or "").lower() for entry in entries}
    found = {_OWNERS[owner].name for owner in owners if owner in _OWNERS}
    # A gateway lists the models of several services: then it is none of them.
    return BACKENDS[found.pop()] if len(found) == len(owners) == 1 else None


def _is_host(host: str, known: str) -> bool:
    return host.endswith(known) if known.startswith(".") else host == known
