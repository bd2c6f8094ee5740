"""A copy of a notebook whose answers are Markdown, for nbconvert to Markdown or PDF."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..api.items import Json
from ..conversation.saved import expanded, write_file
from ..display.as_markdown import markdown_bundle
from ..errors import ConfigError


def export_notebook_copy(
    path_in: str | os.PathLike[str], path_out: str | os.PathLike[str], *, force: bool = False
) -> int:
    """
    Write a copy of a notebook, and return how many answers it holds.

    Our outputs become escaped Markdown, with the line below the answer; all else is copied.

    Args:
        path_in: The notebook, as it is saved.
        path_out: The copy, an ``.ipynb``.
        force: Whether a file of that name is replaced.

    Raises:
        ConfigError: The notebook cannot be read, or the copy not be written.
    """
    source, target = expanded(path_in), expanded(path_out)
    if target.suffix.lower() != ".ipynb":
        raise ConfigError(f"{str(path_out)!r}: the copy is a notebook, COPY.ipynb.")
    if os.path.realpath(target) == os.path.realpath(source):
        raise ConfigError(f"{path_out} is the notebook itself: give the copy another name.")
    notebook = _read(source)
    answers = [output for output in _outputs(notebook) if _is_ours(output)]
    for answer in answers:
        answer["data"] = _bundle(answer["data"])
    # What the file had as an escape that is no character stays one.
    text = json.dumps(notebook, ensure_ascii=False, indent=1)
    write_file(target, f"{text}\n".encode(errors="backslashreplace"), force=force)
    return len(answers)


def _read(path: Path) -> Json:
    try:
        notebook = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError):
        raise ConfigError(f"{path} is no notebook: save it first, or name another one.") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ConfigError(f"{path} is no notebook of format 4: save it in that format first.")
    return notebook


def _outputs(notebook: Json) -> list[Json]:
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
    return [
        output for cell in cells for output in cell.get("outputs") or () if isinstance(output, dict)
    ]


def _is_ours(output: Json) -> bool:
    metadata, bundle = output.get("metadata"), output.get("data")
    ours = isinstance(metadata, dict) and "codex_magic" in metadata
    return ours and isinstance(bundle, dict) and "text/plain" in bundle


def _bundle(bundle: Json) -> Json:
    """Return an answer as Markdown; the Markdown as it was written stays the plain text."""
    return markdown_bundle(_text(bundle["text/plain"]), _text(bundle.get("text/html")))


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")
