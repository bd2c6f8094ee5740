"""Files that a user names, as a model reads them."""

from __future__ import annotations

import importlib
import json
import os
import re
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from codex_magic.context import files
from codex_magic.context.pieces import Attachment, Document, Picture, Piece
from codex_magic.errors import ContextError

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the kernel works in."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def one(path: str, **options: Any) -> Piece:
    """Read a file that is text in the end."""
    (found,) = files.read(path, **options)
    assert isinstance(found, Piece)
    return found


def refusal(path: str, **options: Any) -> str:
    """Return the one line that says why a file is not read."""
    with pytest.raises(ContextError) as failure:
        files.read(path, **options)
    assert "\n" not in str(failure.value)
    return str(failure.value)


def test_text_is_sent_as_it_is(work: Path) -> None:
    """The label is what the user typed; line ends are plain."""
    (work / "notes.txt").write_bytes("Grüße\r\n日本\r".encode())

    assert Piece("notes.txt", "Grüße\n日本\n", "file") == one("notes.txt")


def test_code_says_its_language(work: Path) -> None:
    """Between fences that it does not contain."""
    (work / "a.py").write_text("x = 1\n")
    (work / "b.py").write_text('"""\n```\n"""\n')
    (work / "c.svg").write_text("<svg/>")

    assert "```python\nx = 1\n```" == one("a.py").text
    assert '````python\n"""\n```\n"""\n````' == one("b.py").text
    assert "```xml\n<svg/>\n```" == one("c.svg").text


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        ("é €".encode("utf-8-sig"), "é €", ""),
        ("é €".encode("utf-16"), "é €", "read as utf-16"),
        (b"\xfe\xff" + "é".encode("utf-16-be"), "é", "read as utf-16"),
        ("é €".encode("utf-32"), "é €", "read as utf-32"),
        ("Name,é\r\n".encode("utf-16-le"), "Name,é\n", "read as utf-16-le"),
        ("Name,é".encode("utf-16-be"), "Name,é", "read as utf-16-be"),
        ("é €".encode("cp1252"), "é €", "read as cp1252"),
        (b"", "", "the file is empty"),
        (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m", ""),
    ],
)
def test_the_encoding_is_found(work: Path, data: bytes, text: str, note: str) -> None:
    """By its mark, as UTF-8, or as Windows writes; what was guessed is said."""
    (work / "a.txt").write_bytes(data)

    assert Piece("a.txt", text, "file", note) == one("a.txt")


def test_a_character_at_the_sample_s_edge_is_whole(work: Path) -> None:
    """A character that is cut by the look at the first bytes makes no other encoding."""
    text = "a" + "é" * 5_000
    (work / "a.txt").write_text(text, encoding="utf-8")

    assert Piece("a.txt", text, "file") == one("a.txt")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("model.pkl", b"\x80\x04\x95\x00\x00\x00\x00", "attach what matters with --var NAME"),
        ("data.csv", b"a,b\n\x00\x01\x02\x03\x00", "is binary"),
        ("noise.txt", bytes(range(1, 32)) * 9, "is binary"),
        ("scan.tif", b"II*\x00\x08\x00", "is a TIFF image"),
        ("old.xls", b"\xd0\xcf\x11\xe0\x00\x00", "Save it as .xlsx or CSV"),
        ("text.docx", b"PK\x03\x04\x00", "Save it as PDF or text"),
        ("a.ipynb", b'{"cells": 3}', "is not a notebook"),
        ("b.ipynb", b"not json", "is not a notebook"),
    ],
)
def test_what_is_no_text_is_refused(work: Path, name: str, data: bytes, said: str) -> None:
    """With what to do instead."""
    (work / name).write_bytes(data)

    message = refusal(name)

    assert repr(name) in message
    assert said in message


