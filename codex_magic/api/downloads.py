"""A file from an address that the user wrote: no key goes along, and no more comes than wanted."""

from __future__ import annotations

from contextlib import aclosing
from urllib.parse import urljoin, urlsplit

from ..errors import ContextError
from .transport import AsyncTransport, Request

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SILENCE = 30.0
# Characters of an address that a server chose, in a message.
_SHOWN = 200
_HEADERS = {"Accept": "*/*", "User-Agent": "codex-magic"}


async def download(transport: AsyncTransport, address: str, most: int) -> tuple[bytes, str]:
    """
    Return what is at an address, and its type.

    Args:
        transport: The connections.
        address: It begins with ``https://`` or ``http://``.
        most: Bytes; a larger file is not read to its end.

    Raises:
        ContextError: There is nothing, or too much.
        APIConnectionError: Nobody answers.
        StreamError: The answer breaks off.
    """
    where = address
    for _ in range(_MOST_REDIRECTS + 1):
        async with transport.stream(Request("GET", where, _HEADERS, timeout=_SILENCE)) as incoming:
            if incoming.status in _REDIRECTS and "location" in incoming.headers:
                where = _next(where, incoming.headers["location"], address)
                continue
            if not 200 <= incoming.status < 300:
                raise ContextError(f"{address} answers with {incoming.status}: check the address.")
            body = bytearray()
            async with aclosing(incoming.chunks()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > most:
                        raise ContextError(
                            f"{address} has more than {most / 1e6:.0f} MB: download it, and send "
                            "a part of it."
                        )
            return bytes(body), incoming.headers.get("content-type", "")
    raise ContextError(f"{address} leads on and on: give the address of the file itself.")


def _next(where: str, location: str, address: str) -> str:
    target = urljoin(where, location)
    wanted = ("https",) if urlsplit(where).scheme == "https" else ("https", "http")
    if urlsplit(target).scheme not in wanted:
        raise ContextError(
            f"{address} leads to {target[:_SHOWN]!r}, which is not {' or '.join(wanted)}: nothing "
            "was fetched. Give the address of the file itself."
        )
    return target
