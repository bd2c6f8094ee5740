"""
Build the package and try it on every supported interpreter that is at hand.

    python -m tests.packaging

prints a line for each environment: the oldest and the newest libraries on each interpreter.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.fake_service import FakeService
from tests.kernels import environment_of
from tests.packaging.environments import (
    build,
    check,
    environment,
    interpreters,
    newest,
    oldest,
    smoke,
)


def main() -> None:
    """Build, check, install and try; the first failure ends it."""
    with tempfile.TemporaryDirectory() as name, FakeService() as service:
        folder = Path(name)
        wheel, sdist = build(folder / "dist")
        print(check(wheel, sdist), end="")
        for number, python in interpreters().items():
            for age, packages in (("oldest", oldest()), ("newest", newest())):
                here = folder / f"{number}-{age}"
                made = environment(here, python, [str(wheel), *packages])
                said = smoke(made, folder / f"{number}-{age}-work", environment_of(service))
                print(said.splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
