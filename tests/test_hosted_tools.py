"""Tools that the service runs: what they did is a line, what is cited a link, what is drawn an image."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from codex_magic import CodexClient
from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.conversation.saved import from_json, to_json
from codex_magic.conversation.turns import State
from codex_magic.display.calls import call_line, call_whole
from codex_magic.display.page import response_html
from codex_magic.display.reply import Reply
from codex_magic.display.screen import TextScreen
from codex_magic.export.document import document
from codex_magic.export.page import page as exported_page
from tests.fake_service import (
    FakeService,
    cited,
    code_interpreter,
    file_search,
    image_generation,
    mcp_approval,
    mcp_call,
    mcp_tools,
    page,
    text,
    together,
    web_search,
)

from .asking import MODEL, STATES, ask, sent

TOLD = "Cats sleep 16 hours. Dogs sleep 12 (see [a page](https://dogs.example/b)). `16` it is."
CITED = (
    page(TOLD, "Cats sleep 16 hours.", "https://cats.example/a_(b)", "Cats & <b>sleep</b>"),
    page(TOLD, "(see [a page](https://dogs.example/b))", "https://dogs.example/b", "Dogs"),
    page(TOLD, "`16", "https://cats.example/a_(b)", "Cats & <b>sleep</b>"),
    {**page(TOLD, "it is.", "javascript:alert(1)", "Evil")},
    {"type": "file_citation", "file_id": "file_1", "filename": "a.pdf", "index": len(TOLD)},
)
MCP = {
    "type": "mcp",
    "server_label": "docs",
    "server_url": "https://docs.example/mcp",
    "require_approval": "always",
}


def drawn(kind: str = "PNG") -> str:
    """A small image, in base64."""
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(kept, kind)
    return base64.b64encode(kept.getvalue()).decode()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """A service that the environment names."""
    with FakeService() as service:
        monkeypatch.setenv("OPENAI_API_KEY", str(service.api_key))
        monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
        yield service


@pytest.fixture
def assistant(service: FakeService) -> Iterator[Assistant]:
    """An assistant without a shell, to which the service is OpenAI's."""
    assistant = Assistant(Codex(model=MODEL, backend="openai", base_url=service.base_url))
    yield assistant
    assistant.close()


def again(assistant: Assistant) -> Reply:
    """The last answer as it is shown from a file."""
    saved = json.loads(json.dumps(to_json(assistant.conversation)))
    return Reply.of_turn(from_json(saved).turns[-1])


def html(reply: Reply) -> str:
    """What a cell shows of a reply."""
    return reply.mime_bundle()["text/html"]


def lines(reply: Reply) -> list[str]:
    """The calls of a reply, without how long they took."""
    return [call_line(record) for record in reply.calls]


@pytest.mark.parametrize("state", STATES)
def test_a_search_is_a_line_and_its_pages_are_links(
    assistant: Assistant, service: FakeService, state: State
) -> None:
    """In every mode, in the cell and from a file; the next question goes on from it."""
    service.enqueue(together(web_search("sleep of cats"), cited(TOLD, *CITED)), text("Yes."))

    reply = ask(assistant, "How long?", tools=["web_search"], state=state)
    saved = again(assistant)
    ask(assistant, "Sure?", tools=["web_search"], state=state)

    assert TOLD == reply.text == saved.text
    for shown in (reply, saved):
        assert ['web_search(search="sleep of cats")'] == lines(shown)
        whole = html(shown)
        first = 'href="https://cats.example/a_%28b%29"'
        assert f"Cats sleep 16 hours. <a {first}" in whole
        # The model's own link has none beside it, and code stays as it is.
        assert "a page</a>)" in whole
        assert "<code>16</code>" in whole
        assert "<small>[1] <a" in whole
        assert "Cats &amp; &lt;b&gt;sleep&lt;/b&gt;</a> (cats.example)" in whole
        assert "[4] a.pdf" in whole
        assert 'href="javascript' not in whole
    assert [] == [r.status for r in service.requests if r.status >= 400]


@pytest.mark.parametrize("state", STATES)
def test_a_server_asks_for_approval(
    assistant: Assistant, service: FakeService, state: State
) -> None:
    """The call runs once it is approved; the line says what came of it."""
    service.enqueue(
        together(mcp_tools("docs", "ask", "read"), mcp_approval("docs", "ask", q="cats")),
        together(mcp_call("docs", "ask", "16 hours", q="cats"), text("Sixteen.")),
        text("Yes."),
    )

    reply = ask(assistant, "How long?", tools=[MCP], yes=True, state=state)
    saved = again(assistant)
    ask(assistant, "Sure?", tools=[MCP], state=state)

    for shown in (reply, saved):
        expected = ["docs.list_tools() → ask, read", 'docs.ask(q="cats") → 16 hours']
        assert expected == lines(shown)
    [answer] = [i for i in sent(service)[1]["input"] if i["type"] == "mcp_approval_response"]
    assert answer["approve"] is True
    assert "Sixteen." == reply.text
    assert [] == [r.status for r in service.requests if r.status >= 400]


def test_a_declined_call_is_told(assistant: Assistant, service: FakeService) -> None:
    """Nobody is there to approve it: the service hears that, and the file has it, too."""
    service.enqueue(mcp_approval("docs", "ask", q="cats"), text("Without it, then."))

    reply = ask(assistant, "How long?", tools=[MCP])

    assert "declined" in lines(reply)[0]
    assert lines(reply) == lines(again(assistant))
    [answer] = [i for i in sent(service)[1]["input"] if i["type"] == "mcp_approval_response"]
    assert answer["approve"] is False


