"""The embedded model with tools and with schemas: its template decides, and a grammar."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel

from codex_magic import local
from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.errors import ConfigError
from codex_magic.local import LocalServer
from codex_magic.local.model import MODEL_VARIABLE
from tests.asking import ask

pytestmark = pytest.mark.local_model

# One that shows tools, shorter than SmolLM2's own.
TEMPLATE = (
    "{% for t in tools or [] %}{{ t|tojson }}\n{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content or '' }}"
    "{% for c in m.tool_calls or [] %}<tool_call>{{ c.function|tojson }}</tool_call>{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class Answer(BaseModel):
    """A short answer."""

    word: str
    sure: bool


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def with_template(model: str, path: Path, template: str) -> Path:
    """Write a copy of a GGUF file whose chat template is another one, of the same length."""
    shutil.copy(model, path)
    with path.open("r+b") as file:
        head = file.read(4_000_000)
        key = b"tokenizer.chat_template"
        # https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: a type, a length, the text.
        start = head.index(key) + len(key)
        _, length = struct.unpack_from("<IQ", head, start)
        padded = template + "{#" + " " * (length - len(template.encode()) - 4) + "#}"
        file.seek(start + 12)
        file.write(padded.encode())
    return path


@pytest.fixture
def assistant(
    server: LocalServer, model: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Assistant]:
    """An assistant whose service is the embedded model."""
    monkeypatch.setenv(MODEL_VARIABLE, model)
    assistant = Assistant(Codex(backend="local"))
    yield assistant
    assistant.close()


@pytest.fixture(scope="module")
def able_model(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same model under a template that has tools."""
    path = with_template(model, tmp_path_factory.mktemp("able") / "able.gguf", TEMPLATE)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def able(able_model: Path) -> Iterator[LocalServer]:
    """Its server."""
    server = local.start(str(able_model))
    yield server
    server.stop()


def tokens(server: LocalServer, **fields: object) -> int:
    """How many tokens the model reads for a question."""
    body = {"model": server.model, "input": "Hi", "max_output_tokens": 1, "stream": False, **fields}
    headers = {"Authorization": f"Bearer {server.api_key}"}
    answer = httpx.post(f"{server.base_url}/responses", headers=headers, json=body, timeout=60)
    return int(answer.json()["usage"]["input_tokens"])


def test_tools_are_refused_before_anything_is_sent(assistant: Assistant) -> None:
    """SmolLM2's template has no place for them: llama.cpp would drop them without a word."""
    with pytest.raises(ConfigError, match="cannot call tools: its template has no place for them"):
        ask(assistant, "How much is 1 + 2?", tools=[add])

    assert () == assistant.conversation.turns


def test_a_template_with_tools_is_found(
    assistant: Assistant,
    server: LocalServer,
    able: LocalServer,
    able_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What llama.cpp says of the template decides: there the model reads the tools."""
    monkeypatch.setenv(MODEL_VARIABLE, str(able_model))
    form = {
        "name": "add",
        "description": "Add.",
        "parameters": {"type": "object", "properties": {}},
    }
    tools = [{"type": "function", "strict": False, **form}]

    assert (False, True) == (server.tools, able.tools)
    assert tokens(server) == tokens(server, tools=tools)
    assert tokens(able) + 20 < tokens(able, tools=tools)
    assert ask(assistant, "How much is 1 + 2?", tools=[add], max_output_tokens=16).text


def test_an_answer_becomes_an_object(assistant: Assistant) -> None:
    """A grammar holds even a small model to the schema."""
    reply = ask(assistant, "Name a colour.", schema=Answer, max_output_tokens=200, temperature=0)

    assert isinstance(reply.parsed, Answer)
    assert 1 == len(assistant.conversation.turns)
