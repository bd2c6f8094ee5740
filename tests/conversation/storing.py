"""A store, turns with images, and what lies on the disk: what the tests of the store share."""

from __future__ import annotations

import base64
import sqlite3
from dataclasses import replace
from typing import Any

from codex_magic.api.items import Json
from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Turn

from .store_writer import turn

IMAGE = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 8).decode()


def again(store: Store) -> Store:
    """The store as another kernel sees it."""
    return Store(store.path)


def turns_of(store: Store, conversation_id: str) -> tuple[Turn, ...]:
    """The turns that lie on the disk."""
    found = again(store).load(conversation_id)
    assert found is not None, store.trouble
    return found.turns


def said(store: Store, conversation_id: str) -> list[str]:
    """The prompts that lie on the disk."""
    return [found.prompt for found in turns_of(store, conversation_id)]


def rows(store: Store, table: str) -> int:
    """How many rows a table has."""
    connection = sqlite3.connect(store.path)
    (number,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    connection.close()
    return int(number)


def pictured(prompt: str, url: str = IMAGE, **fields: Any) -> Turn:
    """A question with an image."""
    parts: list[Json] = [
        {"type": "input_text", "text": prompt},
        {"type": "input_image", "image_url": url, "detail": "auto"},
    ]
    asked: Json = {"type": "message", "role": "user", "content": parts}
    return replace(turn(prompt, **fields), input=(asked,))
