"""
Build the image of Binder from ``binder/``, and run the notebooks that the README opens there.

    python -m tests.binder

takes a few minutes, and a network while it builds.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.binder.image import OPENED, build_image


def main() -> None:
    """Build, run, and say how long each took."""
    with tempfile.TemporaryDirectory() as name:
        began = time.monotonic()
        image = build_image(Path(name))
        print(f"built in {time.monotonic() - began:.0f} s, with {image.python}")
        for notebook in OPENED:
            began = time.monotonic()
            image.execute(notebook)
            print(f"{notebook}: {time.monotonic() - began:.0f} s, without a network", flush=True)


if __name__ == "__main__":
    main()
