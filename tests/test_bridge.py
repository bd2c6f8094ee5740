"""The kernel's end of the bridge, over a kernel's messages; the page's end is in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codex_magic.bridge import Bridge, NewCell
from codex_magic.errors import ConfigError
from tests.kernels import Kernel, running_kernel
from tests.pages import Page

OPEN = """
%reload_ext codex_magic
from codex_magic.bridge import NewCell
bridge = get_ipython().find_line_magic("codex").__self__.assistant.bridge
notebook = get_ipython().find_line_magic("codex").__self__.assistant.preparing.notebook
bridge.mount()
told = []
"""
INSERT = """
print(bridge.insert([NewCell("x = 1"), NewCell("So", "markdown")], done=told.append))
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as running:
        yield running


@pytest.fixture
def page(kernel: Kernel) -> Page:
    """A page of a kernel whose bridge was opened anew."""
    page = Page(kernel)
    assert "ok" == page.open(OPEN, "first").status
    return page


def shown(kernel: Kernel, expression: str) -> str:
    """What an expression prints."""
    done = kernel.run(f"print({expression})")
    assert "ok" == done.status, done.traceback
    return done.stdout.strip()


def test_a_page_is_there_once_it_answers(kernel: Kernel, page: Page) -> None:
    """Before that nobody is asked for anything."""
    before = kernel.run(f"print(bridge.opened, bridge.mounted){INSERT}", cell_id="a")
    page.greet()

    assert "True False\nFalse\n" == before.stdout
    assert [] == page.heard(before)
    assert "True" == shown(kernel, "bridge.mounted")


def test_cells_are_asked_for_once(kernel: Kernel, page: Page) -> None:
    """In order, below the cell that runs; the cell does not wait for the answer."""
    page.greet()

    done = kernel.run(INSERT, cell_id="a")

    assert "True\n" == done.stdout
    [request] = page.heard(done)
    assert ("insert", "a") == (request["do"], request["below"])
    cells = [{"kind": "code", "source": "x = 1"}, {"kind": "markdown", "source": "So"}]
    assert cells == request["cells"]
    assert "[]" == shown(kernel, "told")
    page.answer(request)
    page.answer(request)
    assert "['']" == shown(kernel, "told")


def test_what_kept_a_page_from_it_is_told(kernel: Kernel, page: Page) -> None:
    """Each request learns of its own answer."""
    page.greet()
    code = (
        'bridge.replace("b", "y", expected="x", done=lambda problem: told.append(("b", problem)))'
    )

    [insert] = page.heard(kernel.run(INSERT, cell_id="a"))
    [replace] = page.heard(kernel.run(code, cell_id="a"))
    page.answer(replace, "the cell was edited meanwhile")
    page.answer(insert)

    assert ("b", "y", "x") == tuple(replace[name] for name in ("cell", "source", "expected"))
    assert "[('b', 'the cell was edited meanwhile'), '']" == shown(kernel, "told")


def test_only_the_page_that_asks_is_asked(kernel: Kernel, page: Page) -> None:
    """With the notebook open twice, a cell is put into the window in which the question ran."""
    other = Page(kernel, "two", session="another", comm=page.comm)
    page.greet()
    other.greet()

    done = kernel.run(INSERT, cell_id="a")

    assert 1 == len(page.heard(done))
    assert [] == other.heard(done)


def test_another_client_writes_into_no_page(kernel: Kernel, page: Page) -> None:
    """What a console or nbclient runs comes from no page, whichever are open."""
    other = Page(kernel, "two", session="another", comm=page.comm)
    other.greet()

    done = kernel.run(INSERT, cell_id="a")

    assert "False\n" == done.stdout
    assert [] == other.heard(done)


