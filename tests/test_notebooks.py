"""The notebooks run as a new user runs them: from top to bottom, with no key."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.fake_service import FakeService

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
# Kept with its outputs, because they are what it is about.
EXECUTED = {"figures.ipynb"}


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


def test_what_is_sent_is_shown_without_a_key() -> None:
    """Every way of pointing is looked at, figures too; nothing is sent, and no cell fails unasked."""
    notebook = execute("figures.ipynb")

    failed = [
        cell.id
        for cell in notebook.cells
        if any(output.output_type == "error" for output in cell.get("outputs", ()))
    ]
    assert ["error"] == failed
    looks = [cell for cell in notebook.cells if "--dry-run" in cell.source and "outputs" in cell]
    assert 11 == len(looks)
    for cell in looks:
        shown = [output for output in cell.outputs if "codex_magic" in output.get("metadata", {})]
        assert 1 == len(shown), cell.id
        assert "Nothing is sent · ≈ " in shown[0].data["text/plain"]
    # The very image that the cell above it displayed.
    [plot] = outputs(notebook, "plot")
    image = plot.data["image/png"].replace("\n", "")
    assert image in outputs(notebook, "figure")[0].data["text/html"]
    assert "correct-horse" not in str(outputs(notebook, "redacted"))


def test_the_notebook_of_figures_is_kept_with_its_figures() -> None:
    """It is read on pages that run nothing, so that what it shows is there; and it is no burden."""
    path = NOTEBOOKS / "figures.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    text = path.read_text(encoding="utf-8")

    empty = [cell.id for cell in notebook.cells if cell.cell_type == "code" and not cell.outputs]
    assert ["images"] == empty
    kinds = [
        set(output.get("data", ())) for cell in notebook.cells for output in cell.get("outputs", ())
    ]
    assert 2 == sum("image/png" in kind for kind in kinds)
    assert path.stat().st_size < 400_000
    here = (f"{Path.home()}{os.sep}", f"{tempfile.gettempdir()}{os.sep}", str(NOTEBOOKS))
    assert not [word for word in (*here, "Warning") if word in text]


@pytest.mark.parametrize(
    "path",
    sorted(path for path in NOTEBOOKS.glob("*.ipynb") if path.name not in EXECUTED),
    ids=lambda path: path.name,
)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    """What is committed is the notebook, not one run of it."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]

    assert [] == [cell.id for cell in notebook.cells if cell.get("outputs")]
