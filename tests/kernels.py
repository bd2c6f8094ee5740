"""Real kernels: ipykernel in a process of its own, asked through jupyter_client."""

from __future__ import annotations

import builtins
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from tests.fake_service import FakeService

MODEL = "gpt-5.4-mini"
Json = dict[str, Any]
# A kernel starts, or a cell ends, within this many seconds, on a busy machine too.
PATIENCE = 60.0
_SLICE = 0.05
_SHOWN = ("display_data", "execute_result", "stream", "error")
_OTHER_SERVICES = re.compile(r"(OPENAI|AZURE|CODEX|ANTHROPIC|JPY|JUPYTER|PYTEST|COV)_?")


@dataclass(frozen=True)
class Message:
    """A message of the kernel about a cell, and when it came."""

    type: str
    content: Json
    seconds: float
    size: int

    @property
    def text(self) -> str:
        """All that it shows, whatever its form."""
        shown = self.content.get("data") or {}
        return " ".join([str(self.content.get("text", "")), *map(str, shown.values())])


@dataclass
class Executed:
    """
    What came of a cell.

    Attributes:
        status: "ok", "error", "aborted"; or "lost" where the kernel gave no reply, as happens if
            it is interrupted just after the cell.
        error: Name, value and traceback of its error; empty for none.
        outputs: What the saved notebook would hold.
        messages: Everything that was published, in order.
        payload: What the front end is asked to do, as to put a text into a cell.
        seconds: From the request to the kernel's answer.
    """

    status: str = ""
    error: Json = field(default_factory=dict)
    outputs: list[Json] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    payload: list[Json] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def stdout(self) -> str:
        """What was printed."""
        return self._stream("stdout")

    @property
    def stderr(self) -> str:
        """What was printed as an error."""
        return self._stream("stderr")

    @property
    def displays(self) -> list[Json]:
        """The outputs that are neither printed nor an error."""
        kinds = ("display_data", "execute_result")
        return [output for output in self.outputs if output["output_type"] in kinds]

    @property
    def html(self) -> str:
        """The HTML of all displays."""
        return "\n".join(output["data"].get("text/html", "") for output in self.displays)

    @property
    def traceback(self) -> list[str]:
        """The lines of its error."""
        return list(self.error.get("traceback", ()))

    def published(self, *types: str) -> list[Message]:
        """The messages of these types."""
        return [message for message in self.messages if message.type in types]

    def _stream(self, name: str) -> str:
        found = (output for output in self.outputs if output.get("name") == name)
        return "".join(output["text"] for output in found)


