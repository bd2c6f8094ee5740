"""A cell as a model reads it: its parts in order, tidied, cut, and with its images beside it."""

from __future__ import annotations

import base64
import time
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from codex_magic.context.cell_text import shorten, tidy
from codex_magic.context.cells import Cell, describe, select
from codex_magic.context.describing import Limits
from codex_magic.context.executions import Execution, Output
from codex_magic.context.html_tables import html_text
from codex_magic.context.overlay import is_ours, of_execution
from codex_magic.context.pieces import Picture, Piece
from codex_magic.notebook import Notebook, NotebookCell

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WIDGET = "application/vnd.jupyter.widget-view+json"


def cell_with(*outputs: Output, source: str = "f()") -> Cell:
    """Return cell 3, with outputs."""
    execution = Execution(source, count=3)
    execution.running = False
    execution.outputs.extend(outputs)
    return of_execution(execution)


def stored(key: str) -> Any:
    """Return an image of a store; its bytes are the key."""
    return SimpleNamespace(data=key.encode(), mime="image/png", width=4, height=None)


def piece_of(cell: Cell, **options: Any) -> Piece:
    """Return a cell's text."""
    piece, *_ = describe(cell, stored, **options)
    assert isinstance(piece, Piece)
    return piece


def below(*outputs: Output) -> str:
    """Return what stands for outputs."""
    return piece_of(cell_with(*outputs), source=False).text


def saved(kind: str, source: str, *outputs: dict[str, Any], **fields: Any) -> Cell:
    """Return a cell that only the file knows."""
    cell = NotebookCell("a", kind, source, outputs, **fields)
    (found,) = select("#1", [], lambda: Notebook((cell,), saved=time.time() - 200))
    return found


def test_a_cell_with_everything() -> None:
    """Source, prints, displays, results and errors stand in their order, each under its name."""
    cell = cell_with(
        Output("stream", name="stdout", text="hello\n"),
        Output("stream", name="stderr", text="\x1b[31mcareful\x1b[0m\n"),
        Output("display", text="<Figure size 640x480 with 1 Axes>", image="one"),
        Output("display", text="a picture of you", image="two"),
        Output("result", text="42"),
        Output("error", text="Traceback …\nValueError: no"),
    )

    piece, *pictures = describe(cell, stored)

    assert isinstance(piece, Piece)
    assert ("cell 3", "cell", "") == (piece.label, piece.kind, piece.note)
    assert (
        "In [3]:\nf()\n\nstdout:\nhello\n\nstderr:\ncareful\n\n"
        "display:\n[figure of cell 3]\n\n"
        "display:\n[figure 2 of cell 3]\na picture of you\n\n"
        "Out [3]:\n42\n\nerror:\nTraceback …\nValueError: no"
    ) == piece.text
    assert [
        Picture("figure of cell 3", b"one", width=4),
        Picture("figure 2 of cell 3", b"two", width=4),
    ] == pictures


def test_parts_of_a_cell() -> None:
    """Only its source, or only its outputs."""
    cell = cell_with(Output("result", text="42"), Output("display", image="one"))

    assert [Piece("cell 3", "In [3]:\nf()")] == describe(cell, stored, outputs=False)
    assert "Out [3]:\n42\n\ndisplay:\n[figure of cell 3]" == piece_of(cell, source=False).text


def test_images_that_cannot_be_sent() -> None:
    """One that is kept no more, and one of a type that no model takes, are said."""
    svg = SimpleNamespace(data=b"<svg/>", mime="image/svg+xml", width=0, height=0)
    cell = cell_with(Output("display", image="x"))

    assert "[figure of cell 3: not kept any more]" in str(describe(cell))
    (only,) = describe(cell, lambda key: svg)
    assert isinstance(only, Piece)
    assert "[figure of cell 3: image/svg+xml, which models do not take]" in only.text


