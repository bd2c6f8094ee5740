"""What stands in a cell reaches ``%codex`` and ``%%codex`` as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import no_var_expand

from tests.kernels import running_shell

Received = list[tuple[str, ...]]


@pytest.fixture(scope="module")
def loaded() -> Iterator[InteractiveShell]:
    """A shell with the extension."""
    with running_shell() as shell:
        yield shell


@pytest.fixture
def received(loaded: Any) -> Iterator[Received]:
    """What reaches the magics: two of our own stand behind the names, and write it down."""
    calls: Received = []
    magics = loaded.magics_manager.magics
    kept = {kind: magics[kind]["codex"] for kind in magics}

    def line_magic(line: str) -> str:
        calls.append((line,))
        return f"answer {len(calls)}"

    def cell_magic(line: str, cell: str) -> None:
        calls.append((line, cell))

    magics["line"]["codex"] = no_var_expand(line_magic)
    magics["cell"]["codex"] = no_var_expand(cell_magic)
    yield calls
    for kind, magic in kept.items():
        magics[kind]["codex"] = magic


def run(shell: Any, code: str) -> None:
    """Run a cell, which must not fail."""
    shell.run_cell(code).raise_error()


@pytest.mark.parametrize(
    ("code", "line", "body"),
    [
        ("%%codex\nWhy?", "", "Why?\n"),
        ("%%codex\nWhy??\n", "", "Why??\n"),
        ("%%codex why?", "why?", "\n"),
        ("%%codex", "", "\n"),
        ("%%codex   ", "", "\n"),
        ("%%codex\n\n  \n", "", "\n"),
        ("%%codex -q\nWhat's {x} and ${HOME} and $$\n{undefined}", "-q", None),
        ("\n\n%%codex -q\nLate", "-q", "Late\n"),
        ("%%codex\r\none\r\ntwo\r\n", "", "one\r\ntwo\r\n"),
        ("%%codex -q\r\none", "-q", "one\n"),
        ("%%codex\t-q\none", "-q", "one\n"),
        ("    %%codex -q\n    one\n      two\n", "-q", "one\n  two\n"),
        ("    %%codex\n", "", "\n"),
        ("%%codex\n>>> x = 1\n>>> x\n1", "", ">>> x = 1\n>>> x\n1\n"),
        ("%%codex\nIn [1]: x\n   ...: y", "", "In [1]: x\n   ...: y\n"),
        ("%%codex\n%codex ask this\n!ls\n%time x", "", "%codex ask this\n!ls\n%time x\n"),
        ("%%codex\n%%codex\ntwice", "", "%%codex\ntwice\n"),
        ("%%codex\n  indented\n\tand tabbed", "", "  indented\n\tand tabbed\n"),
        ('%%codex\nback\\slash\\\nand \'quote" """', "", 'back\\slash\\\nand \'quote" """\n'),
        ('%%codex what\'s "this" (\nbody [', 'what\'s "this" (', "body [\n"),
        ("%%codex\na\x0cb\x1cc\u2028d\x85e", "", "a\x0cb\x1cc\u2028d\x85e\n"),
    ],
)
def test_a_cell_arrives_unchanged(
    loaded: Any, received: Received, code: str, line: str, body: str | None
) -> None:
    """Empty bodies, question marks, braces, quotes, prompts and odd line ends are only text."""
    run(loaded, code)

    assert [(line, code.partition("\n")[2] + "\n" if body is None else body)] == received


@pytest.mark.parametrize(
    "question",
    [
        "why?",
        "why??",
        "ask What's up?",
        'ask What is "this?',
        "ask {x} costs $5 {undefined}",
        "ask what does f(x mean",
        "ask what does ''' mean?",
        "ask 100% sure? # not a comment",
        "ask a; b;",
        "ask naïve café 你好？",
        "ask is x = %codex y right?",
        "-q ask",
        "",
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("\n\n", "\n"),
        ("x = 1\n", ""),
        ("x = 1\n", "\ny = 2"),
        ("", "\ny = 2\nz = [\n3]"),
        ("if True:\n    ", ""),
        ("for _ in range(1):\n    if True:\n        ", "\n        y = 1\n    z = 2"),
        ("# a comment\n", "\n"),
        ('"""a\n%codex string\n"""\n', ""),
    ],
)
def test_a_line_arrives_unchanged(
    loaded: Any, received: Received, question: str, before: str, after: str
) -> None:
    """A line reaches us wherever it stands in a cell, also after code and indented."""
    run(loaded, f"{before}%codex {question}{after}")

    assert [(question,)] == received


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("x = %codex ask why?", "ask why?"),
        ("y = 1\nx = %codex ask What's this?\nz = 2", "ask What's this?"),
        ("if True:\n    x = %codex ask why", "ask why"),
        ("x =%codex why?", "why?"),
        ("x: str = %codex ask {y}?", "ask {y}?"),
        ("d = {}\nd['a'] = %codex ask why?\nx = d['a']", "ask why?"),
        ("x = %codex", ""),
    ],
)
def test_an_assignment_takes_the_answer(
    loaded: Any, received: Received, code: str, line: str
) -> None:
    """The right side of an assignment is a line of ours, too, with or without a question mark."""
    loaded.user_ns.pop("x", None)

    run(loaded, code)

    assert [(line,)] == received
    assert "answer 1" == loaded.user_ns["x"]