def test_long_text_keeps_head_and_tail(work: Path) -> None:
    """Above the limit, with a note of what was left out."""
    (work / "long.txt").write_text("first\n" + "x" * 1_000 + "\nlast")

    piece = one("long.txt", limit=300)

    assert piece.text.startswith("first\n")
    assert piece.text.endswith("\nlast") or piece.text.endswith("xlast")
    assert re.fullmatch(r"\d+ of 1,011 characters left out", piece.note)
    assert f"[… {piece.note} …]" in piece.text


def test_a_huge_text_is_refused(work: Path) -> None:
    """More than 50 MB are not read."""
    with (work / "huge.log").open("wb") as file:
        file.write(b"line\n" * 1_000)
        file.seek(50_000_001)
        file.write(b"x")

    assert refusal("huge.log").startswith("'huge.log' is larger than 50 MB. Load what matters")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nots.txt", "There is no file 'nots.txt'. Did you mean 'notes.txt'?"),
        ("NOTES.TXT", "There is no file 'NOTES.TXT'. Did you mean 'notes.txt'?"),
        ("notes.md", "There is no file 'notes.md'. Did you mean 'notes.txt'?"),
        ("data/redme.md", "There is no file 'data/redme.md'. Did you mean 'data/readme.md'?"),
        ("dta/readme.md", "There is no folder 'dta' for 'dta/readme.md'. Did you mean 'data'?"),
        (
            "data",
            "'data' is a folder. Name a file in it, as data/a.csv, or several, as data/*.csv.",
        ),
        ("empty/", "'empty/' is a folder. Name a file."),
        ("", "A file needs a name, as data/readme.txt."),
        ("a\0b", "A file needs a name, as data/readme.txt."),
    ],
)
def test_a_path_that_leads_nowhere(work: Path, path: str, message: str) -> None:
    """The error names what was probably meant."""
    (work / "data").mkdir()
    (work / "empty").mkdir()
    for name in ("notes.txt", "data/readme.md", "data/a.csv", "data/b.csv"):
        (work / name).write_text("a\n")
    if (work / "NOTES.TXT").exists() and path.isupper():
        pytest.skip("This file system does not tell capital letters.")

    assert message == refusal(path)


def test_nothing_like_it_says_where_the_kernel_works(work: Path) -> None:
    """Then the working folder is what the user has to look at."""
    assert f"There is no file 'a.txt'. The kernel works in {str(work)!r}." == refusal("a.txt")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files.")
def test_special_files_are_not_read(work: Path) -> None:
    """A pipe would block for ever, a device never end."""
    os.mkfifo(work / "pipe")
    (work / "circle").symlink_to("circle")
    (work / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")

        for path in ("pipe", "socket", "zero", "/dev/null", "/proc/self/environ"):
            if os.path.exists(path):
                expected = f"{path!r} is a device or a pipe, not a file. Name a file."
                assert expected == refusal(path)
    assert "'circle' cannot be read: its links lead in a circle. Check it." == refusal("circle")


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0),
    reason="Nothing is closed to this user.",
)
def test_a_closed_file_says_so(work: Path) -> None:
    """The error is one line, not a traceback."""
    (work / "closed.txt").touch(mode=0)

    assert "may not be read by this kernel" in refusal("closed.txt")


