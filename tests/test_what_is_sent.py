"""Each way of pointing at things in a notebook, in a real kernel: the exact parts of the request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.context.pixels import png
from tests.fake_service import FakeService, text
from tests.kernels import Kernel
from tests.sending import (
    FRAME,
    PLOT,
    asked,
    begin,
    failed,
    footer,
    last_sent,
    number,
    plotting_kernel,
    pngs,
    ran,
    said_to_be_sent,
)

HELLO = "import sys\nprint('hello')\nprint('careful', file=sys.stderr)\n6 * 7"
FAIL = "def ratio(a, b):\n    return a / b\n\nshare = 3\nratio(share, 0)"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with plotting_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService) -> Kernel:
    """The kernel with an empty namespace and an empty record."""
    begin(running, service)
    return running


def test_a_cell_with_all_that_it_put_out(kernel: Kernel, service: FakeService) -> None:
    """Source, streams and result, each under its name."""
    cell = number(ran(kernel, HELLO))

    sent, words = asked(kernel, service, f"%%codex -c {cell}\nWhy?")

    expected = f"In [{cell}]:\n{HELLO}\n\nstdout:\nhello\n\nstderr:\ncareful\n\nOut [{cell}]:\n42"
    assert [("cell", f"cell {cell}", expected)] == sent.pieces
    assert ("Why?", [], {}) == (sent.prompt, sent.images, sent.notes)
    assert f"cell {cell}" == words


@pytest.mark.parametrize(
    ("spec", "which", "said"),
    [
        ("{1}", [1], "cell {1}"),
        ("{0}-{2}", [0, 1, 2], "cells {0}–{2}"),
        ("{2},{0}", [2, 0], "cells {0}, {2}"),
        ("-2", [1, 2], "cells {1}–{2}"),
        ("{1}-", [1, 2], "cells {1}–{2}"),
        ("above", [-2, -1, 0, 1, 2], "cells {3}–{2}"),
        ("all", [-2, -1, 0, 1, 2], "cells {3}–{2}"),
    ],
)
def test_cells_by_number(
    kernel: Kernel, service: FakeService, spec: str, which: list[int], said: str
) -> None:
    """Ranges, several, the last ones, and all there are; never the one that asks."""
    numbers = [number(ran(kernel, f"x{index} = {index}")) for index in range(3)]

    sent, words = asked(kernel, service, f"%%codex -c {spec.format(*numbers)}\nWhy?")

    expected = [numbers[0] + index for index in which]
    assert [f"cell {cell}" for cell in expected] == sent.labels
    for index, cell in zip(which, expected, strict=True):
        if index >= 0:
            assert f"In [{cell}]:\nx{index} = {index}" == sent.text(f"cell {cell}")
    # The cell that connects has the key in it.
    runs = said.format(*numbers, numbers[0] - 2)
    assert runs == words.removesuffix(", 1 secret replaced")


def test_cells_by_position(kernel: Kernel, service: FakeService) -> None:
    """In the order of the notebook's file, Markdown cells too; how old the file is, is said."""
    notebook = kernel.folder / "work" / "named.ipynb"
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Heading"},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": "y = 1", "outputs": [], "execution_count": None},
    ]  # fmt: skip
    notebook.write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    ran(kernel, f"__vsc_ipynb_file__ = {str(notebook)!r}")

    sent, words = asked(kernel, service, "%%codex -c #1,#2\nWhy?")

    assert ["cell #1", "cell #2"] == sent.labels
    assert "# Heading" == sent.text("cell #1")
    assert "In [ ]:\ny = 1" == sent.text("cell #2")
    assert "saved" in sent.notes["cell #1"]
    assert "cell #1, cell #2" == words


def test_the_source_only(kernel: Kernel, service: FakeService) -> None:
    """``--no-outputs`` leaves out what was printed, shown and drawn."""
    cell = number(ran(kernel, PLOT))

    sent, words = asked(kernel, service, f"%%codex -c {cell} --no-outputs\nWhy?")

    assert [("cell", f"cell {cell}", f"In [{cell}]:\n{PLOT}")] == sent.pieces
    assert ([], f"cell {cell}") == (sent.images, words)


def test_a_cell_brings_its_figure(kernel: Kernel, service: FakeService) -> None:
    """As the bytes that the front end got, and a place for it in the text."""
    done = ran(kernel, PLOT)
    cell = number(done)

    sent, words = asked(kernel, service, f"%%codex -c {cell}\nWhy?")

    expected = f"In [{cell}]:\n{PLOT}\n\nstdout:\nplotted\n\ndisplay:\n[figure of cell {cell}]"
    assert expected == sent.text(f"cell {cell}")
    [image] = sent.images
    assert pngs(done) == [image.source]
    assert ("auto", f"figure of cell {cell}") == (image.detail, image.label)
    assert f"cell {cell}, 1 figure" == words


