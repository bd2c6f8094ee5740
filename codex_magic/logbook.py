"""Every request and answer in a file, a line each: without secrets, and without the bulk of images."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .api.items import Json
from .conversation.session import Asking, Ended, Signal

_BULK = 200
# What is sealed or encoded: nobody reads it, and it is long.
_SEALED = ("encrypted_content", "file_data")


class Logbook:
    """
    Writes requests and answers down.

    Args:
        path: The file, which is made readable by the user alone.
        clean: Takes secrets out of a text.
    """

    def __init__(self, path: str, clean: Callable[[str], str]) -> None:
        self._path = Path(path).expanduser()
        self._clean = clean

    def note(self, signal: Signal, service: str) -> str:
        """Write what is a request or an answer; return what went wrong, in one line, or nothing."""
        match signal:
            case Asking():
                entry: Json = {"kind": "request", "service": service, "body": signal.body}
            case Ended():
                answer = signal.response.to_dict() if signal.response else None
                turn = signal.turn
                told = {"status": turn.status, "error": turn.error, "seconds": turn.seconds}
                entry = {"kind": "answer", "service": service, **told, "body": answer}
            case _:
                return ""
        return self._write({"at": time.time(), **entry})

    def _write(self, entry: Json) -> str:
        try:
            line = json.dumps(self._shown(entry), ensure_ascii=False, default=repr)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            with open(os.open(self._path, flags, 0o600), "ab") as file:
                file.write(f"{line}\n".encode("utf-8", "replace"))
        except (OSError, ValueError) as error:
            return f"The log {self._path} cannot be written: {error}."
        return ""

    def _shown(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            made = value.get("type") == "image_generation_call"
            return {
                key: self._shown(each, "file_data" if made and key == "result" else key)
                for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._shown(each, name) for each in value]
        if not isinstance(value, str):
            return value
        if len(value) > _BULK and (name in _SEALED or value.startswith("data:")):
            head = value.partition(",")[0] if value.startswith("data:") else name
            digest = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:16]
            return f"[{head}: {len(value):,} characters, sha256 {digest}]"
        return self._clean(value)