def test_paths_are_written_in_many_ways(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home folder, quotes, Windows' separators, file addresses, names with brackets."""
    monkeypatch.setenv("HOME", str(work))
    monkeypatch.setenv("USERPROFILE", str(work))
    (work / "my data").mkdir()
    (work / "my data" / "a[1].txt").write_text("here")
    address = (work / "my data" / "a[1].txt").as_uri()

    paths = ("my data/a[1].txt", "~/my data/a[1].txt", "'my data/a[1].txt'", address)

    assert ["here"] * 4 == [one(path).text for path in paths]
    assert "here" == one(r"my data\a[1].txt".replace("a[1]", "a[[]1]").replace("\\", "/")).text


def test_windows_separators_are_understood(work: Path) -> None:
    """A path copied from another computer finds its file."""
    (work / "data").mkdir()
    (work / "data" / "a.txt").write_text("here")

    assert "here" == one(r"data\a.txt").text


def test_a_pattern_names_several(work: Path) -> None:
    """In order, folders left out, 20 at most."""
    (work / "data").mkdir()
    (work / "data" / "folder.txt").mkdir()
    for name in ("b", "a"):
        (work / "data" / f"{name}.txt").write_text(name)

    found = files.read("data/*.txt")

    assert [Piece("data/a.txt", "a", "file"), Piece("data/b.txt", "b", "file")] == found
    assert refusal("data/*.csv").startswith("No file matches 'data/*.csv'. The kernel works in ")
    for number in range(20):
        (work / "data" / f"{number}.txt").touch()
    assert "'data/*.txt' matches more than 20 files. Name fewer, with a narrower pattern." == (
        refusal("data/*.txt")
    )


@pytest.mark.parametrize(
    "name", [".env", ".env.local", "id_rsa", "server.pem", ".netrc", "credentials", "secrets.yaml"]
)
def test_files_of_secrets_are_marked(work: Path, name: str) -> None:
    """They are read; what is secret in them is replaced later."""
    (work / name).write_text("a=1")

    assert "may hold secrets" == one(name).note


def test_a_notebook_is_its_cells(work: Path) -> None:
    """Source and short outputs; images are counted."""
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]},
        {"output_type": "execute_result", "data": {"text/plain": "3", "text/html": "<b>3</b>"}},
        {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
        {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []},
        {"output_type": "stream", "name": "stdout", "text": "x" * 5_000},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "Words"]},
        {"cell_type": "code", "source": "1 + 2", "execution_count": 7, "outputs": outputs[:2]},
        {"cell_type": "code", "source": "", "execution_count": None, "outputs": outputs[2:]},
    ]
    (work / "a.ipynb").write_text(json.dumps({"nbformat": 4, "cells": cells}))

    piece = one("a.ipynb")

    assert "1 image left out" == piece.note
    assert piece.text.startswith(
        """3 cells

[cell 1, markdown]
# Title
Words

[cell 2, code, In[7]]
1 + 2
[output of cell 2]
one
two
[output of cell 2]
3

[cell 3, code]

[output of cell 3]
<Figure>
[output of cell 3]
ValueError: no
[output of cell 3]
xxx"""
    )
    assert "[… 4,000 of 5,000 characters left out …]" in piece.text


def test_a_small_table_is_whole(work: Path) -> None:
    """Its shape, what its columns hold, and all rows."""
    (work / "a.csv").write_text(
        'day;price;city;n\n2024-01-02;0.5;"Bonn; am Rhein";1\n2024-01-01;;Köln;-2\n2024-01-03;7;Köln;3\n'
    )

    assert one("a.csv") == Piece(
        "a.csv",
        """3 rows × 4 columns, separated by ';'

Columns:
  day: date, 2024-01-01 to 2024-01-03
  price: float, 0.5 to 7, 1 missing
  city: text, 2 different values
  n: int, -2 to 3

All rows:
day;price;city;n
2024-01-02;0.5;"Bonn; am Rhein";1
2024-01-01;;Köln;-2
2024-01-03;7;Köln;3""",
        "file",
    )


def test_a_long_table_is_a_summary_and_its_head(work: Path) -> None:
    """All rows are counted, the first 10,000 looked at, ten shown."""
    lines = ["n\tname", *(f"{number}\tname {number}" for number in range(12_000))]
    (work / "a.tsv").write_text("\n".join(lines))

    piece = one("a.tsv")

    assert "a summary and the first 10 of 12,000 rows" == piece.note
    assert piece.text.startswith(
        "12,000 rows × 2 columns, separated by tabs\n\nColumns (from the first 10,000 rows):\n"
        "  n: int, 0 to 9999\n  name: text, 10,000 different values\n\nThe first 10 rows:\nn\tname\n"
    )
    assert piece.text.endswith("\n9\tname 9")


