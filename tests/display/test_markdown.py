"""Markdown becomes safe HTML, whole or while it grows."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from codex_magic.display.markdown import (
    GrowingMarkdown,
    escape,
    escape_text,
    render,
    sanitize,
)

FIXTURES = Path(__file__).parent.parent / "fixtures" / "markdown"


def examples() -> Iterator[tuple[str, str, str]]:
    """Yield the title, the Markdown and the HTML of every example, in markdown-it's dotted form."""
    for path in sorted(FIXTURES.glob("*.md")):
        for example in path.read_text().strip().removesuffix("\n.").split("\n.\n\n"):
            title, source, expected = f"{example}\n".split("\n.\n")
            yield f"{path.stem}: {title}", f"{source}\n", expected


EXAMPLES = list(examples())
# A few of everything, in one answer.
ANSWER = "\n\n".join(source for _, source, _ in EXAMPLES if "not closed" not in _)


@pytest.mark.parametrize(
    ("source", "expected"), [case[1:] for case in EXAMPLES], ids=[case[0] for case in EXAMPLES]
)
def test_an_example_is_rendered_as_written_beside_it(source: str, expected: str) -> None:
    """
    The fixtures say what our rendering adds to CommonMark.
    """
    assert render(source) == expected


def grown(source: str, size: int, *, freeze: bool = False) -> str:
    """Return what a page shows in the end when the source arrives in pieces of this size."""
    growing = GrowingMarkdown()
    frozen = ""
    for start in range(0, len(source), size):
        growing.feed(source[start : start + size])
        growing.advance()
        if freeze:
            frozen += growing.freeze()
    assert growing.source == source
    return frozen + growing.settled_html + growing.open_html()


@pytest.mark.parametrize("size", [1, 3, 8])
@pytest.mark.parametrize("source", [*(case[1] for case in EXAMPLES), ANSWER])
def test_growing_equals_the_whole(source: str, size: int) -> None:
    """
    Pieces of any size, with a look after each, end in the same HTML as one whole render.
    """
    whole = render(source)

    if "[x]: " not in source and "[a chart]: " not in source:
        assert grown(source, size) == whole
        assert grown(source, size, freeze=True) == whole


def test_growing_equals_the_whole_for_any_text() -> None:
    """
    The same holds for whatever a model might put together.
    """
    parts = ["a", "b c", "\n", "\n\n", "- ", "1. ", "> ", "```\n", "```py\n", "~~~\n", "    ", "\t"]
    parts += ["$$", "$", "\\[", "\\]", "\\(", "\\)", "\\begin{align}", "\\end{align}", "\\\\"]
    parts += ["*", "**", "_", "`", "[", "](#a)", "](http://x)", "!", "# ", "---\n", "===\n"]
    parts += ["|", "| a | b |\n|---|---|\n", "| 1 | 2 |\n", "<b>", "&amp;", "\r\n", "\r", "\n  "]
    # Any seed will do: it makes a failure repeatable.
    chance = random.Random(7)

    for _ in range(500):
        source = "".join(chance.choices(parts, k=chance.randint(1, 40)))

        assert grown(source, chance.choice([1, 3, 8])) == render(source), source


def test_a_definition_holds_for_what_follows() -> None:
    """
    A link resolves by a definition in a block that settled long ago.
    """
    source = "[docs]: https://example.org\n\nOne.\n\nTwo.\n\nSee the [docs].\n\nEnd.\n"

    assert grown(source, 3, freeze=True) == render(source)


def test_an_unfinished_definition_is_not_remembered() -> None:
    """
    What is shown of a half-written definition does not decide where its link leads.
    """
    growing = GrowingMarkdown()
    growing.feed("[docs]: https://exa")
    growing.open_html()
    growing.feed("mple.org\n\n[docs]\n\nEnd.\n")
    growing.advance()

    assert 'href="https://example.org"' in growing.settled_html


def test_a_block_settles_when_the_next_one_has_begun() -> None:
    """
    A first line must be complete to end the block before it: "2" may become "2. item".
    """
    growing = GrowingMarkdown()

    growing.feed("1. one\n2")
    growing.advance()
    assert growing.settled_html == ""
    growing.feed(". two\n\nText")
    growing.advance()
    assert growing.settled_html == ""
    growing.feed(" goes on\n")
    growing.advance()
    assert growing.settled_html == "<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n"
    assert growing.open_html() == "<p>Text goes on</p>\n"


def test_freezing_starts_the_next_chunk() -> None:
    """
    What settled is given away once; the characters are counted from there.
    """
    growing = GrowingMarkdown()
    growing.feed("One.\n\nTwo.\n\nThree.\n")
    growing.advance()

    assert growing.settled_chars == len("One.\n\nTwo.\n\n")
    assert growing.freeze() == "<p>One.</p>\n<p>Two.</p>\n"
    assert (growing.settled_html, growing.settled_chars) == ("", 0)