def test_a_reloaded_page_is_another_one(kernel: Kernel, page: Page) -> None:
    """The old one is asked for nothing more, though nobody said that it went."""
    page.greet()
    reloaded = Page(kernel, "two", comm=page.comm)
    page.session = "before"
    page.greet()
    reloaded.greet()

    done = kernel.run(INSERT, cell_id="a")

    assert 1 == len(reloaded.heard(done))
    assert [] == page.heard(done)


def test_a_page_that_went_is_asked_for_nothing(kernel: Kernel, page: Page) -> None:
    """It said so."""
    page.greet()
    page.say("gone")

    assert "False\n" == kernel.run(INSERT, cell_id="a").stdout


def test_a_page_that_cannot_write_is_asked_for_nothing(kernel: Kernel, page: Page) -> None:
    """As in front ends that have no notebook behind a widget."""
    page.greet(can=())

    done = kernel.run(f"print(len(bridge.heard_of()), bridge.mounted){INSERT}", cell_id="a")

    assert "1 False\nFalse\n" == done.stdout


def test_a_callback_asks_the_page_of_its_message(kernel: Kernel, page: Page) -> None:
    """Also on another thread; the page that was heard of last is asked where that says nothing."""
    other = Page(kernel, "two", session="another", comm=page.comm)
    page.greet()
    other.greet()
    kernel.run(
        "import threading\n"
        "def press():\n"
        "    threads = [threading.Thread(target=bridge.insert, args=([NewCell('x')],))]\n"
        "    [thread.start() or thread.join() for thread in threads]\n"
        "bridge.listeners.append(press)"
    )

    done = page.say("cells", cells=[])

    assert 1 == len(page.heard(done))
    assert [] == other.heard(done)


def test_cells_that_are_not_saved_are_known(kernel: Kernel, page: Page) -> None:
    """Of the page that asks, as it told them last; what it tells in another form is left out."""
    page.greet(("a", "code", "x = 1"))
    page.say("cells", cells=[{"id": "b", "kind": "markdown", "source": "# New"}, "odd", {"id": 3}])

    cells = shown(kernel, "[(c.id, c.kind, c.source) for c in notebook.read().cells]")

    assert "[('b', 'markdown', '# New'), ('', 'raw', '')]" == cells
    assert "True" == shown(kernel, "notebook.read().live")


def test_a_notebook_that_is_too_large_to_tell_is_read_elsewhere(kernel: Kernel, page: Page) -> None:
    """The page says so by telling none."""
    page.greet(("a", "code", "x = 1"))
    page.say("cells", cells=None)

    assert "None" == shown(kernel, "bridge.cells()")


def test_opening_again_asks_again(kernel: Kernel, page: Page) -> None:
    """There is one bridge, and pages greet anew."""
    done = kernel.run("bridge.mount()")

    assert [] == done.published("comm_open")
    assert ["greet"] == [one.content["data"]["content"]["do"] for one in done.published("comm_msg")]


def test_unloading_takes_it_away(kernel: Kernel, page: Page) -> None:
    """Nothing is asked of a page any more."""
    page.greet()

    done = kernel.run(f"%unload_ext codex_magic\n{INSERT}", cell_id="a")

    assert 1 == len(done.published("comm_close"))
    assert "False\n" == done.stdout


def test_without_a_notebook() -> None:
    """There is nothing to be connected to, and requests find nobody."""
    bridge = Bridge(None)

    with pytest.raises(ConfigError, match="The bridge is for notebooks"):
        bridge.mount()
    assert not bridge.insert([NewCell("x")])
    assert not bridge.mounted
    assert bridge.cells() is None


def test_without_its_library(kernel: Kernel) -> None:
    """One line says what to install."""
    kernel.run("%reload_ext codex_magic\nimport sys; sys.modules['anywidget'] = None")

    done = kernel.run("get_ipython().find_line_magic('codex').__self__.assistant.bridge.mount()")
    kernel.run("del sys.modules['anywidget']")

    assert [
        'ConfigError: The bridge needs anywidget. Install it: pip install "codex-magic[bridge]".'
    ] == done.traceback
