"""The commands of a terminal."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from importlib.metadata import version

import httpx
import pytest

from codex_magic import local
from codex_magic.__main__ import main
from codex_magic.errors import ConfigError
from codex_magic.local import Key

from .conftest import PROMPT, posix


@posix
@pytest.mark.local_model
def test_serve_answers_until_ctrl_c(model: str) -> None:
    """
    It prints what a client needs, and ends with exit code 0.
    """
    command = [sys.executable, "-m", "codex_magic", "serve", "--port", "0", model]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background may have been started with SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(3)]
        base_url = lines[1].removeprefix("OPENAI_BASE_URL=")
        answer = httpx.post(f"{base_url}/responses", json=PROMPT, timeout=60)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)

    assert f"{local.MODEL_NAME} answers at {base_url} until Ctrl-C. For a client:" == lines[0]
    assert "OPENAI_API_KEY=none" == lines[2]
    assert 200 == answer.status_code
    assert (0, "Stopped.\n", "") == (process.returncode, rest, errors)


class KillsTheServer(io.StringIO):
    """An output that kills the server as soon as it has been announced."""

    def flush(self) -> None:
        for (_, _, api_key), (_, process) in local._servers.started.items():
            if api_key == "my-own-key":
                process.kill()


@pytest.mark.local_model
def test_a_served_model_that_dies_is_an_error(model: str) -> None:
    """
    Serving does not wait for ever. The user's own key is not printed.
    """
    out = KillsTheServer()

    with pytest.raises(ConfigError, match="ended by itself"):
        local.serve(model, port=0, api_key="my-own-key", out=out)

    assert "OPENAI_API_KEY=<your key>\n" in out.getvalue()


def test_an_error_at_the_terminal_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """
    With exit code 1, and without a traceback.
    """
    code = main(["serve", "nowhere.gguf"])

    printed = capsys.readouterr().err
    assert 1 == code
    assert printed.startswith("ConfigError: There is no model file 'nowhere.gguf'.")
    assert 1 == printed.count("\n")


def test_the_version_at_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """
    It is the installed package's.
    """
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert 0 == ended.value.code
    assert f"codex_magic {version('codex-magic')}\n" == capsys.readouterr().out


def test_a_random_key_is_what_you_get_unasked() -> None:
    """
    It is spelled out, so that None can mean that no key is demanded.
    """
    assert Key.RANDOM is (local.start.__kwdefaults__ or {})["api_key"]