class Kernel:
    """
    A running kernel.

    Args:
        manager: What started it.
        client: What talks to it.
        folder: Where its working directory is, `work`, and its home, `home`.
    """

    def __init__(self, manager: Any, client: Any, folder: Path) -> None:
        self._manager = manager
        self._client = client
        self.folder = folder
        # What its cells asked the user, as the messages have it.
        self.asked: list[Json] = []

    def run(
        self,
        code: str,
        on_message: Callable[[Message], object] = lambda message: None,
        *,
        cell_id: str = "",
        patience: float = PATIENCE,
        answer: Callable[[str], str | None] | None = None,
    ) -> Executed:
        """
        Run a cell and wait for its end.

        Args:
            code: The cell.
            on_message: Is called with every message as it comes; it may interrupt the kernel.
            cell_id: The cell's id in its notebook, as JupyterLab sends it; nbclient sends none.
            patience: Seconds after which the cell counts as hanging.
            answer: Answers what the cell asks its user; None says nothing. Without it nobody is
                there.
        """
        request = self.send(code, cell_id, allow_stdin=answer is not None)
        return self.finish(request, on_message, patience=patience, answer=answer)

    def finish(
        self,
        request: str,
        on_message: Callable[[Message], object] = lambda message: None,
        *,
        patience: float = PATIENCE,
        answer: Callable[[str], str | None] | None = None,
    ) -> Executed:
        """Wait for the end of a cell that was sent."""
        began = time.monotonic()
        done, canvas = Executed(), _Canvas()
        self._follow(request, began, patience, done, canvas, on_message, answer)
        done.status, reply = self._reply(request)
        done.error = {} if done.status == "ok" else reply
        done.payload = reply.get("payload") or []
        done.outputs, done.seconds = canvas.outputs, time.monotonic() - began
        return done

    def _follow(
        self,
        request: str,
        began: float,
        patience: float,
        done: Executed,
        canvas: _Canvas,
        on_message: Callable[[Message], object],
        answer: Callable[[str], str | None] | None,
    ) -> None:
        """Take the messages of a cell up to its end; answer, meanwhile, what it asks."""
        idle: bool | None = False
        while not idle:
            wait = patience if answer is None else time.monotonic() - began + _SLICE
            idle = self._next(request, began, min(wait, patience), done, canvas, on_message)
            if answer is not None:
                self._answer(answer)
            over = time.monotonic() - began > patience
            assert idle is not None or not over, f"{request} still runs after {patience:.0f} s."

    def _answer(self, answer: Callable[[str], str | None]) -> None:
        """Answer what the cell asks its user, if it does."""
        if not self._client.stdin_channel.msg_ready():
            return
        asked = self._client.get_stdin_msg(timeout=1)["content"]
        self.asked.append(asked)
        said = answer(asked["prompt"])
        if said is not None:
            self._client.input(said)

    def send(self, code: str, cell_id: str = "", *, allow_stdin: bool = False) -> str:
        """Run a cell without waiting; `finish` takes what is returned."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": True,
        }
        metadata = {"cellId": cell_id} if cell_id else {}
        message = self._client.session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def tell(
        self, comm_id: str, content: Json, on_message: Callable[[Message], object] = lambda m: None
    ) -> Executed:
        """Send a widget a message of its own, as a page does, and wait until it was handled."""
        return self._comm(comm_id, {"method": "custom", "content": content}, on_message)

    def fill(self, comm_id: str, state: Json) -> Executed:
        """Set what a widget holds, as a page does where a user types, and wait until it was handled."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        return self._comm(comm_id, data, lambda message: None)

    def _comm(self, comm_id: str, data: Json, on_message: Callable[[Message], object]) -> Executed:
        message = self._client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self._client.shell_channel.send(message)
        done, began = Executed(), time.monotonic()
        request = str(message["header"]["msg_id"])
        self._follow(request, began, PATIENCE, done, _Canvas(), on_message, None)
        return done

    @property
    def session(self) -> str:
        """What our messages to the kernel are marked with."""
        return str(self._client.session.session)

    def _next(
        self,
        request: str,
        began: float,
        patience: float,
        done: Executed,
        canvas: _Canvas,
        on_message: Callable[[Message], object],
    ) -> bool | None:
        """Take the next message; True for the last one, None where there is none."""
        try:
            taken = self._client.get_iopub_msg(timeout=max(began + patience - time.monotonic(), 0))
        except Empty:
            return None
        if taken["parent_header"].get("msg_id") != request:
            return False
        content, kind = taken["content"], taken["header"]["msg_type"]
        seconds = time.monotonic() - began
        message = Message(kind, content, seconds, len(repr(content)))
        done.messages.append(message)
        canvas.take(kind, content)
        on_message(message)
        return bool(kind == "status" and content["execution_state"] == "idle")

    @property
    def log(self) -> str:
        """What its process wrote, besides what it sent as messages."""
        return (self.folder / "kernel.log").read_text()

    def interrupt(self) -> None:
        """Press the interrupt button."""
        self._manager.interrupt_kernel()

    def signal(self, number: int) -> None:
        """Send its process a signal, as SIGTERM or SIGKILL."""
        os.kill(self._manager.provisioner.pid, number)

    def complete(self, code: str) -> list[str]:
        """Return what Tab makes of a cell whose end is at the cursor: the whole cell, each time."""
        # Where it is none of ours, Jedi reads whole libraries at its first time.
        found = self._reply(self._client.complete(code, len(code)), patience=PATIENCE)[1]
        return [code[: found["cursor_start"]] + match for match in found["matches"]]

    def is_complete(self, code: str) -> str:
        """Return whether the kernel takes code for a whole cell, in its own word."""
        return self._reply(self._client.is_complete(code))[0]

    def _reply(self, request: str, *, patience: float = 5) -> tuple[str, Json]:
        """Return the status of a request, and what came with it."""
        try:
            while (reply := self._client.get_shell_msg(timeout=patience))["parent_header"].get(
                "msg_id"
            ) != request:
                pass
        except Empty:
            return "lost", {}
        content = reply["content"]
        return content["status"], content