def test_a_failed_call_says_why(assistant: Assistant, service: FakeService) -> None:
    """Whether the error is text or an object."""
    service.enqueue(
        together(
            mcp_call("docs", "ask", None, "no such page", q="x"), cited("I could not find it.")
        )
    )

    reply = ask(assistant, "How long?", tools=[{**MCP, "require_approval": "never"}])

    assert ['docs.ask(q="x") → failed: no such page'] == lines(reply)


@pytest.mark.parametrize("state", STATES)
def test_programs_and_images_are_shown(
    assistant: Assistant, service: FakeService, state: State
) -> None:
    """The code unfolds, what it drew and what was generated stands below the words."""
    url = f"data:image/png;base64,{drawn()}"
    program = "import math\nprint(math.pi)"
    outputs: list[Any] = [{"type": "logs", "logs": "3.14"}, {"type": "image", "url": url}]
    remote = {"type": "image", "url": "https://containers.example/x.png"}
    service.enqueue(
        together(
            code_interpreter(program, *outputs, remote),
            image_generation(drawn("JPEG"), "a red square", output_format="jpeg"),
            text("Here."),
        ),
        text("Yes."),
    )
    named = ["code_interpreter", "image_generation"]

    reply = ask(assistant, "Draw", tools=named, state=state)
    saved = again(assistant)
    ask(assistant, "Sure?", tools=named, state=state)

    for shown in (reply, saved):
        whole = html(shown)
        assert f"code_interpreter({program})" == call_whole(shown.calls[0])[0]
        assert "3.14\n2 images" == call_whole(shown.calls[0])[1]
        assert 'image_generation(prompt="a red square") → an image, 1 kB' == lines(shown)[1]
        assert f'<img src="{url}"' in whole
        assert '<img src="data:image/jpeg;base64,' in whole
        assert "made image 2, not loaded: https://containers.example/x.png" in whole
        assert 2 == whole.count("<img")
    assert "code_interpreter_call.outputs" in sent(service)[0]["include"]
    assert [] == [r.status for r in service.requests if r.status >= 400]


def test_what_is_no_image_is_not_shown_as_one(assistant: Assistant, service: FakeService) -> None:
    """Neither markup in the place of base64, nor another format, nor what is too large."""
    service.enqueue(
        together(
            image_generation('"><script>alert(1)</script>'),
            image_generation("PHN2Zz4=", output_format="svg+xml"),
            image_generation("A" * 12_000_004),
            text("Here."),
        ).chunking(1_000_000)
    )

    whole = html(ask(assistant, "Draw", tools=["image_generation"]))

    assert "<img" not in whole
    assert "<script" not in whole
    assert "made image 3: 9 MB, too large to show" in whole
    assert 20_000 > len(whole)


def test_a_file_search_names_what_it_found(assistant: Assistant, service: FakeService) -> None:
    """The results are asked for, so that there is something to name."""
    results = [{"file_id": "file_1", "filename": "a.pdf", "score": 0.9, "text": "16 hours"}]
    service.enqueue(together(file_search("sleep", "cats", results=results), cited("16.", CITED[4])))

    reply = ask(assistant, "How long?", tools=["file_search:vs_1"])

    assert ['file_search(queries=["sleep", "cats"]) → a.pdf'] == lines(reply)
    assert "[1] a.pdf" in html(reply)


def test_every_view_has_it(assistant: Assistant, service: FakeService) -> None:
    """A terminal, the Markdown of an export, and its page."""
    service.enqueue(together(web_search("sleep"), cited(TOLD, *CITED)))
    out, notes = io.StringIO(), io.StringIO()

    assistant.ask("How long?", Options(tools=["web_search"]), TextScreen(out, notes))
    markdown, whole = document(assistant.conversation), exported_page(assistant.conversation)

    assert f"{TOLD}\n" == out.getvalue()
    assert 'web_search(search="sleep")' in notes.getvalue()
    assert "[1] Cats & <b>sleep</b>: https://cats.example/a_(b)\n" in notes.getvalue()
    assert "cats.example" in markdown
    assert "<b>sleep" not in markdown
    assert "web_search(search=" in whole
    assert "<small>[1] <a" in whole


def test_a_bare_response_has_it_too(service: FakeService) -> None:
    """As a cell's last value, without a conversation."""
    service.enqueue(together(web_search("sleep"), image_generation(drawn()), cited(TOLD, *CITED)))

    with CodexClient() as client:
        response = client.responses.create(
            model=MODEL,
            input="How long?",
            tools=[{"type": "web_search"}, {"type": "image_generation"}],
        )
    whole = response_html(response)

    assert "<small>[1] <a" in whole
    assert 1 == whole.count("<img")
    assert 2 == whole.count('class="codex-call"')


def test_a_void_try_leaves_no_line(assistant: Assistant, service: FakeService) -> None:
    """A stream that broke before any word is asked for again: the search is told once."""
    broken = together(web_search("sleep"), text("Sixteen."))
    service.enqueue(broken.cut_after(7), broken)

    reply = ask(assistant, "How long?", tools=["web_search"])

    assert "Sixteen." == reply.text
    assert 1 == len(reply.calls)