def test_a_variable(kernel: Kernel, service: FakeService) -> None:
    """Its summary, once, also when it is named twice."""
    ran(kernel, FRAME)

    sent, words = asked(kernel, service, "%%codex -v df\nWhat is @df?")

    [(kind, label, summary)] = sent.pieces
    assert ("variable", "df", "df") == (kind, label, words)
    assert summary.startswith("df: pandas.DataFrame, 3 rows × 2 columns")
    assert "a: float64, 1 missing, min 1, mean 1.5, max 2" in summary
    assert "What is @df?" == sent.prompt


def test_all_variables(kernel: Kernel, service: FakeService) -> None:
    """An overview of what the user defined; nothing of IPython's and nothing hidden."""
    ran(kernel, FRAME)
    ran(kernel, "rate = 0.25\n_hidden = 1")

    sent, words = asked(kernel, service, "%%codex -v all\nWhat is there?")

    [(kind, label, overview)] = sent.pieces
    assert ("variable", "variables", "variables") == (kind, label, words)
    assert re.search(r"^df: pandas.DataFrame.*^rate: float", overview, re.M | re.S)
    assert not any(name in overview for name in ("_hidden", "get_ipython", "exit"))


@pytest.mark.parametrize("ref", ["", "all", "{cell}", "-1", "fig", "ax"])
def test_a_figure_is_sent_as_it_was_displayed(
    kernel: Kernel, service: FakeService, ref: str
) -> None:
    """The last one, all, a cell's: byte for byte; a variable is drawn again, to the same bytes."""
    done = ran(kernel, PLOT)
    cell = number(done)

    sent, words = asked(kernel, service, f"%%codex -f {ref.format(cell=cell)}\nWhy?")

    [image] = sent.images
    if ref in ("fig", "ax"):
        assert (ref, b"\x89PNG") == (image.label, bytes(image.source[:4]))  # type: ignore[arg-type]
    else:
        assert (f"figure of cell {cell}", pngs(done)) == (image.label, [image.source])
    assert ("1 figure", []) == (words, sent.pieces)


def test_all_figures_each_once(kernel: Kernel, service: FakeService) -> None:
    """In the order of their cells; the same one of a cell and of ``-f`` goes once."""
    first, second = (ran(kernel, PLOT.replace("[1, 4, 2]", data)) for data in ("[1, 2]", "[2, 1]"))

    sent, words = asked(kernel, service, f"%%codex -f all -c {number(first)}\nWhich @fig?")

    assert {*pngs(first), *pngs(second)} == {image.source for image in sent.images}
    assert 2 == len(sent.images)
    assert f"cell {number(first)}, 2 figures" == words


def test_the_open_figure_of_the_same_cell(kernel: Kernel, service: FakeService) -> None:
    """A line below a plot shows the plot, before the front end has it."""
    done = ran(kernel, "plt.plot([3, 1, 2])\n%codex ask -f Why does it fall?")

    [image] = last_sent(service).images
    assert b"\x89PNG" == bytes(image.source[:4])  # type: ignore[arg-type]
    assert "figure of this cell" == image.label
    assert 1 == len(pngs(done))


def test_images_of_every_origin(kernel: Kernel, service: FakeService) -> None:
    """A file and a variable as bytes, an address as an address that the service fetches."""
    picture = png((20, 10))
    (kernel.folder / "work" / "photo.png").write_bytes(picture)
    ran(kernel, "noise = bytes(open('photo.png', 'rb').read())")
    address = "https://example.org/a.png?size=2"

    file, of_file = asked(kernel, service, "%%codex -i photo.png\nWhy?")
    named, of_name = asked(kernel, service, "%%codex --detail low -i noise\nWhy?")
    remote, of_remote = asked(kernel, service, f"%%codex -i {address}\nWhy?")

    sources = [sent.images[0].source for sent in (file, named, remote)]
    assert [picture, picture, address] == sources
    assert ["auto", "low", "auto"] == [sent.images[0].detail for sent in (file, named, remote)]
    assert ["photo.png", "noise", "a.png"] == [s.images[0].label for s in (file, named, remote)]
    assert all(words.startswith("1 figure") for words in (of_file, of_name, of_remote))


