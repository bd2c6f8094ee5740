"""axe-core in a page: what keeps people from using it."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

VERSION = "4.10.3"
_FOLDER = Path(tempfile.gettempdir()) / f"codex-magic-axe-{VERSION}"
_SCRIPT = "package/axe.min.js"


def script() -> str:
    """Return axe-core, which npm fetches once; it is no part of this repository."""
    kept = _FOLDER / "axe.min.js"
    if not kept.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is missing: it fetches axe-core, which looks at the page.")
        _FOLDER.mkdir(exist_ok=True)
        command = [npm, "pack", "--silent", f"axe-core@{VERSION}"]
        subprocess.run(command, cwd=_FOLDER, check=True, capture_output=True, timeout=120)
        with tarfile.open(_FOLDER / f"axe-core-{VERSION}.tgz") as packed:
            found = packed.extractfile(_SCRIPT)
            assert found is not None
            kept.write_bytes(found.read())
    return kept.read_text(encoding="utf-8")


def serious(page: Page, part: str) -> list[str]:
    """Return the violations in a part of a page that are serious or critical, a line each."""
    page.evaluate(script())
    found: dict[str, Any] = page.evaluate("part => axe.run(part)", part)
    assert found["passes"], "axe looked at nothing"
    return [
        f"{rule['id']}: {rule['help']} {[node['html'][:160] for node in rule['nodes']]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