def test_a_table_above_the_limit_is_estimated(work: Path) -> None:
    """Of a table of more than 50 MB only the beginning is read."""
    with (work / "a.csv").open("wb") as file:
        for _ in range(600):
            file.write(b"12345678,1234567\r\n" * 5_000)

    piece = one("a.csv")

    found = re.match(
        r"about ([\d,]+) rows × 2 columns, separated by ',', without a header", piece.text
    )
    assert found
    assert 2_500_000 < int(found[1].replace(",", "")) < 3_500_000
    assert len(piece.text) < 1_000


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("1,2\n3,4\n", "2 rows × 2 columns, separated by ',', without a header"),
        ("a\nb\nc\n", "2 rows × 1 column, separated by ','"),
        ("a,b\n1,2,3\n4\n", "2 rows × 2 columns, separated by ','\n2 rows have another number"),
        ("\n\n", "an empty table"),
        ('a,b\n"1,2\n3,4', "1 row × 2 columns"),
        ("a,b\n1," + "x" * 200_000, "0 rows × 2 columns, separated by ','"),
    ],
)
def test_odd_tables(work: Path, text: str, begins: str) -> None:
    """No header, ragged, empty, with an open quote, with an endless value: never an exception."""
    (work / "a.csv").write_text(text)

    assert one("a.csv").text.startswith(begins)


def test_large_json_is_an_outline(work: Path) -> None:
    """A small document is whole; a large one says how it is built."""
    value = {"rows": [{"id": 1, "tags": ["a"]}] * 5_000, "ok": True, "none": None}
    (work / "large.json").write_text(json.dumps(value))
    (work / "small.json").write_text('{"a": 1}')
    (work / "deep.json").write_text("[" * 100_000)

    piece = one("large.json")

    assert '```json\n{"a": 1}\n```' == one("small.json").text
    assert piece.text.startswith(
        """Outline:
object with 3 keys
  rows: list of 5,000, the first:
    object with 2 keys
      id: number, as 1
      tags: list of 1, the first:
        text, as "a"
  ok: true/false, as true
  none: null, as null

It begins:
{"rows": [{"id": 1, "tags": ["a"]}, """
    )
    assert piece.note.startswith("an outline and the first characters of ")
    assert one("deep.json").text.startswith("```json\n[[[[")


def test_large_json_lines_are_a_head(work: Path) -> None:
    """How many lines, which fields, and the first five."""
    lines = [json.dumps({"id": number, "name": "x" * 100}) for number in range(300)]
    (work / "a.jsonl").write_text("\n".join([*lines, '{"id": null', '{"id": null}']))

    piece = one("a.jsonl")

    assert piece.text.startswith(
        "Fields".join(
            ["302 lines\n", ': id (number or null), name (text)\n\nThe first:\n{"id": 0, ']
        )
    )
    assert "the first 5 of 302 lines" == piece.note
    assert 9 == len(piece.text.splitlines())


