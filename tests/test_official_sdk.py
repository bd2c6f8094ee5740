"""Ours and the official SDK understand the same answer in the same way."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from codex_magic import CodexClient, local
from codex_magic.local import LocalServer

pytestmark = pytest.mark.local_model

QUESTION: dict[str, Any] = {
    "input": [{"type": "message", "role": "user", "content": "Name the four seasons."}],
    "instructions": "Answer in one sentence.",
    "max_output_tokens": 40,
    "temperature": 0,
    # Nothing of an earlier request may make a difference.
    "extra_body": {"seed": 7, "cache_prompt": False},
}


@pytest.fixture(scope="module")
def server() -> LocalServer:
    """Return the embedded model, which is a real service."""
    return local.start()


def without_ids(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return items without what is drawn anew for every answer."""
    return [{name: value for name, value in item.items() if name != "id"} for item in items]


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_text_items_and_usage(server: LocalServer, stream: bool) -> None:
    """Streamed and not, down to every field of the items, ids apart."""
    with CodexClient(base_url=server.base_url, api_key=server.api_key) as client:
        if stream:
            ours = client.responses.stream(model=server.model, **QUESTION).get_final_response()
        else:
            ours = client.responses.create(model=server.model, **QUESTION)
    with openai.OpenAI(base_url=server.base_url, api_key=str(server.api_key)) as sdk:
        theirs: Any = sdk.responses.create(model=server.model, stream=stream, **QUESTION)
        if stream:
            # Its own accumulator needs indices, which llama.cpp does not send: the last event has
            # the whole response.
            theirs = next(event.response for event in theirs if event.type == "response.completed")

    assert theirs.output_text == ours.output_text
    assert 10 < len(ours.output_text)
    assert without_ids([item.to_dict() for item in theirs.output]) == without_ids(
        ours.to_dict()["output"]
    )
    assert ours.usage is not None
    assert theirs.usage.input_tokens == ours.usage.input_tokens
    assert theirs.usage.output_tokens == ours.usage.output_tokens
    assert theirs.usage.total_tokens == ours.usage.total_tokens