def test_what_is_open_is_shown() -> None:
    """
    An unfinished fence is a code block, an unfinished formula is its TeX.
    """
    growing = GrowingMarkdown()
    growing.feed("```python\nx =")

    assert '<span class="n">x</span>' in growing.open_html()

    growing = GrowingMarkdown()
    growing.feed("\\[\na_1 + b_1\n- c")
    growing.advance()

    assert growing.open_html() == "<p><span>\\</span>[\na_1 + b_1\n- c</p>\n"


def test_a_long_open_code_block_settles_in_parts() -> None:
    """
    Every part is a block of the same language, and no line is lost or doubled.
    """
    lines = [f"value_{number} = {number}\n" for number in range(1000)]
    source = "".join(["Code:\n\n~~~python\n", *lines, "~~~\n\nEnd.\n"])
    growing = GrowingMarkdown()
    chunks: list[str] = []
    for start in range(0, len(source), 40):
        growing.feed(source[start : start + 40])
        growing.advance()
        if growing.settled_chars:
            chunks.append(growing.freeze())
    html = "".join(chunks) + growing.open_html()

    assert len(chunks) > 4
    assert max(map(len, chunks)) < len(render(source)) / 3
    assert html.count('<span class="n">value_') == 1000
    assert html.count("~~~") == 0
    assert html.endswith("</pre></div>\n<p>End.</p>\n")


def test_every_character_is_counted_once() -> None:
    """
    Settled and open text add up to what was fed, also where a fence is written again.
    """
    growing = GrowingMarkdown()
    settled = 0
    for _ in range(600):
        growing.feed("x = 1\n" if growing.source else "```python\n")
        growing.advance()
        settled += growing.settled_chars
        growing.freeze()
    end = "The end. " * 100 + "\n"
    growing.feed(f"```\n\n{end}")
    growing.advance()

    assert settled + growing.settled_chars == len(growing.source) - len(end)


def test_large_open_code_is_not_coloured_until_it_is_whole() -> None:
    """
    A code block in a list cannot be cut; while it is open and large, it is plain.
    """
    source = "- item\n\n  ```python\n" + "  x = 1\n" * 4000
    growing = GrowingMarkdown()
    growing.feed(source)

    assert '<span class="n">' not in growing.open_html()
    assert '<span class="n">' in render(source)


PARAGRAPHS = "Some *words* with \\(x_1\\) and `code`.\n\n- one\n- two\n\n```python\nx = 1\n```\n\n"


