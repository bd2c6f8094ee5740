"""A real kernel with a recorder, and what it displayed beside what was recorded."""

from __future__ import annotations

import json
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from typing import Any

from tests.kernels import Executed, Kernel, running_kernel

ATTACHED = """
import gc, hashlib, json
from codex_magic.context.figures import fetched, find, find_image, prepare
from codex_magic.context.recorder import Recorder
recorder = Recorder(get_ipython())
recorder.attach()
def cm_shown(pictures):
    print(json.dumps([
        {"sha": hashlib.sha1(p.data).hexdigest(), "label": p.label, "mime": p.mime, "url": p.url,
         "size": [p.width, p.height], "note": p.note} for p in pictures]))
def cm_cells():
    print(json.dumps([
        {name: getattr(e, name) for name in e.__slots__ if name != "outputs"} | {"outputs": [
            {name: getattr(o, name) for name in o.__slots__} for o in e.outputs]}
        for e in recorder.executions]))
"""
_IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
Json = dict[str, Any]


@contextmanager
def recording_kernel(folder: Path) -> Iterator[Kernel]:
    """Start a kernel that records; matplotlib's list of fonts is made once for all of them."""
    fonts = Path(tempfile.gettempdir()) / "codex-magic-tests-matplotlib"
    with running_kernel(folder, {"MPLCONFIGDIR": str(fonts)}) as kernel:
        attach(kernel)
        yield kernel


def attach(kernel: Kernel) -> None:
    """Let a kernel record, from nothing."""
    run(kernel, "if 'recorder' in globals(): recorder.detach()\n%matplotlib inline\n" + ATTACHED)
    run(kernel, "%config InlineBackend.figure_format = 'png'\nimport matplotlib.pyplot as plt")


def run(kernel: Kernel, code: str) -> Executed:
    """Run a cell that must not fail."""
    done = kernel.run(code)
    while "aborted" == done.status:
        # ipykernel 6 aborts what comes within a moment of an error.
        done = kernel.run(code)
    assert "ok" == done.status, "\n".join(done.traceback)
    return done


def found(kernel: Kernel, expression: str) -> list[Json]:
    """Return what a call of ``find`` and the like returned."""
    pictures: list[Json] = json.loads(run(kernel, f"cm_shown({expression})").stdout)
    return pictures


def refused(kernel: Kernel, expression: str) -> str:
    """Return the one line of an error."""
    done = kernel.run(expression)
    assert "ContextError" == done.error.get("ename"), "\n".join(done.traceback) or done.stdout
    assert 1 == len(done.traceback)
    return str(done.error["evalue"])


def cells(kernel: Kernel) -> list[Json]:
    """Return what is recorded."""
    recorded: list[Json] = json.loads(run(kernel, "cm_cells()").stdout)
    return recorded


def images(done: Executed) -> list[str]:
    """Return the SHA-1 of the images that a front end got, the best of each display, each once."""
    bundles = [display["data"] for display in done.displays]
    best = [next((bundle[mime] for mime in _IMAGES if mime in bundle), None) for bundle in bundles]
    shown = [sha1(b64decode(image)).hexdigest() for image in best if image is not None]
    return list(dict.fromkeys(shown))
