"""Exported conversations: whole, safe to open, and, as a notebook, able to run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

from codex_magic.api.items import Usage
from codex_magic.conversation.saved import load
from codex_magic.conversation.turns import Conversation, Turn
from codex_magic.display.reply import Reply
from codex_magic.errors import ConfigError
from codex_magic.export import ENDINGS, export, export_notebook_copy
from tests.display.test_escaped import active, commonmark
from tests.display.test_hostile import HOSTILE, answer
from tests.fake_service import FakeService
from tests.jupyterlab import chromium, sink
from tests.kernels import clean_environment, environment_of

IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
CODE = "```python\nprint('pwned')\n```"
TEXT = f"It is **{1}** & <b>x</b>, \\(a<b\\).\n\n{CODE}"


def asked(prompt: str, *images: str) -> tuple[dict[str, Any], ...]:
    """The items of a question."""
    parts = [{"type": "input_image", "image_url": image} for image in images]
    content = [{"type": "input_text", "text": prompt}, *parts]
    return ({"type": "message", "role": "user", "content": content},)


def conversation() -> Conversation:
    """One with an image each way, reasoning, a failure, a hidden turn and a summary."""
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Let me *see*."}]}
    made = {"type": "image_generation_call", "result": IMAGE.partition(",")[2]}
    first = Turn(
        "Why\n  is df[a_b] <red>?",
        asked("Why", IMAGE, "https://far.example/a.png"),
        (thought, made),
        text=TEXT,
        model="gpt-5.6-terra",
        response_id="resp_1",
        usage=Usage(2140, 17, 2157),
        seconds=1.5,
        sent="df, 1 figure",
    )
    return Conversation(
        "A *study* <1>",
        instructions="Be brief.",
        turns=[
            Turn("(summary of 3 turns)", (), text="We *met*.", kind="summary"),
            first,
            Turn("Again", asked("Again"), status="failed", error="No answer\ncame."),
            Turn("Half", asked("Half"), text="```\nx = 1", status="interrupted", error="Stopped."),
            Turn("Hidden", asked("Hidden"), text="Aside.", hidden=True),
        ],
    )


def hostile() -> Conversation:
    """Every hostile answer, each also as a question, and as all else that is text."""
    turns: list[Turn] = []
    for path in HOSTILE:
        text = answer(path)
        turn = Turn(text, asked(text, text[:300]), text=text, model=text[:50], sent=text)
        turns.append(replace(turn, kind="summary" if len(turns) % 2 else "turn"))
    name = "".join(turn.text for turn in turns[:3])
    return Conversation(name, instructions=name, turns=turns)


def exported(said: Conversation, tmp_path: Path, ending: str) -> str:
    """A conversation as the text of a file."""
    return export(said, tmp_path / f"a{ending}").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Notes the tags and attributes of a page, its styles, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        """All values of an attribute."""
        return [value for _, known, value in self.attributes if known == name]


FRAME = {"html", "head", "meta", "title", "style", "body"}
SHOWN = {
    *("p", "div", "span", "a", "img", "em", "strong", "s", "code", "pre", "br", "hr", "blockquote"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "small", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
NAMES = {"class", "href", "target", "rel", "title", "src", "alt", "style", "start", "open"}


def assert_inert(page: Page, frame: set[str]) -> None:
    """Nothing runs, and nothing is fetched."""
    assert page.tags <= SHOWN | frame
    framed = [entry for entry in page.attributes if entry[0] not in frame]
    assert NAMES >= {name for _, name, _ in framed}
    assert all(value.startswith("data:image/") for value in page.values("src"))
    assert all(re.match(r"(?i)https?://|mailto:|#", value) for value in page.values("href"))
    styles = ("margin-bottom:1em", "text-align:left", "text-align:center", "text-align:right")
    assert {style for tag, name, style in framed if name == "style"} <= set(styles)


def test_a_page_is_complete_in_itself(tmp_path: Path) -> None:
    """It shows all that was said, with its images, and names nothing that is elsewhere."""
    html = exported(conversation(), tmp_path, ".html")

    page = Page(html)
    assert_inert(page, FRAME)
    assert [IMAGE, IMAGE] == page.values("src")
    assert "Why\n  is df[a_b] <red>?" in page.text
    assert "Be brief." in page.text
    assert "Let me see." in page.text
    assert "gpt-5.6-terra · 2.1k in · 17 out · 1.5 s · sent: df, 1 figure" in page.text
    assert "No answer" in page.text
    assert "This turn is hidden" in page.text
    assert "Summary of earlier turns" in page.text
    assert "default-src 'none'" in page.values("content")[0]


def test_its_code_has_colours_for_light_and_dark(tmp_path: Path) -> None:
    """The styles of Pygments' classes stand in the page."""
    html = exported(conversation(), tmp_path, ".html")

    light, dark = html.split("prefers-color-scheme: dark", 1)
    assert '<span class="nb">print</span>' in html
    assert ".highlight .nb {" in light
    assert ".highlight .nb {" in dark
    assert "url(" not in html
    assert "@import" not in html