class _Canvas:
    """The outputs below a cell, as a front end keeps them."""

    def __init__(self) -> None:
        self.outputs: list[Json] = []
        self._names: dict[str, Json] = {}
        self._clear_next = False

    def take(self, kind: str, content: Json) -> None:
        if kind == "clear_output":
            self._clear_next = bool(content["wait"])
            if not self._clear_next:
                self.outputs.clear()
        elif kind == "update_display_data":
            shown = self._names.get(content["transient"]["display_id"], {})
            shown.update(data=content["data"], metadata=content["metadata"])
        elif kind in _SHOWN:
            self._add(kind, content)

    def _add(self, kind: str, content: Json) -> None:
        if self._clear_next:
            self.outputs.clear()
            self._clear_next = False
        last = self.outputs[-1] if self.outputs else {}
        if kind == "stream" and last.get("name") == content["name"]:
            last["text"] += content["text"]
            return
        output = {"output_type": kind, **content}
        name = (output.pop("transient", None) or {}).get("display_id")
        if name:
            self._names[name] = output
        self.outputs.append(output)


def clean_environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return our environment without any service's key, with a home of its own."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not _OTHER_SERVICES.match(name)}
    names = ("HOME", "USERPROFILE", "IPYTHONDIR", "JUPYTER_CONFIG_DIR")
    ours = {"PYTHONFAULTHANDLER": "1", "CODEX_MAGIC_DATA_DIR": str(home / "codex-data")}
    ours["CODEX_MAGIC_CONFIG_DIR"] = str(home / "codex-config")
    return {**kept, **dict.fromkeys(names, str(home)), **ours, **variables}


@contextmanager
def running_kernel(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Kernel]:
    """
    Start a kernel, and end it.

    Args:
        folder: An empty folder; the kernel works in `work`, below it.
        env: What it finds in its environment, beside ours.
    """
    work = folder / "work"
    work.mkdir(parents=True)
    manager = KernelManager(kernel_name="python3")
    environment = clean_environment(folder, **(env or {}))
    with (folder / "kernel.log").open("wb") as log:
        manager.start_kernel(env=environment, cwd=str(work), stdout=log, stderr=log)
        client = manager.client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=PATIENCE)
            yield Kernel(manager, client, folder)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
            # The context of the manager; its sockets are closed by now.
            client.context.destroy()


def connected(service: FakeService, **settings: str) -> str:
    """
    Return a cell that loads the extension anew and connects it to a service.

    Args:
        service: The service; it counts as OpenAI's.
        settings: What is set besides.
    """
    known = {"backend": "openai", "base_url": service.base_url, "model": MODEL, **settings}
    words = " ".join(f"{name}={value}" for name, value in known.items())
    return f"""
import builtins
import os
os.environ.update({environment_of(service)!r})
%reload_ext codex_magic
cm_settings = %codex config {words}
"""


def environment_of(service: FakeService) -> dict[str, str]:
    """Return the variables that lead a kernel to a service."""
    return {"OPENAI_API_KEY": service.api_key or "", "OPENAI_BASE_URL": service.base_url}


@contextmanager
def running_shell() -> Iterator[Any]:
    """Start IPython's own shell in this process, as a terminal has it, with the extension."""
    config = Config()
    config.HistoryManager.enabled = False
    # What a doctest leaves there, IPython takes for gettext's, and keeps `Out` out of it.
    vars(builtins).pop("_", None)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config, colors="nocolor")
    hooks = (sys.excepthook, sys.displayhook)
    try:
        shell.run_line_magic("load_ext", "codex_magic")
        yield shell
    finally:
        shell.run_line_magic("unload_ext", "codex_magic")
        InteractiveShell.clear_instance()
        sys.excepthook, sys.displayhook = hooks