def test_images_and_documents_keep_their_bytes(work: Path) -> None:
    """What counts is how a file begins, not what it is called."""
    pdf = b"%PDF-1.7\nbytes"
    samples = {
        "a.dat": (PNG, "image/png"),
        "b.png": (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        "c.gif": (b"GIF89a gif", "image/gif"),
        "d.webp": (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    }
    (work / "paper").write_bytes(pdf)

    for name, (data, mime) in samples.items():
        (work / name).write_bytes(data)
        (picture,) = files.read(name)

        assert isinstance(picture, Picture)
        assert (name, data, mime) == (picture.label, picture.data, picture.mime)
    assert [Picture("a.dat", PNG, width=1, height=1)] == files.read("a.dat")
    assert [Document("paper", "paper.pdf", pdf)] == files.read("paper")


def test_a_large_document_is_refused(work: Path) -> None:
    """The service takes 32 MB."""
    (work / "a.pdf").write_bytes(b"%PDF-1.7" + bytes(32_000_000))

    assert refusal("a.pdf").startswith("'a.pdf' is larger than 32 MB.")


def test_an_address_is_fetched_by_the_caller() -> None:
    """Its content goes by the type that the server states, else by its name."""
    served = {
        "https://example.org/a?b=1": (b"x,y\n1,2\n", "text/csv; charset=utf-8"),
        "https://example.org/my%20notes.md": (b"# Notes", "text/plain"),
        "https://example.org/i": (PNG, "application/octet-stream"),
        "https://example.org/": (b"%PDF-1.7", "application/pdf"),
        "https://example.org/x": (b"\0\0\0", "application/zip"),
    }
    found: list[Attachment] = []

    for address in list(served)[:4]:
        found += files.read(address, fetch=served.__getitem__)

    table, notes, image, paper = found
    assert isinstance(table, Piece)
    assert table.text.startswith("1 row × 2 columns, separated by ','")
    assert Piece("https://example.org/my%20notes.md", "# Notes", "file") == notes
    assert isinstance(image, Picture)
    assert Document("https://example.org/", "file.pdf", b"%PDF-1.7") == paper
    assert "is binary" in refusal("https://example.org/x", fetch=served.__getitem__)


def test_addresses_that_are_not_fetched() -> None:
    """Nothing is asked of a server without a way to ask, or without encryption."""
    asked: list[str] = []

    def fetch(address: str) -> tuple[bytes, str]:
        asked.append(address)
        return b"", ""

    assert "Save it, and name the file." in refusal("https://example.org/a.txt")
    for address in ("http://example.org/a.txt", "ftp://example.org/a", "s3://bucket/a.parquet"):
        assert f"{address!r} is not fetched: only https:// addresses are." == (
            refusal(address, fetch=fetch)
        )
    assert [] == asked


def test_a_missing_library_is_named(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error holds the command that helps."""
    for name in ("pyarrow", "pyarrow.parquet", "polars", "pandas", "openpyxl"):
        monkeypatch.setitem(sys.modules, name, None)
    (work / "a.parquet").write_bytes(b"PAR1")
    (work / "a.xlsx").write_bytes(b"PK\x03\x04")

    assert refusal("a.parquet").endswith("reads Parquet: %pip install pyarrow.")
    assert refusal("a.xlsx").endswith("reads Excel: %pip install openpyxl.")


@pytest.mark.parametrize("writer", ["pyarrow", "polars"])
def test_parquet_is_a_summary_and_its_head(
    work: Path, writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whichever library is there; a broken file is said to be broken."""
    library: Any = pytest.importorskip(writer)
    columns = {"n": list(range(1_000)), "name": ["a", None] * 500}
    if writer == "pyarrow":
        table = library.table(columns)
        importlib.import_module("pyarrow.parquet").write_table(table, "a.parquet")
    else:
        library.DataFrame(columns).write_parquet("a.parquet")
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (work / "b.parquet").write_bytes(b"PAR1 and no more")

    text = one("a.parquet").text

    assert text.startswith("1,000 rows × 2 columns\n\nColumns:\n  n: ")
    assert "The first rows:\nn | name\n0 | a\n1 | \n2 | a\n" in text
    assert text.endswith("\n9 | ")
    assert "is not a whole Parquet file" in refusal("b.parquet")


def test_excel_is_its_sheets(work: Path) -> None:
    """Of each its size and its first rows."""
    library: Any = pytest.importorskip("openpyxl")
    book = library.Workbook()
    for number in range(100):
        book.active.append([number, "a"])
    book.create_sheet("Empty")
    book.save("a.xlsx")
    (work / "b.xlsx").write_bytes(b"PK\x03\x04 and no more")

    text = one("a.xlsx").text

    assert text.startswith("Sheet 'Sheet', 100 rows × 2 columns; the first rows:\n0 | a\n1 | a\n")
    assert "Sheet 'Empty'" in text
    assert "is not a whole Excel file" in refusal("b.xlsx")
