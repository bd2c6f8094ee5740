"""
The embedded model, as a base URL.

llama.cpp, from the wheel ``xllamacpp``, speaks the Responses API on a loopback port. It runs in a
child process: in the kernel's own it would hold the GIL while it loads, hang a fork, and crash or
block an exit in the middle of an answer. The child ends when its parent does, however that ends.
With the default model it takes about 370 MB of memory.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import field
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from ..errors import ConfigError
from ..records import dataclass
from .model import MODEL_FILE, MODEL_NAME, Progress, fetch_model, model_path, wanted_model

__all__ = [
    "MODEL_NAME",
    "Key",
    "LocalServer",
    "Progress",
    "fetch_model",
    "installed",
    "model_path",
    "running",
    "serve",
    "start",
]


class Key(Enum):
    """What ``start`` does about a key when none is named."""

    RANDOM = "random"


@dataclass(frozen=True)
class LocalServer:
    """
    A running server.

    Attributes:
        base_url: What a client takes as its base URL; it ends in ``/v1``.
        model: The model's name, to send and to show.
        api_key: What the server demands, so that neither another user of the machine nor a web page
            can use it; None if it answers everybody on the machine.
        context_window: How many tokens a question and its answer may have together.
        tools: Whether the model's template has a place for tools; llama.cpp drops them elsewhere.
    """

    base_url: str
    model: str
    api_key: str | None = field(repr=False)
    context_window: int
    tools: bool = False

    def stop(self) -> None:
        """Stop the server; an answer that it is giving breaks off."""
        _servers.stop(self)


def installed() -> bool:
    """Return whether llama.cpp is there, without loading it."""
    return find_spec("xllamacpp") is not None


def running() -> bool:
    """Whether this process has started the embedded model, or another one in its place."""
    return bool(_servers.started)


def start(
    model: str | None = None,
    *,
    port: int = 0,
    api_key: str | Key | None = Key.RANDOM,
    progress: Progress | None = None,
) -> LocalServer:
    """
    Return a server for this model: the one this process has, or else a new one.

    Args:
        model: A GGUF file, ``hf:owner/repo[:file]``, which llama.cpp fetches itself, or the default
            model's name. Without it ``CODEX_MAGIC_LOCAL_MODEL`` decides, or else it is the default.
        port: A loopback port; 0 takes one that is free.
        api_key: The key that the server demands: a random one unless named, none if None.
        progress: Told of the download, if the default model has to be fetched first.
    """
    if not installed():
        raise ConfigError('The embedded model needs xllamacpp: pip install "codex-magic[local]"')
    if port not in range(65_536):
        raise ConfigError(f"There is no port {port}. Name one up to 65535, or 0 for a free one.")
    return _servers.start(wanted_model(model), port, api_key, progress)


def serve(
    model: str | None = None,
    *,
    port: int = 8080,
    api_key: str | None = None,
    out: TextIO | None = None,
) -> None:
    """Serve the model in the foreground until Ctrl-C, to any client of the Responses API."""
    out = out or sys.stdout
    server = start(model, port=port, api_key=api_key, progress=_progress_line(out))
    try:
        out.write(f"{server.model} answers at {server.base_url} until Ctrl-C. For a client:\n")
        out.write(f"OPENAI_BASE_URL={server.base_url}\n")
        out.write(f"OPENAI_API_KEY={'<your key>' if api_key else 'none'}\n")
        out.flush()
        _servers.wait(server)
    except KeyboardInterrupt:
        out.write("Stopped.\n")
    finally:
        server.stop()


def _progress_line(out: TextIO) -> Progress | None:
    """Return what draws the progress of a download on a terminal."""

    def draw(received: int, total: int) -> None:
        end = "\n" if received == total else ""
        out.write(f"\rFetching {MODEL_NAME}: {received / 1e6:.0f} of {total / 1e6:.0f} MB{end}")
        out.flush()

    return draw if out.isatty() else None


_Process = subprocess.Popen[bytes]
_Started = tuple[LocalServer, _Process]


@dataclass(frozen=True)
class _Servers:
    """The servers that this process has started, by what was asked for."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    started: dict[tuple[str, int, str | Key | None], _Started] = field(default_factory=dict)

    def start(
        self, wanted: str, port: int, api_key: str | Key | None, progress: Progress | None
    ) -> LocalServer:
        # Held during a download too: whoever else asks waits for it, rather than fetch it again.
        with self.lock:
            source = _source(wanted, progress)
            question = (source, port, api_key)
            if question in self.started:
                server, process = self.started[question]
                if process.poll() is None:
                    return server
                self.stop(server)
            self.started[question] = _launch(source, port, api_key)
            return self.started[question][0]

    def wait(self, server: LocalServer) -> None:
        """Wait until the server ends by itself, which is an error."""
        process = next(process for known, process in self.started.values() if known is server)
        while process.poll() is None:
            try:
                # In pieces: on Windows, Ctrl-C is only noticed between them.
                process.wait(1)
            except subprocess.TimeoutExpired:
                pass
        raise ConfigError(f"{server.model} ended by itself, with exit code {process.returncode}.")

    def stop(self, *servers: LocalServer) -> None:
        """Stop these servers, or all."""
        for question, (server, process) in list(self.started.items()):
            if not servers or server in servers:
                self.started.pop(question, None)
                _end(process)


def _source(wanted: str, progress: Progress | None) -> str:
    if wanted.startswith("hf:"):
        return wanted
    return str(model_path(wanted) or fetch_model(progress))


def _launch(source: str, port: int, api_key: str | Key | None) -> _Started:
    """Start a child process, and wait until it listens."""
    # Imported here: it costs more than the rest of this module.
    import secrets

    key = secrets.token_urlsafe(32) if isinstance(api_key, Key) else api_key
    name = _name(source)
    settings = {"source": source, "model": name, "port": port, "api_key": key}
    process = _spawn()
    try:
        answer = _converse(process, {**settings, "default": name == MODEL_NAME})
        if "error" in answer:
            raise ConfigError(answer["error"])
    except BaseException:
        _end(process)
        raise
    window, tools = answer["context_window"], answer["tools"]
    return LocalServer(f"{answer['address']}/v1", name, key, window, tools), process


def _name(source: str) -> str:
    if source.startswith("hf:"):
        return source.removeprefix("hf:")
    path = Path(source)
    return MODEL_NAME if path.name == MODEL_FILE else path.stem


def _spawn() -> _Process:
    # The child finds this very package, wherever it was imported from.
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "codex_magic.local.child"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        # Away from the terminal and from the kernel's process group: an interrupt is not for it.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        | getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _converse(process: _Process, settings: dict[str, Any]) -> dict[str, Any]:
    """Tell the child what to load, and return what it says once that is done."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(settings).encode() + b"\n")
    except BrokenPipeError:
        pass  # It has ended: the empty line that follows says so.
    line = process.stdout.readline()
    if not line:
        code = process.wait()
        return {"error": f"llama.cpp ended with exit code {code} while it loaded the model."}
    answer: dict[str, Any] = json.loads(line)
    return answer


def _end(process: _Process) -> None:
    process.kill()
    process.wait()
    _let_go(process)


def _let_go(process: _Process) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _after_fork() -> None:
    """Forget the parent's servers in a forked child, and keep none of them alive."""
    global _servers
    for _, process in _servers.started.values():
        _let_go(process)
        # It is not this process's child: there is nothing to wait for.
        process.returncode = 0
    _servers = _Servers()


def _stop_all() -> None:
    _servers.stop()


_servers = _Servers()
atexit.register(_stop_all)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
