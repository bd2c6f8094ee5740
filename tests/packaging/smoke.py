"""
What must hold where the wheel was installed, and nothing of its checkout is near.

Run as a script, by the Python of that environment, in an empty folder. ``OPENAI_BASE_URL`` and
``OPENAI_API_KEY`` lead to a service that answers. It imports nothing of the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

PATIENCE = 60
# What the first line of a notebook must not wait for.
HEAVY = ("httpx", "pydantic", "ipywidgets", "markdown_it", "nh3")
FIGURE = """
import base64
from IPython.display import display

class Dot:
    def _repr_png_(self):
        return base64.b64decode("{png}")

display(Dot())
""".format(
    png="iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def import_is_light() -> None:
    """The package comes from this environment, and its import waits for nothing heavy."""
    import codex_magic

    assert Path(codex_magic.__file__).is_relative_to(sys.prefix), codex_magic.__file__
    assert version("codex-magic") == codex_magic.__version__
    assert not [name for name in HEAVY if name in sys.modules]


def every_name_is_there() -> None:
    """Nothing that is public needs what only an extra brings."""
    import codex_magic

    for name in codex_magic.__all__:
        assert getattr(codex_magic, name) is not None, name


def the_terminal_answers() -> None:
    """``python -m codex_magic`` explains itself, and asks."""
    assert "COMMAND" in _module("--help")
    assert version("codex-magic") in _module("--version")
    assert "user message" in _module("ask", "Hello from the wheel")


def a_client_answers() -> None:
    """The bare client needs no notebook."""
    from codex_magic import CodexClient

    with CodexClient() as client:
        response = client.responses.create(model="gpt-5.4-mini", input="Hello")
    assert "user message" in response.output_text


def a_missing_extra_is_named() -> None:
    """Where pydantic is not installed, the error says what to type."""
    from codex_magic import CodexClient, CodexError

    said = ""
    with CodexClient() as client:
        try:
            client.responses.parse(model="gpt-5.4-mini", input="Hello", text_format=list[int])
        except CodexError as error:
            said = str(error)
    assert 'pip install "codex-magic[schema]"' in said, said


def a_shell_answers() -> None:
    """IPython without a kernel, as a terminal has it."""
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "codex_magic")
    shell.run_cell("%%codex -m gpt-5.4-mini -q -o answer\nHello").raise_error()
    assert "user message" in shell.user_ns["answer"]
    shell.run_cell("%codex help").raise_error()
    shell.run_line_magic("unload_ext", "codex_magic")
    assert "codex" not in shell.magics_manager.lsmagic()["cell"]


def a_kernel_answers() -> None:
    """ipykernel: a question, what it shows, the figure and the error before it, and a way out."""
    with_kernel = _Kernel()
    try:
        with_kernel.run("%load_ext codex_magic")
        shown = with_kernel.run("%%codex -m gpt-5.4-mini\nHello, **wheel**")
        assert {"text/html", "text/plain"} <= set(shown[-1]["data"]), shown
        assert "user message" in shown[-1]["data"]["text/plain"], shown
        with_kernel.run(FIGURE)
        [look] = with_kernel.run("%%codex -m gpt-5.4-mini -f --dry-run\nWhat is this?")
        assert "1 figure" in look["data"]["text/plain"], look
        assert "ZeroDivisionError" in str(with_kernel.run("1 / 0", "error"))
        [look] = with_kernel.run("%%codex -m gpt-5.4-mini --error --dry-run\nWhy?")
        assert "ZeroDivisionError" in look["data"]["text/plain"], look
        with_kernel.run("%unload_ext codex_magic")
        assert "UsageError" in str(with_kernel.run("%%codex\nHello?", "error"))
    finally:
        with_kernel.close()


def _module(*arguments: str) -> str:
    command = [sys.executable, "-m", "codex_magic", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class _Kernel:
    """A kernel, asked as a front end asks it."""

    def __init__(self) -> None:
        from jupyter_client.manager import KernelManager

        self._manager: Any = KernelManager(kernel_name="python3")
        self._manager.start_kernel()
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)

    def run(self, code: str, status: str = "ok") -> list[dict[str, Any]]:
        """Return what a cell shows; it ends with this status."""
        shown: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("display_data", "stream", "error"):
                shown.append(message["content"])

        # After an error ipykernel 6 gives up what comes too soon: here the next cell always does.
        reply = self._client.execute_interactive(
            code, timeout=PATIENCE, output_hook=keep, stop_on_error=False
        )
        assert reply["content"]["status"] == status, (code, shown)
        return shown

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def _checks() -> Iterator[Callable[[], None]]:
    yield import_is_light
    yield every_name_is_there
    yield the_terminal_answers
    yield a_client_answers
    yield a_missing_extra_is_named
    yield a_shell_answers
    yield a_kernel_answers


def main() -> None:
    """Run every check, and say which hold; the first that does not ends it."""
    for check in _checks():
        check()
        print(f"ok: {check.__name__.replace('_', ' ')}", flush=True)
    used = ", ".join(f"{name} {version(name)}" for name in ("ipython", "ipykernel"))
    print(f"codex-magic {version('codex-magic')} on Python {sys.version.split()[0]}, {used}")


if __name__ == "__main__":
    # Conversations go into this folder, not among the user's own.
    os.environ["CODEX_MAGIC_DATA_DIR"] = str(Path.cwd() / "data")
    main()
