"""``python -m tests.licences``: what we depend on, and under which licence, into SECURITY.md."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- licences -->", "<!-- end of licences -->"
EXTRAS = ("schema", "bridge", "notebook", "local", "cost", "keyring")
_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(.+)")
# What these names are for short.
_SHORT = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License (ISCL)": "ISC",
}
# Licences that let anybody use the package as its own licence does.
PERMISSIVE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python|Unlicense|0BSD|CC0|Zlib|HPND|MPL")


def licence_of(name: str) -> str:
    """Return the licence of an installed distribution, as its metadata has it."""
    found = distribution(name)
    licence = _stated(found, "License-Expression") or _classified(found)
    licence = licence or _stated(found, "License").partition("\n")[0].strip()
    return _SHORT.get(licence, licence) or "not stated"


def _stated(found: Distribution, name: str) -> str:
    return "".join((found.metadata.get_all(name) or [""])[:1]).strip()


def _classified(found: Distribution) -> str:
    names = [_CLASSIFIER.match(line) for line in found.metadata.get_all("Classifier") or ()]
    known = [match[1] for match in names if match and match[1] != "OSI Approved"]
    return " or ".join(_SHORT.get(name, name) for name in known)


def dependencies(extra: str = "") -> list[str]:
    """Return what this package, or an extra of it, asks for by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [Requirement(line).name for line in lines]


def closure(names: list[str]) -> list[str]:
    """Return these distributions and all that they need here, sorted; extras are not followed."""
    known: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if _plain(name) in known:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        known[_plain(name)] = found.name
        needed = [Requirement(line) for line in found.requires or ()]
        waiting += [
            one.name for one in needed if not one.marker or one.marker.evaluate({"extra": ""})
        ]
    return sorted(known.values(), key=_plain)


def named_rows() -> list[str]:
    """Return a row for each distribution that is asked for by name."""
    return [
        f"| {f'`[{extra}]`' if extra else 'core'} | {name} | {licence_of(name)} |"
        for extra in ("", *EXTRAS)
        for name in sorted(dependencies(extra), key=_plain)
    ]


def table() -> str:
    """Return the table of SECURITY.md: what is asked for by name, and what that brings along."""
    named = {_plain(name) for extra in ("", *EXTRAS) for name in dependencies(extra)}
    counts: dict[str, list[str]] = {}
    for name in brought_along():
        if _plain(name) not in named:
            counts.setdefault(licence_of(name), []).append(name)
    others = [
        f"| what these need | {', '.join(names)} | {licence} |"
        for licence, names in sorted(counts.items())
    ]
    head = ["| asked for by | distribution | licence |", "| --- | --- | --- |"]
    return "\n".join([*head, *named_rows(), *others])


def brought_along() -> list[str]:
    """Return all that a full installation brings into an environment."""
    return closure([name for extra in ("", *EXTRAS) for name in dependencies(extra)])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def written(text: str) -> str:
    """Return SECURITY.md with the table of now."""
    place = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
    return place.sub(lambda _: f"{BEGIN}\n{table()}\n{END}", text)


if __name__ == "__main__":
    path = ROOT / "SECURITY.md"
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
