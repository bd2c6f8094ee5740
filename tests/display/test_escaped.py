"""Answers written again as Markdown: whoever renders it, with raw HTML on, finds nothing active."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import mistune
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from codex_magic.api.items import parse_response
from codex_magic.conversation.turns import Turn
from codex_magic.display.escaped import escaped_markdown, escaped_text
from codex_magic.display.reply import Reply, response_bundle
from tests.counts import count
from tests.display.test_hostile import HOSTILE, answer

ANSWER = Path(__file__).parent.parent / "fixtures" / "answers" / "rich.md"

TAGS = {
    *("p", "div", "span", "a", "img", "em", "strong", "s", "del", "code", "pre", "br", "hr"),
    *("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
VALUES = {
    "href": r"https?://[^\s\\/?#<>\"][^\s\\<>\"]*|mailto:[^\s\\<>\"]+|#[^\s\\<>\"]*",
    "src": r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*",
    "alt": ".*",
    "start": r"\d+",
    "style": "text-align: ?(left|center|right);?",
    "class": r"anchor-link|highlight( hl-\w+)?|language-[\w+#.-]+|[a-z][a-z0-9]{0,2}",
    "id": r"[^<>\"]*",
}
# What a page's MathJax, or LaTeX, would obey in a formula.
REACHING = re.compile(r"\\(href|url|style|class|cssId|html|require|def|input|write|newcommand)\b")


def commonmark(source: str) -> str:
    """The standard, and tables, with raw HTML on."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # The validation of addresses is the reader's own; we do not lean on it.
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    return str(markdown.render(source))


def of_mistune(source: str) -> str:
    """A reader that is no child of the standard's own."""
    read = mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])
    return str(read(source))


def of_nbconvert(source: str) -> str:
    """What nbconvert makes of a Markdown output, formulas first."""
    return str(markdown2html_mistune(source))


READERS: list[Callable[[str], str]] = [commonmark, of_mistune, of_nbconvert]