def test_saved_outputs() -> None:
    """A cell that did not run here is as the file has it, which says how old it is."""
    png = base64.encodebytes(PNG).decode()
    cell = saved(
        "code",
        "plot()",
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
        {"output_type": "display_data", "data": {"image/png": png, "text/plain": "<Figure>"}},
        {"output_type": "execute_result", "data": {"text/plain": ["4", "2"]}},
        {"output_type": "error", "ename": "E", "evalue": "no", "traceback": ["\x1b[1mT", "E: no"]},
        {"output_type": "error", "ename": "E", "evalue": "no"},
        {"output_type": "display_data", "data": {"application/json": {"a": 1}}},
        {"output_type": "display_data", "data": {"image/png": "%%%", "text/plain": "broken"}},
        {"output_type": "display_data", "data": None},
        {"output_type": "unheard of"},
        count=9,
    )

    piece, *pictures = describe(cell)

    assert isinstance(piece, Piece)
    assert ("cell 9", "file saved 3 min ago") == (piece.label, piece.note)
    assert (
        "In [9]:\nplot()\n\nstdout:\na\nb\n\ndisplay:\n[figure of cell 9]\n\nOut [9]:\n42\n\n"
        'error:\nT\nE: no\n\nerror:\nE: no\n\ndisplay:\n{"a": 1}\n\ndisplay:\nbroken'
    ) == piece.text
    assert [Picture("figure of cell 9", PNG, "image/png", width=1, height=1)] == pictures


def test_markdown_cells() -> None:
    """Their text is Markdown as it is, without encoded images; pasted images are pictures."""
    source = f"# Title\n![](data:image/png;base64,{'iVBO' * 500}) *text*"
    pasted = {"i.png": {"image/png": base64.b64encode(PNG).decode()}, "x": 3}

    piece, picture = describe(saved("markdown", source, attachments=pasted))

    assert isinstance(piece, Piece)
    assert ("cell #1", "# Title\n![]([image/png, 2,000 characters]) *text*") == (
        piece.label,
        piece.text,
    )
    assert Picture("i.png of cell #1", PNG, "image/png", width=1, height=1) == picture


def test_widgets_and_other_types() -> None:
    """A widget is one short line; what has no text is known by its type."""
    assert "display:\n[widget: IntSlider(value=3)]" == below(
        Output("display", text="IntSlider(value=3)", mimes=("text/plain", WIDGET))
    )
    assert "display:\n[widget]" == below(Output("display", mimes=(WIDGET,)))
    assert 400 > len(below(Output("display", text="HBox(" + "x" * 9_000, mimes=(WIDGET,))))
    plotly = "application/vnd.plotly.v1+json"
    assert f"display:\n[{plotly}]" == below(Output("display", mimes=(plotly,)))
    assert "" == below(Output("stream", name="stdout", text=" \n"))


def test_a_table_is_sent_as_its_text_where_that_is_whole() -> None:
    """pandas' own text is compact and complete for a small frame."""
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})

    assert f"Out [3]:\n{frame!r}" == below(Output("result", text=repr(frame), html=frame.to_html()))


def test_a_table_whose_text_is_less_than_its_html() -> None:
    """A styled frame has only a name as text, and a wide one is wrapped: the HTML is read."""
    frame = pd.DataFrame([[1, 2.5], [3, 4.5]], columns=["first", "a<b"])
    wide = pd.DataFrame([[f"value {n}" for n in range(15)]])
    name = "<pandas.io.formats.style.Styler at 0x7f>"

    with pd.option_context("display.width", 80, "display.max_columns", 20):
        wrapped = repr(wide)

    assert "Out [3]:\n | first | a<b\n0 | 1 | 2.5\n1 | 3 | 4.5" == below(
        Output("result", text=name, html=frame.to_html())
    )
    assert "\\\n" in wrapped
    assert "0 | value 0 | value 1 |" in below(Output("result", text=wrapped, html=wide.to_html()))
    assert "Out [3]:\nplain …" == below(Output("result", text="plain …", html="<table></table>"))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one<p>two<br>three", "one\ntwo\nthree"),
        ("<h1>A &amp; B</h1><ul><li>x<li>y</ul>", "A & B\nx\ny"),
        ("<table><tr><td>a<td>b<tr><td>c", "a | b\nc"),
        ("<td>a</td><td>b</td>", "a | b"),
        ("<TABLE><TR><TD colspan=2>a<TD>b</TABLE>after", "a |  | b\nafter"),
        ("<table><tr><td colspan='99999'>a</table>", "a" + " | " * 999),
        ("<table><tr><td>a<table><tr><td>b<td>c</table>d<td>e", "a b c d | e"),
        ("<table><tr><th></th><td> </td></tr></table>x", "x"),
        ("<style>td {color: red}</style><b>x</b><script>if (a < b) go()</script>y", "xy"),
        ("a<script>never ends", "a"),
        ("a<!-- <td>not this --> b", "a b"),
        ("a<!-- never ends", "a"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        (
            "a<img alt='a cat' src=x><img src='data:image/png;base64,AAAA'>",
            "a[image: a cat][image]",
        ),
        ("cut in a <ta", "cut in a"),
        ("</td></tr></table></div>x", "x"),
    ],
)
def test_html_as_text(html: str, expected: str) -> None:
    """Tables are rows, blocks are lines; broken HTML is read as far as it goes."""
    assert expected == html_text(html)


