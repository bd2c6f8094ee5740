"""``python -m tests.soak [--minutes N] [--seed N] [--write]``: everything goes wrong, all the time."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .tally import Tally

# Workers, each a process of its own; all of them keep what is said in one store.
WORKERS = ("assistants", "assistants", "cells")
_README = Path(__file__).parent.parent / "benchmarks" / "README.md"
_NOTE = """\
Random faults at every layer, in questions that are checked one by one: what the service got, what \
the conversation and the disk hold, what was raised, and how long it took. The oracle is \
`tests/soak/oracle.py`; the fake service refuses what the real one refuses. A file that stands for \
a living kernel stays open by design. Where an interrupt hits IPython or ipykernel itself, just before \
a cell or after it, they may take it for a callback's error, not tell of the end, abort every cell \
after it, run none any more, or keep one file more: bare ones do each of it, too, and the table has how often."""


def main(arguments: Sequence[str]) -> int:
    """Run a soak, or one worker of it; return how many things were wrong."""
    options = _parser().parse_args(arguments)
    if options.worker:
        _work(options)
        return 0
    tally = soak(options.seed, options.minutes * 60)
    command = f"python -m tests.soak --minutes {options.minutes:g} --seed {options.seed}"
    text = f"## soak: What survives, and how often it was tried\n\n    {command}\n\n{_NOTE}\n\n"
    text += f"{tally.table()}\n\n{_provenance()}"
    print(text)
    for kind, told in tally.wrong:
        print(f"{kind}: {told[:6_000]}", file=sys.stderr)
    if options.write:
        _write(text)
    return min(len(tally.wrong), 100)


def soak(seed: int, seconds: float) -> Tally:
    """Let all workers ask for so long, and return what they counted."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        running = []
        for number, name in enumerate(WORKERS):
            part = Path(folder) / str(number)
            part.mkdir()
            command = [sys.executable, "-m", "tests.soak", "--worker", name]
            command += ["--folder", str(part), "--seed", f"{seed}{number}"]
            command += ["--seconds", str(seconds)]
            log = (part / "log").open("w", encoding="utf-8")
            with log:
                running.append((part, subprocess.Popen(command, stdout=log, stderr=log)))
        tally = Tally()
        for part, process in running:
            process.wait()
            tally.add(_counted(part))
        return tally


def _counted(part: Path) -> Tally:
    """Return what a worker counted; one that came to no end counts as hanging."""
    log, result = (part / "log").read_text(encoding="utf-8", errors="replace"), part / "result.json"
    tally = Tally()
    if result.exists():
        tally = Tally.of(json.loads(result.read_text(encoding="utf-8")))
        if log.strip():
            tally.wrong.append(("unclean error", f"a worker wrote: {log[-2_000:]}"))
    else:
        tally.wrong.append(("hang", f"a worker ended early: {log[-4_000:]}"))
    return tally


def _work(options: argparse.Namespace) -> None:
    module = importlib.import_module(f"tests.soak.{options.worker}")
    folder = Path(options.folder)
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "AZURE_"))]:
        del os.environ[name]
    shared = folder.parent / "shared"
    tally: Tally = module.work(str(options.seed), options.seconds, folder, shared)
    (folder / "result.json").write_text(json.dumps(tally.to_json()), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long; 30 by default")
    parser.add_argument("--seed", type=int, default=1, help="decides which faults come when")
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    for hidden in ("--worker", "--folder"):
        parser.add_argument(hidden, default="", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=0, help=argparse.SUPPRESS)
    return parser


def _provenance() -> str:
    return (
        f"*{datetime.now(UTC):%Y-%m-%d}; {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}.*"
    )


def _write(text: str) -> None:
    begin, end = "<!-- soak -->", "<!-- end of soak -->"
    readme = _README.read_text(encoding="utf-8")
    place = re.compile(f"{begin}.*?{end}", re.DOTALL)
    written = place.sub(lambda _: f"{begin}\n{text}\n{end}", readme)
    _README.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