def test_markdown_holds_answers_unchanged(tmp_path: Path) -> None:
    """What the model wrote is there letter by letter, images embedded, and open code is closed."""
    text = exported(conversation(), tmp_path, ".md")

    assert all(turn.text in text for turn in conversation().turns)
    assert "Why\n  is df[a_b] <red>?" in text
    assert 2 == text.count(f"]({IMAGE})")
    assert "```\nx = 1\n```\n" in text
    assert "gpt-5.6-terra · 2.1k in · 17 out · 1.5 s · sent: df, 1 figure" in text
    assert [] == active(commonmark(text.partition("## 1.")[0]))
    assert 5 == commonmark(text).count("<h2>") - 1


def test_json_is_the_conversation_itself(tmp_path: Path) -> None:
    """The `.json` export is what `%codex load` reads."""
    said = conversation()

    again = load(export(said, tmp_path / "a.json"))

    assert said.turns == again.turns


def test_a_notebook_is_valid_and_holds_what_was_shown(tmp_path: Path) -> None:
    """nbformat accepts it; each question is a cell of ours, each answer its output."""
    said = conversation()
    text = exported(said, tmp_path, ".ipynb")

    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    cells = {cell.id: cell for cell in notebook.cells}
    asking = cells["question-2"]
    shown = asking.outputs[0]
    live = Reply.of_turn(said.turns[1]).mime_bundle()
    assert "%load_ext codex_magic" == cells["load"].source
    assert "%%codex\nWhy\n  is df[a_b] <red>?" == asking.source
    assert {"text/html", "text/plain"} == set(shown.data) == set(live)
    assert live["text/plain"] == shown.data["text/plain"]
    assert "sent: df, 1 figure" in shown.data["text/html"]
    ours = {"model": "gpt-5.6-terra", "response_id": "resp_1", "turn": said.turns[1].id}
    assert {"codex_magic": ours} == shown.metadata
    assert "df, 1 figure" in cells["sent-2"].source
    assert {"image/png": IMAGE.partition(",")[2]} == cells["sent-2"].attachments["image-1"]
    assert ["error"] == [output.output_type for output in cells["question-3"].outputs]
    assert "We *met*." in cells["summary-1"].source
    assert not [cell for cell in notebook.cells if "print(" in cell.source]


def test_an_exported_notebook_runs(service: FakeService, tmp_path: Path) -> None:
    """Run All asks the same questions again, in one conversation, and runs no code of answers."""
    turns = [turn for turn in conversation().turns if turn.kind == "turn"]
    text = exported(Conversation("main", turns=turns), tmp_path, ".ipynb")
    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]

    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    client.execute(env=clean_environment(tmp_path, **environment_of(service)))

    cells = [cell for cell in notebook.cells if cell.source.startswith("%%codex")]
    outputs = [output for cell in cells for output in cell.outputs]
    sent = json.dumps(service.requests[-1].body)
    assert ["display_data"] * 4 == [output.output_type for output in outputs]
    assert "Seen 4 user messages" in outputs[-1].data["text/plain"]
    assert json.dumps(turns[0].prompt)[1:-1] in sent
    assert "pwned" not in nbformat.writes(notebook)  # type: ignore[no-untyped-call]


def test_hostile_answers_are_inert_in_a_page(tmp_path: Path) -> None:
    """No script, no handler, no request, wherever the text stands."""
    page = Page(exported(hostile(), tmp_path, ".html"))

    assert_inert(page, FRAME)


def test_hostile_answers_are_inert_in_a_notebook(tmp_path: Path) -> None:
    """Neither an output nor a Markdown cell, read with raw HTML on, holds anything active."""
    text = exported(hostile(), tmp_path, ".ipynb")

    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert len(HOSTILE) < len(sources)
    assert [] == [found for source in sources for found in active(commonmark(source))]
    for output in outputs:
        assert_inert(Page(output.data["text/html"]), set())
        assert {"text/html", "text/plain"} == set(output.data)


def test_hostile_answers_are_unchanged_in_markdown(tmp_path: Path) -> None:
    """Markdown is the source: it is kept, and what is ours in it stays in its lines."""
    said = hostile()

    text = (export(said, tmp_path / "a.md")).read_bytes().decode()

    assert all(turn.text in text for turn in said.turns)


def test_halves_of_characters_are_no_obstacle(tmp_path: Path) -> None:
    """A text that is no UTF-8 is written all the same, in every form."""
    said = Conversation("\ud83d", turns=[Turn("\ud83d?", asked("\ud83d"), text="Yes \ud83d\ude00")])

    for ending in (".md", ".ipynb", ".html"):
        assert "Yes 😀" in exported(said, tmp_path, ending)


def test_an_empty_conversation_is_a_file_too(tmp_path: Path) -> None:
    """Nothing was said yet: the file says so, and is valid."""
    for ending in ENDINGS:
        assert exported(Conversation("main"), tmp_path, ending)


