"""Which notebook this is: where its file is looked for, and what is made of broken ones."""

from __future__ import annotations

import json
import os
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from codex_magic import jupyter_sessions
from codex_magic.notebook import Notebook, NotebookCell, NotebookFinder, Pushed
from tests.kernels import running_kernel, running_shell

Json = dict[str, Any]
KERNEL = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


def notebook_json(*sources: str, **cell: Any) -> Json:
    """Return a notebook of code cells, whose ids are a, b, …"""
    cells = [
        {
            "cell_type": "code",
            "id": chr(97 + index),
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
            **cell,
        }
        for index, source in enumerate(sources)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def saved(path: Path, *sources: str) -> str:
    """Save a notebook and return its path."""
    path.write_text(json.dumps(notebook_json(*sources)))
    return str(path)


def shell_with(**names: Any) -> Any:
    """Return what has the user's variables, as a shell has."""
    return SimpleNamespace(user_ns=names)


def finder_of(folder: Path, **names: Any) -> NotebookFinder:
    """Return the finder of a kernel that a server started."""
    return NotebookFinder(
        shell_with(**names), connection_file=str(folder / f"kernel-{KERNEL}.json")
    )


class Server:
    """What a fake Jupyter server was asked, and what it says."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.port = address[1]
        self.sessions: Any = []
        self.status = 200
        self.requests: list[tuple[str, str | None]] = []

    def describe(self, folder: Path, root: Path, **changes: Any) -> None:
        """Write its description where a kernel of this process finds it."""
        known = {
            "url": f"http://localhost:{self.port}/base/",
            "hostname": "127.0.0.1",
            "port": self.port,
            "sock": "",
            "secure": False,
            "base_url": "/base/",
            "token": "of-the-server",
            "root_dir": str(root),
            "pid": os.getpid(),
        }
        (folder / f"jpserver-{os.getpid()}.json").write_text(json.dumps({**known, **changes}))

    def open(self, path: str, kernel: str = KERNEL) -> None:
        """Have a session of a kernel, among others."""
        other = {"path": "other.ipynb", "type": "notebook", "kernel": {"id": "0"}}
        self.sessions = [other, {"path": path, "type": "notebook", "kernel": {"id": kernel}}]


@contextmanager
def serving() -> Iterator[Server]:
    """Answer ``/base/api/sessions`` on a loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append((self.path, self.headers["Authorization"]))
            body = json.dumps(server.sessions).encode()
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Write nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(("127.0.0.1", http.server_port))
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.fixture
def jupyter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A fake Jupyter server that counts as the parent of this process."""
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getpid()))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    with serving() as server:
        yield server


def test_the_server_knows_a_renamed_notebook(tmp_path: Path, jupyter: Server) -> None:
    """Its answer wins over the name that the kernel was started with."""
    old, new = saved(tmp_path / "old.ipynb", "1"), saved(tmp_path / "new.ipynb", "2")
    jupyter.describe(tmp_path, tmp_path)
    jupyter.open("new.ipynb")

    assert new == finder_of(tmp_path, __session__=old).path()
    assert [("/base/api/sessions", "token of-the-server")] == jupyter.requests


def test_a_notebook_that_is_edited_together(tmp_path: Path, jupyter: Server) -> None:
    """The name of its drive is no part of its path."""
    (tmp_path / "sub").mkdir()
    path = saved(tmp_path / "sub" / "a.ipynb", "1")
    jupyter.describe(tmp_path, tmp_path)
    jupyter.open("RTC:sub/a.ipynb")

    assert path == finder_of(tmp_path).path()


def test_a_server_is_never_needed(tmp_path: Path, jupyter: Server) -> None:
    """Without an answer of use, the name counts that the kernel was started with."""
    path = saved(tmp_path / "a.ipynb", "1")
    finder = finder_of(tmp_path, __session__=path)
    answers: list[Any] = [{}, None, "x", [1], [{"kernel": 3}], [{"kernel": {"id": KERNEL}}]]

    jupyter.describe(tmp_path, tmp_path)
    for jupyter.sessions in answers:
        assert path == finder.path()
    for jupyter.status in (302, 403, 500):
        assert path == finder.path()
    assert {"/base/api/sessions"} == {asked for asked, _ in jupyter.requests}


@pytest.mark.parametrize(
    "changes",
    [
        {"hostname": "example.org"},
        {"hostname": "203.0.113.9"},
        {"hostname": "localhost.example.org"},
        {"hostname": None},
        {"port": "80"},
        {"port": 0},
        {"sock": "/run/a.sock"},
        {"secure": True},
    ],
)
def test_the_token_stays_on_this_machine(
    tmp_path: Path, jupyter: Server, changes: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server elsewhere, or one that we could not be sure of, is not asked; nor is a proxy."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{jupyter.port}")
    jupyter.describe(tmp_path, tmp_path, **changes)

    assert "" == finder_of(tmp_path).path()
    assert [] == jupyter.requests


def test_a_proxy_never_sees_the_token(
    tmp_path: Path, jupyter: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server on this machine is asked directly, whatever the environment says."""
    path = saved(tmp_path / "a.ipynb", "1")
    jupyter.describe(tmp_path, tmp_path, hostname="0.0.0.0")
    jupyter.open("a.ipynb")

    with serving() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        found = finder_of(tmp_path).path()

    assert path == found
    assert [] == proxy.requests


def test_a_server_that_is_gone_is_asked_once(tmp_path: Path, jupyter: Server) -> None:
    """A port without a listener costs one try, not one a question."""
    with serving() as gone:
        gone.describe(tmp_path, tmp_path)
    path = saved(tmp_path / "a.ipynb", "1")
    finder = finder_of(tmp_path, __session__=path)

    assert path == finder.path()
    assert f"127.0.0.1{gone.port}" in jupyter_sessions._silent
    assert path == finder.path()


def test_vs_codes_variable_wins(tmp_path: Path, jupyter: Server) -> None:
    """Its own server knows nothing of the file; a notebook without a file has none."""
    path = saved(tmp_path / "a.ipynb", "1")
    jupyter.describe(tmp_path, tmp_path)

    assert path == finder_of(tmp_path, __vsc_ipynb_file__=path).path()
    assert [] == jupyter.requests
    assert "" == finder_of(tmp_path, __vsc_ipynb_file__="Untitled-1.ipynb").path()
    assert "" == finder_of(tmp_path, __vsc_ipynb_file__=3).path()


def test_the_name_that_the_kernel_was_started_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts while there is such a file, and only in a kernel that a server started."""
    path = saved(tmp_path / "a.ipynb", "1")
    monkeypatch.setenv("JPY_SESSION_NAME", path)
    started_by_a_cell = NotebookFinder(connection_file=str(tmp_path / "tmpx1.json"))

    assert path == finder_of(tmp_path).path()
    assert "" == started_by_a_cell.path()
    assert None is started_by_a_cell.read()
    (tmp_path / "a.ipynb").rename(tmp_path / "b.ipynb")
    assert "" == finder_of(tmp_path).path()


def test_a_terminal_has_no_notebook() -> None:
    """Neither a path nor cells; nothing is raised."""
    with running_shell() as shell:
        finder = NotebookFinder(shell)

        assert "" == finder.path()
        assert None is finder.read()


def test_a_kernel_of_a_server_finds_its_notebook(tmp_path: Path) -> None:
    """A real kernel knows its connection file; one without a server has no notebook."""
    path = saved(tmp_path / "a.ipynb", "1")
    ask = f"""
from codex_magic.notebook import NotebookFinder, kernel_file
import os
print(os.path.isfile(kernel_file()), [NotebookFinder(get_ipython()).path()])
__vsc_ipynb_file__ = {path!r}
print([NotebookFinder(get_ipython()).path()])
"""

    with running_kernel(tmp_path / "kernel", {"JPY_SESSION_NAME": path}) as kernel:
        done = kernel.run(ask)

    # The test's kernel has no name of a server's: what it inherits is not its own notebook.
    assert f"True ['']\n{[path]}\n" == done.stdout


@contextmanager
def colab(answer: Callable[..., Any]) -> Iterator[None]:
    """Stand in for Colab's module, which is not installed elsewhere."""
    names = ("google", "google.colab", "google.colab._message")
    kept = {name: sys.modules.get(name) for name in names}
    modules = {name: ModuleType(name) for name in names}
    modules["google"].__path__ = []
    modules["google.colab"].__path__ = []
    modules["google.colab._message"].__dict__["blocking_request"] = answer
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update({name: module for name, module in kept.items() if module})


def test_colab_sends_its_notebook() -> None:
    """With what is not saved; a cell's id stands in its metadata."""
    model = notebook_json("x = 1", metadata={"id": "of-colab"}, id=None)
    calls = []

    def answer(request: str, **options: Any) -> Json:
        calls.append(request)
        return {"ipynb": model}

    with colab(answer):
        notebook = NotebookFinder().read()

    assert ["get_ipynb"] == calls
    assert notebook is not None
    assert [("of-colab", "x = 1")] == [(cell.id, cell.source) for cell in notebook.cells]
    assert notebook.live
    assert "" == notebook.staleness()


def test_colab_without_an_answer() -> None:
    """Whatever it raises or returns, there is no notebook, and no error."""

    def failing(*args: Any, **options: Any) -> Any:
        raise RuntimeError("no front end")

    answers: list[Callable[..., Any]] = [failing, lambda *_, **__: None, lambda *_, **__: {}]
    for answer in answers:
        with colab(answer):
            assert None is NotebookFinder().read()


@pytest.mark.parametrize(
    ("told", "here", "sources"),
    [
        (3_000.0, False, ["not saved", "yet"]),
        (1_000.0, False, ["on disk"]),
        (1_000.0, True, ["not saved", "yet"]),
    ],
    ids=["newer than the file", "older", "of the page that asks"],
)
def test_what_a_page_tells_wins_over_an_older_file(
    tmp_path: Path, told: float, here: bool, sources: list[str]
) -> None:
    """The page that asks knows best: it tells each change at once. The path stays the file's."""
    path = saved(tmp_path / "a.ipynb", "on disk")
    os.utime(path, (2_000, 2_000))
    finder = finder_of(tmp_path, __session__=path)
    cells = (NotebookCell("a", "code", "not saved"), NotebookCell("b", "markdown", "yet"))

    finder.pushed = lambda: Pushed(cells, told, here)

    notebook = finder.read()
    assert notebook is not None
    assert path == notebook.path
    assert sources == [cell.source for cell in notebook.cells]
    assert (len(sources) == 2) == notebook.live


def test_what_a_page_tells_has_the_outputs_of_the_file(tmp_path: Path) -> None:
    """By the ids of the cells: a page tells their sources only."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": "6"}]
    cell = {"id": "a", "cell_type": "code", "source": "6", "outputs": outputs, "metadata": {}}
    path = tmp_path / "a.ipynb"
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})
    )
    finder = finder_of(tmp_path, __session__=str(path))
    told = (NotebookCell("new", "code", "7"), NotebookCell("a", "code", "6 "))

    finder.pushed = lambda: Pushed(told, 0.0, here=True)

    notebook = finder.read()
    assert notebook is not None
    assert [("7", ()), ("6 ", tuple(outputs))] == [(c.source, c.outputs) for c in notebook.cells]


def test_a_file_says_how_old_it_is(tmp_path: Path) -> None:
    """By the time when it was saved."""
    path = saved(tmp_path / "a.ipynb", "1")
    os.utime(path, (1_000, 1_000))

    notebook = finder_of(tmp_path, __session__=path).read()

    assert notebook is not None
    assert "file saved 3 min ago" == notebook.staleness(now=1_190)
    assert "file saved just now" == notebook.staleness(now=990)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "a.ipynb is not a notebook (no JSON)"),
        (b'{"cells": [', "a.ipynb is not a notebook (no JSON)"),
        (b"[" * 100_000, "a.ipynb is not a notebook (no JSON)"),
        (b"[1]", "a.ipynb is not a notebook"),
        (b"{}", "a.ipynb is not a notebook"),
        (b'{"cells": 3}', "a.ipynb has the format 4: save it in format 4"),
        (
            b'{"nbformat": 3, "worksheets": [{"cells": []}]}',
            "a.ipynb has the format 3: save it in format 4",
        ),
        ('{"cells": ["\xe9"]}'.encode("latin-1"), "a.ipynb is not UTF-8"),
    ],
)
def test_a_file_that_is_no_notebook(tmp_path: Path, content: bytes, problem: str) -> None:
    """It has no cells, and says why in a few words."""
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)

    notebook = finder_of(tmp_path, __session__=str(path)).read()

    assert notebook is not None
    assert ((), problem) == (notebook.cells, notebook.problem)


def test_odd_cells_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    """Lists of lines, a byte order mark, unknown types and missing parts do no harm."""
    cells: list[Any] = [
        {"cell_type": "markdown", "source": ["# A\n", "b"], "attachments": {"i.png": {}}},
        {"cell_type": "heading", "source": "old"},
        {"cell_type": "code", "source": 3, "outputs": [1, {"output_type": "stream"}]},
        {"cell_type": "code", "outputs": 7, "execution_count": "x", "metadata": []},
        {},
        "no cell",
    ]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": cells}), encoding="utf-8-sig")

    notebook = finder_of(tmp_path, __session__=str(path)).read()

    assert notebook is not None
    assert [
        ("markdown", "# A\nb", 0),
        ("raw", "old", 0),
        ("code", "", 1),
        ("code", "", 0),
        ("raw", "", 0),
    ] == [(cell.kind, cell.source, len(cell.outputs)) for cell in notebook.cells]


def test_a_notebook_without_a_file_is_not_old() -> None:
    """There is nothing to be said of it."""
    assert "" == Notebook().staleness()
    assert "" == NotebookFinder(None, connection_file=f"kernel-{uuid.uuid4()}.json").path()