def test_a_large_image_is_made_as_small_as_its_detail_needs(
    kernel: Kernel, service: FakeService
) -> None:
    """And what was done to it is said to the model."""
    (kernel.folder / "work" / "large.png").write_bytes(png((1200, 600)))

    sent, _ = asked(kernel, service, "%%codex -i large.png --detail low\nWhy?")

    assert b"\x00\x00\x02\x00\x00\x00\x01\x00" == sent.images[0].source[16:24]
    assert "512×256 px from 1200×600" == sent.notes["large.png"]


def test_files_of_every_kind(kernel: Kernel, service: FakeService) -> None:
    """Text as it is, a table as a summary, a notebook as cells, a PDF as a file, a PNG as an image."""
    work = kernel.folder / "work"
    (work / "notes.txt").write_text("First line\nZweite Zeile: größer\n", encoding="utf-8")
    (work / "data.csv").write_text("name,size\nx,1\ny,2\n")
    (work / "paper.pdf").write_bytes(b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n")
    (work / "photo.png").write_bytes(png((20, 10)))
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Heading"}
    (work / "other.ipynb").write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )

    options = " ".join(
        f"--file {name}"
        for name in ("notes.txt", "data.csv", "other.ipynb", "paper.pdf", "photo.png")
    )
    sent, words = asked(kernel, service, f"%%codex {options}\nWhy?")

    assert ["notes.txt", "data.csv", "other.ipynb"] == sent.labels
    assert {"file"} == {kind for kind, _, _ in sent.pieces}
    assert "First line\nZweite Zeile: größer" == sent.text("notes.txt").rstrip("\n")
    assert "2 rows" in sent.text("data.csv")
    assert "# Heading" in sent.text("other.ipynb")
    assert [("paper.pdf", (work / "paper.pdf").read_bytes())] == sent.files
    assert [png((20, 10))] == [image.source for image in sent.images]
    assert "notes.txt, data.csv, other.ipynb, paper.pdf, 1 figure" == words


def test_the_last_error(kernel: Kernel, service: FakeService) -> None:
    """Message, the failing line and the user's frames; variables only where they are asked for."""
    cell = number(failed(kernel, FAIL))

    plain, words = asked(kernel, service, "%%codex --error\nWhy?")
    full, also = asked(kernel, service, "%%codex --locals\nWhy?")

    [(kind, label, described)] = plain.pieces
    assert ("error", f"ZeroDivisionError in cell {cell}") == (kind, label)
    assert described.startswith("ZeroDivisionError: division by zero\n")
    assert "--> 2 |     return a / b" in described
    assert "share" in described
    assert label == words
    assert not re.search(r"a = 3|a: 3", described)
    assert re.search(r"a = 3|a: 3", full.pieces[0][2])
    assert also.startswith(label)


def test_what_goes_along_unnamed(kernel: Kernel, service: FakeService) -> None:
    """``--context`` and the setting: recent or above; our own cells and answers are not repeated."""
    service.enqueue(text("A very special answer."))
    ran(kernel, "%%codex\nA very special question?")
    cell = number(ran(kernel, "z = 5"))

    recent, _ = asked(kernel, service, "%%codex --context recent\nWhy?")
    above, _ = asked(kernel, service, "%%codex --context above\nWhy?")
    ran(kernel, "%codex config context=recent")
    configured, _ = asked(kernel, service, "%%codex\nWhy?")
    switched_off, words = asked(kernel, service, "%%codex --context none\nWhy?")

    for sent in (recent, above, configured):
        assert f"cell {cell}" == sent.labels[-1]
        assert "very special" not in repr(sent.pieces)
    assert [] == switched_off.pieces
    assert words.startswith("the prompt")


def test_mentions(kernel: Kernel, service: FakeService) -> None:
    """Every kind of ``@name`` attaches what it names, and the text stays as it was written."""
    (kernel.folder / "work" / "notes.txt").write_text("Noted.")
    source = number(ran(kernel, "print('source only')"))
    output = number(ran(kernel, "'output only'"))
    whole = number(ran(kernel, "print('both')"))
    plot = ran(kernel, PLOT)
    ran(kernel, "chart = plt.figure(figsize=(1, 1)); chart.gca().plot([2, 1]); plt.close()")
    failed(kernel, "1/0")
    prompt = (
        f"@In[{source}] @Out[{output}] @cell[{whole}], @fig @error: @file:notes.txt and @chart? "
        "Not `@df`, me@example.org"
    )

    sent, _ = asked(kernel, service, f"%%codex\n{prompt}")

    assert prompt == sent.prompt
    assert f"In [{source}]:\nprint('source only')" == sent.text(f"cell {source}")
    assert f"Out [{output}]:\n'output only'" == sent.text(f"cell {output}")
    assert f"In [{whole}]:\nprint('both')\n\nstdout:\nboth" == sent.text(f"cell {whole}")
    assert "Noted." == sent.text("notes.txt")
    assert ["cell", "cell", "cell", "error", "file"] == [kind for kind, _, _ in sent.pieces]
    assert [f"figure of cell {number(plot)}", "chart"] == [image.label for image in sent.images]
    assert pngs(plot) == [sent.images[0].source]


