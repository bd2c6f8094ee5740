"""Tools that the service runs, by the names that people type."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from ..api.items import Json
from ..errors import ConfigError

# https://platform.openai.com/docs/guides/tools
PLAIN: dict[str, Json] = {
    "web_search": {"type": "web_search"},
    "code_interpreter": {"type": "code_interpreter", "container": {"type": "auto"}},
    "image_generation": {"type": "image_generation"},
}
WITH_VALUE = ("file_search", "mcp")
FORMS = (*PLAIN, "file_search:vs_…", "mcp:https://…")

# What of a host's name says nothing of whose server it is.
_COMMON = frozenset({"mcp", "www", "api", "remote", "server", "co", "com"})


def is_hosted(spec: str) -> bool:
    """
    Whether a name is that of a tool that the service runs.

    >>> is_hosted("mcp:https://mcp.example.com"), is_hosted("web_search"), is_hosted("fetch")
    (True, True, False)
    """
    return spec.partition(":")[0] in (*PLAIN, *WITH_VALUE)


def hosted(spec: str, taken: Collection[str] = ()) -> Json:
    """
    Return a tool that the service runs.

    Args:
        spec: ``web_search``, ``code_interpreter``, ``image_generation``,
            ``file_search:vs_…`` (several with commas), or ``mcp:https://…``.
        taken: The labels of servers that are there already.

    Raises:
        ConfigError: There is none of that name, or what has to follow the colon is missing.

    >>> hosted("file_search:vs_1,vs_2")
    {'type': 'file_search', 'vector_store_ids': ['vs_1', 'vs_2']}
    >>> hosted("mcp:https://mcp.example.com/sse")["server_label"]
    'example'
    """
    kind, colon, value = (part.strip() for part in spec.partition(":"))
    if kind in PLAIN and not colon:
        return dict(PLAIN[kind])
    if kind in PLAIN:
        raise ConfigError(f"{kind} takes nothing after a colon: write -t {kind}.")
    if kind == "file_search":
        return _file_search(value)
    if kind == "mcp":
        return _server(value, taken)
    raise ConfigError(f"There is no hosted tool {kind!r}. There are {', '.join(FORMS)}.")


def _file_search(value: str) -> Json:
    stores = [name.strip() for name in value.split(",") if name.strip()]
    wrong = [name for name in stores if not name.startswith("vs_")]
    if wrong or not stores:
        said = f"{wrong[0]!r} is none. " if wrong else ""
        raise ConfigError(
            f"file_search needs the id of a vector store. {said}Write -t file_search:vs_…."
        )
    return {"type": "file_search", "vector_store_ids": stores}


def _server(address: str, taken: Collection[str]) -> Json:
    try:
        url = urlsplit(address)
        host = url.hostname
    except ValueError:
        host = None
    if host is None or url.scheme not in ("http", "https"):
        raise ConfigError(
            f"mcp needs the address of a server, not {address!r}. Write -t mcp:https://…."
        )
    if url.username or url.password:
        raise ConfigError(
            "An address with a password in it would be shown and kept. Give the tool in Python: "
            'tools=[{"type": "mcp", "server_label": …, "server_url": …, "authorization": …}].'
        )
    return {
        "type": "mcp",
        "server_label": _label(host, taken),
        "server_url": address,
        "require_approval": "always",
    }


def _label(host: str, taken: Collection[str]) -> str:
    """
    Return a short name for a server, from its host.

    >>> _label("mcp.deepwiki.com", ()), _label("mcp.deepwiki.com", ["deepwiki"])
    ('deepwiki', 'deepwiki_2')
    >>> _label("127.0.0.1", ()), _label("localhost", ())
    ('server_127_0_0_1', 'localhost')
    """
    parts = host.split(".")
    is_name = re.fullmatch(r"[a-z][a-z0-9-]*", parts[-1])
    named = [part for part in parts[:-1] if part not in _COMMON] if is_name else [host]
    label = re.sub(r"[^A-Za-z0-9_-]+", "_", named[-1] if named else host).strip("_")
    label = label if label[:1].isalpha() else f"server_{label}"
    number, found = 1, label
    while found in taken:
        number += 1
        found = f"{label}_{number}"
    return found
