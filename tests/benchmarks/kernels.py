"""A fresh kernel whose cells are measured from within, and its messages from without."""

from __future__ import annotations

import ast
import math
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from .runner import clean_environment

_PATIENCE = 120.0
_HOOKS = """
import sys, time
def _begin(info):
    _clocks[:] = [time.perf_counter(), time.process_time()]
def _end(result):
    _spent[:] = [time.perf_counter() - _clocks[0], time.process_time() - _clocks[1]]
_clocks, _spent = [], [0.0, 0.0]
get_ipython().events.register("pre_run_cell", _begin)
get_ipython().events.register("post_run_cell", _end)
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """
    What running a cell took.

    Attributes:
        began: When Enter was pressed, by the machine's monotonic clock.
        wall: Seconds in the kernel.
        cpu: Seconds of CPU of all of the kernel's threads in that time.
        messages: Outputs that were published: all IOPub messages but status and echo.
        size: Their bytes.
        first: When the first of them that holds the word waited for came, by the same clock.
    """

    began: float
    wall: float
    cpu: float
    messages: int
    size: int
    first: float


class Kernel:
    """A running kernel."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.run(_HOOKS)

    def run(self, code: str, word: bytes = b"") -> Cell:
        """Run a cell and wait until the kernel is idle again; note when a word is shown first."""
        began = time.monotonic()
        request = self._client.execute(code, store_history=False)
        messages, size, first = self._outputs(request, word)
        reply = self._reply(request)
        assert reply["status"] == "ok", f"{reply.get('ename')}: {reply.get('evalue')}"
        wall, cpu = self.value("_spent")
        return Cell(began, wall, cpu, messages, size, first)

    def value(self, expression: str) -> Any:
        """Return what an expression gives in the kernel, where that is a literal."""
        request = self._client.execute("", silent=True, user_expressions={"value": expression})
        self._outputs(request)
        found = self._reply(request)["user_expressions"]["value"]
        return ast.literal_eval(found["data"]["text/plain"])

    def _reply(self, request: str) -> dict[str, Any]:
        """Return the reply to a request; a slow start leaves others behind, of being asked twice."""
        while True:
            message: dict[str, Any] = self._client.get_shell_msg(timeout=_PATIENCE)
            if message["parent_header"].get("msg_id") == request:
                content: dict[str, Any] = message["content"]
                return content

    def _outputs(self, request: str, word: bytes = b"") -> tuple[int, int, float]:
        """Return number and bytes of what a request publishes, and when a word first came."""
        socket, session = self._client.iopub_channel.socket, self._client.session
        messages, size, first = 0, 0, math.nan
        while socket.poll(_PATIENCE * 1000):
            frames = socket.recv_multipart()
            message = session.deserialize(session.feed_identities(frames)[1])
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return messages, size, first
            if message["msg_type"] not in ("status", "execute_input"):
                messages += 1
                size += sum(map(len, frames))
                if math.isnan(first) and any(word in frame for frame in frames):
                    first = time.monotonic()
        raise TimeoutError("the kernel does not become idle")


@contextmanager
def fresh_kernel(python: str, base_url: str) -> Iterator[Kernel]:
    """Start a kernel of an interpreter, with a key for the service; nothing of the user's is read."""
    with tempfile.TemporaryDirectory() as folder:
        environment = clean_environment(
            IPYTHONDIR=folder,
            OPENAI_API_KEY="bench",
            OPENAI_BASE_URL=base_url,
            PYTHONPATH=str(Path(__file__).parent),
        )
        manager = KernelManager(kernel_spec_manager=_OneKernel(python))
        manager.start_kernel(env=environment, cwd=folder, stderr=subprocess.DEVNULL)
        client: BlockingKernelClient = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=_PATIENCE)
            yield Kernel(client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()


class _OneKernel(KernelSpecManager):
    """Knows the kernel of one interpreter, by whatever name it is asked for."""

    def __init__(self, python: str) -> None:
        super().__init__()
        self._python = python

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return how that interpreter's kernel is started."""
        argv = [self._python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name=kernel_name, language="python")
