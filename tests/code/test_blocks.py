"""An answer becomes the cells that a careful human would paste."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codex_magic.code.blocks import Block, blocks, joined, labelled, python_of
from codex_magic.code.reading import python_tree
from tests.counts import count as counted

ANSWERS = Path(__file__).parents[1] / "fixtures" / "code_answers"
NAMES = sorted(path.stem for path in ANSWERS.glob("*.md"))
LINE_ENDS = ["\n", "\r\n", "\r"]


def read(name: str) -> tuple[str, list[Block]]:
    """Return an answer and the cells that it must give."""
    answer = (ANSWERS / f"{name}.md").read_bytes().decode("utf-8")
    cells = (ANSWERS / f"{name}.cells").read_bytes().decode("utf-8")
    parts = re.split(r"^======== (\w+)\n", cells, flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return answer, [cell(kind, source.removesuffix("\n")) for kind, source in pairs]


def cell(kind: str, source: str) -> Block:
    """Return a block of prose, or of code in a language."""
    return Block("markdown", source) if kind == "markdown" else Block("code", source, kind)


def test_the_corpus_is_large_enough() -> None:
    """There are at least forty answers."""
    assert 40 <= len(NAMES)


@pytest.mark.parametrize("line_end", LINE_ENDS, ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_gives_its_cells(name: str, line_end: str) -> None:
    """Whatever ends its lines, an answer gives exactly the cells that stand beside it."""
    answer, expected = read(name)

    assert expected == blocks(answer.replace("\n", line_end))


@pytest.mark.parametrize("name", NAMES)
def test_a_byte_order_mark_is_no_part_of_an_answer(name: str) -> None:
    """A byte order mark at the beginning changes nothing."""
    answer, expected = read(name)

    assert expected == blocks(f"\ufeff{answer}")


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_cut_anywhere_gives_cells(name: str) -> None:
    """Every beginning of an answer gives cells; none of them is empty."""
    answer, _ = read(name)

    for end in range(0, len(answer), 7):
        assert all(block.source.strip() for block in blocks(answer[:end]))


@pytest.mark.parametrize("name", NAMES)
def test_the_cells_joined_are_one_cell(name: str) -> None:
    """What is joined can be read wherever its parts can."""
    _, expected = read(name)
    code = [block.source for block in expected if block.kind == "code"]

    text = joined(expected, label="from codex")

    assert bool(code) == bool(text)
    if code and name not in {"smart_quotes", "python_that_cannot_be_read"}:
        assert python_tree(text).body


@pytest.mark.parametrize("text", ["x = 1\nprint(x)", ">>> x = 1\n>>> print(x)\n1"])
def test_text_is_code_only_where_code_was_asked_for(text: str) -> None:
    """An answer without a fence is prose, unless code was asked for."""
    asked = blocks(text)

    assert [Block("code", "x = 1\nprint(x)", "python")] == asked
    assert [Block("markdown", text)] == blocks(text, asked_for_code=False)


@pytest.mark.parametrize(
    "text", ["Yes", "Yes.", "42", "Why?", "# A title", "x", "Note: all is well", "a, b", "", " \n "]
)
def test_words_are_not_code(text: str) -> None:
    """Text that Python could read, but that does nothing, is prose."""
    assert ["markdown"] * bool(text.strip()) == [block.kind for block in blocks(text)]


@pytest.mark.parametrize(
    ("code", "cleaned", "count"),
    [
        ("x\u00a0=\u00a01", "x = 1", 2),
        ("def f():\n\u00a0\u00a0\u00a0\u00a0return 1", "def f():\n    return 1", 4),
        ("x\u200b = 1", "x = 1", 1),
        ("x = 1\u202f# a\u00a0b", "x = 1 # a\u00a0b", 1),
        ("x\u2009= 'a\u00a0b' + \"\u200b\" + '''\u00a0\n'''", None, 1),
    ],
)
def test_invisible_characters_are_replaced_and_reported(
    code: str, cleaned: str | None, count: int
) -> None:
    """What Python could not read is taken out of code; strings and comments stay as they are."""
    cleaned = cleaned or code.replace("\u2009", " ")

    block = blocks(f"```python\n{code}\n```")[0]

    assert cleaned == block.source
    assert f"{count} invisible character{'s' * (count > 1)} replaced" == block.note


@pytest.mark.parametrize("code", ["x = 'a\u00a0b\u200b'", "# a\u00a0b\nx = 1", "x = '👩\u200d🔬'"])
def test_invisible_characters_that_do_no_harm_stay(code: str) -> None:
    """Code that can be read is not touched."""
    assert [Block("code", code, "python")] == blocks(f"```python\n{code}\n```")


def test_a_shell_block_has_no_hard_spaces() -> None:
    """A hard space would be part of a command's name."""
    block = blocks("```bash\nls\u00a0-l\n```")[0]

    assert ("%%bash\nls -l", "1 invisible character replaced") == (block.source, block.note)


