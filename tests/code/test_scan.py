"""The scan finds what is dangerous in code, and leaves ordinary code alone."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from codex_magic.code.blocks import blocks, joined
from codex_magic.code.scan import Finding, is_dangerous, names_of, scan
from tests.telling import Tell

FIXTURES = Path(__file__).parents[1] / "fixtures" / "code_scan"


def snippets(name: str) -> dict[str, str]:
    """Return the snippets of a file by their titles."""
    text = (FIXTURES / f"{name}.txt").read_text(encoding="utf-8")
    parts = re.split(r"^=== (.*)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


DANGEROUS, HARMLESS = snippets("dangerous"), snippets("harmless")
LINES = (FIXTURES / "dangerous_lines.txt").read_text(encoding="utf-8").splitlines()
# Cells that are not Python from beginning to end cannot stand within a function.
PYTHON = {
    title: code
    for title, code in DANGEROUS.items()
    if not re.search(r"^\s*(?:%%|>>>)|import \*|def f\(:|Delete all|ls; rm|\\$", code, re.MULTILINE)
}


def dangers(code: str) -> list[str]:
    """Return what is dangerous in a cell."""
    return [finding.what for finding in scan(code) if finding.level == "danger"]


def test_the_corpus_is_found_and_ordinary_code_is_not(tell: Tell) -> None:
    """All of the dangerous snippets are found; at most three harmless ones are taken for such."""
    found = [title for title, code in DANGEROUS.items() if is_dangerous(scan(code))]
    alarms = [title for title, code in HARMLESS.items() if is_dangerous(scan(code))]

    tell(f"scan: recall {len(found)}/{len(DANGEROUS)}, false alarms {len(alarms)}/{len(HARMLESS)}")
    assert 80 <= len(DANGEROUS)
    assert 80 <= len(HARMLESS)
    assert [] == sorted(set(DANGEROUS) - set(found))
    assert 3 >= len(alarms), alarms


def test_every_way_around_is_found() -> None:
    """Cells of one line that go around the front door: each is found, on its line."""
    missed = [line for line in LINES if not is_dangerous(scan(line))]

    assert 150 <= len(LINES)
    assert [] == missed


def test_danger_is_not_hidden_by_a_notice() -> None:
    """Where a line has both for the same reason, the danger is what is said."""
    assert [("rq.get", "danger")] == [
        (finding.what, finding.level) for finding in scan("import requests as rq; rq.get(x)")
    ]


@pytest.mark.parametrize(
    "form",
    [
        "def wrapper():\n{deep}",
        "async def wrapper():\n{deep}",
        "class Wrapper:\n{deep}",
        "if ready:\n{deep}\nelse:\n    pass",
        "try:\n{deep}\nfinally:\n    pass",
        "import pandas as pd\ndf = pd.DataFrame()\n{code}\ndf.head()",
        "%matplotlib inline\n{code}",
        "{code}\nos = pickle = subprocess = exec = eval = 1",
    ],
    ids=["function", "coroutine", "class", "if", "try", "lines around", "magic above", "renamed"],
)
def test_what_is_dangerous_is_so_anywhere(form: str) -> None:
    """Around a dangerous snippet may stand what will: it is found."""
    missed = [
        title
        for title, code in PYTHON.items()
        if not is_dangerous(scan(form.format(code=code, deep=textwrap.indent(code, "    "))))
    ]

    assert [] == missed


def test_line_ends_make_no_difference() -> None:
    """Windows' line ends hide nothing."""
    missed = [
        t for t, code in DANGEROUS.items() if not is_dangerous(scan(code.replace("\n", "\r\n")))
    ]

    assert [] == missed


def test_a_finding_says_where_what_and_why() -> None:
    """Each line has its findings, in order; a notice asks for nothing."""
    code = (
        "\nimport os\ndf.to_csv('a.csv')\n\nos.remove('a.csv')\n!rm \\\n  -rf data\nx = eval('1')\n"
    )

    found = scan(code)

    assert [
        Finding(3, "df.to_csv", "writes a file", "notice"),
        Finding(5, "os.remove", "deletes, moves or changes files"),
        Finding(6, "!rm \\", "runs a shell command"),
        Finding(8, "eval", "runs code that it is given as text"),
    ] == found
    assert is_dangerous(found)
    assert not is_dangerous(found[:1])


