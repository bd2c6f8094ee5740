"""What is uploaded is whole, and works where nothing else is installed."""

from __future__ import annotations

import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.fake_service import FakeService
from tests.kernels import environment_of
from tests.packaging.environments import (
    ROOT,
    build,
    check,
    environment,
    interpreters,
    newest,
    oldest,
    smoke,
)

FULL = os.environ.get("CODEX_MAGIC_TESTS") == "full"
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist."""
    return build(tmp_path_factory.mktemp("dist"))


def sources(folder: str) -> set[str]:
    """The files of a folder of the checkout, as they stand in an archive."""
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.suffix != ".pyc" and not any(part.startswith(".") for part in path.parts[-2:])
    }


def test_the_wheel_is_the_package_and_nothing_else(built: tuple[Path, Path]) -> None:
    """Style sheets, scripts and the marker of types are in it; tests are not."""
    with zipfile.ZipFile(built[0]) as wheel:
        names = set(wheel.namelist())

    packed = {name for name in names if ".dist-info/" not in name}
    assert sources("codex_magic") == packed
    assert "codex_magic/py.typed" in packed
    assert [f for f in names if f.endswith("licenses/LICENSE")]


def test_the_sdist_holds_what_its_tests_need(built: tuple[Path, Path]) -> None:
    """Whoever packages it further can run them from there."""
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    top = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md"}
    assert (
        set() == (sources("codex_magic") | sources("notebooks") | sources("binder") | top) - names
    )
    assert {name for name in sources("tests") if name.endswith(".py")} <= names


def test_what_is_shown_on_the_index_can_be_rendered(built: tuple[Path, Path]) -> None:
    """twine, strictly: the README as the long description, and the metadata."""
    assert 2 == check(*built).count("PASSED")


@pytest.mark.parametrize("number", list(interpreters()) if FULL else [HERE])
@pytest.mark.parametrize("age", ["newest", "oldest"] if FULL else ["newest"])
def test_the_wheel_works_in_an_empty_environment(
    built: tuple[Path, Path], tmp_path: Path, service: FakeService, number: str, age: str
) -> None:
    """Magics, a kernel, a shell, the client and the terminal, with the core dependencies alone."""
    packages = oldest() if age == "oldest" else newest()
    made = environment(tmp_path / "env", interpreters()[number], [str(built[0]), *packages])

    said = smoke(made, tmp_path / "work", environment_of(service))

    assert f"on Python {number}." in said
    if age == "oldest":
        assert "ipython 8.18" in said
        assert "ipykernel 6.29" in said