class Inspector(HTMLParser):
    """Notes what is active in HTML, and all of its text outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self.text: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in ("code", "pre")
        if tag not in TAGS:
            self.complaints.append(f"<{tag}>")
        for name, value in attrs:
            allowed = VALUES.get(name)
            if allowed is None or not re.fullmatch(allowed, value or "", re.IGNORECASE | re.DOTALL):
                self.complaints.append(f"<{tag} {name}={value!r}>")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.complaints.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)


def active(html: str) -> list[str]:
    """What of a piece of HTML would run, load something, or lead astray."""
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return [*inspector.complaints, *REACHING.findall("".join(inspector.text))]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("path", HOSTILE, ids=[path.stem for path in HOSTILE])
def test_a_hostile_answer_is_harmless_for_every_reader(
    path: Path, reader: Callable[[str], str]
) -> None:
    """No tag, no handler, no address and no command of an attack is left."""
    assert [] == active(reader(escaped_markdown(answer(path))))


@pytest.mark.parametrize("path", HOSTILE, ids=[path.stem for path in HOSTILE])
def test_what_is_published_as_markdown_is_harmless(path: Path) -> None:
    """A reply, and a bare response, with the small lines that only their HTML has."""
    source = answer(path)
    part = {"type": "output_text", "text": source, "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "content": [part]}
    reply = Reply.of_turn(Turn("Why?", (), output=(message,), text=source, error=source))
    reply.notices, reply.as_markdown = [source], True
    response = parse_response({"id": "resp_1", "status": "completed", "output": [message]})
    shell = SimpleNamespace(kernel=object())
    bundles = (reply.mime_bundle(), response_bundle(response, shell, as_markdown=True))

    for bundle in bundles:
        assert {"text/markdown", "text/plain"} == {*bundle}
        assert [] == active(commonmark(bundle["text/markdown"]))


@pytest.mark.parametrize(
    "name", ["img_onerror", "script_tag", "remote_image_inline", "javascript_link"]
)
def test_the_same_answer_as_it_came_is_not_harmless(name: str) -> None:
    """The control: the test sees an attack where there is one."""
    path = next(path for path in HOSTILE if path.stem == name)

    assert active(commonmark(answer(path)))


PIECES = [
    *(
        "`",
        "``",
        "```",
        "~~~",
        "\n",
        "\n\n",
        "    ",
        "> ",
        "- ",
        "1. ",
        "# ",
        "| a | b |\n|--|--|\n",
    ),
    *("<script>", "<img src=x onerror=y>", "<!--", "-->", "<b", ">", "&lt;", "&#60;", "&", ";"),
    *("$", "$$", "\\(", "\\)", "\\[", "\\]", "\\", "\\href{javascript:x}{y}", "\\input", "^^5c"),
    *("[", "]", "(", ")", "![", "](", "]:", "[x]: javascript:alert", "http://a.b/", "javascript:x"),
    *("|", "{=html}", "*", "**", "_", "~~", "a", " ", "%", "data:text/html,x", "&#10;", "\t", "\r"),
]


@settings(max_examples=count(5_000), deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_mixture_of_marks_becomes_active(source: str) -> None:
    """Whatever a model puts beside each other, the standard finds nothing active in it."""
    assert [] == active(commonmark(escaped_markdown(source)))
    assert [] == active(of_mistune(escaped_markdown(source)))


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("Use `df` & <b>", "Use `df` &amp; &lt;b&gt;"),
        ("*a* __b__ ~~c~~", "*a* **b** ~~c~~"),
        ("# One\n\nTwo\n===", "# One\n\n# Two"),
        ("- a\n- b\n  - c", "- a\n- b\n  - c"),
        ("- a\n\n- b", "- a\n\n- b"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("|a|\n|-|\n|$x\\|y\\|$|", "| a |\n| --- |\n| $x\\vert y\\vert $ |"),
        ("> a\n> - b", "> a\n>\n> - b"),
        ("a  \nb\nc", "a\\\nb\nc"),
        ("---", "***"),
        ("```python\nx < 1\n```", "```python\nx < 1\n```"),
        ("    x < 1", "```\nx < 1\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("```{=html}\n<b>\n```", "```\n<b>\n```"),
        ("```mermaid\ngraph\n```", "```\ngraph\n```"),
        ("|a|b|\n|:-:|-|\n|x|`y`|", "| a | b |\n| :---: | --- |\n| x | `y` |"),
        ("[a](https://b.c/?d=1&e=(2))", "[a](https://b.c/?d=1&amp;e=%282%29)"),
        ("[a](b/c)", "a (b/c)"),
        ("![a](https://b.c/d.png)", "[a (https://b.c/d.png)](https://b.c/d.png)"),
        ("![a](data:image/png;base64,AAAA)", "![a](data:image/png;base64,AAAA)"),
        (r"\(a<b\) costs $5", r"$a< b$ costs \$5"),
        ("$$\nx &= 1\n$$", "$$x & = 1$$"),
        (r"\begin{align}x\end{align}", r"$$\begin{aligned}x\end{aligned}$$"),
        (r"$\href{https://a.b}{x}$", r"`\href{https://a.b}{x}`"),
        (r"$^^5cinput{x}$", r"`^^5cinput{x}`"),
        (r"$\verbatiminput{x}$", r"`\verbatiminput{x}`"),
        (r"\input and `x`", r"`\input` and `x`"),
        ("\\input``x`<b>``", "`\\input` ``x`<b>``"),
        ("1986\\. A year", "1986\\. A year"),
        ("\ud83d\ude00 \ud83d", "😀 \ufffd"),
    ],
)
def test_it_says_the_same(source: str, written: str) -> None:
    """Structure, code, formulas and addresses are kept, in one way of writing them."""
    assert f"{written}\n" == escaped_markdown(source)


def test_a_long_answer_reads_the_same() -> None:
    """A whole answer, written again, has the words and the structure that it had."""
    source = ANSWER.read_text(encoding="utf-8")

    again = escaped_markdown(escaped_markdown(source))

    assert again == escaped_markdown(source)
    assert 20 < len(again.splitlines())


@pytest.mark.parametrize(
    "text", ["# a", "1. a", "- a", "a *b* `c` [d](e) <f> &lt; $g$ \\h | i", "::: x", "    a", "%"]
)
def test_plain_text_stays_plain(text: str) -> None:
    """Text that a user or a service wrote is one paragraph that shows just that text."""
    shown = commonmark(escaped_text(text))

    inspector = Inspector()
    inspector.feed(shown)
    assert shown.startswith("<p>")
    assert text.strip() == "".join(inspector.text).strip()
