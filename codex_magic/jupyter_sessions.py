"""What a Jupyter server says about the notebook of this kernel."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import time
from typing import Any

# Seconds that a server may take: it answers in ten milliseconds, and is never needed.
_PATIENCE = 0.5
# Seconds for which a server that did not answer is left alone.
_PAUSE = 60.0
_LARGEST = 4_000_000
_KERNEL = re.compile(r"kernel-(.+)\.json")
_EVERYWHERE = ("", "*", "0.0.0.0", "::")

_silent: dict[str, float] = {}


def session_path(connection_file: str) -> str:
    """
    Return the path of this kernel's notebook, also after it was renamed; empty if nobody knows.

    Only the server that started this kernel is asked, and only at a loopback address: the token
    goes nowhere else.

    Args:
        connection_file: The kernel's; its server's description lies beside it.
    """
    folder, name = os.path.split(connection_file)
    kernel = _KERNEL.fullmatch(name)
    if not kernel:
        return ""
    for process in {os.environ.get("JPY_PARENT_PID", ""), str(os.getppid())}:
        server = _read(os.path.join(folder, f"jpserver-{process}.json"))
        sessions = _sessions(server) if server else None
        if sessions is not None:
            return _path(sessions, kernel[1], str(server.get("root_dir") or ""))
    return ""


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            server = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return server if isinstance(server, dict) else {}


def _sessions(server: dict[str, Any]) -> Any:
    """Return the server's sessions, or None where it does not answer."""
    address = _address(server)
    if address is None or _silent.get(address[0] + str(address[1]), 0) > time.monotonic():
        return None
    # Half of the standard library's network code: not while loading.
    from http.client import HTTPConnection, HTTPException

    # It neither asks a proxy nor follows a redirection, which would take the token elsewhere.
    connection = HTTPConnection(*address, timeout=_PATIENCE)
    token = server.get("token")
    try:
        connection.request(
            "GET",
            f"{str(server.get('base_url') or '/').rstrip('/')}/api/sessions",
            headers={"Authorization": f"token {token}"} if token else {},
        )
        answer = connection.getresponse()
        return json.loads(answer.read(_LARGEST)) if answer.status == 200 else None
    except (OSError, HTTPException):
        _silent[address[0] + str(address[1])] = time.monotonic() + _PAUSE
    except (ValueError, RecursionError):
        pass
    finally:
        connection.close()
    return None


def _address(server: dict[str, Any]) -> tuple[str, int] | None:
    """Return where a server listens on this machine, without TLS; None where it does not."""
    host, port = server.get("hostname"), server.get("port")
    if server.get("sock") or server.get("secure") or not isinstance(host, str):
        return None
    if not isinstance(port, int) or not 0 < port < 65_536:
        return None
    if host in _EVERYWHERE:
        return "127.0.0.1", port
    return (host, port) if _loopback(host) else None


def _loopback(host: str) -> bool:
    """
    Whether a host is this machine, by its name alone.

    >>> [_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "example.org", "10.0.0.1")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _path(sessions: Any, kernel: str, root: str) -> str:
    """Return the path of a kernel's session, as a file of this machine."""
    for session in sessions if isinstance(sessions, list) else ():
        try:
            if session["kernel"]["id"] == kernel and session.get("type", "notebook") == "notebook":
                # Notebooks that are edited together have a drive's name before their own.
                path = str(session["path"]).removeprefix("RTC:")
                return os.path.join(root, *path.split("/"))
        except (LookupError, TypeError, AttributeError):
            continue
    return ""
