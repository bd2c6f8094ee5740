"""What hostile answers become: HTML of which every tag and attribute is on a strict list."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from codex_magic.display.markdown import GrowingMarkdown, render

FIXTURES = Path(__file__).parent.parent / "fixtures" / "hostile"
HOSTILE = sorted(FIXTURES.glob("*.md"))

BLOCKS = {"p", "div", "blockquote", "ul", "ol", "li", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
TAGS = BLOCKS | TABLES | {"span", "a", "img", "em", "strong", "s", "code", "br", "hr"}

# The whole of what a value may be, by tag and attribute.
VALUES = {
    ("a", "class"): "codex-image",
    ("a", "href"): r"https?://[^/\s\\][^\s\\<>\"]*|mailto:[^\s\\<>\"]+|#[^\s\\<>\"]*",
    ("a", "rel"): "noopener noreferrer",
    ("a", "target"): "_blank",
    ("a", "title"): ".*",
    ("div", "class"): "highlight|codex-math",
    ("img", "alt"): ".*",
    ("img", "src"): r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*",
    ("ol", "start"): r"\d+",
    ("span", "class"): r"codex-(math|image|link)|[a-z][a-z0-9]{0,2}",
    ("div", "style"): "margin-bottom:1em",
    ("td", "style"): "text-align:(left|center|right)",
    ("th", "style"): "text-align:(left|center|right)",
}
REACHING = re.compile(
    r"\\(href|url|style|class|cssId|html|data|require|bbox|f?colorbox|mmlToken|unicode|includegraphics"
    r"|[gex]?def|let|csname|newcommand|renewcommand|DeclareMathOperator)"
)


class Inspector(HTMLParser):
    """Notes everything in a piece of HTML that is not on the list."""

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self._opened: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.complaints.append(f"<{tag}>")
        for name, value in attrs:
            allowed = VALUES.get((tag, name))
            if allowed is None or not re.fullmatch(allowed, value or "", re.IGNORECASE | re.DOTALL):
                self.complaints.append(f"<{tag} {name}={value!r}>")
        if tag not in ("img", "br", "hr"):
            self._opened.append((tag, dict(attrs).get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        if not self._opened or self._opened.pop()[0] != tag:
            self.complaints.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        inside = self._opened[-1] if self._opened else ("", "")
        if inside[1] == "codex-math":
            if found := REACHING.search(data):
                self.complaints.append(found[0])
        elif not {"code", "pre"} & {tag for tag, _ in self._opened} and starts_math(data):
            self.complaints.append(f"MathJax would read {data!r}")

    def handle_comment(self, data: str) -> None:
        self.complaints.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)


def starts_math(text: str) -> bool:
    """Tell whether MathJax would find a formula in a piece of text between two tags."""
    return text.count("$") > 1 or re.search(r"\\[(\[]|\\begin|\\(eq)?ref", text) is not None


def complaints(html: str) -> list[str]:
    """Return what is not on the list, and what is not closed."""
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return [*inspector.complaints, *(f"open <{tag}>" for tag, _ in inspector._opened)]


def answer(path: Path) -> str:
    """Return a hostile answer with an attacker's address in it."""
    host = "attacker.example"
    text = path.read_bytes().decode()
    return text.replace("{{SINK}}", f"http://{host}").replace("{{SINK_HOST}}", host)


def test_there_are_enough_of_them() -> None:
    """
    The folder is found, and none of its files is empty.
    """
    assert len(HOSTILE) >= 150
    assert all(answer(path).strip() for path in HOSTILE)


@pytest.mark.parametrize("path", HOSTILE, ids=[path.stem for path in HOSTILE])
def test_a_hostile_answer_is_harmless(path: Path) -> None:
    """
    No tag, attribute, address or formula but those on the list.
    """
    assert complaints(render(answer(path))) == []


@pytest.mark.parametrize("path", HOSTILE, ids=[path.stem for path in HOSTILE])
def test_it_is_harmless_wherever_it_is_cut(path: Path) -> None:
    """
    At no moment of the stream does a half-arrived attack become HTML.
    """
    growing = GrowingMarkdown()
    source = answer(path)
    for start in range(0, len(source), 7):
        growing.feed(source[start : start + 7])
        growing.advance()
        assert complaints(growing.open_html()) == []

    assert complaints(growing.settled_html) == []


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<p onclick='x'>y</p>",
        '<a href="javascript:x">y</a>',
        '<a href="//attacker.example/">y</a>',
        '<img src="http://attacker.example/x.png">',
        '<img src="data:image/svg+xml;base64,AA==">',
        '<span class="jp-Dialog">y</span>',
        '<span class="codex-math">\\(\\href{x}{y}\\)</span>',
        "<p>from $5 to $10</p>",
        "<p>\\(x\\)</p>",
        "<!-- x -->",
        "<p>x</div>",
        "<div>",
    ],
)
def test_the_list_is_strict(html: str) -> None:
    """
    The control: what must not pass does not pass.
    """
    assert complaints(html)
