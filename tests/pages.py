"""What a page's end of the bridge says, over a kernel's messages: the page itself is JupyterLab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.kernels import Executed, Json, Kernel


@dataclass
class Page:
    """
    A page that has a kernel's notebook open.

    Attributes:
        kernel: The kernel.
        name: Which page it is.
        session: What its messages are marked with; by default it is the one that runs the cells.
        comm: The bridge's id.
    """

    kernel: Kernel
    name: str = "one"
    session: str = ""
    comm: str = ""

    def open(self, code: str, cell_id: str = "") -> Executed:
        """Run a cell that opens the bridge, and greet."""
        done = self.kernel.run(code, cell_id=cell_id)
        opened = [one.content for one in done.messages if one.type == "comm_open"]
        self.comm = next(one["comm_id"] for one in opened if "_esm" in one["data"]["state"])
        return done

    def greet(
        self, *cells: tuple[str, str, str], can: Sequence[str] = ("insert", "replace")
    ) -> Executed:
        """Say that it is there, what it lets the kernel do, and which cells it has."""
        told = [{"id": i, "kind": kind, "source": source} for i, kind, source in cells]
        return self.say("here", app="JupyterLab", can=list(can), cells=told)

    def say(self, what: str, **more: object) -> Executed:
        """Say something."""
        session = self.session or self.kernel.session
        return self.kernel.tell(
            self.comm, {"say": what, "page": self.name, "session": session, **more}
        )

    def heard(self, done: Executed) -> list[Json]:
        """Return what the bridge asked this page for, while something ran."""
        said = [one.content["data"] for one in done.messages if one.type == "comm_msg"]
        asked = [one["content"] for one in said if one.get("method") == "custom"]
        return [one for one in asked if one.get("page") == self.name]

    def answer(self, request: Json, problem: str = "") -> Executed:
        """Say what came of a request."""
        written = [] if problem else ["new"]
        return self.say("answer", id=request["id"], written=written, problem=problem)
