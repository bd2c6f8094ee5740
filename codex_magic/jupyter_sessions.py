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


# What JupyterLab and Notebook 7 have where widgets can be shown.
_WIDGETS = "lab/extensions/@jupyter-widgets/jupyterlab-manager/package.json"


def shows_widgets(connection_file: str) -> bool | None:
    """
    Whether the server of this kernel has what shows widgets; None where it does not say.

    It may run in another environment than the kernel, which has its own copy.

    Args:
        connection_file: The kernel's; its server's description lies beside it.
    """
    for server in _servers(connection_file):
        answer = _answer(server, _WIDGETS)
        if answer is not None:
            return answer[0] == 200
    return None


def session_path(connection_file: str) -> str:
    """
    Return the path of this kernel's notebook, also after it was renamed; empty if nobody knows.

    Only the server that started this kernel is asked, and only at a loopback address: the token
    goes nowhere else.

    Args:
        connection_file: The kernel's; its server's description lies beside it.
    """
    kernel = _KERNEL.fullmatch(os.path.basename(connection_file))
    if not kernel:
        return ""
    for server in _servers(connection_file):
        sessions = _sessions(server)
        if sessions is not None:
            return _path(sessions, kernel[1], str(server.get("root_dir") or ""))
    return ""


def _servers(connection_file: str) -> list[dict[str, Any]]:
    """Return what is written down of the servers that may have started this kernel."""
    folder = os.path.dirname(connection_file)
    processes = {os.environ.get("JPY_PARENT_PID", ""), str(os.getppid())}
    found = [_read(os.path.join(folder, f"jpserver-{process}.json")) for process in processes]
    return [server for server in found if server]


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            server = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return server if isinstance(server, dict) else {}


def _sessions(server: dict[str, Any]) -> Any:
    """Return the server's sessions, or None where it does not answer."""
    answer = _answer(server, "api/sessions")
    if answer is None or answer[0] != 200:
        return None
    try:
        return json.loads(answer[1])
    except (ValueError, RecursionError):
        return None


def _answer(server: dict[str, Any], path: str) -> tuple[int, bytes] | None:
    """Return the status and the body of what a server has at a path; None where it is silent."""
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
            f"{str(server.get('base_url') or '/').rstrip('/')}/{path}",
            headers={"Authorization": f"token {token}"} if token else {},
        )
        answer = connection.getresponse()
        return answer.status, answer.read(_LARGEST)
    except (OSError, HTTPException):
        _silent[address[0] + str(address[1])] = time.monotonic() + _PAUSE
    except ValueError:
        # What is written down of the server makes no request.
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