def test_several_lines_in_one_cell(loaded: Any, received: Received) -> None:
    """Each of them is a call, in order, between and after other code."""
    run(loaded, "%codex one?\n%codex it's two?\nx = 1\n%codex three?\n\n%codex four's")

    assert [("one?",), ("it's two?",), ("three?",), ("four's",)] == received


def test_a_line_goes_on_after_a_backslash(loaded: Any, received: Received) -> None:
    """As with any line magic."""
    run(loaded, "%codex ask one \\\n  two\nx = 1")

    assert ["ask", "one", "two"] == received[0][0].split()


def test_the_body_may_follow_a_line_of_another_cell_magic(
    loaded: Any, received: Received, capsys: pytest.CaptureFixture[str]
) -> None:
    """%%time and %%capture run our magic as they run any code."""
    run(loaded, "%%time\n%%codex -q\nWhy?")
    run(loaded, "%%capture\n%codex ask why?")
    run(loaded, "%time x = %codex ask why")

    assert [("-q", "Why?\n"), ("ask why?",), ("ask why",)] == received
    assert "Wall time" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["%codex?", "%%codex?", "%codex??", "?%codex"])
def test_help_is_still_help(
    loaded: Any,
    received: Received,
    capsys: pytest.CaptureFixture[str],
    code: str,
) -> None:
    """Without a space before it, a question mark asks IPython about the magic."""
    run(loaded, code)

    assert [] == received
    assert "run_" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "code",
    [
        "text = '''\n%codex why?\n'''",
        "text = '''\n%%codex\nwhy?\n'''",
        "x = 5\ncodex = 3\ny = x %codex",
        "x = 5\ny = (x\n%codex)",
        "d = dict(a=5 %codex)",
    ],
)
def test_python_is_left_alone(loaded: Any, received: Received, code: str) -> None:
    """A string that shows our syntax, and a remainder by a variable, are no calls."""
    loaded.user_ns["codex"] = 3

    run(loaded, code)

    assert [] == received
    assert "codex" not in loaded.transform_cell(code).replace("%codex", "").replace(
        "codex = 3", ""
    ).replace("get_ipython", "")


def test_other_cells_are_left_alone(loaded: Any) -> None:
    """A cell without our magics comes out as it does without the extension."""
    plain = "\n\nx = 1\n%time x\n!ls\ny = %pwd\nx?\n"
    manager = loaded.input_transformer_manager

    with_ours = manager.transform_cell(plain)
    ours = [transform for transform in manager.cleanup_transforms if "codex" in repr(transform)]
    assert 1 == len(ours)
    manager.cleanup_transforms.remove(ours[0])
    lines = manager.token_transformers.pop()
    without = manager.transform_cell(plain)
    manager.token_transformers.append(lines)
    manager.cleanup_transforms.insert(0, ours[0])

    assert without == with_ours


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("%%codex", "incomplete"),
        ("%%codex\n", "incomplete"),
        ("%%codex -q\nWhy?", "incomplete"),
        ("%%codex -q\nWhat's (\n", "incomplete"),
        ("%%codex\nWhy?\n\n", "complete"),
        ("%codex why?", "complete"),
        ("%codex What's up (", "complete"),
        ("x = %codex ask what's up?", "complete"),
        ("if x:\n    %codex why?", "incomplete"),
    ],
)
def test_the_terminal_asks_for_more_lines(loaded: Any, code: str, status: str) -> None:
    """A cell of ours ends with a blank line, a line of ours with itself."""
    assert status == loaded.check_complete(code)[0].replace("\n\n", "\n")


def test_lines_of_ours_are_found_by_their_own_words(loaded: Any) -> None:
    """Magics of longer names are not ours."""
    code = loaded.transform_cell("%codexes a?\n%codex_x b\n%%codexes")

    assert "'codex'" not in code
