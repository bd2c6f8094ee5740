"""The notebooks run as a new user runs them: from top to bottom, with no key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.fake_service import FakeService

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def execute(name: str, **environment: str) -> Any:
    """Execute a notebook and return it, with its outputs."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=300, kernel_name="python3")
    ours = {key: value for key, value in os.environ.items() if "OPENAI" not in key}
    client.execute(env={**ours, **environment})
    return notebook


def outputs(notebook: Any, cell_id: str) -> list[Any]:
    """Return the outputs of a cell."""
    return next(list(cell.outputs) for cell in notebook.cells if cell.id == cell_id)


@pytest.mark.local_model
def test_the_quickstart_is_answered_by_the_embedded_model() -> None:
    """A new user sees answers without a key, and without typing anything."""
    notebook = execute("quickstart.ipynb")

    answer = outputs(notebook, "ask")[0]
    assert 1 == len(outputs(notebook, "ask"))
    assert {"text/html", "text/plain"} == set(answer.data)
    assert "no coding assistant" in answer.data["text/html"]
    assert 20 < len(answer.data["text/plain"])
    assert "1 earlier turn" in outputs(notebook, "again")[0].data["text/html"]
    assert "Usage(input_tokens=" in outputs(notebook, "reply")[0].data["text/plain"]


def test_the_quickstart_is_answered_by_a_service_with_a_key() -> None:
    """The same notebook asks a service where there is a key, and nothing of the key is saved."""
    with FakeService() as service:
        key = str(service.api_key)
        notebook = execute("quickstart.ipynb", OPENAI_API_KEY=key, OPENAI_BASE_URL=service.base_url)
        asked = [request for request in service.requests if request.path.endswith("/responses")]

    # One is refused first, because the default model is retired there.
    assert 4 == len(asked)
    assert key not in nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    assert "Seen 2 user messages" in outputs(notebook, "again")[0].data["text/plain"]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    """What is committed is the notebook, not one run of it."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]

    assert [] == [cell.id for cell in notebook.cells if cell.get("outputs")]