@pytest.mark.parametrize(
    "part",
    [
        "<tr><td>x</td></tr>", "<a ", "<!--", "<", "<td>", "<table>", "&", "</", "<a b='", "<?",
        "<svg>", "<script>", "<td colspan=99999>", "<td colspan=   ", "&#x1f4a9", "]]>",
    ],
)  # fmt: skip
def test_ten_megabytes_of_html(part: str) -> None:
    """Whatever it is made of, only its ends are read; what is left out is told."""
    html = "<table>" + part * (10_000_000 // len(part))

    text = html_text(html)

    assert "characters of HTML left out" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a\n", "a"),
        ("  a\n\n\nb", "  a\n\n\nb"),
        ("a\r\nb\r\n", "a\nb"),
        ("\r  0%|    | 0/2\r 50%|██  | 1/2\r100%|████| 2/2\n", "100%|████| 2/2"),
        ("\r100%|██| 2/2\r              \rdone", "done"),
        ("\r 50%\x1b[A\n\r100%\x1b[K\n", "100%"),
        ("outer 1\ninner 1\x1b[A\router 2\ninner 2\n", "outer 2\ninner 2"),
        ("1/9\b\b\b2/9\b\b\b3/9\nok", "3/9\nok"),
        ("\b\ba", "a"),
        ("\x1b[1;31mred\x1b[0m \x1b[38;5;9mx\x1b[m\x1b(B", "red x"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[32m50%\x1b[0m\r\x1b[2K\x1b[32m100%\x1b[0m", "100%"),
        ("a\x00\x07b\x7f", "ab"),
        ("\ud83d and é", "? and é"),
        ("x\n" * 4, "x\n[… the line above 3 more times]"),
        ("x\n" * 3, "x\nx\nx"),
        ("w.py:3: Warning\n  warn()\n" * 1_000, "w.py:3: Warning\n  warn()\n"
         "[… the 2 lines above 999 more times]"),
        ("a\n\n\n\n\n\n\n\nb", "a\n\nb"),
        ("1\n2\n3\n4\n5\n6\n7", "1\n2\n3\n4\n5\n6\n7"),
    ],
)  # fmt: skip
def test_output_is_tidied(text: str, expected: str) -> None:
    """Colours go, progress bars show their last state, and what repeats is shown once."""
    assert expected == tidy(text)


def test_encoded_bytes_are_no_text() -> None:
    """Base64 is named with its size, in one line or many; sequences and rules stay."""
    encoded = base64.b64encode(bytes(range(256)) * 20).decode()
    lines = base64.encodebytes(bytes(range(256)) * 20).decode()

    assert f"b'[base64, {len(encoded):,} characters]'" == tidy(f"b'{encoded}'")
    assert "base64" in tidy(lines)
    assert 100 > len(tidy(lines))
    for kept in ("ACGT" * 500, "-" * 2_000, "x" * 1_000, "Word " * 500, "deadBEEF01" * 20):
        assert kept.strip() == tidy(kept)


def test_long_output_is_cut() -> None:
    """Head and tail stay; the text and the note say how much is missing."""
    long = "".join(f"line {n}\n" for n in range(100_000))

    piece = piece_of(cell_with(Output("stream", name="stdout", text=long)))

    assert piece.text.startswith("In [3]:\nf()\n\nstdout:\nline 0\nline 1\n")
    assert piece.text.endswith("line 99999")
    assert "characters left out" in piece.note
    assert piece.note.removeprefix("stdout: ") in piece.text
    assert 5_000 > len(piece.text)


def test_what_was_cut_while_it_was_recorded() -> None:
    """The gap is in the middle, and counts in what is said to be missing."""
    recorded = Output("stream", name="stdout", text="a" * 20_000 + "b" * 20_000, cut=1_000_000)
    short = Output("stream", name="stdout", text="abcd", cut=10)

    text = below(recorded)

    assert "1,036,000 of 1,040,000 characters left out" in text
    assert ("a" * 100 + "\n[…", "…]\n" + "b" * 100) == (
        text[text.index("\n[…") - 100 :][:103],
        text[text.index("…]\n") :][:103],
    )
    assert "stdout:\nab\n[… 10 of 14 characters left out …]\ncd" == below(short)
    assert "left out" in below(Output("result", cut=77))


def test_many_outputs() -> None:
    """The last ones are kept, as far as they fit, and how many are missing is said."""
    outputs = [Output("display", text=f"{n} " + "x" * 100) for n in range(500)]

    piece = piece_of(cell_with(*outputs), limits=Limits(cell=1_000))

    assert "492 of 500 outputs left out" == piece.note
    assert piece.text.startswith(
        "In [3]:\nf()\n\n[… 492 of 500 outputs left out …]\n\ndisplay:\n492"
    )


def test_a_hostile_cell() -> None:
    """A line of 100 MB, as source, print and table, is cut to what a question may hold."""
    line = "x" * 100_000_000
    cell = cell_with(
        Output("stream", name="stdout", text=line),
        Output("result", text="<Table>", html="<table><tr><td>" + line),
        source=line,
    )

    piece = piece_of(cell)

    assert 25_000 > len(piece.text)
    assert "source: 99,988,000 of 100,000,000 characters left out" in piece.note


def test_three_hundred_cells_with_large_outputs() -> None:
    """All are described within their limits."""
    log = "".join(f"\r step {n}: loss {n / 7:.4f}" for n in range(20_000))
    table = pd.DataFrame({"a": range(60), "b": range(60)})
    outputs = [
        Output("stream", name="stdout", text=log),
        Output("stream", name="stderr", text="warning\n" * 5_000),
        Output("result", text="<Styler>", html=table.to_html()),
        Output("display", text="<Figure>", image="x"),
    ]
    cells = [cell_with(*outputs) for _ in range(300)]
    limits = Limits.sharing(200_000, len(cells))

    described = [describe(cell, stored, limits=limits) for cell in cells]

    pieces = [found for one in described for found in one if isinstance(found, Piece)]
    assert (300, 600) == (len(pieces), sum(map(len, described)))
    assert 4 * 200_000 > sum(len(piece.text) for piece in pieces)


def test_limits_of_many_cells() -> None:
    """Few cells have the usual limits, many a share, and never so little that nothing is said."""
    assert Limits() == Limits.sharing(1_000_000, 3) == Limits.sharing(100_000, 0)
    assert Limits(3_000, 3_000, 3_000) == Limits.sharing(100_000, 100)
    assert Limits(600, 600, 600) == Limits.sharing(10, 10_000)


def test_what_is_left_out_is_counted() -> None:
    """Shortened text says what is missing of the whole, whatever tidying took away."""
    text, note = shorten("a" * 99_000 + "\n" + "b" * 1_000, 300)

    assert "99,700 of 100,001 characters left out" == note.replace("99,701", "99,700")
    assert text.startswith("a" * 200 + "\n[…")
    assert text.endswith("…]\n" + "b" * 100)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%%codex -m x\nprompt", True),
        ("\n  %%codex", True),
        ("%codex\n# and so on\n\nanswer = %codex ask why", True),
        ("%codex?", True),
        ("%%codexx\na", False),
        ("%codexx", False),
        ("%codex fix\nx = 1", False),
        ("# %codex", True),
        ("# nothing", False),
    ],
)
def test_cells_of_ours(source: str, expected: bool) -> None:
    """Questions and commands, and nothing else."""
    assert expected == is_ours(source)
