"""A visitor of Binder gets a notebook that answers, without a key and without a download."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import nbformat

from tests.binder.image import BINDER, OPENED, build_image, wanted_python
from tests.packaging.environments import ROOT, SUPPORTED


def test_the_links_lead_to_notebooks() -> None:
    """They are those that the README offers there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert OPENED == [name.rpartition("/")[2] for name in run_links("https://example.org")]
    for name in OPENED:
        assert (ROOT / "notebooks" / name).is_file()
        assert f"notebooks/{name}" in readme


def test_a_link_is_made_of_the_repositorys_address() -> None:
    """GitHub has a form of its own; any other address is written whole."""
    links = [
        run_links(address)[0]
        for address in ("https://github.com/ada/engine.git", "https://example.org/engine")
    ]

    ending = "/HEAD?urlpath=lab/tree/notebooks/quickstart.ipynb"
    assert [
        f"https://mybinder.org/v2/gh/ada/engine{ending}",
        f"https://mybinder.org/v2/git/https%3A%2F%2Fexample.org%2Fengine{ending}",
    ] == links


def run_links(address: str) -> list[str]:
    """Return what ``binder/links.py`` prints."""
    command = [sys.executable, str(BINDER / "links.py"), address]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_the_image_is_described_by_what_exists() -> None:
    """Its Python is supported, its extra is ours, and what runs at its end may run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = (BINDER / "requirements.txt").read_text().strip()

    assert wanted_python() in SUPPORTED
    assert wanted in [f".[{extra}]" for extra in project["optional-dependencies"]]
    assert os.access(BINDER / "postBuild", os.X_OK)


def its_notebooks_run_without_a_network(tmp_path: Path) -> None:
    """The image is built from these very files; then nothing is fetched any more."""
    image = build_image(tmp_path)

    for name in OPENED:
        notebook: Any = nbformat.read(image.execute(name), as_version=4)  # type: ignore[no-untyped-call]
        shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        assert shown, name
        if name == "quickstart.ipynb":
            answers = [o for o in shown if "codex_magic" in o.get("metadata", {})]
            assert 3 <= len(answers)
            assert "no coding assistant" in answers[0].data["text/html"]


# It builds an environment of some hundred packages.
if os.environ.get("CODEX_MAGIC_TESTS") == "full":
    test_its_notebooks_run_without_a_network = its_notebooks_run_without_a_network