@pytest.mark.parametrize(
    ("code", "line", "what"),
    [
        ("%%time\nx = 1\nos.remove('x')", 3, "os.remove"),
        ("x = 1\nexec('''y = 2\nos.remove(y)''')", 3, "os.remove"),
        ("%timeit -n 10 -r3 os.remove('x')", 1, "os.remove"),
        ("%%capture\n%%time\n!ls", 3, "!ls"),
        ("%pip install x", 1, "%pip install x"),
        ("    x = 1\n    os.remove('x')", 2, "os.remove"),
        ("d['a'] = !ls\nos.remove('x')", 2, "os.remove"),
        ("files = !ls", 1, "files = !ls"),
    ],
)
def test_code_within_code_is_read(code: str, line: int, what: str) -> None:
    """What a magic, or ``exec``, is given as code has findings on its own lines."""
    assert (line, what) in [(finding.line, finding.what) for finding in scan(code)]


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\x00",
        "x = '\u202e\u2066# only for admins\u2069 \u2066'",
        "# \u2067 hidden",
        "(" * 5_000 + ")" * 5_000,
        "x" + ".a" * 20_000,
        "x = " + "-" * 50_000 + "1",
        "exec('exec(\"exec(chr(39))\")')",
        "%time x\n" * 3_000,
        "\n".join(f"a{n} = a{n + 1} = b, c, a{n - 1}" for n in range(50)) + "\nd = \ud800",
    ],
    ids=["null", "turned", "comment", "deep", "long chain", "signs", "exec", "magics", "surrogate"],
)
def test_what_cannot_be_read_is_dangerous(code: str) -> None:
    """Code that defies its reader is never called harmless, and never raises."""
    assert is_dangerous(scan(code))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("x = df.groupby('a').sum()\n" * 8_000, []),
        ("x = " + " + ".join(["'a'"] * 2_000), []),
        ("".join(f"x{n} = x{n - 1}.a\n" for n in range(2_000)), ["this cell"]),
        ("x = y\n" + "x = x.a if x else x.b\n" * 500, ["x"]),
        ("".join(f"x = f{n}\nx = x.g{n}\n" for n in range(300)), ["x"]),
        (
            "def f():\n"
            + "".join(f"{'    ' * n}def f{n}():\n" for n in range(1, 90))
            + "    " * 90
            + "pass",
            [],
        ),
        ("x = 'a'\n" + "y = ''.join([" + "x, " * 20_000 + "])\n", []),
        ("x = '%s' % ('a' * 9)\n" * 5_000, []),
        ("'{:>999999999}'.format(1)\n'%999999999d' % 1\n'a' * 10**12\n10**10**10", []),
    ],
    ids=["long", "sum", "aliases", "twice", "many", "nested", "join", "forms", "bombs"],
)
def test_a_large_cell_is_read(code: str, found: list[str]) -> None:
    """However a cell is made, it is read or said to be unreadable, and nothing of it is run."""
    assert found == dangers(code)


def test_names_of_other_cells_can_be_known() -> None:
    """What the notebook's namespace holds is told by dotted paths, and is followed."""

    def own() -> None:
        """A user's own function."""

    namespace = {
        "wipe": shutil.rmtree,
        "o": os,
        "P": pathlib.Path,
        "s": os.system,
        "own": own,
        "n": 1,
    }

    known = names_of(namespace)

    assert "shutil.rmtree" == known["wipe"]
    assert "n" not in known
    for code in ("wipe('x')", "o.remove('x')", "P('x').rename('y')", "s('ls')"):
        assert is_dangerous(scan(code, known)), code
    assert [] == scan("own()\nn + 1", known)
    assert [] == scan("wipe('x')")


def test_names_are_read_without_touching_the_values() -> None:
    """An object that raises when it is looked at is left out."""

    class Hostile:
        def __getattribute__(self, name: str) -> object:
            raise RuntimeError(name)

    assert {"os": "os"} == names_of({"a": Hostile(), "os": os})


def test_words_that_are_also_modules_are_modules_only_where_imported() -> None:
    """A variable called ``signal`` or ``code`` is somebody's data."""
    assert [] == scan("signal.mean()\ncode.upper()\nresource['a']")
    assert ["signal.alarm"] == dangers("import signal\nsignal.alarm(1)")


def test_nothing_heavy_is_imported() -> None:
    """Neither the parser nor IPython is loaded before there is something to read."""
    code = (
        "import sys; import codex_magic.code.blocks, codex_magic.code.scan, codex_magic.code.diff;"
        "print([name for name in ('IPython', 'markdown_it', 'httpx') if name in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == found.stdout.strip()


def test_a_documentation_string_is_not_a_command() -> None:
    """What is only said is no danger; the same text given to a database is."""
    assert [] == scan('"""DROP TABLE x"""')
    assert ["'DROP TABLE x'"] == dangers("run('DROP TABLE x')")


def test_a_pasted_answer_is_scanned_as_it_is_inserted() -> None:
    """A shell block within a joined cell is still a shell command."""
    answer = blocks("```python\nx = 1\n```\n```bash\nrm -rf data\n```")

    assert 1 == len(dangers(joined(answer, label="from codex")))