def long_answer(size: int) -> str:
    """Return an answer of about so many characters: prose, lists, quotes, and code."""
    part = (
        "Some words.\n\n1. An item\n   ```python\n   x = [\n       1,\n   ]\n   ```\n"
        "> A quote\n\n```\noutput 1\n```\n\n```bash\nls\n```\n\n"
    )
    return part * (size // len(part))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (long_answer(counted(1_000_000)), None),
        ("```python\n" + "x = [1, 2, 3]\n" * counted(75_000) + "```", 1),
        ("```python\n" + "x = 'unclosed\n" * counted(75_000), 1),
        ("1. a\n   ```python\nx = 1\n   ```\n" * counted(30_000), None),
        ("```markdown\n```python\n" * counted(45_000), None),
        ("```markdown\n```python\n```\n\n" * counted(40_000), 0),
        ("```python\n'''\n```\n" * counted(50_000), None),
        ("1. ```python\n" * counted(80_000), 0),
        ("```\n" + "%time x\n" * counted(120_000), 0),
        ("> " * counted(500_000), 0),
        ("```\n" * counted(250_000), 0),
        ("a " * counted(500_000), 0),
    ],
    ids=[
        "all",
        "one block",
        "unclosed",
        "sunken",
        "nested",
        "odd",
        "strings",
        "open items",
        "magics",
        "quotes",
        "fences",
        "words",
    ],
)
def test_an_answer_of_any_length_gives_its_cells(answer: str, code: int | None) -> None:
    """However an answer is made, a megabyte of it gives its code; a tenth of that on most days."""
    count = sum(block.kind == "code" for block in blocks(answer))

    assert (count if code is None else code) == count
    assert code == 0 or count


def test_a_long_answer_gives_what_its_parts_give() -> None:
    """Repeating an answer repeats its code."""
    once = [block for block in blocks(long_answer(200)) if block.kind == "code"]
    many = [block for block in blocks(long_answer(60_000)) if block.kind == "code"]

    assert 2 == len(once)
    assert once * (len(many) // 2) == many


def test_one_block_is_joined_as_it_is() -> None:
    """One code block is the cell, below its label; the prose is left out."""
    answer = [Block("markdown", "So:"), Block("code", "%%time\nf()", "python")]

    assert "%%time\n# from codex\nf()" == joined(answer, label="from  codex\n")


def test_several_blocks_are_joined_with_separators() -> None:
    """Between blocks stands ``# %%``; a cell magic becomes its call, with the same text."""
    script = 'for f in *; do\n  echo "it\'s" \\\n  $f\ndone'
    answer = [Block("code", "x = 1", "python"), Block("code", f"%%bash -e\n{script}", "bash")]

    text = joined(answer)

    assert text.startswith("x = 1\n\n# %%\nget_ipython().run_cell_magic(")
    calls: list[tuple[str, ...]] = []
    shell = type("Shell", (), {"run_cell_magic": lambda _, *given: calls.append(given)})
    exec(text, {"get_ipython": shell})
    assert [("bash", "-e", script)] == calls


def test_prose_alone_joins_to_nothing() -> None:
    """Where there is no code there is no cell."""
    assert "" == joined([Block("markdown", "Nothing to do.")], label="from codex")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", "# codex: a\nx = 1"),
        ("%%bash\nls", "%%bash\n# codex: a\nls"),
        ("%%writefile a.txt\ntext", "%%writefile a.txt\ntext"),
        ("%%html\n<b>", "%%html\n<b>"),
    ],
)
def test_a_label_is_a_comment_or_nothing(source: str, expected: str) -> None:
    """A label never becomes part of a text that a magic takes."""
    assert expected == labelled(source, "codex:\na")
    assert source == labelled(source, " ")


def test_the_python_of_an_answer_has_no_shell() -> None:
    """Shell blocks and prose are left out."""
    answer = blocks("A\n```py\nx = 1\n```\n```sh\nls\n```\n```py\ny = 2\n```")

    assert "x = 1\n\ny = 2" == python_of(answer)
