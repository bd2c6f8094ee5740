"""The notebooks run as a new user runs them: from top to bottom, with no key."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.fake_service import (
    FakeService,
    calls,
    cited,
    function_call,
    page,
    text,
    together,
    web_search,
)
from tests.kernels import environment_of

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


VERDICTS = [
    {"run": "a", "state": "diverges", "advice": "Lower the rate."},
    {"run": "c", "state": "learns", "advice": "Train longer."},
]
WORDS = "Raise it until the loss diverges."
# What the service answers to the questions of the notebook about tools, in their order.
TOOLS = (
    function_call("best_runs", top=2),
    text("0.03, then 0.01."),
    calls([("train", {"rate": 0.01, "epochs": 40}), ("train", {"rate": 3.0, "epochs": 40})]),
    function_call("train", rate=0.1, epochs=40),
    text("0.01 is better."),
    function_call("plot_runs"),
    text("At 0.03."),
    text(json.dumps({"value": VERDICTS})),
    text(json.dumps({"value": [{"run": "f", "state": "learns"}]})),
    text(json.dumps({"value": VERDICTS})),
    text('{"rates": [0.02, 0.015, 0.04]}'),
    together(
        web_search("learning rate range test"),
        cited(WORDS, page(WORDS, WORDS, "https://rates.example/test", "A range test")),
    ),
)


def test_tools_and_objects_are_shown(tmp_path: Path) -> None:
    """Functions of every kind are called, mistakes corrected, and objects used by the next cell."""
    with FakeService() as service:
        service.enqueue(*TOOLS)
        profile = tmp_path / "profile_default"
        profile.mkdir()
        # It counts as OpenAI, whose models see images.
        (profile / "ipython_config.py").write_text(
            f"c.Codex.backend = 'openai'\nc.Codex.base_url = {service.base_url!r}\n"
        )
        notebook = execute("tools.ipynb", **environment_of(service), IPYTHONDIR=str(tmp_path))
        told = [
            item["output"]
            for request in service.requests
            for item in (request.body or {}).get("input", ())[-1:]
            if item.get("type") == "function_call_output"
        ]

    shown = {cell.id: "".join(map(str, cell.get("outputs", ()))) for cell in notebook.cells}
    assert "best_runs(top=2) → " in shown["call"]
    assert "failed: ValueError: a rate lies between 0 and 1" in shown["search"]
    assert ["input_image" in str(output) for output in told] == [False, False, False, True]
    assert "2 rows × 3 columns" in shown["table"]
    assert "['c']" in shown["objects"]
    assert "Train longer." in shown["frame"]
    assert "{'rates': [0.02, 0.015, 0.04]}" in shown["plan"]
    assert 'href="https://rates.example/test"' in shown["web"]
    assert "best_runs" in shown["tools"]


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
