"""
The process that holds llama.cpp: ``python -m codex_magic.local.child``.

It reads its settings from standard input, answers with one line of JSON, and serves until standard
input is closed, which also happens when its parent is killed.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
from typing import Any, NoReturn
from urllib.parse import urlsplit

CONTEXT_WINDOW = 8192


def main() -> NoReturn:
    """Serve for the parent process."""
    answer_to = _silence()
    settings = json.loads(sys.stdin.readline())
    try:
        server = load(settings)
        answer = {
            "address": server.listening_address,
            **_properties(server.listening_address, settings["api_key"]),
        }
    except (ImportError, RuntimeError, ValueError, OSError) as exc:
        answer = {"error": _explain(settings, exc)}
    os.write(answer_to, json.dumps(answer).encode() + b"\n")
    if "error" not in answer:
        sys.stdin.read()
    # Without the interpreter's farewell: to free a server that is answering would wait for ever.
    os._exit(0)


def load(settings: dict[str, Any]) -> Any:
    """Return llama.cpp's server for these settings, with what Hugging Face has cached if it can."""
    import xllamacpp

    parameters = _parameters(xllamacpp.CommonParams(), settings)
    if settings["source"].startswith("hf:"):
        parameters.offline = True
        try:
            return xllamacpp.Server(parameters)
        except RuntimeError:
            parameters.offline = False
    return xllamacpp.Server(parameters)


def _parameters(parameters: Any, settings: dict[str, Any]) -> Any:
    _name_model(parameters, settings["source"])
    parameters.model_alias = {settings["model"]}
    parameters.n_ctx = CONTEXT_WINDOW
    parameters.n_parallel = 1
    parameters.port = settings["port"]
    parameters.api_keys = [settings["api_key"]] if settings["api_key"] else []
    parameters.ui = False
    # No web page may read an answer.
    parameters.cors_origins = ""
    parameters.cors_credentials = False
    parameters.verbosity = -1
    # llama.cpp would keep up to 8 GB of earlier prompts; the current one is kept anyway.
    parameters.cache_ram_mib = 0
    # Finding out what fits takes as long as loading, and the default model always fits.
    parameters.fit_params = not settings["default"]
    threads = _thread_limit()
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    return parameters


def _name_model(parameters: Any, source: str) -> None:
    if not source.startswith("hf:"):
        parameters.model.path = source
        return
    repository, _, name = source.removeprefix("hf:").partition(":")
    if name.endswith(".gguf"):
        parameters.model.hf_file = name
        name = ""
    parameters.model.hf_repo = f"{repository}:{name}" if name else repository
    parameters.hf_token = os.environ.get("HF_TOKEN", "")
    # xllamacpp insists on a path, and llama.cpp then puts the fetched file's in its place.
    parameters.model.path = "fetched"


def _thread_limit() -> int:
    """Return how many threads may compute; -1 lets llama.cpp count the real cores itself."""
    cores = os.cpu_count() or 1
    share = min(_allowed_cores(cores), _container_cores(cores))
    return -1 if share >= cores else share


def _allowed_cores(cores: int) -> int:
    # Only Linux and some BSDs have it.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else cores


def _container_cores(cores: int) -> int:
    """Return the share that a container has, which sees all the machine's cores all the same."""
    # https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return cores


def _properties(address: str, api_key: str | None) -> dict[str, Any]:
    """
    Return what llama.cpp says of the model.

    A model may have been trained on a smaller window than was asked for, and its template may have
    no place for tools.
    """
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    connection.request("GET", "/props", headers=headers)
    with connection.getresponse() as response:
        found = json.load(response)
    capable = found.get("chat_template_caps") or {}
    return {
        "context_window": int(found["default_generation_settings"]["n_ctx"]),
        # A version that does not say is believed to have them, and the model's answer shows.
        "tools": bool(capable.get("supports_tools", True)),
    }


def _explain(settings: dict[str, Any], error: Exception) -> str:
    source, port = settings["source"], settings["port"]
    if isinstance(error, ImportError):
        return f"xllamacpp is installed, but cannot be loaded: {error}"
    if port and (reason := _refusal(port)):
        return f"Port {port} cannot be used: {reason}. Name another, or 0 for any that is free."
    if source.startswith("hf:"):
        return (
            f"llama.cpp cannot fetch or load {source!r}. Check the name and the connection; "
            "a model with restricted access needs HF_TOKEN."
        )
    return f"llama.cpp cannot load {source!r}. It takes the GGUF file of a text model."


def _refusal(port: int) -> str | None:
    """Return what the operating system has against a port."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError as exc:
        return exc.strerror
    return None


def _silence() -> int:
    """Turn standard output off, for C too, and return a descriptor that still leads to the parent."""
    answer_to = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    return answer_to


if __name__ == "__main__":
    main()
