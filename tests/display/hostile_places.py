"""Every place in which something of a model, a service, a tool or a file is shown, with attacks in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from codex_magic.api.items import Json
from codex_magic.conversation.approvals import CallRecord
from codex_magic.conversation.turns import Conversation, Turn
from codex_magic.display.escaped import escaped_markdown
from codex_magic.display.line import Line, code_html
from codex_magic.display.preview import preview_html
from codex_magic.display.reply import Reply
from codex_magic.display.values import value_html
from codex_magic.errors import APIStatusError
from codex_magic.export.page import page
from codex_magic.panel.messages import error_html, note_html, question_html, turn_html

FIXTURES = Path(__file__).parent.parent / "fixtures" / "hostile"


def attacks(url: str) -> list[str]:
    """Short payloads that fit everywhere."""
    run = f"window.codexPwned=1;fetch('{url}/place')"
    return [
        f'<img src=x onerror="{run}">',
        f'"><svg onload="{run}">',
        f"'><script>{run}</script>",
        '</pre></div></details><iframe srcdoc="<script>parent.codexPwned=1</script>"></iframe>',
        f"[x](javascript:{run})",
        f"![x]({url}/place.png)",
        f"javascript:{run}",
        f"$\\href{{javascript:{run}}}{{x}}$",
        f'<a href="javascript:{run}">x</a>',
        f"\x00<scr\x00ipt>{run}</script>\u202e",
    ]


def items(attack: str, url: str) -> tuple[Json, ...]:
    """An answer that uses every tool there is, with an attack wherever it can say something."""
    cites = {"type": "url_citation", "start_index": 0, "end_index": 2, "title": attack}
    part = {
        "type": "output_text",
        "text": "It is so.",
        "annotations": [
            {**cites, "url": attack},
            {**cites, "url": f"{url}/cited"},
            {"type": "file_citation", "filename": attack, "index": 1},
        ],
    }
    return (
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": attack}]},
        {"type": "web_search_call", "action": {"type": attack, "query": attack, "url": attack}},
        {"type": "file_search_call", "queries": [attack], "results": [{"filename": attack}]},
        {
            "type": "code_interpreter_call",
            "code": attack,
            "outputs": [
                {"type": "logs", "logs": attack},
                {"type": "image", "url": f"{url}/drawn.png"},
                {"type": "image", "url": attack},
            ],
        },
        {"type": "image_generation_call", "result": attack, "output_format": attack},
        {"type": "mcp_call", "name": attack, "server_label": attack, "arguments": attack},
        {"type": "mcp_list_tools", "server_label": attack, "tools": [{"name": attack}]},
        {"type": "function_call", "call_id": "c", "name": attack, "arguments": attack},
        {"type": "function_call_output", "call_id": "c", "output": attack},
        {"type": "message", "role": "assistant", "content": [part]},
    )


def turn(attack: str, url: str, **more: str) -> Turn:
    """A turn in which everything is an attack."""
    fields: Json = {"model": attack, "sent": attack, "error": attack, "key": attack, **more}
    asked = {"type": "message", "role": "user", "content": attack}
    return Turn(attack, (asked,), output=items(attack, url), text="It is so.", **fields)


def conversation(url: str) -> Conversation:
    """A conversation of nothing but attacks, under the name of one."""
    turns = [turn(attack, url) for attack in attacks(url)]
    turns += [turn(attack, url, status="failed") for attack in attacks(url)[:2]]
    return Conversation(attacks(url)[0], turns=turns, notebook=attacks(url)[1])


class Shell:
    """Takes what a line shows."""

    def __init__(self) -> None:
        self.display_pub = self
        self.shown: list[str] = []

    def publish(self, bundle: dict[str, str], *more: object, **options: object) -> None:
        """Take a bundle."""
        self.shown.append(bundle["text/html"])


def pages(url: str) -> Iterator[tuple[str, str]]:
    """All that is shown of attacks, as a type and what is of it."""
    for number, attack in enumerate(attacks(url)):
        kept = turn(attack, url)
        reply = Reply.of_turn(kept)
        reply.notices, reply.remarks = [attack], [attack, str(APIStatusError(attack))]
        reply.calls.append(CallRecord(attack, json.dumps({attack: attack}), attack, 0.1, "done"))
        yield "text/html", reply.mime_bundle()["text/html"]
        yield "text/html", turn_html(number, kept, reply) + question_html(attack)
        yield "text/html", error_html(attack) + note_html(attack, attack, attack)
        yield "text/html", value_html([{attack: attack, "b": [attack]}, {attack: [{attack: 1}]}])
        body = {"model": attack, "input": [{"role": "user", "content": attack}]}
        yield "text/html", preview_html(f"{url}/{attack}", body, body["input"], attack)  # type: ignore[arg-type]
        shell = Shell()
        Line(shell).say(attack, attack)
        yield "text/html", shell.shown[0] + code_html(attack)
        yield "text/markdown", escaped_markdown(attack)
    for path in sorted(FIXTURES.glob("*.md"))[::3]:
        text = path.read_bytes().decode().replace("{{SINK}}", url)
        yield "text/markdown", escaped_markdown(text)


def exported(url: str) -> str:
    """The exported page of such a conversation."""
    return page(conversation(url))
