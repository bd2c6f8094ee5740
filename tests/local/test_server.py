"""The server: one for a process, for its own user, gone when the process is."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType

import httpx
import psutil
import pytest

from codex_magic import local
from codex_magic.errors import ConfigError
from codex_magic.local import LocalServer

from .conftest import PROMPT, posix

LONG = {**PROMPT, "max_output_tokens": 4000, "ignore_eos": True}


def test_without_llama_cpp_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The exact command, quoted for a shell.
    """
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    assert not local.installed()
    with pytest.raises(ConfigError, match=r'pip install "codex-magic\[local\]"'):
        local.start()


@pytest.mark.local_model
def test_importing_the_module_loads_neither_llama_cpp_nor_httpx() -> None:
    """
    What is heavy waits until the model is used.
    """
    done = run_python(
        "import sys, codex_magic.local as local; local.installed()\n"
        "print({'xllamacpp', 'httpx', 'platformdirs', 'hashlib'} & {*sys.modules})"
    )

    assert ("set()\n", "") == (done.stdout, done.stderr)


@pytest.mark.local_model
def test_a_process_has_one_server_for_a_model(server: LocalServer, model: str) -> None:
    """
    Whoever asks again gets the one that runs, and its key stays out of its repr.
    """
    assert server is local.start(model)
    assert server.base_url.startswith("http://127.0.0.1:")
    assert server.base_url.endswith("/v1")
    assert (local.MODEL_NAME, 8192) == (server.model, server.context_window)
    assert server.api_key
    assert server.api_key not in repr(server)


@pytest.mark.local_model
def test_a_dead_server_is_replaced(model: str) -> None:
    """
    Whether it was stopped or killed.
    """
    first = local.start(model, api_key=None)
    first.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{first.base_url}/models")

    second = local.start(model, api_key=None)
    process = local._servers.started[(str(Path(model).resolve()), 0, None)][1]
    process.kill()
    process.wait()
    third = local.start(model, api_key=None)

    assert third is not second
    assert 200 == httpx.get(f"{third.base_url}/models").status_code
    third.stop()


@pytest.mark.local_model
def test_the_key_is_demanded(server: LocalServer, client: httpx.Client) -> None:
    """
    Other users of the machine get nothing, and a web page may not read an answer.
    """
    origin = {"Origin": "https://example.org"}

    refused = httpx.post(f"{server.base_url}/responses", json=PROMPT, headers=origin)
    allowed = client.get("/models")

    assert 401 == refused.status_code
    assert not refused.headers["access-control-allow-origin"]
    assert [local.MODEL_NAME] == [entry["id"] for entry in allowed.json()["data"]]


@pytest.mark.local_model
def test_an_answer_is_the_same_streamed_and_not(client: httpx.Client) -> None:
    """
    At temperature 0 the deltas of the one are the text of the other.
    """
    whole = client.post("/responses", json=PROMPT).raise_for_status().json()
    streamed = client.post("/responses", json={**PROMPT, "stream": True}).raise_for_status()

    events = [
        json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: {")
    ]
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert local.MODEL_NAME == whole["model"]
    assert whole["output"][0]["content"][0]["text"] == "".join(deltas) != ""
    assert "response.completed" == events[-1]["type"]


@pytest.mark.local_model
def test_a_client_that_leaves_ends_its_answer(client: httpx.Client) -> None:
    """
    There is one place at the model: the next answer would otherwise wait for thousands of tokens.
    """
    with client.stream("POST", "/responses", json={**LONG, "stream": True}) as response:
        next(response.iter_lines())

    answer = client.post("/responses", json={**PROMPT, "max_output_tokens": 1}, timeout=20)

    assert 1 == answer.json()["usage"]["output_tokens"]


@pytest.mark.local_model
@pytest.mark.parametrize("port", [0, 70_000])
def test_what_cannot_be_served_is_one_error(tmp_path: Path, model: str, port: int) -> None:
    """
    A file that is no model, and a port that is none.
    """
    broken = tmp_path / "broken.gguf"
    broken.write_text("no model")

    with pytest.raises(ConfigError, match="no port 70000" if port else "GGUF file of a text model"):
        local.start(model if port else str(broken), port=port)


@pytest.mark.local_model
def test_a_port_in_use_is_named(model: str) -> None:
    """
    It is not mistaken for a broken model.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=f"Port {port} cannot be used"):
            local.start(model, port=port)


@posix
@pytest.mark.local_model
def test_an_interrupted_start_leaves_no_process(model: str) -> None:
    """
    Loading takes half a second at least; the interrupt comes after a tenth of that. Where it comes
    while the process is made, that ends by itself, as nobody is at the other end of its pipes.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = psutil.Process().children()
    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            local.start(model, api_key="another")
    finally:
        signal.signal(signal.SIGALRM, previous)

    later = [child for child in psutil.Process().children() if child not in before]
    assert [] == psutil.wait_procs(later, timeout=20)[1]


@pytest.mark.local_model
def test_a_process_that_used_it_ends_quietly(model: str) -> None:
    """
    In the middle of an answer too: exit code 0, nothing on stdout or stderr, no server left.
    """
    done = run_python(
        "import sys, threading, httpx\n"
        "from codex_magic import local\n"
        "server, begun = local.start(sys.argv[1]), threading.Event()\n"
        "headers = {'Authorization': f'Bearer {server.api_key}'}\n"
        "body = {'input': 'Write a story.', 'max_output_tokens': 4000, 'ignore_eos': True}\n"
        "def ask():\n"
        "    url = server.base_url + '/responses'\n"
        "    try:\n"
        "        with httpx.stream('POST', url, json={**body, 'stream': True}, headers=headers) as r:\n"
        "            for line in r.iter_lines():\n"
        "                begun.set()\n"
        "    except httpx.TransportError:\n"
        "        pass\n"
        "threading.Thread(target=ask, daemon=True).start()\n"
        "begun.wait()\n"
        "print(server.base_url)\n",
        model,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert 1 == len(done.stdout.splitlines())
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{done.stdout.strip()}/models")


@pytest.mark.local_model
def test_the_server_ends_with_a_parent_that_is_killed(model: str) -> None:
    """
    Its standard input is closed then, whatever the parent died of.
    """
    code = "import sys; from codex_magic import local; local.start(sys.argv[1]); print(); input()"
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        children = psutil.Process(parent.pid).children()
        parent.kill()

    _, alive = psutil.wait_procs(children, timeout=20)

    assert 1 == len(children)
    assert [] == alive


@posix
@pytest.mark.local_model
def test_a_forked_child_leaves_the_server_to_its_parent(model: str) -> None:
    """
    It ends cleanly, knows no server, and the parent's goes on.
    """
    done = run_python(
        "import os, sys, httpx\n"
        "from codex_magic import local\n"
        "server = local.start(sys.argv[1])\n"
        "if not (child := os.fork()):\n"
        "    sys.exit(len(local._servers.started))\n"
        "print(os.waitpid(child, 0)[1])\n"
        "headers = {'Authorization': f'Bearer {server.api_key}'}\n"
        "print(httpx.get(server.base_url + '/models', headers=headers).status_code)\n",
        model,
    )

    assert (0, "0\n200\n", "") == (done.returncode, done.stdout, done.stderr)


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
