"""
What each service accepts, omits and does differently, as one table.

Every oddity of a service stands here and nowhere else. The facts are from the services' own
sources and documentation; where nothing is established, the cautious answer is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

ReasoningPolicy = Literal["encrypted", "content", "drop"]
# "unsure": the service may ignore the field without a word; its echo in the response tells.
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
        omits: Parameters that it does not know; ours are left out for it.
        chains: Whether ``previous_response_id`` works.
        conversations: Whether ``conversation`` works.
        reasoning: What of a reasoning item a later request may carry: its sealed content, its
            plain content, or nothing.
        phases: Whether a message's ``phase`` is understood.
        bare_text: Whether an earlier answer goes back as a plain string instead of parts.
        vision: Whether it takes images; None where that depends on the model.
        key_header: The header that carries the key.
    """

    name: str
    title: str
    hosts: tuple[str, ...] = ()
    base_url: str | None = None
    omits: frozenset[str] = frozenset()
    chains: Support = "unsure"
    conversations: Support = "unsure"
    reasoning: ReasoningPolicy = "drop"
    phases: bool = False
    bare_text: bool = True
    vision: bool | None = None
    key_header: Literal["Authorization", "api-key"] = "Authorization"


OPENAI = Backend(
    name="openai",
    title="OpenAI",
    hosts=("api.openai.com", ".api.openai.com"),
    base_url="https://api.openai.com/v1",
    chains="yes",
    conversations="yes",
    reasoning="encrypted",
    phases=True,
    bare_text=False,
)

AZURE = Backend(
    name="azure",
    title="Azure OpenAI",
    hosts=(".openai.azure.com", ".services.ai.azure.com"),
    chains="yes",
    conversations="unsure",
    reasoning="encrypted",
    phases=True,
    bare_text=False,
    key_header="api-key",
)

LLAMA_CPP = Backend(
    name="llama.cpp",
    title="llama.cpp",
    base_url="http://localhost:8080/v1",
    # It ignores what it does not know; what is left out here would only mislead a reader.
    omits=frozenset({"store", "include", "reasoning.summary", "text.verbosity"}),
    chains="no",
    conversations="no",
    reasoning="content",
    bare_text=False,
)

LOCAL = Backend(
    name="local",
    title="the embedded model",
    omits=LLAMA_CPP.omits,
    chains="no",
    conversations="no",
    reasoning="content",
    bare_text=False,
    vision=False,
)

# A service that nobody described: what is sent is what every service takes; `store` goes out
# because a gateway may stand before a service that stores unless it is told not to.
UNKNOWN = Backend(name="unknown", title="an unknown service", reasoning="encrypted")

BACKENDS = {backend.name: backend for backend in (OPENAI, AZURE, LLAMA_CPP, LOCAL, UNKNOWN)}


def detect_backend(base_url: str) -> Backend:
    """
    Return the service that lives at an address.

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


def _is_host(host: str, known: str) -> bool:
    return host.endswith(known) if known.startswith(".") else host == known