@pytest.mark.parametrize(
    "source",
    [
        PARAGRAPHS * 600,
        "word " * 12_000,
        "a line of a paragraph\n" * 2700,
        "- an item of a list\n" * 3000,
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 6000,
        "```python\n" + "x = 1\n" * 10_000,
        "> a quotation\n" * 4200,
        "- ```\n" + "  code in a list\n" * 3500,
    ],
    ids=["mixed", "words", "lines", "list", "table", "code", "quotation", "code in a list"],
)
def test_cost_is_linear(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    20,000 pieces cost a few whole renders, not 20,000: counted in characters parsed.
    """
    parsed = 0
    parse = MarkdownIt.parse

    def counting(self: MarkdownIt, src: str, env: dict[str, object]) -> object:
        nonlocal parsed
        parsed += len(src)
        return parse(self, src, env)

    monkeypatch.setattr(MarkdownIt, "parse", counting)
    growing = GrowingMarkdown()
    size = -(-len(source) // 20_000)
    for start in range(0, len(source), size):
        growing.feed(source[start : start + size])
        growing.advance()

    assert parsed < 20 * len(source)


PATHOLOGICAL = [
    *("$", "$a", "$ ", "$$", "$$a ", "\\(", "\\[", "\\\\(", "\\(a\\", "\\", "\\$", "$\\text{"),
    *("[", "![", "[a](", "[a](<", "[a ", "[]", "[a][b]", "[[a](b)", "[![a](b)", "a](", "<", "&"),
    *("*", "_", "*_", "**a ", "*a **b ", "~", "`", "`a``b```", "|", "a | b\n-|-\n", "<http://a "),
    *("$$x\n", "\\[x\n", "\\[\n\\[ x\n", "\\begin{align}\n", "> \\[\n", "- $$\n", "a\n", "=\n"),
    *("- ", "> ", "1. ", "+ a\n", "* a\n  ", "```\n", "[a]: b\n", "\t", "\x00", "\ud83d"),
]


@pytest.mark.parametrize("pattern", PATHOLOGICAL, ids=map(repr, PATHOLOGICAL))
def test_pathological_text_is_rendered(pattern: str) -> None:
    """
    Nothing is looked for again and again: it is rendered as any other text is.
    """
    length = 100_000 if pattern in ("$", "*", "[", "\\(") else 20_000

    assert render(pattern * (length // len(pattern))) is not None


def test_deep_nesting_ends_somewhere() -> None:
    """
    Neither Python nor a browser is brought to the end of its stack.
    """
    deep_list = "".join(f"{'  ' * depth}- a\n" for depth in range(300))

    assert render(">" * 1000 + "a").count("<blockquote>") < 50
    assert render(deep_list).count("<ul>") < 50


def test_unknown_languages_are_not_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A name that a model makes up does not send Pygments through all installed packages.
    """
    monkeypatch.setattr("pygments.lexers.find_plugin_lexers", lambda: pytest.fail("searched"))

    assert '<span class="' not in render("```nonsense\nx = 1\n```")


def test_halves_of_an_emoji_are_joined() -> None:
    """
    A surrogate pair cut in two becomes its character; a lone half does no harm.
    """
    growing = GrowingMarkdown()
    growing.feed("\ud83d")
    growing.feed("\ude00 \ud83d [x](https://example.org/\udc00)")

    assert growing.open_html().startswith("<p>😀 \ufffd ")


def test_text_for_other_modules_is_escaped() -> None:
    """
    `escape` is for attributes too; `escape_text` also keeps MathJax away.
    """
    assert escape("<$\"'>") == "&lt;$&quot;&#x27;&gt;"
    assert escape_text("<$1 \\(x") == "&lt;<span>$</span>1 <span>\\</span>(x"


def test_our_own_wrapper_is_kept() -> None:
    """
    The parts that other modules compose pass the gate unchanged.
    """
    wrapper = (
        '<details open="" class="codex-reasoning"><summary class="codex-title">Thought</summary>'
        '<div class="codex-footer">12 tokens</div></details>'
    )

    assert sanitize(wrapper) == wrapper


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<p class="jp-Dialog codex-x k" id="a" data-x="b">x</p>', '<p class="codex-x k">x</p>'),
        ('<div class="jp-Dialog">x</div>', "<div>x</div>"),
        ('<td style="text-align:left;color:red">x</td>', "x"),
        ('<ol start="-1"><li>x</li></ol>', "<ol><li>x</li></ol>"),
        ('<img src="https://example.org/x.png" alt="x">', '<img alt="x">'),
        ('<a href="/logout" target="_top">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ("<script>x</script><style>y</style><b>z</b>", "z"),
        ("<button>x</button><iframe></iframe><svg onload=x></svg>", "x"),
    ],
)
def test_what_is_not_ours_is_removed(html: str, expected: str) -> None:
    """
    The allow-list is the last gate, whoever composed the HTML.
    """
    assert sanitize(html) == expected


def test_a_long_address_is_cut_where_it_is_shown() -> None:
    """
    The link itself stays whole.
    """
    address = "https://example.org/" + "x" * 500

    html = render(f"![a]({address})")

    assert f'href="{address}"' in html
    assert f"({address[:200]}…)" in html


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{1}{" * 100 + "x" + "}" * 100,
        "{" * 1_000 + "x" + "}" * 1_000,
        r"\left(" * 40 + "x" + r"\right)" * 40,
        r"\left(\text{\right)}" * 40,
        r"\begin{matrix}" * 30 + "x" + r"\end{matrix}" * 30,
        r"\displaystyle " * 700 + "x",
        "{%}\n" * 40 + "x",
        r"\left(\verb|\right)|" * 40,
    ],
)
def test_a_formula_of_many_levels_is_shown_as_code(tex: str) -> None:
    """
    A hundred fractions in each other crash the page of JupyterLab, a thousand braces stop it.
    """
    assert "codex-math" not in render(f"$${tex}$$")


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{1}{1+" * 20 + "x" + "}" * 20,
        r"\left(\frac{a}{b}\right)" * 300,
        r"\begin{matrix}" + r"\displaystyle a & \displaystyle b \\" * 40 + r"\end{matrix}",
        r"\{\alpha\}" * 500,
        "x % a remark\ny + 50\\%",
    ],
)
def test_a_long_formula_of_few_levels_is_typeset(tex: str) -> None:
    """
    What is side by side does not count as deep.
    """
    assert '<span class="codex-math">' in render(f"so $${tex}$$")


def test_a_very_long_formula_is_shown_as_code() -> None:
    """
    MathJax is not asked to typeset a book.
    """
    assert render(f"$x{'+1' * 6000}$").startswith("<p><code>x+1")


def test_loading_the_extension_does_not_render() -> None:
    """
    Neither markdown-it nor nh3 nor Pygments' formatters are imported with the package.
    """
    check = (
        "import codex_magic, sys; sys.exit('markdown_it' in sys.modules or 'nh3' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
