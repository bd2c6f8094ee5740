"""
A fake service with the semantics of the OpenAI Responses API, over a real loopback socket.

    with FakeService() as service:
        service.enqueue(text("Hello"))
        ...  # any client, with service.base_url and service.api_key
        service.requests[0].context
"""

from .answers import (
    Answer,
    calls,
    error,
    events,
    failed,
    function_call,
    html,
    in_stream_error,
    incomplete,
    raw,
    refusal,
    text,
)
from .exchange import Recorded
from .hosted import (
    cited,
    code_interpreter,
    file_search,
    image_generation,
    mcp_approval,
    mcp_call,
    mcp_tools,
    page,
    together,
    web_search,
)
from .profiles import PROFILES
from .service import API_KEY, FakeService
from .summary import summarise

__all__ = [
    "API_KEY",
    "PROFILES",
    "Answer",
    "FakeService",
    "Recorded",
    "calls",
    "cited",
    "code_interpreter",
    "error",
    "events",
    "failed",
    "file_search",
    "function_call",
    "html",
    "image_generation",
    "in_stream_error",
    "incomplete",
    "mcp_approval",
    "mcp_call",
    "mcp_tools",
    "page",
    "raw",
    "refusal",
    "summarise",
    "text",
    "together",
    "web_search",
]