@pytest.mark.parametrize("name", ["a.pdf", "a", ".md", "a.md.txt"])
def test_another_ending_is_one_line(tmp_path: Path, name: str) -> None:
    """The error lists what there is, and nothing is written."""
    with pytest.raises(ConfigError, match=r"\.md, \.ipynb, \.html, \.json"):
        export(conversation(), tmp_path / name)

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_of_the_user_is_kept(tmp_path: Path, ending: str) -> None:
    """What is there already is replaced when it is asked for, and not before."""
    path = tmp_path / f"a{ending.upper()}"
    path.write_text("mine")

    with pytest.raises(ConfigError, match=r"exists already: .* --force"):
        export(conversation(), path)
    kept = path.read_text()
    export(conversation(), path, force=True)

    assert "mine" == kept
    assert "study" in path.read_text()


def notebook_of(said: Conversation, path: Path) -> Path:
    """A user's notebook with the answers of a conversation, and outputs of their own."""
    model = json.loads(export(said, path).read_text())
    theirs = {
        "output_type": "display_data",
        "data": {"text/html": "<b>theirs</b>", "text/plain": ["a\n", "b"]},
        "metadata": {},
    }
    model["cells"][1]["outputs"] = [theirs]
    path.write_text(json.dumps(model))
    return path


def test_a_copy_holds_answers_as_escaped_markdown(tmp_path: Path) -> None:
    """nbconvert writes our answers as Markdown; the user's outputs and the notebook stay."""
    mine = notebook_of(conversation(), tmp_path / "mine.ipynb")
    before = mine.read_bytes()

    number = export_notebook_copy(mine, tmp_path / "copy.ipynb")

    notebook = nbformat.read(tmp_path / "copy.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    exporter: Any = MarkdownExporter
    text, _ = exporter().from_notebook_node(notebook)
    assert 3 == number
    assert before == mine.read_bytes()
    assert f"It is **1** &amp; &lt;b&gt;x&lt;/b&gt;, $a< b$.\n\n{CODE}" in text
    assert "2.1k in" in text
    assert "<b>theirs</b>" in text


def test_a_copy_of_hostile_answers_is_inert(tmp_path: Path) -> None:
    """What nbconvert makes of them, and renders with raw HTML on, holds nothing active."""
    mine = notebook_of(hostile(), tmp_path / "mine.ipynb")

    export_notebook_copy(mine, tmp_path / "copy.ipynb")

    cells = json.loads((tmp_path / "copy.ipynb").read_text())["cells"]
    outputs = [output["data"] for cell in cells[2:] for output in cell.get("outputs", ())]
    assert len(HOSTILE) // 2 <= len(outputs)
    for data in outputs:
        assert {"text/markdown", "text/plain"} == set(data)
        assert [] == active(commonmark(data["text/markdown"]))


@pytest.mark.parametrize(
    ("content", "copy", "says"),
    [
        (None, "copy.ipynb", "cannot be read"),
        ("{", "copy.ipynb", "is no notebook"),
        ('{"worksheets": []}', "copy.ipynb", "format 4"),
        ('{"cells": []}', "copy.md", "COPY.ipynb"),
        ('{"cells": []}', "mine.ipynb", "the notebook itself"),
        ('{"cells": []}', "there.ipynb", "exists already"),
    ],
)
def test_a_copy_that_cannot_be_is_one_line(
    tmp_path: Path, content: str | None, copy: str, says: str
) -> None:
    """The error says what to do, and no file is changed."""
    mine = tmp_path / "mine.ipynb"
    if content is not None:
        mine.write_text(content)
    (tmp_path / "there.ipynb").write_text("there")

    with pytest.raises(ConfigError, match=says):
        export_notebook_copy(mine, tmp_path / copy)

    assert "there" == (tmp_path / "there.ipynb").read_text()
    assert content is None or content == mine.read_text()


@pytest.mark.browser
def test_a_page_of_hostile_answers_asks_no_network(tmp_path: Path) -> None:
    """In a real browser nothing runs and nothing is requested; the same page unescaped would."""
    with sink() as attacker, chromium() as browser:
        turns = [
            replace(turn, text=turn.text.replace("http://attacker.example", attacker.url))
            for turn in hostile().turns
        ]
        safe = export(Conversation("main", turns=turns), tmp_path / "safe.html")
        control = tmp_path / "control.html"
        control.write_text("".join(turn.text for turn in turns if "onerror" in turn.text))
        tab = browser.new_page()
        tab.goto(safe.as_uri(), wait_until="networkidle")
        shown = tab.locator(".codex-reply").count()
        ran = tab.evaluate("window.codexPwned !== undefined")
        requests = list(attacker.requests)
        tab.goto(control.as_uri(), wait_until="networkidle")
        attacked = tab.evaluate("window.codexPwned !== undefined")

    assert len(HOSTILE) == shown
    assert not ran
    assert [] == requests
    assert attacked
