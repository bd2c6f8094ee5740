"""The guide shows every option, and runs; nothing that a user can type is in no test."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from codex_magic.commands import COMMANDS
from codex_magic.options import OPTIONS, Option
from tests.fake_service import FakeService, function_call, text
from tests.fake_service.answers import Answer
from tests.fake_service.errors import Json
from tests.fake_service.service import default_answer
from tests.fake_service.summary import words
from tests.kernels import clean_environment, environment_of

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
GUIDE = NOTEBOOKS / "guide.ipynb"
# What a capable model would say to a question of the guide, by words of it.
SAID = {
    "and write nothing else": "Sales, briefly",
    "with their revenue": '{"value": [{"name": "Jan", "revenue": 480.0}]}',
    "the best and the worst": '{"best": "Feb", "worst": "Mar"}',
    "Plot the price": '```python\nsales.plot(x="month", y="price")\n```',
    "the numbers from 1": "```python\nprint(*range(1, 4))\n```",
}


def model(context: list[Json], body: Json) -> Answer:
    """Answer as a capable model would, where the guide depends on it."""
    question = next(words(i) for i in reversed(context) if i.get("role") == "user")
    called = context[-1].get("type") == "function_call_output"
    if "in February?" in question and not called:
        return function_call("revenue_of", month="Feb")
    said = next((answer for part, answer in SAID.items() if part in question), None)
    return text(said) if said else default_answer(context, body)


def source() -> str:
    """Return the code of the guide."""
    notebook: Any = nbformat.read(GUIDE, as_version=4)  # type: ignore[no-untyped-call]
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The guide, run from top to bottom in a folder of its own, with what was asked."""
    folder = tmp_path_factory.mktemp("guide")
    shutil.copy(GUIDE, folder)
    notebook: Any = nbformat.read(GUIDE, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        # By name, OpenAI is at no other address than its own.
        cell.source = cell.source.replace(" --backend openai", "")
    place = {"metadata": {"path": str(folder)}}
    with FakeService(answer=model) as service:
        env = {**clean_environment(folder), **environment_of(service)}
        client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place)
        # The service is at an address of its own, but counts as OpenAI's.
        settings = f"c.Codex.backend = 'openai'\nc.Codex.base_url = {service.base_url!r}\n"
        profile = folder / "home" / "profile_default"
        profile.mkdir(parents=True)
        (profile / "ipython_config.py").write_text(settings)
        client.execute(env=env)
        asked = [request.body for request in service.requests if request.path == "/v1/responses"]
    left = {path.name for path in folder.iterdir()} - {"home", "guide.ipynb"}
    return notebook, asked, left


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_guide_shows_every_option(option: Option) -> None:
    """A new option is in the guide, or this fails."""
    flags = "|".join(map(re.escape, option.flags))

    assert re.search(rf"^%%?codex.*?\s({flags})(\s|$)", source(), re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_a_test(command: str) -> None:
    """A new command is typed somewhere in the tests, or this fails."""
    files = (path for path in Path(__file__).parent.rglob("*.py") if path.name != "test_guide.py")
    typed = re.compile(
        rf"(%codex |\"codex\", f?\"|'codex', f?'){command}\b|\b\w+\(\w*,? ?f?\"{command}\b"
    )

    assert any(typed.search(path.read_text(encoding="utf-8")) for path in files)


def test_the_guide_runs(executed: Any) -> None:
    """Only the cell that is to fail fails; no file is left behind."""
    notebook, _, left = executed

    failed = [
        cell.id
        for cell in notebook.cells
        if any(output.output_type == "error" for output in cell.get("outputs", ()))
    ]
    assert ["fails"] == failed
    assert set() == left


def test_the_guides_options_do_what_it_says(executed: Any) -> None:
    """Values come back as variables; the tool is called; a dry run sends nothing."""
    notebook, asked, _ = executed
    shown = {
        cell.source: "".join(
            str(output.get("data", {}).get("text/plain", output.get("text", "")))
            for output in cell.outputs
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
    }

    assert "'Sales, briefly'" == shown["title"]
    assert "[Month(name='Jan', revenue=480.0)]" == shown["months"]
    assert any("540.0" in str(body["input"]) for body in asked)
    assert not any("What would go out for this?" in str(body["input"]) for body in asked)
    assert {"low", None} <= {body.get("reasoning", {}).get("effort") for body in asked}
