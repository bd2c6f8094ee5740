"""The code of an answer reaches the cells that it is for, through a page that writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_service import FakeService, text
from tests.fake_service.summary import words
from tests.kernels import Executed, Kernel, connected, running_kernel, running_shell
from tests.pages import Page

TWO = """Before.

```python
x = 1
```

Then *list*, as in ![a plot](https://example.org/a.png):

```bash
ls
```

After."""
ONE = "```python\nx = 2\n```"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService, data_folder: Path) -> Kernel:
    """The kernel, with the extension loaded anew, the service, and an empty store."""
    assert "ok" == running.run(connected(service, data_dir=str(data_folder))).status
    return running


@pytest.fixture
def page(kernel: Kernel) -> Page:
    """A page that is connected, and knows three cells."""
    page = Page(kernel)
    page.open("%codex connect", "first")
    page.greet(
        ("ran", "code", "total = 1"), ("text", "markdown", "# Title"), ("new", "code", "new = 1")
    )
    return page


def lines(done: Executed) -> list[str]:
    """What the lines below a cell say, one after the other."""
    shown = done.published("display_data", "update_display_data")
    ours = [one for one in shown if one.content["metadata"].get("codex_magic", {}).get("line")]
    return [one.content["data"]["text/plain"] for one in ours]


def payload(done: Executed) -> list[tuple[bool, str]]:
    """What the front end is asked to put into one cell."""
    assert "ok" == done.status, done.traceback
    return [(one["replace"], one["text"]) for one in done.payload]


def last_words(service: FakeService) -> str:
    """What the model saw of the last question."""
    return words(service.requests[-1].context[-1])


def test_connecting(kernel: Kernel) -> None:
    """One line waits, and says what shows the notebook as soon as the page answers."""
    page = Page(kernel)

    opened = page.open("%codex connect")
    greeted = page.greet()
    again = kernel.run("%codex connect")

    assert lines(opened)[0].startswith("Waiting for the page.")
    assert ["Connected to this notebook in JupyterLab."] == lines(greeted)
    assert ["Connected to this notebook in JupyterLab."] == lines(again)
    assert [] == lines(page.greet())


def test_connecting_to_a_page_that_cannot_write(kernel: Kernel) -> None:
    """The line says where code goes instead."""
    page = Page(kernel)
    page.open("%codex connect")

    [line] = lines(page.greet(can=()))

    assert line.startswith("This front end lets nobody write into its cells")


def test_connecting_takes_no_words(kernel: Kernel) -> None:
    """A question that begins with the word is told so."""
    done = kernel.run("%codex connect the dots")

    assert "To ask it, write %codex ask connect the dots" in done.traceback[0]


def test_connecting_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """There is no page."""
    with running_shell() as shell:
        shell.run_cell("%codex connect")

    assert "ConfigError: The bridge is for notebooks" in capsys.readouterr().out


def test_several_blocks_are_several_cells(kernel: Kernel, service: FakeService, page: Page) -> None:
    """In order, each with a label; the prose between is Markdown that fetches nothing."""
    service.enqueue(text(TWO))

    done = kernel.run("%%codex --code\nList them", cell_id="a")
    [request] = page.heard(done)

    assert ("insert", "a") == (request["do"], request["below"])
    [code, prose, shell] = request["cells"]
    assert ("code", "# codex: List them (1 of 2)\nx = 1") == (code["kind"], code["source"])
    assert "markdown" == prose["kind"]
    assert prose["source"].startswith("Then *list*, as in [")
    assert "![" not in prose["source"]
    assert "%%bash\n# codex: List them (2 of 2)\nls" == shell["source"]
    assert [] == payload(done)
    assert ["The code goes into 3 cells below. If it does not appear: %codex show."] == lines(done)
    assert ["The code is in 3 cells below."] == lines(page.answer(request))


def test_one_block_is_one_cell(kernel: Kernel, service: FakeService, page: Page) -> None:
    """Every front end knows how to insert that."""
    service.enqueue(text(ONE))

    done = kernel.run("%%codex --code\nSet x", cell_id="a")

    assert [(False, "# codex: Set x\nx = 2")] == payload(done)
    assert [] == page.heard(done)


def test_cells_that_cannot_be_written_are_shown(
    kernel: Kernel, service: FakeService, page: Page
) -> None:
    """In the place of the line, as text to copy, when the page says so."""
    service.enqueue(text(TWO))
    [request] = page.heard(kernel.run("%%codex --code\nList them", cell_id="a"))

    [line] = lines(page.answer(request, "the cell above is <gone>"))

    assert line.startswith("The code was put nowhere: the cell above is <gone>. Copy it from here:")
    assert "x = 1\n\n# %%\nget_ipython().run_cell_magic(" in line


def test_quietly(kernel: Kernel, service: FakeService, page: Page) -> None:
    """Nothing is said of cells that are there."""
    service.enqueue(text(TWO))

    done = kernel.run("%%codex --code -q\nList them", cell_id="a")
    [request] = page.heard(done)

    assert [""] == lines(done)
    assert [] == lines(page.answer(request))


def test_what_another_client_asks_goes_into_one_cell(
    kernel: Kernel, service: FakeService, page: Page
) -> None:
    """A page is open, and is not the one that runs the question."""
    page.session = "another"
    page.greet()
    service.enqueue(text(TWO))

    done = kernel.run("%%codex --code\nList them", cell_id="a")

    assert 1 == len(payload(done))
    assert [] == page.heard(done)


def test_code_that_was_run_is_several_cells_too(
    kernel: Kernel, service: FakeService, page: Page
) -> None:
    """The labels say that it ran."""
    service.enqueue(text("```python\nx = 1\n```\n\n```python\ny = x\n```"))

    done = kernel.run("%%codex --run --yes\nSet them", cell_id="a")
    [request] = page.heard(done)

    label = "# codex, was run above: Set them (2 of 2)"
    assert f"{label}\ny = x" == request["cells"][1]["source"]
    assert "ok" == kernel.run("assert y == 1").status


@pytest.mark.parametrize("option", ["--replace #3", "--replace=#3"])
def test_another_cell_is_replaced(
    kernel: Kernel, service: FakeService, page: Page, option: str
) -> None:
    """It goes along with the question; the page gets the code, and the user a diff."""
    service.enqueue(text(ONE))

    done = kernel.run(f"%%codex {option}\nSet x", cell_id="a")
    [request] = page.heard(done)

    asked = tuple(request[name] for name in ("do", "cell", "source", "expected"))
    assert ("replace", "new", "x = 2", "new = 1") == asked
    assert "new = 1" in last_words(service)
    [diff] = [one for one in done.displays if "codex-diff" in one["data"].get("text/html", "")]
    assert "@@ -1 +1 @@\n-new = 1\n+x = 2" == diff["data"]["text/plain"]
    assert [] == payload(done)
    assert ["The code goes into cell #3. If it does not appear: %codex show."] == lines(done)
    assert ["The code is in cell #3."] == lines(page.answer(request))


def test_a_cell_is_named_by_its_number(kernel: Kernel, service: FakeService, page: Page) -> None:
    """What stands in it counts, and not what ran; other cells are sent as ever."""
    ran = kernel.run("total = 0", cell_id="ran")
    kernel.run("other = 0", cell_id="new")
    number = ran.published("execute_input")[0].content["execution_count"]
    service.enqueue(text(ONE))

    done = kernel.run(f"%%codex --replace {number} -c -1\nSet x", cell_id="a")
    [request] = page.heard(done)

    assert ("ran", "total = 1") == (request["cell"], request["expected"])
    assert "other = 0" in last_words(service)
    assert "total = 0" in last_words(service)


def test_a_cell_that_was_edited_meanwhile_is_kept(
    kernel: Kernel, service: FakeService, page: Page
) -> None:
    """The page says so, and the code is there to be copied."""
    service.enqueue(text(ONE))
    [request] = page.heard(kernel.run("%%codex --replace #3\nSet x", cell_id="a"))

    [line] = lines(page.answer(request, "the cell was edited meanwhile"))

    assert "put nowhere: the cell was edited meanwhile. Copy it from here:\nx = 2" in line


def test_the_same_code_replaces_nothing(kernel: Kernel, service: FakeService, page: Page) -> None:
    """There is nothing to be done."""
    service.enqueue(text("```python\nnew = 1\n```"))

    done = kernel.run("%%codex --replace #3\nImprove it", cell_id="a")

    assert "The code is that of cell #3: nothing was replaced." == done.stdout.strip()
    assert [] == page.heard(done)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--replace #2", "that is no code cell of the page"),
        ("--replace #9", "There is no cell #9"),
        ("--replace=#1-3", "names 3 cells: name one."),
        ("--replace=x", "names no cell"),
    ],
)
def test_what_cannot_be_replaced_is_said(
    kernel: Kernel, service: FakeService, page: Page, option: str, said: str
) -> None:
    """In one line, before anything is sent."""
    done = kernel.run(f"%%codex {option}\nSet x", cell_id="a")

    assert said in done.traceback[0]
    assert [] == service.requests


@pytest.mark.parametrize("opened", [False, True])
def test_another_cell_needs_the_bridge(kernel: Kernel, service: FakeService, opened: bool) -> None:
    """The error says what to do; nothing is sent."""
    if opened:
        kernel.run("%codex connect")

    done = kernel.run("%%codex --replace 3\nSet x", cell_id="a")

    said = "no page of this notebook answered" if opened else "run %codex connect first"
    assert said in done.traceback[0]
    assert [] == service.requests


def test_what_is_not_saved_can_be_sent(kernel: Kernel, service: FakeService, page: Page) -> None:
    """Markdown and cells that never ran among it."""
    page.greet(
        ("text", "markdown", "# Not saved"), ("a", "code", "%%codex"), ("below", "code", "z = 9")
    )

    kernel.run("%%codex -q -c above\nSum up", cell_id="a")

    assert "# Not saved" in last_words(service)
    assert "z = 9" not in last_words(service)


def test_a_correction_goes_below(kernel: Kernel, service: FakeService, page: Page) -> None:
    """Of `%codex fix`, as without the bridge."""
    kernel.run("1 / 0", cell_id="ran")
    service.enqueue(text("```python\n1 / 2\n```"))

    done = kernel.run("%codex fix", cell_id="a")

    [(replaces, cell)] = payload(done)
    assert not replaces
    assert cell.endswith("\n1 / 2")
    assert "codex-diff" in done.html
