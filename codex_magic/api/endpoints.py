"""The addresses of the API's endpoints, and how to tell that a service lacks one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ..errors import APIStatusError, InvalidRequestError, NotFoundError
from ..patterns import late
from .auth import Service
from .failures import error_from_answer, secrets_of
from .transport import Answer, Request

# What servers and gateways say where they have no such address; whoever misses an object names it.
_NO_ADDRESS = late(
    r"invalid url\b.*|(error: )?(404 )?((file|page|path|route|url|endpoint|resource) )?not found\.?"
    r"|(404 )?page not found.*|cannot (get|post|delete) .*|method not allowed.*"
    r"|.*requested url.*not found.*|.*no (static )?(route|resource|handler)\b.*|http 40[45] .*"
    r"|404 not found.*|(unknown|unsupported) (endpoint|route|path|url)\b.*",
    re.IGNORECASE | re.DOTALL,
)
# The names in an address; what stands between them are ids.
_NAMES = frozenset(
    {"responses", "compact", "input_tokens", "input_items", "cancel", "conversations", "items"}
    | {"models"}
)


def path_of(endpoint: str, ids: Mapping[str, str]) -> str:
    """
    Return an endpoint's path with ids in it, encoded so that they stay what they are.

    Raises:
        InvalidRequestError: An id is empty, or is no text.

    >>> path_of("/responses/{response_id}/cancel", {"response_id": "a/b?c"})
    '/responses/a%2Fb%3Fc/cancel'
    """
    return endpoint.format_map({name: _segment(name, value) for name, value in ids.items()})


def query_of(values: Mapping[str, Any]) -> str:
    """
    Return a query string; what is None is left out.

    >>> query_of({"stream": True, "after": None, "include": ["a b"]})
    'stream=true&include%5B%5D=a+b'
    """
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, list | tuple):
            pairs += [(f"{name}[]", _text(member)) for member in value]
        elif value is not None:
            pairs.append((name, _text(value)))
    return urlencode(pairs)


def check_answer(service: Service, request: Request, answer: Answer) -> None:
    """
    Raise the error that an answer stands for, if it stands for one.

    Raises:
        NotFoundError: The service lacks what was asked for, or the endpoint itself.
        APIStatusError: It says anything else but a success.
    """
    if answer.ok:
        return
    # No variable holds the keys: some tools write those of every frame into a log.
    error = error_from_answer(
        answer.status, answer.headers, answer.body, secrets=secrets_of(request.headers)
    )
    if not _is_address_missing(error):
        raise error
    raise NotFoundError(
        f"{_host(request)} has no {_endpoint(service, request)} here: "
        f"{request.method} was answered with {_told(error)}.",
        status_code=error.status_code,
        code=error.code,
        param=error.param,
        body=error.body,
        request_id=error.request_id,
    )


def _is_address_missing(error: APIStatusError) -> bool:
    if error.status_code == 405:
        return True
    return error.status_code == 404 and bool(_NO_ADDRESS.fullmatch(error.message.strip()))


def _endpoint(service: Service, request: Request) -> str:
    base = urlsplit(service.base_url).path.rstrip("/")
    path = urlsplit(request.url).path.removeprefix(base)
    words = [word if word in _NAMES else "{id}" for word in path.strip("/").split("/")]
    return f"/{'/'.join(words)}"


def _host(request: Request) -> str:
    return urlsplit(request.url).hostname or request.url


def _told(error: APIStatusError) -> str:
    message = error.message.strip().rstrip(".")
    return message if str(error.status_code) in message else f"{error.status_code}, {message!r}"


def _segment(name: str, value: str) -> str:
    if not isinstance(value, str) or not value.strip() or value in (".", ".."):
        raise InvalidRequestError(f"{name} is {value!r}, which is no id. Nothing was sent.")
    return quote(value, safe="")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
