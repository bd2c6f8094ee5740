"""``python -m tests.benchmarks [name …] [--rounds N] [--write]``."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from . import (
    bodies,
    calls,
    cells,
    deltas,
    describing,
    first,
    installing,
    latency,
    load,
    memory,
    pages,
    panel,
    peers,
    publishing,
    redaction,
    service,
    storing,
)
from .runner import TARGET, Bench, Table

BENCHMARKS = {
    "load": load,
    "first": first,
    "installing": installing,
    "deltas": deltas,
    "latency": latency,
    "publishing": publishing,
    "pages": pages,
    "panel": panel,
    "cells": cells,
    "requests": bodies,
    "calls": calls,
    "memory": memory,
    "storing": storing,
    "describing": describing,
    "redaction": redaction,
}
_README = Path(__file__).with_name("README.md")
SUMMARY = re.compile("<!-- summary -->.*?<!-- end of summary -->", re.DOTALL)
_TARGETS = re.compile(rf"^\| {TARGET} .*\n\|[-: |]+\n((?:\|.*\n)*)", re.MULTILINE)
_OURS = ("codex-magic", "httpx", "httpx-sse", "ipython", "ipykernel")


def main(arguments: Sequence[str]) -> None:
    """Run the benchmarks that are named, or all, and show or write their tables."""
    options = _parser().parse_args(arguments)
    with service.running() as base_url:
        bench = Bench(base_url, sys.executable, None, options.rounds)
        if not options.no_peers:
            bench = replace(bench, **peers.all_of_them())
        for name in options.names or BENCHMARKS:
            text = section(name, bench)
            print(text, end="\n\n", flush=True)
            if options.write:
                _write(name, text)


def section(name: str, bench: Bench) -> str:
    """Run one benchmark and return its tables, with what they mean and where they are from."""
    benchmark = BENCHMARKS[name]
    title = f"## {name}: {(benchmark.__doc__ or '').strip()[:-1]}"
    tables = [str(table) for table in benchmark.run(bench)]
    return "\n\n".join([title, benchmark.NOTE, *tables, _provenance(bench)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=7, help="how often everything is measured")
    parser.add_argument("--write", action="store_true", help="write the tables into the README")
    parser.add_argument(
        "--no-peers",
        action="store_true",
        help="make no environments: this one, without what we are compared with",
    )
    return parser


def _provenance(bench: Bench) -> str:
    found = peers.versions(bench.python, _OURS)
    if bench.sdk:
        found |= peers.versions(bench.sdk, ["openai"])
    if bench.ai_magics:
        found |= peers.versions(bench.ai_magics, ["jupyter-ai-magics", "langchain-openai"])
    if bench.open_client:
        found |= peers.versions(bench.open_client, ["codex-open-client"])
    listed = ", ".join(f"{name} {version}" for name, version in found.items())
    return (
        f"*{datetime.now(UTC):%Y-%m-%d}, median of {bench.rounds} interleaved rounds; "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}; {listed}.*"
    )


def _write(name: str, text: str) -> None:
    """Put a section in the place of the one that the README has."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    readme = _README.read_text(encoding="utf-8")
    assert place.search(readme), f"README.md has no place for {name}"
    written = place.sub(lambda _: f"{begin}\n{text}\n{end}", readme)
    _README.write_text(SUMMARY.sub(lambda _: summary_of(written), written), encoding="utf-8")


def summary_of(readme: str) -> str:
    """Return the targets of all sections, in one table."""
    rows = [
        [cell.strip() for cell in row.strip("| ").split(" | ")]
        for table in _TARGETS.findall(SUMMARY.sub("", readme))
        for row in table.splitlines()
    ]
    table = Table([TARGET, "measured", "aim", "met?"], rows)
    return f"<!-- summary -->\n{table}\n<!-- end of summary -->"


if __name__ == "__main__":
    main(sys.argv[1:])
