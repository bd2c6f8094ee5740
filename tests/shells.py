"""IPython's own shell in this process, connected to a service: what a line prints, what it says."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

from codex_magic.assistant import Assistant
from codex_magic.errors import CodexError
from tests.fake_service import FakeService
from tests.kernels import MODEL, environment_of, running_shell


class Shell:
    """
    A shell with the extension, as a terminal has it.

    Args:
        shell: IPython's.
    """

    def __init__(self, shell: Any) -> None:
        self.ip = shell

    @property
    def assistant(self) -> Assistant:
        """The assistant that the magics have."""
        found: Assistant = self.ip.find_line_magic("codex").__self__.assistant
        return found

    def run(self, code: str) -> str:
        """Run a cell that must not fail, and return what it printed."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            done = self.ip.run_cell(code)
        assert done.success, done.error_in_exec or done.error_before_exec
        return out.getvalue()

    def fails(self, code: str) -> str:
        """Run a cell that must fail with an error of ours, and return its one line."""
        with contextlib.redirect_stdout(io.StringIO()):
            error = self.ip.run_cell(code).error_in_exec
        assert isinstance(error, CodexError), error
        [line] = error._render_traceback_()
        return line


@contextlib.contextmanager
def connected_shell(service: FakeService, monkeypatch: Any) -> Iterator[Shell]:
    """Start a shell that is connected to a service as to OpenAI's."""
    for name, value in environment_of(service).items():
        monkeypatch.setenv(name, value)
    with running_shell() as ip:
        shell = Shell(ip)
        shell.run(f"%codex config backend=openai base_url={service.base_url} model={MODEL}")
        yield shell