def test_a_near_miss_is_said_and_is_no_error(kernel: Kernel, service: FakeService) -> None:
    """What is not there stands in the footer; the question goes out without it."""
    ran(kernel, FRAME)
    prompt = "@dff @fgi @In @In[99] @file:nope.txt @fig @somebody"

    done = ran(kernel, f"%%codex\n{prompt}")

    sent = last_sent(service)
    assert (prompt, [], []) == (sent.prompt, sent.pieces, sent.images)
    *remarks, words = footer(done)
    assert "@dff is not attached: did you mean @df?" in remarks
    assert "@fgi is not attached: did you mean @fig?" in remarks
    assert "@In is not attached: did you mean @In[3]?" in remarks
    assert any(line.startswith("@In[99] is not attached: There is no cell 99") for line in remarks)
    assert any(line.startswith("@file:nope.txt is not attached: ") for line in remarks)
    assert any(line.startswith("@fig is not attached: No figure") for line in remarks)
    assert 6 == len(remarks)
    assert words.endswith("sent: the prompt")


@pytest.mark.parametrize("call", ["ask({})", "await aask({})"])
def test_the_same_from_python(kernel: Kernel, service: FakeService, call: str) -> None:
    """``ask`` and ``aask`` take names, and the things themselves, alone, in lists and by names."""
    (kernel.folder / "work" / "notes.txt").write_text("Noted.")
    (kernel.folder / "work" / "photo.png").write_bytes(png((20, 10)))
    ran(kernel, FRAME)
    cell = number(ran(kernel, "print('seen')"))
    plot = ran(kernel, PLOT)
    failed(kernel, FAIL)
    arguments = (
        f"'Why?', cells={cell}, vars=[df, 'share', df.head(1), df.tail(1)], figures=[fig, {number(plot)}], "
        "images={'logo': 'photo.png'}, files=['notes.txt'], error=True, detail='high'"
    )

    done = ran(kernel, call.format(arguments))

    sent = last_sent(service)
    assert "Why?" == sent.prompt
    assert f"In [{cell}]:\nprint('seen')\n\nstdout:\nseen" == sent.text(f"cell {cell}")
    kinds = [(kind, label) for kind, label, _ in sent.pieces]
    assert [
        ("cell", f"cell {cell}"),
        ("variable", "df"),
        ("variable", "share"),
        ("variable", "DataFrame"),
        ("variable", "DataFrame"),
        ("file", "notes.txt"),
        ("error", f"ZeroDivisionError in cell {number(plot) + 1}"),
    ] == kinds
    sources = [image.source for image in sent.images]
    assert pngs(plot)[0] in sources
    assert png((20, 10)) in sources
    assert {"high"} == {image.detail for image in sent.images}
    assert f"cell {cell}, df, share" in said_to_be_sent(done)


def test_one_thing_needs_no_list(kernel: Kernel, service: FakeService) -> None:
    """A frame, a figure, an array of axes, a range, a path and an error of the user's go as they are."""
    ran(kernel, FRAME + "\nfrom pathlib import Path\nimport numpy as np")
    first = number(ran(kernel, "a = 1"))
    ran(kernel, "b = 2")
    (kernel.folder / "work" / "notes.txt").write_text("Noted.")
    ran(
        kernel,
        "grid, axes = plt.subplots(1, 2, figsize=(2, 1)); plt.close()\n"
        "try:\n    int('x')\nexcept ValueError as error:\n    kept = error",
    )

    done = ran(
        kernel,
        f"ask('Why?', cells=range({first}, {first + 2}), vars=df, figures=axes, "
        "images=np.zeros((4, 4)), files=Path('notes.txt'), error=kept)",
    )

    sent = last_sent(service)
    assert [f"cell {first}", f"cell {first + 1}", "df", "notes.txt"] == sent.labels[:4]
    assert "invalid literal for int()" in sent.pieces[4][2]
    assert 2 == len(sent.images)
    assert said_to_be_sent(done).startswith(f"cells {first}–{first + 1}, df, notes.txt")
